# SPDX-License-Identifier: Apache-2.0
"""Guesses at once, from threads and processes, over restarts and kills: no more than five are looked at."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from governance.identity import challenges, messages
from governance.requests import proving
from tests.keeping import kill, killed_in_a_child
from tests.knowing import Post, code_in, counting, guesses
from tests.workshop import code_of

ROOT = Path(__file__).parents[3]
GUESSES = 200
WRONG = "00000000"


@pytest.fixture
def post(tmp_path):
    opened = Post(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def counter(tmp_path, monkeypatch):
    """A file that grows by one byte with each comparison."""
    path = tmp_path / "evaluated"
    path.touch()
    monkeypatch.setattr(challenges, "matches", counting(path))
    return path


def evaluated(counter):
    return len(counter.read_bytes())


def challenged(post, who="known"):
    ref = post.asks(post.person(email="ann@shop.example") if who == "known" else None)
    post.challenged(ref)
    return ref


@pytest.mark.law("CA-7060")
@pytest.mark.parametrize("who", ["known", "unknown"])
def test_of_200_guesses_from_threads_five_are_looked_at(post, counter, who):
    ref, share = challenged(post, who), GUESSES // 8

    def guess(number):
        with closing(post.opened()) as ws:
            return guesses(ws, ref, share, number * share)

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(guess, range(8))) == GUESSES
    assert evaluated(counter) == challenges.TRIES


@pytest.mark.slow
def test_of_200_guesses_from_processes_five_are_looked_at(post, counter):
    ref, share = challenged(post), GUESSES // 4
    arguments = [sys.executable, "-m", "tests.knowing", str(post.folder), ref, str(share)]
    running = [
        subprocess.Popen([*arguments, str(number * share), str(counter)], cwd=ROOT)
        for number in range(4)
    ]
    assert [process.wait(timeout=300) for process in running] == [0] * 4
    assert evaluated(counter) == challenges.TRIES


def test_a_restart_gives_no_attempt_more(post, counter):
    ref = challenged(post)
    for _ in range(challenges.TRIES + 3):
        with closing(post.opened()) as ws:
            assert code_of(lambda opened=ws: proving.answer(opened, ref, WRONG)) == "proof-refused"
    assert evaluated(counter) == challenges.TRIES


def test_killed_before_the_comparison_the_attempt_is_spent(post, counter):
    ref = challenged(post)
    code, compare = code_in(post.last()), challenges.matches
    post.close()

    def dies():
        challenges.matches = kill
        with closing(post.opened()) as ws:
            proving.answer(ws, ref, code)

    for _ in range(challenges.TRIES - 1):
        killed_in_a_child(dies)
    challenges.matches = compare
    post.ws = post.opened()
    assert code_of(lambda: proving.answer(post.ws, ref, WRONG)) == "proof-refused"
    assert code_of(lambda: proving.answer(post.ws, ref, code)) == "proof-refused"
    assert evaluated(counter) == 1


@pytest.mark.parametrize(
    ("module", "name"), [("delivery", "hand_over"), ("messages", "_note")], ids=str
)
def test_killed_while_sending_the_message_is_made_anew_and_counts_once(post, module, name):
    from governance import delivery

    ref = post.asks(post.person(email="ann@shop.example"))
    proving.challenge(post.ws, ref)
    post.close()

    def dies():
        setattr({"delivery": delivery, "messages": messages}[module], name, kill)
        with closing(post.opened()) as ws:
            messages.send_waiting(ws)

    killed_in_a_child(dies)
    post.ws = post.opened()
    assert messages.send_waiting(post.ws).sent == 0  # somebody may be at it still
    post.ws.clock.at += 61_000_000
    assert messages.send_waiting(post.ws).sent == 1
    assert len(post.sent()) == 1
    assert proving.answer(post.ws, ref, code_in(post.last())).known == 1


def test_one_code_shown_at_once_by_many_counts_once(post):
    ref = challenged(post)
    code = code_in(post.last())

    def show(_number):
        with closing(post.opened()) as ws:
            return code_of(lambda: proving.answer(ws, ref, code))

    with ThreadPoolExecutor(4) as threads:
        told = sorted(threads.map(show, range(4)))
    assert told == ["", *["proof-refused"] * 3]


def test_challenges_at_once_are_no_more_than_three_a_day(post):
    who = post.person(email="ann@shop.example")
    refs = [post.asks(who) for _ in range(8)]

    def ask(ref):
        with closing(post.opened()) as ws:
            proving.challenge(ws, ref)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(ask, refs))
    messages.send_waiting(post.ws)
    assert len(post.sent()) == challenges.PER_PERSON
