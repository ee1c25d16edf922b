# SPDX-License-Identifier: Apache-2.0
"""How many people: right on average, charged once, and nothing for who asks in other words."""

import json
import os
import signal
from collections import Counter

import numpy as np
import pytest

from audit.clock import DAY, FixedClock, Micros
from governance import audience, authority
from governance.actor import Actor
from governance.budget import ledger, limits
from governance.budget.verification import verify
from governance.running.run import run_all
from tagging.segmentation.accounting import PrivacyBudget
from tagging.segmentation.counting import price
from tests.segments import NoNoise, Repeatable
from tests.unit.governance.test_run import NOW, PURPOSE, Store
from tests.workshop import a_folder, a_workspace, code_of, reopened

TEA, MUCH, GROUP = "interest.tea", "interest.much", "interest.group"
RULES = {
    "interest__tea": "orders(category = 'tea', days => 30) >= 1",
    "interest__much": "orders(days => 90) >= 2",
    "interest__group": "case when orders() >= 2 then 'many' when orders() >= 1 then 'one' else null end",
}
PEOPLE = 30


class Shifted(NoNoise):
    def __init__(self, by):
        self.by = by

    def add(self, values, sigma):  # noqa: ARG002  (the shape of every source)
        return values + self.by


KNOWN = {}
"""The people of the shop by name, once it was built."""


def _built(folder):
    opened = Store(a_workspace(folder, clock=FixedClock(Micros(NOW))), folder)
    names = [f"p{number:03}" for number in range(PEOPLE)]
    opened.admit(*names)
    opened.tags(**RULES)
    for number, name in enumerate(names):
        kind = "tea" if number % 2 else "coffee"
        opened.buys(name, *((1, 2) if number % 3 == 0 else (1,)), category=kind)
    run_all(opened.ws)
    limits.set_limit(opened.ws, "all", PrivacyBudget(10))
    KNOWN.update(opened.people)
    opened.ws.close()


@pytest.fixture
def shop(tmp_path):
    """30 people: half buy tea once, a third of all buy twice."""
    ws = reopened(a_folder(tmp_path, _built), clock=FixedClock(Micros(NOW)))
    opened = Store(ws, tmp_path, KNOWN)
    yield opened
    ws.close()


def asked(shop, text, noise=None, **more):
    return audience.size(shop.ws, text, PURPOSE, noise=noise or NoNoise(), **more)


def exact(shop, text):
    """The answer without noise, lifted over the threshold."""
    return asked(shop, text, Shifted(1000), epsilon=2).people - 1000


def charges(shop):
    with shop.ws.store.read() as connection:
        found = ledger.records(connection)
    return Counter(one["record"] for one in found)["reserved"]


def spent(shop):
    with shop.ws.store.read() as connection:
        return limits.standings(connection, shop.ws.clock.now())["all"].spent


def counted(shop, question):
    """Who is meant, by plain Python."""
    have = {(key, v): shop.having(key, v) for key, v in ((TEA, "true"), (MUCH, "true"))}
    have |= {(GROUP, v): shop.having(GROUP, v) for v in ("many", "one")}
    return sum(question(lambda k, v="true", n=name: n in have[k, v]) for name in shop.people)


BY_HAND = [
    (TEA, lambda has: has(TEA)),
    (f"not {TEA}", lambda has: not has(TEA)),
    (f"{TEA} and not {MUCH}", lambda has: has(TEA) and not has(MUCH)),
    (f"{TEA} or {MUCH}", lambda has: has(TEA) or has(MUCH)),
    (f"not ({TEA} or {GROUP} = 'many')", lambda has: not (has(TEA) or has(GROUP, "many"))),
    (f"{GROUP} = one and not {TEA}", lambda has: has(GROUP, "one") and not has(TEA)),
    (f"{GROUP} and {GROUP} != 'many'", lambda has: has(GROUP, "one")),
]


def test_without_noise_it_is_what_counting_by_hand_gives(shop):
    for text, question in BY_HAND:
        assert exact(shop, text) == counted(shop, question), text


def test_only_who_may_be_read_for_every_tag_that_matters_is_counted(shop):
    before = exact(shop, f"not {TEA}")
    shop.say("p000", "withdrawn")  # no tea
    shop.ws.clock.at += DAY
    run_all(shop.ws)
    assert exact(shop, f"not {TEA}") == before - 1
    assert exact(shop, f"not {TEA} and ({MUCH} or not {MUCH})") == before - 1


SAME = [
    f"{TEA} and {MUCH}",
    f"{MUCH} and {TEA}",
    f"not not {TEA} and {MUCH}",
    f"not (not {TEA} or not {MUCH})",
    f"{TEA} = 'true' and ({MUCH} or ({TEA} and {MUCH}))",
    f"{TEA} and {MUCH} and ({GROUP} or not {GROUP})",
    f"({GROUP} = 'one' or {GROUP} != one) and {MUCH} and {TEA}",
    f"({TEA}  and{MUCH.rjust(20)})",
]


def test_averaging_the_same_question_in_many_words_gives_one_answer_and_one_charge(shop):
    noise = Repeatable(5)
    found = {
        asked(shop, text, noise, epsilon=epsilon, population="all").name
        for text in SAME
        for epsilon in (1.0, 0.5, 0.2)
    }
    assert len(found) == 1
    assert charges(shop) == 1
    assert spent(shop) == price(PrivacyBudget(1.0))
    asked(shop, SAME[0], noise, epsilon=2.0)  # more precise: another charge
    assert charges(shop) == 2
    assert verify(shop.ws).problems == []


def test_a_question_of_another_day_run_purpose_or_population_is_another_question(shop):
    asked(shop, TEA)
    asked(shop, TEA, population="gdpr")
    run_all(shop.ws, as_of=Micros(NOW + 1))
    asked(shop, TEA)
    shop.ws.clock.at += DAY
    asked(shop, TEA)
    asked(shop, TEA)
    assert charges(shop) == 4


def test_differencing_with_one_person_less_is_drowned_in_noise_that_is_charged(shop):
    """A, then A without what one person did: two charges, and the attacker guesses little."""
    runs, epsilon = 60, 0.2
    sigma = asked(shop, TEA, epsilon=epsilon).sigma
    budget = PrivacyBudget(epsilon)
    noise = Repeatable(3)
    gaps = np.array([noise.add(np.zeros(1, int), sigma)[0] for _ in range(runs)])
    assert np.std(gaps) > 10 * 1  # the difference that one person makes is one
    before = charges(shop)
    shop.say("p001", "withdrawn")
    assert asked(shop, TEA, epsilon=epsilon).charged is False  # the answer of today stays
    shop.ws.clock.at += DAY
    run_all(shop.ws)
    assert asked(shop, TEA, epsilon=epsilon).charged
    assert charges(shop) == before + 1
    assert spent(shop) == 2 * price(budget)


def test_what_one_person_moves_by_differences_of_questions_is_what_was_charged(shop):
    """All the questions that single one person out, replayed: what moved is within the ledger."""
    from fractions import Fraction

    from tagging.segmentation.auditing import Recorder, Replayer

    questions = [
        TEA,
        f"{TEA} and not {MUCH}",
        f"{TEA} and {MUCH}",
        f"not {TEA}",
        f"{TEA} or {MUCH}",
        f"{GROUP} = one",
    ]
    recorder = Recorder(Repeatable(2))
    for text in questions:
        asked(shop, text, recorder)
    paid = spent(shop)
    assert charges(shop) == len(questions)
    shop.say("p001", "withdrawn")
    shop.ws.clock.at += DAY
    run_all(shop.ws)
    replayer = Replayer(recorder.answers)
    for text in questions:
        asked(shop, text, replayer)
    assert replayer.rho > 0
    assert replayer.rho <= Fraction(paid, 10**9)


def test_different_questions_are_charged_each_until_the_budget_ends(shop):
    limits.set_limit(shop.ws, "all", PrivacyBudget(0.5))
    texts = [TEA, MUCH, GROUP, f"{TEA} and {MUCH}", f"not {TEA}", f"not {MUCH}", f"not {GROUP}"]
    codes = [code_of(lambda t=text: asked(shop, t, epsilon=0.25)) for text in texts]
    granted = codes.count("")
    assert granted == PrivacyBudget(0.5).nano_rho // price(PrivacyBudget(0.25))
    assert set(codes[granted:]) == {"budget-exhausted"}
    assert charges(shop) == granted
    assert asked(shop, texts[0], epsilon=0.25).charged is False  # what is there stays readable


def test_small_sizes_are_held_back_by_the_noisy_number(shop):
    first = asked(shop, f"not {TEA} or {TEA} and {MUCH}", Shifted(-1), epsilon=2)
    assert first.people is None  # twenty people, but the noise says fewer
    assert first.least == 20
    found = asked(shop, f"{TEA} and {GROUP} = 'never'", Shifted(25), epsilon=2)
    assert found.people == 25  # nobody at all, but the noise says many
    wide = asked(shop, MUCH, Shifted(40), epsilon=0.2)
    assert wide.least == 3 * wide.sigma > 50
    assert wide.people is None
    with shop.ws.store.read() as connection:
        kept = connection.exec_driver_sql("SELECT artefact FROM audiencesize").scalars().all()
    assert [json.loads(one)["size"] for one in kept].count(None) == 2  # nothing hidden is kept


def test_the_charge_is_committed_before_anybody_is_looked_up_and_stays(shop, monkeypatch):
    def broken(*_):
        assert charges(shop) == 1
        raise MemoryError

    monkeypatch.setattr(audience, "_people", broken)
    with pytest.raises(MemoryError):
        asked(shop, TEA)
    monkeypatch.undo()
    assert spent(shop) == price(PrivacyBudget(0.2))
    assert asked(shop, TEA).charged
    assert charges(shop) == 2
    assert verify(shop.ws).problems == []


def test_a_process_that_is_killed_while_it_counts_has_paid(shop, monkeypatch):
    monkeypatch.setattr(audience, "_people", lambda *_: os.kill(os.getpid(), signal.SIGKILL))
    child = os.fork()
    if not child:
        asked(shop, TEA)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL
    monkeypatch.undo()
    assert spent(shop) == price(PrivacyBudget(0.2))
    assert asked(shop, TEA).charged
    with shop.ws.store.read() as connection:
        records = [one["record"] for one in ledger.records(connection)]
    assert records == ["reserved", "failed", "reserved", "released"]
    assert verify(shop.ws).problems == []


def test_nothing_is_charged_for_what_cannot_be_answered(shop):
    shop.tags(interest__rank="tier(orders(), 4)", interest__ranked="tag('interest.rank') >= 3")
    refused = {
        "interest.nothing": "unknown-tag",
        f"{TEA} and": "audience-syntax",
        f"{TEA} or not {TEA}": "audience-constant",
        f"{TEA} = 'maybe'": "audience-value",
        "interest.rank": "audience-stale",
    }
    for text, code in refused.items():
        assert code_of(lambda t=text: asked(shop, t)) == code
    run_all(shop.ws)
    for text in ("interest.rank = 4", f"{TEA} and interest.ranked"):
        assert code_of(lambda t=text: asked(shop, t)) == "audience-not-local"
    assert code_of(lambda: audience.size(shop.ws, TEA, "nothing")) == "unknown-purpose"
    assert code_of(lambda: asked(shop, TEA, population="mars")) == "unknown-population"
    shop.ws.clock.at += 100 * DAY
    assert code_of(lambda: asked(shop, TEA)) == "audience-stale"
    assert charges(shop) == 0


def test_who_may_not_ask_is_refused(shop):
    authority.add(shop.ws, "dora", ["dsr"])
    shop.ws.actor = Actor("dora")
    assert code_of(lambda: asked(shop, TEA)) == "not-permitted"


def test_an_answer_with_real_noise_is_near_and_never_the_same_by_itself(shop):
    truth = exact(shop, f"{TEA} or {MUCH}")
    seen = set()
    for day in range(8):
        shop.ws.clock.at = Micros(NOW + (day + 1) * DAY)
        found = audience.size(shop.ws, f"{TEA} or {MUCH}", PURPOSE, epsilon=1.0)
        assert abs((found.people or truth) - truth) < 6 * found.sigma
        seen.add(found.people)
    assert len(seen) > 1


def test_people_of_one_regime_are_charged_alone(shop):
    asked(shop, TEA, population="ccpa", epsilon=2)
    with shop.ws.store.read() as connection:
        assert limits.spent(connection, None) == {"ccpa": price(PrivacyBudget(2))}
    here = asked(shop, TEA, Shifted(1000), population="gdpr", epsilon=2).people
    assert here == 1000 + exact(shop, TEA)


def test_bitmaps_are_left_as_they_were(shop):
    with shop.ws.store.read() as connection:
        before = connection.exec_driver_sql("SELECT name, members FROM bitmap").all()
    exact(shop, f"{TEA} and not {MUCH}")
    with shop.ws.store.read() as connection:
        assert connection.exec_driver_sql("SELECT name, members FROM bitmap").all() == before
