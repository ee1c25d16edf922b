# SPDX-License-Identifier: Apache-2.0
"""The key ring of a workspace while it is in use: opened once, read again when it has moved on.

A changed ring replaces the old file whole, and the old file is overwritten before it goes. On a disk
that writes elsewhere (SSD, copy-on-write) overwriting may leave the old bytes: the docs say so.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from audit.errors import BadInput, Conflict
from audit.ids import Ids
from governance.store import private_file
from governance.vault import coredump
from governance.vault.ring import Ring, decode, encode, open_ring, read_ring
from governance.vault.rootkey import RootKey


class RingFile:
    """The file of the ring, and the ring it held when it was last read."""

    def __init__(self, path: Path, ids: Ids, *, root: Path, guard: RootKey | None = None) -> None:
        self._path = path
        self._ids = ids
        self._root = root
        self._guard = guard
        self._ring: Ring | None = None

    @property
    def level(self) -> str:
        """How the file is kept: file, passphrase, keyring, pkcs11."""
        return self._guard.level if self._guard else "file"

    @property
    def ring(self) -> Ring:
        """The ring; raises as `read_ring` when it is asked for first."""
        return self._ring or self.refresh()

    def refresh(self) -> Ring:
        """Read the file again and return the ring: another process may have rotated it."""
        coredump.forbid()
        try:
            self._ring = open_ring(self._path, root=self._root, guard=self._guard)
        except BadInput:  # perhaps it was replaced, and the old file overwritten, while it was read
            self._ring = open_ring(self._path, root=self._root, guard=self._guard)
        return self._ring

    def value(self) -> dict[str, Any]:
        """Return what the file holds, keys and all; never to be printed."""
        return read_ring(self._path, root=self._root, guard=self._guard)

    def change(self, work: Callable[[dict[str, Any]], None]) -> Ring:
        """Change what the file holds, and return the ring that is in force now.

        The lock of long work is held by the caller. Raises Conflict `disk-unwritable`: then the old
        ring is still whole.
        """
        value = self.value()
        work(value)
        ring = decode(value)
        data = encode(value, self._ids, self._guard)
        try:
            self.erase_old()
            os.link(self._path, self._old, follow_symlinks=False)
            private_file.replace(self._path, data)
            self._ring = ring
            self.erase_old()
        except OSError:
            raise Conflict(
                "disk-unwritable",
                "the key ring cannot be written",
                hint=f"make room in {self._path.parent}, and check that it may be written to",
            ) from None
        return ring

    def erase_old(self) -> None:
        """Overwrite and remove the file that was replaced, and those that a killed process left."""
        folder, name = self._path.parent, self._path.name
        left = [self._old] if self._old.exists() else []
        left += folder.glob(f".{name}.[0-9]*.new")
        for path in left:
            if path.stat().st_nlink == 1:  # else it is the ring itself: nothing was replaced yet
                _overwrite(path)
            path.unlink()
        if left:
            private_file.sync_folder(folder)

    @property
    def _old(self) -> Path:
        return self._path.with_name(f".{self._path.name}.old")


def _overwrite(path: Path) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        os.pwrite(handle, bytes(os.fstat(handle).st_size), 0)
        os.fsync(handle)
    finally:
        os.close(handle)
