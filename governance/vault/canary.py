# SPDX-License-Identifier: Apache-2.0
"""The canary: a key of nobody in the key store, which opens only under the ring that belongs to it."""

from typing import Final

from audit.errors import Refused, Tampered
from audit.ids import Ids
from governance.vault.keystore import KeyStore
from governance.vault.ring import Ring
from governance.vault.ringfile import RingFile
from governance.vault.sealing import (
    KEY_BYTES,
    NONCE_BYTES,
    SID_BYTES,
    KeyRecord,
    new_key,
    open_key,
)

SID: Final = b"\0" * SID_BYTES


def canary_record(ring: Ring, ids: Ids) -> KeyRecord:
    """Return a record that opens under this ring only."""
    record, _ = new_key(
        ring.epoch,
        ring.tenant,
        SID,
        secret=ids.random(KEY_BYTES),
        nonce=ids.random(NONCE_BYTES),
    )
    return record


def check(store: KeyStore, keys: RingFile) -> None:
    """Return when ring and key store belong together; raises Refused `ring-foreign`."""
    if not (belongs(store, keys.ring) or belongs(store, keys.refresh())):
        raise Refused(
            "ring-foreign",
            "the key ring does not belong to this key store",
            hint="set keys.ring to the ring of this workspace, or restore it",
        )


def belongs(store: KeyStore, ring: Ring) -> bool:
    """Return whether the canary of a key store opens under this ring."""
    record = store.canary()
    try:
        open_key(ring.epochs.get(record.kek_id), ring.tenant, SID, record)
    except Tampered:
        return False
    return True
