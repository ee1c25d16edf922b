# SPDX-License-Identifier: Apache-2.0
"""The fold of the consent ledger is its replay, in whatever order and batches facts arrive."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.clock import DAY
from governance import choice, consent
from governance.consent import ConsentFact
from tests.shop import NOW, Shop, a_purpose

PURPOSES = ("first_party_recommendation", "analytics")
KINDS = ("ordinary", "explicit", "separate", "guardian")
SETS = {"given": "consent", "refused": "refused", "withdrawn": "withdrawn"}


@st.composite
def facts(draw):
    state = draw(st.sampled_from(["given", "given", "refused", "withdrawn"]))
    at = NOW - draw(st.integers(0, 6)) * DAY
    lasts = draw(st.none() | st.integers(1, 9)) if state == "given" else None
    return ConsentFact(
        draw(st.integers(1, 3)),
        draw(st.sampled_from(PURPOSES)),
        state,
        draw(st.sampled_from(KINDS if state == "given" else (*KINDS, ""))),
        at,
        expires_at=None if lasts is None else at + lasts * DAY,
    )


batches = st.lists(st.lists(facts(), min_size=1, max_size=5), min_size=1, max_size=6)


@pytest.fixture(scope="module")
def shop():
    opened = Shop()
    yield opened
    opened.close()


@pytest.fixture(scope="module", params=[0, 1000], ids=["as sets", "row by row"])
def few(request):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(consent, "FEW", request.param)
        yield request.param


def start(shop):
    shop.empty()
    shop.purposes(*(a_purpose(key) for key in PURPOSES))


def replayed(arrived, at):
    """Say who stands where, by walking through everything that was said: one fact at a time."""
    standing = {}
    order = sorted(
        enumerate(arrived), key=lambda item: (item[1].at, item[1].state == "withdrawn", item[0])
    )
    named = {(f.subject_id, f.purpose, f.kind) for _, f in order if f.kind and f.at <= at}
    for _, fact in order:
        if fact.at > at:
            continue
        for person, purpose, kind in named:
            same = (person, purpose) == (fact.subject_id, fact.purpose)
            if same and fact.kind in ("", kind):
                over = fact.expires_at is not None and fact.expires_at <= at
                standing[person, purpose, kind] = "expired" if over else fact.state
    return standing


def as_arrived(parts):
    """Facts in the order of the ledger: a batch is recorded in the order of its times."""
    return [fact for part in parts for fact in sorted(part, key=lambda fact: fact.at)]


@pytest.mark.usefixtures("few")
@settings(max_examples=50, deadline=None)
@given(batches)
def test_the_fold_is_the_replay_and_the_sets_are_the_fold(shop, parts):
    start(shop)
    for part in parts:
        with shop.store.write() as unit:
            if len(part) == 1:
                consent.record(unit, part[0], now=NOW)
            else:
                consent.record_many(unit, part, now=NOW)
    wanted = replayed(as_arrived(parts), NOW)
    with shop.read() as connection:
        rows = connection.exec_driver_sql(
            "SELECT subject_id, purpose, kind, CASE WHEN expires_at <= ? THEN 'expired' "
            "ELSE state END, state FROM consentstate",
            (NOW,),
        ).all()
    assert {(r[0], r[1], r[2]): r[3] for r in rows} == wanted
    for purpose in PURPOSES:
        for kind in KINDS:
            for state, name in SETS.items():
                held = {r[0] for r in rows if (r[1], r[2], r[4]) == (purpose, kind, state)}
                assert shop.members(f"{name}:{purpose}:{kind}") == held


@pytest.mark.law("GDPR-7-1")
@settings(max_examples=50, deadline=None)
@given(batches, st.integers(0, 7))
def test_the_state_at_any_time_is_the_replay_up_to_it(shop, parts, days):
    at = NOW - days * DAY
    start(shop)
    with shop.store.write() as unit:
        for part in parts:
            consent.record_many(unit, part, now=NOW)
    wanted = replayed(as_arrived(parts), at)
    found = {}
    with shop.read() as connection:
        for person in (1, 2, 3):
            for purpose in PURPOSES:
                standing = consent.state_at(connection, person, purpose, at)
                found |= {(person, purpose, k): s.state for k, s in standing.kinds.items()}
    assert found == wanted


@pytest.mark.usefixtures("few")
@settings(max_examples=20, deadline=None)
@given(batches)
def test_rebuilding_changes_nothing(shop, parts):
    start(shop)
    with shop.store.write() as unit:
        for part in parts:
            consent.record_many(unit, part, now=NOW)
    names = [f"{n}:{p}:{k}" for n in SETS.values() for p in PURPOSES for k in KINDS]
    before = [shop.members(name) for name in names]
    with shop.store.write() as unit:
        consent.rebuild(unit.connection)
    assert [shop.members(name) for name in names] == before


@st.composite
def decisions(draw):
    kind = draw(st.sampled_from(["object", "block-tag", "restrict", "opt-out", "depersonalise"]))
    targets = {"object": PURPOSES, "block-tag": ("interest.flowers", "interest.coffee")}
    return choice.ChoiceFact(
        draw(st.integers(1, 3)),
        kind,
        draw(st.sampled_from(targets.get(kind, ("",)))),
        draw(st.booleans()),
        NOW - draw(st.integers(0, 4)) * DAY,
    )


@settings(max_examples=50, deadline=None)
@given(st.lists(st.lists(decisions(), min_size=1, max_size=4), min_size=1, max_size=6))
def test_the_choices_in_force_are_the_replay_and_the_sets_are_them(shop, parts):
    start(shop)
    with shop.store.write() as unit:
        for part in parts:
            choice.record_many(unit, part, now=NOW)
    last = {}
    for number, fact in enumerate(as_arrived(parts)):
        key = (fact.subject_id, fact.kind, fact.target)
        order = (fact.at, fact.active, number)
        if key not in last or order > last[key][0]:
            last[key] = (order, fact.active)
    wanted = {key for key, (_, active) in last.items() if active}
    with shop.read() as connection:
        found = {
            (person, held.kind, held.target)
            for person in (1, 2, 3)
            for held in choice.choices(connection, person)
        }
    assert found == wanted
    names = {"object": "object:", "block-tag": "block:", "restrict": "restricted"}
    names |= {"opt-out": "optout", "depersonalise": "depersonalised"}
    for kind, target in {(key[1], key[2]) for key in last}:
        held = {key[0] for key in wanted if key[1:] == (kind, target)}
        assert shop.members(names[kind] + target) == held
