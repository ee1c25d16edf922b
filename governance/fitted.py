# SPDX-License-Identifier: Apache-2.0
"""Stored fits and models as a tag may name them, with their measures as they were written."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from sqlalchemy import Connection, text

from tagging.catalogue import Fitted
from tagging.document import span_micros
from tagging.learning.predicting import Predictor
from tagging.learning.scoring import THRESHOLDS, Scorer
from tagging.segmentation.assign import Anchors
from tagging.segmentation.contract import FeatureBounds, FeatureContract
from tagging.segmentation.nearest import Nearest


def fitted(connection: Connection, name: str) -> Fitted | None:
    """Return a fit or a model as a tag may name it; None when there is none, or none with anchors."""
    return _segments(connection, name) or _model(connection, name)


def _model(connection: Connection, name: str) -> Fitted | None:
    """Return a trained model with its threshold: `training-…/50`."""
    training, _, threshold = name.partition("/")
    row = connection.execute(
        text("SELECT document, artefact, charge FROM training WHERE name = :n"), {"n": training}
    ).first()
    if row is None or threshold not in map(str, THRESHOLDS):
        return None
    asked, artefact = json.loads(row.document), json.loads(row.artefact)
    model = Predictor(
        name,
        contract_of(artefact["contract"]),
        tuple(asked["divisors"]),
        Scorer(artefact["method"], artefact["parameters"]),
        int(threshold),
        tuple((one["en"], one["zh"]) for one in asked["names"]),
        row.charge is not None,
        span_micros(asked["model"]["horizon"]),
    )
    return Fitted(tuple(asked["measures"]), model, "bool")


def _segments(connection: Connection, name: str) -> Fitted | None:
    row = connection.execute(
        text(
            "SELECT f.document AS fit, r.document AS asked, r.artefact FROM fit f "
            "JOIN release r ON r.name = f.release WHERE f.name = :n"
        ),
        {"n": name},
    ).first()
    anchors = None if row is None else json.loads(row.fit)["anchors"]
    if row is None or anchors is None:
        return None
    asked = json.loads(row.asked)
    contract = contract_of(json.loads(row.artefact)["contract"])
    points = np.array(anchors["points"], dtype=np.int64).reshape(-1, contract.dimensions)
    labels = np.array(anchors["labels"], dtype=np.int64)
    model = Nearest(
        name,
        contract,
        tuple(asked["divisors"]),
        Anchors(points, labels, anchors["reach_squared"]),
        tuple((one["en"], one["zh"]) for one in asked["names"]),
    )
    return Fitted(tuple(asked["measures"]), model)


def contract_of(document: Mapping[str, Any]) -> FeatureContract:
    """Return the contract that a release carries as a document."""
    return FeatureContract(
        tuple(
            FeatureBounds(
                one["name"],
                float(one["lower"]),
                float(one["upper"]),
                float(one["fill_value"]),
                one["scale"],
            )
            for one in document["features"]
        )
    )
