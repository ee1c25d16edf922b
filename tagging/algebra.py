# SPDX-License-Identifier: Apache-2.0
"""Questions about tags in the words and, or, not: `A and not (B = 'gold' or C)`.

A question has one normal form, whichever way it is written: for each tag the values that it tells
apart, in the order of keys, and for each combination of them whether a person is in. Two questions
with the same normal form are the same question. It reads no data.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any, Final, NoReturn

from audit.canon import digest as digest_of
from audit.errors import BadInput

MOST_SIGNS: Final = 1000
MOST_NESTED: Final = 40
MOST_CASES: Final = 4096
"""Combinations of values that a question may tell apart."""
YES: Final = "true"
"""The value of a tag that one has or has not."""
_TOKEN = re.compile(r"\s*(?:([(),])|(!=|=)|'([^']*)'|\"([^\"]*)\"|([A-Za-z0-9_.+-]+))")
_WORDS = ("and", "or", "not")


@dataclass(frozen=True, slots=True)
class Has:
    """Has a tag, with this value or, for None, with any."""

    key: str
    value: str | None = None


@dataclass(frozen=True, slots=True)
class Without:
    """Is not among some people."""

    of: "Algebra"


@dataclass(frozen=True, slots=True)
class Joined:
    """Is among all of some groups of people, or among any."""

    every: bool
    items: tuple["Algebra", ...]


Algebra = Has | Without | Joined


@dataclass(frozen=True, slots=True)
class Question:
    """The normal form of an algebra of tags."""

    axes: tuple[tuple[str, tuple[str, ...], bool], ...]
    """Of each tag: its key, the values told apart, and whether there are others."""
    table: str
    """A 1 or 0 for each combination, the last tag changing fastest: none, each value, any other."""

    @property
    def keys(self) -> tuple[str, ...]:
        """Return the tags on which the answer depends, sorted."""
        return tuple(key for key, _, _ in self.axes)

    @property
    def digest(self) -> str:
        """Return the digest of what is asked."""
        return digest_of(self.document())

    def document(self) -> dict[str, Any]:
        """Return the question as plain data."""
        return {
            "tags": [{"key": key, "values": list(values)} for key, values, _ in self.axes],
            "table": self.table,
        }


def parse(text: str) -> Algebra:
    """Return what a text asks for; raises BadInput `audience-syntax` with the place."""
    if len(text) > MOST_SIGNS:
        raise BadInput("audience-syntax", f"a question has at most {MOST_SIGNS} signs")
    return _Reader(list(_tokens(text)), len(text)).whole()


def spelled(tree: Algebra) -> str:
    """Return the text of an algebra; it reads back as the same one."""
    if isinstance(tree, Has):
        return tree.key if tree.value is None else f"{tree.key} = '{tree.value}'"
    if isinstance(tree, Without):
        return f"not {_bracketed(tree.of)}"
    return (" and " if tree.every else " or ").join(_bracketed(item) for item in tree.items)


def mentioned(tree: Algebra) -> dict[str, set[str]]:
    """Return the tags in an algebra, each with the values that it names."""
    found: dict[str, set[str]] = {}
    for leaf in _leaves(tree):
        found.setdefault(leaf.key, set()).update(() if leaf.value is None else (leaf.value,))
    return found


def question(tree: Algebra, plain: frozenset[str]) -> Question:
    """Return the normal form; `plain` are the tags that one has or has not, without a value.

    Raises BadInput `audience-large`, `audience-constant` when the answer depends on no tag.
    """
    axes = [
        (key, tuple(sorted(values | {YES} if key in plain else values)), key not in plain)
        for key, values in sorted(mentioned(tree).items())
    ]
    states = [_states(values, others) for _, values, others in axes]
    if prod(len(one) for one in states) > MOST_CASES:
        raise BadInput(
            "audience-large",
            "the question tells too many combinations of tags apart",
            hint="ask with fewer tags and values",
        )
    keys = [key for key, _, _ in axes]
    table = "".join(
        "1" if _holds(tree, dict(zip(keys, case, strict=True))) else "0"
        for case in product(*states)
    )
    return _reduced(axes, table)


def _states(values: Sequence[str], others: bool) -> list[tuple[str, ...]]:
    """Return what may be the case with one tag: none, each value, another one."""
    return [(), *((value,) for value in values), *([("", "another")] if others else [])]


def _holds(tree: Algebra, case: Mapping[str, tuple[str, ...]]) -> bool:
    if isinstance(tree, Has):
        state = case[tree.key]
        return bool(state) if tree.value is None else state == (tree.value,)
    if isinstance(tree, Without):
        return not _holds(tree.of, case)
    return (all if tree.every else any)(_holds(item, case) for item in tree.items)


def _reduced(axes: Sequence[tuple[str, tuple[str, ...], bool]], table: str) -> Question:
    """Leave out the values that are as any other, then the tags that make no difference."""
    kept: list[tuple[str, tuple[str, ...], bool]] = []
    inner = len(table)
    outer = 1
    for key, values, others in axes:
        count = 1 + len(values) + others
        inner //= count
        slices = _slices(table, outer, count, inner)
        told = [n for n in range(count - 1) if n == 0 or not others or slices[n] != slices[-1]]
        told.append(count - 1)
        if all(slices[n] == slices[0] for n in told):
            told = told[:1]
        else:
            kept.append((key, tuple(values[n - 1] for n in told if 0 < n <= len(values)), others))
        rows = [slices[n] for n in told]
        table = "".join(
            row[place : place + inner] for place in range(0, outer * inner, inner) for row in rows
        )
        outer *= len(told)
    if not kept:
        raise BadInput(
            "audience-constant",
            "whatever tags people have, the answer is the same",
            hint="ask for people by a tag that they have or have not",
        )
    return Question(tuple(kept), table)


def _slices(table: str, outer: int, count: int, inner: int) -> list[str]:
    """Return the table for each state of one tag, the others as they come."""
    step = count * inner
    return [
        "".join(table[o * step + n * inner : o * step + (n + 1) * inner] for o in range(outer))
        for n in range(count)
    ]


def _leaves(tree: Algebra) -> Iterator[Has]:
    if isinstance(tree, Has):
        yield tree
    elif isinstance(tree, Without):
        yield from _leaves(tree.of)
    else:
        for item in tree.items:
            yield from _leaves(item)


def _bracketed(tree: Algebra) -> str:
    return f"({spelled(tree)})" if isinstance(tree, Joined) else spelled(tree)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    """A bracket, an equals sign, and, or, not, a word, a quoted value."""
    text: str
    at: int


def _tokens(text: str) -> Iterator[_Token]:
    at = 0
    while text[at:].strip():
        found = _TOKEN.match(text, at)
        if found is None:
            _refuse("a sign that has no place here", len(text) - len(text[at:].lstrip()))
        bracket, equals, single, double, word = found.groups()
        start = found.end() - len(found[0].lstrip())
        if bracket or equals:
            yield _Token(bracket or equals, bracket or equals, start)
        elif word is not None:
            yield _Token(word.lower() if word.lower() in _WORDS else "word", word, start)
        else:
            yield _Token("value", single if single is not None else double, start)
        at = found.end()


@dataclass(slots=True)
class _Reader:
    """Reads tokens from left to right: not binds first, then and, then or."""

    tokens: list[_Token]
    end: int
    place: int = 0
    depth: int = 0

    def whole(self) -> Algebra:
        found = self._joined(every=False)
        if self.place < len(self.tokens):
            _refuse("and, or, or the end is expected", self.tokens[self.place].at)
        return found

    def _joined(self, *, every: bool) -> Algebra:
        items = [self._joined(every=True) if not every else self._one()]
        while self._take("and" if every else "or"):
            items.append(self._joined(every=True) if not every else self._one())
        return items[0] if len(items) == 1 else Joined(every, tuple(items))

    def _one(self) -> Algebra:
        self.depth += 1
        if self.depth > MOST_NESTED:
            _refuse("so many brackets nobody reads", self._at)
        try:
            if self._take("not"):
                return Without(self._one())
            if self._take("("):
                found = self._joined(every=False)
                if not self._take(")"):
                    _refuse("a bracket is not closed", self._at)
                return found
            return self._tag()
        finally:
            self.depth -= 1

    def _tag(self) -> Algebra:
        key = self._take("word")
        if key is None:
            _refuse("the key of a tag is expected", self._at)
        sign = self._take("=") or self._take("!=")
        if sign is None:
            return Has(key.text)
        value = self._take("value") or self._take("word")
        if value is None:
            _refuse("a value is expected", self._at)
        found = Has(key.text, value.text)
        return found if sign.kind == "=" else Without(found)

    def _take(self, kind: str) -> _Token | None:
        if self.place < len(self.tokens) and self.tokens[self.place].kind == kind:
            self.place += 1
            return self.tokens[self.place - 1]
        return None

    @property
    def _at(self) -> int:
        return self.tokens[self.place].at if self.place < len(self.tokens) else self.end


def _refuse(what: str, at: int) -> NoReturn:
    raise BadInput(
        "audience-syntax",
        f"the question cannot be read at sign {at + 1}: {what}",
        hint="\"interest.coffee and not (loyalty.tier = 'gold' or interest.tea)\"",
    )
