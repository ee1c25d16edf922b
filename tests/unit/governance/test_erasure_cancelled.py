# SPDX-License-Identifier: Apache-2.0
"""An erasure that is cancelled in time leaves nothing behind: no block, no objection, no withdrawal."""

import pytest
from sqlalchemy import text

from governance import choice, consent, erasure
from governance.erasure import Scope
from governance.requests import desk, executing
from governance.requests.desk import Asked
from governance.store import bitmaps
from tests.access import PERSON, PURPOSE, Shop, inhabited
from tests.erasing import REF, begun
from tests.workshop import as_reviewer

TAG = Scope("tag", "interest.tea")
WAYS = [TAG, Scope("purpose", PURPOSE), Scope("category", "user.demographic")]


@pytest.fixture
def shop(tmp_path):
    opened = Shop(tmp_path / "shop", inhabited)
    yield opened
    opened.close()


@pytest.fixture
def who(shop):  # noqa: ARG001  (the shop has the person in it)
    return PERSON[-1]


def chosen(shop, who):
    with shop.ws.store.read() as connection:
        return {(one.kind, one.target) for one in choice.choices(connection, who)}


def said(shop, who):
    with shop.ws.store.read() as connection:
        rows = connection.execute(
            text("SELECT state FROM consentstate WHERE subject_id = :s"), {"s": who}
        )
        return set(rows.scalars())


def tags_of(shop, who):
    with shop.ws.store.read() as connection:
        names = bitmaps.names(connection, "tv:")
        return [name for name in names if who in bitmaps.members(connection, name)]


@pytest.mark.parametrize("scope", WAYS, ids=lambda scope: scope.kind)
def test_a_part_that_is_cancelled_is_used_as_before(shop, who, scope):
    before, consents, tags = chosen(shop, who), said(shop, who), tags_of(shop, who)
    assert tags
    begun(shop.ws, who, scope=scope)
    assert chosen(shop, who) > before
    assert tags_of(shop, who) != tags
    erasure.cancel(shop.ws, REF)  # at the same instant: also then it is free again
    assert chosen(shop, who) == before
    assert said(shop, who) == consents
    shop.runs()
    assert tags_of(shop, who) == tags


def test_what_the_person_chose_themselves_stays_whenever_they_chose_it(shop, who):
    shop.decides(who, "block-tag", "interest.tea")
    begun(shop.ws, who, scope=TAG)
    erasure.cancel(shop.ws, REF)
    assert ("block-tag", "interest.tea") in chosen(shop, who)


def test_what_another_erasure_had_blocked_stays_blocked(shop, who):
    begun(shop.ws, who, "R1", Scope("category", "user.demographic"))
    erasure.carry_on(shop.ws, "R1")
    begun(shop.ws, who, "R2", TAG)
    erasure.cancel(shop.ws, "R2")
    assert ("block-tag", "interest.tea") in chosen(shop, who)


def test_a_consent_ends_with_the_commitment_and_not_before(shop, who):
    begun(shop.ws, who, scope=Scope("purpose", PURPOSE))
    assert "withdrawn" not in said(shop, who)
    erasure.carry_on(shop.ws, REF)
    assert said(shop, who) == {"withdrawn"}
    with shop.ws.store.read() as connection:
        told = [one.state for one in consent.history(connection, who)]
    assert told.count("withdrawn") == 1


def test_a_request_for_a_part_that_is_taken_back_leaves_no_block(shop, who):
    ref = desk.open_request(shop.ws, Asked("deletion", "tag:interest.tea"), who).ref
    desk.vouch(shop.ws, ref, "in-person")
    before = chosen(shop, who)
    executing.submit(shop.ws, ref)
    as_reviewer(shop.ws, lambda: executing.approve(shop.ws, ref))
    assert ("block-tag", "interest.tea") in chosen(shop, who)
    executing.revoke(shop.ws, ref)
    assert chosen(shop, who) == before
