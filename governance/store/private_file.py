# SPDX-License-Identifier: Apache-2.0
"""Files that only their owner may read: whole or not there, never through a symbolic link."""

import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import IO

OWNER_ONLY = 0o600
FOLDER_OWNER_ONLY = 0o700


def home() -> Path:
    """Return the folder of this login for what must not lie in a workspace."""
    share = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return share / "tagwarden"


def make_folder(folder: Path) -> list[Path]:
    """Make a folder, and those above it that are missing, for the owner only; returns those made."""
    missing = []
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    for path in reversed(missing):
        path.mkdir(mode=FOLDER_OWNER_ONLY, exist_ok=True)
    return missing


def create(path: Path, data: bytes) -> None:
    """Write a new file, durably; raises FileExistsError when there is one already."""
    create_from(path, [data])


def create_from(path: Path, parts: Iterable[bytes]) -> None:
    """Write a new file of parts that come one after another; as `create`."""
    staged = _stage(path, parts)
    try:
        os.link(staged, path, follow_symlinks=False)  # fails when it exists, unlike rename
    finally:
        staged.unlink()
    sync_folder(path.parent)


def replace(path: Path, data: bytes) -> None:
    """Write a file anew, durably: a reader sees the old bytes or the new ones."""
    staged = _stage(path, [data])
    try:
        staged.replace(path)
    except OSError:
        staged.unlink()
        raise
    sync_folder(path.parent)


class Draft:
    """A file that is written beside its place and comes to it whole, or never."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._staged = _stage(path, ())
        self.file: IO[bytes] = self._staged.open("r+b")

    def finish(self) -> None:
        """Bring all that was written to the disk."""
        self.file.flush()
        os.fsync(self.file.fileno())

    def publish(self, *, over: bool) -> None:
        """Put the file in its place; raises FileExistsError when there is one and it is not `over`."""
        if over:
            self._staged.replace(self.path)
        else:
            os.link(self._staged, self.path, follow_symlinks=False)
        sync_folder(self.path.parent)

    def close(self) -> None:
        """Leave nothing but what was published."""
        self.file.close()
        self._staged.unlink(missing_ok=True)


def read(path: Path, limit: int = 1_000_000) -> tuple[bytes, int]:
    """Return the bytes of a regular file and its permission bits.

    Raises OSError: FileNotFoundError, or ELOOP for a symbolic link.
    """
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(f"{path.name} is not a regular file")
        return os.read(handle, limit), stat.S_IMODE(found.st_mode)
    finally:
        os.close(handle)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _stage(path: Path, parts: Iterable[bytes]) -> Path:
    staged = path.with_name(f".{path.name}.{os.getpid()}.new")
    with suppress(FileNotFoundError):
        staged.unlink()  # left by a killed process that had this number
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    handle = os.open(staged, flags, OWNER_ONLY)
    try:
        os.fchmod(handle, OWNER_ONLY)  # whatever the umask took away
        for part in parts:
            view = memoryview(part)
            while view:
                view = view[os.write(handle, view) :]
        os.fsync(handle)
    except BaseException:  # whatever the parts raise, too
        staged.unlink()
        raise
    finally:
        os.close(handle)
    return staged
