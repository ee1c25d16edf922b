# SPDX-License-Identifier: Apache-2.0
"""What an audit derives from the ledgers, and what the gate answers: always the same people.

The two share the law and the ledgers, and no line of code between them. Everything that the law wants
assessed is assessed, since the audit leaves that to another.
"""

from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.clock import DAY
from governance import choice, consent
from governance.auditing import consent_ledgers
from governance.auditing.consent_law import askings, cells
from governance.auditing.consent_tags import Asks, Rows, World, when
from governance.catalogue import active
from governance.choice import ChoiceFact
from governance.consent import ConsentFact
from governance.gate import Gate
from governance.law import law_over
from governance.purpose import purposes
from tests.property.test_gate import APPLIED, KINDS, PEOPLE
from tests.property.test_gate import World as Scene
from tests.shop import NOW, Shop, a_purpose, an_assessment

TAGS = ("interest.flowers", "interest.coffee", "interest.tea")


@pytest.fixture(scope="module")
def shop():
    opened = Shop()
    yield opened
    opened.close()


def fill(shop, scene, seed):
    """Let the facts of a scene come on record one after the other, some of them late."""
    dice = Random(seed)  # noqa: S311
    shop.empty()
    shop.purposes(
        *(a_purpose(key, personalised=scene.personalised[key]) for key in APPLIED), assessed=False
    )
    for number, tag in enumerate(scene.tags):
        shop.tag(tag.model_copy(update={"key": TAGS[number]}))
    always = {"made": "2024-01-01", "approved": "2024-01-02", "review_by": "2026-12-31"}
    shop.assessments(
        *(an_assessment(kind, *APPLIED, key=f"{kind}.all", **always) for kind in KINDS),
        *(
            an_assessment(
                kind, key=f"{kind}.named", covers={"purposes": APPLIED, "tags": TAGS}, **always
            )
            for kind in KINDS
        ),
    )
    shop.people(PEOPLE)
    facts = [*scene.consents, *scene.choices]
    dice.shuffle(facts)
    with shop.store.write() as unit:
        for number, fact in enumerate(facts):
            now = NOW - DAY + number
            if isinstance(fact, ConsentFact):
                kind = "" if fact.state != "given" and dice.random() < 0.4 else fact.kind
                again = ConsentFact(
                    fact.subject_id, fact.purpose, fact.state, kind, fact.at, fact.expires_at
                )
                consent.record(unit, again, now=now)
            else:
                at = now - dice.randrange(3)
                choice.record(
                    unit,
                    ChoiceFact(fact.subject_id, fact.kind, fact.target, fact.active, at),
                    now=now,
                )


def derived(connection, key):
    """The people whom the ledgers permit a tag, now."""
    law = law_over(connection)
    known = list(cells(law))
    asks = Asks.of(askings(connection, law), known)
    who = np.array(sorted(PEOPLE), dtype=np.int64)
    place = {cell: number for number, cell in enumerate(known)}
    cell = np.array([place.get(PEOPLE[one], -1) for one in who.tolist()], dtype=np.int64)
    number = next(n for n, one in enumerate(asks.askings) if one.key == key)
    tag = np.full(len(who), number, dtype=np.int64)
    now = np.full(len(who), NOW, dtype=np.int64)
    rows = Rows(who, tag, asks.asks[tag, cell], now, now, now, now == 0)
    world = World(consent_ledgers.read(connection, 1, max(PEOPLE)), asks)
    return set(who[world.permitted(rows, when(now))].tolist())


def agree(shop, seed):
    fill(shop, Scene(seed), seed)
    with shop.read() as connection:
        gate = Gate(connection, NOW, purposes(connection))
        let_through = 0
        for key, tag in active(connection).items():
            expected = set(gate.people(tag.effective))
            assert derived(connection, key) == expected, (seed, tag.tag)
            let_through += len(expected)
    return let_through


def test_the_scenes_let_somebody_through_and_stop_others(shop):
    found = [agree(shop, seed) for seed in range(4)]
    assert 0 < sum(found) < 4 * len(TAGS) * len(PEOPLE)


@settings(max_examples=4, deadline=None, derandomize=True)
@given(st.integers(0, 10_000))
def test_ledgers_and_gate_agree(shop, seed):
    agree(shop, seed)


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(st.integers(0, 10**9))
def test_they_agree_in_many_more_worlds(shop, seed):
    agree(shop, seed)
