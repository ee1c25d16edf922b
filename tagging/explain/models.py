# SPDX-License-Identifier: Apache-2.0
"""Why a model gives a tag or does not: what can be said exactly for its method, and no more.

A tree: facts that decide alone. Naive Bayes and a linear SVM: one part for each feature, which add up to
the margin. A forest: how many trees say yes; a short reason for it would not be true.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tagging.explain.amounts import Language
from tagging.explain.segments import Part, unit_of
from tagging.explain.wording import line, note
from tagging.rules.evaluate import Value, evaluate
from tagging.rules.lower import Cuts
from tagging.rules.tree import Fact, Segment


@dataclass(frozen=True, slots=True)
class Sufficient:
    """A feature that decides, with the range in which it does; None: no end on that side."""

    name: tuple[str, str]
    value: float | None
    above: float | None
    up_to: float | None


@dataclass(frozen=True, slots=True)
class ModelReason:
    """The answer of a model for one person, with its reason."""

    method: str
    given: bool
    score: float
    threshold: int
    private: bool
    margin: int
    base: int
    unit: int
    """Steps of margin, base and parts in one unit of log odds."""
    parts: tuple[Part, ...]
    facts: tuple[Sufficient, ...]
    votes: tuple[int, int] | None

    def to_dict(self) -> dict[str, Any]:
        """Return the reason as plain data."""
        return {
            "method": self.method,
            "given": self.given,
            "score": round(self.score, 2),
            "threshold": self.threshold,
            "private_training": self.private,
            "margin": self.margin,
            "base": self.base,
            "unit": self.unit,
            "parts": [
                {"name": _both(one.name), "value": one.value, "part": one.part}
                for one in self.parts
            ],
            "facts": [
                {
                    "name": _both(one.name),
                    "value": one.value,
                    "above": one.above,
                    "up_to": one.up_to,
                }
                for one in self.facts
            ],
            "votes": None if self.votes is None else {"yes": self.votes[0], "of": self.votes[1]},
        }


def model_reason(root: Segment, known: Mapping[Fact, Value], cuts: Cuts) -> ModelReason:
    """Return why these facts lead to the answer of the model."""
    model = root.model
    values = [evaluate(part, known, cuts) for part in root.of]
    shown = [unit_of(value, by) for value, by in zip(values, model.divisors, strict=True)]
    found = model.explained(values)
    facts = tuple(
        Sufficient(model.names[number], shown[number], above, up_to)
        for number, above, up_to in model.decisive(found)
    )
    parts = tuple(
        Part(name, value, part)
        for name, value, part in zip(model.names, shown, found.parts, strict=False)
    )
    return ModelReason(
        model.scorer.method,
        found.given,
        found.score,
        model.threshold,
        model.private,
        found.margin,
        found.base,
        model.unit,
        parts,
        facts,
        found.votes,
    )


def model_lines(reason: ModelReason, language: Language, *, you: bool) -> Iterator[str]:
    """Yield what the model says, why, and what a person should know about it."""
    yield line(
        "model.yes" if reason.given else "model.no",
        language,
        to_subject=you,
        score=f"{reason.score:.1f}",
        threshold=str(reason.threshold),
    )
    yield from _facts(reason, language, you=you)
    yield from _parts(reason, language, you=you)
    if reason.votes is not None:
        yes, of = reason.votes
        yield line("model.votes", language, to_subject=you, yes=str(yes), of=str(of))
    yield line("model.wrong", language, to_subject=you)
    code = "model.private" if reason.private else "model.plain"
    yield line(code, language, to_subject=you)


def _facts(reason: ModelReason, language: Language, *, you: bool) -> Iterator[str]:
    if reason.votes is not None or reason.parts:
        return
    yield line("model.facts" if reason.facts else "model.always", language, to_subject=you)
    for one in reason.facts:
        ends = [
            note(f"model.{way}", language, end=f"{end:,.6g}")
            for way, end in (("above", one.above), ("up-to", one.up_to))
            if end is not None
        ]
        yield line(
            "model.fact",
            language,
            to_subject=you,
            name=one.name[language == "zh"],
            value=_shown(one.value, language),
            range=("，" if language == "zh" else ", ").join(ends),
        )


def _parts(reason: ModelReason, language: Language, *, you: bool) -> Iterator[str]:
    if not reason.parts:
        return
    base = f"{reason.base / reason.unit:+.3f}"
    yield line("model.base", language, to_subject=you, base=base)
    for one in sorted(reason.parts, key=lambda part: -abs(part.part)):
        yield line(
            "model.part",
            language,
            to_subject=you,
            name=one.name[language == "zh"],
            value=_shown(one.value, language),
            part=f"{one.part / reason.unit:+.3f}",
        )
    yield line("model.sum", language, to_subject=you, margin=f"{reason.margin / reason.unit:+.3f}")


def _shown(value: float | None, language: Language) -> str:
    return note("segment.nothing", language) if value is None else f"{value:,.6g}"


def _both(name: tuple[str, str]) -> dict[str, str]:
    return {"en": name[0], "zh": name[1]}
