# SPDX-License-Identifier: Apache-2.0
"""What a segment is like, in words: its centre by the side of all centres. Published values only."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from governance.fitted import contract_of
from governance.segments.fits import Fit
from governance.segments.releasing import Released
from tagging.explain.amounts import Unit, about
from tagging.segmentation.contract import ONE

NEAR: Final = 0.2
"""By how much of the spread of the centres a value must differ to be worth a word."""
_MIDDLE: Final = ("about as the middle of all", "各项接近总体中间水平")


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
    units: tuple[Unit, ...]
    """By feature: how its numbers are written."""

    def told(self, feature: int) -> str:
        """Return the typical value of a feature as people read it."""
        return about(self.values[feature], self.units[feature])

    def words(self, language: str) -> str:
        """Return the segment in a few words: what it has more or less of than the others, and how much."""
        zh, parts = language == "zh", []
        for n in self._strongest(3):
            name, value, more = self.names[n], self.told(n), self.places[n] > 0
            if zh:
                parts.append(f"{name['zh']}{'较高' if more else '较低'}（约{value}）")
            else:
                parts.append(f"{'high' if more else 'low'}: {name['en']} (about {value})")
        return ("；" if zh else "; ").join(parts) or _MIDDLE[zh]

    def label(self, language: str) -> str:
        """Return what the segment is called until somebody names it: its number and its two strongest words."""
        zh, parts, told = language == "zh", [], self._strongest(2)
        for more in sorted({self.places[n] > 0 for n in told}, reverse=True):
            same = [
                self.names[n]["zh" if zh else "en"] for n in told if (self.places[n] > 0) == more
            ]
            if zh:
                parts.append("、".join(same) + ("较高" if more else "较低"))
            else:
                parts.append(f"{'high' if more else 'low'}: " + ", ".join(same))
        text = ("；" if zh else "; ").join(parts) or _MIDDLE[zh]
        return f"第{self.number}组（{text}）" if zh else f"segment {self.number} ({text})"

    def _strongest(self, most: int) -> list[int]:
        """Return the features that are worth a word, the farthest from the middle first."""
        order = sorted(range(len(self.places)), key=lambda n: -abs(self.places[n]))
        return [n for n in order if abs(self.places[n]) >= NEAR][:most]

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
    # a release of before units were kept tells all of them as plain numbers
    units: Sequence[Unit] = found.document.get("units", ["plain"] * len(names))
    return [
        Profile(
            number + 1,
            fit.document["sizes"][number],
            tuple(values[number].tolist()),
            tuple(places[number].tolist()),
            tuple(names),
            tuple(units),
        )
        for number in range(len(centres))
    ]
