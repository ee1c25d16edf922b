# SPDX-License-Identifier: Apache-2.0
"""Checkpoints in a folder: one file for each size, `SIZE.note`, never written over."""

import re
from contextlib import suppress
from pathlib import Path

from audit.errors import Conflict
from governance.store import private_file

_NAME = re.compile(r"(0|[1-9][0-9]{0,17})\.note")


def newest_note(folder: Path) -> bytes | None:
    """Return the checkpoint over the most entries, None when there is none.

    Raises Conflict `anchor-unreachable` when there is no such folder.
    """
    try:
        sizes = [
            int(found[1]) for path in folder.iterdir() if (found := _NAME.fullmatch(path.name))
        ]
        return private_file.read(folder / f"{max(sizes)}.note")[0] if sizes else None
    except OSError as error:
        raise unreachable(f"{folder.name}: {error.strerror}") from None


def put_note(folder: Path, size: int, note: bytes) -> None:
    """Write a checkpoint, durably; raises Conflict `anchor-unreachable`."""
    try:
        with suppress(FileExistsError):
            private_file.create(folder / f"{size}.note", note)
    except OSError as error:
        raise unreachable(f"{folder.name}: {error.strerror}") from None


def unreachable(why: str) -> Conflict:
    """Return the fault of an anchor that cannot be reached."""
    return Conflict(
        "anchor-unreachable",
        f"an anchor cannot be reached ({why})",
        hint="tagwarden audit log anchor, when it is there again",
    )
