# SPDX-License-Identifier: Apache-2.0
"""Compliance audits of planted workspaces: each thing that is broken turns exactly its rows red."""

import json
import os
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace

import jsonschema
import pytest

from audit.clock import DAY, FixedClock, Micros
from audit.compliance import schema
from audit.compliance.table import CHECKS
from audit.compliance.verdict import judge
from audit.evidence.reading import decode
from governance import authority, fairness
from governance.actor import Actor
from governance.auditing import kept
from governance.auditing.telling import lines, written
from governance.complying.auditing import compliance
from governance.requests import desk
from policies.obligations import obligations
from tests.auditing import a_policy
from tests.complying import OFFERS, REGIMES, SALE, Sound
from tests.desk import opened, verified
from tests.shop import a_purpose, a_tag, an_assessment
from tests.workshop import NOON, OFFICER, code_of

ADVERT = "first_party_personalised_marketing"


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """A sound shop, closed, with its checkpoint outside; each test takes a copy."""
    folder = tmp_path_factory.mktemp("sound") / "x"
    folder.mkdir()
    with closing(Sound(folder)) as shop:
        shop.ws.evidence.anchor()
    return folder


@pytest.fixture
def shop(template, tmp_path):
    for name in ("shop", "rings", "drop"):
        shutil.copytree(template / name, tmp_path / name)
    settings = tmp_path / "shop" / "tagwarden.toml"
    settings.write_text(settings.read_text("utf-8").replace(str(template), str(tmp_path)), "utf-8")
    with closing(Sound(tmp_path, audited=False)) as found:  # its template was
        yield found


def red(shop, regimes=REGIMES):
    """The rows that are not met, of all three laws or of some."""
    found = set()
    for regime in regimes:
        facts = shop.facts(regime)
        for row in obligations(regime):
            if judge(CHECKS.get(row.id), facts, row.id)[0] == "not_met":
                found.add(row.id)
    return found


def met(shop, regime):
    """The rows that are met."""
    facts = shop.facts(regime)
    return {
        row.id
        for row in obligations(regime)
        if judge(CHECKS.get(row.id), facts, row.id)[0] == "met"
    }


def test_in_a_sound_shop_nothing_is_not_met(shop):
    assert red(shop) == set()


# --- what people decided, and the gate --------------------------------------------------------

CONSENT = {"gdpr": "consent", "pipl_cn": "consent", "ccpa": "notice"}
HEALTH = {"asserts": ["user.health_and_medical"], "sources": ["user.health_and_medical"]}
HELD = [
    ("objects", "gdpr", f"object:{OFFERS}", {}, {"GDPR-21-1", "GDPR-21-2"}),
    ("restricts", "gdpr", "restricted", {}, {"GDPR-18"}),
    ("contests", "gdpr", "contest:offer.new", {}, {"GDPR-18"}),
    ("never agreed", "gdpr", "", {"basis": CONSENT}, {"GDPR-7-1"}),
    (
        "withdrew",
        "gdpr",
        f"withdrawn:{OFFERS}:ordinary",
        {"basis": CONSENT},
        {"GDPR-7-3"},
    ),
    ("has no basis", "gdpr", "", {"basis": {"pipl_cn": "consent", "ccpa": "notice"}}, {"GDPR-6-1"}),
    ("is told of health", "gdpr", "", {"basis": CONSENT, **HEALTH}, {"GDPR-9", "GDPR-7-1"}),
    (
        "refused",
        "pipl_cn",
        f"refused:{SALE}:separate",
        {"purposes": [SALE]},
        {"CN-PIPL-14"},
    ),
    (
        "switched off",
        "pipl_cn",
        "depersonalised",
        {},
        {"CN-PIPL-24-2", "CN-ALGO-17-1", "CN-NDSR-42"},
    ),
    ("blocked it", "pipl_cn", "block:offer.new", {}, {"CN-ALGO-17-2", "CN-NDSR-42"}),
    (
        "has no basis",
        "pipl_cn",
        "",
        {"basis": {"gdpr": "legitimate_interest", "ccpa": "notice"}},
        {"CN-PIPL-13"},
    ),
    (
        "is told of health",
        "pipl_cn",
        "",
        {"purposes": ["analytics"], **HEALTH},
        {"CN-PIPL-28-29", "CN-PIPL-14"},
    ),
    ("opted out", "ccpa", "optout", {"purposes": [SALE]}, {"CA-120", "CA-135-b"}),
    ("limits", "ccpa", "limited", {"purposes": [ADVERT], **HEALTH}, {"CA-121", "CA-7027"}),
]


@pytest.mark.parametrize(
    ("regime", "chose", "tag", "rows"),
    [case[1:] for case in HELD],
    ids=[f"{case[1]} {case[0]}" for case in HELD],
)
@pytest.mark.law("GDPR-5-2", "CN-PIPL-69")
def test_a_tag_held_against_the_gate(shop, regime, chose, tag, rows):
    """Somebody holds a tag in spite of what they decided: rows were written past the product."""
    shop.purposes(a_purpose(SALE), a_purpose(ADVERT))
    shop.assessed(
        *(
            an_assessment(
                kind, OFFERS, SALE, ADVERT, "analytics", key=f"{kind}.new", covers=_covers()
            )
            for kind in ("dpia", "pipia", "risk_assessment", "balancing_test")
        )
    )
    who = shop.who[regime][0]
    if chose:
        if chose.startswith(("withdrawn", "refused")):
            shop.sql("DELETE FROM consentstate WHERE subject_id = ?", (who,))
        shop.chose(chose, [who])
    tag = a_tag("offer.new", **tag)
    shop.tag(tag, [who])
    assert red(shop, [regime]) == rows


@pytest.mark.law("GDPR-5-2")
def test_one_reason_does_not_hide_another(shop):
    """Who restricted and objected holds a tag: both rows say so, also where the objection is to the second purpose."""
    shop.purposes(a_purpose(ADVERT))
    shop.assessed(an_assessment("balancing_test", OFFERS, ADVERT, key="both"))
    who = shop.who["gdpr"][0]
    shop.chose("restricted", [who])
    shop.chose(f"object:{ADVERT}", [who])
    shop.tag(a_tag("offer.new", purposes=[OFFERS, ADVERT]), [who])
    assert red(shop, ["gdpr"]) == {"GDPR-18", "GDPR-21-1", "GDPR-21-2"}


@pytest.mark.law("GDPR-7-1")
@pytest.mark.parametrize("where", ["rows", "sets"])
def test_a_tag_written_past_the_product_is_seen_in_rows_and_in_sets(shop, where):
    who, tag = shop.who["gdpr"][0], a_tag("offer.new", basis=CONSENT)
    tv = shop.tag(tag, [who])
    if where == "rows":
        shop.sets((f"tv:{tv}", who, False))
    else:
        shop.sql("DELETE FROM assignment WHERE tv = ?", (tv,))
    assert red(shop, ["gdpr"]) == {"GDPR-7-1"}


def _covers():
    return {"purposes": [OFFERS, SALE, ADVERT, "analytics"], "tags": ["offer.new"]}


# --- everything else --------------------------------------------------------------------------


def unapplied(shop):
    shop.tag(a_tag("offer.new", purposes=[OFFERS, "gifts"]))


def minor(shop):
    who = shop.who["pipl_cn"][0]
    shop.sql("UPDATE subject SET age_class = '14-15' WHERE subject_id = ?", (who,))
    shop.sets(("age:18+", who, False), ("age:14-15", who, True))
    shop.purposes(a_purpose(ADVERT))
    shop.tag(a_tag("offer.new", purposes=[ADVERT]), [who])


def review_overdue(kind):
    def plant(shop):
        shop.assessed(an_assessment(kind, OFFERS, key=f"{kind}.late", review_by="2025-01-31"))

    return plant


def assessment_gone(shop):
    shop.assessed(
        an_assessment(
            "balancing_test", "analytics", key="balancing_test.first_party_recommendation"
        )
    )


def quarantined(shop):
    folder = shop.ws.paths.quarantine
    folder.mkdir(exist_ok=True)
    (folder / "old.csv").write_text("x", "utf-8")
    long_ago = (NOON - 60 * DAY) // 1_000_000
    os.utime(folder / "old.csv", (long_ago, long_ago))


def overdue(kind, regime, **more):
    def plant(shop):
        has_age(shop)
        ref = opened(shop.ws, kind, shop.who[regime][0], **more)
        shop.sql("UPDATE request SET due = '2026-01-31' WHERE ref = ?", (ref,))
        if kind in ("deletion", "access", "portability"):
            return
        verified(shop.ws, ref)

    return plant


def has_age(shop):
    shop.sql(
        "INSERT INTO attribute (key, category, class_id) VALUES ('age', 'user.demographic.age_range', 1)"
    )


def unconfirmed_receipt(shop):
    ref = opened(shop.ws, "access", shop.who["ccpa"][0])
    shop.sql("UPDATE request SET ack_due = '2026-02-01' WHERE ref = ?", (ref,))


def refusal_untold(shop):
    ref = opened(shop.ws, "access", shop.who["gdpr"][0])
    desk.deny(shop.ws, ref, "excessive")
    shop.sql("UPDATE request SET due = '2026-02-01' WHERE ref = ?", (ref,))


def request_gone(shop):
    opened(shop.ws, "access", shop.who["ccpa"][0])
    shop.ws.evidence.drain()
    shop.sql("DELETE FROM request")


def erasure_left(shop):
    shop.sql(
        "INSERT INTO erasure (ref, subject_id, scope, target, step, restricted, begun_at, grace_until) "
        "VALUES ('rt-1', ?, 'everything', '', 1, 0, ?, ?)",
        (shop.who["gdpr"][0], NOON - 9 * DAY, NOON - 6 * DAY),
    )


def hold_unconfirmed(shop):
    shop.sql(
        "INSERT INTO hold (id, subject_id, category, ground, until, placed_by, placed_at, "
        "confirmed_by, lifted_by) VALUES ('hold-1', ?, 'everything', 'legal-claims', '2026-12-31', "
        "'op:0000000000000000', ?, '', '')",
        (shop.who["gdpr"][0], NOON - DAY),
    )


def recipient_untold(shop):
    shop.sql(
        "INSERT INTO notification (id, ref, recipient, what, reference, state, code, made_at, moved_at)"
        " VALUES ('nt-1', 'rt-1', 'processor', 'erased', 'x', 'pending', '', ?, ?)",
        (NOON - 40 * DAY, NOON - 40 * DAY),
    )


def no_notice(regime):
    def plant(shop):
        shop.consents(shop.who[regime][1], notice="")

    return plant


def recipients_unnamed(shop):
    shop.purposes(a_purpose("gifts", use="order_fulfilment", recipients=["processor"]))
    shop.settings({"controller.recipients": ""})


def abroad_unnamed(shop):
    shop.purposes(a_purpose("gifts", use="order_fulfilment", recipients=["overseas_recipient"]))
    shop.settings({"controller.transfers": ""})


def unnamed(shop):
    shop.settings({"controller.dpo": ""})


def unaudited(shop):
    shop.tag(a_tag("offer.other", having="burden"))


def audited_long_ago(shop):
    shop.tag(a_tag("offer.other", having="burden"))
    shop.reported("offer.other", at=NOON - 400 * DAY)


def audited_another_version(shop):
    shop.tag(a_tag("offer.other", having="burden"), version=2)
    shop.reported("offer.other", version=1)


def biased(shop):
    shop.reported(status="breach")


def finding_open(shop):
    shop.sql(
        "INSERT INTO auditfinding (name, tag, version, report, state, what, figure, auditor, at) "
        "VALUES ('finding-1', 'offer.plain', 1, 'audit-1', 'open', '{}', '0.5', '', ?)",
        (NOON,),
    )


def prices_apart(shop):
    shop.reported("gender", kind="price", status="breach")
    shop.reported("age", kind="price")


def prices_apart_by_the_policy(shop):
    fairness.apply(shop.ws, a_policy())
    shop.reported(by_policy="d" * 64)
    shop.reported("gender", kind="price", status="breach")
    shop.reported("gender", kind="price")


def a_window(since, until):
    return json.dumps({"identity": {"since": since, "until": until}})


def prices_not_looked_at_again(shop):
    """Later reports are over a time in which nothing was bought, or over one that begins too late."""
    shop.reported("gender", kind="price", status="breach", document=a_window("2026-01", "2026-02"))
    shop.reported("gender", kind="price", status="insufficient", document=a_window("2026-01", "3"))
    shop.reported("gender", kind="price", document=a_window("2026-03", "2026-04"))


def audited_by_limits_of_their_own(shop):
    fairness.apply(shop.ws, a_policy())


def prices_long_ago(shop):
    shop.reported("gender", kind="price", at=NOON - 400 * DAY)


def consent_breached(shop):
    shop.consent_audited("breach")


def model_overdue(shop):
    shop.sql(
        "INSERT INTO training (name, key, request, document, artefact, digest, at, retrain_by) "
        "VALUES ('m-1', 'churn', 'x', '{}', '{}', '', 0, ?)",
        (NOON - DAY,),
    )


def no_backup(shop):
    with closing(sqlite3.connect(shop.ws.paths.keystore)) as store, store:
        store.execute("DELETE FROM backup")


def keys_neglected(shop):
    shop.ws.clock = FixedClock(Micros(NOON + 31 * DAY))


def person_without_key(shop):
    shop.people({999: ("gdpr", "18+")})
    shop.sql("UPDATE subject SET admitted_at = ? WHERE subject_id = 999", (NOON,))


def log_edited(shop):
    with closing(sqlite3.connect(shop.ws.paths.evidence)) as log, log:
        query = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        for (name,) in log.execute(query).fetchall():
            log.execute(f"DROP TRIGGER {name}")
        log.execute(
            "UPDATE entry SET bytes = CAST(replace(bytes, 'dpo', 'dsr') AS BLOB) WHERE idx = 0"
        )


def anchor_gone(shop):
    shutil.rmtree(shop.folder / "drop")
    (shop.folder / "drop").write_text("", "utf-8")


def never_anchored(shop):
    for note in (shop.folder / "drop").iterdir():
        note.unlink()


RETENTION = {"GDPR-5-1-e", "CN-PIPL-19", "CN-PIPL-47-1", "CA-100-a3"}
LOG = {"GDPR-5-2", "CN-PIPL-69"}
KEYS = {"GDPR-32", "CN-PIPL-51"}
AUDITS = {"CN-PIPL-24-1", "CN-ALGO-7-8"}
PRICES = {"CN-PIPL-24-1", "CN-ALGO-21"}
PLANTS = [
    (unapplied, {"GDPR-5-1-b", "CN-PIPL-5-6", "CA-100-c"}),
    (minor, {"CN-ALGO-18-MINOR-24", "CN-PIPL-31"}),
    (review_overdue("balancing_test"), {"GDPR-6-1-f"}),
    (review_overdue("dpia"), {"GDPR-35"}),
    (review_overdue("pipia"), {"CN-PIPL-55"}),
    (review_overdue("risk_assessment"), {"CA-7150", "CA-7155"}),
    (assessment_gone, {"GDPR-6-1-f"}),
    (quarantined, RETENTION),
    (overdue("access", "gdpr"), {"GDPR-12-3", "GDPR-15"}),
    (overdue("correction", "gdpr", target="age"), {"GDPR-12-3", "GDPR-16"}),
    (overdue("deletion", "gdpr"), {"GDPR-12-3", "GDPR-17-1"}),
    (overdue("portability", "gdpr"), {"GDPR-12-3", "GDPR-20"}),
    (overdue("access", "pipl_cn"), {"CN-PIPL-44-45", "CN-PIPL-50"}),
    (overdue("correction", "pipl_cn", target="age"), {"CN-PIPL-46", "CN-PIPL-50"}),
    (overdue("access", "ccpa"), {"CA-7021-b", "CA-110"}),
    (overdue("deletion", "ccpa"), {"CA-7021-b", "CA-105"}),
    (overdue("correction", "ccpa", target="age"), {"CA-7021-b", "CA-106"}),
    (unconfirmed_receipt, {"CA-7021-a"}),
    (refusal_untold, {"GDPR-12-4", "GDPR-15"}),
    (request_gone, {"CA-7101"}),
    (erasure_left, {"GDPR-17-1", "CN-PIPL-47-1", "CN-NDSR-24", "CA-105"}),
    (hold_unconfirmed, {"GDPR-17-3", "CN-PIPL-47-2", "CA-105-d"}),
    (recipient_untold, {"GDPR-19", "CA-105", "CA-120", "CA-7027"}),
    (no_notice("gdpr"), {"GDPR-7-1"}),
    (no_notice("pipl_cn"), {"CN-PIPL-14"}),
    (recipients_unnamed, {"GDPR-28", "CN-PIPL-21", "CA-7050"}),
    (abroad_unnamed, {"GDPR-44", "GDPR-30", "CN-PIPL-38-39"}),
    (unnamed, {"GDPR-30"}),
    (unaudited, AUDITS),
    (audited_long_ago, AUDITS),
    (audited_another_version, AUDITS),
    (biased, AUDITS),
    (finding_open, AUDITS),
    (audited_by_limits_of_their_own, AUDITS),
    (prices_not_looked_at_again, PRICES),
    (prices_apart, PRICES),
    (prices_apart_by_the_policy, PRICES),
    (prices_long_ago, PRICES),
    (consent_breached, {"GDPR-7-1", "CN-PIPL-14"}),
    (model_overdue, {"CN-ALGO-7-8"}),
    (no_backup, KEYS),
    (keys_neglected, KEYS),
    (person_without_key, KEYS),
    (log_edited, LOG),
    (anchor_gone, LOG),
    (never_anchored, LOG),
]


@pytest.mark.parametrize(
    ("plant", "rows"),
    PLANTS,
    ids=[
        f"{plant.__qualname__.partition('.')[0]}-{'-'.join(sorted(rows)[-2:])}"
        for plant, rows in PLANTS
    ],
)
@pytest.mark.law(
    "CN-PIPL-54",
    "CN-ALGO-7-8",
    "CN-PIPL-24-1",
    "CN-ALGO-21",
    "GDPR-28",
    "GDPR-44",
    "CN-PIPL-21",
    "CN-PIPL-38-39",
    "CA-7050",
)
def test_what_is_broken_turns_exactly_its_rows_red(shop, plant, rows):
    plant(shop)
    assert red(shop) == rows


@pytest.mark.parametrize(
    ("plant", "code"),
    [
        (log_edited, "log.problem"),
        (anchor_gone, "log.unreachable"),
        (never_anchored, "log.unanchored"),
    ],
)
def test_the_log_is_red_for_what_is_wrong_with_it_and_nothing_else_is_said(shop, plant, code):
    plant(shop)
    _, found = judge(CHECKS["GDPR-5-2"], shop.facts("gdpr"), "GDPR-5-2")
    assert {said.code for said in found.says} == {code}


def test_an_audit_by_the_policy_in_force_takes_the_place_of_a_breach_and_one_by_another_does_not(
    shop,
):
    prices_apart_by_the_policy(shop)
    shop.reported("gender", kind="price", by_policy="d" * 64)
    assert red(shop, ["pipl_cn"]) == set()


@pytest.mark.law("GDPR-7-1")
@pytest.mark.parametrize(
    ("later", "lifts"),
    [
        ({"since": "2026-01-31", "until": "2026-03-02"}, True),
        ({"since": "2026-02-02", "until": "2026-03-02"}, False),  # nobody looked at the first
        ({"since": "2026-01-05", "until": "2026-01-06"}, False),  # a day on which nothing was
        ({"since": "2026-01-31", "until": "2026-03-02", "allowed": 86_400}, False),
    ],
)
def test_a_breach_of_consent_is_over_when_an_audit_that_goes_on_from_there_says_so(
    shop, later, lifts
):
    shop.consent_audited("breach")
    shop.consent_audited(**later)
    assert (red(shop, ["gdpr"]) == set()) is lifts


@pytest.mark.law("GDPR-5-2")
def test_on_a_clock_that_stands_still_nothing_that_rests_on_time_is_met(shop):
    timed = {"GDPR-5-1-e", "GDPR-5-2", "GDPR-12-3", "GDPR-12-4", "GDPR-17-1", "GDPR-21-1"}
    assert met(shop, "gdpr") >= timed
    shop.settings({"clock.fixed": "2026-01-01T00:00:00Z"})
    assert not met(shop, "gdpr") & timed


@pytest.mark.law("CN-PIPL-28-29")
@pytest.mark.parametrize(("band", "still"), [("14-15", True), ("13", False), ("unknown", False)])
def test_where_there_are_children_no_tag_of_china_is_called_plain(shop, band, still):
    assert "CN-PIPL-28-29" in met(shop, "pipl_cn")
    shop.sql("UPDATE subject SET age_class = ? WHERE regime = 'pipl_cn'", (band,))
    assert ("CN-PIPL-28-29" in met(shop, "pipl_cn")) is still


@pytest.mark.law("CA-140-ae")
def test_what_the_tests_of_the_product_show_is_not_shown_where_an_overlay_changes_the_law(
    shop, monkeypatch
):
    assert "CA-140-ae" in met(shop, "ccpa")
    facts = shop.facts("ccpa")
    monkeypatch.setattr(shop, "facts", lambda _: replace(facts, overlaid=True))
    assert "CA-140-ae" not in met(shop, "ccpa")


# --- the report -------------------------------------------------------------------------------


def entries(ws):
    return [decode(raw) for raw in ws.evidence.entries()]


def test_of_two_periods_for_one_audit_that_of_the_policy_in_force_counts(shop):
    duty = {"tags": {}, "within": "20d", "overdue": "warn", "breach": "warn"}
    policy = a_policy(audits=[duty])
    assert (
        red(shop, ["pipl_cn"]) == set()
    )  # by the setting alone, the report of ten days ago will do
    fairness.apply(shop.ws, policy)
    by_limits_of_ones_own = red(shop, ["pipl_cn"])
    assert by_limits_of_ones_own
    shop.reported(at=NOON - 10 * DAY, by_policy=policy.digest())
    shop.settings({"audits.bias_days": 5})
    assert red(shop, ["pipl_cn"]) == set()
    shop.settings({"audits.bias_days": 365})
    shop.ws.clock = FixedClock(Micros(NOON + 11 * DAY))
    assert by_limits_of_ones_own <= red(shop, ["pipl_cn"])


@pytest.mark.law("CN-PIPL-54")
@pytest.mark.parametrize("regime", REGIMES)
def test_a_report_has_every_row_of_its_law_and_is_kept_and_signed(shop, regime):
    made = compliance(shop.ws, regime)
    jsonschema.validate(json.loads(made.bytes), schema.schema())
    assert [row["id"] for row in made.document["rows"]] == [row.id for row in obligations(regime)]
    headed = {row for one in made.document["headings"] for row in one["rows"]}
    assert headed == {row.id for row in obligations(regime)}
    assert kept.given(shop.ws, regime) == made
    shop.ws.evidence.drain()
    (entry,) = [one for one in entries(shop.ws) if one.act == "audit.compliance"]
    assert entry.facts["sha256"] == made.digest
    assert (entry.facts["regime"], entry.facts["not_met"]) == (regime, 0)


def test_what_is_met_has_evidence_and_what_is_not_checked_is_for_a_person(shop):
    for regime in REGIMES:
        for row in compliance(shop.ws, regime).document["rows"]:
            evidence = row["evidence"]
            if row["status"] == "met":
                assert evidence["papers"] or evidence["figures"] or evidence["tests"], row["id"]
                assert row["look"] is None
            elif row["checked"] == "no":
                assert row["status"] == "needs_a_person"
            if row["status"] == "needs_a_person":
                assert row["look"] or row["says"], row["id"]


def test_the_newest_entry_of_each_act_stands_in_the_row(shop):
    opened(shop.ws, "access", shop.who["gdpr"][0])
    shop.ws.evidence.drain()
    number = max(n for n, one in enumerate(entries(shop.ws)) if one.act == "request.opened")
    made = compliance(shop.ws, "gdpr")
    (row,) = [row for row in made.document["rows"] if row["id"] == "GDPR-12-3"]
    acts = {one["act"]: one for one in row["evidence"]["entries"]}
    assert (acts["request.opened"]["entry"], acts["request.opened"]["times"]) == (number, 1)


def test_the_numbering_of_the_chinese_items_is_marked_and_that_of_others_is_not(shop):
    marked = {
        regime: {one["verified"] for one in compliance(shop.ws, regime).document["headings"]}
        for regime in REGIMES
    }
    assert marked == {"gdpr": {True}, "pipl_cn": {False}, "ccpa": {True}}
    made = kept.given(shop.ws, "pipl_cn")
    assert [one["number"] for one in made.document["headings"]] == list(range(1, 28))
    assert made.document["headings"][7]["title"]["zh"] == "自动化决策"


def test_the_next_report_names_the_one_before(shop):
    first, second = compliance(shop.ws, "gdpr"), compliance(shop.ws, "gdpr")
    assert first.document["identity"]["previous"] is None
    assert second.document["identity"]["previous"] == first.digest
    assert compliance(shop.ws, "ccpa").document["identity"]["previous"] is None


@pytest.mark.parametrize("language", ["en", "zh"])
def test_everything_that_can_be_found_is_told_in_both_languages(shop, language):
    """Every plant at once: each finding has its words on the page and in the lines."""
    for plant, _ in PLANTS:
        if plant in (
            unaudited,
            prices_apart,
            model_overdue,
            recipient_untold,
            no_backup,
            unapplied,
            unnamed,
        ):
            plant(shop)
    for regime in REGIMES:
        made = compliance(shop.ws, regime)
        assert made.status == "not_met"
        text = written([made], ".html", language).decode()
        for row in made.document["rows"]:
            assert row["id"] in text
            assert row["must"][language].replace("'", "&#x27;") in text
        assert made.digest in text
        told = "\n".join(lines(made, language))
        assert all(row["id"] in told for row in made.document["rows"] if row["status"] == "not_met")


def test_an_auditor_may_audit_and_a_clerk_may_not(shop):
    authority.add(shop.ws, "ann", ["auditor"])
    authority.add(shop.ws, "carl", ["dsr"])
    shop.ws.actor = Actor("carl")
    assert code_of(lambda: compliance(shop.ws, "gdpr")) == "not-permitted"
    shop.ws.actor = Actor("ann")
    assert compliance(shop.ws, "gdpr").kind == "compliance"
    shop.ws.actor = OFFICER
    assert code_of(lambda: compliance(shop.ws, "lgpd")) == "unknown-regime"


def test_a_setting_of_the_controller_never_stands_in_a_report(shop):
    shop.settings({"controller.dpo": "Wang Xiaoming", "controller.recipients": "Canary GmbH"})
    text = compliance(shop.ws, "gdpr").bytes.decode() + repr(shop.facts("pipl_cn"))
    assert "Wang" not in text
    assert "Canary" not in text
