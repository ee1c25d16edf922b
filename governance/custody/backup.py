# SPDX-License-Identifier: Apache-2.0
"""Copies the keys of a workspace into one sealed file: key store, key ring, signed head of the log.

Refuses a place inside the workspace: a copy of the data would hold its keys. Whoever has the file and
its passphrase opens everything that was sealed until then, whatever is rotated afterwards.
"""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from audit.errors import Conflict, Refused
from governance.authority import demand
from governance.custody.status import key_store
from governance.store import private_file
from governance.store.repair import copies_of
from governance.vault.backup import sealed
from governance.vault.keystore import KeyStore

if TYPE_CHECKING:
    from governance.workspace import Workspace

VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class BackedUp:
    """What a backup holds."""

    people: int
    epoch: int
    size_bytes: int


def backup(ws: "Workspace", file: Path, passphrase: Callable[[], bytes]) -> BackedUp:
    """Write a backup of the keys as they stand now into a new file; others go on meanwhile.

    Raises Refused `not-permitted`, `backup-place`; Conflict `backup-exists`, `disk-unwritable`,
    `workspace-busy` while the keys are rotated.
    """
    demand(ws, "key.backup")
    if file.resolve().is_relative_to(ws.paths.root.resolve()):
        raise Refused(
            "backup-place",
            "a backup of the keys must lie outside the workspace, or a copy of it holds both",
            hint="name a file on another disk",
        )
    words = passphrase()
    with ws.exclusive("key backup"), key_store(ws) as store:
        ring, head = ws.keys.value(), ws.evidence.standing()
        with _copied(store, ws.paths.keystore) as (people, stream):
            about = {
                "v": VERSION,
                "workspace": ws.settings.text("workspace.id"),
                "people": people,
                "ring": ring,
                "head": {"size": head.size, "root": head.root.hex()},
            }
            _write(file, sealed(about, stream, words, ws.ids))
        epoch = store.epoch()
        with store.writing():
            store.note_backup(ws.clock.now(), epoch)
        with ws.store.write() as unit:
            unit.log(ws.evidence.entry("key.backed_up", epoch=epoch, people=people))
        return BackedUp(people, epoch, file.stat().st_size)


def clear(keystore: Path) -> None:
    """Remove what a killed process left beside the key store: copies of it in the making."""
    for left in copies_of(keystore):
        left.unlink()


@contextmanager
def _copied(store: KeyStore, keystore: Path) -> Iterator[tuple[int, BinaryIO]]:
    """Give a copy of the key store as it stands at one moment, and how many people it knows."""
    clear(keystore)
    path = keystore.with_name(f".{keystore.name}.copy")
    try:
        private_file.create(path, b"")
        store.copy(path)
        with closing(KeyStore.open(path)) as copy:
            people = copy.count()
            copy.lone()
        with path.open("rb") as stream:
            yield people, stream
    finally:
        clear(keystore)


def _write(file: Path, parts: Iterator[bytes]) -> None:
    try:
        private_file.create_from(file, parts)
    except FileExistsError:
        raise Conflict(
            "backup-exists", "there is a file of this name already", hint="name another one"
        ) from None
    except OSError as error:
        raise Conflict(
            "disk-unwritable",
            f"the backup cannot be written: {error.strerror}",
            hint="make room, and name a file in a folder that may be written to",
        ) from None
