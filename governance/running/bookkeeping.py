# SPDX-License-Identifier: Apache-2.0
"""What a run keeps besides assignments: cut points, when tags were computed, who is waiting."""

import json
from collections.abc import Mapping

from pyroaring import BitMap
from sqlalchemy import Connection, text

from audit.clock import Micros
from governance import closing
from governance.catalogue import Active
from governance.store import bitmaps
from governance.store.unit import Unit
from tagging.rules.tree import Tier, tiers


def close_superseded(unit: Unit, now: Micros) -> None:
    """End the assignments of tag versions that have a newer one, and of archived tags."""
    rows = unit.connection.execute(
        text(
            "SELECT v.tv, d.state FROM tagvalue v JOIN definition d ON d.id = v.definition_id "
            "WHERE d.state IN ('superseded', 'archived')"
        )
    )
    for row in rows.all():
        people = bitmaps.members(unit.connection, f"tv:{row.tv}")
        if people:
            why = "version" if row.state == "superseded" else "archived"
            closing.close(unit.connection, row.tv, people, now, why)
            bitmaps.put(unit.connection, f"tv:{row.tv}", BitMap())


def keep_cuts(
    unit: Unit,
    tags: Mapping[str, Active],
    run_id: int,
    fitted: Mapping[Tier, list[int | float]],
) -> None:
    """Keep the cut points that a run fitted, for triggered and real-time evaluation."""
    rows = [
        {"d": tag.id, "n": number, "r": run_id, "c": json.dumps(fitted[tier])}
        for tag in tags.values()
        for number, tier in enumerate(tiers(tag.root))
    ]
    if rows:
        unit.connection.execute(
            text(
                "INSERT INTO cutpoints (definition_id, tier, run_id, cuts) VALUES (:d, :n, :r, :c)"
            ),
            rows,
        )


def mark_evaluated(unit: Unit, tags: Mapping[str, Active], as_of: Micros) -> None:
    """Note that tags were computed for everybody as of an instant."""
    unit.connection.execute(
        text("UPDATE definition SET evaluated_at = :t WHERE id = :i"),
        [{"t": as_of, "i": tag.id} for tag in tags.values()],
    )


def touched(connection: Connection) -> dict[str, BitMap]:
    """Return, per type of event, the people who have new ones since the last run."""
    prefix = "touched:"
    return {
        name.removeprefix(prefix): people
        for name in bitmaps.names(connection, prefix)
        if (people := bitmaps.members(connection, name))
    }


def forget_touched(unit: Unit, only: BitMap | None) -> None:
    """Take people off the waiting lists; None: everybody."""
    for kind, people in touched(unit.connection).items():
        bitmaps.put(unit.connection, f"touched:{kind}", BitMap() if only is None else people - only)
