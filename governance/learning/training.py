# SPDX-License-Identifier: Apache-2.0
"""One training: charge, committed, when it is private → rows and outcomes → parameters → store.

The same request returns the stored training; it is neither charged nor computed again. A charge stays
when the training fails after it: the data may have been read.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, text

from audit.canon import canonical
from audit.canon import digest as digest_of
from audit.clock import Micros
from audit.errors import NotFound
from audit.ids import new_id
from governance.authority import demand
from governance.budget import ledger
from governance.learning.documents import Checked, read
from governance.learning.examples import examples, sources
from governance.running.flush import flush
from governance.segments.matrix import state_of
from policies.document import nearest
from tagging import learning
from tagging.document import span_micros
from tagging.learning import private, training
from tagging.model_document import Model
from tagging.segment_document import plain

if TYPE_CHECKING:
    from governance.workspace import Workspace

FORMAT: Final = "tagwarden/model/v1"


@dataclass(frozen=True, slots=True)
class Trained:
    """A training as it is stored."""

    name: str
    key: str
    charge: str | None
    document: Mapping[str, Any]
    artefact: Mapping[str, Any]
    digest: str
    at: int
    retrain_by: int
    new: bool = False
    """Whether this call trained it."""

    @property
    def asked(self) -> Mapping[str, Any]:
        """Return the document as it was written."""
        found: Mapping[str, Any] = self.document["model"]
        return found

    def promise(self, language: str) -> str:
        """Return the promise of a private training in a language (en or zh), as it was kept or after that."""
        kept = str(self.artefact["promise"])
        return kept.replace(" at delta ", "，delta为") if language == "zh" else kept

    @property
    def rules(self) -> list[str]:
        """Return the measures as they were written: a rule, or the key of a feature."""
        return [one["value"] or f"feature('{one['feature']}')" for one in self.asked["features"]]


def train(ws: "Workspace", path: Path) -> Trained:
    """Train the model of a document once, and return it; the same request returns what is there.

    Raises BadInput for the document, Refused `budget-missing`, `budget-exhausted` (then nothing was
    charged), `model-one-sided`.
    """
    demand(ws, "model.train")
    with ws.exclusive("model train"):
        ledger.close_interrupted(ws)
        flush(ws)
        with ws.store.read() as connection:
            checked = read(connection, path, ws.clock.now())
            state = state_of(connection, checked.document.train_from)
            asked = _asked(checked, state)
            there = connection.execute(
                text("SELECT name FROM training WHERE request = :r"), {"r": asked.key}
            ).scalar()
            if there is not None:
                return named(connection, there)
        if not checked.document.private:
            return _trained(ws, checked, asked, None)
        charge = ledger.reserve(ws, asked)
        return ledger.charged(ws, charge, lambda: _trained(ws, checked, asked, charge))


def named(connection: Connection, name: str) -> Trained:
    """Return a stored training; the key of a model stands for its newest one.

    Raises NotFound `unknown-model`.
    """
    newest = connection.execute(
        text("SELECT name FROM training WHERE key = :k ORDER BY at DESC, name DESC LIMIT 1"),
        {"k": name},
    ).scalar()
    row = connection.execute(text(f"{_SELECT} WHERE name = :n"), {"n": newest or name}).first()
    if row is None:
        known = [one.name for one in trainings(connection)]
        hint = nearest(name, known) or "tagwarden model list"
        raise NotFound("unknown-model", f'there is no model "{name}"', hint=hint)
    return _from_row(row)


def trainings(connection: Connection) -> list[Trained]:
    """Return all trainings, the oldest first."""
    return [_from_row(row) for row in connection.execute(text(f"{_SELECT} ORDER BY at, name"))]


_SELECT: Final = (
    "SELECT name, key, charge, document, artefact, digest, at, retrain_by FROM training"
)


def ask(checked: Checked, state: str, what: str, **rest: Any) -> ledger.Asked:
    """Return a request about a model, as the ledger keeps it."""
    document = checked.document
    return ledger.Asked(
        population=document.population,
        code=ledger.code_digest(learning),
        contract=checked.contract.id,
        purpose=document.purpose,
        snapshot=state,
        parameters={"of": what, "document": digest_of(plain(document)), **checked.stored()},
        basis={str(regime): str(basis) for regime, basis in document.basis.items()},
        **rest,
    )


def _asked(checked: Checked, state: str) -> ledger.Asked:
    price = price_of(checked.document)
    return ask(
        checked,
        state,
        "training",
        mechanism=price.mechanism if price else f"plain-{checked.document.method}",
        epsilon=repr(price.epsilon if price else 0.0),
        delta=repr(price.delta if price else 0.0),
        nano_rho=price.nano_rho if price else 0,
        noise=price.noise if price else "none",
        measure=price.measure if price else "none",
    )


def price_of(document: Model) -> private.Price | None:
    """Return what the training of a model costs; None: it is not private.

    Raises NotFound `ebm-not-installed`, BadInput for figures that promise nothing.
    """
    if document.budget is None:
        return None
    return private.price(document.method, document.budget.epsilon, document.budget.delta)


def _trained(
    ws: "Workspace", checked: Checked, asked: ledger.Asked, charge: ledger.Charge | None
) -> Trained:
    document = checked.document
    with ws.store.read() as connection:
        found = sources(ws, connection, checked, document.train_from)
    rows, outcomes = examples(ws, checked, found)
    size = {"trees": document.trees, "depth": document.depth}
    artefact: dict[str, Any] = {
        "format": FORMAT,
        "method": document.method,
        "contract": checked.contract.document(),
        "contract_id": checked.contract.id,
    }
    price = price_of(document)
    if price is not None:
        made = private.train(document.method, rows, outcomes, price, **size)
        artefact["parameters"], artefact["queries"] = made
        artefact["noise"], artefact["promise"] = price.noise, price.promise
    else:
        artefact["parameters"] = training.train(document.method, rows, outcomes, **size)
        artefact["people"], artefact["yes"] = len(rows), int(outcomes.sum())
    return _stored(ws, checked, asked, charge, artefact)


def _stored(
    ws: "Workspace",
    checked: Checked,
    asked: ledger.Asked,
    charge: ledger.Charge | None,
    artefact: dict[str, Any],
) -> Trained:
    name, digest, now = new_id(ws.ids, "training"), digest_of(artefact), ws.clock.now()
    document = checked.document
    with ws.store.write() as unit:
        latest = unit.connection.execute(
            text("SELECT max(at) FROM training WHERE key = :k"), {"k": document.key}
        ).scalar()
        now = max(
            now, Micros((latest or 0) + 1)
        )  # the newest is the last one, whatever a clock says
        unit.connection.execute(
            text(
                "INSERT INTO training (name, key, request, charge, document, artefact, digest, at, "
                "retrain_by) VALUES (:n, :k, :r, :c, :d, :a, :g, :t, :b)"
            ),
            {
                "n": name,
                "k": document.key,
                "r": asked.key,
                "c": charge.name if charge else None,
                "d": canonical(checked.stored()).decode(),
                "a": canonical(artefact).decode(),
                "g": digest,
                "t": now,
                "b": now + span_micros(document.retrain_every),
            },
        )
        if charge is not None:
            queries = artefact["queries"]
            ledger.released(ws, unit, charge, release=name, artefact=digest, queries=queries)
        unit.log(
            ws.evidence.entry("model.trained", model=name, method=document.method, artefact=digest)
        )
    with ws.store.read() as connection:
        found = named(connection, name)
    return replace(found, new=True)


def _from_row(row: Any) -> Trained:
    return Trained(
        row.name,
        row.key,
        row.charge,
        json.loads(row.document),
        json.loads(row.artefact),
        row.digest,
        row.at,
        row.retrain_by,
    )
