# SPDX-License-Identifier: Apache-2.0
"""A stored fit as a tag may name it: its anchors, and the measures of its release as they were written."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from sqlalchemy import Connection, text

from tagging.catalogue import Fitted
from tagging.segmentation.assign import Anchors
from tagging.segmentation.contract import FeatureBounds, FeatureContract
from tagging.segmentation.nearest import Nearest


def fitted(connection: Connection, name: str) -> Fitted | None:
    """Return a fit as a tag may name it; None when there is none, or none with anchors."""
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
