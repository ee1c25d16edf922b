# SPDX-License-Identifier: Apache-2.0
"""Ledgers of erased people are kept as proof under the bare number, and deleted when their time is over."""

from typing import TYPE_CHECKING

from sqlalchemy import text

from governance.registry import places

if TYPE_CHECKING:
    from governance.workspace import Workspace


def sweep(ws: "Workspace") -> int:
    """Delete the ledgers whose time is over, with evidence; returns of how many people."""
    now = {"now": ws.clock.now()}
    with ws.store.read() as connection:
        due = connection.execute(
            text("SELECT count(*) FROM keptproof WHERE until <= :now"), now
        ).scalar_one()
    if not due:
        return 0
    with ws.store.write() as unit:
        unit.connection.execute(text("UPDATE keptproof SET due = TRUE WHERE until <= :now"), now)
        for place in places("table"):
            if place.keeps_number and place.name != "keptproof":
                unit.connection.execute(
                    text(
                        f"DELETE FROM {place.name} WHERE subject_id IN "
                        "(SELECT subject_id FROM keptproof WHERE due)"
                    )
                )
        count = unit.connection.execute(text("DELETE FROM keptproof WHERE due")).rowcount
        unit.log(ws.evidence.entry("erasure.proof_expired", people=count))
    return count
