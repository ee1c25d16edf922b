# SPDX-License-Identifier: Apache-2.0
"""Why a person is in a segment: how much nearer its anchor is than that of the runner-up, by feature.

The margin is |x - e|^2 - |x - c|^2 with c the nearest anchor and e the nearest one of another segment, in
whole steps of the lattice. It is the sum of one part for each feature: exact, nothing is left over. People
read what share of the parts each is; the steps themselves are in `to_dict`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tagging.document import Tag
from tagging.explain.amounts import Language, Unit, number
from tagging.explain.calculations import is_ratio
from tagging.explain.phrases import written_unit
from tagging.explain.template import label
from tagging.explain.wording import line, note
from tagging.rules.evaluate import Value, evaluate
from tagging.rules.lower import Cuts
from tagging.rules.tree import Fact, Node, Segment
from tagging.segmentation.contract import FeatureBounds, FeatureContract


@dataclass(frozen=True, slots=True)
class Part:
    """What one feature does: its value, and its part of the margin (negative: against)."""

    name: tuple[str, str]
    value: float | None
    """In the unit of the feature; None: there is none, the fill value counts."""
    part: int
    text: str = ""
    """The value as people write it; '' where there is none."""


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
        Part(name, unit_of(value, divisor), int(part), _text(value, unit, node))
        for name, node, unit, value, divisor, part in zip(
            root.model.names,
            root.of,
            units_of(root.of, root.model.contract),
            values,
            root.model.divisors,
            found.parts[0],
            strict=True,
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
            value=one.text or note("segment.nothing", language),
            way=note("segment.for" if one.part >= 0 else "segment.against", language),
            share=f"{abs(one.part) / whole * 100:.1f}",
        )
    yield line("segment.private", language, to_subject=you)


def units_of(measures: Sequence[Node], contract: FeatureContract) -> tuple[Unit, ...]:
    """Return by feature how its numbers are written: what is counted as whole, a share as per cent.

    A ratio whose public bounds lie between 0 and 1 is a share.
    """
    return tuple(map(_unit, measures, contract.features))


def _unit(node: Node, bounds: FeatureBounds) -> Unit:
    if node.kind == "int":
        return "count"
    if is_ratio(node) and bounds.lower >= 0 and bounds.upper <= 1:
        return "share"
    return written_unit(node)


def _text(value: Value, unit: Unit, node: Node) -> str:
    """Return a measure as people write it; '' when there is none."""
    return number(value, unit, node.kind) if isinstance(value, int | float) else ""


def unit_of(value: Value, divisor: int) -> float | None:
    """Return a measure in the unit of its feature; None: there is none."""
    return None if not isinstance(value, int | float) else value / divisor
