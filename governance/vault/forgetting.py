# SPDX-License-Identifier: Apache-2.0
"""Forgets people: their keys are destroyed, and what names them does not come back.

What is to be forgotten is written to the journal first, then done in the key store, which says in the
same transaction how far it has followed. So a kill in between, or an older key store put back, ends at
the next start. Procedure of security 5.5: refuses a key store that does not overwrite what it deletes.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from audit.clock import Micros
from audit.errors import Tampered
from governance.vault.journal import Journal, Line, What
from governance.vault.keystore import KeyStore
from governance.vault.ring import Ring
from governance.vault.sealing import record_digest

PART: Final = 10_000
"""People whose keys are destroyed in one transaction."""


class Destroyed(NamedTuple):
    """A data key that is (or will be) no more; `digest` names its record and opens nothing."""

    subject_id: int
    sid: bytes
    ver: int
    kek_id: int
    digest: str

    def __repr__(self) -> str:
        """Return what may be printed."""
        return f"Destroyed(ver={self.ver}, kek_id={self.kek_id})"


class Forgetting:
    """The part of the key store that forgets, and the journal that it follows."""

    def __init__(self, store: KeyStore, ring: Callable[[], Ring], journal: Journal) -> None:
        self._store = store
        self._ring = ring
        self._journal = journal

    def close(self) -> None:
        """Close the journal."""
        self._journal.close()

    def follow(self) -> int:
        """Do in the key store what the journal says and it has not done; returns how many lost keys.

        Raises Tampered `journal-behind` when the key store has followed further than the journal goes.
        """
        upto, last = self._store.followed(), self._journal.last()
        if upto == last:
            return 0
        if upto > last:
            raise Tampered(
                "journal-behind",
                "the evidence log has lost what was forgotten: it is older than the key store",
                hint="restore evidence/log.db from its newest backup",
            )
        with self._store.writing():
            lost = self._catch_up()
        if lost:
            self._store.settle()
        return lost

    def suppress(self, tags: Iterable[bytes], at: Micros) -> None:
        """Let nobody in again under these tags; those that are there already stay as they are."""
        self.follow()
        wanted = set(tags)
        self._do("suppress", sorted(wanted - self._store.suppressed(wanted)), at)

    def lift(self, tags: Iterable[bytes], at: Micros) -> int:
        """Let people in again under these tags; returns how many were suppressed."""
        self.follow()
        there = sorted(self._store.suppressed(set(tags)))
        self._do("lift", there, at)
        return len(there)

    def suppressed(self, tags: Mapping[str, bytes]) -> set[str]:
        """Return those values whose tags are suppressed."""
        there = self._store.suppressed(set(tags.values()))
        return {value for value, tag in tags.items() if tag in there}

    @property
    def anything(self) -> bool:
        """Whether any identity is suppressed."""
        return self._store.suppresses()

    def doomed(self, subject_ids: Iterable[int]) -> list[Destroyed]:
        """Return the data keys of people as `destroy` would name them; nothing is changed."""
        return [
            Destroyed(subject_id, sid, record.ver, record.kek_id, record_digest(record))
            for subject_id, sid, record in self._store.records(sorted(set(subject_ids)))
        ]

    def destroy(self, subject_ids: Iterable[int], at: Micros) -> list[Destroyed]:
        """Destroy all keys and names of people, and return the keys that there were.

        Raises Refused `overwriting-off`, Tampered `not-forgotten` when somebody is still there.
        """
        self._store.require_overwriting()
        self.follow()
        gone: list[Destroyed] = []
        wanted = sorted(set(subject_ids))
        for start in range(0, len(wanted), PART):
            part = self._store.sids(wanted[start : start + PART])
            if part:
                gone += self.doomed(part)
                tombs = [self._ring().tomb(sid) for sid in part.values()]
                self._do("tomb", tombs, at, people=list(part))
        if self._store.sids(wanted):
            raise Tampered(
                "not-forgotten",
                "the key store still holds people whose keys were destroyed",
                hint="tagwarden doctor",
            )
        return gone

    def _do(
        self, what: What, tags: Sequence[bytes], at: Micros, *, people: Sequence[int] = ()
    ) -> None:
        """Write lines to the journal, then do what they say; `people` are those of the tombs."""
        if not tags:
            return
        before, last = self._journal.append(what, tags, at)
        with self._store.writing():
            if self._store.followed() == before:
                self._store.forget(people)
                self._mark(Line(0, what, tag, at) for tag in tags)
                self._store.put_followed(last)
            else:  # another process wrote in between: in order, and by the tombs
                self._catch_up()

    def _catch_up(self) -> int:
        """Do the lines that are left, inside `writing()`; returns how many people lost their keys."""
        lines = self._journal.after(self._store.followed())
        if not lines:
            return 0
        tombs, tomb = {line.tag for line in lines if line.what == "tomb"}, self._ring().tomb
        lost = [i for i, sid in self._store.everybody() if tomb(sid) in tombs] if tombs else []
        self._store.forget(lost)
        self._mark(lines)
        self._store.put_followed(lines[-1].n)
        return len(lost)

    def _mark(self, lines: Iterable[Line]) -> None:
        for line in lines:
            if line.what == "suppress":
                self._store.suppress(line.tag, line.at)
            elif line.what == "lift":
                self._store.lift(line.tag)
