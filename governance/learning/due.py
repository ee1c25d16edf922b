# SPDX-License-Identifier: Apache-2.0
"""Which models are to be trained again: nobody keeps who was in a training, so all are, on a schedule."""

from sqlalchemy import Connection, text

from audit.clock import Micros


def overdue(connection: Connection, now: Micros) -> list[str]:
    """Return the keys of models whose newest training is past its date."""
    rows = connection.execute(
        text("SELECT key FROM training GROUP BY key HAVING max(retrain_by) < :t ORDER BY key"),
        {"t": now},
    )
    return [row.key for row in rows]
