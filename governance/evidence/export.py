# SPDX-License-Identifier: Apache-2.0
"""Writes the log as files that anybody can fetch and check (C2SP tlog-tiles).

Each file is whole or not there; the checkpoint comes last. An interrupted export goes on where it
was; a file that differs is never overwritten.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from audit.errors import Conflict
from audit.evidence.tiles import WIDTH, bundle, tile_name, tiles
from audit.evidence.tree import leaf_hash
from governance.evidence.log import Log, inconsistent
from governance.store import private_file

CHECKPOINT = "checkpoint"
Tell = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Exported:
    """How far the exported log reaches, and how many files were written or stood there already."""

    size: int
    written: int
    kept: int


def check_folder(folder: Path) -> None:
    """Raise Conflict `export-folder` when a folder holds anything but an earlier export."""
    if folder.is_dir():
        strangers = {path.name for path in folder.iterdir()} - {"tile", CHECKPOINT}
        free = all(name.startswith(f".{CHECKPOINT}.") for name in strangers)
    else:
        free = not folder.exists()
    if not free:
        raise Conflict(
            "export-folder",
            f"{folder.name} holds something that is no export of an evidence log",
            hint="name a new or an empty folder",
        )


def present(folder: Path) -> bytes | None:
    """Return the checkpoint of an earlier export in this folder."""
    path = folder / CHECKPOINT
    return private_file.read(path)[0] if path.exists() else None


def export(log: Log, size: int, note: bytes, folder: Path, tell: Tell) -> Exported:
    """Write the tiles and entries of a log of this size, then its checkpoint."""
    wanted = list(tiles(size))
    bundles = [(number, width) for level, number, width in wanted if level == 0]
    total = len(wanted) + len(bundles)
    written = done = 0
    try:
        private_file.make_folder(folder)
        for left in folder.rglob(".*.new"):  # of an export that was killed
            left.unlink()
        for level, number, width in wanted:
            hashes = b"".join(log.hashes(level, number * WIDTH, width))
            written += _put(folder / tile_name(level, number, width), hashes)
            tell(done := done + 1, total)
        for number, width in bundles:
            written += _put(
                folder / tile_name("entries", number, width), _bundle(log, number, width)
            )
            tell(done := done + 1, total)
        private_file.replace(folder / CHECKPOINT, note)
    except OSError as error:
        raise Conflict(
            "disk-unwritable",
            f"the export cannot be written: {error.strerror}",
            hint="make room, then repeat the command: it goes on where it was",
        ) from None
    return Exported(size, written, total - written)


def _bundle(log: Log, number: int, width: int) -> bytes:
    first = number * WIDTH
    entries = log.entries(first, width)
    if [leaf_hash(entry) for entry in entries] != log.hashes(0, first, width):
        raise inconsistent()
    return bundle(entries)


def _put(path: Path, data: bytes) -> bool:
    """Write a file unless it is there; returns whether it was written."""
    if not path.exists():
        private_file.make_folder(path.parent)
        private_file.replace(path, data)
        return True
    if private_file.read(path)[0] != data:
        raise Conflict(
            "export-differs",
            f"{path.name} in {path.parent.name} is not what this log has at that place",
            hint="export to an empty folder, and keep this one for comparison",
        )
    return False
