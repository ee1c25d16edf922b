# SPDX-License-Identifier: Apache-2.0
"""Checks the ledger from its records alone: the chain, every charge, every statement, the filter."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, text

from audit.canon import digest as digest_of
from audit.errors import Problem
from audit.evidence.reading import decode
from governance.budget import populations
from governance.budget.ledger import FIRST, record_digest
from tagging.segmentation.accounting import NANO, charge_of, epsilon_of
from tagging.segmentation.noise import Query

if TYPE_CHECKING:
    from governance.workspace import Workspace

_BOUGHT = " UNION ALL ".join(
    f"SELECT name, charge, digest, artefact FROM {table}"
    for table in ("release", "audiencesize", "noisedcube", "training", "trial")
)
_COLUMNS = ("charge", "record", "population", "nano_rho", "key", "at")
_LOGGED = ("record", "population", "nano_rho")
"""What the evidence log says of a charge: the digest of its record, on whom, how much."""


@dataclass(slots=True)
class Checked:
    """What a check of the ledger found."""

    records: int = 0
    charges: int = 0
    problems: list[Problem] = field(default_factory=list)

    def add(self, code: str, message: str, charge: str) -> None:
        """Note a problem of a charge."""
        self.problems.append(Problem(code, message, charge))


def verify(ws: "Workspace") -> Checked:
    """Return what is wrong with the ledger of a workspace; nothing, when it is as it was written.

    Every charge is counted again with dp-accounting from the questions in its record, and looked for in
    the evidence log. Reads no data of people.
    """
    with ws.store.read() as connection:
        found = _Check(connection).go()
    logged = {
        str(entry.facts["charge"]): tuple(entry.facts[name] for name in _LOGGED)
        for entry in map(decode, ws.evidence.entries())
        if entry.act == "budget.charged"
    }
    for charge, said in logged.items():
        if found.reserved.get(charge) != said:
            found.result.add(
                "ledger-not-logged",
                "the evidence log has a charge that the ledger has not, or has otherwise",
                charge,
            )
    for charge in found.reserved.keys() - logged.keys():
        found.result.add("ledger-not-logged", "the evidence log does not know this charge", charge)
    return found.result


@dataclass(slots=True)
class _Check:
    connection: Connection
    result: Checked = field(default_factory=Checked)
    reserved: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    """Charge → what the evidence log must say of its reservation."""
    _own: dict[str, int] = field(default_factory=dict)
    _ended: set[str] = field(default_factory=set)

    def go(self) -> "_Check":
        previous = FIRST
        names = ", ".join(_COLUMNS)
        rows = self.connection.execute(
            text(f"SELECT {names}, document, previous, digest FROM charge ORDER BY id")
        )
        for row in rows.all():
            self.result.records += 1
            if row.previous != previous or row.digest != record_digest(row.previous, row.document):
                self.result.add(
                    "ledger-chain", "a record does not follow the one before it", row.charge
                )
            else:
                self._record(row)
            previous = row.digest
        return self

    def _record(self, row: Row[Any]) -> None:
        """Check what a record says, whose bytes are those that were written."""
        document = json.loads(row.document)
        if any(document[name] != getattr(row, name) for name in _COLUMNS):
            self.result.add("ledger-record", "a record is not what was written", row.charge)
        elif row.record == "reserved":
            self._reserved(document, row.digest)
        else:
            self._ends(document)

    def _reserved(self, document: Mapping[str, Any], digest: str) -> None:
        name = document["charge"]
        self.result.charges += 1
        if name in self.reserved:
            self.result.add("ledger-twice", "a charge was reserved twice", name)
        population, nano_rho = document["population"], document["nano_rho"]
        # of a record that was lost with the store, the log alone knows the digest
        self.reserved[name] = (document.get("regained", digest), population, nano_rho)
        if "regained" not in document:
            self._promised(document)
        self._own[population] = self._own.get(population, 0) + nano_rho

    def _promised(self, document: Mapping[str, Any]) -> None:
        """Check that a charge covers its epsilon, and that every limit was kept when it was made."""
        name = document["charge"]
        if not _keeps(document):
            self.result.add("ledger-epsilon", "a charge means more than its epsilon", name)
        known = populations.cells(self.connection)
        for part, state in document["filter"].items():
            before = populations.loss(self._own, part, known)
            if before != state["before"]:
                self.result.add("ledger-filter", "a charge did not count those before it", name)
            cells = populations.inside(document["population"], known)
            here = [c for c in cells if part in populations.chain(c)]
            worst = max(populations.loss(self._own, c, known) for c in here)
            if worst + document["nano_rho"] > state["limit"]:
                self.result.add("ledger-overspent", "a charge passes its limit", name)

    def _ends(self, document: Mapping[str, Any]) -> None:
        name = document["charge"]
        if name not in self.reserved or name in self._ended:
            self.result.add("ledger-order", "a charge ends that is not open", name)
            return
        self._ended.add(name)
        if document["record"] != "released":
            return
        if document["nano_rho"] < _cost(document["queries"]):
            self.result.add("ledger-cost", "the questions cost more than was charged", name)
        row = self.connection.execute(
            text(f"SELECT charge, digest, artefact FROM ({_BOUGHT}) b WHERE name = :n"),
            {"n": document["release"]},
        ).first()
        wanted = (name, document["artefact"])
        if (
            row is None
            or (row.charge, row.digest) != wanted
            or digest_of(json.loads(row.artefact)) != wanted[1]
        ):
            self.result.add("ledger-artefact", "the release is not the one that was bought", name)


def _cost(queries: list[Mapping[str, Any]]) -> int:
    """Return what questions cost, in billionths of rho: noise on sums, or a plain epsilon."""
    plain = [Fraction(query["epsilon"]) ** 2 / 2 for query in queries if "epsilon" in query]
    noisy = [Query(**query) for query in queries if "epsilon" not in query]
    whole = sum(plain, Fraction()) * NANO
    return charge_of(noisy) + -(-whole.numerator // whole.denominator)


def _keeps(document: Mapping[str, Any]) -> bool:
    """Return whether a charge covers the epsilon that it promises, counted with dp-accounting."""
    rho = Fraction(document["nano_rho"], NANO)
    if document["measure"] == "epsilon":  # a pure epsilon is epsilon^2/2-zCDP
        return rho >= Fraction(document["epsilon"]) ** 2 / 2
    return epsilon_of(rho, float(document["delta"])) <= float(document["epsilon"])
