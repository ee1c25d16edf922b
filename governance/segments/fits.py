# SPDX-License-Identifier: Apache-2.0
"""Fits of a release: free, and always the same, because they read published numbers only.

A fit is named by its release, its method and its parameters, such as `release-…/kmeans-4`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from sqlalchemy import Connection, text

from audit.canon import canonical
from audit.canon import digest as digest_of
from audit.errors import BadInput, NotFound
from governance.authority import demand
from governance.segments.releasing import Released, named, resolved
from tagging.segmentation import baseline
from tagging.segmentation.assign import anchors_of
from tagging.segmentation.clustering import (
    DPDBSCAN,
    DPAgglomerativeClustering,
    DPGaussianMixture,
    DPKMeans,
    Method,
    Segmentation,
    choose_clusters,
)
from tagging.segmentation.contract import ONE
from tagging.segmentation.published import Synopsis, read

if TYPE_CHECKING:
    from governance.workspace import Workspace

METHODS: Final = ("kmeans", "hierarchical", "dbscan", "gmm")
LEAST_SHOWN: Final = 20
"""Segments with fewer people than this, by the noisy number, are not shown with a size."""


@dataclass(frozen=True, slots=True)
class Fit:
    """A stored fit: its document holds published numbers only."""

    name: str
    release: str
    document: Mapping[str, Any]
    digest: str
    at: int

    @property
    def count(self) -> int:
        """Return the number of segments."""
        return len(self.document["centres"])


def fit(
    ws: "Workspace",
    release: str,
    method: str = "kmeans",
    *,
    clusters: int | None = None,
    eps: float | None = None,
    min_samples: int = 5,
) -> Fit:
    """Make segments of a release and keep them; `clusters` None: as many as the release suggests.

    Reads published numbers only: nothing is charged. Raises NotFound, BadInput.
    """
    demand(ws, "segment.fit")
    with ws.store.read() as connection:
        found = named(connection, release)
    model, name = _model(found, method, clusters, eps, min_samples)
    document = _document(found, model, method)
    digest = digest_of(document)
    with ws.store.write() as unit:
        done = unit.connection.execute(
            text(
                "INSERT INTO fit (name, release, document, digest, at) VALUES (:n, :r, :d, :g, :t) "
                "ON CONFLICT (name) DO NOTHING"
            ),
            {
                "n": name,
                "r": found.name,
                "d": canonical(document).decode(),
                "g": digest,
                "t": ws.clock.now(),
            },
        )
        if done.rowcount:
            unit.log(ws.evidence.entry("segment.fitted", fit=name, digest=digest))
    with ws.store.read() as connection:
        return fit_named(connection, name)


def fit_named(connection: Connection, name: str) -> Fit:
    """Return a stored fit; `KEY/kmeans-4` is one of the newest release of a segmentation.

    Raises NotFound `unknown-fit`.
    """
    name = resolved(connection, name)
    row = connection.execute(text(f"{_SELECT} WHERE name = :n"), {"n": name}).first()
    if row is None:
        raise NotFound("unknown-fit", f'there is no fit "{name}"', hint="tagwarden segment list")
    return Fit(row.name, row.release, json.loads(row.document), row.digest, row.at)


def fits(connection: Connection, release: str | None = None) -> list[Fit]:
    """Return the fits, or those of one release, in the order of their names."""
    where = "" if release is None else " WHERE release = :r"
    rows = connection.execute(
        text(f"{_SELECT}{where} ORDER BY name"), {} if release is None else {"r": release}
    )
    return [
        Fit(row.name, row.release, json.loads(row.document), row.digest, row.at) for row in rows
    ]


def synopsis_of(found: Released) -> Synopsis:
    """Return the synopsis of a release; raises BadInput when it has none (the baseline)."""
    if found.artefact["format"] == baseline.FORMAT:
        raise BadInput(
            "release-baseline",
            "this release holds the centres of one K-Means and nothing else",
            hint=f"tagwarden segment fit {found.name}, without --method and --k",
        )
    return read(found.artefact)


_USUAL_REACH: Final = 0.25
_SELECT: Final = "SELECT name, release, document, digest, at FROM fit"


def _model(
    found: Released, method: str, clusters: int | None, eps: float | None, min_samples: int
) -> tuple[Segmentation, str]:
    if method not in METHODS:
        raise BadInput("segment-method", "no such method", hint="methods: " + ", ".join(METHODS))
    if found.artefact["format"] == baseline.FORMAT:
        centres = np.array(found.artefact["centres"], dtype=np.int64)
        if method != "kmeans" or clusters not in (None, len(centres)):
            synopsis_of(found)
        return _bare(centres), f"{found.name}/kmeans-{len(centres)}"
    synopsis = synopsis_of(found)
    if method == "dbscan":
        reach = _reach(found, eps)
        name = f"{found.name}/dbscan-{reach:.12g}-{min_samples}"
        return DPDBSCAN(float(f"{reach:.12g}"), min_samples).fit(synopsis), name
    count = choose_clusters(synopsis).n_clusters if clusters is None else clusters
    made: Mapping[str, Method] = {
        "kmeans": DPKMeans(count),
        "hierarchical": DPAgglomerativeClustering(count),
        "gmm": DPGaussianMixture(count),
    }
    return made[method].fit(synopsis), f"{found.name}/{method}-{count}"


def _reach(found: Released, eps: float | None) -> float:
    """Return the distance for DBSCAN: the one that the release is for, unless a longer one is given."""
    least = float(found.document["segmentation"].get("dbscan", {}).get("eps", 0))
    reach = (least or _USUAL_REACH) if eps is None else eps
    if reach < least:
        raise BadInput(
            "segment-finer",
            f"this release tells distances apart from {least:g} on",
            hint=f"--eps {least:g} or more; a finer grid is another release",
        )
    return reach


def _bare(centres: Any) -> Segmentation:
    """Return the model of centres of which nothing else is known: sizes have no noise, for there are none."""
    count, around = len(centres), centres / ONE
    zeros = np.zeros(count)
    return Segmentation("kmeans", around, zeros, zeros, zeros, around, np.arange(count))


def _document(found: Released, model: Segmentation, method: str) -> dict[str, Any]:
    """Return what is kept of a model: whole numbers on the lattice; sizes that may be shown."""
    centres = np.clip(np.rint(model.cluster_centers_ * ONE), -ONE, ONE).astype(np.int64)
    document: dict[str, Any] = {
        "release": found.name,
        "release_digest": found.digest,
        "method": method,
        "centres": centres.tolist(),
        "sizes": model.shown_sizes(LEAST_SHOWN),
        "size_noise": np.ceil(model.size_noise_).astype(int).tolist(),
        "spreads": np.rint(model.spreads_ * ONE).astype(int).tolist(),
        "anchors": None,
    }
    if model.variances_ is not None and model.shares_ is not None:
        document["mixture"] = {
            "variances": np.maximum(np.rint(model.variances_ * ONE**2), 1).astype(int).tolist(),
            "shares_micro": np.maximum(np.rint(model.shares_ * 10**6), 1).astype(int).tolist(),
        }
    else:
        anchors = anchors_of(model)
        document["anchors"] = {
            "points": anchors.points.tolist(),
            "labels": anchors.labels.tolist(),
            "reach_squared": anchors.reach_squared,
        }
    if model.hierarchy_ is not None:
        costs = np.rint(model.hierarchy_.costs_ * 1_000_000).astype(np.int64)
        document["joins"] = {
            "children": model.hierarchy_.children_.tolist(),
            "costs_micro": costs.tolist(),
        }
    return document
