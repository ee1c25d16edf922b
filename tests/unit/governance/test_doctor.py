# SPDX-License-Identifier: Apache-2.0
"""The doctor: each thing that can be wrong is told with what to type, and nothing is changed."""

import json
import sqlite3
from contextlib import closing
from types import SimpleNamespace

import pytest

from audit.clock import SECOND
from audit.ids import SystemIds
from governance import authority, doctor, erasure, holds, notifying
from governance.actor import Actor
from governance.custody.rotate import rotate
from governance.doctor import examine
from governance.evidence.head import head_path
from governance.vault.ring import create_ring
from tests.access import Shop, a_person
from tests.erasing import begun, erased, later
from tests.holding import in_days
from tests.workshop import NOON, a_workspace, as_reviewer, reopened


class Standing:
    """A clock that is no FixedClock to the doctor."""

    def __init__(self, at):
        self.at = at

    def now(self):
        return self.at


@pytest.fixture
def ws(tmp_path):
    opened = a_workspace(tmp_path, clock=Standing(NOON))
    yield opened
    opened.close()


def findings(ws):
    with closing(reopened(ws.paths.root, clock=ws.clock)) as fresh:
        return {check.code: check for check in examine(fresh)}


def wrong(ws):
    return {code: check.result for code, check in findings(ws).items() if check.result != "ok"}


def change(path, *statements):
    with closing(sqlite3.connect(path)) as store, store:
        for statement in statements:
            store.execute(statement)


def test_a_new_workspace_is_in_order(ws):
    found = findings(ws)
    assert wrong(ws) == {}
    assert list(found) == [code for code, _, _ in doctor._CHECKS]
    assert "can read everything" in found["key-ring"].what


def test_a_clock_that_stands_still_is_told(ws):
    with closing(reopened(ws.paths.root)) as fresh:
        (check,) = (check for check in examine(fresh) if check.code == "clock")
    assert (check.result, "2026-03-01T12:00:00Z" in check.what) == ("warn", True)


def test_a_clock_behind_the_log_is_told(ws):
    ws.clock.at = NOON - 6 * SECOND
    assert wrong(ws) == {"clock": "bad"}


def test_settings_without_an_id_are_told(ws):
    settings = ws.paths.root / "tagwarden.toml"
    text = settings.read_text("utf-8")
    settings.write_text("\n".join(line for line in text.split("\n") if not line.startswith("id =")))
    assert wrong(ws) == {"settings": "bad"}


def test_an_outdated_store_is_told_and_the_other_checks_still_run(ws):
    ws.close()
    change(ws.paths.control, "UPDATE alembic_version SET version_num = '0000'")
    found = findings(ws)
    assert (found["schema"].result, found["schema"].hint) == ("bad", "tagwarden db upgrade")
    assert found["evidence"].result == "ok"
    assert "outbox" not in found


def test_a_missing_store_is_told(ws):
    ws.close()
    ws.paths.control.unlink()
    assert wrong(ws) == {"schema": "bad"}


@pytest.mark.law("GDPR-32")
@pytest.mark.parametrize(
    ("name", "code"), [("control", "store"), ("keystore", "key-store"), ("evidence", "evidence")]
)
def test_a_damaged_file_is_told(ws, name, code):
    ws.close()
    path = getattr(ws.paths, name)
    with closing(sqlite3.connect(path)) as store, store:
        size = store.execute("PRAGMA page_size").fetchone()[0]
        last = store.execute("SELECT max(rootpage) FROM sqlite_master").fetchone()[0]
    data = bytearray(path.read_bytes())
    data[(last - 1) * size : (last - 1) * size + 64] = b"\xff" * 64
    path.write_bytes(data)
    assert wrong(ws)[code] == "bad"


def test_a_ring_that_others_may_use_is_told(ws):
    ws.paths.ring.chmod(0o644)
    found = findings(ws)
    assert {code for code, check in found.items() if check.result == "bad"} >= {
        "key-ring",
        "evidence",
    }
    assert found["key-ring"].hint.startswith("chmod 600")


def test_a_ring_of_another_workspace_is_told(ws, tmp_path):
    other = tmp_path / "rings" / "other.json"
    create_ring(other, SystemIds(), root=ws.paths.root)
    other.replace(ws.paths.ring)
    assert wrong(ws).items() >= {"key-store": "bad", "evidence": "bad"}.items()


def test_people_without_a_key_are_told(ws):
    with ws.store.engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO subject VALUES (1, x'00', 'gdpr', 'unknown', 0)")
    assert wrong(ws) == {"licences": "bad"}


def test_a_log_that_was_cut_is_told(ws):
    ws.close()
    change(
        ws.paths.evidence,
        "DROP TRIGGER entry_no_delete",
        "DELETE FROM entry",
        "UPDATE state SET size = 0, peaks = x'', root = "
        "x'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'",
    )
    assert wrong(ws) == {"evidence": "bad"}
    head_path(ws.paths.ring).unlink()
    assert wrong(ws) == {"evidence": "bad"}


def test_a_store_older_than_the_log_is_told(ws):
    ws.close()
    change(ws.paths.control, "UPDATE sqlite_sequence SET seq = 0 WHERE name = 'outbox'")
    assert wrong(ws) == {"order": "bad"}


def test_evidence_that_waits_is_told_and_left(ws):
    entry = ws.evidence.entry("denied")
    with ws.store.engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO outbox (entry) VALUES (?)", (entry,))
    assert wrong(ws) == {"outbox": "warn"}
    assert wrong(ws) == {"outbox": "warn"}


def test_files_of_the_lake_that_are_missing_cut_or_unknown_are_told(ws):
    assert ws.store  # opened before: opening clears orphans away
    part = ws.paths.lake / "b=000" / "in-1.parquet"
    part.parent.mkdir()
    part.write_bytes(b"12345")
    assert wrong(ws) == {"lake": "warn"}
    with ws.store.engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO lakepart VALUES ('b=000/in-1.parquet', 'in-1', 0, 1, 5, 0, 0, '[]')"
        )
    assert wrong(ws) == {}
    part.write_bytes(b"123")
    assert wrong(ws) == {"lake": "bad"}
    part.unlink()
    assert wrong(ws) == {"lake": "bad"}


def test_a_run_that_did_not_finish_is_told(ws):
    with ws.store.engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO run (name, mode, state, as_of, started_at, report) "
            "VALUES ('run-1', 'all', 'running', 0, 0, '')"
        )
    assert wrong(ws) == {"runs": "warn"}


@pytest.mark.parametrize(("free", "result"), [(5_000_000, "bad"), (500_000_000, "warn")])
def test_a_full_disk_is_told(ws, monkeypatch, free, result):
    usage = SimpleNamespace(free=free)
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _path: usage)
    assert wrong(ws) == {"disk": result}


def test_rejected_rows_that_lie_about_are_told(ws):
    (ws.paths.quarantine / "in-1.csv").write_text("A-1,x")
    assert wrong(ws) == {"quarantine": "warn"}


def test_findings_are_plain_values(ws):
    from dataclasses import asdict

    assert json.loads(json.dumps([asdict(check) for check in findings(ws).values()]))


# --- what waits because of people's rights --------------------------------------------------


@pytest.fixture
def shop(tmp_path):
    opened = Shop(tmp_path / "shop")
    yield opened
    opened.close()


def told(shop):
    found = {check.code: check for check in examine(shop.ws)}
    return {code: found[code].result for code in ("erasures", "holds", "notifications")}


def test_an_erasure_whose_grace_is_over_is_told_until_it_is_closed(shop, monkeypatch):
    who = a_person(shop)
    begun(shop.ws, who)
    assert told(shop)["erasures"] == "ok"
    later(shop.ws)
    assert told(shop)["erasures"] == "warn"
    with monkeypatch.context() as patch:
        patch.setattr(
            type(shop.ws.people), "settle", lambda _: False
        )  # somebody reads the old pages
        erasure.carry_on(shop.ws)
        assert told(shop)["erasures"] == "warn"
    erasure.carry_on(shop.ws)
    assert told(shop)["erasures"] == "ok"
    later(shop.ws, 31 * 24)
    assert told(shop)["erasures"] == "warn"  # the promised rotation
    authority.add(shop.ws, "keeper", ["custodian"])
    shop.ws.actor = Actor("keeper", "custodian")
    rotate(shop.ws)
    assert told(shop)["erasures"] == "ok"


def test_a_hold_that_would_lapse_is_told(shop):
    who = a_person(shop)
    placed = holds.place(shop.ws, who, "everything", "legal-claims", in_days(shop.ws, 60))
    assert told(shop)["holds"] == "warn"
    as_reviewer(shop.ws, lambda: holds.confirm(shop.ws, placed.id))
    assert told(shop)["holds"] == "ok"


def test_recipients_who_are_still_to_be_told_are_counted(shop):
    assert told(shop)["notifications"] == "ok"
    erased(shop.ws, a_person(shop))
    assert told(shop)["notifications"] == "warn"
    for one in notifying.listed(shop.ws):
        notifying.impossible(shop.ws, one.id, "impossible")
    assert told(shop)["notifications"] == "ok"
