# SPDX-License-Identifier: Apache-2.0
"""The package of one person among many: `python -m benchmarks.access [--people 1000000]`.

The shop of `benchmarks.erasure`: ten events each, twenty tags that were run, consents, sealed attributes.
Warm: one package was made before in the same process. Beside it the same number of bytes written to a new
file and brought to the disk. The second person has ten thousand events.
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

from sqlalchemy import text

from benchmarks import shop
from benchmarks.erasure import built
from benchmarks.measure import Result, peak
from governance import access
from governance.running.flush import flush
from governance.workspace import Workspace


def _with_events(ws: Workspace, who: int, count: int) -> None:
    """Give a person more events, in the lake."""
    fields = json.dumps({"event_type": "view", "item": "x", "category": "tea", "session": "s"})
    start = ws.clock.now() - count * 1_000_000
    with ws.store.write() as unit:
        unit.connection.execute(
            text(
                "INSERT INTO liveevent (subject_id, ts, dedup, event_type, fields) "
                "VALUES (:s, :t, :d, 'view', :f)"
            ),
            [
                {"s": who, "t": start + number * 1_000_000, "d": number, "f": fields}
                for number in range(count)
            ],
        )
    flush(ws)


def _seconds(ws: Workspace, people: Sequence[int], folder: Path) -> tuple[float, float, int]:
    """Return the median seconds of a package, those of its bytes alone, and its records."""
    ours, theirs, records = [], [], 0
    for who in people:
        out = folder / f"{who}.html"
        started = time.perf_counter()
        done = access.export(ws, who, out, force=True)
        ours.append(time.perf_counter() - started)
        records = sum(done.counts.values())
        data = out.read_bytes()
        started = time.perf_counter()
        with (folder / "bare").open("wb") as file:
            file.write(data)
            os.fsync(file.fileno())
        theirs.append(time.perf_counter() - started)
    middle = len(ours) // 2
    return sorted(ours)[middle], sorted(theirs)[middle], records


def results(place: Path, people: int, each: int) -> Iterator[Result]:
    """Measure ordinary people, then one with many events."""
    built(place / "shop", people)
    with closing(shop.opened(place / "shop")) as ws:
        with ws.store.read() as connection:
            everyone = list(
                connection.execute(text("SELECT subject_id FROM subject LIMIT 500")).scalars()
            )
        heavy = everyone[0]
        _with_events(ws, heavy, 10_000)
        access.export(ws, everyone[1], place / "warm.html")
        name = f"one of {people:,} people"
        took, bare, records = _seconds(ws, everyone[2 : 2 + each], place)
        facts = {"records": records, "peak_mib": peak()}
        yield Result(f"package, {name}", took, bare, "s", "its bytes alone", "< 0.2 s", facts)
        took, bare, records = _seconds(ws, [heavy] * 5, place)
        facts = {"records": records, "peak_mib": peak()}
        yield Result(
            f"package, 10,000 events, {name}", took, bare, "s", "its bytes alone", "< 1 s", facts
        )


def main() -> None:
    """Run the measurements and print them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.access", description=__doc__)
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--each", type=int, default=31)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tagwarden-bench-") as place:
        for found in results(Path(place), given.people, given.each):
            print(found.line(), flush=True)


if __name__ == "__main__":
    main()
