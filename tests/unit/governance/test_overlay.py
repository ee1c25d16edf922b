# SPDX-License-Identifier: Apache-2.0
"""Who may change the law of a workspace, from when on it counts, and what it changes."""

import json

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from audit.clock import DAY, FixedClock, Micros
from audit.errors import BadInput
from governance import authority, catalogue, overlay
from governance.actor import Actor
from governance.changing import applying, review
from governance.intake import profiles
from governance.law import law_over
from governance.running.run import run_all
from policies.law import shipped
from tests.intake import a_map
from tests.unit.governance.test_changing import entries, planned, write
from tests.unit.governance.test_run import FAN, NOW, Store, live
from tests.workshop import (
    OFFICER,
    REVIEWER,
    a_workspace,
    applied,
    as_reviewer,
    code_of,
    reopened,
)

OVERLAY = """
apiVersion: tagwarden/pack/v1
kind: PolicyOverlay
extends: {regime}
key: {key}
{parts}
"""
REASON = "reason: our counsel has looked at this case"
MARRIED = "sets: {special_category: [user.demographic.marital_status]}"


def rule(verdict, purpose="first_party_recommendation", number=1):
    return f"""
rules:
  - id: OWN-{number}
    provenance: operator
    cites: [House rule {number}]
    when: {{purpose: {purpose}}}
    then:
      verdict: {verdict}
      why: {{en: House rule., zh: 本店规则。}}
"""


FORBIDS = rule("prohibited")
PERMITS = REASON + rule("allowed", "cross_context_advertising")


@pytest.fixture
def shop(tmp_path):
    ws = a_workspace(tmp_path / "ws", clock=FixedClock(Micros(NOW)))
    authority.add(ws, REVIEWER.name, ["dpo"])
    yield Store(ws, tmp_path)
    ws.close()


def law_of(shop):
    with shop.ws.store.read() as connection:
        return law_over(connection)


def written(shop, *parts, key="house", regime="gdpr"):
    path = shop.folder / f"{key}.yaml"
    path.write_text(OVERLAY.format(key=key, regime=regime, parts="\n".join(parts)), "utf-8")
    return path


def apply(shop, *parts, **named):
    (done,) = overlay.apply(shop.ws, [written(shop, *parts, **named)])
    return done


def approve(shop, done):
    return as_reviewer(shop.ws, lambda: overlay.approve(shop.ws, done.key, done.digest[:12]))


def own_rules(shop):
    """The rules of operators that count, in their order."""
    packs = law_of(shop).packs.values()
    return [rule.id for pack in packs for rule in pack.rules if rule.provenance == "operator"]


def log(shop):
    """What the evidence log says about overlays and denials: act, facts, who."""
    said = [json.loads(entry) for entry in entries(shop.ws)]
    return [
        (one["act"], one["obj"].get("overlay") or one["obj"].get("what"), one["actor"])
        for one in said
        if one["act"].startswith("overlay.") or one["act"] == "denied"
    ]


# --- who may change the law -------------------------------------------------------------------


def test_a_tagger_does_not_change_the_law_and_the_attempt_is_logged(shop):
    authority.add(shop.ws, "colleague", ["tagger"])
    shop.ws.actor = Actor("colleague")
    for act in (
        lambda: apply(shop, FORBIDS),
        lambda: overlay.approve(shop.ws, "house", "0" * 12),
        lambda: overlay.withdraw(shop.ws, ["house"]),
    ):
        assert code_of(act) == "not-permitted"
    assert law_of(shop) is shipped()
    ref = Actor("colleague").ref
    wanted = ("policy.apply", "policy.approve", "policy.withdraw")
    assert log(shop) == [("denied", act, ref) for act in wanted]


def test_a_file_in_the_workspace_changes_nothing(shop):
    folder = shop.ws.paths.root / "policies"
    folder.mkdir()
    (folder / "own.yaml").write_text(written(shop, FORBIDS).read_text("utf-8"), "utf-8")
    assert law_of(shop) is shipped()


def test_what_can_only_be_stricter_counts_at_once(shop):
    assert apply(shop, FORBIDS).what == "in_force"
    assert own_rules(shop) == ["OWN-1"]
    assert apply(shop, FORBIDS).what == "unchanged"
    assert log(shop) == [("overlay.applied", "house", OFFICER.ref)]


def test_what_may_be_laxer_waits_until_another_operator_has_approved_it(shop):
    done = apply(shop, PERMITS)
    assert done.what == "proposed"
    assert apply(shop, PERMITS).what == "unchanged"
    assert law_of(shop) is shipped()
    assert code_of(lambda: overlay.approve(shop.ws, "house", done.digest)) == "own-change"
    assert law_of(shop) is shipped()
    assert approve(shop, done).by == REVIEWER.ref
    assert own_rules(shop) == ["OWN-1"]
    assert log(shop) == [
        ("overlay.proposed", "house", OFFICER.ref),
        ("overlay.approved", "house", REVIEWER.ref),
    ]
    last = json.loads(entries(shop.ws)[-1])
    assert last["obj"]["proposed_by"] == OFFICER.ref
    assert last["obj"]["digest"] == done.digest


@pytest.mark.parametrize("prefix", ["", "0" * 12, "short"])
def test_an_approval_of_another_digest_is_refused(shop, prefix):
    done = apply(shop, PERMITS)
    given = done.digest[:7] if prefix == "short" else prefix
    refused = as_reviewer(
        shop.ws, lambda: code_of(lambda: overlay.approve(shop.ws, "house", given))
    )
    assert refused == "other-digest"
    assert law_of(shop) is shipped()


def test_a_proposal_that_was_changed_is_not_the_one_that_was_read(shop):
    read = apply(shop, PERMITS)
    changed = apply(shop, REASON, rule("allowed", "analytics"))
    assert code_of(lambda: approve(shop, read)) == "other-digest"
    approve(shop, changed)
    assert code_of(lambda: approve(shop, changed)) == "unknown-overlay"


def test_a_proposal_leaves_in_force_what_it_would_replace(shop):
    apply(shop, FORBIDS)
    apply(shop, REASON, rule("prohibited", number=2))
    assert own_rules(shop) == ["OWN-1"]


# --- what cannot be undone unseen -------------------------------------------------------------


def test_a_withdrawal_takes_a_proposal_first_and_then_what_is_in_force(shop):
    apply(shop, FORBIDS)
    apply(shop, PERMITS)
    assert [one.state for one in overlay.withdraw(shop.ws, ["house"])] == ["dropped"]
    assert own_rules(shop) == ["OWN-1"]
    assert [one.state for one in overlay.withdraw(shop.ws, ["house"])] == ["withdrawn"]
    assert law_of(shop) is shipped()
    assert code_of(lambda: overlay.withdraw(shop.ws, ["house"])) == "unknown-overlay"
    assert [act for act, _, _ in log(shop)] == [
        "overlay.applied",
        "overlay.proposed",
        "overlay.withdrawn",
        "overlay.withdrawn",
    ]


def test_what_was_said_about_the_law_stays_as_it_was_said(shop):
    apply(shop, FORBIDS)
    for change in ("UPDATE overlay SET state = 'withdrawn'", "DELETE FROM overlay"):
        with pytest.raises(IntegrityError), shop.ws.store.write() as unit:
            unit.connection.execute(text(change))
    assert own_rules(shop) == ["OWN-1"]


def test_every_problem_is_told_with_its_place_and_nothing_is_applied(shop):
    good = written(shop, FORBIDS)
    bad = written(shop, rule("prohibited", number=2).replace("operator", "verified"), key="bad")
    worse = written(shop, "tables: {digital_aeg: {AT: 15}}", key="worse")
    with pytest.raises(BadInput) as caught:
        overlay.apply(shop.ws, [good, bad, worse])
    found = [(problem.file, problem.line) for problem in caught.value.problems]
    assert found == [("bad.yaml", 9), ("worse.yaml", 6)]
    assert law_of(shop) is shipped()


def test_nothing_rests_on_what_is_not_in_force(shop):
    basis = written(shop, REASON, "sets: {house_set: [user.financial]}", key="basis")
    mark = "sensitivity: [{id: OWN-S, provenance: operator, cites: [House], when: {reveals: house_set}}]"
    above = written(shop, mark, key="above")
    assert code_of(lambda: overlay.apply(shop.ws, [basis, above])) == "bad-overlay"
    approve(shop, overlay.apply(shop.ws, [basis])[0])
    overlay.apply(shop.ws, [above])
    assert code_of(lambda: overlay.withdraw(shop.ws, ["basis"])) == "bad-overlay"
    overlay.withdraw(shop.ws, ["basis", "above"])
    assert law_of(shop) is shipped()


# --- what it changes --------------------------------------------------------------------------


def test_a_tag_that_became_unlawful_is_read_by_nobody_and_not_computed_again(shop):
    shop.admit("ann")
    shop.buys("ann", 3, 2, 1)
    shop.tags(**FAN)
    run_all(shop.ws)
    assert shop.having("interest.tea") == {"ann"}
    apply(shop, FORBIDS)
    assert shop.having("interest.tea") == set()
    run_all(shop.ws)
    assert [(row[3], row[5]) for row in shop.rows()] == [(NOW, "gate")]
    overlay.withdraw(shop.ws, ["house"])
    run_all(shop.ws)
    assert shop.having("interest.tea") == {"ann"}


def test_a_process_that_lives_long_sees_the_law_that_another_one_changed(shop):
    shop.admit("ann")
    shop.tags(**FAN)
    event = {"event_type": "purchase", "category": "tea", "amount": 1, "quantity": 1}
    with live(shop.ws) as door:
        for number in (1, 2, 3):
            here = {**event, "ts": NOW - number * DAY, "session": str(number)}
            changes = door.record(shop.people["ann"], here)
        assert [change.gained for change in changes] == [True]
        other = reopened(shop.ws.paths.root, clock=shop.ws.clock)
        overlay.apply(other, [written(shop, FORBIDS)])
        other.close()
        changes = door.record(shop.people["ann"], {**event, "ts": NOW, "session": "4"})
        assert [change.gained for change in changes] == [False]


def test_a_plan_made_under_another_law_is_planned_again(shop):
    plan = planned(shop, write(shop, **FAN))
    name = review.submit(shop.ws, plan).name
    as_reviewer(shop.ws, lambda: review.approve(shop.ws, name))
    done = apply(shop, REASON, rule("needs_consent"))
    approve(shop, done)
    assert code_of(lambda: applying.apply(shop.ws, plan)) == "plan-stale"
    overlay.withdraw(shop.ws, ["house"])
    applying.apply(shop.ws, plan)


def test_the_same_rules_with_a_reason_are_another_law(shop):
    apply(shop, FORBIDS)
    plan = planned(shop, write(shop, **FAN))
    approve(shop, apply(shop, REASON, FORBIDS))
    assert code_of(lambda: review.submit(shop.ws, plan, draft=True)) == "plan-stale"


def findings(shop, **parts):
    path = write(shop, edit=lambda said: replaced(said, parts), **FAN)
    return [(item.code, item.cites) for item in catalogue.findings(shop.ws, [path]).findings]


def replaced(said, parts):
    lines = [f"{name}: {value}" for name, value in parts.items()]
    kept = [line for line in said.splitlines() if line.split(":")[0] not in parts]
    return "\n".join([*kept, *lines])


def test_lints_in_a_workspace_see_the_overlay(shop):
    sources = "[user.behavior.purchase_history, user.demographic.marital_status]"
    before = findings(shop, sources=sources)
    assert {code for code, _ in before}.isdisjoint(
        {"basis-impossible", "sensitive-source-not-asserted"}
    )
    apply(shop, FORBIDS, MARRIED)
    after = dict(findings(shop, sources=sources))
    assert "House rule 1" in after["basis-impossible"]
    assert "sensitive-source-not-asserted" in after


def test_a_plan_in_a_workspace_sees_the_overlay(shop):
    apply(shop, FORBIDS)
    (item,) = planned(shop, write(shop, **FAN)).items
    assert "basis-impossible" in {finding.code for finding in item.findings}


def test_an_attribute_is_as_sensitive_as_the_overlay_says(shop):
    attributes = {"status": {"column": "status", "category": "user.demographic.marital_status"}}
    mapping = a_map("ProfileMap", attributes=attributes)
    profiles.check_categories(mapping, law_of(shop))
    apply(shop, MARRIED)
    with pytest.raises(BadInput) as caught:
        profiles.ingest(shop.ws, [], mapping)
    assert [problem.code for problem in caught.value.problems] == ["class-too-low"]


def test_the_law_of_a_moment_is_that_of_the_snapshot(shop):
    with shop.ws.store.read() as connection:
        before = law_over(connection)
        apply(shop, FORBIDS)
        assert law_over(connection) is before
    assert law_of(shop) is not before


def test_what_an_input_brings_is_judged_by_the_law_with_its_overlays(shop):
    rules = {**FAN, "interest.host": "tag('interest.tea') and orders() > 1"}
    applied(shop.ws, write(shop, **rules))

    def edit(document):
        stated = "asserts: [user.demographic.marital_status]"
        return document.replace("asserts: [user.demographic.profile]", stated)

    def again():
        return planned(shop, write(shop, edit=edit, **FAN)).reviewed_again

    assert again() == ()
    apply(shop, MARRIED)
    assert again() == ("interest.host",)


def test_the_doctor_tells_of_proposals_that_wait(shop):
    from governance.doctor import examine

    def law():
        (found,) = [check for check in examine(shop.ws) if check.code == "law"]
        return found.result, found.what

    assert law() == ("ok", "the packs of this version, with 0 overlays in force")
    done = apply(shop, PERMITS)
    assert law() == ("warn", "overlays of the law that nobody approved yet: house")
    approve(shop, done)
    assert law() == ("ok", "the packs of this version, with 1 overlays in force")
