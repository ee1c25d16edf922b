# SPDX-License-Identifier: Apache-2.0
"""A request is taken in whole or not at all, wherever the process is killed; asked again, it is one."""

import json
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from governance.requests import desk, row
from governance.requests.desk import Asked
from governance.requests.machine import State
from tests.crashing import REQUEST_STEPS
from tests.desk import a_desk, a_person
from tests.workshop import reopened

ROOT = Path(__file__).parents[3]


def logged(ws):
    entries = [json.loads(entry) for entry in ws.evidence.entries()]
    return [one["obj"]["step"] for one in entries if one["act"].startswith("request.")]


@pytest.mark.slow
def test_a_killed_opening_leaves_all_or_nothing_and_is_repeated_once(tmp_path):
    for step in REQUEST_STEPS:
        with closing(a_desk(tmp_path / step)) as ws:
            a_person(ws)
    subprocess.run(
        [sys.executable, "-m", "tests.crashing", "request", str(tmp_path), *REQUEST_STEPS],
        cwd=ROOT,
        check=True,
    )
    for step in REQUEST_STEPS:
        with closing(reopened(tmp_path / step / "shop")) as ws:
            with ws.store.read() as connection:
                found = row.select(connection)
                steps = [one.step for ref in found for one in row.steps(connection, ref.ref)]
            assert len(found) == (step == "after-the-commit"), step
            assert steps == logged(ws) == ["open", "admit"] * len(found)
            who = ws.people.admit("customer", ["7"])["7"]
            again = desk.open_request(ws, Asked("personalisation-off", key="once"), who)
            assert again.state == State.OPEN
            assert [one.ref for one in found] in ([], [again.ref])
            assert logged(ws) == ["open", "admit"]
            assert ws.evidence.verify().problems == ()
