# SPDX-License-Identifier: Apache-2.0
import pytest

from audit.clock import DAY
from audit.errors import BadInput
from governance import consent
from governance.consent import ConsentFact
from policies.vocabulary import Consent
from tests.shop import NOW, Shop, a_purpose, a_tag

PURPOSE = "first_party_recommendation"
CHINESE = {1: ("pipl_cn", "18+"), 2: ("pipl_cn", "18+")}


@pytest.fixture
def shop():
    opened = Shop()
    opened.purposes(a_purpose(PURPOSE), a_purpose("analytics", personalised=False))
    yield opened
    opened.close()


def said(state="given", kind="ordinary", days=1, who=1, purpose=PURPOSE, **more):
    return ConsentFact(who, purpose, state, kind, NOW - days * DAY, **more)


def record(shop, *facts):
    ended = 0
    for fact in facts:
        with shop.store.write() as unit:
            ended += consent.record(unit, fact, now=NOW)
    return ended


def standing(shop, at=NOW, who=1):
    with shop.read() as connection:
        return consent.state_at(connection, who, PURPOSE, at)


def test_what_was_said_later_holds_even_when_it_arrives_first(shop):
    record(shop, said("withdrawn", days=1), said("given", days=2))
    assert standing(shop).kinds["ordinary"].state == "withdrawn"
    assert shop.members(f"consent:{PURPOSE}:ordinary") == set()


@pytest.mark.law("GDPR-7-3", "CN-PIPL-15")
def test_at_one_instant_a_withdrawal_beats_whatever_the_order(shop):
    record(shop, said("withdrawn"), said("given"))
    record(shop, said("given", who=2), said("withdrawn", who=2))
    assert standing(shop).given == standing(shop, who=2).given == frozenset()


def test_at_one_instant_what_was_recorded_later_beats(shop):
    record(shop, said("refused"), said("given"))
    record(shop, said("given", who=2), said("refused", who=2))
    assert standing(shop).given == {"ordinary"}
    assert standing(shop, who=2).given == frozenset()


def test_a_withdrawal_without_a_kind_withdraws_all_kinds(shop):
    record(
        shop, said(kind="ordinary", days=3), said(kind="separate", days=3), said("withdrawn", "")
    )
    assert {kind: s.state for kind, s in standing(shop).kinds.items()} == {
        "ordinary": "withdrawn",
        "separate": "withdrawn",
    }


def test_a_withdrawal_of_one_kind_leaves_the_others(shop):
    record(shop, said(kind="ordinary", days=3), said(kind="separate", days=3))
    record(shop, said("withdrawn", "separate"))
    assert standing(shop).given == {"ordinary"}


def test_a_consent_that_arrives_late_does_not_survive_an_older_arrival_of_a_withdrawal(shop):
    record(shop, said("withdrawn", "", days=1), said(kind="explicit", days=5))
    assert standing(shop).given == frozenset()
    assert shop.members(f"consent:{PURPOSE}:explicit") == set()
    assert shop.members(f"withdrawn:{PURPOSE}:explicit") == {1}


@pytest.mark.law("GDPR-7-1", "CN-PIPL-69")
def test_the_ledger_answers_for_any_point_in_time(shop):
    record(shop, said(days=10, expires_at=NOW - 2 * DAY), said("withdrawn", days=1))
    assert standing(shop, NOW - 11 * DAY).kinds == {}
    assert standing(shop, NOW - 10 * DAY).given == {"ordinary"}
    assert standing(shop, NOW - 2 * DAY).kinds["ordinary"].state == "expired"
    assert standing(shop, NOW).kinds["ordinary"].state == "withdrawn"


def test_a_standing_knows_which_need_it_satisfies(shop):
    record(shop, said(kind="separate"))
    found = standing(shop)
    assert found.satisfies(Consent.ORDINARY)
    assert found.satisfies(Consent.SEPARATE)
    assert not found.satisfies(Consent.EXPLICIT)
    assert not found.satisfies(Consent.GUARDIAN)


@pytest.mark.law("GDPR-7-1", "CN-PIPL-14")
def test_the_history_keeps_everything(shop):
    record(shop, said(days=2, notice="n-1", language="zh", surface="app"), said("withdrawn", ""))
    with shop.read() as connection:
        found = consent.history(connection, 1)
    assert [(e.state, e.kind, e.notice) for e in found] == [
        ("given", "ordinary", "n-1"),
        ("withdrawn", "", ""),
    ]
    assert all(entry.recorded_at == NOW for entry in found)


def test_coverage_counts_everybody_once(shop):
    shop.people(dict.fromkeys(range(1, 7), ("gdpr", "18+")))
    record(
        shop,
        said(who=1),
        said(who=2, days=9, expires_at=NOW - DAY),
        said("refused", who=3),
        said("withdrawn", who=4),
    )
    with shop.read() as connection:
        assert consent.coverage(connection, NOW) == [
            consent.Coverage(PURPOSE, "ordinary", 1, 1, 1, 1, 2)
        ]


@pytest.mark.law("GDPR-7-3", "CN-PIPL-15")
def test_withdrawing_ends_the_tags_that_lose_their_last_purpose_at_once(shop):
    shop.people(CHINESE)
    record(shop, said(), said(who=2), said(purpose="analytics", days=1))
    only = shop.tag(a_tag("interest.flowers"), CHINESE)
    both = shop.tag(a_tag("interest.coffee", purposes=[PURPOSE, "analytics"]), CHINESE)
    assert record(shop, said("withdrawn", "", days=0)) == 1
    assert shop.open_assignments(only) == shop.members(f"tv:{only}") == {2}
    assert shop.open_assignments(both) == shop.members(f"tv:{both}") == {1, 2}


@pytest.mark.law("CN-PIPL-15")
def test_withdrawals_in_bulk_end_the_same_tags(shop):
    people = dict.fromkeys(range(1, 201), ("pipl_cn", "18+"))
    shop.people(people)
    with shop.store.write() as unit:
        consent.record_many(unit, [said(who=n) for n in people], now=NOW)
        analysed = [said(who=n, purpose="analytics") for n in people]
        consent.record_many(unit, analysed, now=NOW)
    both = shop.tag(a_tag("interest.coffee", purposes=[PURPOSE, "analytics"]), people)
    old = shop.tag(a_tag(), people, version=1, state="superseded")
    new = shop.tag(a_tag(), people, version=2)
    with shop.store.write() as unit:
        consent.record_many(unit, [said("withdrawn", "", 0, n) for n in range(1, 101)], now=NOW)
    left = set(range(101, 201))
    for tv in (old, new):
        assert shop.open_assignments(tv) == shop.members(f"tv:{tv}") == left
    assert shop.open_assignments(both) == shop.members(f"tv:{both}") == set(people)


def test_an_ended_assignment_says_when_and_by_what(shop):
    shop.people(CHINESE)
    record(shop, said())
    shop.tag(a_tag(), [1])
    record(shop, said("withdrawn", "", days=0))
    with shop.read() as connection:
        row = connection.exec_driver_sql("SELECT valid_to, closed_by FROM assignment").one()
    assert tuple(row) == (NOW, "consent")


def test_under_another_regime_a_withdrawal_need_not_end_anything(shop):
    shop.people({1: ("ccpa", "18+")})
    record(shop, said())
    tv = shop.tag(a_tag(), [1])
    assert record(shop, said("withdrawn", "", days=0)) == 0
    assert shop.open_assignments(tv) == {1}


@pytest.mark.parametrize(
    ("fact", "complaint"),
    [
        (said("maybe"), "state"),
        (said(kind=""), "kind"),
        (said(kind="verbal"), "kind"),
        (said(days=-1), "after the present"),
        (said(expires_at=NOW - 2 * DAY), "before it begins"),
        (said("refused", expires_at=NOW + DAY), "only a given"),
        (said(surface="x" * 81), "characters"),
        (said(purpose="first_party_recomendation"), "not been applied"),
    ],
)
def test_what_cannot_be_recorded_is_refused_and_leaves_nothing(shop, fact, complaint):
    with pytest.raises(BadInput) as caught:
        record(shop, fact)
    assert complaint in caught.value.problems[0].message
    with shop.read() as connection:
        assert consent.history(connection, 1) == []


def test_a_bad_batch_is_refused_whole_with_counts_only(shop):
    with pytest.raises(BadInput) as caught, shop.store.write() as unit:
        consent.record_many(unit, [said(), said("maybe"), said("maybe", who=2)], now=NOW)
    assert "2 times" in caught.value.problems[0].message
    with shop.read() as connection:
        assert consent.history(connection, 1) == []


def test_the_fold_does_not_walk_through_the_whole_ledger(shop):
    with shop.read() as connection:
        plan = connection.exec_driver_sql(
            "EXPLAIN QUERY PLAN " + consent._FOLD.replace(":first", "1").replace(":last", "2")
        )
        assert not [row[3] for row in plan if "SCAN consentevent" in row[3]]
