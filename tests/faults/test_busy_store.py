# SPDX-License-Identifier: Apache-2.0
"""A control store that another process holds: a conflict that says so, for every way of using it."""

import sqlite3
from contextlib import closing

from governance.store import engine
from tests.workshop import a_workspace, code_of


def test_a_store_in_use_elsewhere_is_a_conflict(tmp_path, monkeypatch):
    monkeypatch.setattr(engine, "BUSY_SECONDS", 0)

    def change(ws):
        with ws.store.write():
            pass

    with closing(a_workspace(tmp_path)) as ws:
        assert ws.store
        with closing(sqlite3.connect(ws.paths.control, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            assert code_of(lambda: change(ws)) == "workspace-busy"
            other.execute("ROLLBACK")
        assert code_of(lambda: change(ws)) == ""
