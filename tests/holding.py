# SPDX-License-Identifier: Apache-2.0
"""Holds in tests: settings, events of other types, what is left of somebody."""

import json
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import text

from audit.clock import DAY, from_micros
from governance import erasure, holds
from governance.erasure import certificate
from governance.running.flush import flush
from tests.access import E4
from tests.erasing import REF
from tests.workshop import as_reviewer


def setting(ws, **values):
    """Change settings, written section_name."""
    known = {key.replace(".", "_"): key for key in ws.settings.values}
    changed = {known[name]: value for name, value in values.items()}
    ws.settings = replace(ws.settings, values={**ws.settings.values, **changed})


def does(ws, who, kind="view", days_ago=1, *, stored=False):
    """Let one event of a type happen to somebody; it goes to the lake when it is `stored`."""
    fields = {
        "event_type": kind,
        "item": "i-tea",
        "category": "tea",
        "session": f"s-{kind}-{days_ago}",
        "quantity": E4,
    }
    with ws.store.write() as unit:
        unit.connection.execute(
            text(
                "INSERT INTO liveevent (subject_id, ts, dedup, event_type, fields) "
                "VALUES (:s, :t, :d, :k, :f)"
            ),
            {
                "s": who,
                "t": ws.clock.now() - days_ago * DAY,
                "d": days_ago * 100 + len(kind),
                "k": kind,
                "f": json.dumps(fields),
            },
        )
    if stored:
        flush(ws)


def in_days(ws, days):
    """Return the day some days ahead."""
    return from_micros(ws.clock.now()).date() + timedelta(days=days)


def held(ws, who, category="transactions", ground="legal-claims", days=60):
    """Place a hold, which somebody else confirms."""
    placed = holds.place(ws, who, category, ground, in_days(ws, days))
    return as_reviewer(ws, lambda: holds.confirm(ws, placed.id))


def events_of(ws, who):
    """Return (type, instant) of every event that is there of somebody, wherever it lies."""
    from pyarrow import parquet

    with ws.store.read() as connection:
        live = connection.execute(
            text("SELECT event_type, ts FROM liveevent WHERE subject_id = :s"), {"s": who}
        ).all()
    stored = [
        (row["event_type"], row["ts"])
        for path in sorted(ws.paths.lake.rglob("*.parquet"))
        for row in parquet.read_table(path, partitioning=None).to_pylist()
        if row["subject_id"] == who
    ]
    return sorted([*(tuple(row) for row in live), *stored])


def kinds_of(ws, who):
    """Return the types of the events that are there of somebody, each once."""
    return sorted({kind for kind, _ in events_of(ws, who)})


def rows_of(ws, table, who):
    """Return how many rows a table has of somebody."""
    with ws.store.read() as connection:
        query = text(f"SELECT count(*) FROM {table} WHERE subject_id = :s")
        return connection.execute(query, {"s": who}).scalar_one()


def body(ws, ref=REF):
    """Return what the certificate of an erasure says, when it is true."""
    file = erasure.certificate_of(ws, ref)
    return certificate.verify(file, ws.evidence.proofs.verifier_keys())[0].body
