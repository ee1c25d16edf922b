# SPDX-License-Identifier: Apache-2.0
"""What the certificate of an erasure says: counts, digests, dates, codes. No personal data."""

from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from audit.clock import HOUR, Micros, iso
from governance import notifying
from governance.erasure.preview import YEAR
from governance.erasure.words import remains
from governance.registry import PLACES

if TYPE_CHECKING:
    from governance.erasure.steps import Saga
    from governance.workspace import Workspace


def body_of(ws: "Workspace", saga: "Saga", done_at: Micros) -> Mapping[str, Any]:
    """Return the body of the certificate of an erasure that was searched for and not found."""
    return {
        "v": 1,
        "request": saga.ref,
        "workspace": ws.settings.text("workspace.id"),
        "scope": saga.scope.kind,
        "target": saga.scope.target,
        "requested": _hour(saga.begun_at),
        "committed": _hour(saga.committed_at or done_at),
        "done": _hour(done_at),
        "erased": _rows(saga, "erase"),
        "shredded": _rows(saga, "shred"),
        "retained": [
            {
                "store": place.code,
                "rows": saga.counts[place.code],
                "ground": place.ground,
                "until": _day(kept_until(ws, done_at)),
            }
            for place in PLACES
            if place.ground and saga.counts.get(place.code)
        ]
        + list(saga.held.get("kept", ())),
        "keys": [dict(key) for key in saga.keys],
        "l1": "" if saga.held else _hour(done_at),
        "remains": [*remains(saga.scope.kind), *(["held-stored-only"] if saga.held else [])],
        "receipts": notifying.receipts_of(ws, saga.ref),
        "open": notifying.open_of(ws, saga.ref),
        "held": list(saga.held.get("holds", ())),
        "version": _version(),
    }


@cache
def _version() -> str:
    return version("tagwarden")


def kept_until(ws: "Workspace", at: Micros) -> Micros:
    """Return until when ledgers of somebody who was erased at an instant are kept."""
    return Micros(at + ws.settings.number("erasure.proof_years") * YEAR)


def _rows(saga: "Saga", what: str) -> list[dict[str, Any]]:
    return [
        {"store": place.code, "rows": saga.counts[place.code]}
        for place in PLACES
        if saga.counts.get(place.code)
        and (place.on_erasure == what or (what == "erase" and not saga.scope.whole))
        and not (what == "shred" and not saga.scope.whole)
    ]


def _hour(at: Micros) -> str:
    return iso(Micros(at // HOUR * HOUR))[:13] + ":00Z"


def _day(at: Micros) -> str:
    return iso(at)[:10]
