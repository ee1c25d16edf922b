# SPDX-License-Identifier: Apache-2.0
"""Brings the control store of a workspace to this version's schema, and logs that it did."""

from typing import TYPE_CHECKING

from governance.store.opening import HEAD, open_existing, require_head, revision_of, store_url

if TYPE_CHECKING:
    from governance.workspace import Workspace


def bring_up(ws: "Workspace") -> tuple[str | None, str]:
    """Upgrade the control store; returns the revision before and after.

    Raises Conflict `store-newer` when the database belongs to a newer version, and `store-missing`
    when there is none: an empty one would contradict the evidence log.
    """
    from governance.store.migrate import upgrade  # noqa: PLC0415  (alembic only where it works)

    engine = open_existing(store_url(ws))
    try:
        before = revision_of(engine)
        if before is None or before > HEAD:
            require_head(engine)
        if before != HEAD:
            upgrade(engine)
    finally:
        engine.dispose()
    if before != HEAD:
        with ws.store.write() as unit:
            unit.log(ws.evidence.entry("store.upgraded", before=before or "none", after=HEAD))
    return before, HEAD


def checked(ws: "Workspace") -> str:
    """Return the revision when it is this version's; raises Conflict as opening does."""
    engine = open_existing(store_url(ws))
    try:
        require_head(engine)
    finally:
        engine.dispose()
    return HEAD
