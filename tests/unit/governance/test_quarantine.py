# SPDX-License-Identifier: Apache-2.0
"""Whose a row is that could not be read: short customer numbers are everywhere, and mean it in one place."""

import csv
import json

import pytest

from governance import erasure
from governance.erasure import EVERYTHING
from governance.erasure.aside import COLUMNS, values_in
from governance.erasure.step import Step
from governance.intake import events
from tests.erasing import erased
from tests.holding import setting
from tests.intake import a_map, an_order_file
from tests.workshop import a_workspace

COUNT = 30


@pytest.fixture
def ws(tmp_path):
    opened = a_workspace(tmp_path)
    setting(opened, intake_max_bad_share=1.0)
    yield opened
    opened.close()


def unreadable(n):
    """A row about customer n without a time; its order, quantity and price are numbers of others."""
    return f"{n},never,{COUNT + 1 - n},milk,{n % COUNT + 1},{COUNT + 1 - n}.00"


def numbers_left(ws):
    (path,) = ws.paths.quarantine.glob("*.csv")
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["subject"] for row in rows} == {"customer"}
    return [int(json.loads(row["content"])["customer"]) for row in rows]


def people(ws, folder):
    """Let thirty people come in, each with a row that can be read and one that cannot."""
    good = [f"{n},2026-01-06 10:00:00,o{n},milk,1,1.50" for n in range(1, COUNT + 1)]
    bad = [unreadable(n) for n in range(1, COUNT + 1)]
    events.ingest(ws, [an_order_file(folder, *good, *bad)], a_map())
    return ws.people.find("customer", [str(n) for n in range(1, COUNT + 1)])


@pytest.mark.law("GDPR-17-1", "GDPR-5-1-d")
def test_an_erasure_takes_the_rows_about_the_person_and_no_others(ws, tmp_path):
    known = people(ws, tmp_path)
    for gone in (7, 1):
        who = known[str(gone)]
        seen = {line.place: line.count for line in erasure.preview(ws, who, EVERYTHING).lines}
        assert seen["file.quarantine"] == 1
        assert erased(ws, who, f"R{gone}").step is Step.CLOSED
    assert numbers_left(ws) == [n for n in range(1, COUNT + 1) if n not in (1, 7)]


def test_of_a_later_file_only_rows_about_erased_people_are_left_out(ws, tmp_path):
    known = people(ws, tmp_path)
    erased(ws, known["7"])
    for path in ws.paths.quarantine.glob("*.csv"):
        path.unlink()
    rows = [unreadable(n) for n in range(1, COUNT + 1)]
    again = an_order_file(tmp_path, "31,2026-01-07 10:00:00,o31,milk,1,1.50", *rows, name="b.csv")
    events.ingest(ws, [again], a_map())
    assert numbers_left(ws) == [n for n in range(1, COUNT + 1) if n != 7]


def test_what_the_eraser_leaves_is_found_by_the_search(ws, tmp_path, monkeypatch):
    known = people(ws, tmp_path)
    monkeypatch.setattr("governance.erasure.aside.erase", lambda *_: 0)
    done = erased(ws, known["7"])
    assert done.waiting == "found quarantine"


@pytest.mark.parametrize(
    ("cells", "found"),
    [
        ({"customer": "7", "quantity": "9"}, {"7"}),
        ({"customer": "7.0", "quantity": "9"}, {"7"}),
        ({"customer": "C;7", "price": "7.00"}, {"7"}),
        ({"customer": "9", "quantity": "7"}, set()),
        ({"customer": None, "quantity": "7", "order": "20260107"}, set()),
        ({"customer": "", "note": "asked by 471147114"}, set()),
        ({"customer": "9", "note": "471147114"}, {"471147114"}),
        ({"customer": "9", "note": "GONE-4711"}, {"GONE-4711"}),
        ({"order": "7"}, {"7"}),
    ],
)
def test_a_short_number_counts_where_the_mapping_says_and_a_long_one_everywhere(cells, found):
    wanted = {"7", "471147114", "GONE-4711", "20260107"}
    assert values_in(json.dumps(cells), "customer") & wanted == found


def test_a_torn_line_has_no_column_so_any_number_in_it_may_be_the_person():
    assert "7" in values_in(json.dumps("9;never;7"), "customer")
    assert COLUMNS[-2:] == ("subject", "content")
