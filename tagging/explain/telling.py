# SPDX-License-Identifier: Apache-2.0
"""Why, and what would change it, line by line; each line knows the facts that stand in it.

Where the thresholds of a tag are withheld, the person reads which own facts counted and in which
direction they would have to change, but no bound.
"""

from collections.abc import Iterator
from typing import NamedTuple

from tagging.explain.amounts import Language, point
from tagging.explain.explanation import Depth, Explanation
from tagging.explain.models import model_lines
from tagging.explain.phrases import bounded, measured, needed, say, say_bound
from tagging.explain.reasons import Change, Used, changed
from tagging.explain.regions import between_cuts
from tagging.explain.segments import segment_lines
from tagging.explain.template import fill, label
from tagging.explain.wording import WAYS, brackets, line, note
from tagging.rules.evaluate import Value, evaluate
from tagging.rules.tree import Aggregate, Attribute, Fact, Named, Node, TagRef, Tier, facts


class Said(NamedTuple):
    """A line, and the ids of the facts in it."""

    text: str
    facts: tuple[str, ...] = ()


def why(answer: Explanation, depth: Depth, language: Language) -> Iterator[Said]:
    """Yield what was noted, the facts that decided and those that did not."""
    you = depth == "subject"
    reason = answer.reason
    if answer.has:
        used = tuple(fact for item in reason.used for fact in item.facts) if reason else ()
        text = fill(answer.tag, answer.root, answer.facts, answer.value, language, first=used)
        yield Said(line("noted", language, to_subject=you, text=text))
    if answer.segment is not None:
        for text in segment_lines(answer.segment, answer.tag, language, you=depth == "subject"):
            yield Said(text, answer.ids(tuple(facts(answer.root))))
    if answer.model is not None:
        for text in model_lines(answer.model, language, you=depth == "subject"):
            yield Said(text, answer.ids(tuple(facts(answer.root))))
    if reason is None:
        return
    for number, item in enumerate(reason.used):
        code = "because.more" if number else "because"
        text = used_words(answer, item, depth, language)
        yield Said(line(code, language, to_subject=you, text=text), answer.ids(item.facts))
    if not reason.used:
        yield Said(line("because.nothing", language, to_subject=you))
    yield from _also(answer, depth, language)
    yield from _inner(answer, depth, language)


def change(answer: Explanation, depth: Depth, language: Language) -> Iterator[Said]:
    """Yield what would change the outcome."""
    reason = answer.reason
    if reason is None:
        return
    you = depth == "subject"
    if not reason.change:
        code = "change.none" if reason.exact else "change.unknown"
        yield Said(line(code, language, to_subject=you))
    else:
        words = [change_words(answer, item, depth, language) for item in reason.change]
        text = ("，并且" if language == "zh" else ", and ").join(words)
        used = tuple(fact for item in reason.change for fact in item.facts)
        yield Said(_heading(answer, depth, language, text), answer.ids(used))
    if not reason.exact and not you:
        yield Said(line("inexact", language, to_subject=you))


def used_words(answer: Explanation, item: Used, depth: Depth, language: Language) -> str:
    """Return one deciding fact with its value, what it rests on, and the bound it keeps to."""
    notes = _rests_on(answer, item.term, item.facts, language)
    if depth != "subject":
        notes += _cut_range(answer, item.term, item.value, language)
    if told(answer, depth) and item.bound != point(item.value):
        text = needed(item.term, item.bound, language)
        boolean_and_held = answer.root.kind == "bool" and answer.has
        code = "asks" if boolean_and_held else "stays"
        notes += [note(code, language, text=text)] if text else []
    return brackets(say(item.term, item.value, language, answer.naming), notes, language)


def change_words(answer: Explanation, item: Change, depth: Depth, language: Language) -> str:
    """Return one fact that would have to change: into what, from what, and by what."""
    notes = []
    if told(answer, depth):
        text = say_bound(item.term, item.bound, language, answer.naming)
        now = needed(item.term, point(item.value), language)
        if not isinstance(item.term, TagRef):
            notes.append(note("now", language, text=now))
    else:
        name = measured(item.term, language, answer.naming)
        text = f"{name}{'：' if language == 'zh' else ': '}{_direction(item, language)}"
    notes.append(WAYS[item.way][language == "zh"])
    return brackets(text, notes, language)


def told(answer: Explanation, depth: Depth) -> bool:
    """Return whether the bounds of a tag may be told at a depth."""
    return depth != "subject" or answer.tag.thresholds == "public"


def others(answer: Explanation) -> list[Fact]:
    """Return the facts that the rule looked at but that did not decide."""
    reason = answer.reason
    decided = {fact for item in reason.used for fact in item.facts} if reason else set()
    return [fact for fact in answer.facts if fact not in decided]


def _also(answer: Explanation, depth: Depth, language: Language) -> Iterator[Said]:
    rest = others(answer)
    if rest:
        words = [say(fact, answer.facts[fact], language, answer.naming) for fact in rest]
        text = ("；" if language == "zh" else "; ").join(words)
        you = depth == "subject"
        yield Said(line("also", language, to_subject=you, text=text), answer.ids(tuple(rest)))


def _inner(answer: Explanation, depth: Depth, language: Language) -> Iterator[Said]:
    for inner in answer.inner:
        yield Said(f"    {inner.tag.name.in_(language)}{'：' if language == 'zh' else ':'}")
        for said in why(inner, depth, language):
            yield Said("    " + said.text)


def _heading(answer: Explanation, depth: Depth, language: Language, text: str) -> str:
    """Return the line of a change: into another value of the tag, away from it, or just so."""
    you = depth == "subject"
    assert answer.reason is not None  # noqa: S101  (the caller has one)
    if answer.root.kind == "bool":
        return line("change", language, to_subject=you, text=text)
    after = changed(answer.facts, answer.reason.change)
    value = evaluate(answer.root, after, answer.cuts)
    if value is None:
        return line("change.away", language, to_subject=you, text=text)
    if not isinstance(value, str) and str(value) not in answer.tag.labels:
        return line("change", language, to_subject=you, text=text)
    if isinstance(answer.reason.value, str) and value not in answer.tag.labels:
        return line("change", language, to_subject=you, text=text)
    shown = label(answer.tag, str(value), language)
    return line("change.into", language, to_subject=you, text=text, value=shown)


def _rests_on(
    answer: Explanation, term: Node, used: tuple[Fact, ...], language: Language
) -> list[str]:
    """Return the facts behind a tier or a calculation."""
    term = _unnamed(term)
    if isinstance(term, Aggregate | Attribute | TagRef):
        return []
    if isinstance(term, Tier) and len(used) == 1:
        text = needed(used[0], point(answer.facts.get(used[0])), language)
        return [note("value", language, text=text)]
    words = [say(fact, answer.facts.get(fact), language, answer.naming) for fact in used]
    return [("，" if language == "zh" else ", ").join(words)]


def _cut_range(answer: Explanation, term: Node, value: Value, language: Language) -> list[str]:
    tier = _unnamed(term)
    cuts = answer.cuts.get(tier) if isinstance(tier, Tier) else None
    if cuts is None or not isinstance(tier, Tier) or value is None:
        return []
    text = bounded(tier.of, between_cuts(point(value), cuts, tier.of.kind), language)
    return [note("cuts", language, text=text)]


def _unnamed(term: Node) -> Node:
    while isinstance(term, Named):
        term = term.of
    return term


def _direction(item: Change, language: Language) -> str:
    before, after = item.value, item.to
    if before is None:
        return note("some", language)
    if isinstance(before, int | float) and isinstance(after, int | float):
        if isinstance(before, bool):
            return note("other", language)
        return note("more" if after > before else "less", language)
    return note("other", language)
