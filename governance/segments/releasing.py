# SPDX-License-Identifier: Apache-2.0
"""One release: estimate (reads nothing) → charge, committed → rows → noise → store, with its record.

The same request returns the stored release and is not charged again. Nothing is given back when it
fails after the charge: the data may have been read.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, text

from audit.canon import canonical
from audit.canon import digest as digest_of
from audit.clock import Micros
from audit.errors import BadInput, NotFound
from audit.ids import new_id
from governance.authority import demand
from governance.budget import ledger, limits
from governance.running.flush import flush
from governance.segments import matrix
from governance.segments.documents import Checked, read
from policies.document import nearest
from tagging.segment_document import plain
from tagging.segmentation import baseline, histogram, synopsis
from tagging.segmentation.accounting import NEIGHBOURS, PrivacyBudget
from tagging.segmentation.estimate import (
    Sight,
    Utility,
    demanded,
    estimate_histogram,
    estimate_utility,
)
from tagging.segmentation.histogram import DPHistogram
from tagging.segmentation.noise import DiscreteGaussian, Noise
from tagging.segmentation.synopsis import DPSynopsis

if TYPE_CHECKING:
    from governance.store.unit import Unit
    from governance.workspace import Workspace

METHODS: Final = ("synopsis", "diffprivlib-kmeans")


@dataclass(frozen=True, slots=True)
class Released:
    """A release as it is stored."""

    name: str
    charge: str
    segmentation: str
    document: Mapping[str, Any]
    artefact: Mapping[str, Any]
    statement: Mapping[str, Any]
    digest: str
    at: int
    charged: bool = False
    """Whether this call was charged: not when the release was there already."""


def estimate(ws: "Workspace", path: Path) -> tuple[Checked, Utility | Sight]:
    """Return what a release of a document would be worth; reads no data of people, costs nothing."""
    with ws.store.read() as connection:
        checked = read(connection, path)
    return checked, _estimated(checked)


def release(
    ws: "Workspace", path: Path, *, method: str = "synopsis", noise: Noise | None = None
) -> Released:
    """Release a segmentation once, and return it; the same request again returns what is there.

    Raises BadInput for the document, Refused `release-hopeless`, `budget-missing`, `budget-exhausted`
    (then nothing was charged), and what reading and publishing raise (then it stays charged).
    """
    demand(ws, "segment.release")
    if method not in METHODS:
        raise BadInput("release-method", "no such method", hint="methods: " + ", ".join(METHODS))
    with ws.exclusive("segment release"):
        ledger.close_interrupted(ws)
        flush(ws)
        as_of = matrix.day_of(ws.clock.now())
        with ws.store.read() as connection:
            checked = read(connection, path)
            state = matrix.state_of(connection, as_of)
        source = noise or DiscreteGaussian()
        asked = _asked(checked, state, as_of, method, source)
        with ws.store.read() as connection:
            there = ledger.release_for(connection, asked.key)
            if there is not None:
                return named(connection, there)
        demanded(checked.document.rows, _estimated(checked))
        charge = ledger.reserve(ws, asked)
        return ledger.charged(
            ws,
            charge,
            lambda: _bought(ws, checked, asked, charge, as_of=as_of, noise=source),
        )


def named(connection: Connection, name: str) -> Released:
    """Return a stored release; the key of a segmentation stands for its newest one.

    Raises NotFound `unknown-release`.
    """
    name = resolved(connection, name)
    row = connection.execute(text(f"{_SELECT} WHERE name = :n"), {"n": name}).first()
    if row is None:
        known = [one.name for one in releases(connection)]
        hint = nearest(name, known) or "tagwarden segment list"
        raise NotFound("unknown-release", f'there is no release "{name}"', hint=hint)
    return _from_row(row)


def resolved(connection: Connection, name: str) -> str:
    """Return the name of a release or of a fit, with the newest release for the key of a segmentation.

    A baseline is the newest only where there is no other: a key means what can be fitted as one likes.
    """
    key, slash, rest = name.partition("/")
    rows = connection.execute(
        text(
            "SELECT r.name, r.statement FROM release r JOIN charge c ON c.charge = r.charge "
            "WHERE r.segmentation = :k AND c.record = 'released' ORDER BY c.id DESC"
        ),
        {"k": key},
    ).all()
    made = [
        row.name for row in rows if json.loads(row.statement)["mechanism"] != baseline.MECHANISM
    ]
    newest = next(iter(made or [row.name for row in rows]), key)
    return f"{newest}{slash}{rest}"


def releases(connection: Connection) -> list[Released]:
    """Return all releases, the oldest first."""
    return [_from_row(row) for row in connection.execute(text(f"{_SELECT} ORDER BY at, name"))]


_SELECT: Final = (
    "SELECT name, charge, segmentation, document, artefact, statement, digest, at FROM release"
)


def _budget(checked: Checked) -> PrivacyBudget:
    return PrivacyBudget(checked.document.budget.epsilon, checked.document.budget.delta)


def _estimated(checked: Checked) -> Utility | Sight:
    document, contract, budget = checked.document, checked.contract, _budget(checked)
    if document.dbscan is not None:
        eps = document.dbscan.eps
        return estimate_histogram(document.rows, contract, eps, checked.whole, budget)
    return estimate_utility(
        document.rows, contract.dimensions, document.segments or synopsis.USUAL, budget
    )


def _asked(checked: Checked, state: str, as_of: Micros, method: str, noise: Noise) -> ledger.Asked:
    document, budget = checked.document, _budget(checked)
    whole: dict[str, Any] = {
        "mechanism": synopsis.MECHANISM if document.dbscan is None else histogram.MECHANISM,
        "epsilon": repr(float(budget.epsilon)),
        "delta": repr(float(budget.delta)),
        "nano_rho": budget.nano_rho,
        "noise": noise.source,
    }
    if method != "synopsis":
        if document.segments is None:
            raise BadInput(
                "release-method",
                "the baseline makes a number of segments, and the document is for dbscan",
                hint="write segments instead of dbscan",
            )
        spent = baseline.true_epsilon(budget.epsilon, checked.contract.dimensions)
        whole |= {
            "mechanism": baseline.MECHANISM,
            "epsilon": repr(spent),
            "nano_rho": baseline.nano_rho(spent),
            "noise": baseline.NOISE,
            "measure": "epsilon",
        }
    return ledger.Asked(
        population=document.population,
        code=ledger.code_digest(),
        contract=checked.contract.id,
        purpose=document.purpose,
        snapshot=state,
        parameters={
            **_asked_for(checked),
            "document": digest_of(plain(document)),
            "measures": checked.texts,
            "as_of": as_of,
        },
        basis={str(regime): str(basis) for regime, basis in document.basis.items()},
        **whole,
    )


def _bought(
    ws: "Workspace",
    checked: Checked,
    asked: ledger.Asked,
    charge: ledger.Charge,
    *,
    as_of: Micros,
    noise: Noise,
) -> Released:
    """Read the rows, publish, store."""
    with ws.store.read() as connection:
        source = matrix.source(ws, connection, checked, as_of)
    rows = matrix.rows(ws, checked, source)
    if asked.mechanism == baseline.MECHANISM:
        artefact = _baseline(checked, asked, rows)
    else:
        artefact = _mechanism(checked, noise).fit_grid(rows).document()
    del rows
    with ws.store.write() as unit:
        return _stored(ws, unit, checked, charge, artefact, as_of)


def _asked_for(checked: Checked) -> dict[str, Any]:
    """Return what the release is for, as the record of its charge has it."""
    document = checked.document
    if document.dbscan is None:
        return {"segments": document.segments}
    return {"dbscan": {"eps": repr(document.dbscan.eps), "whole": list(checked.whole)}}


def _mechanism(checked: Checked, noise: Noise) -> DPSynopsis | DPHistogram:
    document, contract, budget = checked.document, checked.contract, _budget(checked)
    if document.dbscan is not None:
        return DPHistogram(contract, budget, document.dbscan.eps, checked.whole, noise)
    return DPSynopsis(contract, budget, document.segments or 0, noise)


def _baseline(checked: Checked, asked: ledger.Asked, rows: Any) -> dict[str, Any]:
    clusters, told = checked.document.segments or 0, checked.document.budget.epsilon
    return {
        "format": baseline.FORMAT,
        "contract": checked.contract.document(),
        "contract_id": checked.contract.id,
        "mechanism": asked.mechanism,
        "noise": asked.noise,
        "queries": [{"name": "kmeans", "epsilon": asked.epsilon}],
        "told_epsilon": repr(float(told)),
        "centres": baseline.fit(rows, clusters, told).tolist(),
    }


def _stored(  # noqa: PLR0917  (one caller; each part is another thing)
    ws: "Workspace",
    unit: "Unit",
    checked: Checked,
    charge: ledger.Charge,
    artefact: dict[str, Any],
    as_of: Micros,
) -> Released:
    name = new_id(ws.ids, "release")
    document = {
        "segmentation": plain(checked.document),
        **checked.stored(),
        "units": list(checked.units),
        "as_of": as_of,
    }
    statement = _statement(ws, unit, checked, charge, artefact)
    digest = digest_of(artefact)
    unit.connection.execute(
        text(
            "INSERT INTO release (name, charge, segmentation, document, artefact, statement, "
            "digest, at) VALUES (:n, :c, :k, :d, :a, :s, :g, :t)"
        ),
        {
            "n": name,
            "c": charge.name,
            "k": checked.document.key,
            "d": canonical(document).decode(),
            "a": canonical(artefact).decode(),
            "s": canonical(statement).decode(),
            "g": digest,
            "t": ws.clock.now(),
        },
    )
    ledger.released(ws, unit, charge, release=name, artefact=digest, queries=artefact["queries"])
    key, at = checked.document.key, ws.clock.now()
    return Released(name, charge.name, key, document, artefact, statement, digest, at, charged=True)


def _statement(
    ws: "Workspace",
    unit: "Unit",
    checked: Checked,
    charge: ledger.Charge,
    artefact: Mapping[str, Any],
) -> dict[str, Any]:
    """Return what a release promises and what to expect of it, without floats."""
    used, budget = _estimated(checked), _budget(checked)
    plain_epsilon = next((q["epsilon"] for q in artefact["queries"] if "epsilon" in q), None)
    standing = limits.standings(unit.connection, ws.clock.now())
    return {
        "epsilon": plain_epsilon or repr(float(budget.epsilon)),
        "delta": "0" if plain_epsilon else repr(float(budget.delta)),
        "nano_rho": charge.nano_rho,
        "unit": "subject",
        "neighbours": NEIGHBOURS,
        "contract": checked.contract.document(),
        "contract_id": checked.contract.id,
        "population": charge.population,
        "purpose": checked.document.purpose,
        "mechanism": artefact["mechanism"],
        "noise": artefact["noise"],
        **_expected(used, hoped=not plain_epsilon),
        "ledger": {
            part: {"limit": one.limit.nano_rho, "spent": one.spent, "left": one.left}
            for part, one in standing.items()
        },
    }


def _from_row(row: Any) -> Released:
    return Released(
        row.name,
        row.charge,
        row.segmentation,
        json.loads(row.document),
        json.loads(row.artefact),
        json.loads(row.statement),
        row.digest,
        row.at,
    )


def _expected(used: Utility | Sight, *, hoped: bool) -> dict[str, Any]:
    """Return what to expect of a release; of the baseline nothing was measured by its signal."""
    if isinstance(used, Sight):
        return {"cells": used.cells, "seen_from": used.least, "verdict": used.verdict}
    signal = {"signal_tenths": round(used.signal * 10)}
    if not hoped:
        return signal
    return {
        **signal,
        "predicted_loss_percent": _percent(used.loss),
        "predicted_loss_p90_percent": _percent(used.loss_p90),
        "verdict": used.verdict,
    }


def _percent(loss: float | None) -> int:
    """Return by how many per cent a sum of squares grows, rounded up."""
    return 0 if loss is None else math.ceil((loss - 1) * 100 - 1e-9)
