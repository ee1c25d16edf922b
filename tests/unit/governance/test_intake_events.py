# SPDX-License-Identifier: Apache-2.0
"""Events of files in a real workspace: what is kept, what a second file adds, what a crash leaves."""

import json
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from audit.clock import iso
from audit.errors import BadInput, Conflict, Refused
from governance.intake import events
from governance.store import bitmaps
from tagging import lake
from tests.intake import a_file, a_map, an_order_file, e4, lake_rows
from tests.workshop import BUCKETS, a_folder, a_workspace, reopened

ROOT = Path(__file__).parents[3]
SECRET = "CUSTOMER-4711"
ROWS = [
    f"{SECRET},2026-01-05 10:00:00,o1,milk,2,1.50",
    f"{SECRET},2026-01-05 10:00:00,o1,bread,1,3.00",
    "B,2026-01-06 11:00:00,o2,milk,1,1.50",
    ",2026-01-06 12:00:00,o3,milk,4,1.50",
]


@pytest.fixture
def ws(tmp_path):
    opened = a_workspace(tmp_path)
    yield opened
    opened.close()


def bring(ws, path, **parts):
    (report,) = events.ingest(ws, [path], a_map(**parts))
    return report


def rows_of(ws, sql):
    with ws.store.read() as connection:
        return [tuple(row) for row in connection.execute(text(sql))]


def everything(ws):
    """All that an intake may change, as one value."""
    tables = ("intake", "lakepart", "eventcolumn", "category", "eventtotal", "subject")
    files = sorted(str(p) for p in (ws.paths.root / "data").rglob("*.parquet"))
    return [rows_of(ws, f"SELECT * FROM {table} ORDER BY 1, 2") for table in tables], files


def test_events_of_people_come_into_the_lake_and_nobody_feeds_totals(ws, tmp_path):
    report = bring(ws, an_order_file(tmp_path, *ROWS))
    assert (report.rows, report.added, report.people, report.new_people) == (4, 3, 2, 2)
    assert report.no_subject == 1
    found = lake_rows(ws)
    assert sorted((row["item"], row["amount"]) for row in found) == [
        ("bread", e4(3)),
        ("milk", e4(1.5)),
        ("milk", e4(3)),
    ]
    assert list(found[0]) == list(lake.CORE_COLUMNS)
    totals = rows_of(ws, "SELECT day, event_type, row_count, quantity, amount FROM eventtotal")
    assert totals == [(20459, "purchase", 1, e4(4), e4(6))]


@pytest.mark.parametrize(("rule", "rows"), [("row", 1), ("keep", 2)])
def test_equal_rows_of_nobody_count_in_the_totals_as_the_mapping_says(ws, tmp_path, rule, rows):
    bring(ws, an_order_file(tmp_path, ROWS[3], ROWS[3]), duplicates=rule)
    assert rows_of(ws, "SELECT row_count, quantity FROM eventtotal") == [(rows, e4(4 * rows))]


def test_without_a_session_the_purchases_of_a_day_of_the_shop_are_one_order(ws, tmp_path):
    zone = {"column": "at", "zone": "Asia/Shanghai"}
    bring(ws, an_order_file(tmp_path, *ROWS[:3]), session=None, time=zone)
    assert sorted(row["session"] for row in lake_rows(ws)) == ["20458", "20458", "20459"]
    late = [f"{SECRET},2026-01-05 23:59:59,x,tea,1,2", f"{SECRET},2026-01-06 00:00:00,x,tea,1,2"]
    bring(ws, an_order_file(tmp_path, *late, name="late.csv"), session=None, time=zone)
    tea = [row["session"] for row in lake_rows(ws) if row["item"] == "tea"]
    assert sorted(tea) == ["20458", "20459"]


def test_an_amount_that_no_till_takes_is_unreadable(ws, tmp_path):
    rows = [*ROWS * 10, f"{SECRET},2026-01-07 10:00:00,o9,milk,1,100000000001"]
    report = bring(ws, an_order_file(tmp_path, *rows))
    assert report.bad == {"bad-number": 1}


def test_people_are_known_to_key_store_and_gate(ws, tmp_path):
    bring(ws, an_order_file(tmp_path, *ROWS))
    ids = ws.people.find("customer", [SECRET, "B"])
    assert set(ids.values()) == {row["subject_id"] for row in lake_rows(ws)}
    assert rows_of(ws, "SELECT DISTINCT regime, age_class FROM subject") == [("gdpr", "unknown")]
    with ws.store.read() as connection:
        for name in ("regime:gdpr", "age:unknown", "touched:purchase"):
            assert set(bitmaps.members(connection, name)) == set(ids.values())


def test_the_mapping_may_name_the_regime_of_new_people(ws, tmp_path):
    bring(ws, an_order_file(tmp_path, *ROWS), regime="pipl_cn")
    assert rows_of(ws, "SELECT DISTINCT regime FROM subject") == [("pipl_cn",)]


def keys_of(part):
    import duckdb

    with duckdb.connect() as db:
        sql = "SELECT subject_id, ts FROM read_parquet($1, hive_partitioning = false)"
        return db.execute(sql, [str(part)]).fetchall()


def assert_sorted(ws):
    for part in ws.paths.lake.rglob("*.parquet"):
        assert keys_of(part) == sorted(keys_of(part))


def test_parts_are_sorted_bucketed_and_readable_by_the_owner_only(ws, tmp_path):
    rows = [f"C{n % 50},2026-01-{1 + n % 28:02d} 10:00:00,o{n},i,1,1" for n in range(500)]
    bring(ws, an_order_file(tmp_path, *rows))
    assert_sorted(ws)
    parts = rows_of(ws, "SELECT path, bucket, row_count, first_ts, last_ts, columns FROM lakepart")
    assert len(parts) >= BUCKETS
    for path, bucket, count, first, last, columns in parts:
        file = ws.paths.lake / path
        assert file.stat().st_mode & 0o777 == 0o600
        keys = keys_of(file)
        assert {subject % BUCKETS for subject, _ in keys} == {bucket}
        assert (len(keys), min(k[1] for k in keys), max(k[1] for k in keys)) == (count, first, last)
        assert json.loads(columns) == list(lake.CORE_COLUMNS)
        assert path.startswith(f"b={bucket:03d}/")


def test_the_same_file_again_changes_nothing(ws, tmp_path):
    path = an_order_file(tmp_path, *ROWS)
    bring(ws, path)
    before = everything(ws)
    again = bring(ws, path)
    assert (again.state, again.added) == ("nothing-to-do", 0)
    assert everything(ws) == before


def test_the_same_content_under_another_name_or_packed_changes_nothing(ws, tmp_path):
    import gzip

    path = an_order_file(tmp_path, *ROWS)
    bring(ws, path)
    copy = a_file(tmp_path, gzip.compress(path.read_bytes()), "other.csv.gz")
    assert bring(ws, copy).state == "nothing-to-do"


def test_an_overlapping_file_adds_only_the_new_rows(ws, tmp_path):
    bring(ws, an_order_file(tmp_path, *ROWS))
    more = an_order_file(tmp_path, *ROWS, "B,2026-01-07 09:00:00,o4,milk,1,1.5", name="more.csv")
    report = bring(ws, more)
    assert (report.added, report.known, report.new_people) == (1, 3, 0)
    assert len(lake_rows(ws)) == 4


def test_equal_rows_of_a_file_are_one_event(ws, tmp_path):
    report = bring(ws, an_order_file(tmp_path, ROWS[0], ROWS[0], ROWS[1]))
    assert (report.added, report.repeated) == (2, 1)


def test_equal_rows_are_different_events_when_the_mapping_says_keep(ws, tmp_path):
    path = an_order_file(tmp_path, ROWS[0], ROWS[0], ROWS[1])
    assert bring(ws, path, duplicates="keep").added == 3
    longer = an_order_file(tmp_path, ROWS[0], ROWS[0], ROWS[0], name="longer.csv")
    report = bring(ws, longer, duplicates="keep")
    assert (report.added, report.known) == (1, 2)


def test_one_row_may_be_two_events_of_different_types(ws, tmp_path):
    path = an_order_file(tmp_path, *ROWS)
    bring(ws, path)
    assert bring(ws, path, type="coupon").added == 3


def test_late_and_replayed_events_are_told_by_their_key(ws, tmp_path):
    text = "customer,at,event_id\nA,2026-01-05,e1\nA,2026-01-06,e2\n"
    parts = {
        **dict.fromkeys(("item", "session", "quantity", "price")),
        "duplicates": ["event_id"],
        "type": "view",
    }
    bring(ws, a_file(tmp_path, text), **parts)
    replayed = "customer,at,event_id\nA,2026-01-09,e2\nA,2025-12-31,e3\nA,2025-12-31,e3\n"
    report = bring(ws, a_file(tmp_path, replayed, "again.csv"), **parts)
    assert (report.added, report.known, report.repeated) == (1, 1, 1)


def test_events_from_before_the_last_run_are_counted_as_late(ws, tmp_path):
    with ws.store.write() as unit:
        unit.connection.execute(
            text(
                "INSERT INTO run (name, mode, state, as_of, started_at, report) "
                "VALUES ('run-1', 'all', 'published', :t, 0, '{}')"
            ),
            {"t": ws.clock.now()},
        )
    assert bring(ws, an_order_file(tmp_path, *ROWS)).findings == {"late": 3}


def test_categories_and_extra_columns_are_remembered_with_counts(ws, tmp_path):
    header = "customer,at,order,item,quantity,price,group,brand\n"
    path = a_file(
        tmp_path,
        header + "A,2026-01-05,1,a,1,1,food,Acme\nB,2026-01-05,1,a,1,1,food,\n",
    )
    bring(ws, path, category="group", extra={"brand": "brand"})
    assert rows_of(ws, 'SELECT "column", value, row_count FROM category ORDER BY 1') == [
        ("brand", "Acme", 1),
        ("category", "food", 2),
    ]
    assert rows_of(ws, "SELECT name, type FROM eventcolumn") == [("brand", "text")]
    assert {row["brand"] for row in lake_rows(ws)} == {"Acme", None}


def test_an_extra_column_cannot_change_its_type(ws, tmp_path):
    header = "customer,at,order,item,quantity,price,points\n"
    path = a_file(tmp_path, header + "A,2026-01-05,1,a,1,1,5\n")
    bring(ws, path, extra={"points": {"column": "points", "type": "integer"}})
    other = a_file(tmp_path, header + "A,2026-01-06,1,a,1,1,5\n", "other.csv")
    with pytest.raises(BadInput) as caught:
        bring(ws, other, extra={"points": "points"})
    assert caught.value.code == "column-type-differs"


def test_items_in_two_categories_are_counted(ws, tmp_path):
    header = "customer,at,order,item,quantity,price,group\n"
    rows = "A,2026-01-05,1,a,1,1,food\nB,2026-01-05,1,a,1,1,toys\nB,2026-01-05,1,b,1,1,toys\n"
    report = bring(ws, a_file(tmp_path, header + rows), category="group")
    assert report.findings == {"items-in-two-categories": 1}


def test_a_price_that_grows_with_the_quantity_is_noticed(ws, tmp_path):
    rows = [
        f"C{n},2026-01-05 10:00:00,o{n}{q},i{n},{q},{q * (n + 1)}"
        for n in range(12)
        for q in (1, 2, 3)
    ]
    report = bring(ws, an_order_file(tmp_path, *rows))
    assert report.findings == {"price-looks-like-line-total": 12}


def test_a_file_with_too_many_bad_rows_is_refused_whole(ws, tmp_path):
    before = everything(ws)
    path = an_order_file(tmp_path, *ROWS, f"{SECRET},never,o9,milk,1,1", "B,never,o9,milk,1,1")
    with pytest.raises(Refused) as caught:
        bring(ws, path)
    fault = caught.value
    assert (fault.code, fault.facts["bad"], fault.facts["rows"]) == ("too-many-bad-rows", 2, 6)
    assert [(p.code, p.line) for p in fault.problems] == [("bad-time", 6)]
    assert everything(ws) == before
    assert ws.people.find("customer", [SECRET]) == {}
    acts = [json.loads(e)["act"] for e in log_entries(ws)]
    assert acts[-1] == "intake.refused"


def log_entries(ws):
    ws.evidence.drain()
    with closing(sqlite3.connect(ws.paths.evidence)) as db:
        return [row[0] for row in db.execute("SELECT bytes FROM entry ORDER BY idx")]


def test_few_bad_rows_go_to_quarantine_that_only_the_owner_can_read(ws, tmp_path):
    good = [f"C{n},2026-01-05 10:00:00,o{n},i,1,1" for n in range(40)]
    report = bring(ws, an_order_file(tmp_path, *good, f"{SECRET},never,o9,milk,1,1"))
    path = ws.paths.root / report.quarantine
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.name == f"{report.id}.csv"
    lines = path.read_text("utf-8").splitlines()
    assert lines[0] == "line,row,reason,column,subject,content"
    assert lines[1].startswith("42,41,bad-time,at,customer,")
    assert SECRET in lines[1]
    assert report.bad == {"bad-time": 1}


def test_no_customer_number_in_report_evidence_or_control_store(ws, tmp_path):
    report = bring(ws, an_order_file(tmp_path, *ROWS))
    assert SECRET not in "\n".join(report.lines())
    assert SECRET not in json.dumps(report.as_json())
    assert all(SECRET.encode() not in bytes(entry) for entry in log_entries(ws))
    ws.close()
    for path in ws.paths.root.rglob("*"):
        if path.is_file() and path.suffix != ".parquet":
            assert SECRET.encode() not in path.read_bytes(), path


def test_evidence_says_what_came_in_as_counts(ws, tmp_path):
    report = bring(ws, an_order_file(tmp_path, *ROWS))
    entry = json.loads(log_entries(ws)[-1])
    assert entry["act"] == "intake.done"
    assert (entry["obj"]["intake"], entry["obj"]["rows"], entry["obj"]["added"]) == (
        report.id,
        4,
        3,
    )


class Stopped(Exception):  # noqa: N818
    pass


@contextmanager
def stopping(monkeypatch, module, name):
    """Let a step fail as a full disk or a bug would."""

    def fail(*_args, **_kwargs):
        raise Stopped

    with monkeypatch.context() as patch:
        patch.setattr(module, name, fail)
        yield


@pytest.mark.parametrize("step", ["stage", "_summary", "_register", "_totals", "_report"])
def test_a_failure_at_any_step_leaves_nothing_to_be_seen(ws, tmp_path, monkeypatch, step):
    before = everything(ws)
    path = an_order_file(tmp_path, *ROWS)
    with stopping(monkeypatch, events, step), pytest.raises(Stopped):
        bring(ws, path)
    assert everything(ws) == before
    assert list(ws.paths.scratch.iterdir()) == []
    assert bring(ws, path).added == 3


def test_a_failure_while_parts_are_written_takes_them_away(ws, tmp_path, monkeypatch):
    with stopping(monkeypatch, lake, "_finish"), pytest.raises(Stopped):
        bring(ws, an_order_file(tmp_path, *ROWS))
    assert list(ws.paths.lake.rglob("*.parquet")) == []


def test_a_failure_after_the_commit_keeps_what_was_committed(ws, tmp_path, monkeypatch):
    def fail():
        raise Stopped

    monkeypatch.setattr(ws.store, "after_commit", fail)
    with pytest.raises(Stopped):
        bring(ws, an_order_file(tmp_path, *ROWS))
    assert len(lake_rows(ws)) == 3


def test_two_intakes_at_once_wait_for_each_other(tmp_path):
    folder = a_folder(tmp_path)
    first, second = reopened(folder), reopened(folder)
    try:
        _ = second.store
        with (
            first.exclusive("ingest"),
            pytest.raises(Conflict) as caught,
            second.exclusive("ingest", wait=0),
        ):
            pass
        assert caught.value.code == "workspace-busy"
    finally:
        first.close()
        second.close()


def test_several_files_are_several_intakes(ws, tmp_path):
    paths = [an_order_file(tmp_path, row, name=f"{n}.csv") for n, row in enumerate(ROWS)]
    reports = events.ingest(ws, paths, a_map())
    assert [report.added for report in reports] == [1, 1, 1, 0]
    assert len(rows_of(ws, "SELECT id FROM intake")) == 4


def test_progress_goes_from_nothing_to_all(ws, tmp_path):
    told = []
    paths = [an_order_file(tmp_path, ROWS[0], name=f"{n}.csv") for n in range(2)]
    events.ingest(ws, paths, a_map(), progress=lambda done, total: told.append((done, total)))
    assert {total for _, total in told} == {2000}
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_a_large_file_takes_the_road_over_scratch_files(ws, tmp_path, monkeypatch):
    from tagging.intake import stage

    monkeypatch.setattr(lake, "GROUP_ROWS", 100)
    monkeypatch.setattr(stage, "SMALL_ROWS", 10)
    rows = [f"C{n % 30},2026-01-{1 + n % 28:02d} 10:00:00,o{n},i{n},1,1" for n in range(300)]
    path = an_order_file(tmp_path, *rows, *rows[:7])
    report = bring(ws, path)
    assert (report.added, report.repeated, report.people) == (300, 7, 30)
    assert sorted(row["item"] for row in lake_rows(ws)) == sorted(f"i{n}" for n in range(300))
    assert_sorted(ws)


def test_a_report_says_the_period_and_the_rules(ws, tmp_path):
    report = bring(ws, an_order_file(tmp_path, *ROWS))
    assert (report.first, report.last) == ("2026-01-05T10:00:00Z", "2026-01-06T11:00:00Z")
    assert any("equal rows are one event" in rule for rule in report.rules)
    kept = rows_of(ws, "SELECT report, at FROM intake")[0]
    assert json.loads(kept[0]) == json.loads(json.dumps(report.as_json()))
    assert iso(kept[1]) == "2026-03-01T12:00:00Z"


def test_a_process_that_is_killed_before_the_commit_leaves_nothing_that_counts(tmp_path):
    folder, path = a_folder(tmp_path), an_order_file(tmp_path, *ROWS)
    script = (
        "import os, signal, sys; from pathlib import Path\n"
        "from governance.intake import events; from tests.intake import a_map\n"
        "from tests.workshop import reopened\n"
        "events._commit = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "events.ingest(reopened(Path(sys.argv[1])), [Path(sys.argv[2])], a_map())\n"
    )
    done = subprocess.run([sys.executable, "-c", script, folder, path], cwd=ROOT, check=False)
    assert done.returncode == -signal.SIGKILL
    lake_folder, scratch = folder / "data" / "lake", folder / "data" / "scratch"
    assert list(lake_folder.rglob("*.parquet"))
    assert list(scratch.iterdir())
    ws = reopened(folder)
    try:
        assert lake_rows(ws) == []
        assert rows_of(ws, "SELECT * FROM subject") == []
        assert list(lake_folder.rglob("*.parquet")) == []
        assert list(scratch.iterdir()) == []
        assert bring(ws, path).added == 3
    finally:
        ws.close()
