# SPDX-License-Identifier: Apache-2.0
"""Audits for bias on a planted shop: who is counted, what is opened, what is said, what is kept."""

import hashlib
import json
from itertools import combinations
from pathlib import Path

import jsonschema
import pytest

from audit import canon
from audit.bias import page, schema, words
from audit.bias.leak_report import LeakReport
from audit.bias.report import examine
from audit.clock import DAY, parse_time
from audit.errors import Refused, Unsafe
from audit.evidence.reading import decode
from audit.ids import SeededIds
from governance import authority
from governance.actor import Actor
from governance.assignments import holders
from governance.auditing import kept, limits, side
from governance.auditing.examining import Asked, without_causes
from governance.auditing.leaking import leak
from governance.auditing.telling import lines, written
from governance.catalogue import active, meaning
from governance.changing import applying, comparing, review, telling
from governance.intake import events
from governance.running.run import run_all
from governance.store import bitmaps
from governance.vault.ring import Ring
from tagging.catalogue import Definition
from tagging.document import full_digest
from tests.auditing import AGES, Planted, groups, shoppers
from tests.intake import a_map, an_order_file
from tests.shop import NOW, a_purpose, a_tag
from tests.workshop import OFFICER, as_reviewer, code_of

GOLDEN = Path(__file__).parents[2] / "golden" / "audits"
EVEN = {"f": 0.3, "m": 0.3, None: 0.3}
SKEWED = {"f": 0.1, "m": 0.3, None: 0.2}


@pytest.fixture
def shop(tmp_path):
    planted = Planted(tmp_path, ids=SeededIds(5))
    yield planted
    planted.close()


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    """A shop that no test changes: one tag favours men, one nobody, one has too few people.

    Audits of it stand beside those of other tests: what is printed of them is not for equality.
    """
    yield from told(tmp_path_factory.mktemp("story"))


@pytest.fixture
def fresh(tmp_path):
    """The same shop, never audited."""
    yield from told(tmp_path)


def told(folder):
    planted = Planted(folder, ids=SeededIds(5))
    said = planted.genders(unknown=0.1)
    planted.has("age", [AGES[n % 6] for n in range(len(planted.who))])
    planted.tagged("offer.gold", SKEWED, said)
    planted.tagged("offer.even", EVEN, said)
    planted.tagged("offer.rare", dict.fromkeys(SKEWED, 0.01), said)
    yield planted
    planted.close()


def entries(ws):
    return [decode(raw) for raw in ws.evidence.entries()]


def test_a_tag_that_favours_one_group_is_a_breach(story):
    (made,) = story.audit("offer.gold")
    assert made.status == "breach"
    found = groups(made)
    assert found["f"]["status"] == "breach"
    assert float(found["f"]["ratio_rest"]["value"]) < 0.5
    jsonschema.validate(json.loads(made.bytes), schema.schema())


def test_a_fair_tag_is_shown_within_and_a_rare_one_is_not_called_fair(story):
    even, rare = story.audit("offer.even", "offer.rare")
    assert even.status == "within"
    assert rare.status == "insufficient"
    assert rare.document["verdict"]["reason"] in ("too-few-tagged", "too-close")


def test_the_same_tag_as_a_burden_harms_the_other_group(shop):
    said = shop.genders()
    shop.tagged("risk.late", SKEWED, said, having="burden")
    (made,) = shop.audit("risk.late")
    assert [groups(made)[g]["status"] for g in "fm"] == ["within", "breach"]


def test_the_counts_are_those_of_the_people(shop):
    said = shop.genders(unknown=0.1)
    held = set(shop.tagged("offer.gold", SKEWED, said))
    (made,) = shop.audit("offer.gold")
    found = groups(made)
    for value in ("f", "m"):
        people = {who for who, v in zip(shop.who, said, strict=True) if v == value}
        assert (found[value]["people"], found[value]["tagged"]) == (len(people), len(people & held))
    assert made.document["verdict"]["people"] == len(shop.who)


def test_restricted_people_are_neither_counted_nor_opened(shop):
    said = shop.genders()
    held = shop.tagged("offer.gold", SKEWED, said)
    shop.chose("restricted", shop.who[:40])
    (made,) = shop.audit("offer.gold")
    assert made.document["verdict"]["people"] == len(shop.who) - 40
    held_too = sum(group["tagged"] for group in groups(made).values())
    assert held_too == len(set(held) - set(shop.who[:40]))
    assert made.document["left_out"][0] == {"reason": "restricted", "people": 40}


def test_who_objects_to_the_purpose_of_audits_is_counted_as_unknown(shop):
    said = shop.genders()
    shop.tagged("offer.gold", SKEWED, said)
    shop.chose("object:analytics", shop.who[:200])
    (made,) = shop.audit("offer.gold")
    unknown = made.document["comparisons"][0]["unknown"]
    assert unknown["people"] == 200
    assert made.document["verdict"]["people"] == len(shop.who)
    assert made.document["sources"][0]["closed"] == 200


def test_a_sensitive_attribute_stays_sealed_where_the_law_asks_for_consent(shop):
    said = shop.genders()
    shop.tagged("offer.gold", SKEWED, said)
    shop.has("diet", ["vegan"] * len(shop.who), class_id=2)
    (made,) = shop.audit("offer.gold", by=("diet",))
    assert made.document["verdict"]["reason"] == "all-unknown"
    assert made.document["sources"][0]["closed"] == len(shop.who)


def test_what_is_opened_is_on_record_before_with_its_reason(shop):
    said = shop.genders()
    shop.tagged("offer.gold", SKEWED, said)
    shop.audit("offer.gold", why="complaint")
    acts = entries(shop.ws)[-2:]
    assert [entry.act for entry in acts] == ["attribute.opened", "audit.bias"]
    said_then = {key: acts[0].facts[key] for key in ("attribute", "purpose", "why")}
    assert said_then == {
        "attribute": "gender",
        "purpose": "analytics",
        "why": "complaint",
    }


def test_the_entry_has_the_digest_that_anybody_can_compute(shop):
    said = shop.genders()
    shop.tagged("offer.gold", SKEWED, said)
    (made,) = shop.audit("offer.gold")
    digest = hashlib.sha256(written([made], ".json", "en")).hexdigest()
    assert digest == entries(shop.ws)[-1].facts["sha256"] == made.digest


def test_an_audit_that_fails_keeps_no_report(shop):
    shop.genders()
    shop.has("city", [f"town {n}" for n in range(len(shop.who))])
    shop.tagged("offer.gold", SKEWED, [None] * len(shop.who))
    assert code_of(lambda: shop.audit("offer.gold", by=("city",))) == "attribute-too-fine"
    assert kept.reports(shop.ws) == []


def test_values_that_few_people_have_are_not_named(shop):
    towns = ["Bonn"] * 600 + ["Köln"] * 594 + [f"hamlet {n}" for n in range(6)]
    shop.has("city", towns)
    shop.tagged("offer.gold", dict.fromkeys(towns, 0.2), towns)
    (made,) = shop.audit("offer.gold", by=("city",))
    assert "hamlet" not in made.bytes.decode()


def test_no_small_number_leaves(story):
    (made,) = story.audit("offer.rare", by=("gender", "age"))
    for part in made.document["comparisons"]:
        for group in [*part["groups"], *([part["unknown"]] if part["unknown"] else [])]:
            for number in ("people", "tagged"):
                assert group.get(number) is None or not 0 < group[number] < 10
    assert float(made.document["protection"]["narrowest"]) >= 10


def test_one_newcomer_cannot_be_told_from_two_reports(shop):
    said = shop.genders()
    shop.tagged("offer.gold", SKEWED, said)
    (first,) = shop.audit("offer.gold")
    shop.chose("restricted", shop.who[:1])
    (second,) = shop.audit("offer.gold")
    assert second.document["identity"]["previous"] == first.digest
    before, after = groups(first), groups(second)
    for value in ("f", "m"):
        for number in ("people", "tagged"):
            old, new = before[value].get(number), after[value].get(number)
            assert old is None or new is None or old == new or abs(old - new) >= 10


def sizes(*made):
    """What reports tell of how many people are in which group: (report, group, people)."""
    return [
        {name: group["people"] for name, group in groups(one).items() if not group["hidden"]}
        for one in made
    ]


def apart(first, second):
    """By how many people two reports say that groups differ, where that is less than k."""
    steps = [abs(first[name] - second[name]) for name in first.keys() & second.keys()]
    return [step for step in steps if 0 < step < 10]


@pytest.mark.parametrize("at_once", [True, False])
def test_who_objects_to_the_purpose_of_one_tag_has_no_gender_by_the_report_on_another(
    shop, at_once, monkeypatch
):
    """The shop knows who objected; two sizes of a group would say which group that person is in."""
    said = shop.genders()
    shop.purposes(a_purpose("first_party_personalised_marketing"))
    shop.tagged("offer.gold", SKEWED, said)
    shop.tagged("offer.ads", EVEN, said, purposes=["first_party_personalised_marketing"])
    shop.chose("object:first_party_personalised_marketing", shop.who[:1])

    def both():
        if at_once:
            return shop.audit("offer.gold", "offer.ads")
        return [*shop.audit("offer.gold"), *shop.audit("offer.ads")]

    assert apart(*sizes(*both())) == []
    monkeypatch.setattr(side, "told_of_people", lambda *_: None)  # not laid side by side
    monkeypatch.setattr(side, "examine", lambda *given: examine(*given[:4]))
    assert apart(*sizes(*both())) == [1]


def test_who_left_between_reports_by_other_attributes_is_not_named(shop):
    said = shop.genders()
    shop.has("age", [AGES[n % 6] for n in range(len(shop.who))])
    shop.tagged("offer.gold", EVEN, said)
    first, *others = (("gender",), ("gender", "age"), ("age", "gender"), ("gender",))
    made = shop.audit("offer.gold", by=first)
    shop.chose("restricted", shop.who[:1])
    for by in others:
        made += shop.audit("offer.gold", by=by)
        assert made[-1].document["protection"]["shown"] > 0
    assert [apart(one, other) for one, other in combinations(sizes(*made), 2)] == [[]] * 6


def test_a_report_whose_counts_are_of_another_form_stops_the_next_one(shop, monkeypatch):
    said = shop.genders()
    shop.tagged("offer.gold", SKEWED, said)
    (made,) = shop.audit("offer.gold")
    with shop.read() as connection:
        sealed = connection.exec_driver_sql("SELECT counts FROM auditreport").scalar()
    counts = json.loads(shop.ws.keys.ring.open_counts(made.name, sealed))
    for form in (
        {"cube": counts["cube"], "merged": {}},  # without what was shown
        counts | {"shown": [["people", "gender"]]},
        counts | {"cube": {}},
        [],
    ):
        was = canon.canonical(form)
        monkeypatch.setattr(Ring, "open_counts", lambda *_, was=was: was)
        with pytest.raises(Refused) as caught:
            shop.audit("offer.gold")
        assert caught.value.code == "report-unreadable"
        assert made.name in caught.value.message
        assert made.document["identity"]["program"] in caught.value.hint
    assert len(kept.reports(shop.ws)) == 1


def test_a_value_that_was_named_keeps_its_row_and_the_figures_shown_last(shop):
    """Put into `other` when few are left, its people could be told from the two reports."""
    towns = ["Bonn"] * 600 + ["Köln"] * 560 + ["Trier"] * 40
    shop.has("city", towns)
    shop.tagged("offer.gold", {"Bonn": 0.5, "Köln": 0.5, "Trier": 0.5}, towns)
    (first,) = shop.audit("offer.gold", by=("city",))
    shop.chose("restricted", shop.who[1165:])
    (second,) = shop.audit("offer.gold", by=("city",))
    (third,) = shop.audit("offer.gold", by=("city",))
    before, after = groups(first, "city"), groups(second, "city")
    assert before["Trier"]["people"] == 40
    assert list(after) == list(before)
    assert after["Trier"]["hidden"]
    assert {name: after["Trier"]["last"][name] for name in ("people", "tagged", "at")} == {
        "people": 40,
        "tagged": before["Trier"]["tagged"],
        "at": first.document["identity"]["until"],
    }
    assert groups(third, "city")["Trier"]["last"] == after["Trier"]["last"]


def test_the_digest_of_the_counts_confirms_no_guess(shop):
    """The digest of counts in a report is keyed: else hidden numbers could be tried out."""
    said = shop.genders()
    shop.tagged("offer.gold", SKEWED, said)
    (made,) = shop.audit("offer.gold")
    with shop.store.read() as connection:
        row = connection.exec_driver_sql("SELECT name, counts FROM auditreport").one()
    plain = shop.ws.keys.ring.open_counts(row.name, row.counts)
    cube = json.loads(plain)["cube"]
    assert (
        made.document["identity"]["counts"]
        != hashlib.sha256(
            json.dumps(cube, sort_keys=True, separators=(",", ":")).encode()
        ).hexdigest()
    )
    assert b"gender" not in row.counts
    assert (
        code_of(lambda: shop.ws.keys.ring.open_counts("audit-0", row.counts)) == "unsealing-failed"
    )


def test_an_outcome_gives_the_rate_among_those_who_had_it(shop, tmp_path):
    said = shop.genders()
    used = set(shop.tagged("coupon.used", EVEN, said))
    held = set(shop.tagged("offer.gold", SKEWED, said))
    assert code_of(lambda: shop.audit("offer.gold", outcome="coupon.used")) == "no-outcome-rate"
    starter = Path(page.__file__).parent / "starter_policy.yaml"
    policy = tmp_path / "fairness.yaml"
    policy.write_text(
        starter.read_text("utf-8").replace("[selection]", "[selection, tpr]"), "utf-8"
    )
    (made,) = shop.audit("offer.gold", outcome="coupon.used", policy=policy)
    assert {part["rate"] for part in made.document["comparisons"]} == {"selection", "tpr"}
    assert "selective-labels" in made.document["limits"]
    (part,) = [one for one in made.document["comparisons"] if one["rate"] == "tpr"]
    women = {who for who, value in zip(shop.who, said, strict=True) if value == "f"}
    found = next(group for group in part["groups"] if group["labels"] == ["f"])
    assert (found["people"], found["tagged"]) == (len(women & used), len(women & used & held))


@pytest.fixture(scope="module")
def consequences(tmp_path_factory):
    """Everybody bought on the day before the tags are looked at; the day after, about every second."""
    folder = tmp_path_factory.mktemp("consequences")
    planted = Planted(folder, people=600, ids=SeededIds(5))
    said = planted.genders()
    held = set(planted.tagged("offer.gold", SKEWED, said))
    lines_ = [f"C{n},2024-10-02 10:00:00,{n}-a,milk,1,2.00" for n in range(600)]
    later = [n for n in range(600) if planted.rng.random() < 0.5]
    lines_ += [f"C{n},2024-10-03 10:00:00,{n}-b,milk,1,2.00" for n in later]
    events.ingest(planted.ws, [an_order_file(folder, *lines_)], a_map())
    starter = Path(page.__file__).parent / "starter_policy.yaml"
    policy = folder / "fairness.yaml"
    text = starter.read_text("utf-8").replace("[selection]", "[selection, tpr, fpr, precision]")
    policy.write_text(text, "utf-8")
    yield planted, policy, said, held, {planted.who[n] for n in later}
    planted.close()


def test_an_outcome_is_a_rule_over_the_time_after_the_tags_were_looked_at(consequences):
    shop, policy, said, held, later = consequences
    rule = "orders(days => 1) >= 1"
    (made,) = shop.audit("offer.gold", outcome=rule, at=NOW - DAY, policy=policy)
    women = {who for who, value in zip(shop.who, said, strict=True) if value == "f"}
    found = {}
    for part in made.document["comparisons"]:
        group = next(one for one in part["groups"] if one["labels"] == ["f"])
        found[part["rate"]] = (group["tagged"], group["people"])
    assert found == {
        "selection": (len(women & held), len(women)),
        "tpr": (len(women & later & held), len(women & later)),
        "fpr": (len((women & held) - later), len(women - later)),
        "precision": (len(women & later & held), len(women & held)),
    }
    assert made.document["identity"]["outcome"] == rule
    assert f"The outcome is: {rule}." in [*lines(made, "en")]
    assert rule.replace(">", "&gt;") in page.page([made.document], "en")
    asked = {"at": NOW - DAY, "policy": policy}
    (other,) = shop.audit("offer.gold", outcome="orders(days => 1) >= 2", **asked)
    assert other.document["identity"]["previous"] is None  # of another outcome: other numbers
    (again,) = shop.audit("offer.gold", outcome=rule, **asked)
    assert again.document["identity"]["previous"] == made.digest


@pytest.mark.parametrize(
    ("rule", "at", "code"),
    [
        ("orders(days => 1) >= 1", None, "outcome-to-come"),
        ("orders(days => 2) >= 1", NOW - DAY, "outcome-to-come"),
        ("orders() >= 1", NOW - DAY, "bad-outcome"),
        ("recency() < 1", NOW - DAY, "bad-outcome"),
        ("orders(days => 1) >= 1 and spend(days => 2) >= 1", NOW - DAY, "bad-outcome"),
        ("orders(days => 1, days_ago => 1) >= 1", NOW - DAY, "bad-outcome"),
        ("orders(days => 1)", NOW - DAY, "bad-outcome"),
        ("attribute('gender') = 'f' and orders(days => 1) > 0", NOW - DAY, "bad-outcome"),
        ("nonsense(", NOW - DAY, "bad-outcome"),
        ("offer.nothing", NOW - DAY, "unknown-tag"),
    ],
)
def test_an_outcome_that_is_none_is_refused(consequences, rule, at, code):
    shop, policy, *_ = consequences
    assert code_of(lambda: shop.audit("offer.gold", outcome=rule, at=at, policy=policy)) == code


def test_past_and_present_count_the_same_when_nothing_moved(story):
    with story.store.read() as connection:
        for tag in active(connection).values():
            now = holders(connection, tag, NOW, present=True)
            assert holders(connection, tag, NOW, present=False) == now
            assert sum(map(len, now.values())) > 0
    assert (
        story.audit("offer.gold", at=NOW - 2 * DAY)[0].document["verdict"]["reason"]
        == "nobody-tagged"
    )


def test_questions_that_cannot_be_answered_are_refused(story):
    tag = "offer.gold"
    assert code_of(lambda: story.audit(tag, by=("height",))) == "unknown-attribute"
    assert code_of(lambda: story.audit("offer.golden")) == "unknown-tag"
    assert code_of(lambda: story.audit(tag, tag)) == "audit-question"
    assert code_of(lambda: story.audit(tag, why="curiosity")) == "audit-question"
    assert code_of(lambda: story.audit(tag, at=NOW + DAY)) == "time-to-come"


def test_a_tag_without_direction_or_never_computed_is_refused(shop):
    said = shop.genders()
    shop.tagged("offer.plain", EVEN, said, having=None)
    assert code_of(lambda: shop.audit("offer.plain")) == "direction-missing"
    assert (
        shop.audit("offer.plain", having="burden")[0].document["comparisons"][0]["benefit"] is False
    )
    with shop.store.write() as unit:
        unit.connection.exec_driver_sql("UPDATE definition SET evaluated_at = NULL")
    assert code_of(lambda: shop.audit("offer.plain", having="burden")) == "tag-not-computed"


def test_an_auditor_audits_and_reads_and_a_clerk_does_not(shop):
    said = shop.genders()
    shop.tagged("offer.gold", SKEWED, said)
    authority.add(shop.ws, "ann", ["auditor"])
    authority.add(shop.ws, "carl", ["dsr"])
    shop.ws.actor = Actor("ann")
    (made,) = shop.audit("offer.gold")
    shop.ws.actor = Actor("carl")
    assert code_of(lambda: shop.audit("offer.gold")) == "not-permitted"
    assert code_of(lambda: kept.given(shop.ws, made.name)) == "not-permitted"
    shop.ws.actor = OFFICER
    assert kept.given(shop.ws, "offer.gold") == made


def test_reports_are_never_changed(shop):
    said = shop.genders()
    shop.tagged("offer.gold", SKEWED, said)
    shop.audit("offer.gold")
    with pytest.raises(Exception, match="append-only"), shop.store.write() as unit:
        unit.connection.exec_driver_sql("UPDATE auditreport SET status = 'within'")


def test_the_same_people_policy_and_time_give_the_same_bytes(tmp_path):
    made = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        planted = Planted(tmp_path / name, ids=SeededIds(5))
        said = planted.genders()
        planted.tagged("offer.gold", SKEWED, said)
        document = dict(planted.audit("offer.gold")[0].document)
        document["identity"] = {**document["identity"], "counts": ""}  # keyed by each ring
        made.append(document)
        planted.close()
    assert made[0] == made[1]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_reads_as_it_did(fresh, language, request):
    """One report with a breach, one by two attributes with hidden groups."""
    documents = []
    for tag, by in (("offer.gold", ("gender",)), ("offer.rare", ("gender", "age"))):
        (made,) = fresh.audit(tag, by=by)
        document = json.loads(made.bytes)
        document["identity"] |= {"counts": "0" * 64, "previous": None}
        documents.append(document)
    text = page.page(documents, language)
    golden = GOLDEN / f"page.{language}.html"
    if request.config.getoption("--update-golden"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(text, "utf-8")
    assert text == golden.read_text("utf-8")


def test_a_report_calls_attributes_purposes_and_law_by_their_names(story):
    document = json.loads(story.audit("offer.gold")[0].bytes)
    assert document["names"]["attribute"]["gender"] == {"en": "gender", "zh": "性别"}
    text = page.page([document], "zh")
    assert "按性别：" in text
    assert "正当利益" in text
    assert "legitimate_interest" not in text
    assert "按性别，" in "".join(words.sentences(document, "zh"))


def test_a_report_that_was_made_before_names_were_kept_shows_its_codes(story):
    document = json.loads(story.audit("offer.gold")[0].bytes)
    del document["names"]
    jsonschema.validate(document, schema.schema())
    text = page.page([document], "zh")
    assert "按gender：" in text
    assert "gdpr legitimate_interest" in text


def test_the_page_needs_nothing_from_outside_and_runs_nothing(story):
    text = page.page([story.audit("offer.gold")[0].document], "en")
    assert "default-src 'none'" in text
    assert "<script" not in text
    assert "http" not in text.replace("http-equiv", "")
    assert text.count("<svg") == 1


def test_lines_say_the_verdict_and_the_digest(story):
    (made,) = story.audit("offer.gold")
    found = list(lines(made, "en"))
    assert "beyond the limit" in found[0]
    assert made.digest in found[-1]


def test_names_in_a_document_cannot_break_the_page(story):
    document = json.loads(story.audit("offer.gold")[0].bytes)
    document["comparisons"][0]["groups"][0]["labels"] = ["<b>&"]
    text = page.page([document], "en")
    assert "<b>&" not in text
    assert "&lt;b&gt;&amp;" in text


def test_a_tag_that_tells_the_attribute_is_a_leak_and_a_fair_one_is_not(story):
    made = leak(story.ws, "gender", ["offer.even"])
    assert made.status != "breach"
    made = leak(story.ws, "gender")
    assert made.status == "breach"
    over = {one["tag"] for one in made.document["tags"] if one["over"]}
    assert over == {"offer.gold"}
    jsonschema.validate(json.loads(made.bytes), LeakReport.model_json_schema())


def test_two_tags_that_tell_only_together_are_found(shop):
    said = shop.genders()
    coin = shop.rng.random(len(shop.who)) < 0.5
    both = list(zip(shop.who, said, coin.tolist(), strict=True))
    shop.tag(a_tag("odd.one"), [who for who, _, c in both if c])
    shop.tag(a_tag("odd.two"), [who for who, g, c in both if c == (g == "f")])
    made = leak(shop.ws, "gender")
    assert not any(one["over"] for one in made.document["tags"])
    (pair,) = made.document["pairs"]
    assert {pair["first"], pair["second"]} == {"odd.one", "odd.two"}
    assert max(float(one["auc"]) for one in made.document["sets"]) > 0.95


def test_bits_of_counts_under_k_are_not_told(story):
    made = leak(story.ws, "gender", ["offer.rare"])
    (one,) = made.document["tags"]
    assert one["bits"] is None
    (made,) = story.audit("offer.rare")
    assert made.document["leaks"][0]["bits"] is None


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_leak_is_told_in_both_languages(story, language):
    made = leak(story.ws, "gender")
    found = list(lines(made, language))
    assert any("offer.gold" in line for line in found)
    assert "default-src 'none'" in written([made], ".html", language).decode()


def test_causes_and_what_if_come_from_the_rule(shop, tmp_path):
    said = shop.genders()
    often = shoppers(shop, {"f": 0.2, "m": 0.5}, said, tmp_path)
    rule = "orders(days => 30) >= 3 and orders(days => 365) >= 1"
    shop.tag(a_tag("habit.often", value=rule, having="benefit"), often)
    (made,) = shop.audit("habit.often", causes=True)
    causes = {cause["group"][0]: cause for cause in made.document["causes"]}
    found = groups(made)["f"]
    assert abs(float(causes["f"]["gap"]) - float(found["difference"]["value"])) < 1e-4
    first, second = (float(x) for x in causes["f"]["share"])
    assert abs(first - float(causes["f"]["gap"])) < 1e-4
    assert second == 0
    text = page.page([made.document], "en")
    assert "Which condition of the rule carries the gap" in text


def test_another_threshold_is_counted_exactly(shop, tmp_path):
    said = shop.genders()
    often = shoppers(shop, {"f": 0.2, "m": 0.5}, said, tmp_path)
    shop.tag(a_tag("habit.often", value="orders(days => 30) >= 3", having="benefit"), often)
    (made,) = shop.audit("habit.often", causes=True)
    points = {point["thresholds"][0]: point for point in made.document["outlook"]}
    assert points[3]["reach"] == len(often) // 10 * 10
    assert points[1]["reach"] == len(shop.who) // 10 * 10
    assert float(points[1]["gap"]) == 0
    rates = [float(groups(made)[value]["rate"]["value"]) for value in "fm"]
    assert float(points[3]["gap"]) == pytest.approx(abs(rates[0] - rates[1]), abs=2 * 5 / 600)
    assert {point["use"] for point in made.document["outlook"]} == {"possible"}


def test_the_gap_of_a_threshold_does_not_tell_the_rates_that_a_report_hides(shop, tmp_path):
    """One left since the last report: both groups are hidden, their sum is not, and the gap would tell them."""
    said = shop.genders()
    often = shoppers(shop, {"f": 0.2, "m": 0.5}, said, tmp_path)
    shop.tag(a_tag("habit.often", value="orders(days => 30) >= 3", having="benefit"), often)
    shop.audit("habit.often")  # without: what was told of thresholds would not be told anew
    shop.chose("restricted", often[:1])
    (made,) = shop.audit("habit.often", causes=True)
    (gone,) = [name for name, group in groups(made).items() if group["hidden"]]
    (other,) = [group for name, group in groups(made).items() if name != gone]
    own = [who for who, v in zip(shop.who, said, strict=True) if v == gone and who != often[0]]
    truth = len(set(own) & set(often))

    def fits(gap):
        """How many of the hidden group could have it, for whoever knows its size."""
        rates = [abs(n / len(own) - other["tagged"] / other["people"]) for n in range(len(own) + 1)]
        return [n for n, rate in enumerate(rates) if abs(rate - gap) <= 5e-5]

    exact = abs(truth / len(own) - other["tagged"] / other["people"])
    assert truth in fits(exact)
    assert len(fits(exact)) <= 2
    (gap,) = [float(p["gap"]) for p in made.document["outlook"] if p["thresholds"][0] == 3]
    assert truth not in fits(gap)


def ordered_more(shop, folder, places):
    """Let people who had one order come to three, and nothing else change."""
    lines = [
        f"C{n},2024-09-{25 + order} 11:00:00,{n}-more{order},milk,1,2.00"
        for n in places
        for order in (0, 1)
    ]
    folder.mkdir()
    events.ingest(shop.ws, [an_order_file(folder, *lines)], a_map())


def test_causes_and_what_if_do_not_tell_who_moved_between_two_reports(shop, tmp_path):
    """One person came to meet a condition: every number of the report is as before, its causes are not."""
    said = shop.genders()
    often = set(shoppers(shop, {"f": 0.2, "m": 0.5}, said, tmp_path))
    shop.tag(a_tag("habit.often", value="orders(days => 30) >= 3", having="benefit"), often)
    first, again = (shop.audit("habit.often", causes=True)[0] for _ in range(2))
    parts = ("comparisons", "causes", "outlook")
    assert [first.document[part] == again.document[part] for part in parts] == [True] * 3
    assert first.document["causes"]
    ones = [n for n, who in enumerate(shop.who) if said[n] == "f" and who not in often]
    ordered_more(shop, tmp_path / "one", ones[:1])
    (second,) = shop.audit("habit.often", causes=True)
    assert [groups(second)[v]["people"] for v in "fm"] == [groups(first)[v]["people"] for v in "fm"]
    assert second.document["causes"] == []
    told = {point["thresholds"][0] for point in second.document["outlook"]}
    assert (1 in told, 3 in told) == (True, False)
    assert "causes-untold" in second.document["limits"]
    ordered_more(shop, tmp_path / "many", ones[1:10])  # ten have moved since the report that told
    (third,) = shop.audit("habit.often", causes=True)
    assert third.document["causes"] != first.document["causes"] != []


def test_a_rule_with_other_tags_in_it_is_not_taken_apart(shop):
    said = shop.genders()
    shop.tagged("offer.gold", SKEWED, said)
    shop.tagged("offer.both", EVEN, said, value="tag('offer.gold')")
    assert code_of(lambda: shop.audit("offer.both", causes=True)) == "rule-not-apart"
    gold, both = shop.audit("offer.gold", "offer.both", causes=True)  # the other one is
    assert (bool(gold.document["causes"]), both.document["causes"]) == (True, [])
    asked = Asked(("offer.gold", "offer.both"), ("gender",), causes=True)
    assert without_causes(shop.ws, asked) == ["offer.both"]


def test_causes_of_few_people_are_not_told(shop, tmp_path):
    said = shop.genders()
    often = shoppers(shop, {"f": 0.003, "m": 0.003}, said, tmp_path)
    assert 0 < len(often) < 10
    shop.tag(a_tag("habit.often", value="orders(days => 30) >= 3", having="benefit"), often)
    (made,) = shop.audit("habit.often", causes=True)
    assert made.document["causes"] == []
    assert {point["thresholds"][0] for point in made.document["outlook"]} == {1}


@pytest.mark.parametrize(
    "rule", ["orders(days => 30) >= 4", "orders(days => 30) >= 3 and orders(days => 365) >= 4"]
)
def test_causes_and_what_if_do_not_tell_of_few_by_subtraction(shop, tmp_path, rule):
    """Three women have three orders: told with and without one condition, or for both thresholds, they stand there."""
    said = shop.genders()
    few = [1, 3, 5]
    often = shoppers(shop, {"f": 0.2, "m": 0.5}, said, tmp_path, thrice=few)
    held = [who for who in often if who not in {shop.who[n] for n in few}]
    shop.tag(a_tag("habit.often", value=rule, having="benefit"), held)
    (made,) = shop.audit("habit.often", causes=True)
    assert {point["thresholds"][0] for point in made.document["outlook"]} <= {1, 4}
    assert [cause for cause in made.document["causes"] if len(cause["conditions"]) > 1] == []
    assert "causes-untold" in made.document["limits"]
    assert "causes-untold" not in shop.audit("habit.often")[0].document["limits"]


def test_who_has_lapsed_does_not_have_the_tag(shop):
    said = shop.genders()
    held = shop.tagged("offer.gold", EVEN, said)
    with shop.store.write() as unit:
        unit.connection.exec_driver_sql(
            f"UPDATE assignment SET lapses_at = ? WHERE subject_id IN ({','.join(map(str, held[:20]))})",
            (NOW - 1,),
        )
    with shop.store.read() as connection:
        (tag,) = active(connection).values()
        found = [holders(connection, tag, NOW, present=now)["true"] for now in (True, False)]
    assert set(found[0]) == set(found[1]) == set(held[20:])


# --- what a plan says of leaks ---------------------------------------------------------------------

OFTEN = """apiVersion: tagwarden/v1
kind: Tag
key: {key}
name: {{en: Often, zh: 常客}}
says: {{en: bought {n} times within 60 days, zh: 60天内购买{n}次}}
owner: growth-team
dimension: consumption
derivation: inferred
sources: [user.behavior.purchase_history]
asserts: [user.behavior.purchase_history]
purposes: [first_party_recommendation]
basis: {{gdpr: legitimate_interest, pipl_cn: consent, ccpa: notice}}
ttl: 30d
value: "orders(days => 60) >= {n}"
purge_on_withdrawal: immediately
"""


@pytest.fixture(scope="module")
def leaking(tmp_path_factory):
    """Men order four times much more often than women: who buys often tells the gender."""
    folder = tmp_path_factory.mktemp("leaking")
    planted = Planted(folder, people=600, ids=SeededIds(5))
    said = planted.genders()
    shoppers(planted, {"f": 0.2, "m": 0.8}, said, folder)
    yield planted
    planted.close()


def planned(shop, *, n=3, key="spend.often", **more):
    file = shop.folder / "often.yaml"
    file.write_text(OFTEN.format(key=key, n=n), "utf-8")
    return comparing.make(shop.ws, [file], **more)


def test_a_plan_says_what_a_new_tag_would_tell_before_anybody_has_it(leaking):
    before = len(entries(leaking.ws))
    made = planned(leaking, leaks=limits.over(limits.read(None), ["gender"]))
    leak_ = made.leaks[0]
    assert [(one.what, one.other) for one in made.leaks[1:]] == [("set", "f"), ("set", "m")]
    assert (leak_.key, leak_.attribute, leak_.what) == ("spend.often", "gender", "tag")
    assert float(leak_.figure) > 0.1
    assert leak_.report == ""
    opened = entries(leaking.ws)[before:]
    assert [(e.act, e.facts["why"]) for e in opened] == [("attribute.opened", "release")]
    assert any("spend.often tells" in line for line in telling.lines(made, "en"))
    assert any("透露gender的信息" in line for line in telling.lines(made, "zh"))
    harmless = planned(leaking, n=1, leaks=limits.over(limits.read(None), ["gender"]))
    assert harmless.leaks == ()  # everybody has it


def test_who_approves_a_leak_says_why(leaking):
    made = planned(leaking, leaks=limits.over(limits.read(None), ["gender"]))
    name = review.submit(leaking.ws, made).name
    with pytest.raises(Unsafe) as caught:
        as_reviewer(leaking.ws, lambda: review.approve(leaking.ws, name))
    assert "tells more about gender" in caught.value.message
    item = as_reviewer(leaking.ws, lambda: review.approve(leaking.ws, name, over="leak-accepted"))
    assert (item.state, item.reason) == ("approved", "leak-accepted")


def test_whoever_may_not_open_attributes_may_not_plan_with_them(leaking):
    authority.add(leaking.ws, "tina", ["tagger"])
    who, leaking.ws.actor = leaking.ws.actor, Actor("tina")
    before = len(entries(leaking.ws))
    try:
        policy = limits.over(limits.read(None), ["gender"])
        assert code_of(lambda: planned(leaking, leaks=policy)) == "not-permitted"
        assert planned(leaking).leaks == ()
    finally:
        leaking.ws.actor = who
    assert "attribute.opened" not in [e.act for e in entries(leaking.ws)[before:]]


def test_without_counting_a_plan_says_what_the_last_report_said(leaking):
    applying_to = planned(leaking, key="spend.known")
    name = review.submit(leaking.ws, applying_to).name
    as_reviewer(leaking.ws, lambda: review.approve(leaking.ws, name))
    applying.apply(leaking.ws, applying_to)
    run_all(leaking.ws)
    report = leak(leaking.ws, "gender")
    made = planned(leaking, key="spend.known", n=4)
    (known,) = made.leaks
    assert (known.key, known.what, known.report) == ("spend.known", "tag", report.name)
    # counted anew, the report on the version before does not count
    again = planned(
        leaking, key="spend.known", n=1, leaks=limits.over(limits.read(None), ["gender"])
    )
    assert again.leaks == ()
    reworded = leaking.folder / "often.yaml"
    reworded.write_text(OFTEN.format(key="spend.known", n=3).replace("常客", "老顾客"), "utf-8")
    assert comparing.make(leaking.ws, [reworded]).leaks == ()


def settled(shop):
    """Let tags that were put on people by hand be what their documents say."""
    with shop.store.write() as unit:
        for tag in active(unit.connection).values():
            unit.connection.exec_driver_sql(
                "UPDATE definition SET meaning = ?, digest = ? WHERE id = ?",
                (meaning(Definition(tag.tag, tag.root), {}), full_digest(tag.tag), tag.id),
            )


def test_a_plan_finds_what_a_tag_tells_only_together_with_another(tmp_path):
    planted = Planted(tmp_path, people=600, ids=SeededIds(5))
    said = planted.genders()
    often = set(shoppers(planted, {"f": 0.5, "m": 0.5}, said, tmp_path))
    other = [
        who for who, value in zip(planted.who, said, strict=True) if (who in often) ^ (value == "f")
    ]
    planted.tag(a_tag("offer.odd"), other)
    planted.tag(a_tag("offer.even"), sorted(often))
    settled(planted)
    gender = limits.over(limits.read(None), ["gender"])
    made = planned(planted, leaks=gender)
    assert [(one.what, one.other) for one in made.leaks] == [("pair", "offer.odd")]
    assert float(made.leaks[0].figure) > 0.5  # a whole bit, less what chance takes off
    report = leak(planted.ws, "gender")
    (known,) = planned(planted, key="offer.even").leaks
    assert (known.what, known.other, known.report) == ("pair", "offer.odd", report.name)
    planted.close()


# --- month by month --------------------------------------------------------------------------------

APRIL, TENTH_OF_AUGUST = parse_time("2024-04-03"), parse_time("2024-08-10")


@pytest.fixture(scope="module")
def aged(tmp_path_factory):
    """Two tags since April: one was taken from most women in August, the other never moved."""
    planted = Planted(tmp_path_factory.mktemp("aged"), people=2400, ids=SeededIds(5))
    said = planted.genders()
    even = {"f": 0.4, "m": 0.4}
    planted.tagged("offer.steady", even, said)
    held = set(planted.tagged("offer.gold", even, said))
    lost = [w for w, v in zip(planted.who, said, strict=True) if v == "f" and w in held][::2]
    with planted.store.write() as unit:
        run = unit.connection.exec_driver_sql
        run("UPDATE assignment SET valid_from = ?", (APRIL,))
        (tv,) = run(
            "SELECT v.tv FROM tagvalue v JOIN definition d ON d.id = v.definition_id "
            "WHERE d.key = 'offer.gold'"
        ).one()
        for who in lost:
            run(
                "UPDATE assignment SET valid_to = ? WHERE subject_id = ? AND tv = ?",
                (TENTH_OF_AUGUST, who, tv),
            )
        bitmaps.change(unit.connection, [(f"tv:{tv}", who, False) for who in lost])
    planted.tagged("offer.new", even, said)
    yield planted
    planted.close()


def test_the_month_before_which_a_gap_came_is_named(aged):
    gold, steady = aged.audit("offer.gold", "offer.steady", months=6)
    women = next(one for one in gold.document["drift"] if one["group"] == "f")
    assert women["periods"] == ["2024-05", "2024-06", "2024-07", "2024-08", "2024-09", "2024-10"]
    found = [float(one["value"]) for one in women["ratios"]]
    assert found[:3] == pytest.approx([1, 1, 1], abs=0.1)
    assert found[3:] == pytest.approx([0.5, 0.5, 0.5], abs=0.1)
    assert women["jump"] == "2024-08"
    assert float(women["p"]) < 1e-6
    assert all(float(one["p"]) > 0.05 for one in steady.document["drift"])
    jsonschema.validate(json.loads(gold.bytes), schema.schema())


def test_drift_is_told_in_words_and_as_a_line(aged):
    gold, steady = aged.audit("offer.gold", "offer.steady", months=12)
    assert gold.document["drift"][0]["periods"][0] == "2024-04"  # before, there was no tag
    for language, moved, calm in (
        ("en", "it changed most before 2024-08", "no change that is more than chance"),
        ("zh", "在 2024-08 之前变化最大", "没有超出偶然的变化"),
    ):
        assert any(moved in line for line in lines(gold, language))
        assert any(calm in line for line in lines(steady, language))
        assert moved in page.page([gold.document], language)


def test_a_changed_rule_stands_beside_the_month_from_which_it_was_in_use(aged):
    """A gap that comes with a new version has its reason beside it."""
    said = ["f" if n % 2 else "m" for n in range(len(aged.who))]
    first = a_tag("offer.changed", having="benefit", value="orders(days => 30) >= 3")
    aged.tag(first, [who for n, who in enumerate(aged.who) if n % 5 < 2], state="superseded")
    with aged.store.write() as unit:
        unit.connection.exec_driver_sql(
            "UPDATE assignment SET valid_from = ?, valid_to = ? WHERE tv = (SELECT max(tv) FROM tagvalue)",
            (APRIL, TENTH_OF_AUGUST),
        )
    second = a_tag("offer.changed", having="benefit", value="orders(days => 30) >= 9")
    mostly_men = [
        who
        for n, (who, v) in enumerate(zip(aged.who, said, strict=True))
        if n % 5 < (4 if v == "m" else 2)
    ]
    aged.tag(second, mostly_men, version=2)
    with aged.store.write() as unit:
        unit.connection.exec_driver_sql(
            "UPDATE assignment SET valid_from = ? WHERE tv = (SELECT max(tv) FROM tagvalue)",
            (TENTH_OF_AUGUST,),
        )
    (made,) = aged.audit("offer.changed", months=6)
    assert made.document["rules"] == [
        {"period": "2024-05", "version": 1, "rule": first.value},
        {"period": "2024-08", "version": 2, "rule": second.value},
    ]
    women = next(one for one in made.document["drift"] if one["group"] == "f")
    assert women["jump"] == "2024-08"
    for language in ("en", "zh"):
        for text in ("\n".join(lines(made, language)), page.page([made.document], language)):
            assert "2024-08" in text
            assert "&gt;= 9" in text or ">= 9" in text
    jsonschema.validate(json.loads(made.bytes), schema.schema())


def test_two_months_do_not_tell_who_moved_between_them(aged):
    (before,) = aged.audit("offer.steady", months=3)
    who = aged.who[1:6:2]  # three women, of whom some have it
    with aged.store.write() as unit:
        run = unit.connection.exec_driver_sql
        was = run("SELECT count(*) FROM assignment WHERE valid_to IS NOT NULL").scalar()
        for one in who:
            run(
                "UPDATE assignment SET valid_to = ? WHERE subject_id = ? AND valid_to IS NULL",
                (parse_time("2024-09-10"), one),
            )
        now = run("SELECT count(*) FROM assignment WHERE valid_to IS NOT NULL").scalar()
    assert now > was
    (after,) = aged.audit("offer.steady", months=3)
    values = [[one["ratios"] for one in made.document["drift"]] for made in (before, after)]
    assert values[0] == values[1]


@pytest.mark.parametrize(
    ("tags", "count", "code"),
    [
        (["offer.gold"], 1, "audit-question"),
        (["offer.gold"], 13, "audit-question"),
        (["offer.new"], 6, "too-few-months"),
    ],
)
def test_a_drift_that_cannot_be_told_is_refused(aged, tags, count, code):
    assert code_of(lambda: aged.audit(*tags, months=count)) == code
