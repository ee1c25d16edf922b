# SPDX-License-Identifier: Apache-2.0
"""Until when copies of a destroyed key can be opened somewhere (security 5.5, level L2).

A data key dies in the running system at once. Its wrapped copies elsewhere (an old copy of the key
store, a remnant on a disk) die with the key of their epoch, a backup when it is destroyed: it holds its
own ring. Both dates are promises of the settings, which people keep.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from audit.clock import DAY, Micros
from governance.custody.status import key_store

if TYPE_CHECKING:
    from governance.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Remnants:
    """Until when, at the latest, something outside of the running system opens a destroyed key."""

    until: Micros | None
    """None: no date can be promised, because a rotation is overdue."""
    backups: Micros | None
    """Until when backups that hold such keys may live; None: there is none."""


def remnants(ws: "Workspace", kek_ids: Iterable[int]) -> Remnants:
    """Return until when keys wrapped under these epochs may be opened somewhere, as the settings say."""
    now, epochs = ws.clock.now(), sorted(set(kek_ids))
    rotate = ws.settings.number("keys.rotate_days") * DAY
    keep = ws.settings.number("keys.backup_days") * DAY
    with key_store(ws) as store:
        ring = ws.keys.ring
        made = [at for epoch in epochs for at in store.backups(epoch)]
    dates = [ring.gone.get(e) or Micros(ring.made.get(e, Micros(0)) + rotate) for e in epochs]
    overdue = any(at <= now for at, e in zip(dates, epochs, strict=True) if e not in ring.gone)
    backups = Micros(max(made) + keep) if made else None
    until = None if overdue else Micros(max([*dates, backups or Micros(0)], default=now))
    return Remnants(until, backups)
