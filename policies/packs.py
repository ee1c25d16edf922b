# SPDX-License-Identifier: Apache-2.0
"""Reads policy packs. Refuses a pack whose rules name a set, table, duty or purpose that is not there."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files

from audit.errors import NotFound, Problems
from policies.document import Document, nearest, parse_documents, validate
from policies.rules import Duty, Pack, Rule, Sensitivity, When
from policies.vocabulary import DUTIES, Regime, Use


@cache
def packs() -> Mapping[str, Pack]:
    """Return the packs that come with the product, by regime."""
    found = {}
    for regime in Regime:
        name = f"{regime}.yaml"
        found[str(regime)] = read_pack((files("policies") / "library" / name).read_bytes(), name)
    return found


def pack_of(regime: str) -> Pack:
    """Return the pack of a regime; raises NotFound."""
    found = packs().get(regime)
    if found is None:
        raise NotFound(
            "unknown-regime",
            f'there is no pack for "{regime}"',
            hint=nearest(regime, packs()) or "regimes: " + ", ".join(packs()),
        )
    return found


@cache
def categories() -> frozenset[str]:
    """Return the keys of data categories that packs know."""
    data = (files("policies") / "library" / "categories.yaml").read_bytes()
    return frozenset(parse_documents(data, "categories.yaml")[0].value["categories"])


def read_pack(data: bytes, file: str) -> Pack:
    """Return the pack in a YAML document; raises BadInput with every problem of it."""
    problems = Problems(file)
    document = parse_documents(data, file)[0]
    pack = validate(Pack, document, problems)
    if pack is not None:
        _check(pack, document, problems)
    problems.raise_if_any("bad-pack", f"{file} is not a usable policy pack")
    if pack is None:  # pragma: no cover  (a pack that does not validate has problems)
        raise AssertionError(file)
    return pack.model_copy(update={"categories": categories()})


def _check(pack: Pack, document: Document, problems: Problems) -> None:
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
            seen.add(item.id)
            for complaint in complaints:
                problems.add("bad-rule", f"{item.id}: {complaint}", line=line, column=column)
    known = categories()
    for name, members in pack.sets.items():
        line, column = document.place(("sets", name))
        for category in members.categories:
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
