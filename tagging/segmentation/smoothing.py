# SPDX-License-Identifier: Apache-2.0
"""From noisy counts of a whole grid to expected counts: free, for it reads only what is noisy.

Haar's wavelets along every axis (Haar 1910); what noise explains is left out (Donoho and Johnstone 1994),
and the average over shifted grids (Coifman and Donoho 1995) has no steps that the data has not. A step
that is there stays sharp, which whole-number features need: their values are columns side by side.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Shift = tuple[int, ...]

STRICT: Final = 0.7
"""What is kept of a wavelet must exceed this part of the largest that noise alone would give."""
SHIFTS: Final = 12
_STREAM: Final = 30_011  # public and fixed, never noise
_HALF: Final = 0.5**0.5


def noise_alone(cells: int) -> float:
    """Return how many deviations the largest of so many noisy counts of nobody has."""
    return float(np.sqrt(2.0 * np.log(max(cells, 2))))


def smoothed(counts: Floats, sigma: float) -> Floats:
    """Return expected counts of a grid whose counts have independent noise of deviation sigma.

    They may be below nought, and add up to about the noisy sum. Always the same for the same counts.
    """
    shape = tuple(1 << (size - 1).bit_length() for size in counts.shape)
    whole = np.zeros(shape)
    whole[tuple(slice(size) for size in counts.shape)] = counts
    least = STRICT * noise_alone(counts.size) * sigma
    axes, total = tuple(range(counts.ndim)), np.zeros(shape)
    stream = np.random.default_rng(_STREAM)
    for _ in range(SHIFTS):
        shift: Shift = tuple(int(stream.integers(size)) for size in shape)
        waves = np.roll(whole, shift, axes)
        for axis in axes:
            waves = _waves(waves, axis)
        waves[np.abs(waves) < least] = 0.0
        for axis in axes:
            waves = _counts(waves, axis)
        total += np.roll(waves, tuple(-by for by in shift), axes)
    found: Floats = total[tuple(slice(size) for size in counts.shape)] / SHIFTS
    return found


def _waves(counts: Floats, axis: int) -> Floats:
    """Return Haar's wavelets along an axis, the coarsest first; its length is a power of two."""
    rest, parts = np.moveaxis(counts, axis, 0), []
    while len(rest) > 1:
        parts.append((rest[0::2] - rest[1::2]) * _HALF)
        rest = (rest[0::2] + rest[1::2]) * _HALF
    return np.moveaxis(np.concatenate([rest, *reversed(parts)]), 0, axis)


def _counts(waves: Floats, axis: int) -> Floats:
    """Return the counts of which these are the wavelets along an axis."""
    waves = np.moveaxis(waves, axis, 0)
    rest = waves[:1]
    while len(rest) < len(waves):
        apart = waves[len(rest) : 2 * len(rest)]
        finer = np.empty((2 * len(rest), *rest.shape[1:]))
        finer[0::2], finer[1::2] = (rest + apart) * _HALF, (rest - apart) * _HALF
        rest = finer
    return np.moveaxis(rest, 0, axis)
