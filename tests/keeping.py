# SPDX-License-Identifier: Apache-2.0
"""Workspaces in the hands of a custodian: whoever rotates keys holds no other role."""

import os
import shutil
import signal
import sqlite3
from contextlib import closing

from audit.clock import FixedClock
from governance import authority
from governance.actor import Actor
from governance.custody.backup import backup
from governance.custody.restore import restore
from governance.workspace import open_workspace
from tests.workshop import NOON, a_folder, reopened

CUSTODIAN = Actor("keeper", "custodian")
WORDS = b"correct horse battery"


def a_kept_folder(folder):
    """Make a workspace that has a custodian; return its folder."""
    shop = a_folder(folder)
    with closing(reopened(shop)) as ws:
        authority.add(ws, CUSTODIAN.name, ["custodian"])
    return shop


def kept(shop, *, clock=None, ids=None, ask=None):
    """Open a workspace as its custodian."""
    return open_workspace(shop, clock=clock or FixedClock(NOON), ids=ids, actor=CUSTODIAN, ask=ask)


def with_people(shop, count, start=0):
    """Admit people with one sealed attribute each; return {subject_id: cell}."""
    with closing(reopened(shop)) as ws:
        numbers = ws.people.admit("customer", [f"C-{n}" for n in range(start, start + count)])
        cells = ws.people.seal([(i, 3, {"city": f"town {i}"}) for i in numbers.values()])
    return {subject_id: cell for subject_id, _, cell in cells}


def opens(shop, cells):
    """Return how many of the cells open, each to what was sealed in it."""
    with closing(reopened(shop)) as ws:
        items = [(i, 3, cell) for i, cell in cells.items()]
        return sum(values == {"city": f"town {i}"} for i, _, values in ws.people.unseal(items))


def entries(shop, act):
    """Return how many entries of an act reached the log, and whether the log is good."""
    with closing(reopened(shop)) as ws:
        _ = ws.store
        good = ws.evidence.verify().good
    with closing(sqlite3.connect(shop / "evidence" / "log.db")) as log:
        found = log.execute(
            "SELECT count(*) FROM entry WHERE instr(bytes, ?)", (f'"act":"{act}"'.encode(),)
        ).fetchone()[0]
    return found, good


def killed_in_a_child(work):
    """Run `work` in a process of its own that kills itself in it; fail when it does not."""
    child = os.fork()
    if not child:
        try:
            work()
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status)
    assert os.WTERMSIG(status) == signal.SIGKILL


def kill(*_given, **_named):
    """Kill this process at once."""
    os.kill(os.getpid(), signal.SIGKILL)


def after(work):
    """Return what does the work and then kills this process."""

    def both(*given, **named):
        work(*given, **named)
        kill()

    return both


def backed_up(shop, file, words=WORDS, **seams):
    """Make a backup of the keys; return what it holds."""
    with closing(kept(shop, **seams)) as ws:
        return backup(ws, file, lambda: words)


def put_back(shop, file, words=WORDS, **options):
    """Restore a backup; return what was put back."""
    with closing(kept(shop)) as ws:
        return restore(ws, file, lambda: words, **options)


def lose_key_store(shop):
    """Lose the key store and its folder."""
    shutil.rmtree(shop / "keystore")


def lose_ring(tmp_path):
    """Lose the key ring and the signed head beside it."""
    shutil.rmtree(tmp_path / "rings")
