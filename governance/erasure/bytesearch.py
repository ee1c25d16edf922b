# SPDX-License-Identifier: Apache-2.0
"""Searches every file of a folder for byte strings. A program of its own (`python bytesearch.py FOLDER`).

A process that closes a file loses all its locks on it: whoever has a database open must not read its file
like this. Takes the byte strings in hexadecimal digits from its input, one a line; prints one line for
each that it finds: its number, a tab, the path of the file in the folder.
"""

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

_WINDOW: Final = 1 << 20
_OVERLAP: Final = 64
"""Bytes of a window that are looked at with the next one: no byte string is longer."""
_FEW: Final = 16
_START: Final = 3


def files(root: Path) -> Iterator[Path]:
    """Yield every regular file of a folder and those below it."""
    for path in sorted(root.rglob("*")):
        if path.is_file() and not path.is_symlink():
            yield path


Search = Callable[[bytes], Iterator[int]]
"""Yields the numbers of the byte strings that stand in a window."""


def in_file(path: Path, search: Search) -> set[int]:
    """Return the numbers of the byte strings that stand in a file; it is read in windows that overlap."""
    found: set[int] = set()
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        tail = b""
        while block := os.read(handle, _WINDOW):
            window = tail + block
            found.update(search(window))
            tail = window[-_OVERLAP:]
    finally:
        os.close(handle)
    return found


def one_by_one(needles: Mapping[bytes, int]) -> Search:
    """Return a search for few byte strings."""

    def search(window: bytes) -> Iterator[int]:
        yield from (number for needle, number in needles.items() if needle in window)

    return search


def all_at_once(needles: Mapping[bytes, int]) -> Search:
    """Return a search for many byte strings: first for how they begin, in one pass."""
    import numpy as np

    known = np.zeros(1 << 24, dtype=bool)  # every beginning of three bytes that a needle has
    for needle in needles:
        known[int.from_bytes(needle[:_START], "little")] = True
    sizes = sorted({len(needle) for needle in needles})

    def search(window: bytes) -> Iterator[int]:
        if len(window) < _START:
            return
        data = np.frombuffer(window, dtype=np.uint8)
        starts = data[:-2].astype(np.uint32)
        starts |= data[1:-1].astype(np.uint32) << 8
        starts |= data[2:].astype(np.uint32) << 16
        for at in np.flatnonzero(known[starts]).tolist():
            for size in sizes:
                number = needles.get(window[at : at + size])
                if number is not None:
                    yield number

    return search


def main(folder: str) -> int:
    """Search a folder; returns the exit code."""
    root = Path(folder)
    needles = {bytes.fromhex(line): number for number, line in enumerate(sys.stdin)}
    search = (one_by_one if len(needles) <= _FEW else all_at_once)(needles)
    for path in files(root):
        for number in sorted(in_file(path, search)):
            sys.stdout.write(f"{number}\t{path.relative_to(root).as_posix()}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
