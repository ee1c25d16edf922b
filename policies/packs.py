# SPDX-License-Identifier: Apache-2.0
"""Reads policy packs and chooses the versions in force.

Refuses a pack whose rules name a set, table, duty or purpose that is not there. Several versions of
one regime may lie in the library; `packs(at)` gives those in force on a date, without a date the
newest. Companions apply together with their regime, and can be asked alone.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Final

from audit.errors import NotFound, Problems
from policies.document import Document, nearest, parse_documents, validate
from policies.rules import Duty, Pack, Rule, Sensitivity, When
from policies.vocabulary import DUTIES, Companion, Regime, Use

COMPANIONS: Final = "eu_companions"
_MADE_BY_READING: Final = ("categories", "companions", "beneath", "overlay", "reason")


@cache
def packs(at: date | None = None) -> Mapping[str, Pack]:
    """Return the packs in force on a date, by regime, each with the companions that apply with it."""
    return in_force(library(), at)


def pack_of(regime: str, at: date | None = None) -> Pack:
    """Return the pack of a regime or companion in force on a date; raises NotFound."""
    found = packs(at).get(regime) or _companions(library(), at).get(regime)
    if found is None:
        known = (*packs(at), *map(str, Companion))
        raise NotFound(
            "unknown-regime",
            f'there is no pack for "{regime}"',
            hint=nearest(regime, known) or "regimes: " + ", ".join(known),
        )
    return found


@cache
def library() -> tuple[Pack, ...]:
    """Return every version of every pack that comes with the product."""
    stems = {*map(str, Regime), COMPANIONS}
    found: list[Pack] = []
    for item in sorted((files("policies") / "library").iterdir(), key=lambda item: item.name):
        stem, _, ending = item.name.rpartition(".")
        if ending == "yaml" and stem.partition("-")[0] in stems:
            found += read_packs(item.read_bytes(), item.name)
    return tuple(found)


def in_force(known: Sequence[Pack], at: date | None = None) -> dict[str, Pack]:
    """Return of some packs those in force on a date, by regime, with their companions.

    Where no version of a regime is in force, the first one stands: it answers that it is not.
    """
    companions = _companions(known, at)
    chosen: dict[str, Pack] = {}
    for regime in Regime:
        versions = [pack for pack in known if pack.regime == regime]
        if versions:
            with_it = tuple(c for c in companions.values() if c.applies_with == regime)
            chosen[str(regime)] = _chosen(versions, at).model_copy(update={"companions": with_it})
    return chosen


def _companions(known: Sequence[Pack], at: date | None) -> dict[str, Pack]:
    by_code = {str(code): [pack for pack in known if pack.regime == code] for code in Companion}
    return {code: _chosen(versions, at) for code, versions in by_code.items() if versions}


def _chosen(versions: Sequence[Pack], at: date | None) -> Pack:
    """Return the newest version in force on the date; the first one when none is."""
    order = sorted(versions, key=lambda pack: (pack.in_force.start, _number(pack.version)))
    law = [
        pack
        for pack in order
        if at is None
        or (pack.in_force.start <= at and (pack.in_force.end is None or at < pack.in_force.end))
    ]
    return law[-1] if law else order[0]


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


@cache
def categories() -> frozenset[str]:
    """Return the keys of data categories that packs know."""
    data = (files("policies") / "library" / "categories.yaml").read_bytes()
    return frozenset(parse_documents(data, "categories.yaml")[0].value["categories"])


def read_pack(data: bytes, file: str) -> Pack:
    """Return the first pack in a YAML file; raises BadInput with every problem of it."""
    return read_packs(data, file)[0]


def read_packs(data: bytes, file: str) -> list[Pack]:
    """Return the packs in a YAML file; raises BadInput with every problem of it."""
    problems = Problems(file)
    found = [_read(document, problems) for document in parse_documents(data, file)]
    if not found:
        problems.add("bad-rule", "there is no pack in it", hint="kind: PolicyPack")
    problems.raise_if_any("bad-pack", f"{file} is not a usable policy pack")
    return [pack for pack in found if pack is not None]


def _read(document: Document, problems: Problems) -> Pack | None:
    stated = document.value if isinstance(document.value, dict) else {}
    for key in sorted(set(stated) & set(_MADE_BY_READING)):
        line, column = document.place((key,))
        problems.add("unknown-key", f'"{key}" is not a key here', line=line, column=column)
    pack = validate(Pack, document, problems)
    if pack is None:
        return None
    check(pack, document, problems)
    return pack.model_copy(update={"categories": categories()})


def check(pack: Pack, document: Document, problems: Problems, *, own: bool = False) -> None:
    """Note what a pack names that is not there; `own`: the parts are an operator's."""
    seen: set[str] = set()
    parts: list[tuple[str, Sequence[Rule | Sensitivity | Duty]]] = [
        ("sensitivity", pack.sensitivity),
        ("rules", pack.rules),
        ("duties", pack.duties),
    ]
    for part, items in parts:
        for number, item in enumerate(items):
            line, column = document.place((part, number))
            complaints = [*_complaints(pack, item.when), *_unknown_duties(item)]
            if item.id in seen:
                complaints.append("an id stands for one thing only")
            if item.provenance == "operator" and not own:
                complaints.append("only an overlay has parts of an operator")
            seen.add(item.id)
            for complaint in complaints:
                problems.add("bad-rule", f"{item.id}: {complaint}", line=line, column=column)
    for name, members in pack.sets.items():
        check_categories(name, members.categories, document, problems)
        if members.provenance == "operator" and not own:
            line, column = document.place(("sets", name, "provenance"))
            said = f"{name}: only an overlay has parts of an operator"
            problems.add("bad-rule", said, line=line, column=column)


def check_categories(
    name: str, members: Sequence[str], document: Document, problems: Problems
) -> None:
    """Note the members of a set that no category of data is, or lies below."""
    known = categories()
    line, column = document.place(("sets", name))
    for category in members:
        if category not in known and not any(k.startswith(category + ".") for k in known):
            problems.add(
                "bad-rule",
                f'{name}: unknown category "{category}"',
                line=line,
                column=column,
                hint=nearest(category, known),
            )


def _unknown_duties(item: Rule | Sensitivity | Duty) -> Iterator[str]:
    if isinstance(item, Sensitivity):
        return
    codes = item.then.requires if isinstance(item, Rule) else item.requires
    yield from (f'unknown duty "{code}"' for code in codes if code not in DUTIES)


def _complaints(pack: Pack, when: When) -> Iterator[str]:
    uses = {str(use) for use in Use}
    yield from (f'unknown purpose "{use}"' for use in when.purpose or () if use not in uses)
    for name in (*(when.reveals or ()), *(when.reveals_none_of or ())):
        if name not in pack.sets:
            yield f'unknown set "{name}"'
    for age in (when.age_below, when.age_from):
        if isinstance(age, str) and age not in pack.tables:
            yield f'unknown table "{age}"'
    for part in when.any_of or ():
        yield from _complaints(pack, part)
