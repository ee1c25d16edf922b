# SPDX-License-Identifier: Apache-2.0
"""Makes evidence entries, and carries them from the outbox of the control store to the log.

A change and its entry are committed together to the outbox; carrying is exactly once, by any number
of processes, killed anywhere. Refuses to make an entry while the log does not stand where it was
signed: nothing is done that could not be proven.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy import Connection, text

from audit.clock import Micros
from audit.errors import BadInput, Conflict, Problem, Refused, Tampered
from audit.evidence.entry import Entry, Fact
from audit.evidence.reading import decode, stamped, time_of
from audit.evidence.tree import EMPTY_ROOT, Head, leaf_hash
from audit.ids import new_id
from governance import operator_key
from governance.actor import ROLES
from governance.evidence.anchors import Anchors, Sent, anchors_in
from governance.evidence.head import SignedHead, head_path, read_head, write_head
from governance.evidence.log import Log, Row, State
from governance.evidence.proving import Proofs
from governance.evidence.signers import UNSIGNED_ACTS, signed
from governance.evidence.signing import origin_of
from governance.evidence.verification import Verification, verify_log
from governance.store.unit import Store
from governance.vault.ring import Ring

if TYPE_CHECKING:
    from governance.workspace import Paths, Workspace

BATCH = 5_000

_LOGGER = logging.getLogger(__name__)


class Evidence:
    """The evidence log of a workspace."""

    def __init__(self, ws: "Workspace", ring: Ring, log: Log) -> None:
        self._ws = ws
        self._ring = ring
        self._log = log
        self._head = head_path(ws.paths.ring)
        self.anchors = Anchors(anchors_in(ws), log, ring)
        self._trusted = False

    @classmethod
    def create(cls, paths: "Paths", ring: Ring) -> None:
        """Make an empty log and sign its head."""
        Log.create(paths.evidence)
        write_head(head_path(paths.ring), ring, SignedHead(Head(0, EMPTY_ROOT)))

    @classmethod
    def open(cls, ws: "Workspace") -> "Evidence":
        """Return the evidence log; raises what ring and log raise, BadInput `unknown-role`."""
        if ws.actor.role not in ROLES:
            raise BadInput(
                "unknown-role", "there is no such role", hint="roles: " + ", ".join(ROLES)
            )
        return cls(ws, ws.keys.ring, Log.open(ws.paths.evidence))

    def close(self) -> None:
        """Close the log."""
        self._log.close()

    def entry(
        self,
        act: str,
        *,
        subject_id: int | None = None,
        request: str | None = None,
        **facts: Fact,
    ) -> bytes:
        """Return the canonical bytes of an entry by this actor now, for `Unit.log`.

        Raises Tampered when the log does not stand where it was signed, NotFound for an unknown
        subject, ValueError for what an entry may not say.
        """
        self._trust()
        request = request or new_id(self._ws.ids, "req")
        subject = "" if subject_id is None else self._ws.people.reference(subject_id, request)
        return Entry(
            act=act,
            at_ms=self._ws.clock.now() // 1000,
            actor=self._ws.actor.ref,
            role=self._ws.actor.role,
            request=request,
            subject=subject,
            facts=facts,
        ).encode()

    def sealed(self, connection: Connection, entries: Sequence[bytes]) -> list[bytes]:
        """Return entries with the signature of their maker, when they have a key on record now.

        Raises Refused when that key is not here, except where the entry says that it was refused.
        """
        public = operator_key.registered(connection, self._ws.actor.ref)
        return [self._signed(entry, public) if public else entry for entry in entries]

    def _signed(self, entry: bytes, public: str) -> bytes:
        found = decode(entry)
        try:
            key = operator_key.private_key(self._ws, found.actor, public)
        except Refused:
            if found.act in UNSIGNED_ACTS:
                return entry
            raise
        return signed(found, self._origin, key)

    def drain(self, store: Store | None = None) -> int:
        """Carry the outbox of the control store to the log; returns how many entries were new.

        Raises Tampered when log, head or outbox are not what was written; Conflict while the log is
        busy or cannot be written (the entries stay in the outbox).
        """
        source = store or self._ws.store
        moved = 0
        while waiting := _waiting(source):
            moved += self._append(waiting)
            _forget(source, [src_id for src_id, _ in waiting])
        return moved

    def drain_if_possible(self, store: Store) -> None:
        """Carry the outbox after a commit; what cannot be carried now is carried at the next start."""
        try:
            self.drain(store)
        except Conflict as fault:
            _LOGGER.warning("evidence stays in the outbox", extra={"code": fault.code})

    def entries(self) -> Iterator[bytes]:
        """Yield the bytes of every entry in order; those that wait in the outbox are not among them."""
        with self._log.reading():
            for row in self._log.rows():
                yield row.entry

    def verify(self) -> Verification:
        """Return what a full check of the log against its signed head and its anchors finds."""
        url = self._ws.settings.text("store.url")
        contiguous = not url or url.startswith("sqlite")
        found = verify_log(self._log, self.standing, contiguous=contiguous, origin=self._origin)
        try:
            self.anchors.compare()
        except Tampered as fault:
            return replace(
                found, problems=(*found.problems, Problem(fault.code, fault.message, "anchor"))
            )
        return found

    @property
    def proofs(self) -> Proofs:
        """Checkpoints and proofs for people outside."""
        return Proofs(self._log, self._ring, self._ws.clock, self._anchored)

    def anchor(self) -> list[Sent]:
        """Send a checkpoint to every anchor; returns what each has now.

        Raises BadInput `no-anchors`, Tampered as `Proofs.checkpoint`.
        """
        return self.anchors.send(*self.proofs.checkpoint())

    def now(self) -> Micros:
        """Return the present: never before what the log has, whatever the clock says.

        So what a person says last stays last when a clock went back. Raises Tampered.
        """
        return max(self._ws.clock.now(), Micros(self.latest_ms * 1000))

    @property
    def latest_ms(self) -> int:
        """The latest time in the log, in milliseconds; raises Tampered."""
        with self._log.reading() as state:
            return state.latest_ms

    def carried(self, src_ids: Sequence[int]) -> dict[int, bytes]:
        """Return what the log has from these numbers of the outbox."""
        return self._log.known(src_ids)

    def after(self, src_id: int) -> list[Entry]:
        """Return the entries from later numbers of the outbox, in order; raises Tampered."""
        with self._log.reading():
            return [decode(entry) for entry in self._log.after(src_id)]

    @property
    def last_source(self) -> int:
        """The highest number of the outbox that has reached the log."""
        return self._log.last_source()

    @property
    def _origin(self) -> str:
        return origin_of(self._ring)

    def _trust(self) -> None:
        if not self._trusted:
            self._anchored()
            self._trusted = True

    def _anchored(self) -> Head:
        """Return the signed head, of a log that goes on from what its anchors hold."""
        head = self.standing()
        self.anchors.compare()
        return head

    def standing(self) -> Head:
        """Return the signed head at which the log stands, after finishing what a killed process began.

        Raises Tampered when the log stands anywhere else.
        """
        with self._log.writing() as state:
            return self._standing(state)

    def _standing(self, state: State) -> Head:
        signed = read_head(self._head, self._ring)
        if signed.coming and state.head in (signed.now, signed.coming):
            write_head(self._head, self._ring, SignedHead(state.head))
        elif state.head != signed.now:
            raise _elsewhere(state.head, signed)
        return state.head

    def _append(self, waiting: Sequence[tuple[int, bytes]]) -> int:
        with self._log.writing() as state:
            before = self._standing(state)
            rows = self._new_rows(waiting, state)
            if rows:
                state.root = state.tree.root()
                write_head(self._head, self._ring, SignedHead(before, state.head))
                self._log.append(rows, state)
        if rows:
            self.standing()
        return len(rows)

    def _new_rows(self, waiting: Sequence[tuple[int, bytes]], state: State) -> list[Row]:
        known = self._log.known([src_id for src_id, _ in waiting])
        rows = []
        for src_id, entry in waiting:
            if src_id in known:
                _check_same(known[src_id], entry)
                continue
            taken = _taken(entry, state.latest_ms)
            leaf = leaf_hash(taken)
            rows.append(Row(state.tree.size, src_id, taken, leaf))
            state.tree.append(leaf)
            state.latest_ms = max(state.latest_ms, time_of(taken))
        return rows


def _waiting(store: Store) -> list[tuple[int, bytes]]:
    with store.read() as connection:
        rows = connection.execute(
            text("SELECT id, entry FROM outbox ORDER BY id LIMIT :n"), {"n": BATCH}
        )
        return [(row[0], bytes(row[1])) for row in rows]


def _forget(store: Store, src_ids: Sequence[int]) -> None:
    with store.write() as unit:
        unit.connection.execute(
            text("DELETE FROM outbox WHERE id = :i"), [{"i": src_id} for src_id in src_ids]
        )


def _taken(entry: bytes, latest_ms: int) -> bytes:
    try:
        return stamped(entry, latest_ms)
    except ValueError:
        raise _malformed() from None


def _check_same(logged: bytes, entry: bytes) -> None:
    try:
        same = decode(logged).request == decode(entry).request
    except ValueError:
        raise _malformed() from None
    if not same:
        raise Tampered(
            "store-rolled-back",
            "the control store is older than the evidence log: it was put back from a copy",
            hint="put the newest copy back; if there is none: tagwarden db accept",
        )


def _malformed() -> Tampered:
    return Tampered(
        "outbox-malformed",
        "the outbox of the control store holds something that is no evidence entry",
        hint="tagwarden doctor",
    )


def _elsewhere(stands: Head, signed: SignedHead) -> Tampered:
    if stands.size < signed.now.size:
        return Tampered(
            "log-rolled-back",
            f"the evidence log has {stands.size} entries, but {signed.now.size} were signed",
            hint="tagwarden audit log verify, then restore the log from its backup",
        )
    return Tampered(
        "log-changed",
        "the evidence log does not stand where it was signed",
        hint="tagwarden audit log verify",
    )
