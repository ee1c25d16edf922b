# SPDX-License-Identifier: Apache-2.0
"""An audit of consent over a big shop: `python -m benchmarks.consenting [--people 100000] [--tags 10]`.

Everybody has every tag, agreed a month ago, and a tenth withdrew since; a twentieth switched
personalisation off. A run over everybody kept all of it in between, so each is judged twice. The store is a file. What is measured is `derive`, the whole reading part.
"""

import argparse
import json
import resource
import tempfile
import time
from pathlib import Path

from audit.clock import DAY
from governance.store.engine import open_engine
from governance.store.tables import METADATA
from governance.store.unit import Store
from tests.consenting import CONSENTED, OFFERS, SHARING, House
from tests.shop import NOW, a_purpose, a_tag


class Big(House):
    """A shop in a file."""

    def __init__(self, path: Path) -> None:
        self.engine = open_engine(f"sqlite:///{path}")
        METADATA.create_all(self.engine)
        self.store = Store(self.engine)
        self.purposes(a_purpose(OFFERS), a_purpose(SHARING))


def fill(shop: Big, people: int, tags: int) -> None:
    """Let everybody agree, have every tag, and some of them say no."""
    who = range(1, people + 1)
    shop.people({n: (("gdpr", "pipl_cn", "ccpa")[n % 3], "18+") for n in who})
    values = [shop.tag(a_tag(f"interest.n{n}", basis=CONSENTED)) for n in range(tags)]
    consent = (
        "INSERT INTO consentevent (subject_id, purpose, state, kind, at, notice, language, surface, "
        "source, recorded_at) VALUES (?, ?, ?, ?, ?, 'v1', 'en', 'app', '', ?)"
    )
    given, gone = NOW - 30 * DAY, [n for n in who if n % 10 == 0]
    with shop.store.write() as unit:
        sql = unit.connection.exec_driver_sql
        sql(consent, [(n, OFFERS, "given", "ordinary", given, given) for n in who])
        sql(consent, [(n, OFFERS, "withdrawn", "", NOW - DAY + n, NOW - DAY + n) for n in gone])
        sql(
            "INSERT INTO choiceevent (subject_id, kind, target, active, at, source, recorded_at) "
            "VALUES (?, 'depersonalise', '', 1, ?, '', ?)",
            [(n, NOW - DAY + n, NOW - DAY + n) for n in who if n % 20 == 5],
        )
        sql(
            "INSERT INTO assignment (subject_id, tv, valid_from, valid_to, run_id) VALUES (?, ?, ?, ?, 1)",
            [
                (n, tv, NOW - 9 * DAY, NOW - DAY + n if n % 10 == 0 else None)
                for n in who
                for tv in values
            ],
        )
        sql("ANALYZE")
    shop.ran(5)


def main() -> None:
    """Run the measurement and print it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.consenting", description=__doc__)
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--tags", type=int, default=10)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tagwarden-bench-") as name:
        shop = Big(Path(name) / "control.db")
        fill(shop, given.people, given.tags)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for _ in range(3):
            wall, cpu = time.perf_counter(), time.process_time()
            facts = shop.audit()
            took = time.perf_counter() - wall, time.process_time() - cpu
            (effect,) = (one for one in facts.effects if one.stop == "withdrawn")
            found = {
                "name": f"audit consent, {given.people:,} people",
                "wall_s": round(took[0], 2),
                "cpu_s": round(took[1], 2),
                "judged": facts.assignments,
                "rested": effect.rested,
                "breaches": len(facts.unfounded),
                "peak_mib_added": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
                >> 10,
            }
            print(json.dumps(found), flush=True)
        shop.close()


if __name__ == "__main__":
    main()
