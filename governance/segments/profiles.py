# SPDX-License-Identifier: Apache-2.0
"""What a segment is like, in words: its centre by the side of all centres. Published values only."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from governance.fitted import contract_of
from governance.segments.fits import Fit
from governance.segments.releasing import Released
from tagging.segmentation.contract import ONE

NEAR = 0.2
"""By how much of the spread of the centres a value must differ to be worth a word."""


@dataclass(frozen=True, slots=True)
class Profile:
    """One segment: its number from 1, its noisy size if it may be shown, and its typical values."""

    number: int
    size: int | None
    values: tuple[float, ...]
    """By feature, in its own unit: those of the centre."""
    places: tuple[float, ...]
    """By feature: how far from the middle of all centres, in their spread."""
    names: tuple[dict[str, str], ...]

    def words(self, language: str) -> str:
        """Return the segment in a few words: what it has more or less of than the others."""
        order = sorted(range(len(self.places)), key=lambda n: -abs(self.places[n]))
        told = [n for n in order if abs(self.places[n]) >= NEAR][:3]
        if not told:
            return "about as the middle of all" if language != "zh" else "各项接近总体中间水平"
        parts = []
        for n in told:
            name, value, more = self.names[n], amount(self.values[n]), self.places[n] > 0
            if language == "zh":
                parts.append(f"{name['zh']}{'较高' if more else '较低'}（约{value}）")
            else:
                word = "high" if more else "low"
                parts.append(f"{word}: {name['en']} (about {value})")
        return ("；" if language == "zh" else "; ").join(parts)

    def to_dict(self) -> dict[str, Any]:
        """Return the profile as plain data."""
        return {
            "segment": self.number,
            "noisy_size": self.size,
            "values": {
                name["en"]: round(value, 4)
                for name, value in zip(self.names, self.values, strict=True)
            },
            "words": {language: self.words(language) for language in ("en", "zh")},
        }


def profiles(found: Released, fit: Fit) -> list[Profile]:
    """Return the profile of each segment, in the order of their numbers."""
    centres = np.array(fit.document["centres"], dtype=np.int64)
    if not len(centres):
        return []
    contract = contract_of(found.artefact["contract"])
    values = contract.values(centres)
    inner = centres / ONE
    spread = np.maximum(inner.max(axis=0) - inner.min(axis=0), 1e-9)
    places = (inner - inner.mean(axis=0)) / spread
    names: Sequence[dict[str, str]] = found.document["names"]
    return [
        Profile(
            number + 1,
            fit.document["sizes"][number],
            tuple(values[number].tolist()),
            tuple(places[number].tolist()),
            tuple(names),
        )
        for number in range(len(centres))
    ]


def amount(value: float) -> str:
    """Return a number as people read it: no more digits than it deserves."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
