# SPDX-License-Identifier: Apache-2.0
import pytest

from audit.clock import DAY
from audit.errors import BadInput
from governance import choice, gate
from governance.choice import ChoiceFact
from governance.purpose import purposes
from tests.shop import NOW, Shop, a_purpose, a_tag

PURPOSE = "first_party_recommendation"


@pytest.fixture
def shop():
    opened = Shop()
    opened.purposes(
        a_purpose(PURPOSE),
        a_purpose("analytics", personalised=False),
        a_purpose("cross_context_advertising"),
    )
    opened.people({1: ("gdpr", "18+"), 2: ("gdpr", "18+"), 3: ("ccpa", "18+")})
    yield opened
    opened.close()


def decide(shop, kind, target="", *, who=1, active=True, at=NOW):
    with shop.store.write() as unit:
        return choice.record(unit, ChoiceFact(who, kind, target, active, at), now=NOW)


def permitted(shop, tag, who=1, purpose=None):
    with shop.read() as connection:
        return gate.permit(connection, who, tag, NOW, purposes(connection), purpose=purpose)


@pytest.mark.law("GDPR-21-1", "GDPR-21-2")
def test_an_objection_stops_one_purpose_and_ends_tags_without_another(shop):
    one = shop.tag(a_tag("interest.flowers"), [1, 2])
    two = shop.tag(a_tag("interest.coffee", purposes=[PURPOSE, "analytics"]), [1, 2])
    assert decide(shop, "object", PURPOSE) == 1
    assert shop.open_assignments(one) == shop.members(f"tv:{one}") == {2}
    assert shop.open_assignments(two) == {1, 2}
    assert permitted(shop, a_tag(), 1).reason == "objected"
    assert permitted(shop, a_tag(), 2).allowed


def test_taking_an_objection_back_permits_again(shop):
    decide(shop, "object", PURPOSE, at=NOW - DAY)
    decide(shop, "object", PURPOSE, active=False)
    assert permitted(shop, a_tag()).allowed


@pytest.mark.law("GDPR-18")
def test_a_restriction_stops_every_use_and_keeps_what_is_stored(shop):
    tv = shop.tag(a_tag(), [1])
    assert decide(shop, "restrict") == 0
    assert permitted(shop, a_tag()).reason == "restricted"
    assert shop.open_assignments(tv) == {1}
    decide(shop, "restrict", active=False, at=NOW)
    assert permitted(shop, a_tag()).reason == "restricted"  # at one instant the protection holds


@pytest.mark.law("CN-PIPL-24-2", "CN-ALGO-17-1", "CN-NDSR-42")
def test_personalisation_off_stops_what_is_personalised_and_nothing_else(shop):
    decide(shop, "depersonalise")
    tag = a_tag(purposes=[PURPOSE, "analytics"])
    assert permitted(shop, tag, purpose=PURPOSE).reason == "personalisation-off"
    assert permitted(shop, tag, purpose="analytics").allowed


@pytest.mark.law("CA-120")
def test_an_opt_out_stops_sharing_where_the_law_says_so(shop):
    decide(shop, "opt-out", who=3)
    shared = a_tag(purposes=["cross_context_advertising"])
    assert permitted(shop, shared, 3).reason == "opted-out"
    assert permitted(shop, a_tag(), 3).allowed


@pytest.mark.law("CN-ALGO-17-2", "CN-NDSR-42")
def test_a_deleted_tag_ends_in_all_versions_and_stays_away(shop):
    old = shop.tag(a_tag(), [1, 2], version=1, state="superseded")
    new = shop.tag(a_tag(), [1, 2], version=2)
    band = shop.tag(a_tag(), [1], version=3, value="high")
    other = shop.tag(a_tag("interest.coffee"), [1])
    assert decide(shop, "block-tag", "interest.flowers") == 3
    assert shop.open_assignments(old) == shop.members(f"tv:{old}") == {2}
    assert shop.open_assignments(new) == shop.members(f"tv:{new}") == {2}
    assert shop.open_assignments(band) == set()
    assert shop.open_assignments(other) == {1}
    assert permitted(shop, a_tag()).reason == "tag-blocked"
    with shop.read() as connection:
        found = gate.table(connection, [a_tag()], NOW, purposes(connection))
    assert 1 not in found.classes[found.class_of["interest.flowers"]]


def test_what_a_run_has_not_published_is_not_counted_as_ended(shop):
    shop.tag(a_tag(), [1])
    with shop.store.write() as unit:
        unit.connection.exec_driver_sql("UPDATE run SET state = 'running'")
    assert decide(shop, "block-tag", "interest.flowers") == 0


@pytest.mark.parametrize(
    "fact",
    [
        ChoiceFact(1, "dislike", "", True, NOW),
        ChoiceFact(1, "object", "", True, NOW),
        ChoiceFact(1, "restrict", "everything", True, NOW),
        ChoiceFact(1, "restrict", "", True, NOW + 1),
        ChoiceFact(1, "restrict", "", True, NOW, "x" * 81),
    ],
)
def test_what_cannot_be_recorded_is_refused_and_leaves_nothing(shop, fact):
    with pytest.raises(BadInput), shop.store.write() as unit:
        choice.record(unit, fact, now=NOW)
    with shop.read() as connection:
        assert choice.history(connection, 1) == []


def test_the_choices_in_force_and_the_history_are_told_apart(shop):
    decide(shop, "restrict", at=NOW - 2 * DAY)
    decide(shop, "restrict", active=False, at=NOW - DAY)
    decide(shop, "opt-out")
    with shop.read() as connection:
        assert [c.kind for c in choice.choices(connection, 1)] == ["opt-out"]
        assert [c.active for c in choice.history(connection, 1)] == [True, False, True]


def test_rebuilding_changes_nothing(shop):
    decide(shop, "restrict")
    decide(shop, "object", PURPOSE, who=2)
    with shop.store.write() as unit:
        choice.rebuild(unit.connection)
    assert shop.members("restricted") == {1}
    assert shop.members(f"object:{PURPOSE}") == {2}
