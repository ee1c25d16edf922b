# SPDX-License-Identifier: Apache-2.0
"""What of all erasures wait for somebody to carry them on, and under which epochs their keys had been."""

import json
from dataclasses import dataclass

from sqlalchemy import Connection, text

from audit.clock import Micros
from governance import holds
from governance.erasure.step import Step


@dataclass(frozen=True, slots=True)
class Outlook:
    """How erasures stand, all together."""

    ready: int
    """Whose grace is over, or which are committed and not closed."""
    waiting: int
    """Whose grace runs, or which a hold stops."""
    epochs: frozenset[int]
    """Under which keys the data keys of erased people were wrapped."""


def outlook(connection: Connection, now: Micros) -> Outlook:
    """Return how erasures stand at an instant."""
    moving = connection.execute(
        text(
            "SELECT subject_id, step, grace_until FROM erasure "
            "WHERE step BETWEEN 1 AND 8 AND subject_id IS NOT NULL"
        )
    ).all()
    stopped = holds.stopped(connection, now)
    waiting = sum(
        row.step == Step.RESTRICTED and (row.grace_until > now or row.subject_id in stopped)
        for row in moving
    )
    noted = connection.execute(text("SELECT DISTINCT keys FROM erasure WHERE keys <> '[]'"))
    epochs = frozenset(int(key["kek_id"]) for keys in noted.scalars() for key in json.loads(keys))
    return Outlook(len(moving) - waiting, waiting, epochs)
