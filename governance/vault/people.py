# SPDX-License-Identifier: Apache-2.0
"""The one door to people's identities and attributes.

Outside names (a customer number) become a dense `subject_id` that is never reused; attributes are
sealed to person and class. Refuses to work with a ring that does not belong to the key store: every
person would be admitted a second time. Goes on while another process rotates the keys.
"""

import hmac
import json
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final

from audit.canon import canonical
from audit.clock import Micros
from audit.errors import BadInput, NotFound, Refused
from audit.ids import Ids
from governance.vault import canary
from governance.vault.bulk import uncollected
from governance.vault.forgetting import Destroyed, Forgetting
from governance.vault.identity import KINDS, MAX_IDENTITY, kind_number, normalise
from governance.vault.journal import Journal
from governance.vault.keystore import KeyStore, NewPerson, chunks
from governance.vault.ring import UNKNOWN, Ring
from governance.vault.ringfile import RingFile
from governance.vault.sealing import (
    GCM_SIV,
    KEY_BYTES,
    NONCE_BYTES,
    SID_BYTES,
    DataKey,
    EpochKey,
    KeyRecord,
    Place,
    broken,
    cell_version,
    new_key,
    open_key,
    pseudonym_key,
    seal,
    unseal,
)

if TYPE_CHECKING:
    from governance.workspace import Workspace

TABLE_BLOB: Final = 7
TABLE_IDENT: Final = 8
TABLE_NOTE: Final = 9
BLOB_STEP: Final = 64
IDENT_STEP: Final = 32
MAX_WRAPS: Final = 2**30
"""Wraps under one KEK in a suite whose nonces must not repeat (security 5.2). A person is wrapped once
under a KEK, at admission or by a rotation, so the highest number ever given bounds them."""

_RANDOM = SID_BYTES + KEY_BYTES + 2 * NONCE_BYTES
_encode = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode


class People:
    """Identities and sealed attributes of people."""

    def __init__(self, store: KeyStore, keys: RingFile, ids: Ids, journal: Journal) -> None:
        self._store = store
        self._ring_file = keys
        self._ids = ids
        self._forgetting = Forgetting(store, lambda: keys.ring, journal)

    @classmethod
    def open(cls, ws: "Workspace") -> "People":
        """Return the people of a workspace; raises what ring and key store raise.

        What was to be forgotten, and is there because a process was killed or an older key store was
        put back, is forgotten first. Raises Refused `ring-foreign` when the ring belongs to another key
        store, Tampered `journal-behind`.
        """
        keys = ws.keys
        store = KeyStore.open(ws.paths.keystore)
        with ExitStack() as undo:
            undo.callback(store.close)
            canary.check(store, keys)
            journal = Journal.open(ws.paths.evidence)
            undo.callback(journal.close)
            people = cls(store, keys, ws.ids, journal)
            people._forgetting.follow()
            undo.pop_all()
        return people

    def close(self) -> None:
        """Close the key store."""
        self._forgetting.close()
        self._store.close()

    def admit(self, kind: str, values: Sequence[str]) -> dict[str, int]:
        """Return the subject_id of each identity; people who are new are written, all or none.

        Identities that are suppressed are left out, those of people who are still here too. Raises BadInput `unusable-identity` when a value is empty, too long or has control signs.
        """
        number = kind_number(kind)
        tags = self._tags(number, values)
        version = self._store.version()
        tags = self._not_suppressed(number, tags)
        known = self._store.find(dict.fromkeys(tags.values()))
        new = {tag: value for value, tag in tags.items() if tag not in known}
        if new:
            with uncollected(), self._store.writing():
                if self._store.version() != version:  # somebody may have been quicker
                    known |= self._store.find(new)
                    tags = self._not_suppressed(number, tags)
                    new = {tag: value for value, tag in tags.items() if tag in new}
                epoch = self._epoch(len(new))
                for part in chunks((t, v) for t, v in new.items() if t not in known):
                    known |= self._store.add(number, self._newcomers(epoch, number, part))
        return {value: known[tag] for value, tag in tags.items()}

    def suppression(self, subject_ids: Iterable[int]) -> dict[int, list[bytes]]:
        """Return the keyed tags of all identities of each person, by which they are known again.

        People without a key are left out: nothing can open their names.
        """
        found: dict[int, list[bytes]] = {}
        for part in chunks(subject_ids):
            keys = self._keys(part)
            found |= {subject_id: [] for subject_id, _ in keys}
            for number in KINDS.values():
                for subject_id, tag, sealed in self._store.identities(number, part):
                    key = _key_for(keys, subject_id, sealed)
                    name = _name(unseal(key, Place(TABLE_IDENT, number, tag), sealed))
                    found[subject_id].append(self._ring.suppression_tag(number, name))
        return found

    def suppress(self, tags: Iterable[bytes], at: Micros) -> None:
        """Admit nobody again under these tags (of `suppression`); done twice, it is done once."""
        self._forgetting.suppress(tags, at)

    def suppressed(self, kind: str, values: Iterable[str]) -> set[str]:
        """Return those outside identities that are suppressed."""
        if not self._forgetting.anything:
            return set()
        return self._forgetting.suppressed(self._suppression_tags(kind_number(kind), values))

    def lift(self, kind: str, values: Iterable[str], at: Micros) -> int:
        """Admit these identities again; returns how many were suppressed."""
        return self._forgetting.lift(self._suppression_tags(kind_number(kind), values).values(), at)

    def doomed(self, subject_ids: Iterable[int]) -> list[Destroyed]:
        """Return the keys of people as `destroy` would name them: to be noted before it, for a kill
        after it leaves nothing to name. A rotation gives them other names: hold `ws.exclusive` over both.
        """
        return self._forgetting.doomed(subject_ids)

    def destroy(self, subject_ids: Iterable[int], at: Micros = UNKNOWN) -> list[Destroyed]:
        """Destroy the keys and names of people, for good; returns the keys that there were.

        People who are gone are left out. Until `settle` the old pages may be on the disk. Raises
        Refused `overwriting-off`, Tampered `not-forgotten`.
        """
        return self._forgetting.destroy(subject_ids, at)

    def settle(self) -> bool:
        """Bring deletions to the disk; False while somebody reads the old pages: then try again."""
        return self._store.settle()

    def find(self, kind: str, values: Sequence[str]) -> dict[str, int]:
        """Return the subject_id of each identity that is known; the others are left out."""
        number = kind_number(kind)
        tags = self._tags(number, [v for v in values if normalise(v)])
        known = self._store.find(dict.fromkeys(tags.values()))
        return {value: known[tag] for value, tag in tags.items() if tag in known}

    def sid(self, subject_ids: Iterable[int]) -> dict[int, bytes]:
        """Return the random 16-byte name of each person who exists."""
        return self._store.sids(subject_ids)

    def reveal(self, kind: str, subject_ids: Sequence[int]) -> dict[int, str]:
        """Return the identity of each person, normalised; people without one are left out."""
        number = kind_number(kind)
        found: dict[int, str] = {}
        for part in chunks(subject_ids):
            keys = self._keys(part)
            for subject_id, tag, sealed in self._store.identities(number, part):
                key = _key_for(keys, subject_id, sealed)
                found[subject_id] = _name(unseal(key, Place(TABLE_IDENT, number, tag), sealed))
        return found

    def names(self, subject_id: int) -> Iterator[tuple[str, str]]:
        """Yield every identity of one person, normalised, with its kind."""
        keys = self._keys([subject_id])
        for kind, number in KINDS.items():
            for _, tag, sealed in self._store.identities(number, [subject_id]):
                key = _key_for(keys, subject_id, sealed)
                yield kind, _name(unseal(key, Place(TABLE_IDENT, number, tag), sealed))

    @uncollected()
    def seal(
        self, items: Iterable[tuple[int, int, Mapping[str, str]]]
    ) -> list[tuple[int, int, bytes]]:
        """Return (subject_id, class_id, cell) for (subject_id, class_id, {attribute: value}).

        Raises NotFound `subject-unknown` for a person without a key.
        """
        cells: list[tuple[int, int, bytes]] = []
        for part in chunks(items):
            keys = self._keys([subject_id for subject_id, _, _ in part])
            latest = {subject_id: key for (subject_id, _), key in keys.items()}
            nonces = self._ids.random(NONCE_BYTES * len(part))
            for at, (subject_id, class_id, values) in enumerate(part):
                key = latest.get(subject_id)
                if key is None:
                    raise _unknown()
                place = Place(TABLE_BLOB, class_id, key.sid)
                nonce = nonces[at * NONCE_BYTES : (at + 1) * NONCE_BYTES]
                cells.append((subject_id, class_id, seal(key, place, _blob(values), nonce)))
        return cells

    def unseal(
        self, cells: Iterable[tuple[int, int, bytes]]
    ) -> Iterator[tuple[int, int, dict[str, str]]]:
        """Yield (subject_id, class_id, {attribute: value}); raises Tampered `unsealing-failed`."""
        for part in chunks(cells):
            keys = self._keys([subject_id for subject_id, _, _ in part])
            for subject_id, class_id, cell in part:
                key = _key_for(keys, subject_id, cell)
                plain = unseal(key, Place(TABLE_BLOB, class_id, key.sid), cell)
                yield subject_id, class_id, json.loads(plain)

    def seal_note(self, subject_id: int, row: bytes, values: Mapping[str, str]) -> bytes:
        """Return what a person said as a cell that belongs to one row (16 bytes); raises NotFound."""
        keys = self._keys([subject_id])
        if not keys:
            raise _unknown()
        key = keys[max(keys)]
        return seal(key, Place(TABLE_NOTE, 0, row), _blob(values), self._ids.random(NONCE_BYTES))

    def open_note(self, subject_id: int, row: bytes, cell: bytes) -> dict[str, str]:
        """Return what a person said; raises Tampered `unsealing-failed`."""
        key = _key_for(self._keys([subject_id]), subject_id, cell)
        found: dict[str, str] = json.loads(unseal(key, Place(TABLE_NOTE, 0, row), cell))
        return found

    def reference(self, subject_id: int, request: str) -> str:
        """Return the pseudonym (32 hexadecimal digits) of a person in the entries of one request.

        Whoever lacks the person's secret can link neither it nor two of them. Raises NotFound.
        """
        found = self._records([subject_id])
        if not found:
            raise _unknown()
        return _pseudonym(self._pseudonym_key(*found[-1][1:]), request)

    def reference_of_nobody(self, request: str) -> None:
        """Do the work of `reference` for nobody, so that the time taken does not tell who is known."""
        record = self._store.canary()
        if record.kek_id not in self._ring.epochs:
            self._ring_file.refresh()
            record = self._store.canary()
        _pseudonym(self._pseudonym_key(canary.SID, record), request)

    def recognise(
        self, subject_ids: Iterable[int], pseudonyms: Collection[tuple[str, str]]
    ) -> dict[tuple[str, str], int]:
        """Return whose each (request, pseudonym) is; those of nobody here are left out.

        Tries every person on every one: 1 us each.
        """
        found: dict[tuple[str, str], int] = {}
        for part in chunks(subject_ids):
            for subject_id, sid, record in self._records(part):
                secret = self._pseudonym_key(sid, record)
                for request, pseudonym in pseudonyms:
                    if _pseudonym(secret, request) == pseudonym:
                        found[request, pseudonym] = subject_id
        return found

    def references(self, subject_id: int) -> Callable[[str], frozenset[str]]:
        """Return what gives the pseudonyms of one person in a request: one for each key they have had.

        Raises NotFound.
        """
        secrets = [self._pseudonym_key(sid, key) for _, sid, key in self._records([subject_id])]
        if not secrets:
            raise _unknown()
        return lambda request: frozenset(_pseudonym(secret, request) for secret in secrets)

    def _pseudonym_key(self, sid: bytes, record: KeyRecord) -> bytes:
        return pseudonym_key(self._ring.epochs.get(record.kek_id), self._ring.tenant, sid, record)

    def _tags(self, number: int, values: Iterable[str]) -> dict[str, bytes]:
        tags: dict[str, bytes] = {}
        for value in values:
            if value not in tags:
                normalised = normalise(value)
                if not normalised:
                    raise BadInput(
                        "unusable-identity",
                        f"an identity is 1 to {MAX_IDENTITY} visible characters",
                        hint="reject such rows before people are admitted",
                    )
                tags[value] = self._ring.identity_tag(number, normalised)
        return tags

    def _suppression_tags(self, number: int, values: Iterable[str]) -> dict[str, bytes]:
        tag = self._ring.suppression_tag
        return {v: tag(number, name) for v in values if (name := normalise(v))}

    def _not_suppressed(self, number: int, tags: dict[str, bytes]) -> dict[str, bytes]:
        if not self._forgetting.anything:
            return tags
        out = self._forgetting.suppressed(self._suppression_tags(number, tags))
        return {value: tag for value, tag in tags.items() if value not in out}

    @property
    def _ring(self) -> Ring:
        return self._ring_file.ring

    def _epoch(self, new: int) -> EpochKey:
        """Return the key for new people, inside the transaction that writes them."""
        kek_id = self._store.epoch()
        if kek_id not in self._ring.epochs:
            self._ring_file.refresh()
        epoch = self._ring.epochs.get(kek_id)
        if epoch is None:
            raise broken()
        if epoch.suite != GCM_SIV and self._store.last_number() + new > MAX_WRAPS:
            raise Refused(
                "key-exhausted",
                "the key of this epoch has wrapped as many data keys as its suite permits",
                hint="make the workspace with the suite aes-gcm-siv, which has no such limit",
            )
        return epoch

    def _newcomers(
        self, epoch: EpochKey, number: int, named: Sequence[tuple[bytes, str]]
    ) -> list[NewPerson]:
        raw, tenant, people = self._ids.random(_RANDOM * len(named)), self._ring.tenant, []
        for at, (tag, value) in zip(range(0, len(raw), _RANDOM), named, strict=True):
            sid, secret = raw[at : at + 16], raw[at + 16 : at + 48]
            record, key = new_key(epoch, tenant, sid, secret=secret, nonce=raw[at + 48 : at + 60])
            name = normalise(value).encode("utf-8") + b"\x80"
            name = name.ljust(-len(name) // IDENT_STEP * -IDENT_STEP, b"\0")
            sealed = seal(key, Place(TABLE_IDENT, number, tag), name, raw[at + 60 : at + 72])
            people.append(NewPerson(sid, record, tag, sealed))
        return people

    def _keys(self, subject_ids: Iterable[int]) -> dict[tuple[int, int], DataKey]:
        found = self._records(list(dict.fromkeys(subject_ids)))
        epochs, tenant = self._ring.epochs, self._ring.tenant
        return {
            (subject_id, record.ver): open_key(epochs.get(record.kek_id), tenant, sid, record)
            for subject_id, sid, record in found
        }

    def _records(self, subject_ids: Sequence[int]) -> list[tuple[int, bytes, KeyRecord]]:
        found = list(self._store.records(subject_ids))
        if any(record.kek_id not in self._ring.epochs for _, _, record in found):
            self._ring_file.refresh()  # rotated meanwhile: the records are read again with it,
            found = list(self._store.records(subject_ids))  # for their old key may be gone
        return found


def _pseudonym(secret: bytes, request: str) -> str:
    message = b"UTG1ref\0" + request.encode("utf-8")
    return hmac.digest(secret, message, "sha256")[:16].hex()


def _key_for(keys: Mapping[tuple[int, int], DataKey], subject_id: int, cell: bytes) -> DataKey:
    key = keys.get((subject_id, cell_version(cell)))
    if key is None:
        raise broken()
    return key


def _blob(values: Mapping[str, str]) -> bytes:
    text = _encode(values)
    sound = text.isascii() or unicodedata.is_normalized("NFC", text)
    plain = text.encode("utf-8") if sound else canonical(values)
    return plain.ljust(-len(plain) // BLOB_STEP * -BLOB_STEP)


def _name(plain: bytes) -> str:
    return plain.rstrip(b"\0")[:-1].decode("utf-8")


def _unknown() -> NotFound:
    return NotFound("subject-unknown", "there is no such person here")
