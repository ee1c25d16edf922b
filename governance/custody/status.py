# SPDX-License-Identifier: Apache-2.0
"""How the keys of a workspace stand."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from audit.clock import DAY, Micros
from governance.vault import canary, rotation
from governance.vault.keystore import KeyStore
from governance.vault.sealing import SUITES

if TYPE_CHECKING:
    from governance.workspace import Workspace

Backups = Literal["ok", "none", "old", "copies", "nothing-yet"]
"""How backups stand: the newest is too old, or there may be copies that are."""


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
    backups: list[Micros]
    """When backups were made under the present epoch, the oldest first; older ones restore nothing."""

    def age(self, now: Micros) -> int:
        """Return how old the key of the present epoch is, in days."""
        return days(self.made, now) if self.made else 0


def days(since: Micros, now: Micros) -> int:
    """Return how many whole days have passed."""
    return (now - since) // DAY


def backup_warning(found: KeyStatus, now: Micros, limit: int) -> tuple[str, str]:
    """Return what is wrong with the backups and what to do, or two empty strings."""
    again = "a custodian makes one: tagwarden key backup FILE"
    match backups(found, now, limit):
        case "none":
            return "there is no backup of the keys of this epoch", again
        case "old":
            return (
                f"the newest backup of the keys is {days(found.backups[-1], now)} days old",
                again,
            )
        case "copies":
            oldest = days(found.backups[0], now)
            said = f"there may be backups of the keys that are up to {oldest} days old"
            return said, "destroy them, then rotate: tagwarden key rotate"
        case _:
            return "", ""


def backups(found: KeyStatus, now: Micros, limit: int) -> Backups:
    """Return how the backups stand, when none may be older than so many days."""
    if not found.backups:
        return "none" if found.data_keys else "nothing-yet"
    if days(found.backups[-1], now) > limit:
        return "old"
    return "copies" if days(found.backups[0], now) > limit else "ok"


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
            backups=store.backups(ring.current),
        )


@contextmanager
def key_store(ws: "Workspace") -> Iterator[KeyStore]:
    """Give the open key store, which belongs to the ring; raises what both raise, `ring-foreign`."""
    store = KeyStore.open(ws.paths.keystore)
    try:
        canary.check(store, ws.keys)
        yield store
    finally:
        store.close()
