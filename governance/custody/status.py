# SPDX-License-Identifier: Apache-2.0
"""How the keys of a workspace stand."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from audit.clock import DAY, Micros
from governance.vault import rotation
from governance.vault.keystore import KeyStore
from governance.vault.people import check_canary
from governance.vault.sealing import SUITES

if TYPE_CHECKING:
    from governance.workspace import Workspace


@dataclass(frozen=True, slots=True)
class KeyStatus:
    """How the keys of a workspace stand."""

    level: str
    suite: str
    epoch: int
    made: Micros
    """When the key of the present epoch was made (0: not known)."""
    data_keys: dict[int, int]
    """Epoch → how many data keys are wrapped under it."""
    unfinished: bool
    old: list[int]
    """Epochs before the present one whose keys are still in the ring."""
    gone: dict[int, Micros]

    def age(self, now: Micros) -> int:
        """Return how old the key of the present epoch is, in days."""
        return (now - self.made) // DAY if self.made else 0


def status(ws: "Workspace") -> KeyStatus:
    """Return how the keys stand; raises what ring and key store raise."""
    with key_store(ws) as store:
        ring = ws.keys.ring
        names = {number: name for name, number in SUITES.items()}
        return KeyStatus(
            level=ws.keys.level,
            suite=names[ring.epoch.suite],
            epoch=ring.current,
            made=ring.made[ring.current],
            data_keys=store.epochs(),
            unfinished=rotation.is_unfinished(store, ring),
            old=rotation.old_epochs(ring),
            gone=dict(ring.gone),
        )


@contextmanager
def key_store(ws: "Workspace") -> Iterator[KeyStore]:
    """Give the open key store, which belongs to the ring; raises what both raise, `ring-foreign`."""
    store = KeyStore.open(ws.paths.keystore)
    try:
        check_canary(store, ws.keys)
        yield store
    finally:
        store.close()
