# SPDX-License-Identifier: Apache-2.0
"""Overwrites what SQLite leaves between the cells of its pages, even with secure_delete on.

When SQLite balances pages it may lay a page out anew and leave old cells in the room between; rows
that are deleted later still stand there. A program of its own (`python scrub.py FILE`): a process that
closes a database file loses its locks on it, so the one that has the database open must not open
it here. The caller holds the writing lock, and the log of the file is empty: then nobody else
writes to the file, and the bytes that change are read by nobody.

File format: sqlite.org/fileformat2.html, sections 1.3 and 1.6.
"""

import os
import sys
from typing import Final

_HEADS: Final = {2: 12, 5: 12, 10: 8, 13: 8}
"""Kind of a page of a tree → length of its header. Other pages begin with the number of a page, 0 so far."""
_FILE_HEAD: Final = 100
_PIECE: Final = 4096
"""Pages that are read at once."""


def scrub(handle: int) -> int:
    """Zero the unused middle of every page of a tree; returns how many pages held something there.

    Raises ValueError for a file that is no database of the kind that is made here.
    """
    head = os.pread(handle, _FILE_HEAD, 0)
    size = int.from_bytes(head[16:18], "big")
    size = 65536 if size == 1 else size
    moves_pages = head[52:56] != bytes(4)  # auto_vacuum: then there are pages of another kind
    if not head.startswith(b"SQLite format 3\0") or size < 512 or moves_pages:
        raise ValueError("not a database that can be scrubbed")
    found, number = 0, 0
    while data := os.pread(handle, size * _PIECE, number * size):
        for at in range(0, len(data), size):
            start, end = _gap(data[at : at + size], _FILE_HEAD if number == 0 else 0)
            if data.count(0, at + start, at + end) != end - start:
                os.pwrite(handle, bytes(end - start), number * size + start)
                found += 1
            number += 1
    os.fsync(handle)
    return found


def _gap(page: bytes, head: int) -> tuple[int, int]:
    """Return where the room between the pointers and the cells of a page begins and ends."""
    length = _HEADS.get(page[head])
    if length is None:
        return 0, 0
    start = head + length + 2 * int.from_bytes(page[head + 3 : head + 5], "big")
    end = int.from_bytes(page[head + 5 : head + 7], "big") or 65536
    return (start, end) if start <= end <= len(page) else (0, 0)


def main(path: str) -> int:
    """Scrub a file; returns the exit code."""
    handle = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
    try:
        scrub(handle)
    finally:
        os.close(handle)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
