# SPDX-License-Identifier: Apache-2.0
"""The consent report: what it shows and hides, that it is kept and signed, and what a broken gate makes of it."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from audit.clock import DAY, FixedClock
from audit.consent import page, words
from audit.consent.facts import Unfounded
from audit.consent.findings import findings
from audit.consent.page_words import SAID
from audit.consent.report import Head, report, shown
from audit.consent.schema import ConsentReport
from audit.evidence.reading import decode
from audit.ids import SeededIds
from governance import authority, consent
from governance.actor import Actor
from governance.auditing import kept
from governance.auditing.consent_audit import audit, names_of
from governance.auditing.limits import consents
from governance.auditing.telling import lines, written
from governance.consent import ConsentFact
from governance.gate import Gate
from governance.running.run import run_all
from policies.vocabulary import Kind, label
from tests.auditing import Planted, shoppers
from tests.consenting import OFFERS, House, at
from tests.shop import NOW, a_purpose, a_tag
from tests.workshop import OFFICER, code_of

GOLDEN = Path(__file__).parents[2] / "golden" / "audits"
SCHEMA = ConsentReport.model_json_schema()
HEAD = Head("2024-10-04T00:00:00Z", "op:0", "0", None, "0" * 64, 0)
PURPOSES = {OFFERS: a_purpose(OFFERS, name={"en": "Offers & coupons", "zh": "优惠"})}


class Real(Planted):
    """A real workspace of 60 people who all buy; a tag asks all of them for consent."""

    def __init__(self, folder, agreed):
        super().__init__(folder, people=60, ids=SeededIds(5))
        shoppers(self, {"x": 1.0}, ["x"] * len(self.who), folder)
        self.tag(a_tag(basis={"gdpr": "consent"}, value="orders(days => 30) >= 3"))
        with self.store.write() as unit:
            facts = [
                ConsentFact(who, OFFERS, "given", "ordinary", NOW - 9 * DAY, notice="v1")
                for who in self.who[:agreed]
            ]
            consent.record_many(unit, facts, now=NOW - 9 * DAY)

    def audited(self, **more):
        return audit(self.ws, **more)


@pytest.fixture
def shop(tmp_path):
    real = Real(tmp_path, agreed=40)
    yield real
    real.close()


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    """A shop of which reports are made, and nothing else."""
    real = Real(tmp_path_factory.mktemp("story"), agreed=40)
    yield real
    real.close()


@pytest.fixture(scope="module")
def facts():
    house = House()
    found = a_month(house)
    house.close()
    return found


def a_month(house):
    """A month with a bit of everything, and with breaches."""
    people = range(1, 60)
    house.people(
        dict.fromkeys(people, ("gdpr", "18+"))
        | {60: ("ccpa", "18+"), 61: ("pipl_cn", "18+"), 62: ("gdpr", "0-12"), 63: ("gdpr", "13")}
    )
    tv = house.offers(basis={"gdpr": "consent", "ccpa": "notice"})
    for who in range(1, 41):
        house.says(who, ago=25, notice="v1", expires_at=at(2) if who > 38 else None)
    house.says(62, ago=25, notice="v1")
    house.assigned(tv, *range(1, 45), ago=20, run="live")
    for who in range(10, 30):
        house.says(who, "withdrawn", kind="", ago=10, recorded=9)
    house.sql("UPDATE assignment SET valid_to = ? WHERE subject_id = 12", at(6))
    house.chooses(30, "object", OFFERS, ago=5)
    house.chooses(31, "depersonalise", ago=5)
    house.chooses(60, "opt-out", ago=5, source="gpc")
    return replace(house.audit(), packs={"gdpr": "1"})  # so that pages outlast the packs


def document(facts, **policy):
    limits = consents(None)
    return report(HEAD, facts, limits.model_copy(update=policy), names_of(facts, PURPOSES))


def numbers(part):
    """Every number in a part of a document."""
    if isinstance(part, dict):
        return [n for value in part.values() for n in numbers(value)]
    if isinstance(part, list):
        return [n for value in part for n in numbers(value)]
    return [part] if isinstance(part, int) and not isinstance(part, bool) else []


def test_the_document_has_the_published_shape(facts):
    made = document(facts)
    jsonschema.validate(made, SCHEMA)
    assert made["verdict"]["status"] == "breach"
    assert {one["code"] for one in made["findings"]} >= {
        "computed-without-basis",
        "stop-late",
        "purpose-barred",
        "consent-missing",
        "consent-expired",
        "guardian-missing",
        "rows-waiting",
    }


def test_breaches_come_first_and_each_finding_says_what_to_type(facts):
    made = document(facts)["findings"]
    severities = [one["severity"] for one in made]
    assert severities == sorted(severities, key=("breach", "attention", "note").index)
    assert all(
        one["command"].startswith("tagwarden ") for one in made if one["code"][:7] != "earlier"
    )


def test_no_small_number_of_people_is_told_but_breaches_are(facts):
    made = document(facts)
    for part in ("coverage", "stale", "minors", "signals", "ages"):
        told = json.loads(json.dumps(made[part]))
        for line in told if isinstance(told, list) else [told]:
            line.pop("tags", None)
        assert [n for n in numbers(told) if n % 10] == [], part
    assert made["coverage"][-1]["people"] is None
    (unfounded,) = [one for one in made["findings"] if one["code"] == "computed-without-basis"]
    assert unfounded["count"] == 4


@pytest.mark.parametrize(("count", "told"), [(0, 0), (1, None), (9, None), (10, 10), (19, 10)])
def test_people_are_rounded_down(count, told):
    assert shown(count, 10) == told


def test_a_report_that_stays_in_the_house_is_exact(facts):
    limits = consents(None)
    made = document(facts, release=limits.release.model_copy(update={"k": 1}))
    assert made["coverage"][-1]["people"] == 1
    assert "exact" in words.protected(made, "en")


def test_every_code_has_words_in_both_languages(facts):
    codes = {one.code for one in findings(facts)}
    assert codes <= set(words.FINDINGS)
    for known in (words.FINDINGS, words.LIMITS, words.STATUS, words.VERDICT, SAID):
        for text in known.values():
            assert text.en
            assert any("\u4e00" <= sign <= "\u9fff" for sign in text.zh)
            fields = {part.split("}")[0] for part in text.en.split("{")[1:]}
            assert fields == {part.split("}")[0] for part in text.zh.split("{")[1:]}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_lines_of_one_purpose_and_law_say_which_consent_or_basis_is_meant(facts, language):
    one = facts.coverage[0]
    several = replace(one, needs=("ordinary", "explicit", "separate"), barred_by="")
    other = replace(one, needs=(), bases=("legitimate_interest",), barred_by="")
    made = document(replace(facts, coverage=(several, other)))
    said = words.sentences(made, language)[-3:-1]
    told = page.page(made, language)
    between, none = {"en": (", ", "no consent"), "zh": ("、", "无需同意")}[language]
    kinds = [label("consent", kind, language) for kind in several.needs]
    assert between.join(kinds) in said[0]
    assert none in said[1]
    assert label("basis", "legitimate_interest", language) in said[1]
    (bars, *_) = told.split("</svg>")
    law = words.name(made, "regime", one.regime, language)
    assert bars.count(f">{law}</text>") == 2  # at each bar, in words
    assert bars.count(f">{none}") == 1
    assert "…" not in bars  # no label is cut


def test_kinds_of_consent_are_listed_the_plain_one_first(facts):
    order = [str(kind) for kind in Kind]
    needs = [one.needs for one in facts.coverage]
    assert max(map(len, needs)) == 3
    assert all(list(found) == sorted(found, key=order.index) for found in needs)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_reads_as_it_did(facts, language, request):
    text = page.page(document(facts), language)
    golden = GOLDEN / f"consent.{language}.html"
    if request.config.getoption("--update-golden"):
        golden.write_text(text, "utf-8")
    assert text == golden.read_text("utf-8")


def test_the_page_needs_nothing_from_outside_and_breaks_at_no_name(facts):
    made = document(facts)
    made["findings"][0]["about"]["tag"] = "<b>&"
    text = page.page(made, "en")
    assert "default-src 'none'" in text
    assert "<script" not in text
    assert "http" not in text.replace("http-equiv", "")
    assert "<b>&" not in text
    assert "Offers &amp; coupons" in text
    assert text.count("<svg") == 2


def test_a_sound_shop_ends_with_a_clear_report(shop):
    run_all(shop.ws)
    made = shop.audited()
    assert made.status == "clear", list(lines(made, "en"))
    assert made.document["verdict"]["assignments"] == 40
    jsonschema.validate(json.loads(made.bytes), SCHEMA)


def test_a_gate_that_skips_the_consents_turns_the_report_red(shop, monkeypatch):
    """The gate lets everybody through: its own counts say nothing of it, the audit does."""
    monkeypatch.setattr(Gate, "_given", lambda self, _key, _kinds: self.everyone)
    run_all(shop.ws)
    made = shop.audited()
    assert made.status == "breach"
    (one,) = [f for f in made.document["findings"] if f["severity"] == "breach"]
    assert (one["code"], one["count"]) == ("computed-without-basis", 20)


def test_a_gate_that_forgets_to_end_tags_turns_the_report_red(shop, monkeypatch):
    """Somebody withdraws, and nothing is ended: neither the commands nor the gate would say so."""
    run_all(shop.ws)
    monkeypatch.setattr(consent, "close_unpermitted", lambda *_: 0)
    shop.ws.clock = FixedClock(NOW + DAY)
    with shop.store.write() as unit:
        fact = ConsentFact(shop.who[0], OFFERS, "withdrawn", "", NOW + DAY)
        consent.record(unit, fact, now=NOW + DAY)
    made = shop.audited()
    assert [f["code"] for f in made.document["findings"] if f["severity"] == "breach"] == [
        "stop-standing"
    ]


def test_the_report_is_kept_and_its_digest_is_in_the_log(story):
    first, second = story.audited(), story.audited()
    assert second.document["identity"]["previous"] == first.digest
    entry = decode(list(story.ws.evidence.entries())[-1])
    assert (entry.act, entry.facts["breaches"], entry.facts["verdict"]) == (
        "audit.consent",
        0,
        second.status,
    )
    digest = hashlib.sha256(written([second], ".json", "en")).hexdigest()
    assert digest == entry.facts["sha256"] == second.digest
    assert kept.given(story.ws, "consent") == second
    assert {one.kind for one in kept.reports(story.ws)} == {"consent"}


def test_the_exact_facts_are_sealed_and_their_digest_confirms_no_guess(story):
    made = story.audited()
    with story.store.read() as connection:
        row = connection.exec_driver_sql(
            "SELECT name, counts FROM auditreport WHERE name = ?", (made.name,)
        ).one()
    plain = story.ws.keys.ring.open_counts(row.name, row.counts)
    assert json.loads(plain)["people"] == 60
    assert b"people" not in row.counts
    assert made.document["identity"]["facts"] != hashlib.sha256(plain).hexdigest()


def test_periods_that_cannot_be_are_refused(story):
    assert code_of(lambda: story.audited(end=NOW + DAY)) == "time-to-come"
    assert code_of(lambda: story.audited(start=NOW, end=NOW - DAY)) == "bad-period"
    assert story.audited(end=NOW - DAY).document["identity"]["since"].startswith("2024-09-03")


def test_an_auditor_audits_and_a_clerk_does_not(story):
    authority.add(story.ws, "ann", ["auditor"])
    authority.add(story.ws, "carl", ["dsr"])
    story.ws.actor = Actor("ann")
    story.audited()
    story.ws.actor = Actor("carl")
    assert code_of(story.audited) == "not-permitted"
    story.ws.actor = OFFICER


def test_the_same_world_gives_the_same_bytes(facts):
    house = House()
    assert document(a_month(house)) == document(facts)
    house.close()


@pytest.mark.parametrize(
    ("language", "word"), [("en", "nothing on record permitted it"), ("zh", "在无记录依据的情况下")]
)
def test_the_lines_say_what_was_found(facts, language, word):
    found = words.sentences(document(facts), language)
    assert any(word in line for line in found)
    assert Unfounded("interest.flowers", 1, "computed", "no-consent", 4) in facts.unfounded
