# SPDX-License-Identifier: Apache-2.0
"""Why a person is in a segment: how much nearer its anchor is than that of the runner-up, by feature.

The margin is |x - e|^2 - |x - c|^2 with c the nearest anchor and e the nearest one of another segment, in
whole steps of the lattice. It is the sum of one part for each feature: exact, nothing is left over.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tagging.document import Tag
from tagging.explain.amounts import Language
from tagging.explain.template import label
from tagging.explain.wording import line, note
from tagging.rules.evaluate import Value, evaluate
from tagging.rules.lower import Cuts
from tagging.rules.tree import Fact, Segment


@dataclass(frozen=True, slots=True)
class Part:
    """What one feature does: its value, and its part of the margin (negative: against)."""

    name: tuple[str, str]
    value: float | None
    """In the unit of the feature; None: there is none, the fill value counts."""
    part: int


@dataclass(frozen=True, slots=True)
class SegmentReason:
    """The segment of one person beside the one that came second."""

    value: int | None
    runner_up: int | None
    margin: int
    parts: tuple[Part, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the reason as plain data."""
        return {
            "segment": self.value,
            "runner_up": self.runner_up,
            "margin": self.margin,
            "parts": [
                {
                    "name": {"en": one.name[0], "zh": one.name[1]},
                    "value": one.value,
                    "part": one.part,
                }
                for one in self.parts
            ],
        }


def segment_reason(root: Segment, known: Mapping[Fact, Value], cuts: Cuts) -> SegmentReason:
    """Return why these facts lead to the segment that they lead to."""
    values = [evaluate(part, known, cuts) for part in root.of]
    found = root.model.explained(values)
    here, next_ = int(found.labels[0]), int(found.runner_up[0])
    parts = tuple(
        Part(name, unit_of(value, divisor), int(part))
        for name, value, divisor, part in zip(
            root.model.names, values, root.model.divisors, found.parts[0], strict=True
        )
    )
    return SegmentReason(
        None if here < 0 else here + 1,
        None if next_ < 0 else next_ + 1,
        int(found.margin[0]),
        parts,
    )


def segment_lines(
    reason: SegmentReason, tag: Tag, language: Language, *, you: bool
) -> Iterator[str]:
    """Yield which anchor is nearest, what each feature adds, and what the privacy promise is not."""
    if reason.value is None:
        yield line("segment.none", language, to_subject=you)
    elif reason.runner_up is None:
        yield line("segment.only", language, to_subject=you)
    else:
        other = label(tag, str(reason.runner_up), language)
        yield line("segment.nearest", language, to_subject=you, value=other)
    whole = sum(abs(one.part) for one in reason.parts)
    for one in sorted(reason.parts, key=lambda part: -abs(part.part)):
        if reason.runner_up is None or not whole:
            break
        yield line(
            "segment.part",
            language,
            to_subject=you,
            name=one.name[language == "zh"],
            value=note("segment.nothing", language) if one.value is None else f"{one.value:,.6g}",
            way=note("segment.for" if one.part >= 0 else "segment.against", language),
            share=f"{abs(one.part) / whole * 100:.1f}",
            steps=f"{one.part}",
        )
    yield line("segment.private", language, to_subject=you)


def unit_of(value: Value, divisor: int) -> float | None:
    """Return a measure in the unit of its feature; None: there is none."""
    return None if not isinstance(value, int | float) else value / divisor
