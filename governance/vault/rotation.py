# SPDX-License-Identifier: Apache-2.0
"""Rotates the keys that wrap data keys, while others read and write (security 5.4).

1 the ring gains the key of the next epoch   2 the canary moves to it: from then on writers use it
3 every data key is wrapped anew, in parts   4 the old key is destroyed, and old copies of the key
store with it. Each step may be killed and is done by the next call.

A copy of the key store from before a rotation is worth nothing after it: that is what it is for; a
backup holds its ring too, and must be destroyed. Names and attributes are sealed under data keys, which
stay, and so do the index of identities and its key: its rotation is not offered.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from audit.clock import Micros
from audit.ids import Ids
from governance.vault.canary import canary_record
from governance.vault.keystore import KeyStore
from governance.vault.ring import Ring, new_epoch
from governance.vault.ringfile import RingFile
from governance.vault.sealing import NONCE_BYTES, rewrap

PART: Final = 20_000
"""Data keys wrapped anew in one transaction."""

ProgressUpdate = Callable[[int, int], None]


def begin(keys: RingFile, ids: Ids, now: Micros) -> Ring:
    """Give the ring the key of the next epoch, in the suite of the present one; returns the ring."""

    def change(value: dict[str, Any]) -> None:
        epoch = value["current"] + 1
        suite = value["kek"][str(value["current"])]["suite"]
        value["kek"][str(epoch)] = new_epoch(ids, now, suite)
        value["current"] = epoch
        value["untold"].append(f"rotated:{epoch}")

    return keys.change(change)


def is_unfinished(store: KeyStore, ring: Ring) -> bool:
    """Return whether a data key, or the canary, is not under the present epoch yet."""
    return store.epoch() != ring.current or any(e != ring.current for e in store.epochs())


def go_on(store: KeyStore, ring: Ring, ids: Ids, progress: ProgressUpdate) -> int:
    """Bring every data key under the present epoch; returns how many were wrapped anew.

    Raises Tampered `unsealing-failed` when a record was changed: nothing of its part is written.
    """
    if store.epoch() != ring.current:
        with store.writing():
            store.put_canary(canary_record(ring, ids))
    total = sum(count for epoch, count in store.epochs().items() if epoch != ring.current)
    done, last = 0, (0, 0)
    while True:
        with store.writing():
            part = store.elsewhere(ring.current, last, PART)
            nonces = ids.random(NONCE_BYTES * len(part))
            store.put_wrapped(
                (
                    i,
                    rewrap(
                        ring.epochs.get(record.kek_id),
                        ring.epoch,
                        ring.tenant,
                        sid,
                        record,
                        nonce=nonces[at * NONCE_BYTES : (at + 1) * NONCE_BYTES],
                    ),
                )
                for at, (i, sid, record) in enumerate(part)
            )
        if not part:
            return done
        done, last = done + len(part), (part[-1][0], part[-1][2].ver)
        progress(done, total)


def old_epochs(ring: Ring) -> list[int]:
    """Return the epochs before the present one whose keys are not destroyed yet, the oldest first."""
    return sorted(epoch for epoch in ring.epochs if epoch != ring.current)


def destroy(store: KeyStore, keys: RingFile, now: Micros) -> list[int]:
    """Destroy the keys of old epochs that wrap nothing any more; returns the epochs.

    A writer asks for the epoch of the canary inside its transaction, so nothing can come under an
    old epoch any more.
    """
    counts = store.epochs()
    gone = [epoch for epoch in old_epochs(keys.ring) if not counts.get(epoch)]

    def change(value: dict[str, Any]) -> None:
        for epoch in gone:
            del value["kek"][str(epoch)]
            value["gone"][str(epoch)] = now
            value["untold"].append(f"destroyed:{epoch}")

    if gone:
        keys.change(change)
    return gone


def told(keys: RingFile, what: tuple[str, ...]) -> None:
    """Take from the ring what has reached the evidence."""
    keys.change(partial(_forget, what))


def _forget(what: tuple[str, ...], value: dict[str, Any]) -> None:
    value["untold"] = [item for item in value["untold"] if item not in what]
