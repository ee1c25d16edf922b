# SPDX-License-Identifier: Apache-2.0
"""Anchors: places outside that hold checkpoints of the log, so that it cannot be put back unseen.

Whoever owns this machine owns log, key ring and signed head, and can put all three back together. A
checkpoint that has left stays where it is: a log that does not go on from it is false, and nothing is
done on it.
"""

import logging
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from audit.errors import BadInput, Conflict, Refused
from audit.evidence.tree import Head
from governance.evidence import signing
from governance.evidence.log import Log
from governance.evidence.notes import newest_note, put_note
from governance.evidence.proving import continues
from governance.evidence.timestamp import StampAnchor
from governance.vault.ring import Ring

if TYPE_CHECKING:
    from governance.workspace import Workspace

SETTING = "evidence.anchors"
_LOGGER = logging.getLogger(__name__)


class Anchor(Protocol):
    """A place outside."""

    @property
    def name(self) -> str:
        """What the settings call it."""
        ...

    def newest(self) -> bytes | None:
        """Return the checkpoint over the most entries there; raises Conflict `anchor-unreachable`."""
        ...

    def send(self, size: int, note: bytes) -> None:
        """Bring a checkpoint there, durably; raises Conflict `anchor-unreachable`."""
        ...


@dataclass(frozen=True, slots=True)
class Sent:
    """What an anchor has now: a checkpoint over `size` entries; or why it could not be reached."""

    anchor: str
    size: int
    new: bool = False
    failed: str = ""


@dataclass(frozen=True, slots=True)
class FileAnchor:
    """A folder that others watch: mailed, synchronised or committed somewhere."""

    folder: Path

    @property
    def name(self) -> str:
        """What the settings call it."""
        return f"file:{self.folder}"

    def newest(self) -> bytes | None:
        """Return the checkpoint over the most entries in the folder."""
        return newest_note(self.folder)

    def send(self, size: int, note: bytes) -> None:
        """Write a checkpoint as SIZE.note; one that is there already stays."""
        put_note(self.folder, size, note)


class Anchors:
    """All anchors of a log."""

    def __init__(self, places: Sequence[Anchor], log: Log, ring: Ring) -> None:
        self._places = places
        self._log = log
        self._ring = ring

    def __len__(self) -> int:
        return len(self._places)

    def compare(self) -> None:
        """Raise Tampered unless the log goes on from the newest checkpoint of every anchor.

        `checkpoint-forged`, `log-rolled-back`, `log-forked`. An anchor out of reach is passed over:
        `doctor` says so.
        """
        for _, signed in self._newest():
            with self._log.reading() as state:
                continues(self._log, signed.head, state.head)

    def send(self, head: Head, note: bytes) -> list[Sent]:
        """Bring a checkpoint to every anchor that has none over as many entries."""
        if not self._places:
            raise BadInput(
                "no-anchors",
                "no anchor is set",
                hint=f'{SETTING} = "file:FOLDER" in tagwarden.toml, a folder on another machine',
            )
        return [self._send(place, head.size, note) for place in self._places]

    def newest(self) -> signing.Signed | None:
        """Return the checkpoint over the most entries that has left; raises Tampered."""
        return max((s for _, s in self._newest()), key=lambda s: s.head.size, default=None)

    def unreachable(self) -> list[str]:
        """Return the names of the anchors that cannot be read now."""
        reached = {place.name for place, _ in self._read()}
        return [place.name for place in self._places if place.name not in reached]

    def _send(self, place: Anchor, size: int, note: bytes) -> Sent:
        try:
            held = place.newest()
            if held and signing.read(self._ring, held).head.size >= size:
                return Sent(place.name, size)
            place.send(size, note)
        except Conflict as fault:
            return Sent(place.name, size, failed=fault.message)
        return Sent(place.name, size, new=True)

    def _newest(self) -> Iterator[tuple[Anchor, signing.Signed]]:
        for place, note in self._read():
            if note:
                yield place, signing.read(self._ring, note)

    def _read(self) -> Iterator[tuple[Anchor, bytes | None]]:
        for place in self._places:
            try:
                yield place, place.newest()
            except Conflict as fault:
                _LOGGER.warning("an anchor is out of reach", extra={"code": fault.code})


def anchors_in(ws: "Workspace") -> list[Anchor]:
    """Return the anchors that the settings name; raises BadInput `bad-anchor`, Refused."""
    given = (text.strip() for text in ws.settings.text(SETTING).split(","))
    return [_anchor(text, ws.paths.root) for text in given if text]


def _anchor(text: str, root: Path) -> Anchor:
    kind, _, place = text.partition(":")
    if kind == "file" and Path(place).expanduser().is_absolute():
        folder = Path(place).expanduser()
        if folder.resolve().is_relative_to(root.resolve()):
            raise Refused(
                "anchor-place",
                "an anchor must lie outside the workspace, or it is put back together with the log",
                hint="name a folder on another machine, or one that is copied there",
            )
        return FileAnchor(folder)
    if kind == "rfc3161" and re.match(r"https?://[^\s/]+", place):
        return StampAnchor(place, root / "evidence" / "anchors")
    raise BadInput(
        "bad-anchor",
        f'"{SETTING}" names something that is no anchor',
        hint="file:/absolute/folder or rfc3161:https://host/path, separated by commas",
    )
