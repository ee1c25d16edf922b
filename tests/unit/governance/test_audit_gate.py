# SPDX-License-Identifier: Apache-2.0
"""What the policy in force does to tags that are not audited, or that treat groups beyond its limits."""

import json

import jsonschema
import pytest
import yaml
from sqlalchemy.exc import IntegrityError

from audit.bias import schema
from audit.clock import DAY, FixedClock, Micros
from audit.evidence.reading import decode
from governance import audience, authority, catalogue, correcting, doctor, fairness, findings
from governance.actor import Actor
from governance.assignments import audience as people_of
from governance.assignments import held_by
from governance.auditing import kept, waiving
from governance.auditing.examining import Asked, bias
from governance.auditing.leaking import leak
from governance.auditing.telling import lines, written
from governance.changing import comparing, lifecycle
from governance.cli.run import report_lines
from governance.explaining import explain
from governance.running.run import run_all
from tagging.explain.answer import render
from tests.auditing import Gated, a_duty, a_policy
from tests.shop import NOW, a_tag
from tests.unit.governance.test_run import Store, live
from tests.workshop import OFFICER, REVIEWER, a_workspace, as_reviewer, code_of

GOLD, EVEN, COPY, PLAIN = Gated.GOLD, Gated.EVEN, Gated.COPY, Gated.PLAIN
PURPOSE = "first_party_recommendation"
UNTIL = NOW + 20 * DAY


@pytest.fixture
def shop(tmp_path):
    opened = Gated(tmp_path)
    yield opened
    opened.close()


def applies(shop, *duties, **changes):
    return fairness.apply(shop.ws, a_policy(audits=list(duties or [a_duty()]), **changes))


def audits(shop, *tags, by=("gender",), **more):
    return bias(shop.ws, Asked(tags or (GOLD,), by, **more))


def reads(shop, key=GOLD):
    """How many people a reader is given."""
    with shop.read() as connection:
        tag = catalogue.active(connection)[key]
        return len(people_of(connection, tag, PURPOSE, shop.ws.clock.now()))


def said(shop, key=GOLD):
    with shop.read() as connection:
        return catalogue.active(connection)[key].standing.said(shop.ws.clock.now())


def finding(shop, group="f"):
    with shop.read() as connection:
        return next(f for f in findings.findings(connection) if f.what["labels"] == [group])


def waives(shop, *, until=UNTIL, owner="growth-team", reason="genuine-need", note=""):
    name = finding(shop).name
    done = as_reviewer(
        shop.ws,
        lambda: waiving.waive(shop.ws, name, owner=owner, reason=reason, until=until, note=note),
    )
    return done.name


def acts(shop):
    return [decode(raw) for raw in shop.ws.evidence.entries()]


def test_without_a_policy_in_force_nothing_is_stopped(shop):
    audits(shop)
    assert finding(shop).state(NOW) == "open"
    assert (reads(shop) > 0, said(shop)) == (True, "")


def test_a_tag_that_must_be_audited_is_shown_only_after_a_good_audit(shop):
    before = reads(shop, EVEN)
    applies(shop)
    assert (reads(shop, EVEN), said(shop, EVEN)) == (0, "audit-missing")
    assert reads(shop, PLAIN) > 0
    audits(shop, EVEN)
    assert (reads(shop, EVEN), said(shop, EVEN)) == (before, "")


def test_a_breach_is_not_buried_by_tags_that_are_audited_along(shop):
    """Beside enough tags without a breach each single one may be chance; then the tag stays due."""
    shop.held(GOLD, 0.405, 0.6)
    applies(shop)
    made, beside = audits(shop, GOLD, EVEN)
    verdict = made.document["verdict"]
    assert (verdict["status"], verdict["reason"]) == ("insufficient", "not-after-all-tags")
    assert (reads(shop), said(shop), said(shop, EVEN)) == (0, "audit-missing", "")
    assert beside.status == "within"
    (alone,) = audits(shop)
    assert (alone.status, said(shop)) == ("breach", "audit-breach")
    audits(shop, GOLD, EVEN)
    assert (finding(shop).resolved, said(shop)) == (False, "audit-breach")


def test_an_audit_is_too_old_at_the_exact_instant(shop):
    applies(shop)
    audits(shop, EVEN)
    shop.later(90 * DAY - 1)
    assert reads(shop, EVEN) > 0
    shop.later(1)
    assert (reads(shop, EVEN), said(shop, EVEN)) == (0, "audit-overdue")


def test_where_the_policy_says_warn_people_are_still_read(shop):
    applies(shop, a_duty(overdue="warn", breach="warn"))
    assert (reads(shop) > 0, said(shop)) == (True, "audit-missing")
    audits(shop)
    assert (reads(shop) > 0, said(shop)) == (True, "audit-breach")


@pytest.mark.parametrize(
    ("which", "hit"),
    [
        ({"having": ["burden"]}, False),
        ({"having": ["benefit", "burden"]}, True),
        ({"dimension": ["interest"], "purposes": [PURPOSE]}, True),
        ({"dimension": ["credit"]}, False),
        ({"dimension": ["interest"], "effect": ["legal_or_similarly_significant"]}, False),
        ({}, True),
    ],
)
def test_a_duty_is_about_the_tags_that_fit_all_its_lists(shop, which, hit):
    applies(shop, a_duty(tags=which))
    assert (said(shop) == "audit-missing") is hit


def test_a_breach_stops_the_tag_and_what_rests_on_it(shop):
    applies(shop, a_duty(overdue="warn"))
    assert reads(shop) > 0
    audits(shop)
    assert (reads(shop), said(shop)) == (0, "audit-breach")
    assert (reads(shop, COPY), said(shop, COPY)) == (0, "audit-input")
    assert reads(shop, EVEN) > 0
    shop.later(90 * DAY)
    assert (said(shop), said(shop, EVEN)) == ("audit-breach", "audit-missing")


def test_a_finding_has_the_same_name_in_the_next_report(shop):
    audits(shop)
    first = finding(shop)
    shop.later(DAY)
    audits(shop)
    again = finding(shop)
    assert (again.name, again.figure) == (first.name, first.figure)
    assert again.report != first.report
    assert first.what["attributes"] == ["gender"]
    assert 0 < float(first.figure) < 0.8


def test_a_waiver_lets_the_tag_be_read_until_its_exact_end(shop):
    before = reads(shop)
    applies(shop)
    audits(shop)
    waives(shop)
    assert (reads(shop), finding(shop).state(NOW)) == (before, "waived")
    shop.later(20 * DAY - 1)
    assert reads(shop) == before
    shop.later(1)
    assert (reads(shop), finding(shop).ended(shop.ws.clock.now())) == (0, "expired")


@pytest.mark.parametrize(
    ("language", "word"), [("en", "growth-team answers"), ("zh", "由growth-team负责")]
)
def test_the_next_report_says_with_what_the_shop_lives(shop, language, word):
    shop.held(GOLD, 0.3, 0.6)
    (first,) = audits(shop)
    name = waives(shop)
    (made,) = audits(shop)
    assert first.document["waived"] == []
    (one,) = made.document["waived"]
    assert (one["finding"], one["until"]) == (name, "2024-10-24T00:00:00Z")
    jsonschema.validate(json.loads(made.bytes), schema.schema())
    assert any(word in line for line in lines(made, language))
    assert word in written([made], ".html", language).decode()
    shop.held(GOLD, 0.2, 0.6)
    assert audits(shop)[0].document["waived"] == []


def test_a_report_does_not_tell_of_a_waiver_that_has_ended(shop):
    audits(shop)
    waives(shop)
    shop.later(20 * DAY)
    assert audits(shop)[0].document["waived"] == []


def test_a_waiver_of_a_breach_does_not_stand_in_for_an_audit(shop):
    applies(shop)
    audits(shop)
    waives(shop, until=NOW + 300 * DAY)
    shop.later(90 * DAY)
    assert (reads(shop), said(shop)) == (0, "audit-overdue")


def test_a_revoked_waiver_stops_the_tag_at_once(shop):
    applies(shop)
    audits(shop)
    name = waives(shop)
    waiving.revoke(shop.ws, name)
    assert (reads(shop), finding(shop).ended(NOW)) == (0, "revoked")
    shop.later(90 * DAY)
    assert said(shop) == "audit-breach"
    assert code_of(lambda: waiving.revoke(shop.ws, name)) == "not-waived"


def change(shop, key=GOLD, **columns):
    with shop.store.write() as unit:
        put = ", ".join(f"{name} = :{name}" for name in columns)
        unit.connection.exec_driver_sql(f"UPDATE definition SET {put} WHERE key = '{key}'", columns)


def test_a_new_version_ends_the_waiver_and_is_no_way_around_the_finding(shop):
    applies(shop, a_duty(overdue="warn"))
    audits(shop)
    name = waives(shop)
    change(shop, version=2)
    assert (reads(shop), finding(shop).ended(NOW)) == (0, "other-version")
    again = lambda: waiving.waive(  # noqa: E731
        shop.ws, name, owner="growth-team", reason="genuine-need", until=UNTIL
    )
    assert as_reviewer(shop.ws, lambda: code_of(again)) == "finding-not-current"


def test_a_version_that_no_longer_says_what_it_is_stays_stopped_by_the_finding(shop):
    applies(shop, a_duty(overdue="warn"))
    audits(shop)
    with shop.store.write() as unit:
        sql = unit.connection.exec_driver_sql
        sql("UPDATE definition SET state = 'superseded' WHERE key = ?", (GOLD,))
        sql(
            "INSERT INTO definition (key, version, state, document, digest, meaning, author, applied_at, "
            "evaluated_at, change_set, successor) SELECT key, 2, 'active', "
            "json_remove(document, '$.having'), digest, meaning, author, applied_at, evaluated_at, "
            "change_set, successor FROM definition WHERE key = ?",
            (GOLD,),
        )
    assert said(shop) == "audit-breach"
    assert (reads(shop), reads(shop, COPY)) == (0, 0)


def test_another_name_for_the_same_rule_is_no_way_around_the_finding(shop):
    applies(shop, a_duty(overdue="warn"))
    audits(shop)
    twin, people = "offer.silver", shop.who[:300]
    shop.tag(a_tag(twin, having="benefit", value="3 <= orders()", ttl="365d"), people)
    shop.tag(a_tag("offer.bronze", having="benefit", value="orders() >= 4", ttl="365d"), people)
    assert (reads(shop, twin), said(shop, twin)) == (0, "audit-twin")
    assert reads(shop, "offer.bronze") > 0
    shop.tag(a_tag("offer.mute", ttl="365d"), people)  # nor is one that says less of itself
    assert (reads(shop, "offer.mute"), said(shop, "offer.mute")) == (0, "audit-twin")
    (made,) = audits(shop, twin)
    assert (made.status, reads(shop, twin), said(shop, twin)) == ("within", 300, "")
    audits(shop)  # found again, and the same finding
    assert said(shop, twin) == ""


@pytest.mark.parametrize(
    ("rule", "near"),
    [
        ("orders() >= 4", True),
        ("2 < orders()", True),
        ("orders(days => 400) >= 3", True),
        ("orders() < 3", True),
        ("spend() >= 3", False),
        ("orders() >= 3 and spend() >= 1", False),
    ],
)
def test_a_plan_tells_of_a_rule_that_is_nearly_one_with_a_finding(shop, tmp_path, rule, near):
    """A number moved by one is another rule: nothing is stopped, and a person judges."""
    document = a_tag("offer.silver", value=rule, ttl="365d").model_dump(
        mode="json", by_alias=True, exclude_none=True
    )
    file = tmp_path / "silver.yaml"
    file.write_text(yaml.safe_dump(document, allow_unicode=True), "utf-8")

    def told():
        items = comparing.make(shop.ws, [file], count=False).items
        item = next(one for one in items if one.key == "offer.silver")
        return [one for one in item.findings if one.code == "near-finding"]

    assert told() == []
    audits(shop)
    found = told()
    assert [(one.severity, GOLD in one.message["zh"]) for one in found] == [
        ("warning", True)
    ] * near


def test_a_waived_finding_stops_no_tag_with_the_same_rule(shop):
    applies(shop, a_duty(overdue="warn"))
    audits(shop)
    waives(shop)
    shop.tag(a_tag("offer.silver", having="benefit", ttl="365d"), shop.who[:300])
    assert said(shop, "offer.silver") == "audit-missing"
    shop.later(20 * DAY)
    assert said(shop, "offer.silver") == "audit-twin"


def test_a_worse_figure_ends_the_waiver_for_good(shop):
    applies(shop)
    shop.held(GOLD, 0.3, 0.6)
    audits(shop)
    waives(shop)
    audits(shop)
    assert finding(shop).state(NOW) == "waived"
    shop.held(GOLD, 0.2, 0.6)
    audits(shop)
    assert (reads(shop), finding(shop).ended(NOW)) == (0, "worse-figure")
    shop.held(GOLD, 0.3, 0.6)
    audits(shop)
    assert (reads(shop), finding(shop).ended(NOW)) == (0, "worse-figure")


def test_a_good_audit_resolves_the_finding_and_ends_its_waiver(shop):
    applies(shop)
    audits(shop)
    waives(shop)
    shop.held(GOLD, 0.5, 0.5)
    (made,) = audits(shop)
    assert (finding(shop).state(NOW), finding(shop).report) == ("resolved", made.name)
    assert reads(shop) == 300
    shop.held(GOLD, 0.2, 0.6)
    audits(shop)
    assert (reads(shop), finding(shop).ended(NOW)) == (0, "resolved")


def test_too_little_evidence_resolves_nothing(shop):
    applies(shop)
    audits(shop)
    shop.held(GOLD, 0.01, 0.02)
    (made,) = audits(shop)
    assert made.status == "insufficient"
    assert (finding(shop).state(NOW), said(shop)) == ("open", "audit-breach")


def lenient(folder):
    """A policy of somebody's own, under which everything is within."""
    return a_file(folder, a_policy(impact_ratio={"floor": "0.01", "against": "rest"}))


def a_file(folder, policy):
    path = folder / "own.yaml"
    path.write_text(yaml.safe_dump(policy.document()), "utf-8")
    return path


def test_limits_of_ones_own_lift_nothing_but_what_they_find_counts(shop, tmp_path):
    applies(shop)
    bias(shop.ws, Asked((EVEN,)), lenient(tmp_path))
    assert said(shop, EVEN) == "audit-missing"
    audits(shop)
    bias(shop.ws, Asked((GOLD,)), lenient(tmp_path))
    assert (finding(shop).state(NOW), reads(shop)) == ("open", 0)
    audits(shop, EVEN)
    strict = a_policy(impact_ratio={"floor": "0.999", "against": "rest"}, reads="census")
    shop.held(EVEN, 0.5, 0.6)
    bias(shop.ws, Asked((EVEN,)), a_file(tmp_path, strict))
    assert said(shop, EVEN) == "audit-breach"


def test_a_file_that_is_the_policy_in_force_is_the_policy_in_force(shop, tmp_path):
    applies(shop)
    bias(shop.ws, Asked((EVEN,)), a_file(tmp_path, a_policy(audits=[a_duty()])))
    assert said(shop, EVEN) == ""


def test_an_audit_counts_when_it_is_of_today_and_by_all_that_the_policy_names(shop):
    shop.has("city", ["Bonn"] * len(shop.who), class_id=3)
    applies(shop, attributes=["gender", "city"])
    audits(shop, EVEN, by=("gender",))
    audits(shop, EVEN, by=("gender", "city"), at=NOW - DAY // 2)
    assert said(shop, EVEN) == "audit-missing"
    audits(shop, EVEN, by=("city", "gender"))
    assert said(shop, EVEN) == ""


def test_an_audit_of_the_past_resolves_nothing(shop):
    applies(shop)
    shop.held(EVEN, 0.2, 0.6)
    audits(shop, EVEN)
    (made,) = audits(shop, EVEN, at=NOW - DAY // 2)
    assert (made.status, finding(shop).state(NOW)) == ("within", "open")


def test_an_audit_is_of_the_version_that_it_looked_at(shop):
    applies(shop)
    audits(shop, EVEN)
    change(shop, EVEN, version=2)
    assert (reads(shop, EVEN), said(shop, EVEN)) == (0, "audit-missing")


def test_audits_judge_by_the_policy_in_force_unless_a_file_names_another(shop, tmp_path):
    applies(shop, key="mine")
    made = [audits(shop, EVEN)[0], leak(shop.ws, "gender", [EVEN])]
    keys = {one.document["identity"]["policy"]["key"] for one in made}
    (other,) = bias(shop.ws, Asked((EVEN,)), lenient(tmp_path))
    assert (keys, other.document["identity"]["policy"]["key"]) == ({"mine"}, "default")


def test_by_default_an_audit_compares_by_what_the_policy_names(shop):
    applies(shop)
    (made,) = audits(shop, by=())
    assert made.document["comparisons"][0]["attributes"] == ["gender"]


# --- who may say what -----------------------------------------------------------------------


def test_a_stricter_policy_counts_at_once_and_another_one_waits(shop):
    assert applies(shop).what == "in_force"
    assert applies(shop).what == "unchanged"
    tight = {"floor": "0.9", "against": "rest"}
    assert code_of(lambda: applies(shop, impact_ratio=tight)) == "policy-not-newer"
    assert applies(shop, version=2, impact_ratio=tight).what == "in_force"
    done = applies(shop, version=3)
    assert (done.what, done.laxer) == ("proposed", ("impact_ratio.floor",))
    with shop.read() as connection:
        assert fairness.in_force(connection).version == 2


@pytest.mark.parametrize(
    ("duty", "what"),
    [
        (a_duty(within="60d"), "in_force"),
        (a_duty(within="2160h"), "in_force"),
        (a_duty(within="91d"), "proposed"),
        (a_duty(breach="warn"), "proposed"),
        (a_duty(overdue="warn"), "proposed"),
        (a_duty(tags={"having": ["burden"]}), "proposed"),
    ],
)
def test_whoever_asks_for_less_needs_a_second_operator(shop, duty, what):
    applies(shop)
    assert applies(shop, duty, version=2).what == what


def test_another_duty_beside_the_old_one_is_stricter(shop):
    applies(shop)
    assert applies(shop, a_duty(), a_duty(tags={}), version=2).what == "in_force"
    assert applies(shop, a_duty(), version=3).laxer == ("audits",)


def test_what_an_attribute_is_called_is_no_limit(shop):
    applies(shop)
    named = {"names": {"gender": {"en": "sex", "zh": "性别"}}}
    assert applies(shop, version=2, **named).what == "in_force"


def test_fewer_attributes_or_other_numbers_are_not_stricter(shop):
    applies(shop, attributes=["gender", "age"])
    assert applies(shop, version=2).laxer == ("attributes",)
    more = {"attributes": ["gender", "age", "city"], "version": 2}
    assert applies(shop, **more).what == "in_force"
    odd = more | {"version": 3, "n_min": 500, "release": {"k": 5}}
    assert applies(shop, **odd).laxer == ("n_min", "release.k")


def test_a_proposal_counts_when_another_operator_approves_its_digest(shop):
    applies(shop)
    one = applies(shop, a_duty(overdue="warn"), version=2).version
    assert said(shop) == "audit-missing"
    assert code_of(lambda: fairness.approve(shop.ws, one.digest)) == "own-change"
    approve = as_reviewer
    assert approve(shop.ws, lambda: code_of(lambda: fairness.approve(shop.ws, "0" * 64))) == (
        "other-digest"
    )
    approve(shop.ws, lambda: fairness.approve(shop.ws, one.digest[:12]))
    assert reads(shop) > 0
    assert code_of(lambda: fairness.approve(shop.ws, one.digest)) == "no-proposal"
    assert [entry.act for entry in acts(shop)][-1] == "fairness.approved"


def test_who_wrote_the_tag_made_the_report_or_answers_for_it_gives_no_waiver(shop):
    audits(shop)
    name = finding(shop).name
    give = {"reason": "genuine-need", "until": UNTIL}
    mine = lambda **more: waiving.waive(shop.ws, name, **({"owner": "team"} | give | more))  # noqa: E731
    assert code_of(mine) == "own-finding"
    change(shop, author=REVIEWER.ref)
    assert as_reviewer(shop.ws, lambda: code_of(mine)) == "own-finding"
    change(shop, author="")
    own = {"owner": REVIEWER.name.upper()}
    assert as_reviewer(shop.ws, lambda: code_of(lambda: mine(**own))) == "own-finding"
    authority.add(shop.ws, "growth-team", ["dpo"])
    shop.ws.actor = Actor("growth-team")
    assert code_of(mine) == "own-finding"
    shop.ws.actor = OFFICER
    assert as_reviewer(shop.ws, lambda: code_of(mine)) == ""


def test_a_policy_may_say_how_long_a_finding_is_lived_with_at_once(shop):
    applies(shop, a_duty(), waivers={"longest": "20d"})
    audits(shop)
    assert code_of(lambda: waives(shop, until=UNTIL + 1)) == "waiver-incomplete"
    waives(shop, until=UNTIL)
    assert applies(shop, version=2).laxer == ("waivers",)
    assert applies(shop, version=2, waivers={"longest": "481h"}).laxer == ("waivers",)
    assert applies(shop, version=2, waivers={"longest": "479h"}).what == "in_force"


@pytest.mark.parametrize(
    "wrong",
    [
        {"reason": "because"},
        {"until": NOW},
        {"owner": "jane.doe@shop.example"},
        {"owner": ""},
        {"note": "x" * 4001},
    ],
)
def test_a_waiver_without_owner_reason_or_end_is_refused(shop, wrong):
    audits(shop)
    assert code_of(lambda: waives(shop, **wrong)) == "waiver-incomplete"


def test_the_log_has_codes_and_the_store_has_the_words(shop):
    audits(shop)
    waives(shop, note="The board has looked at it.")
    entry = acts(shop)[-1]
    assert entry.act == "waiver.given"
    assert (entry.facts["reason"], entry.facts["until"]) == (
        "genuine-need",
        "2024-10-24T00:00:00Z",
    )
    assert "board" not in str(entry)
    assert "growth-team" not in str(entry)
    assert finding(shop).waiver.note == "The board has looked at it."
    audited = next(one for one in acts(shop) if one.act == "audit.bias")
    assert (audited.facts["findings"], audited.facts["resolved"]) == (1, 0)


@pytest.mark.parametrize("table", ["fairness", "auditfinding", "auditwaiver"])
def test_what_was_said_is_never_changed(shop, table):
    applies(shop)
    audits(shop)
    waives(shop)
    for verb in (f"UPDATE {table} SET id = id", f"DELETE FROM {table}"):
        with pytest.raises(IntegrityError, match="append-only"), shop.store.write() as unit:
            unit.connection.exec_driver_sql(verb)


# --- who sees what --------------------------------------------------------------------------


def test_a_stopped_tag_is_not_resumed_by_hand(shop):
    applies(shop)
    assert code_of(lambda: lifecycle.resume(shop.ws, GOLD)) == "tag-state"


def test_the_size_of_an_audience_of_a_stopped_tag_is_refused_and_costs_nothing(shop):
    applies(shop)
    asked = lambda: audience.size(shop.ws, GOLD, PURPOSE)  # noqa: E731
    assert code_of(asked) == "audience-stopped"
    audits(shop, EVEN)
    even = lambda: audience.size(shop.ws, EVEN, PURPOSE)  # noqa: E731
    assert code_of(even) == "budget-missing"


@pytest.fixture
def store(tmp_path):
    """A shop with events, a tag and one that rests on it; every tag must be audited, and none is."""
    ws = a_workspace(tmp_path / "ws", clock=FixedClock(Micros(NOW)))
    found = Store(ws, tmp_path)
    found.admit("ann")
    found.tags(interest__tea="orders(days => 30) >= 2", interest__both="tag('interest.tea')")
    found.buys("ann", 1, 2)
    run_all(ws)
    assert found.having("interest.both") == {"ann"}
    fairness.apply(ws, a_policy(audits=[a_duty(tags={"dimension": ["interest"]})]))
    yield found
    ws.close()


def lifted(store):
    policy = a_policy(version=2, audits=[a_duty(tags={"dimension": ["credit"]})])
    one = fairness.apply(store.ws, policy).version
    as_reviewer(store.ws, lambda: fairness.approve(store.ws, one.digest))


def test_a_run_computes_a_stopped_tag_and_tells_nobody_of_it(store):
    store.admit("bob")
    store.buys("bob", 1, 2)
    report = run_all(store.ws).to_dict()
    told = report["tags"]["interest.tea"]
    assert (told["tagged"], told["values"], told["opened"]) == (None, {}, None)
    assert (told["audit"], told["stopped"], report["opened"]) == ("audit-missing", True, 0)
    assert any("stopped, shown to nobody" in line for line in report_lines(report))
    assert store.having("interest.tea") == set()
    lifted(store)
    assert store.having("interest.tea") == {"ann", "bob"}


def test_an_event_tells_nothing_of_a_stopped_tag_also_to_a_door_that_was_open_before(store):
    lifted(store)
    store.admit("bob", "eve")
    bob = store.people["bob"]
    with live(store.ws) as door:
        event = {"event_type": "purchase", "quantity": 10_000, "amount": 10_000}
        fairness.apply(
            store.ws,
            a_policy(version=3, audits=[a_duty(tags={"dimension": ["credit"]}), a_duty(tags={})]),
        )
        for number in (1, 2):
            said_ = door.record(bob, event | {"ts": NOW - number, "session": str(number)})
            assert said_ == []
    assert store.having("interest.tea") == set()


@pytest.mark.parametrize("stopped", [True, False])
def test_a_contest_tells_nothing_of_a_stopped_tag(store, stopped):
    if not stopped:
        lifted(store)
    told = correcting.contest(store.ws, store.people["ann"], "interest.tea").tags
    lost = [] if stopped else [("interest.both", False)]
    assert [(change.key, change.gained) for change in told] == lost


def test_nobody_is_given_a_stopped_tag_and_the_reason_is_told(store):
    who = store.people["ann"]
    (one,) = explain(store.ws, who, ["interest.tea"], depth="subject")
    assert (one.has, one.stopped, one.facts) == (False, "audit-missing", {})
    told = {language: render(one, "officer", language) for language in ("en", "zh")}
    assert any("policy of audits" in line for line in told["en"])
    assert any("审计政策" in line for line in told["zh"])
    assert not any("behaviour was read" in line for line in told["en"])
    with store.ws.store.read() as connection:
        assert held_by(connection, who, catalogue.active(connection), NOW) == {}


def checks(shop):
    return {
        c.code: c for c in doctor.examine(shop.ws) if c.code in ("audits", "unaudited", "findings")
    }


def test_the_doctor_says_what_is_due_what_is_open_and_what_ends(shop):
    found = checks(shop)
    assert GOLD in found["unaudited"].what
    assert PLAIN not in found["unaudited"].what
    assert (found["audits"].result, found["findings"].result) == ("ok", "ok")
    applies(shop)
    assert "offer.gold (audit-missing, stopped)" in checks(shop)["audits"].what
    audits(shop, GOLD, EVEN)
    found = checks(shop)
    assert (found["unaudited"].result, found["findings"].result) == ("ok", "warn")
    assert finding(shop).name in found["findings"].what
    for name in {f.name for f in open_findings(shop)}:
        as_reviewer(
            shop.ws,
            lambda name=name: waiving.waive(
                shop.ws, name, owner="team", reason="genuine-need", until=NOW + 15 * DAY
            ),
        )
    assert checks(shop)["findings"].result == "ok"
    shop.later(DAY)
    assert "end within 14 days" in checks(shop)["findings"].what
    applies(shop, a_duty(breach="warn"), version=2)
    assert "version 2 of their policy waits" in checks(shop)["findings"].what
    assert checks(shop)["audits"].result == "ok"


def open_findings(shop):
    with shop.read() as connection:
        return [f for f in findings.findings(connection) if not f.resolved]


def test_reports_are_still_read_while_the_tag_is_stopped(shop):
    applies(shop)
    (made,) = audits(shop)
    assert kept.given(shop.ws, GOLD) == made
