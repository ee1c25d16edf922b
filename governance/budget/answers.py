# SPDX-License-Identifier: Apache-2.0
"""Noised answers to questions about people, as they are published: one question, one answer.

The most precise one that is there is given again, and costs nothing.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

from sqlalchemy import Connection, text

from audit.canon import canonical
from audit.canon import digest as digest_of
from audit.ids import new_id
from governance.budget import ledger
from tagging.segmentation.accounting import PrivacyBudget
from tagging.segmentation.noise import Query

if TYPE_CHECKING:
    from governance.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Answer:
    """A noised answer; each kind of them has a table of its own."""

    TABLE: ClassVar[str]
    PREFIX: ClassVar[str]
    """What their names begin with."""

    name: str
    charge: str
    artefact: Mapping[str, Any]
    digest: str
    charged: bool
    """Whether this call was charged: not when the answer was there already."""

    @property
    def sigma(self) -> int:
        """Return the parameter of the noise of each number, in people."""
        return int(self.artefact["queries"][0]["sigma"])

    @classmethod
    def there(cls, connection: Connection, question: str, nano_rho: int) -> Self | None:
        """Return the most precise answer that is there, when it is precise enough."""
        row = connection.execute(
            text(
                f"SELECT name, charge, artefact, digest FROM {cls.TABLE} WHERE question = :q "
                "AND nano_rho >= :r ORDER BY nano_rho DESC LIMIT 1"
            ),
            {"q": question, "r": nano_rho},
        ).first()
        if row is None:
            return None
        return cls(row.name, row.charge, json.loads(row.artefact), row.digest, charged=False)

    @classmethod
    def kept(
        cls, ws: "Workspace", question: str, charge: ledger.Charge, artefact: Mapping[str, Any]
    ) -> Self:
        """Store an answer, which has the `terms` of its charge, and write what the charge has bought."""
        name, digest = new_id(ws.ids, cls.PREFIX), digest_of(artefact)
        with ws.store.write() as unit:
            unit.connection.execute(
                text(
                    f"INSERT INTO {cls.TABLE} (name, charge, question, nano_rho, artefact, digest, at) "
                    "VALUES (:n, :c, :q, :r, :a, :g, :t)"
                ),
                {
                    "n": name,
                    "c": charge.name,
                    "q": question,
                    "r": charge.nano_rho,
                    "a": canonical(artefact).decode(),
                    "g": digest,
                    "t": ws.clock.now(),
                },
            )
            queries = artefact["queries"]
            ledger.released(ws, unit, charge, release=name, artefact=digest, queries=queries)
        return cls(name, charge.name, artefact, digest, charged=True)


def terms(
    charge: ledger.Charge, budget: PrivacyBudget, query: Query, source: str
) -> dict[str, Any]:
    """Return what an answer says of its price and its noise."""
    return {
        "epsilon": repr(float(budget.epsilon)),
        "delta": repr(float(budget.delta)),
        "nano_rho": charge.nano_rho,
        "noise": source,
        "queries": [{part: getattr(query, part) for part in query.__slots__}],
    }
