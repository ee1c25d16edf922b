# SPDX-License-Identifier: Apache-2.0
"""Quarantined rows and work files. A row is a person's when an identity of theirs stands in it.

Rows are read as they were put aside: the line as it came, or cells by name. Where the mapping told which
column names the person, a number as short as a quantity or a price counts there only; else every row with
that quantity would be theirs. A file from which rows go is written anew whole; one without rows left is
removed.
"""

import csv
import io
import json
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from governance.store import private_file
from governance.vault.identity import normalise
from governance.workspace import Workspace

IDENTITY: Final = "customer"
_CUT: Final = re.compile(r"[,;\t|]")
_TORN: Final = (re.compile(r"[\t,;|\"{}\[\]]"), re.compile(r"[^\w.@+/-]+"))
"""Where a line is cut of which nobody knows the cells: it may be JSON, torn in the middle."""
_AROUND: Final = " \t\r\n\"'"
_BRACKETS: Final = _AROUND + "{}[]"
_SPARE: Final = "surrogateescape"
"""How bytes that are no text stay as they are, where somebody has saved the file in another way."""
_CONTENT: Final = 4
_SHORT: Final = re.compile(r"[0-9]{1,8}(?:\.[0-9]{1,4})?\Z")
"""A number that may as well be a quantity, a price or a day."""
COLUMNS: Final = ("line", "row", "reason", "column", "subject", "content")
"""Of a quarantine file; `subject` names the cell that says who it is about, or is empty."""

Known = Callable[[Sequence[str]], set[str]]
"""Returns which of some values are identities of the people."""


def suppressed(ws: Workspace) -> Known:
    """Return what tells identities of people who are not to be admitted again."""
    return lambda values: ws.people.suppressed(IDENTITY, [v for v in values if normalise(v)])


def counted(ws: Workspace, people: frozenset[int]) -> dict[int, int]:
    """Return person -> quarantined rows in which an identity of theirs stands (living people)."""
    found: dict[int, int] = {}
    for path in files(ws):
        rows = [values for _, values in _rows(path)]
        known = ws.people.find(IDENTITY, sorted({v for values in rows for v in values}))
        for values in rows:
            for subject_id in {known[v] for v in values if v in known} & people:
                found[subject_id] = found.get(subject_id, 0) + 1
    return found


def erase(ws: Workspace, known: Known) -> int:
    """Take the rows of people out of the quarantine; returns how many there were."""
    return sum(_without(path, known) for path in files(ws))


def clear_scratch(ws: Workspace) -> None:
    """Remove what killed commands left; call it while holding the lock of long work."""
    for path in sorted(ws.paths.scratch.iterdir()) if ws.paths.scratch.is_dir() else ():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def files(ws: Workspace) -> list[Path]:
    """Return the files of the quarantine."""
    folder = ws.paths.quarantine
    return sorted(path for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else []


def _without(path: Path, known: Known) -> int:
    rows = list(_rows(path))
    theirs = known(sorted({value for _, values in rows for value in values}))
    kept = [row for row, values in rows[1:] if not values & theirs]
    gone = len(rows) - 1 - len(kept)
    if gone and kept:
        out = io.StringIO(newline="")
        csv.writer(out).writerows([rows[0][0], *kept])
        private_file.replace(path, out.getvalue().encode("utf-8", _SPARE))
    elif gone:
        path.unlink()
        private_file.sync_folder(path.parent)
    return max(gone, 0)


def _rows(path: Path) -> Iterator[tuple[list[str], frozenset[str]]]:
    """Yield each row, the heading first, with the values that may be an identity."""
    csv.field_size_limit(2**31 - 1)  # a quarantined line may be longer than the default allows
    with path.open(encoding="utf-8", errors=_SPARE, newline="") as file:
        ours: bool | None = None
        for row in csv.reader(file):
            ours = row == list(COLUMNS) if ours is None else ours
            if ours and len(row) == len(COLUMNS):
                yield row, values_in(row[-1], row[-2])
                continue
            content = row[_CONTENT:] or row  # a file that somebody edited may have other columns
            yield row, frozenset[str]().union(*map(values_in, content))


def values_in(content: str, subject: str = "") -> frozenset[str]:
    """Return every value of a quarantined row that may be an identity: its cells, and pieces of them.

    `subject` is the name of the cell that says who the row is about; '' when nobody knows.
    """
    try:
        given = json.loads(content)
    except ValueError:
        given = content
    cells = list(given.values()) if isinstance(given, dict) else [given]
    named = isinstance(given, dict) and not any(isinstance(cell, dict | list) for cell in cells)
    if named and subject in given:
        own = str(given.pop(subject) or "")
        others = _pieces(map(str, given.values()), (_CUT,))
        theirs = _pieces((own, own.removesuffix(".0")), (_CUT,))
        return theirs | {value for value in others if not _SHORT.match(value)}
    return _pieces(map(str, cells), (_CUT,) if named else (_CUT, *_TORN))


def _pieces(cells: Iterable[str], cuts: Sequence[re.Pattern[str]]) -> frozenset[str]:
    pieces = {piece for cell in cells for cut in cuts for piece in (cell, *cut.split(cell))}
    bare = {piece.strip(around) for piece in pieces for around in (_AROUND, _BRACKETS)}
    return frozenset(bare - {""})
