# SPDX-License-Identifier: Apache-2.0
"""Makes a question ready for `decide`: what its words reveal, and whether they may be a tag at all.

- `asserts` that are stated count. What the words reveal beyond them is said in the trace
  (`not-asserted`), where a lint finds it.
- `asserts` that are not stated are read from the words (`classified`); hints for a person (`hint`)
  decide nothing. Words that reveal nothing leave the sources to stand in, or, without any, an
  ordinary profile. Words that nobody here can read leave a gap.
- A keyword class that is not stated is taken from the keyword screen (`screened`).
- The age of a tag about children themselves is taken from the words (`age-classified`), unless it
  is stated.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from policies.classify import Dictionary, Found, classify, covered, standard
from policies.decision import Answer, Question, Step, covers, decide
from policies.lexicon import readable
from policies.rules import Pack
from policies.screen import Hit, screen
from policies.wording import Spoken

ORDINARY: Final = "user.demographic.profile"
"""What a tag states about a person when its words reveal nothing special."""
_CHILDREN: Final = "user.childrens"
_WORDLESS: Final = {"key": None, "name": Spoken(), "description": Spoken()}

Given = dict[Question, dict[str, Answer]]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A question with what its words added to it."""

    question: Question
    steps: tuple[Step, ...] = ()
    found: tuple[Found, ...] = ()
    hits: tuple[Hit, ...] = ()


def prepared(question: Question, dictionary: Dictionary | None = None) -> Prepared:
    """Return the question ready for `decide`, and what was found in its words."""
    known = standard() if dictionary is None else dictionary
    names, descriptions = question.name.texts(), question.description.texts()
    key = question.key or ""
    found = classify(
        key=key,
        names=names,
        descriptions=descriptions,
        sources=question.sources,
        dictionary=known,
    )
    hits = screen([text for text in (key, *names, *descriptions) if text])
    added: dict[str, Any] = {}
    steps = [
        *_revealed(question, found, known, added),
        *_aged(question, found, added),
        *_screened(question, hits, added),
    ]
    ready = question.model_copy(update=added) if added else question
    return Prepared(ready, tuple(steps), found, hits)


def answers(
    question: Question,
    packs: Mapping[str, Pack],
    dictionary: Dictionary | None = None,
    *,
    given: Given | None = None,
) -> tuple[Prepared, dict[str, Answer]]:
    """Return the prepared question, and what each pack answers to it, the preparation in its trace.

    `given` remembers what the same packs answered to the same question in other words.
    """
    ready = prepared(question, dictionary)
    plain = ready.question.model_copy(update=_WORDLESS)
    found = None if given is None else given.get(plain)
    if found is None:
        found = {name: decide(plain, pack) for name, pack in packs.items()}
        if given is not None:
            given[plain] = found
    return ready, {
        name: replace(answer, trace=(*ready.steps, *answer.trace)) for name, answer in found.items()
    }


def not_asserted(
    question: Question, found: tuple[Found, ...], dictionary: Dictionary | None = None
) -> tuple[Found, ...]:
    """Return what the words reveal for certain and nothing asserted covers."""
    known = standard() if dictionary is None else dictionary
    return tuple(
        item
        for item in found
        if item.where != "source" and not item.review and not covered(item, question.asserts, known)
    )


def _revealed(
    question: Question, found: tuple[Found, ...], known: Dictionary, added: dict[str, Any]
) -> Iterator[Step]:
    if question.asserts:
        for item in not_asserted(question, found, known):
            yield _step("not-asserted", item)
        return
    certain = [item for item in found if not item.review]
    if certain:
        added["asserts"] = tuple(dict.fromkeys(item.category for item in certain))
    elif _has_words(question):
        said = "the words reveal nothing special"
        if not question.sources:
            added["asserts"] = (ORDINARY,)
            said += f": {ORDINARY} stands in"
        yield Step("classified", said)
    for item in found:
        yield _step("hint" if item.review else "classified", item)


def _has_words(question: Question) -> bool:
    texts = (question.key or "", *question.name.texts(), *question.description.texts())
    return any(readable(text) for text in texts)


def _step(rule: str, item: Found) -> Step:
    return Step(rule, f'{item.category}: "{item.term}" in {item.where}', provenance=item.provenance)


def _aged(question: Question, found: tuple[Found, ...], added: dict[str, Any]) -> Iterator[Step]:
    children = not question.asserts or any(covers(_CHILDREN, name) for name in question.asserts)
    ages = [item for item in found if item.age is not None and not item.review]
    if question.subject_age is not None or not children or not ages:
        return
    youngest = min(ages, key=lambda item: item.age or 0)
    added["subject_age"] = youngest.age
    yield Step(
        "age-classified",
        f'youngest age taken as {youngest.age}: "{youngest.term}" in {youngest.where}',
        provenance=youngest.provenance,
    )


def _screened(question: Question, hits: tuple[Hit, ...], added: dict[str, Any]) -> Iterator[Step]:
    if question.keyword_class is not None or not hits:
        return
    added["keyword_class"] = hits[0].keyword_class
    for hit in hits:
        yield Step(
            "screened",
            f'{hit.keyword_class}: "{hit.term}" ({hit.topic})',
            provenance=hit.provenance,
        )
