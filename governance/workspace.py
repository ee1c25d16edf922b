# SPDX-License-Identifier: Apache-2.0
"""A workspace: one folder that holds everything of one shop, and the seams to reach it.

DIR/tagwarden.toml        settings
DIR/data/control.db       control store      DIR/data/lake/       event lake
DIR/data/quarantine/      rows that could not be read
DIR/keystore/keys.db      keys and identities, in a folder of their own
DIR/evidence/log.db       the evidence log
(outside)                 the key ring: without it, keys.db opens nothing
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from audit.clock import Clock, FixedClock, SystemClock, parse_time
from audit.errors import BadInput, Conflict, NotFound
from audit.ids import Ids, SystemIds
from governance.actor import Actor, acting
from governance.settings import FILE, Settings, load
from governance.store import private_file

if TYPE_CHECKING:
    from governance.evidence import Evidence
    from governance.store.unit import Store
    from governance.vault.passphrase import Ask
    from governance.vault.people import People
    from governance.vault.ringfile import RingFile
    from governance.vault.rootkey import Passphrase, RootKey

WAIT_SECONDS = 20.0
_PLACES = 64
"""Where the places of the queue begin in its file; before them stands the last number given."""


@dataclass(frozen=True, slots=True)
class Paths:
    """Where the parts of a workspace lie."""

    root: Path
    ring: Path

    @property
    def control(self) -> Path:
        """The control store."""
        return self.root / "data" / "control.db"

    @property
    def lake(self) -> Path:
        """The event lake."""
        return self.root / "data" / "lake"

    @property
    def quarantine(self) -> Path:
        """Rows that could not be read."""
        return self.root / "data" / "quarantine"

    @property
    def scratch(self) -> Path:
        """Work files of a command in progress; emptied when it ends and at the next start."""
        return self.root / "data" / "scratch"

    @property
    def keystore(self) -> Path:
        """Keys and identities."""
        return self.root / "keystore" / "keys.db"

    @property
    def evidence(self) -> Path:
        """The evidence log."""
        return self.root / "evidence" / "log.db"

    @property
    def lock(self) -> Path:
        """The lock of long work."""
        return self.root / "data" / ".lock"

    @property
    def queue(self) -> Path:
        """Where charges of the budget wait in line."""
        return self.root / "data" / ".queue"


class Workspace:
    """The open parts of a workspace. Each is opened when it is first asked for."""

    def __init__(
        self,
        root: Path,
        settings: Settings,
        *,
        clock: Clock | None = None,
        ids: Ids | None = None,
        actor: Actor | None = None,
        ask: "Ask | None" = None,
    ) -> None:
        self.settings = settings
        self.paths = Paths(root, ring_path(root, settings))
        self.clock: Clock = clock or _clock(settings)
        self.ids: Ids = ids or SystemIds()
        self.actor = actor or acting()
        self.ask = ask

    @cached_property
    def root_key(self) -> "RootKey | None":
        """What the key ring is sealed with; a passphrase or PIN is asked for once."""
        from governance.vault.passphrase import root_key  # noqa: PLC0415

        return root_key(self.settings, self.ask)

    @cached_property
    def operator_passphrase(self) -> "Passphrase":
        """What opens the private key of who acts, where it is sealed; asked for once."""
        from governance.vault.passphrase import read_passphrase  # noqa: PLC0415
        from governance.vault.rootkey import Passphrase  # noqa: PLC0415

        return Passphrase(partial(read_passphrase, "", self.ask))

    @cached_property
    def keys(self) -> "RingFile":
        """The key ring, for everything here that needs it."""
        from governance.vault.ringfile import RingFile  # noqa: PLC0415

        return RingFile(self.paths.ring, self.ids, root=self.paths.root, guard=self.root_key)

    @cached_property
    def store(self) -> "Store":
        """The control store, at the schema of this version."""
        from governance.store.opening import open_store  # noqa: PLC0415

        return open_store(self)

    @cached_property
    def evidence(self) -> "Evidence":
        """The evidence log, and the way to write an entry."""
        from governance.evidence import Evidence  # noqa: PLC0415

        return Evidence.open(self)

    @cached_property
    def people(self) -> "People":
        """Identities and sealed attributes of people: the one door to the key store."""
        from governance.vault.people import People  # noqa: PLC0415

        return People.open(self)

    @contextmanager
    def exclusive(self, work: str, wait: float = WAIT_SECONDS) -> Iterator[None]:
        """Hold the lock of long work; a second process waits, then gets Conflict.

        The lock is the operating system's: it ends with the process, however that ends.
        """
        self.paths.lock.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(self.paths.lock, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _lock(handle, work, wait)
            yield
        finally:
            os.close(handle)

    @contextmanager
    def queue(self) -> Iterator[None]:
        """Wait in line for a short charge of the budget; not to be held with anything long.

        Everybody takes a number and waits for who has the one before: the polling of SQLite serves
        whoever happens to look at the right moment, and a plain lock whoever held it last. A place
        ends with its process, however that ends.
        """
        self.paths.queue.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(self.paths.queue, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.lockf(handle, fcntl.LOCK_EX, 1, 0)
            number = int.from_bytes(os.pread(handle, 8, 0), "big") + 1
            os.pwrite(handle, number.to_bytes(8, "big"), 0)
            fcntl.lockf(handle, fcntl.LOCK_EX, 1, _PLACES + number)
            fcntl.lockf(handle, fcntl.LOCK_UN, 1, 0)
            fcntl.lockf(handle, fcntl.LOCK_EX, 1, _PLACES + number - 1)
            fcntl.flock(handle, fcntl.LOCK_EX)  # who had it may have died in line, not at the head
            yield
        finally:
            os.close(handle)

    def close(self) -> None:
        """Close what was opened, and forget the keys."""
        for name in ("keys", "root_key", "operator_passphrase"):
            self.__dict__.pop(name, None)
        for name in ("people", "evidence", "store"):
            part = self.__dict__.pop(name, None)
            if part is not None:
                part.close()


def open_workspace(
    folder: Path | None = None,
    *,
    clock: Clock | None = None,
    ids: Ids | None = None,
    actor: Actor | None = None,
    ask: "Ask | None" = None,
) -> Workspace:
    """Return the workspace in `folder`, or around the current folder; `ask` asks for a passphrase.

    Raises NotFound when there is none, BadInput when its settings cannot be used.
    """
    root = _find(folder)
    return Workspace(root, load(root), clock=clock, ids=ids, actor=actor, ask=ask)


def ring_path(root: Path, settings: Settings) -> Path:
    """Return where the key ring of a workspace lies: outside of it, unless settings say where."""
    given = settings.text("keys.ring")
    if given:
        return Path(given).expanduser()
    return private_file.home() / "rings" / f"{settings.text('workspace.id') or root.name}.json"


def _find(folder: Path | None) -> Path:
    start = folder or Path(os.environ.get("TAGWARDEN_WORKSPACE") or Path.cwd())
    start = start.absolute()
    chain = [start] if folder else [start, *start.parents]
    for candidate in chain:
        if (candidate / FILE).is_file():
            return candidate
    raise NotFound(
        "no-workspace",
        f"there is no workspace in {folder or 'this folder or above it'}",
        hint="tagwarden init DIR, then --workspace DIR or cd DIR",
    )


def _clock(settings: Settings) -> Clock:
    fixed = settings.text("clock.fixed")
    if not fixed:
        return SystemClock()
    try:
        return FixedClock(parse_time(fixed))
    except ValueError:
        raise BadInput(
            "bad-setting", '"clock.fixed" is not an ISO 8601 time', hint="2018-01-02T05:00:00Z"
        ) from None


def _lock(handle: int, work: str, wait: float) -> None:
    deadline = time.monotonic() + wait
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                holder = os.pread(handle, 80, 0).decode("utf-8", "replace").strip("\0 \n")
                raise Conflict(
                    "workspace-busy",
                    f"another process is at work here{f' ({holder})' if holder else ''}",
                    hint="wait until it has finished, then repeat the command",
                ) from None
            time.sleep(0.05)
        else:
            os.ftruncate(handle, 0)
            os.pwrite(handle, f"{work}, process {os.getpid()}".encode(), 0)
            return
