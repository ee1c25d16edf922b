# SPDX-License-Identifier: Apache-2.0
"""The page of threats claims no test that is not there, and two of its claims are shown here."""

import ast
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from governance.init import init
from governance.intake import events
from governance.workspace import open_workspace
from tests.intake import a_map, an_order_file, lake_rows
from tests.unit.governance.test_intake_events import ROWS

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"\| (\d+) \| (\w+): ([^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]*)\|")
KINDS = {"S", "T", "R", "I", "D", "E", "L", "Id", "De", "U", "NC"}


def rows():
    page = (ROOT / "docs" / "threat-model.md").read_text("utf-8")
    lines = [line for line in page.splitlines() if re.match(r"\| \d", line)]
    found = [ROW.fullmatch(line) for line in lines]
    assert None not in found
    return [match.groups() for match in found]


@pytest.mark.law("GDPR-32")
def test_every_test_that_the_page_names_is_there():
    named = set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", "\n".join(row[5] for row in rows())))
    there = {
        (path, node.name)
        for path in {path for path, _ in named}
        for node in ast.parse((ROOT / path).read_text("utf-8")).body
        if isinstance(node, ast.FunctionDef)
    }
    assert named - there == set()
    assert len(named) > 40


def test_every_threat_has_one_of_three_states_and_what_goes_with_it():
    assert [int(row[0]) for row in rows()] == list(range(1, 33))
    for number, kind, _, control, state, shown in rows():
        assert kind in KINDS, number
        wanted = {"proven": (False, True), "in part": (True, True), "not yet": (True, False)}
        assert wanted[state.strip()] == ("*Missing:*" in control, "::" in shown), number
        assert re.sub(r"`tests/[\w/]+\.py::test_\w+`|, ", "", shown).strip() == "", number


def test_one_number_has_another_tag_in_every_workspace(tmp_path):
    tags = []
    for name in ("one", "two"):
        init(tmp_path / name, name=name, ring=tmp_path / "rings" / name)
        with closing(open_workspace(tmp_path / name)) as ws:
            ws.people.admit("customer", ["13800138000"])
        with closing(sqlite3.connect(ws.paths.keystore)) as store:
            tags += store.execute("SELECT tag FROM ident").fetchall()
    assert len(set(tags)) == 2


HASHING = {
    "audit/canon.py": "documents",
    "audit/compliance/pack.py": "files of a pack, which name nobody",
    "audit/evidence/note.py": "names of keys",
    "audit/evidence/tree.py": "entries, which hold no identity",
    "audit/ids.py": "the repeatable stream of tests",
    "audit/offline_verifier.py": "entries and names of keys",
    "governance/actor.py": "names of operators",
    "governance/cli/audit_log.py": "the verifier, when it is handed out",
    "governance/complying/packing.py": "the pack as a whole",
    "governance/demo/sample.py": "the people of the demonstration",
    "governance/erasure/preview.py": "counts by place, with the time",
    "governance/evidence/timestamp.py": "checkpoints",
    "governance/intake/database.py": "what came in, whole: to know it again",
    "governance/intake/desk.py": "what came in, whole: to know it again",
    "governance/requests/notices.py": "letters, which hold the number of a request and no name",
    "governance/running/intake_one.py": "the key of an event",
    "governance/budget/ledger.py": "the program that reads rows and makes noise",
    "governance/vault/sealing.py": "wrapped keys",
    "tagging/intake/raw.py": "what came in, whole: to know it again",
    "tagging/intake/clean.py": "whole rows of events, with a secret of the ring before them",
    "tagging/segmentation/nearest.py": "published centres",
    "tagging/lake.py": "the order of people in a batch; nothing of it is kept",
}
"""Where a hash without a key is made, and of what. A hash of an identity can be guessed."""


def test_every_hash_without_a_key_is_accounted_for():
    hashing = {
        path.relative_to(ROOT).as_posix()
        for package in ("governance", "tagging", "policies", "audit")
        for path in (ROOT / package).rglob("*.py")
        if re.search(r"\b(hashlib|sha\d+\(|md5\(|blake2)", path.read_text("utf-8"))
    }
    assert hashing == set(HASHING)


def test_the_number_of_a_row_cannot_be_made_without_the_ring(tmp_path):
    """The default, `duplicates: row`, numbers a row by all its cells, the customer number too."""
    numbers = []
    path = an_order_file(tmp_path, *ROWS)
    for name in ("one", "other"):
        init(tmp_path / name, name=name, ring=tmp_path / f"ring-{name}" / "r.json")
        with closing(open_workspace(tmp_path / name)) as ws:
            events.ingest(ws, [path], a_map())
            numbers.append({row["dedup"] for row in lake_rows(ws)})
    assert numbers[0]
    assert not numbers[0] & numbers[1]
