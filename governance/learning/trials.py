# SPDX-License-Identifier: Apache-2.0
"""One trial of a training: what it foretold at a later time, beside what came. Made once, then kept.

That of a private model is a question of its own: it is charged before the first read, and gets noise.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, text

from audit.canon import canonical
from audit.canon import digest as digest_of
from audit.errors import NotFound
from audit.ids import new_id
from governance.authority import demand
from governance.budget import ledger
from governance.learning.documents import Checked, again
from governance.learning.examples import examples, sources
from governance.learning.training import Trained, ask, named
from governance.running.flush import flush
from governance.segments.matrix import state_of
from tagging.learning.scoring import Scorer
from tagging.learning.trial import Figures, best, calibration, figures, noisy, sure, table_of
from tagging.learning.trial import price as price_of
from tagging.segmentation.accounting import NANO, PrivacyBudget
from tagging.segmentation.noise import DiscreteGaussian, Noise

if TYPE_CHECKING:
    from governance.workspace import Workspace

LEAST_SHOWN: Final = 20
"""A step of the calibration with fewer people is not shown, however small the noise is."""


@dataclass(frozen=True, slots=True)
class Tried:
    """A trial as it is stored; all figures follow from its table."""

    name: str
    training: str
    charge: str | None
    artefact: Mapping[str, Any]
    new: bool = False

    @property
    def figures(self) -> list[Figures]:
        """Return what each threshold would have done."""
        return figures(self.artefact["table"], self.artefact["sigma"])

    @property
    def least(self) -> int:
        """Return the smallest number of people of a step that is shown, by the published number."""
        return max(LEAST_SHOWN, sure(self.artefact["sigma"], 2))

    @property
    def calibration(self) -> list[Mapping[str, Any]]:
        """Return, for each step that is shown, the score and the share to whom it came."""
        return calibration(self.artefact["table"], self.least)

    @property
    def best(self) -> int:
        """Return the threshold with the best balance (F1)."""
        return best(self.figures)

    def to_dict(self) -> dict[str, Any]:
        """Return the trial as plain data."""
        return {
            "trial": self.name,
            "training": self.training,
            "private": self.charge is not None,
            "sigma": self.artefact["sigma"],
            "best_threshold": self.best,
            "thresholds": [one.to_dict() for one in self.figures],
            "calibration": [dict(one) for one in self.calibration],
        }


def evaluate(ws: "Workspace", name: str, *, noise: Noise | None = None) -> Tried:
    """Try a training at the later time of its document, once; again returns what is there.

    Raises NotFound, Refused `budget-exhausted` (then nothing was charged).
    """
    demand(ws, "model.try")
    with ws.exclusive("model evaluate"):
        ledger.close_interrupted(ws)
        flush(ws)
        with ws.store.read() as connection:
            found = named(connection, name)
            there = tried(connection, found.name)
            if there is not None:
                return there
            checked = again(connection, found.document)
            state = state_of(connection, checked.document.try_from)
        price = checked.document.budget
        if price is None:
            return _tried(ws, found, checked, None, noise)
        budget = PrivacyBudget(price.trial, price.delta)
        source = noise or DiscreteGaussian()
        asked = ask(
            checked,
            state,
            f"trial of {found.digest}",
            mechanism="score-histogram/v1",
            epsilon=repr(float(price.trial)),
            delta=repr(float(price.delta)),
            nano_rho=price_of(budget),
            noise=source.source,
        )
        charge = ledger.reserve(ws, asked)
        return ledger.charged(ws, charge, lambda: _tried(ws, found, checked, charge, source))


def tried(connection: Connection, training: str) -> Tried | None:
    """Return the trial of a training; None: there is none."""
    row = connection.execute(
        text("SELECT name, training, charge, artefact FROM trial WHERE training = :t"),
        {"t": training},
    ).first()
    if row is None:
        return None
    return Tried(row.name, row.training, row.charge, json.loads(row.artefact))


def trial_of(connection: Connection, training: str) -> Tried:
    """Return the trial of a training; raises NotFound `model-untried`."""
    found = tried(connection, training)
    if found is None:
        raise NotFound(
            "model-untried",
            "nobody knows yet how often this model is right",
            hint=f"tagwarden model evaluate {training}",
        )
    return found


def _tried(
    ws: "Workspace",
    found: Trained,
    checked: Checked,
    charge: ledger.Charge | None,
    noise: Noise | None,
) -> Tried:
    with ws.store.read() as connection:
        source = sources(ws, connection, checked, checked.document.try_from)
    rows, outcomes = examples(ws, checked, source)
    scorer = Scorer(found.artefact["method"], found.artefact["parameters"])
    table = table_of(scorer, rows, outcomes)
    artefact: dict[str, Any] = {"format": "tagwarden/trial/v1", "sigma": 0, "queries": []}
    if charge is not None:
        rho = Fraction(charge.nano_rho, NANO)
        table, queries = noisy(table, rho, noise or DiscreteGaussian())
        artefact["sigma"] = queries[0].sigma
        artefact["queries"] = [
            {name: getattr(query, name) for name in query.__slots__} for query in queries
        ]
    artefact["table"] = table.tolist()
    return _stored(ws, found, charge, artefact)


def _stored(
    ws: "Workspace", found: Trained, charge: ledger.Charge | None, artefact: dict[str, Any]
) -> Tried:
    name, digest = new_id(ws.ids, "trial"), digest_of(artefact)
    with ws.store.write() as unit:
        unit.connection.execute(
            text(
                "INSERT INTO trial (name, training, charge, artefact, digest, at) "
                "VALUES (:n, :m, :c, :a, :g, :t)"
            ),
            {
                "n": name,
                "m": found.name,
                "c": charge.name if charge else None,
                "a": canonical(artefact).decode(),
                "g": digest,
                "t": ws.clock.now(),
            },
        )
        if charge is not None:
            queries = artefact["queries"]
            ledger.released(ws, unit, charge, release=name, artefact=digest, queries=queries)
        unit.log(ws.evidence.entry("model.tried", model=found.name, artefact=digest))
    return Tried(name, found.name, charge.name if charge else None, artefact, new=True)
