# SPDX-License-Identifier: Apache-2.0
"""What is different between two packs: part by part, and in what they answer to the same questions."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from pydantic import BaseModel

from policies.decision import Answer, Question, decide
from policies.layers import severity
from policies.rules import Pack
from policies.vocabulary import Verdict

What = Literal["added", "removed", "changed", "moved"]
Way = Literal["stricter", "laxer", "other"]

_OPEN: Final = (Verdict.ALLOWED, Verdict.NEEDS_CONSENT)
_NAMED: Final = ("sensitivity", "rules", "duties")
_KEYED: Final = ("sets", "tables")
_SINGLE: Final = ("version", "in_force", "consent_claimed", "basis_refused")


@dataclass(frozen=True, slots=True)
class Change:
    """One part of a pack that is not the same: its properties, each with the old and the new value."""

    part: str
    id: str
    what: What
    properties: Mapping[str, tuple[Any, Any]]


@dataclass(frozen=True, slots=True)
class Answered:
    """A question that the two packs answer differently."""

    question: str
    old: Answer
    new: Answer
    way: Way
    added: tuple[str, ...]
    """Duties that the new answer asks for besides."""
    dropped: tuple[str, ...]


def changes(old: Pack, new: Pack) -> tuple[Change, ...]:
    """Return the parts that are different, companions included, in the order of a pack."""
    return tuple(_changes(old, new, ""))


def compared(name: str, old: Answer, new: Answer) -> Answered | None:
    """Return how two answers to one question differ, or None when they do not."""
    added = tuple(code for code in new.requires if code not in old.requires)
    dropped = tuple(code for code in old.requires if code not in new.requires)
    before, after = severity(old), severity(new)
    open_ = new.verdict in _OPEN
    if open_ != (old.verdict in _OPEN):  # what may not be has no duties that one could compare
        added, dropped = (added, ()) if not open_ else ((), ())
    if before == after and old.sensitive == new.sensitive and not added and not dropped:
        return None
    way: Way = "other"
    if after != before:
        way = "stricter" if after > before else "laxer"
    elif open_ and (added or dropped) and not (added and dropped):
        way = "stricter" if added else "laxer"
    return Answered(name, old, new, way, added, dropped)


def answered(
    old: Pack, new: Pack, questions: Iterable[tuple[str, Question]]
) -> tuple[Answered, ...]:
    """Return the questions that the two packs answer differently."""
    found = (compared(name, decide(ask, old), decide(ask, new)) for name, ask in questions)
    return tuple(one for one in found if one is not None)


def _changes(old: Pack, new: Pack, before: str) -> Iterator[Change]:
    for name in _SINGLE:
        one, other = _plain(getattr(old, name)), _plain(getattr(new, name))
        if one != other:
            yield Change(before + "pack", name, "changed", _differing({name: one}, {name: other}))
    for part in _KEYED:
        yield from _parts(before + part, dict(getattr(old, part)), dict(getattr(new, part)))
    for part in _NAMED:
        one = {item.id: item for item in getattr(old, part)}
        other = {item.id: item for item in getattr(new, part)}
        yield from _parts(before + part, one, other)
    yield from _moved(old, new, before)
    companions = {str(c.regime): c for c in old.companions}
    for companion in new.companions:
        if (known := companions.get(str(companion.regime))) is not None:
            yield from _changes(known, companion, f"{companion.regime}.")


def _parts(part: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    for key in dict.fromkeys([*old, *new]):
        one, other = _plain(old.get(key)), _plain(new.get(key))
        if one == other:
            continue
        what: What = "added" if one is None else "removed" if other is None else "changed"
        yield Change(part, key, what, _differing(one or {}, other or {}))


def _moved(old: Pack, new: Pack, before: str) -> Iterator[Change]:
    """Tell that rules which both packs have stand in another order: the first one decides."""
    known = {rule.id for rule in old.rules} & {rule.id for rule in new.rules}
    one = [rule.id for rule in old.rules if rule.id in known]
    other = [rule.id for rule in new.rules if rule.id in known]
    if one != other:
        yield Change(before + "rules", "order", "moved", {"order": (one, other)})


def _differing(old: Any, new: Any) -> dict[str, tuple[Any, Any]]:
    one, other = dict(_flat(old)), dict(_flat(new))
    return {
        path: (one.get(path), other.get(path))
        for path in dict.fromkeys([*one, *other])
        if one.get(path) != other.get(path)
    }


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _flat(item, f"{path}.{key}" if path else str(key))
    else:
        yield path, value


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return value
