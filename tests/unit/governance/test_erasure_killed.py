# SPDX-License-Identifier: Apache-2.0
"""Kills at every boundary of an erasure and inside its steps, and again while it is carried on.

Whenever the process dies: each step is in the log once and in order, rows are never gone before their
key, nobody is back, and carrying on ends in a certificate.
"""

import json
import os
import shutil
import sqlite3
from contextlib import closing
from itertools import pairwise

import pytest
from sqlalchemy import text

from audit.clock import HOUR, FixedClock
from governance import erasure, letters
from governance.erasure import aside, certificate, disk, events, rows, saga, steps
from governance.erasure.step import Step
from governance.identity.messages import send_waiting
from governance.requests import desk, proving
from governance.requests.desk import Asked
from governance.store import private_file
from governance.vault.journal import Journal
from governance.vault.keystore import KeyStore
from tagging.lake_without import Without
from tests.access import Shop, a_person
from tests.erasing import REF, begun
from tests.holding import setting
from tests.keeping import after, kill, killed_in_a_child
from tests.workshop import NOON, reopened

LATE = FixedClock(NOON + 80 * HOUR)
NUMBER = "C-1001"
OTHER = "C-1002"


def work(target, wrap):
    """Patch what a step does."""
    return lambda: saga._WORK.__setitem__(target, wrap(saga._WORK[target]))


def patched(owner, name, wrap):
    """Patch a function or method."""
    return lambda: setattr(owner, name, wrap(getattr(owner, name)))


def before(_work):
    return kill


def move_after(target):
    """Die when an erasure has moved to a step, and its entry is committed."""

    def do():
        move = saga._move

        def moved(ws, moving, came_from, to, changes):
            move(ws, moving, came_from, to, changes)
            if to is target:
                kill()

        saga._move = moved

    return do


BOUNDARIES = {
    **{f"before {t.code}": work(t, before) for t in saga.WHOLE[1:]},
    **{f"after the work of {t.code}": work(t, after) for t in saga.WHOLE[1:]},
    **{f"after {t.code}": move_after(t) for t in saga.WHOLE[1:]},
}
INSIDE = {
    "keys are noted": patched(steps, "_note_keys", after),
    "the journal is written": patched(Journal, "append", after),
    "keys are deleted, not committed": patched(KeyStore, "forget", after),
    "before the key store settles": patched(KeyStore, "settle", before),
    "rows are deleted, not committed": patched(rows, "_keep_proof", after),
    "before the control store settles": patched(disk, "settle", before),
    "a part is written": patched(Without, "write", after),
    "parts are exchanged, not committed": patched(events, "_swap", after),
    "before the old parts go": patched(events, "remove_unregistered", before),
    "after the old parts went": patched(events, "remove_unregistered", after),
    "before the quarantine is written": patched(private_file, "replace", before),
    "before the quarantine": patched(aside, "erase", before),
    "before the letters": patched(letters, "remove", before),
    "after the letters": patched(letters, "remove", after),
    "before the work files": patched(aside, "clear_scratch", before),
    "before the certificate": patched(certificate, "issue_many", before),
    "after the certificate": patched(certificate, "issue_many", after),
}
POINTS = BOUNDARIES | INSIDE
QUICK = (
    "after the work of suppressed",
    "after the work of keys-destroyed",
    "after data-deleted",
    "keys are deleted, not committed",
    "a part is written",
    "before the old parts go",
    "before the quarantine is written",
    "after the letters",
)
SECOND = (
    "before keys-destroyed",
    "after data-deleted",
    "before the old parts go",
    "after the work of checked",
    "after certified",
)


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """A workspace in which an erasure has begun, and whose grace is over for LATE."""
    folder = tmp_path_factory.mktemp("killed") / "base"
    shop = Shop(folder)
    who, other = a_person(shop, NUMBER), a_person(shop, OTHER)
    ws = shop.ws
    ws.paths.quarantine.mkdir(exist_ok=True)
    bad = (json.dumps({"who": one}).replace('"', '""') for one in (NUMBER, OTHER))
    rows_ = "".join(f'2,1,unreadable-time,when,"{content}"\r\n' for content in bad)
    (ws.paths.quarantine / "in-1.csv").write_text(
        f"line,row,reason,column,content\r\n{rows_}", "utf-8"
    )
    letters_to(shop, who, other)
    begun(ws, who)
    shop.close()
    return folder, who, other


def letters_to(shop, *people):
    """Let a letter to each lie in the folder of messages: somebody asked for a copy in their name."""
    ws, post = shop.ws, shop.ws.paths.root.parent / "post"
    file = ws.paths.root / "tagwarden.toml"
    file.write_text(file.read_text("utf-8").replace('# folder = ""', f'folder = "{post}"'), "utf-8")
    setting(ws, delivery_folder=str(post))
    with ws.store.write() as unit:
        unit.connection.exec_driver_sql(
            "INSERT INTO attribute (key, category, class_id) VALUES ('mail', 'user.contact.email', 2)"
        )
    for who in people:
        shop.has(who, city="<Köln>", mail=f"{who}@mail.example")
        proving.challenge(ws, desk.open_request(ws, Asked("access"), who).ref)
    send_waiting(ws)
    assert len(list(post.iterdir())) == len(people)


@pytest.fixture
def place(base, tmp_path):
    folder, who, other = base
    target = tmp_path / "there"
    shutil.copytree(folder, target)
    settings = target / "shop" / "tagwarden.toml"
    settings.write_text(settings.read_text("utf-8").replace(str(folder), str(target)), "utf-8")
    for path in (target, target / "rings"):
        path.chmod(0o700)
    return target / "shop", who, other


def die(folder, point):
    def work_():
        ws = reopened(folder, clock=LATE)
        POINTS[point]()
        erasure.carry_on(ws, REF)

    killed_in_a_child(work_)
    never_half(folder)


def never_half(folder):
    """Whatever happened: no row is gone while its key is there, and the register is one of the steps."""
    with closing(sqlite3.connect(folder / "keystore" / "keys.db")) as keys:
        keyed = {i for (i,) in keys.execute("SELECT subject_id FROM dek")}
        named = {i for (i,) in keys.execute("SELECT subject_id FROM name")}
        assert keyed == named
    with closing(sqlite3.connect(folder / "data" / "control.db")) as store:
        there = {i for (i,) in store.execute("SELECT subject_id FROM subject")}
        sealed = {i for (i,) in store.execute("SELECT subject_id FROM sealedblob")}
    assert keyed <= there
    assert there == sealed


def ended(folder, who, other):
    """Carry on to the end; everything is as if nothing had happened on the way."""
    with closing(reopened(folder, clock=LATE)) as ws:
        (done,) = erasure.carry_on(ws, REF)
        assert (done.step, done.waiting) == (Step.CLOSED, "")
        assert erasure.certificate_of(ws, REF)
        said = [json.loads(entry) for entry in ws.evidence.entries()]
        moved = [
            one["obj"]["step"]
            for one in said
            if one["req"] == REF and one["act"] in ("erasure.committed", "erasure.step")
        ]
        assert moved == [step.code for step in saga.WHOLE[1:]]
        assert ws.evidence.verify().problems == ()
        assert ws.people.find("customer", [NUMBER, OTHER]) == {OTHER: other}
        assert ws.people.suppressed("customer", [NUMBER, OTHER]) == {NUMBER}
        assert ws.people.reveal("customer", [who, other]) == {other: OTHER}
        kept = sorted(path.name for path in ws.paths.quarantine.iterdir())
        assert kept == ["in-1.csv"]
        put_aside = (ws.paths.quarantine / "in-1.csv").read_text("utf-8")
        assert (NUMBER in put_aside, OTHER in put_aside) == (False, True)
        (letter,) = (ws.paths.root.parent / "post").iterdir()
        assert f"{other}@mail.example" in letter.read_text("utf-8")
        with ws.store.read() as connection:
            keys = connection.execute(text("SELECT keys FROM erasure")).scalar_one()
            assert [key["ver"] for key in json.loads(keys)] == [1], "digests outlive the keys"
            seen = erasure.previews(ws, connection, [who, other], erasure.EVERYTHING)
            wholly = {line.place for line in seen[who].lines if line.count > 0}
            assert wholly == {"store.consentevent", "store.choiceevent", "store.keptproof"}
            mine = {line.place: line.count for line in seen[other].lines}
            assert mine["file.lake"] == 3
        parts = {path.name for path in ws.paths.lake.rglob("*.parquet")}
        assert len(parts) == len(events.registered_parts(ws.store))


@pytest.mark.parametrize("point", QUICK)
def test_a_kill_is_followed_by_the_rest(place, point):
    folder, who, other = place
    die(folder, point)
    ended(folder, who, other)


@pytest.mark.slow
@pytest.mark.parametrize("point", [p for p in POINTS if p not in QUICK])
def test_a_kill_anywhere_is_followed_by_the_rest(place, point):
    folder, who, other = place
    die(folder, point)
    ended(folder, who, other)


@pytest.mark.slow
@pytest.mark.parametrize("second", SECOND)
@pytest.mark.parametrize("point", POINTS)
def test_a_second_kill_while_it_is_carried_on_changes_nothing(place, point, second):
    folder, who, other = place
    die(folder, point)
    child_may_end(folder, second)
    ended(folder, who, other)


def child_may_end(folder, point):
    """Carry on in a child that dies at a point, if that point is still ahead."""
    child = os.fork()
    if not child:
        ws = reopened(folder, clock=LATE)
        POINTS[point]()
        erasure.carry_on(ws, REF)
        os._exit(0)
    os.waitpid(child, 0)
    never_half(folder)


def test_a_part_goes_forward_in_steps_of_its_own():
    assert set(saga.PART) < set(saga.WHOLE)
    assert all(one < two for one, two in pairwise(saga.PART))
