# SPDX-License-Identifier: Apache-2.0
"""Fits of one release side by side: how much they explain, and how far they agree. Free."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from audit.errors import BadInput
from governance.budget.ledger import cost_of
from governance.segments.fits import Fit, fit_named, synopsis_of
from governance.segments.releasing import named
from tagging.segmentation import baseline
from tagging.segmentation.clustering import Segmentation
from tagging.segmentation.clustering import compare as compared
from tagging.segmentation.contract import ONE

if TYPE_CHECKING:
    from governance.workspace import Workspace


def compare(ws: "Workspace", names: Sequence[str]) -> list[dict[str, Any]]:
    """Return, for each fit, the share of squared distances explained, who is in none, and agreement.

    All are measured on the synopsis of one release. Fits of the baseline may stand beside the others when
    their release was of the same measures in the same bounds. Raises NotFound, BadInput `fits-apart`, or
    `release-baseline` when there is no synopsis to measure on.
    """
    with ws.store.read() as connection:
        found = [fit_named(connection, name) for name in names]
        releases = {one.release: named(connection, one.release) for one in found}
        costs = {one.name: cost_of(connection, one.charge) for one in releases.values()}
    synopses = [one for one in releases.values() if one.artefact["format"] != baseline.FORMAT]
    alike = {(one.artefact["contract_id"], *one.document["measures"]) for one in releases.values()}
    if len(synopses) > 1 or len(alike) > 1:
        raise BadInput(
            "fits-apart",
            "only fits of one release can be compared, and of baselines of the same measures and bounds",
            hint="tagwarden segment list",
        )
    measured_on = (synopses or list(releases.values()))[0]
    result = compared(synopsis_of(measured_on), [model_of(one) for one in found])
    return [
        {
            "fit": one.name,
            "release": one.release,
            "method": one.document["method"],
            "mechanism": releases[one.release].artefact["mechanism"],
            "nano_rho": costs[one.release],
            "measured_on": measured_on.name,
            "segments": result.segments[number],
            "explained": round(result.explained[number], 4),
            "outside": round(result.outside[number], 4),
            "agreement": [round(x, 4) for x in result.agreement[number]],
        }
        for number, one in enumerate(found)
    ]


def model_of(fit: Fit) -> Segmentation:
    """Return a stored fit as a model that assigns."""
    document = fit.document
    centres = np.array(document["centres"], dtype=np.float64) / ONE
    model = Segmentation(
        document["method"],
        centres,
        np.zeros(len(centres)),
        np.array(document["size_noise"], dtype=np.float64),
        np.array(document["spreads"]) / ONE,
        centres,
        np.arange(len(centres)),
    )
    if document["anchors"] is None:
        mixture = document["mixture"]
        return replace(
            model,
            variances_=np.array(mixture["variances"], dtype=np.float64) / ONE**2,
            shares_=np.array(mixture["shares_micro"], dtype=np.float64) / 10**6,
        )
    anchors = document["anchors"]
    reach = anchors["reach_squared"]
    return replace(
        model,
        anchors_=np.array(anchors["points"], dtype=np.float64).reshape(-1, centres.shape[1]) / ONE,
        anchor_labels_=np.array(anchors["labels"], dtype=np.int64),
        reach_=None if reach is None else float(np.sqrt(reach)) / ONE,
    )
