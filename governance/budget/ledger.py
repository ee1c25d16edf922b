# SPDX-License-Identifier: Apache-2.0
"""The ledger of charges: reserve, commit, then read data; at the end say what came of it.

A record is never changed. A charge has a record `reserved`, and later one `released` or `failed`; only
the first counts, whatever comes after it. Every record carries the digest of the one before. There is
no subject in it.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final, TypeVar

from sqlalchemy import Connection, text

from audit.canon import canonical
from audit.canon import digest as digest_of
from audit.clock import Micros
from audit.errors import Fault
from audit.evidence.entry import Entry
from audit.ids import new_id
from governance.budget import limits, populations
from tagging import segmentation
from tagging.segmentation.accounting import NEIGHBOURS

if TYPE_CHECKING:
    from governance.store.unit import Unit
    from governance.workspace import Workspace

Made = TypeVar("Made")
FIRST: Final = "0" * 64
"""What the first record follows."""
STAYS: Final = "what was charged stays charged: people's data may have been read"
"""Note of whatever goes wrong after a charge."""
_ENDED: Final = text("SELECT 1 FROM charge WHERE charge = :c AND record <> 'reserved'")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a charge is for: everything that is fixed before the data is read."""

    population: str
    mechanism: str
    code: str
    """Digest of the program that will read."""
    epsilon: str
    delta: str
    nano_rho: int
    contract: str
    purpose: str
    snapshot: str
    noise: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    basis: Mapping[str, str] = field(default_factory=dict)
    measure: str = "zCDP"

    @property
    def key(self) -> str:
        """Return the digest of what would be released: the same request has the same key."""
        return digest_of(
            {
                "population": self.population,
                "mechanism": self.mechanism,
                "epsilon": self.epsilon,
                "delta": self.delta,
                "contract": self.contract,
                "purpose": self.purpose,
                "snapshot": self.snapshot,
                "parameters": dict(self.parameters),
            }
        )


@dataclass(frozen=True, slots=True)
class Charge:
    """A charge that is committed: from now on its data may be read, once."""

    name: str
    key: str
    population: str
    nano_rho: int


def reserve(ws: "Workspace", asked: Asked) -> Charge:
    """Charge a release and commit it; nothing may have been read for it yet.

    Charges wait in line, so that each of many processes gets its turn. Raises BadInput
    `unknown-population`, Refused `budget-missing`, `budget-exhausted`: then nothing was charged.
    """
    store, evidence = ws.store, ws.evidence
    with store.read() as connection:  # opened, and the law read, before anybody waits for this
        populations.check(connection, asked.population)
    with ws.queue(), store.write() as unit:
        now = evidence.now()
        state = limits.stop(unit.connection, asked.population, asked.nano_rho, now)
        charge = Charge(new_id(ws.ids, "charge"), asked.key, asked.population, asked.nano_rho)
        document = {
            "mechanism": asked.mechanism,
            "code": asked.code,
            "epsilon": asked.epsilon,
            "delta": asked.delta,
            "measure": asked.measure,
            "unit": "subject",
            "neighbours": NEIGHBOURS,
            "contract": asked.contract,
            "purpose": asked.purpose,
            "basis": dict(asked.basis),
            "snapshot": asked.snapshot,
            "parameters": dict(asked.parameters),
            "noise": asked.noise,
            "filter": state,
        }
        _append(ws, unit, charge, "reserved", document, now)
        unit.log(
            evidence.entry(
                "budget.charged",
                charge=charge.name,
                population=charge.population,
                nano_rho=charge.nano_rho,
                record=_last(unit.connection),
            )
        )
    return charge


def released(
    ws: "Workspace",
    unit: "Unit",
    charge: Charge,
    *,
    release: str,
    artefact: str,
    queries: Sequence[Mapping[str, Any]],
) -> None:
    """Write, in the transaction that stores a release, what its charge has bought."""
    document = {"release": release, "artefact": artefact, "queries": list(queries)}
    _append(ws, unit, charge, "released", document, ws.evidence.now())
    unit.log(
        ws.evidence.entry(
            "release.published", charge=charge.name, release=release, artefact=artefact
        )
    )


def failed(ws: "Workspace", charge: Charge, code: str) -> None:
    """Write that a charge has bought nothing; it still counts. One that has ended stays as it ended.

    What stops a command after its release is stored takes nothing back.
    """
    with ws.store.write() as unit:
        if unit.connection.execute(_ENDED, {"c": charge.name}).first():
            return
        _append(ws, unit, charge, "failed", {"code": code}, ws.evidence.now())
        unit.log(ws.evidence.entry("release.failed", charge=charge.name, why=code))


def charged(ws: "Workspace", charge: Charge, work: Callable[[], Made]) -> Made:
    """Return what work gives; when it fails, the charge stays, and the ledger and the error say so."""
    try:
        return work()
    except BaseException as error:
        error.add_note(STAYS)
        failed(ws, charge, error.code if isinstance(error, Fault) else "stopped")
        raise


def close_interrupted(ws: "Workspace") -> int:
    """Write `failed` for charges whose process is gone; return how many. Call it under the lock."""
    with ws.store.read() as connection:
        rows = connection.execute(
            text(
                "SELECT charge, key, population, nano_rho FROM charge c WHERE record = 'reserved' "
                "AND NOT EXISTS (SELECT 1 FROM charge o WHERE o.charge = c.charge "
                "AND o.record <> 'reserved') ORDER BY id"
            )
        ).all()
    for row in rows:
        failed(ws, Charge(*row), "interrupted")
    return len(rows)


def regain(ws: "Workspace", unit: "Unit", lost: Iterable[Entry]) -> int:
    """Count charges again that a ledger put back from a copy has lost; return how many.

    The log knows what each cost, and the digest of its record, not the record. What it bought is lost.
    """
    charged = [entry for entry in lost if entry.act == "budget.charged"]
    for entry in charged:
        said = entry.facts
        charge = Charge(str(said["charge"]), "", str(said["population"]), int(said["nano_rho"]))
        document = {"regained": said["record"], "code": "regained"}
        _append(ws, unit, charge, "reserved", document, Micros(entry.at_ms * 1000))
    return len(charged)


def release_for(connection: Connection, key: str) -> str | None:
    """Return the name of the release that the same request has already bought; None: there is none."""
    row = connection.execute(
        text(
            "SELECT r.name FROM charge c JOIN release r ON r.charge = c.charge "
            "WHERE c.key = :k AND c.record = 'released' ORDER BY c.id LIMIT 1"
        ),
        {"k": key},
    ).first()
    return None if row is None else str(row.name)


def records(connection: Connection, charge: str | None = None) -> list[dict[str, Any]]:
    """Return the records of the ledger, or those of one charge, the oldest first."""
    where = "" if charge is None else "WHERE charge = :c "
    rows = connection.execute(
        text(f"SELECT document, previous, digest FROM charge {where}ORDER BY id"),
        {} if charge is None else {"c": charge},
    )
    return [
        {**json.loads(row.document), "previous": row.previous, "digest": row.digest} for row in rows
    ]


def cost_of(connection: Connection, charge: str) -> int:
    """Return what a charge cost, in billionths of rho."""
    return int(
        connection.execute(
            text("SELECT nano_rho FROM charge WHERE charge = :c AND record = 'reserved'"),
            {"c": charge},
        ).scalar_one()
    )


def record_digest(previous: str, document: str) -> str:
    """Return the digest of a record: of its text and of the record before."""
    return digest_of({"previous": previous, "document": document})


def code_digest(package: ModuleType = segmentation) -> str:
    """Return the digest of the program that reads rows and makes noise."""
    folder = Path(package.__file__ or "").parent
    whole = b"".join(path.read_bytes() for path in sorted(folder.glob("*.py")))
    return sha256(whole).hexdigest()


def _append(  # noqa: PLR0917  (one caller; each part is another thing)
    ws: "Workspace", unit: "Unit", charge: Charge, record: str, rest: Mapping[str, Any], now: int
) -> None:
    columns = {
        "charge": charge.name,
        "record": record,
        "population": charge.population,
        "nano_rho": charge.nano_rho,
        "key": charge.key,
        "at": now,
    }
    whole = canonical({**columns, "requester": ws.actor.ref, **rest}).decode()
    previous = _last(unit.connection)
    unit.connection.execute(
        text(
            "INSERT INTO charge (charge, record, population, nano_rho, key, at, document, previous, "
            "digest) VALUES (:charge, :record, :population, :nano_rho, :key, :at, :d, :p, :g)"
        ),
        {**columns, "d": whole, "p": previous, "g": record_digest(previous, whole)},
    )


def _last(connection: Connection) -> str:
    row = connection.execute(text("SELECT digest FROM charge ORDER BY id DESC LIMIT 1")).first()
    return FIRST if row is None else str(row.digest)
