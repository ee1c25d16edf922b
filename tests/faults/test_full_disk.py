# SPDX-License-Identifier: Apache-2.0
"""A disk that is really full: one clear refusal, nothing acknowledged lost, and work goes on with room."""

import os
import resource
import shutil
import subprocess
from contextlib import closing, contextmanager

import pytest

from audit.errors import Conflict
from governance import consent, purpose
from governance.consent import ConsentFact
from tests.faults.scene import FIRST, acts
from tests.workshop import NOON, a_folder, reopened

ENOUGH = 2_000


@contextmanager
def a_small_disk(folder):
    """Mount a file system of 2 MB on a folder; give what makes room on it."""
    tool = shutil.which("mount")
    if tool is None or os.geteuid() != 0:
        pytest.skip("only root mounts a small file system")
    done = subprocess.run(
        [tool, "-t", "tmpfs", "-o", "size=2m,mode=700", "tmpfs", folder], check=False
    )
    if done.returncode:
        pytest.skip("this machine lets nobody mount a small file system")
    try:
        yield lambda: subprocess.run([tool, "-o", "remount,size=9m", folder], check=True)
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@contextmanager
def a_limit_of_file_sizes(_folder):
    """Let no file grow over 600 kB; give what takes the limit away."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, before[1]))
    try:
        yield lambda: resource.setrlimit(resource.RLIMIT_FSIZE, before)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def say(ws, number):
    fact = ConsentFact(1, "recommendation", "given", "ordinary", NOON, notice=f"n{number}")
    consent.submit(ws, fact)


def fill(ws):
    """Record consents until there is no room; return how many were acknowledged, and the fault."""
    for number in range(ENOUGH):
        try:
            say(ws, number)
        except Conflict as fault:
            return number, fault
    raise AssertionError("the disk never filled up")


def recorded(ws):
    """Return how many consents stand in the ledger, and how many in a log that is good."""
    with ws.store.read() as connection:
        rows = connection.exec_driver_sql("SELECT count(*) FROM consentevent").scalar()
    assert ws.evidence.verify().problems == ()
    return rows, acts(ws.paths.evidence)["consent.recorded"]


@pytest.mark.parametrize("disk", [a_small_disk, a_limit_of_file_sizes])
def test_a_full_disk_refuses_and_loses_nothing(tmp_path, disk):
    with disk(tmp_path) as make_room:
        shop = a_folder(tmp_path)
        with closing(reopened(shop)) as ws:
            ws.people.admit("customer", ["A-1"])
            purpose.apply(ws, [FIRST / "purposes.yaml"])
            told, fault = fill(ws)
        assert told > 20
        assert fault.code in ("disk-full", "disk-unwritable")
        make_room()
        with closing(reopened(shop)) as ws:
            assert recorded(ws) == (told, told)
            say(ws, told)
            assert recorded(ws) == (told + 1, told + 1)
