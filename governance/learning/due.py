# SPDX-License-Identifier: Apache-2.0
"""Which models are to be trained again: nobody keeps who was in a training, so all are, on a schedule."""

from sqlalchemy import Connection, text

from audit.clock import Micros
from governance.catalogue import USABLE, active
from tagging.rules.tree import segments


def overdue(connection: Connection, now: Micros) -> list[str]:
    """Return the keys of models whose newest training is past its date, then trainings past it in use.

    A training is in use as long as a tag names it, whatever was trained since.
    """
    rows = connection.execute(
        text("SELECT key FROM training GROUP BY key HAVING max(retrain_by) < :t ORDER BY key"),
        {"t": now},
    )
    late = [row.key for row in rows]
    past = connection.execute(
        text("SELECT name, key FROM training WHERE retrain_by < :t ORDER BY key, name"), {"t": now}
    ).all()
    left = {row.name for row in past if row.key not in late}
    used = _used(connection) if left else set()
    return late + [row.name for row in past if row.name in left & used]


def _used(connection: Connection) -> set[str]:
    """Return the names of what was learned and is named by a tag that may be used."""
    roots = [tag.root for tag in active(connection).values() if tag.state in USABLE]
    return {one.name.partition("/")[0] for root in roots for one in segments(root)}
