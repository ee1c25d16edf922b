# SPDX-License-Identifier: Apache-2.0
"""Seals bytes so that they open in one place only: formats of security 5.2, byte for byte.

A person has a random data key (DEK), wrapped under the epoch's key (KEK); its commitment is bound by
the wrap. A cell is bound to tenant, table, class, person and row: moved, it does not open. Suite and
version come from the key record and the cell must agree. Whatever is wrong, the fault is the same.

Suites: 1 AES-256-GCM, 2 AES-256-GCM-SIV, 3 SM4-GCM (GM/T 0002) with HMAC-SM3 (GM/T 0004).
"""

import hmac
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESGCMSIV
from cryptography.hazmat.primitives.hmac import HMAC

from audit.errors import Tampered
from governance.vault.sm4 import SM4GCM

GCM: Final = 1
GCM_SIV: Final = 2
SM4: Final = 3
KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
SID_BYTES: Final = 16
TENANT_BYTES: Final = 16

SUITES: Final = {"aes-gcm": GCM, "aes-gcm-siv": GCM_SIV, "sm4": SM4}
"""What an operator calls a suite → its number in records and cells."""

Cipher = AESGCM | AESGCMSIV | SM4GCM

_CIPHERS: Final[dict[int, Callable[[bytes], Cipher]]] = {
    GCM: AESGCM,
    GCM_SIV: AESGCMSIV,
    SM4: SM4GCM,
}
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
    suite: int
    cipher: Cipher = field(repr=False)

    @classmethod
    def of(cls, kek_id: int, secret: bytes, suite: int = GCM_SIV) -> "EpochKey":
        """Return the key made ready for a suite; raises KeyError for one that there is not."""
        return cls(kek_id, suite, _CIPHERS[suite](secret))


class KeyRecord(NamedTuple):
    """A data key as the key store keeps it: wrapped, with its commitment."""

    ver: int
    kek_id: int
    suite: int
    wrapped: bytes
    commitment: bytes

    def __repr__(self) -> str:
        """Return what may be printed."""
        return f"KeyRecord(ver={self.ver}, kek_id={self.kek_id}, suite={self.suite})"


class DataKey(NamedTuple):
    """An opened data key of one person: seals and opens cells. Never printed, never stored."""

    tenant: bytes
    sid: bytes
    ver: int
    suite: int
    cipher: Cipher

    def __repr__(self) -> str:
        """Return what may be printed."""
        return f"DataKey(ver={self.ver}, suite={self.suite})"


class Place(NamedTuple):
    """Where a cell stands: ids of a registry, never reused."""

    table: int
    class_id: int
    row: bytes
    schema: int = 1

    def __repr__(self) -> str:
        """Return what may be printed."""
        return f"Place(table={self.table}, class_id={self.class_id})"


def field_key(dek: bytes, suite: int) -> tuple[bytes, bytes]:
    """Return the key of the cells and its commitment, 32 bytes each (HKDF-Expand, L=64)."""
    info = b"UTG1 field" + bytes((suite,))
    if suite == SM4:
        first = _hmac_sm3(dek, info + b"\1")
        return first, _hmac_sm3(dek, first + info + b"\2")
    derived = hmac.digest(dek, info + b"\1", "sha512")
    return derived[:32], derived[32:]


def new_key(
    epoch: EpochKey, tenant: bytes, sid: bytes, *, secret: bytes, nonce: bytes
) -> tuple[KeyRecord, DataKey]:
    """Return the record of a fresh data key (version 1, suite of the epoch) and the key, opened."""
    suite = epoch.suite
    key, commitment = field_key(secret, suite)
    record = _wrap(
        epoch, tenant, sid, KeyRecord(1, 0, suite, b"", commitment), secret=secret, nonce=nonce
    )
    return record, DataKey(tenant, sid, 1, suite, _CIPHERS[suite](key))


def rewrap(
    old: EpochKey | None,
    new: EpochKey,
    tenant: bytes,
    sid: bytes,
    record: KeyRecord,
    *,
    nonce: bytes,
) -> KeyRecord:
    """Return the record under another epoch's key; the data key and its commitment stay.

    Raises Tampered `unsealing-failed`.
    """
    secret = _unwrap(old, tenant, sid, record)
    return _wrap(new, tenant, sid, record, secret=secret, nonce=nonce)


def open_key(epoch: EpochKey | None, tenant: bytes, sid: bytes, record: KeyRecord) -> DataKey:
    """Return the opened data key of a record; raises Tampered `unsealing-failed`."""
    key, commitment = field_key(_unwrap(epoch, tenant, sid, record), record.suite)
    if not hmac.compare_digest(commitment, record.commitment):
        raise broken()
    return DataKey(tenant, sid, record.ver, record.suite, _CIPHERS[record.suite](key))


def record_digest(record: KeyRecord) -> str:
    """Return the SHA-256 of a record as it is kept, 64 hexadecimal digits: it names, and opens nothing."""
    head = struct.pack(">IIB", record.kek_id, record.ver, record.suite)
    return sha256(head + record.wrapped + record.commitment).hexdigest()


def pseudonym_key(epoch: EpochKey | None, tenant: bytes, sid: bytes, record: KeyRecord) -> bytes:
    """Return the 32-byte secret of a person's pseudonyms, which dies with the data key.

    Raises Tampered `unsealing-failed`.
    """
    secret = _unwrap(epoch, tenant, sid, record)
    if not hmac.compare_digest(field_key(secret, record.suite)[1], record.commitment):
        raise broken()
    return hmac.digest(secret, b"UTG1aref", "sha256")


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


def _wrap(
    epoch: EpochKey, tenant: bytes, sid: bytes, record: KeyRecord, *, secret: bytes, nonce: bytes
) -> KeyRecord:
    bound = _record_place(epoch.kek_id, tenant, sid, record)
    wrapped = nonce + epoch.cipher.encrypt(nonce, secret, bound)
    return KeyRecord(record.ver, epoch.kek_id, record.suite, wrapped, record.commitment)


def _unwrap(epoch: EpochKey | None, tenant: bytes, sid: bytes, record: KeyRecord) -> bytes:
    if epoch is None or record.suite not in _CIPHERS or not _is_bytes(record.wrapped, 60):
        raise broken()
    bound = _record_place(record.kek_id, tenant, sid, record)
    try:
        return epoch.cipher.decrypt(
            record.wrapped[:NONCE_BYTES], record.wrapped[NONCE_BYTES:], bound
        )
    except InvalidTag:
        raise broken() from None


def _record_place(kek_id: int, tenant: bytes, sid: bytes, record: KeyRecord) -> bytes:
    suite, ver, commitment = record.suite, record.ver, record.commitment
    try:
        if not (len(tenant) == len(sid) == 16 and len(commitment) == 32):
            raise broken()  # fixed width, or two places could have the same bytes
        return _RECORD_PLACE.pack(b"UTG1dek\0", kek_id, suite, tenant, sid, ver, commitment)
    except (struct.error, TypeError):  # the key store was changed: no record has such values
        raise broken() from None


def _cell_place(key: DataKey, place: Place) -> bytes:
    if not len(key.tenant) == len(key.sid) == len(place.row) == 16:
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


def _hmac_sm3(key: bytes, message: bytes) -> bytes:
    mac = HMAC(key, hashes.SM3())
    mac.update(message)
    return mac.finalize()


def _is_bytes(part: object, size: int) -> bool:
    return isinstance(part, bytes) and len(part) == size
