# SPDX-License-Identifier: Apache-2.0
"""Fits of one release side by side: how much they explain, and how far they agree. Free."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from audit.errors import BadInput
from governance.segments.fits import Fit, fit_named, synopsis_of
from governance.segments.releasing import named
from tagging.segmentation.clustering import Segmentation
from tagging.segmentation.clustering import compare as compared
from tagging.segmentation.contract import ONE

if TYPE_CHECKING:
    from governance.workspace import Workspace


def compare(ws: "Workspace", names: Sequence[str]) -> list[dict[str, Any]]:
    """Return, for each fit, the share of squared distances explained, who is in none, and agreement.

    Raises NotFound, BadInput when the fits are of several releases, or of the baseline.
    """
    with ws.store.read() as connection:
        found = [fit_named(connection, name) for name in names]
        if len({one.release for one in found}) != 1:
            raise BadInput("fits-apart", "only fits of one release can be compared")
        synopsis = synopsis_of(named(connection, found[0].release))
    result = compared(synopsis, [model_of(one) for one in found])
    return [
        {
            "fit": one.name,
            "segments": result.segments[number],
            "explained": round(result.explained[number], 4),
            "outside": round(result.outside[number], 4),
            "agreement": [round(x, 4) for x in result.agreement[number]],
        }
        for number, one in enumerate(found)
    ]


def model_of(fit: Fit) -> Segmentation:
    """Return a stored fit as a model that assigns; raises BadInput for a mixture."""
    document = fit.document
    if document["anchors"] is None:
        raise BadInput(
            "segment-no-anchors",
            "a mixture assigns by likelihood, and what is kept of it are its centres",
            hint="compare kmeans, hierarchical and dbscan",
        )
    centres = np.array(document["centres"], dtype=np.float64) / ONE
    count = len(centres)
    anchors = document["anchors"]
    reach = anchors["reach_squared"]
    return Segmentation(
        document["method"],
        centres,
        np.zeros(count),
        np.array(document["size_noise"], dtype=np.float64),
        np.array(document["spreads"]) / ONE,
        np.array(anchors["points"], dtype=np.float64).reshape(-1, centres.shape[1]) / ONE,
        np.array(anchors["labels"], dtype=np.int64),
        None if reach is None else float(np.sqrt(reach)) / ONE,
    )
