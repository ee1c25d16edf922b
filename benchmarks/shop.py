# SPDX-License-Identifier: Apache-2.0
"""A workspace over a generated lake: people, purposes, the tags of rules.py, 70 % of consents.

Files of the lake are linked, not copied. Consents are given by chance, per person and purpose, the
same for the same people.
"""

import json
from collections.abc import Iterator
from pathlib import Path

from pyroaring import BitMap
from sqlalchemy import text

from audit.clock import DAY, FixedClock, Micros
from benchmarks.generate import AS_OF, EXTRA, Lake
from benchmarks.rules import PURPOSES, RULES
from governance import authority, consent, purpose
from governance.actor import Actor
from governance.changing import applying, comparing, review
from governance.init import init
from governance.store import bitmaps
from governance.workspace import Workspace, open_workspace
from tagging.lake import CORE_COLUMNS

SHARE = 70
"""Per cent of people who consent to a purpose."""

ACTOR = Actor("benchmark", "dpo")
REVIEWER = Actor("reviewer", "dpo")
_USES = ("first_party_personalised_marketing", "first_party_recommendation", "analytics")
_BATCH = 20_000


def clock(instant: int) -> FixedClock:
    """Return a clock that stands still."""
    return FixedClock(Micros(instant))


def build(folder: Path, lake: Lake) -> None:
    """Make the workspace `folder/shop` with its key ring in `folder/ring`."""
    init(
        folder / "shop",
        name="Benchmark",
        zone="America/New_York",
        ring=folder / "ring" / "ring.json",
        clock=clock(AS_OF),
        actor=ACTOR,
    )
    settings = folder / "shop" / "tagwarden.toml"
    text_ = settings.read_text("utf-8").replace("# buckets = 16", f"buckets = {lake.buckets}")
    settings.write_text(text_, "utf-8")
    ws = opened(folder)
    try:
        _register(ws, lake)
        _people(ws, lake)
        _definitions(ws, folder)
        _consents(ws, lake)
    finally:
        ws.close()


def opened(folder: Path, *, later_days: int = 0, mode: str = "") -> Workspace:
    """Open the workspace at the instant of the benchmark, or some days later."""
    now = clock(AS_OF + later_days * DAY)
    ws = open_workspace(folder / "shop", clock=now, actor=ACTOR)
    if mode:
        values = {**ws.settings.values, "gate.mode": mode}
        ws.settings = type(ws.settings)(values, ws.settings.origins)
    return ws


def people(lake: Lake) -> list[int]:
    """Return everybody who has events, ascending."""
    import duckdb

    with duckdb.connect(":memory:") as db:
        rows = db.execute(
            f"SELECT DISTINCT subject_id FROM '{lake.folder}/*/*.parquet' ORDER BY 1"
        ).fetchall()
    return [int(row[0]) for row in rows]


def consents(subject_id: int, number: int) -> bool:
    """Return whether a person consents to a purpose."""
    mixed = (subject_id * 48_271 + number * 69_621 + 12_345) * 16_807 % 2_147_483_647
    return mixed * 48_271 % 2_147_483_647 % 100 < SHARE


def _register(ws: Workspace, lake: Lake) -> None:
    import pyarrow.parquet as pq

    _ = ws.store  # opened first: it clears away files that are not registered
    names = json.dumps([*CORE_COLUMNS, *EXTRA])
    rows = []
    for bucket in range(lake.buckets):
        for part in lake.parts(bucket):
            path = ws.paths.lake / part.parent.name / part.name
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            path.hardlink_to(part)
            count = pq.ParquetFile(part).metadata.num_rows
            relative = str(path.relative_to(ws.paths.lake))
            rows.append(
                {"p": relative, "b": bucket, "n": count, "z": part.stat().st_size, "c": names}
            )
    with ws.store.write() as unit:
        unit.connection.execute(
            text(
                "INSERT INTO lakepart (path, intake_id, bucket, row_count, size_bytes, first_ts, "
                "last_ts, columns) VALUES (:p, 'bench', :b, :n, :z, 0, 0, :c)"
            ),
            rows,
        )
        unit.connection.execute(
            text("INSERT INTO eventcolumn (name, type) VALUES (:n, :t)"),
            [{"n": name, "t": kind} for name, kind in EXTRA.items()],
        )


def _people(ws: Workspace, lake: Lake) -> None:
    """Admit everybody; the number of a customer is the subject_id that the lake has."""
    for start in range(1, lake.people + 1, _BATCH):
        numbers = range(start, min(start + _BATCH, lake.people + 1))
        found = ws.people.admit("customer", [str(number) for number in numbers])
        if any(int(value) != subject_id for value, subject_id in found.items()):
            raise RuntimeError("the key store did not number people in their order")
    everyone = people(lake)
    with ws.store.write() as unit:
        for start in range(0, len(everyone), _BATCH):
            sids = ws.people.sid(everyone[start : start + _BATCH])
            unit.connection.execute(
                text(
                    "INSERT INTO subject (subject_id, sid, regime, age_class, admitted_at) "
                    "VALUES (:i, :s, 'gdpr', 'unknown', 0)"
                ),
                [{"i": subject_id, "s": sid} for subject_id, sid in sids.items()],
            )
        for name in ("regime:gdpr", "age:unknown"):
            bitmaps.put(unit.connection, name, BitMap(everyone))


def _consents(ws: Workspace, lake: Lake) -> None:
    everyone = people(lake)

    def facts() -> Iterator[consent.ConsentFact]:
        for subject_id in everyone:
            for number, key in enumerate(PURPOSES):
                if consents(subject_id, number):
                    at = Micros(AS_OF - 400 * DAY)
                    yield consent.ConsentFact(subject_id, key, "given", "ordinary", at)

    with ws.store.write() as unit:
        consent.record_many(unit, facts())


def _definitions(ws: Workspace, folder: Path) -> None:
    words = {"en": "benchmark", "zh": "基准"}
    head = {"apiVersion": "tagwarden/v1"}
    documents: list[dict[str, object]] = [
        {
            **head,
            "kind": "Purpose",
            "key": key,
            "name": words,
            "says": words,
            "use": use,
            "personalised": use != "analytics",
            "retention": "730d",
        }
        for key, use in zip(PURPOSES, _USES, strict=True)
    ]
    purpose.apply(ws, [_write(folder / "purposes.yaml", documents)])
    tags = [head | _tag(key, *rule, words) for key, rule in RULES.items()]
    plan = comparing.make(ws, [_write(folder / "tags.yaml", tags)], count=False)
    authority.add(ws, REVIEWER.name, [REVIEWER.role])
    name = review.submit(ws, plan).name
    ws.actor = REVIEWER
    review.approve(ws, name)
    ws.actor = ACTOR
    applying.apply(ws, plan)


def _tag(key: str, use: str, rule: str, words: dict[str, str]) -> dict[str, object]:
    return {
        "kind": "Tag",
        "key": key,
        "name": words,
        "says": words,
        "owner": "benchmark",
        "dimension": "behaviour",
        "derivation": "inferred",
        "sources": ["user.behavior.purchase_history"],
        "asserts": ["user.behavior"],
        "purposes": [use],
        "basis": {"gdpr": "consent"},
        "ttl": "30d",
        "refresh": {"every": "1d", "on": ["purchase", "return"]},
        "value": rule,
        "purge_on_withdrawal": "immediately",
    }


def _write(path: Path, documents: list[dict[str, object]]) -> Path:
    """Write documents into one file; JSON is YAML."""
    path.write_text("\n---\n".join(json.dumps(item) for item in documents), "utf-8")
    return path
