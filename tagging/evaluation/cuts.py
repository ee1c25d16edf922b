# SPDX-License-Identifier: Apache-2.0
"""Cut points of a tier: nearest-rank quantiles, fitted once per run and then frozen.

With frozen cuts a tier is a comparison: people with equal measures share a tier, and one person can
be evaluated alone. `ntile` can do neither.
"""

from typing import Any


def fit(measures: Any, count: int) -> list[int | float]:
    """Return the count - 1 cut points of an array of measures; none when it is empty.

    Cut i is the value at rank ceil(i·n/count) of the n ascending measures.
    """
    import numpy as np

    n = len(measures)
    if n == 0:
        return []
    ranks = [-(-i * n // count) - 1 for i in range(1, count)]
    ordered = np.partition(measures, ranks)
    return [ordered[rank].item() for rank in ranks]
