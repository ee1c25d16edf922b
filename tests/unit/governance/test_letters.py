# SPDX-License-Identifier: Apache-2.0
"""Letters in the folder of messages end with what they were about, and never outlive the person."""

import shutil

import pytest

from audit.clock import DAY, FixedClock, Micros
from governance import erasure, letters, retention
from governance.erasure import EVERYTHING, unkeyed
from governance.erasure.step import Step
from governance.requests import desk, keeping
from tests.erasing import REF, begun, erased, later
from tests.holding import body, held
from tests.knowing import Post
from tests.workshop import code_of


@pytest.fixture
def post(tmp_path):
    opened = Post(tmp_path)
    yield opened
    opened.close()


def written_to(post, who):
    """Ask for proof, so that a letter lies there."""
    ref = post.asks(who)
    post.challenged(ref)
    return ref


def in_days(ws, days):
    ws.clock = FixedClock(Micros(ws.clock.now() + days * DAY))


def there(post):
    return sorted(path.name for path in post.letters.glob("*.eml"))


@pytest.mark.law("GDPR-17-1", "CN-PIPL-47-1", "CA-105")
def test_an_erasure_takes_the_letters_of_this_person_and_says_how_many(post):
    who, other = post.person(email="lena@mail.example"), post.person(email="mei@mail.example")
    written_to(post, other)
    kept = there(post)
    written_to(post, who)
    seen = {line.place: line.count for line in erasure.preview(post.ws, who, EVERYTHING).lines}
    assert seen["outside.delivery.folder"] == 1
    assert erased(post.ws, who).step is Step.CLOSED
    assert there(post) == kept
    assert {"store": "outside.delivery.folder", "rows": 1} in body(post.ws, REF)["erased"]


def test_what_stays_in_the_folder_withholds_the_certificate_until_it_is_gone(post, monkeypatch):
    who = post.person(email="lena@mail.example")
    written_to(post, who)
    begun(post.ws, who)
    later(post.ws)
    monkeypatch.setattr(letters, "remove", lambda *_: None)
    (done,) = erasure.carry_on(post.ws, REF)
    assert done.waiting == "found letters"
    assert code_of(lambda: erasure.certificate_of(post.ws, REF)) == "not-certified"
    monkeypatch.undo()
    (done,) = erasure.carry_on(post.ws, REF)
    assert (done.step, there(post)) == (Step.CLOSED, [])


def test_a_folder_that_cannot_be_written_is_said_and_repeated(post, monkeypatch):
    who = post.person(email="lena@mail.example")
    written_to(post, who)
    begun(post.ws, who)
    later(post.ws)

    def full(_folder):
        raise OSError

    monkeypatch.setattr(letters.private_file, "sync_folder", full)
    assert code_of(lambda: letters.remove(post.ws.settings, ["ch-0"])) == "letters-unreachable"
    monkeypatch.undo()
    shutil.rmtree(post.letters)  # somebody has taken the letters away: that is no fault
    assert erasure.carry_on(post.ws, REF)[0].step is Step.CLOSED


@pytest.mark.law("GDPR-5-1-e")
def test_letters_go_thirty_days_after_their_code_and_those_of_held_people_stay(post):
    who, kept = post.person(email="lena@mail.example"), post.person(email="mei@mail.example")
    written_to(post, kept)
    stays = there(post)
    written_to(post, who)
    held(post.ws, kept, "everything", days=400)
    in_days(post.ws, 29)
    retention.run(post.ws)
    assert len(there(post)) == 2
    in_days(post.ws, 2)
    retention.run(post.ws)
    assert there(post) == stays


def test_a_request_that_is_removed_takes_its_letters_along(post):
    ref = written_to(post, post.person(email="lena@mail.example"))
    with post.ws.store.write() as unit:
        keeping.remove(post.ws, unit, [ref])
    assert there(post) == []


def test_who_has_no_key_any_more_loses_their_letters_too(post):
    who = post.person(email="lena@mail.example")
    written_to(post, who)
    post.ws.people.destroy([who], post.ws.clock.now())
    with post.ws.exclusive("test"):
        assert unkeyed.sweep(post.ws) == 1
    assert there(post) == []


def test_somebody_who_is_not_known_here_gets_none(post):
    ref = desk.open_request(post.ws, desk.Asked("access"), None).ref
    post.challenged(ref)
    assert there(post) == []
    with post.ws.store.read() as connection:
        assert letters.numbers(connection, [1]) == {}
