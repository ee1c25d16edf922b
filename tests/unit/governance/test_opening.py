# SPDX-License-Identifier: Apache-2.0
"""Opening the control store: only at this version's schema, and after clearing what was left."""

import sqlite3
from contextlib import closing

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from audit.errors import Conflict
from audit.evidence.reading import decode
from governance.store import repair as repairs
from governance.store.engine import open_engine
from governance.store.migrate import current_and_head, scripts, upgrade
from governance.store.opening import HEAD
from governance.store.schema import bring_up, checked
from governance.store.tables import METADATA
from tests.workshop import a_workspace, code_of, reopened


@pytest.fixture
def ws(tmp_path):
    opened = a_workspace(tmp_path)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    engine = open_engine(f"sqlite:///{tmp_path_factory.mktemp('fresh') / 'control.db'}")
    upgrade(engine)
    yield engine
    engine.dispose()


def set_revision(ws, revision):
    with closing(sqlite3.connect(ws.paths.control)) as store, store:
        store.execute("UPDATE alembic_version SET version_num = ?", (revision,))


def told(ws):
    with closing(sqlite3.connect(ws.paths.evidence)) as log:
        entries = [decode(row[0]) for row in log.execute("SELECT bytes FROM entry ORDER BY idx")]
    return [dict(entry.facts) for entry in entries if entry.act == "store.repaired"]


def test_the_constant_is_the_newest_migration(fresh):
    assert current_and_head(fresh) == (HEAD, HEAD)


def test_the_migrations_make_exactly_the_tables_of_this_version(fresh):
    with fresh.connect().execution_options(reading=True) as connection:
        context = MigrationContext.configure(
            connection,
            opts={"compare_type": True, "compare_server_default": True, "render_as_batch": True},
        )
        assert compare_metadata(context, METADATA) == []


def test_the_migrations_are_no_package():
    assert not (scripts() / "__init__.py").exists()


@pytest.mark.parametrize("table", ["consentevent", "choiceevent"])
def test_what_was_said_can_be_neither_changed_nor_deleted(fresh, table):
    columns = [column.name for column in METADATA.tables[table].columns if column.name != "id"]
    marks = ", ".join("0" for _ in columns)
    with fresh.begin() as connection:
        connection.exec_driver_sql(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})")
    for statement in (f"UPDATE {table} SET at = 1", f"DELETE FROM {table}"):
        with (
            fresh.connect() as connection,
            pytest.raises(IntegrityError, match=f"{table} is append-only"),
        ):
            connection.exec_driver_sql(statement)


def test_upgrading_twice_does_nothing(ws):
    assert bring_up(ws) == (HEAD, HEAD)
    assert checked(ws) == HEAD


def test_a_missing_store_is_told_and_no_empty_one_is_made(ws):
    ws.close()
    ws.paths.control.unlink()
    for work in (lambda: ws.store, lambda: bring_up(ws), lambda: checked(ws)):
        assert code_of(work) == "store-missing"
    assert not ws.paths.control.exists()


def test_an_empty_file_is_no_store(ws):
    ws.close()
    ws.paths.control.write_bytes(b"")
    assert code_of(lambda: ws.store) == "store-missing"


def test_a_damaged_store_is_told(ws):
    ws.close()
    ws.paths.control.write_bytes(b"no database" * 500)
    assert code_of(lambda: ws.store) == "store-unreadable"


def test_an_older_or_newer_schema_is_refused(ws):
    ws.close()
    set_revision(ws, "0000")
    assert code_of(lambda: ws.store) == "store-outdated"
    set_revision(ws, "9999")
    assert code_of(lambda: ws.store) == "store-newer"
    assert code_of(lambda: bring_up(ws)) == "store-newer"


def test_opening_needs_no_migration_tool(ws):
    import subprocess
    import sys

    script = (
        "import sys; from pathlib import Path; from governance.workspace import open_workspace\n"
        "ws = open_workspace(Path(sys.argv[1])); ws.store; ws.close()\n"
        "print('alembic' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, ws.paths.root], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"


def a_left_run(ws):
    assert ws.store  # opened before: opening is what clears
    part = ws.paths.lake / "b=007" / "in-1.parquet"
    part.parent.mkdir()
    part.write_bytes(b"x")
    work = ws.paths.scratch / "run" / "piece"
    work.parent.mkdir()
    work.write_bytes(b"x")
    return part, work


def test_what_a_killed_process_left_is_cleared_at_the_next_start_and_said(ws):
    part, work = a_left_run(ws)
    kept = part.with_name("in-0.parquet")
    kept.write_bytes(b"x")
    with ws.store.engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO lakepart VALUES ('b=007/in-0.parquet', 'in-0', 7, 1, 1, 0, 0, '[]')"
        )
    with closing(reopened(ws.paths.root)) as later:
        assert later.store
    assert (part.exists(), work.exists(), kept.exists()) == (False, False, True)
    assert told(ws) == [{"copies": 0, "orphans": 1, "scratch": 1}]


def test_nothing_is_cleared_while_somebody_is_at_work(ws):
    part, work = a_left_run(ws)
    with ws.exclusive("ingest"), closing(reopened(ws.paths.root)) as later:
        assert later.store
    assert part.exists()
    assert work.exists()
    assert told(ws) == []


def test_nothing_is_cleared_when_the_store_is_older_than_the_log(ws):
    part, work = a_left_run(ws)
    with closing(sqlite3.connect(ws.paths.control)) as store, store:
        store.execute("UPDATE sqlite_sequence SET seq = 0 WHERE name = 'outbox'")
    with closing(reopened(ws.paths.root)) as later:
        assert later.store
        assert repairs.is_rolled_back(later, later.store)
    assert part.exists()
    assert work.exists()


def test_a_start_with_nothing_left_over_says_nothing(ws):
    with closing(reopened(ws.paths.root)) as later:
        assert later.store
    assert told(ws) == []


def fill(ws):
    """Write more than there is room for."""
    with ws.store.write() as unit:
        pages = unit.connection.execute(text("PRAGMA page_count")).scalar()
        unit.connection.execute(text(f"PRAGMA max_page_count = {pages}"))
        unit.log(ws.evidence.entry("tag.applied", tag="a.b", version=1, digest="0" * 64))
        unit.connection.execute(text("INSERT INTO category SELECT 'c', hex(randomblob(500000)), 1"))


def test_a_full_disk_is_one_clear_message_and_nothing_is_written(tmp_path):
    ws = a_workspace(tmp_path)
    try:
        with pytest.raises(Conflict) as caught:
            fill(ws)
        assert caught.value.code == "disk-full"
        with ws.store.read() as connection:
            assert connection.execute(text("SELECT count(*) FROM category")).scalar() == 0
            assert connection.execute(text("SELECT count(*) FROM outbox")).scalar() == 0
    finally:
        ws.close()
