# SPDX-License-Identifier: Apache-2.0
"""What an audit of consent counts: worlds in which it is known what was done against whose word."""

from collections import Counter

import pytest

from audit.clock import DAY, HOUR, SECOND, Micros
from audit.consent.findings import findings
from audit.consent.policy import ConsentPolicy
from governance.auditing import consenting
from governance.auditing.consenting import Period
from governance.auditing.limits import consents
from tests.consenting import MONTH, OFFERS, SHARING, House, at, effect
from tests.shop import NOW, a_tag


@pytest.fixture(scope="module")
def _house():
    opened = House()
    yield opened
    opened.close()


@pytest.fixture
def house(_house):
    _house.again()
    return _house


def breaches(facts):
    return [(one.code, one.count) for one in findings(facts) if one.severity == "breach"]


def limits(**changes):
    """The policy to start from, with changes."""
    return consents(None).model_copy(update=changes)


def found(facts, code):
    return [one for one in findings(facts) if one.code == code]


# --- tags without a basis -------------------------------------------------------------------


def test_whoever_agreed_before_a_tag_was_computed_is_no_finding(house):
    house.people({1: ("gdpr", "18+"), 2: ("pipl_cn", "18+")})
    tv = house.offers()
    for who in (1, 2):
        house.says(who, ago=20, notice="v1")
    house.assigned(tv, 1, 2, ago=10)
    facts = house.audit()
    assert findings(facts) == []
    assert (facts.people, facts.assignments) == (2, 2)


@pytest.mark.law("GDPR-7-1")
def test_a_tag_put_on_somebody_behind_the_gate_is_found(house):
    house.people(dict.fromkeys(range(1, 6), ("gdpr", "18+")))
    tv = house.offers()
    house.says(1, ago=20)
    house.assigned(tv, 1, 2, 3, ago=10)
    facts = house.audit()
    assert breaches(facts) == [("computed-without-basis", 2)]
    (one,) = facts.unfounded
    assert (one.tag, one.how, one.reason) == ("interest.flowers", "computed", "no-consent")


@pytest.mark.law("GDPR-7-1")
def test_somebody_in_the_set_of_a_tag_without_an_assignment_is_found(house):
    """An audience is read from sets: nobody needs a row to be in one."""
    house.people(dict.fromkeys(range(1, 6), ("gdpr", "18+")))
    tv = house.offers()
    house.says(1, ago=20)
    house.says(3, "refused", ago=20)
    house.assigned(tv, 1, ago=10)
    house.inside(tv, 1, 3)
    assert (house.audit().assignments, breaches(house.audit())) == (
        2,
        [("kept-without-basis", 1)],
    )
    (one,) = house.audit().unfounded
    assert (one.tag, one.version, one.reason) == ("interest.flowers", 1, "consent-refused")
    house.says(3, ago=5)  # permitted now, whoever put them there
    house.assigned(tv, 2, ago=10, until=9)  # ended, and still in the set
    house.inside(tv, 2)
    assert breaches(house.audit()) == [("computed-without-basis", 1), ("kept-without-basis", 1)]
    early = Period(MONTH.start, Micros(MONTH.end - DAY))
    assert breaches(house.audit(early)) == [("computed-without-basis", 1)]  # sets tell of now


def test_the_set_of_a_tag_that_nobody_reads_is_no_finding(house):
    house.people(dict.fromkeys(range(1, 6), ("gdpr", "18+")))
    tv = house.offers()
    house.inside(tv, 1, 2)
    house.sql("UPDATE definition SET state = 'superseded'")
    assert breaches(house.audit()) == []


def test_every_ground_that_was_missing_is_named(house):
    house.people(
        {
            1: ("gdpr", "18+"),
            2: ("gdpr", "18+"),
            3: ("gdpr", "18+"),
            4: ("gdpr", "18+"),
            5: ("pipl_cn", "18+"),
            6: ("lgpd", "18+"),
            7: ("gdpr", "18+"),
            8: ("gdpr", "18+"),
        }
    )
    tv = house.offers(purposes=[OFFERS])
    for who in (3, 4, 7, 8):
        house.says(who, ago=25)
    house.says(1, "refused", ago=25)
    house.says(2, ago=25, expires_at=at(20))
    house.chooses(3, "restrict", ago=24)
    house.chooses(4, "object", OFFERS, ago=24)
    house.chooses(7, "block-tag", "interest.flowers", ago=24)
    house.chooses(8, "depersonalise", ago=24)
    house.assigned(tv, *range(1, 9), ago=10)
    reasons = {one.reason: one.assignments for one in house.audit().unfounded}
    assert reasons == dict.fromkeys(
        (
            "consent-refused",
            "consent-expired",
            "restricted",
            "objected",
            "no-consent",
            "gap",
            "tag-blocked",
            "personalisation-off",
        ),
        1,
    )


def test_what_was_not_on_record_yet_could_not_be_obeyed(house):
    """A no on paper of day 12 comes in on day 5: the tag of day 10 is no breach, and the wait is told."""
    house.people({1: ("gdpr", "18+")})
    tv = house.offers()
    house.says(1, ago=20, notice="v1")
    house.assigned(tv, 1, ago=10, until=5)
    house.says(1, "withdrawn", kind="", ago=12, recorded=5)
    facts = house.audit()
    assert breaches(facts) == []
    assert effect(facts, "withdrawn").recorded.longest == 7 * DAY


def test_a_yes_that_came_on_record_afterwards_permitted_nothing_before(house):
    house.people({1: ("gdpr", "18+")})
    tv = house.offers()
    house.says(1, ago=20, recorded=5)
    house.assigned(tv, 1, ago=10)
    assert breaches(house.audit()) == [("computed-without-basis", 1)]


def test_a_no_during_the_run_counts_when_the_run_ends(house):
    """Taken out by the run itself in the product; a run that does not is found."""
    house.people({1: ("gdpr", "18+")})
    tv = house.offers()
    house.says(1, ago=20)
    house.says(1, "withdrawn", kind="", ago=10 - 0.5 / 24)
    house.assigned(tv, 1, ago=10)
    assert breaches(house.audit())[0] == ("computed-without-basis", 1)


def test_a_yes_that_an_older_no_reaches_late_still_stands(house):
    house.people({1: ("gdpr", "18+")})
    tv = house.offers()
    house.says(1, ago=20, notice="v1")
    house.says(1, "withdrawn", kind="", ago=25, recorded=15)
    house.assigned(tv, 1, ago=10)
    facts = house.audit()
    assert findings(facts) == []
    assert effect(facts, "withdrawn").rested == 0


def test_an_explicit_consent_is_no_separate_one(house):
    house.people({1: ("pipl_cn", "18+"), 2: ("pipl_cn", "18+")})
    tv = house.offers(asserts=["x.health.reproductive"])
    house.says(1, ago=20, kind="separate")
    house.says(2, ago=20, kind="explicit")
    house.assigned(tv, 1, 2, ago=10)
    assert [one.assignments for one in house.audit().unfounded] == [1]


def test_what_began_and_ended_at_once_was_never_there(house):
    house.people({1: ("gdpr", "18+")})
    tv = house.offers()
    house.assigned(tv, 1, ago=10, until=10)
    assert house.audit().unfounded == ()


def test_a_choice_at_the_instant_of_a_run_cannot_have_been_known(house):
    """Where the clock stands still, as in a demonstration, a run and a choice share one instant."""
    house.people({1: ("gdpr", "18+")})
    tv = house.offers()
    house.says(1, ago=20)
    house.assigned(tv, 1, ago=10, run="live")
    house.chooses(1, "depersonalise", ago=10)
    assert house.audit().unfounded == ()


def test_only_the_period_is_judged(house):
    house.people({1: ("gdpr", "18+")})
    house.assigned(house.offers(), 1, ago=40, until=31)
    assert house.audit().unfounded == ()
    assert house.audit(Period(at(50), at(35))).unfounded[0].assignments == 1
    assert house.audit(Period(at(40), at(35))).unfounded[0].assignments == 1


def test_a_run_that_did_not_end_shows_nothing_to_anybody(house):
    house.people({1: ("gdpr", "18+")})
    house.assigned(house.offers(), 1, ago=10)
    house.sql("UPDATE run SET state = 'running' WHERE mode = 'all' AND finished_at IS NOT NULL")
    assert house.audit().assignments == 0


def test_a_run_over_everybody_that_keeps_a_tag_is_as_one_that_makes_it(house):
    house.people({1: ("gdpr", "18+"), 2: ("gdpr", "18+")})
    tv = house.offers()
    house.says(1, ago=50, expires_at=at(20))
    house.says(2, ago=50)
    house.assigned(tv, 1, 2, ago=40)
    assert house.audit().unfounded == ()
    house.ran(5)
    assert breaches(house.audit()) == [("kept-without-basis", 1)]
    assert house.audit().unfounded[0].reason == "consent-expired"


def test_a_tag_that_a_run_kept_is_found_though_a_later_yes_permits_it_again(house):
    house.people({1: ("gdpr", "18+"), 2: ("gdpr", "18+")})
    tv = house.offers()
    for who in (1, 2):
        house.says(who, ago=60, expires_at=at(20))
        house.says(who, ago=19 if who == 2 else 10)
    house.assigned(tv, 1, 2, ago=50)
    for ago in (25, 18, 15, 5):
        house.ran(ago)
    facts = house.audit()
    assert [(one.how, one.reason, one.assignments) for one in facts.unfounded] == [
        ("kept", "consent-expired", 1)
    ]
    assert facts.assignments == 2


@pytest.mark.law("GDPR-17-1", "CN-PIPL-47-1")
def test_what_stands_through_the_whole_period_without_a_ground_is_found_though_no_run_came(house):
    house.people(dict.fromkeys(range(1, 7), ("gdpr", "18+")))
    tv = house.offers()
    for who in (2, 3, 4, 5, 6):
        house.says(who, ago=60, expires_at=at(45) if who == 4 else None)
    house.says(2, "withdrawn", kind="", ago=40)
    house.chooses(3, "object", OFFERS, ago=40)
    house.chooses(5, "restrict", ago=40)  # stored, and shown to nobody, like what expired
    house.assigned(tv, *range(1, 7), ago=50)
    facts = house.audit()
    assert [(one.how, one.reason, one.assignments) for one in facts.unfounded] == [
        ("kept", "consent-withdrawn", 1),
        ("kept", "no-consent", 1),
        ("kept", "objected", 1),
    ]
    assert facts.assignments == 6
    house.says(
        1, ago=3
    )  # who agreed since is no finding: nothing is known of what was shown before
    assert len(house.audit().unfounded) == 2
    assert len(house.audit(Period(at(30), at(4))).unfounded) == 3


def test_what_was_lost_in_the_period_is_told_once(house):
    house.people({1: ("gdpr", "18+")})
    tv = house.offers()
    house.says(1, ago=60)
    house.says(1, "withdrawn", kind="", ago=5)
    house.assigned(tv, 1, ago=50)
    assert breaches(house.audit()) == [("stop-standing", 1)]


def test_no_change_of_law_excuses_what_a_person_stopped_under_any_law(house):
    house.people({1: ("gdpr", "18+"), 2: ("gdpr", "18+")})
    tv = house.offers()
    for who in (1, 2):
        house.says(who, ago=60)
    house.chooses(1, "block-tag", "interest.flowers", ago=25)
    house.assigned(tv, 1, 2, ago=20)
    house.chooses(2, "restrict", ago=15)
    house.ran(12)
    house.sql(
        "INSERT INTO overlay (key, digest, document, state, applied_at, applied_by) "
        "VALUES ('x', 'x', '{}', 'withdrawn', ?, 'x')",
        at(10),
    )
    facts = house.audit()
    assert {one.reason for one in facts.unfounded} == {"tag-blocked", "restricted"}
    assert facts.earlier_law == 0


def test_a_tag_that_one_run_kept_and_the_next_one_ended_is_found_too(house):
    house.people({1: ("gdpr", "18+"), 2: ("gdpr", "18+")})
    tv = house.offers()
    for who in (1, 2):
        house.says(who, ago=50, expires_at=at(20))
    house.assigned(tv, 1, ago=40, until=5, by="gate")
    house.assigned(tv, 2, ago=40, until=15, by="gate")
    for ago in (25, 15, 5):
        house.ran(ago)
    assert breaches(house.audit()) == [("kept-without-basis", 1)]


def test_what_cannot_be_judged_is_set_apart_and_told(house):
    house.people({1: ("pipl_cn", "18+"), 2: ("gdpr", "18+")})
    tv = house.offers(basis={"gdpr": "legitimate_interest", "pipl_cn": "consent"})
    house.assigned(tv, 1, ago=20, until=15, by="rule")
    house.assigned(tv, 1, ago=14, until=12, by="regime")
    facts = house.audit()
    assert (facts.unfounded, facts.earlier_regime) == ((), 2)
    house.again()
    house.people({1: ("gdpr", "18+")})
    house.assigned(house.offers(), 1, ago=20)
    house.sql(
        "INSERT INTO overlay (key, digest, document, state, applied_at, applied_by) "
        "VALUES ('x', 'x', '{}', 'withdrawn', ?, 'x')",
        at(10),
    )
    facts = house.audit()
    assert (facts.unfounded, facts.earlier_law) == ((), 1)
    (told,) = found(facts, "earlier-law")
    assert told.severity == "attention"  # nobody can call it clear


def test_a_no_under_another_law_is_set_apart_too(house):
    """Under legitimate interests a withdrawal takes nothing away; it is not late because of the law of today."""
    house.people({1: ("pipl_cn", "18+"), 2: ("gdpr", "18+")})
    tv = house.offers()
    for who in (1, 2):
        house.says(who, ago=20)
        house.says(who, "withdrawn", kind="", ago=10)
    house.assigned(tv, 1, ago=15, until=5, by="regime")
    house.assigned(tv, 2, ago=15, until=4, by="rule")
    assert breaches(house.audit()) == [("stop-late", 1)]
    assert house.audit().earlier_regime == 1
    house.sql(
        "INSERT INTO overlay (key, digest, document, state, applied_at, applied_by) "
        "VALUES ('x', 'x', '{}', 'withdrawn', ?, 'x')",
        at(8),
    )
    facts = house.audit()
    assert (breaches(facts), facts.earlier_law) == ([], 2)


def test_the_parts_in_which_people_are_taken_change_nothing(house, monkeypatch):
    house.people(dict.fromkeys(range(1, 40), ("gdpr", "18+")))
    tv = house.offers()
    for who in range(1, 30):
        house.says(who, ago=20)
    house.assigned(tv, *range(1, 40), ago=10, until=4)
    for who in range(10, 20):
        house.says(who, "withdrawn", kind="", ago=6)
    whole = house.audit()
    assert whole.unfounded[0].assignments == 10
    assert effect(whole, "withdrawn").late == 10
    monkeypatch.setattr(consenting, "PART", 7)
    assert house.audit() == whole


# --- how fast a no takes effect -------------------------------------------------------------


@pytest.mark.law("GDPR-7-3", "CN-PIPL-15")
def test_a_withdrawal_through_the_product_takes_effect_at_once(house):
    house.people({1: ("gdpr", "18+"), 2: ("gdpr", "18+")})
    tv = house.offers()
    for who in (1, 2):
        house.says(who, ago=20, notice="v1")
    house.assigned(tv, 1, 2, ago=10)
    assert house.says(1, "withdrawn", kind="", ago=5) == 1
    facts = house.audit()
    told = effect(facts, "withdrawn")
    assert (told.entries, told.rested, told.ended.longest, told.standing) == (1, 1, 0, 0)
    assert breaches(facts) == []


@pytest.mark.law("GDPR-7-3", "CN-PIPL-15")
def test_a_withdrawal_that_took_effect_late_is_found(house):
    house.people(dict.fromkeys((1, 2, 3), ("gdpr", "18+")))
    tv = house.offers()
    for who in (1, 2, 3):
        house.says(who, ago=20)
        house.says(who, "withdrawn", kind="", ago=5)
    house.assigned(tv, 1, ago=10, until=5)
    house.assigned(tv, 2, ago=10, until=5 - 2 / 24)
    house.assigned(tv, 3, ago=10, until=5 - 30 / 86400)
    facts = house.audit()
    assert breaches(facts) == [("stop-late", 1)]
    told = effect(facts, "withdrawn")
    assert (told.rested, told.ended.longest) == (3, 2 * HOUR)
    assert told.ended.median == 30 * SECOND


@pytest.mark.law("GDPR-7-3", "CN-PIPL-15", "CA-120")
def test_a_no_that_waited_to_be_recorded_while_tags_stood_on_the_yes_is_told(house):
    house.people(dict.fromkeys((1, 2, 3), ("gdpr", "18+")))
    tv = house.offers()
    for who in (1, 2, 3):
        house.says(who, ago=60)
    house.assigned(tv, 1, 2, ago=50)
    for who, said in ((1, 21), (2, 19), (3, 21)):  # nothing stood on what the third took back
        house.says(who, "withdrawn", kind="", ago=said, recorded=5)
    (told,) = found(house.audit(policy=limits(recorded_days=15)), "stop-recorded-late")
    assert (told.severity, told.count) == ("attention", 1)
    assert found(house.audit(policy=limits(recorded_days=16)), "stop-recorded-late") == []
    assert found(house.audit(policy=limits(recorded_days=None)), "stop-recorded-late") == []
    assert breaches(house.audit()) == []


def test_a_tag_that_still_stands_after_a_withdrawal_is_found(house):
    house.people({1: ("gdpr", "18+")})
    tv = house.offers()
    house.says(1, ago=20)
    house.says(1, "withdrawn", kind="", ago=5)
    house.assigned(tv, 1, ago=10)
    assert breaches(house.audit()) == [("stop-standing", 1)]


def test_who_agrees_again_may_keep_what_should_have_ended(house):
    house.people({1: ("gdpr", "18+")})
    tv = house.offers()
    house.says(1, ago=20)
    house.says(1, "withdrawn", kind="", ago=5)
    house.says(1, ago=4)
    house.assigned(tv, 1, ago=10)
    assert effect(house.audit(), "withdrawn").standing == 0


def test_a_no_counts_for_what_it_took_away_only(house):
    """Another purpose carries the tag: the withdrawal took nothing away."""
    house.people({1: ("gdpr", "18+")})
    both = house.offers("interest.both", purposes=[OFFERS, SHARING])
    other = house.offers("interest.other", purposes=[SHARING])
    for purpose in (OFFERS, SHARING):
        house.says(1, ago=20, purpose=purpose)
    house.assigned(both, 1, ago=10)
    house.assigned(other, 1, ago=10)
    house.says(1, "withdrawn", kind="", ago=5)
    facts = house.audit()
    assert effect(facts, "withdrawn").rested == 0
    assert breaches(facts) == []


def test_what_had_no_ground_before_did_not_lose_it_by_a_no(house):
    house.people({1: ("gdpr", "18+")})
    house.assigned(house.offers(), 1, ago=10, until=2)
    house.chooses(1, "object", OFFERS, ago=5)
    facts = house.audit()
    assert effect(facts, "object").rested == 0
    assert breaches(facts) == [("computed-without-basis", 1)]


def test_where_the_clock_stands_still_a_withdrawal_still_finds_what_it_ended(house):
    house.people({1: ("gdpr", "18+")})
    tv = house.offers()
    house.says(1, ago=5)
    house.assigned(tv, 1, ago=5, run="live")
    assert house.says(1, "withdrawn", kind="", ago=5) == 1
    told = effect(house.audit(), "withdrawn")
    assert (told.rested, told.ended.longest) == (1, 0)


def test_two_noes_at_one_instant_are_told_apart(house):
    house.people({1: ("gdpr", "18+")})
    offers = house.offers("interest.offers", purposes=[OFFERS])
    shared = house.offers("interest.shared", purposes=[SHARING])
    for purpose in (OFFERS, SHARING):
        house.says(1, ago=20, purpose=purpose)
    house.assigned(offers, 1, ago=10)
    house.assigned(shared, 1, ago=10)
    house.says(1, "withdrawn", kind="", ago=5)
    house.chooses(1, "object", SHARING, ago=5)
    facts = house.audit()
    assert [effect(facts, stop).rested for stop in ("withdrawn", "object")] == [1, 1]


@pytest.mark.parametrize(
    ("kind", "target"), [("object", OFFERS), ("block-tag", "interest.flowers")]
)
def test_objections_and_blocks_end_tags_at_once_too(house, kind, target):
    house.people({1: ("gdpr", "18+")})
    tv = house.offers()
    house.says(1, ago=20)
    house.assigned(tv, 1, ago=10)
    house.sql("UPDATE assignment SET valid_to = ?", at(4))
    house.chooses(1, kind, target, ago=5)
    assert breaches(house.audit()) == [("stop-late", 1)]


def test_a_choice_that_stops_reads_leaves_rows_until_the_next_run(house):
    house.people({1: ("gdpr", "18+")})
    tv = house.offers()
    house.says(1, ago=20, notice="v1")
    house.assigned(tv, 1, ago=10)
    house.chooses(1, "depersonalise", ago=5)
    facts = house.audit()
    assert breaches(facts) == []
    assert [one.count for one in found(facts, "rows-waiting")] == [1]
    house.ran(2)
    assert breaches(house.audit()) == [("kept-without-basis", 1)]
    house.chooses(1, "depersonalise", ago=1, active=False)
    assert effect(house.audit(), "depersonalise").standing == 0


# --- signals --------------------------------------------------------------------------------


@pytest.mark.law("CA-135-b")
def test_signals_are_counted_and_one_that_was_not_obeyed_is_found(house):
    people = range(1, 7)
    house.people(dict.fromkeys(people, ("ccpa", "18+")))
    shared = a_tag("interest.shared", purposes=[SHARING], basis={"ccpa": "notice"})
    tv = house.tag(shared)
    house.assigned(tv, *people, ago=20, until=8)
    house.chooses(1, "opt-out", ago=10, source="gpc")
    house.chooses(2, "opt-out", ago=10, source="gpc")
    house.chooses(3, "opt-out", ago=10)
    house.chooses(4, "opt-out", ago=10, source="gpc")
    house.chooses(4, "opt-out", ago=9, active=False)
    house.says(3, ago=9, purpose=SHARING, notice="v1")
    facts = house.audit()
    assert breaches(facts) == []
    signals = facts.signals
    assert (signals.signals, signals.asked, signals.taken_back) == (3, 1, 1)
    assert signals.conflicts == 1
    house.assigned(tv, 1, 4, ago=5)
    facts = house.audit()
    assert dict(breaches(facts)) == {"computed-without-basis": 1, "signal-broken": 1}
    assert facts.unfounded[0].reason == "opted-out"


# --- people and purposes --------------------------------------------------------------------


def test_coverage_adds_up_by_purpose_and_law(house):
    house.people(
        dict.fromkeys(range(1, 8), ("gdpr", "18+"))
        | {8: ("ccpa", "18+"), 9: ("pipl_cn", "18+"), 10: ("lgpd", "18+")}
    )
    house.offers(basis={"gdpr": "consent", "ccpa": "notice"})
    house.says(1, ago=20)
    house.says(2, ago=20, expires_at=at(5))
    house.says(3, "refused", ago=20)
    house.says(4, ago=20)
    house.says(4, "withdrawn", kind="", ago=5)
    house.says(5, ago=20)
    house.chooses(5, "object", OFFERS, ago=5)
    house.chooses(7, "restrict", ago=5)
    lines = {one.regime: one for one in house.audit().coverage}
    gdpr = lines["gdpr"]
    parts = ("covered", "expired", "refused", "withdrawn", "stopped", "never")
    assert [getattr(gdpr, part) for part in parts] == [1, 1, 1, 1, 2, 1]
    assert sum(getattr(gdpr, part) for part in parts) == gdpr.people == 7
    assert (lines["ccpa"].needs, lines["ccpa"].covered, lines["ccpa"].bases) == ((), 1, ("notice",))
    assert (lines["pipl_cn"].barred_by, lines["pipl_cn"].people) == ("no-basis-claimed", 1)
    assert house.audit().unplaced == 1
    codes = Counter(one.code for one in findings(house.audit()))
    assert codes["purpose-barred"] == codes["people-unplaced"] == codes["consent-missing"] == 1


def test_tags_out_of_use_ask_nobody_for_anything(house):
    house.people({1: ("gdpr", "18+")})
    house.tag(a_tag(), state="suspended")
    assert house.audit().coverage == ()


def test_consents_that_are_old_or_to_an_older_notice_are_told(house):
    house.people(dict.fromkeys(range(1, 7), ("gdpr", "18+")))
    house.offers()
    house.says(1, ago=800, notice="2024-01")
    house.says(2, ago=20, notice="2024-01")
    house.says(3, ago=20, notice="2024-10")
    house.says(4, ago=20)
    house.says(5, ago=20, notice="2024-10", expires_at=at(10))
    house.says(6, ago=20, notice="2024-10", expires_at=at(10))
    house.says(6, ago=8, notice="2024-10", kind="explicit")
    (stale,) = house.audit().stale
    assert (stale.given, stale.too_old, stale.old_notice, stale.no_notice) == (5, 1, 2, 1)
    assert (stale.expired, stale.notices) == (1, ("2024-10",))


def test_the_policy_says_which_notices_count_and_how_old_a_consent_may_be(house):
    house.people({1: ("gdpr", "18+"), 2: ("gdpr", "18+")})
    house.says(1, ago=20, notice="A")
    house.says(2, ago=10, notice="B")
    base = consents(None).document()
    policy = ConsentPolicy.model_validate(
        base | {"notices": {OFFERS: ["A", "B"]}, "max_age_days": 15}
    )
    (stale,) = house.audit(policy=policy).stale
    assert (stale.old_notice, stale.too_old) == (0, 1)


def test_children_need_their_guardian(house):
    house.people(
        {
            1: ("gdpr", "0-12"),
            2: ("gdpr", "0-12"),
            3: ("gdpr", "0-12"),
            4: ("gdpr", "18+"),
            5: ("gdpr", "unknown"),
        }
    )
    house.offers()
    house.says(1, ago=20, kind="guardian", notice="v1")
    house.says(2, ago=20, notice="v1")
    house.says(4, ago=20, kind="guardian", notice="v1")
    facts = house.audit()
    (minors,) = facts.minors
    assert (minors.band, minors.people, minors.needing) == ("0-12", 3, 3)
    assert (minors.guardian, minors.alone) == (1, 1)
    assert (facts.outgrown, facts.age_unknown) == (1, 1)
    assert {"guardian-missing", "guardian-outgrown"} <= {one.code for one in findings(facts)}


def test_an_empty_workspace_has_nothing_to_find(house):
    facts = house.audit(Period(Micros(0), Micros(NOW)))
    assert findings(facts) == []
    assert facts.people == 0
    assert MONTH.end == NOW
