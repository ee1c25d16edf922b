# SPDX-License-Identifier: Apache-2.0
"""A shop on a failing disk: commands under the shim, and what must be true of the shop afterwards."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path

from audit.clock import FixedClock, parse_time
from audit.evidence.reading import decode
from tests.keeping import a_kept_folder
from tests.workshop import reopened

ROOT = Path(__file__).parents[2]
FIRST = ROOT / "examples" / "first"
NOW = "2026-11-01T12:00:00Z"
KINDS = {"eio": 1, "full": 2, "torn": 3, "kill": 4}
STORES = {
    "control": "*/data/control.db*",
    "keys": "*/keystore/*",
    "evidence": "*/evidence/*",
    "rings": "*/rings*",
}
"""The files whose writing goes wrong. Beside the key ring lies the signed head of the log."""

CITY = {"column": "city", "category": "user.contact.address.city"}
PROFILE_MAP = {
    "apiVersion": "tagwarden/v1",
    "kind": "ProfileMap",
    "subject": "customer",
    "attributes": {"city": CITY},
}
CITIES = {"A-1": "Rome", "A-2": "Bern"}
ROWS = {  # act of the evidence → the rows that stand for it, one each
    "purpose.applied": "SELECT count(*) FROM purpose",
    "assessment.applied": "SELECT count(*) FROM assessment",
    "intake.done": "SELECT count(*) FROM intake",
    "consent.recorded": "SELECT count(*) FROM consentevent",
}
STEPS = (*list(ROWS)[:3], "consent.recorded", "consent.recorded", "key.rotated")
"""The act that each command leaves."""


def compiled(folder):
    """Compile the shim with the C compiler of the machine; return the library."""
    library = folder / "shim.so"
    source = Path(__file__).with_name("shim.c")
    flags = ["-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror"]
    subprocess.run(["cc", *flags, "-o", library, source, "-ldl"], check=True)
    return library


class Stage:
    """The driver under the shim, and the papers that its commands take."""

    def __init__(self, folder):
        self.folder = folder
        (folder / "members.csv").write_text("customer,city\nA-1,Rome\nA-2,Bern\nA-3,\n", "utf-8")
        (folder / "members.json").write_text(json.dumps(PROFILE_MAP), "utf-8")
        (folder / "who").write_text("A-1\n", "utf-8")
        self.said = folder / "said"
        self._driver = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.driver"],
            cwd=ROOT,
            env={
                **os.environ,
                "LD_PRELOAD": str(compiled(folder)),
                "TAGWARDEN_CLOCK_FIXED": NOW,
                "TAGWARDEN_ENGINE_THREADS": "1",
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def close(self):
        self._driver.stdin.close()
        self._driver.wait(timeout=60)
        self._driver.stdout.close()

    def play(self, shop, kind="none", files="", number=0):
        """Give the commands in a shop, with a fault or without; return what became of them."""
        order = {
            "commands": self._commands(shop),
            "files": files,
            "kind": KINDS.get(kind, 0),
            "number": number,
            "said": str(self.said),
        }
        self._driver.stdin.write(json.dumps(order) + "\n")
        self._driver.stdin.flush()
        return json.loads(self._driver.stdout.readline())

    def _commands(self, shop):
        at, who = ["-w", str(shop)], f"@{self.folder / 'who'}"
        members = ["--map", str(self.folder / "members.json"), str(self.folder / "members.csv")]
        consent = ["--subject", who, "--purpose", "recommendation", *at]
        return [
            ["officer", "purpose", "apply", str(FIRST / "purposes.yaml"), *at],
            ["officer", "assessment", "apply", str(FIRST / "assessments.yaml"), *at],
            ["officer", "ingest", "profiles", *members, *at],
            ["officer", "consent", "record", *consent],
            ["officer", "consent", "withdraw", *consent],
            ["keeper", "key", "rotate", *at],
        ]

    def suffer(self, store, kind, number):
        """Let one call go wrong, and check the shop; return whether it came to that call."""
        folder = self.folder / f"{number}-{kind}-{store}"
        shop = a_kept_folder(folder)
        met = self.play(shop, kind, STORES[store], number)
        self._check_told(met)
        done = Counter(STEPS[at] for at, code in enumerate(met["codes"]) if code == 0)
        check(shop, done)
        again = self.play(shop)
        assert again["codes"] == [0] * len(STEPS), self.said.read_text("utf-8")
        check(shop, Counter(STEPS))
        shutil.rmtree(folder)
        return met["fired"]

    def _check_told(self, met):
        """A failure is one message with its way out, and says that it is the disk's."""
        said = self.said.read_text("utf-8")
        assert "Traceback" not in said
        assert "bug:" not in said, said
        assert set(met["codes"]) <= {0, 5}, said
        if 5 in met["codes"]:
            assert said.count("error: ") == 1
            assert "[disk-unwritable]" in said or "[disk-full]" in said, said
            assert "hint: make room" in said


def check(shop, acknowledged):
    """Open a shop as the next command would: all that was acknowledged is there, and it is whole."""
    with closing(reopened(shop, clock=FixedClock(parse_time(NOW)))) as ws:
        with ws.store.read() as connection:
            rows = {act: connection.exec_driver_sql(sql).scalar() for act, sql in ROWS.items()}
            cells = connection.exec_driver_sql("SELECT subject_id, class_id, cell FROM sealedblob")
            cells = [tuple(cell) for cell in cells]
            waiting = connection.exec_driver_sql("SELECT count(*) FROM outbox").scalar()
        assert waiting == 0
        assert ws.evidence.verify().problems == ()
        entries = acts(ws.paths.evidence)
        assert {act: entries[act] for act in ROWS} == rows
        assert acknowledged <= entries
        names = ws.people.reveal("customer", [subject_id for subject_id, _, _ in cells])
        opened = {names[i]: values["city"] for i, _, values in ws.people.unseal(cells)}
        assert opened == (CITIES if rows["intake.done"] else {})
        assert ws.keys.ring.current > acknowledged["key.rotated"]
    for store in (ws.paths.control, ws.paths.keystore, ws.paths.evidence):
        with closing(sqlite3.connect(store)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def acts(log):
    """Return how often each act stands in a log."""
    with closing(sqlite3.connect(log)) as connection:
        return Counter(decode(row[0]).act for row in connection.execute("SELECT bytes FROM entry"))
