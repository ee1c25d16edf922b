# SPDX-License-Identifier: Apache-2.0
"""Small populations, contracts, and sources of noise that only a test may use."""

import numpy as np

from audit.errors import Finding
from tagging.segmentation.accounting import PrivacyBudget
from tagging.segmentation.contract import FeatureBounds, FeatureContract, Grid
from tagging.segmentation.noise import Noise, Whole
from tagging.segmentation.privacy_audit import neighbours
from tagging.segmentation.published import Synopsis
from tagging.segmentation.synopsis import DPSynopsis, Way

__all__ = ["neighbours"]


class NoNoise:
    """Publishes the truth."""

    source = "INSECURE TEST: none"

    def add(self, values: Whole, sigma: int) -> Whole:  # noqa: ARG002  (the shape of every source)
        return values


class Repeatable:
    """Rounded Gaussian noise of a known seed; a share of what was asked for."""

    source = "INSECURE TEST: seeded"

    def __init__(self, seed: int = 1, share: float = 1.0) -> None:
        self.stream = np.random.default_rng(seed)
        self.share = share

    def add(self, values: Whole, sigma: int) -> Whole:
        drawn = self.stream.standard_normal(len(values)) * sigma * self.share
        return values + np.rint(drawn).astype(np.int64)


def plain_contract(dimensions: int) -> FeatureContract:
    """The box itself: features from -1 to 1."""
    return FeatureContract(tuple(FeatureBounds(f"f{n}", -1.0, 1.0, 0.0) for n in range(dimensions)))


def blobs(count: int, centres: list[tuple[float, ...]], spread: float = 0.03, seed: int = 3):
    """Rows about some centres, in turn."""
    stream = np.random.default_rng(seed)
    around = np.array(centres)[np.arange(count) % len(centres)]
    return around + spread * stream.standard_normal(around.shape)


CORNERS = [(-0.5, -0.5), (0.5, 0.5), (-0.5, 0.5), (0.6, -0.4)]


def released(values, noise: Noise | None = None, epsilon: float = 1.0, refine: int = 0) -> Synopsis:
    """A synopsis of values in the box."""
    maker = DPSynopsis(
        plain_contract(values.shape[1]), PrivacyBudget(epsilon), refine, noise or Repeatable()
    )
    return maker.fit(values, np.arange(len(values)))


def mechanism(dimensions: int, epsilon: float = 1.0, refine: int = 0, way: Way | None = None):
    """The release as the audit wants it: rows and noise in, published things out."""
    contract, budget = plain_contract(dimensions), PrivacyBudget(epsilon)

    def run(rows: Grid, noise: Noise) -> Synopsis:
        return DPSynopsis(contract, budget, refine, noise, way).fit_grid(rows)

    return run


def found_by(check) -> str:
    """The code of the finding that a check makes, or nothing."""
    try:
        check()
    except Finding as finding:
        return finding.code
    return ""
