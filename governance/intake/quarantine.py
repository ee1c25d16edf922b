# SPDX-License-Identifier: Apache-2.0
"""Rows that could not be read are put aside, with the place and the reason, for whoever mends them.

The file is personal data: only its owner can read it, and its name says nothing but the intake.
Columns: line (in the file, from 1; empty for Parquet and databases), row (from 1, of the rows that
are well formed), reason, column, subject (the column that says who it is about), content (JSON: the line as it is, or the cells by name; never a
formula for a spreadsheet, because it begins with a quote or a brace).
"""

import csv
import os
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Final

from governance.erasure.aside import COLUMNS, values_in
from tagging.intake.stage import Bad

_PART: Final = 1_000


def without(
    rows: Iterable[Bad], unwanted: Callable[[set[str]], set[str]], subject: str = ""
) -> Iterator[Bad]:
    """Yield the rows in which no unwanted value stands; `unwanted` says which of some values are.

    `subject` is the column that says who a row is about, where that is known.
    """
    source = iter(rows)
    while part := list(islice(source, _PART)):
        values = [values_in(bad.content, subject) for bad in part]
        found = unwanted(set().union(*values))
        yield from (bad for bad, own in zip(part, values, strict=True) if not own & found)


def write(folder: Path, intake_id: str, rows: Iterable[Bad], subject: str = "") -> Path:
    """Write the quarantine of an intake; returns its path. Overwrites nothing."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{intake_id}.csv"
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(COLUMNS)
        for bad in rows:
            place = (bad.line or "", bad.row or "", bad.reason, bad.column)
            out.writerow((*place, subject, bad.content))
        file.flush()
        os.fsync(file.fileno())
    return path
