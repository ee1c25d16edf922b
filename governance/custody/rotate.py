# SPDX-License-Identifier: Apache-2.0
"""Rotates the key that wraps data keys, and finishes what an interrupted rotation left.

What is done to the ring is noted in the ring with the change itself, and told to the evidence log
afterwards: after a kill in between, the next command tells it, so that nothing is done unlogged. (An
entry may then stand twice.)
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from governance.authority import demand
from governance.custody.status import key_store
from governance.vault import rotation
from governance.vault.rotation import ProgressUpdate

if TYPE_CHECKING:
    from governance.workspace import Workspace

_ACTS: Final = {"rotated": "key.rotated", "destroyed": "key.kek_destroyed"}


@dataclass(frozen=True, slots=True)
class Rotated:
    """What a rotation did."""

    epoch: int
    begun: bool
    wrapped: int
    destroyed: list[int]


def rotate(
    ws: "Workspace",
    *,
    only_finish: bool = False,
    progress: ProgressUpdate = lambda _done, _total: None,
) -> Rotated:
    """Rotate the key that wraps data keys, or go on with a rotation that was interrupted.

    With `only_finish` no rotation is begun. Raises Refused `not-permitted`, Conflict
    `workspace-busy`, Tampered when a record was changed.
    """
    demand(ws, "key.rotate")
    with ws.exclusive("key rotate"), key_store(ws) as store:
        keys = ws.keys
        keys.refresh()
        keys.erase_old()
        begun = not only_finish and not rotation.is_unfinished(store, keys.ring)
        if begun:
            rotation.begin(keys, ws.ids, ws.clock.now())
        tell(ws)
        wrapped = rotation.go_on(store, keys.ring, ws.ids, progress)
        destroyed = rotation.destroy(store, keys, ws.clock.now())
        tell(ws)
        return Rotated(keys.ring.current, begun, wrapped, destroyed)


def tell(ws: "Workspace") -> None:
    """Log what was done to the ring and is not in the evidence yet."""
    untold = ws.keys.ring.untold
    if untold:
        with ws.store.write() as unit:
            for item in untold:
                what, _, epoch = item.partition(":")
                unit.log(ws.evidence.entry(_ACTS[what], epoch=int(epoch)))
        rotation.told(ws.keys, untold)
