# SPDX-License-Identifier: Apache-2.0
"""Seals bytes so that they open in one place only: formats of security 5.2, byte for byte.

A person has a random data key (DEK), wrapped under the epoch's key (KEK); its commitment is bound by
the wrap. A cell is bound to tenant, table, class, person and row: moved, it does not open. Suite and
version come from the key record and the cell must agree. Whatever is wrong, the fault is the same.
"""

import hmac
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESGCMSIV

from audit.errors import Tampered

GCM: Final = 1
GCM_SIV: Final = 2
KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
SID_BYTES: Final = 16
TENANT_BYTES: Final = 16

Cipher = AESGCM | AESGCMSIV

_CIPHERS: Final[dict[int, Callable[[bytes], Cipher]]] = {GCM: AESGCM, GCM_SIV: AESGCMSIV}
_HEAD = 2 + 1 + 4 + NONCE_BYTES
_TAG = 16
_CELL_HEAD = struct.Struct(">BBBI")
_CELL_PLACE = struct.Struct(">8sBI16sHH16s16sH")
_RECORD_PLACE = struct.Struct(">8sIB16s16sI32s")
_MAGIC = (0x55, 1)


def broken() -> Tampered:
    """Return the one fault of everything that does not open: it never says which check failed."""
    return Tampered(
        "unsealing-failed",
        "sealed data did not open: it was changed, moved, or belongs to other keys",
        hint="tagwarden doctor",
    )


@dataclass(frozen=True, slots=True)
class EpochKey:
    """A key-encryption key (KEK) of the ring, ready for use."""

    kek_id: int
    cipher: Cipher = field(repr=False)

    @classmethod
    def of(cls, kek_id: int, secret: bytes, suite: int = GCM_SIV) -> "EpochKey":
        """Return the key made ready for a suite."""
        return cls(kek_id, _CIPHERS[suite](secret))


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """A data key as the key store keeps it: wrapped, with its commitment."""

    ver: int
    kek_id: int
    suite: int
    wrapped: bytes = field(repr=False)
    commitment: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class DataKey:
    """An opened data key of one person: seals and opens cells. Never printed, never stored."""

    tenant: bytes
    sid: bytes = field(repr=False)
    ver: int
    suite: int
    cipher: Cipher = field(repr=False)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a cell stands: ids of a registry, never reused."""

    table: int
    class_id: int
    row: bytes = field(repr=False)
    schema: int = 1


def field_key(dek: bytes, suite: int) -> tuple[bytes, bytes]:
    """Return the key of the cells and its commitment, 32 bytes each (HKDF-Expand, L=64)."""
    derived = hmac.digest(dek, b"UTG1 field" + bytes((suite, 1)), "sha512")
    return derived[:32], derived[32:]


def new_key(
    epoch: EpochKey, tenant: bytes, sid: bytes, *, secret: bytes, nonce: bytes, suite: int = GCM_SIV
) -> tuple[KeyRecord, DataKey]:
    """Return the record of a fresh data key (version 1) and the key itself, opened."""
    key, commitment = field_key(secret, suite)
    bound = _record_place(
        tenant, sid, kek_id=epoch.kek_id, suite=suite, ver=1, commitment=commitment
    )
    wrapped = nonce + epoch.cipher.encrypt(nonce, secret, bound)
    record = KeyRecord(1, epoch.kek_id, suite, wrapped, commitment)
    return record, DataKey(tenant, sid, 1, suite, _CIPHERS[suite](key))


def open_key(epoch: EpochKey | None, tenant: bytes, sid: bytes, record: KeyRecord) -> DataKey:
    """Return the opened data key of a record; raises Tampered `unsealing-failed`."""
    if epoch is None or record.suite not in _CIPHERS or not _is_bytes(record.wrapped, 60):
        raise broken()
    bound = _record_place(
        tenant,
        sid,
        kek_id=record.kek_id,
        suite=record.suite,
        ver=record.ver,
        commitment=record.commitment,
    )
    nonce, sealed = record.wrapped[:NONCE_BYTES], record.wrapped[NONCE_BYTES:]
    try:
        secret = epoch.cipher.decrypt(nonce, sealed, bound)
    except InvalidTag:
        raise broken() from None
    key, commitment = field_key(secret, record.suite)
    if not hmac.compare_digest(commitment, record.commitment):
        raise broken()
    return DataKey(tenant, sid, record.ver, record.suite, _CIPHERS[record.suite](key))


def seal(key: DataKey, place: Place, plain: bytes, nonce: bytes) -> bytes:
    """Return the cell that holds `plain` at `place`; overhead 35 bytes. A nonce serves once."""
    sealed = key.cipher.encrypt(nonce, plain, _cell_place(key, place))
    return _CELL_HEAD.pack(*_MAGIC, key.suite, key.ver) + nonce + sealed


def unseal(key: DataKey, place: Place, cell: bytes) -> bytes:
    """Return what a cell holds; raises Tampered `unsealing-failed` for every kind of mismatch."""
    if len(cell) < _HEAD + _TAG:
        raise broken()
    if cell[:7] != _CELL_HEAD.pack(*_MAGIC, key.suite, key.ver):
        raise broken()
    try:
        return key.cipher.decrypt(cell[7:_HEAD], cell[_HEAD:], _cell_place(key, place))
    except InvalidTag:
        raise broken() from None


def cell_version(cell: bytes) -> int:
    """Return the version of the data key that a cell names; raises Tampered when it names none."""
    if len(cell) < _HEAD + _TAG:
        raise broken()
    return int.from_bytes(cell[3:7], "big")


def _record_place(
    tenant: bytes, sid: bytes, *, kek_id: int, suite: int, ver: int, commitment: bytes
) -> bytes:
    if not (_is_bytes(tenant, 16) and _is_bytes(sid, 16) and _is_bytes(commitment, 32)):
        raise broken()  # fixed width, or two places could have the same bytes
    try:
        return _RECORD_PLACE.pack(b"UTG1dek\0", kek_id, suite, tenant, sid, ver, commitment)
    except struct.error:  # a number in the key store was changed to one that no record has
        raise broken() from None


def _cell_place(key: DataKey, place: Place) -> bytes:
    if not (_is_bytes(key.tenant, 16) and _is_bytes(key.sid, 16) and _is_bytes(place.row, 16)):
        raise broken()
    return _CELL_PLACE.pack(
        b"UTG1cell",
        key.suite,
        key.ver,
        key.tenant,
        place.table,
        place.class_id,
        key.sid,
        place.row,
        place.schema,
    )


def _is_bytes(part: object, size: int) -> bool:
    return isinstance(part, bytes) and len(part) == size
