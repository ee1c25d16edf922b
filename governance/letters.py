# SPDX-License-Identifier: Apache-2.0
"""Letters to people as files in the folder of messages (setting `delivery.folder`), and their end.

A letter has the name of the challenge that it went out for; that row says whose it is. It goes with the
row, and with the person. What another program took away, or wrote elsewhere, is not known here.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, text

from audit.errors import Conflict
from governance.store import private_file

if TYPE_CHECKING:
    from governance.settings import Settings

_NAME: Final = re.compile(rb"ch-[0-9a-f]{16}\Z")


def place(settings: "Settings") -> Path | None:
    """Return the folder of messages; None: none is set."""
    given = settings.text("delivery.folder")
    return Path(given).expanduser() if given else None


def file_of(folder: Path, number: str) -> Path:
    """Return the file of a letter."""
    return folder / f"{number}.eml"


def names_in(traces: Iterable[bytes]) -> list[str]:
    """Return those of some byte strings that are names of letters."""
    return [trace.decode("ascii") for trace in traces if _NAME.match(trace)]


def numbers(connection: Connection, people: Collection[int]) -> Mapping[int, Sequence[str]]:
    """Return person -> names of the letters that may have gone out to them."""
    found: dict[int, list[str]] = defaultdict(list)
    wanted = frozenset(people)
    rows = connection.execute(
        text("SELECT id, subject_id FROM challenge WHERE subject_id IS NOT NULL ORDER BY id")
    )
    for row in rows:
        if row.subject_id in wanted:
            found[row.subject_id].append(row.id)
    return found


def counted(
    settings: "Settings", connection: Connection, people: Collection[int]
) -> dict[int, int]:
    """Return person -> letters that lie in the folder."""
    folder = place(settings)
    if folder is None:
        return {}
    found = {
        who: sum(file_of(folder, number).is_file() for number in theirs)
        for who, theirs in numbers(connection, people).items()
    }
    return {who: count for who, count in found.items() if count}


def remove(settings: "Settings", names: Iterable[str]) -> None:
    """Delete letters; one that is not there is no fault.

    Raises Conflict `letters-unreachable` when the folder cannot be written: nothing is certified then.
    """
    folder = place(settings)
    if folder is None or not folder.is_dir():
        return
    try:
        for name in names:
            file_of(folder, name).unlink(missing_ok=True)
        private_file.sync_folder(folder)
    except OSError:
        raise Conflict(
            "letters-unreachable",
            "letters in the folder of messages cannot be deleted",
            hint="see that delivery.folder can be written, then repeat the command",
        ) from None
