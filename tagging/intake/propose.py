# SPDX-License-Identifier: Apache-2.0
"""Proposes a mapping for a file that nobody has described: from names of columns, and from values.

It is a proposal: what it is not sure of is marked CHECK. Values of people are looked at here and do
not come out, except spellings of nothing and words for types of events.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from tagging.intake.cells import PLACEHOLDERS
from tagging.intake.propose_time import looks_like_time, time_format
from tagging.intake.wording import (
    ALWAYS_NULL,
    BIRTH_DATES,
    BIRTH_YEARS,
    EXTRAS,
    NULL_WORDS,
    PROFILE,
    ROLES,
    STATE_WORDS,
    TYPE_WORDS,
    meaning,
    plain,
)

_NUMBER = re.compile(r"[+-]?[0-9]+([.][0-9]+)?([eE][+-]?[0-9]+)?\Z")
_COMMA = re.compile(r"[+-]?[0-9]{1,3}([.][0-9]{3})*,[0-9]+\Z|[+-]?[0-9]+,[0-9]+\Z")
_FEW = 40
_MISSING = "CHANGE_ME"


@dataclass(frozen=True, slots=True)
class Sample:
    """The first rows of a file: names of columns, and the values of each."""

    columns: Mapping[str, Sequence[str | None]]
    source: Mapping[str, object]
    """What was found out about the file: format, encoding, delimiter, header, columns."""
    zone: str = "UTC"

    def values(self, name: str) -> list[str]:
        """Return the values of a column that say something."""
        words = (value.strip() for value in self.columns[name] if value)
        return [word for word in words if word and word not in ALWAYS_NULL]


@dataclass(slots=True)
class Draft:
    """The lines of a mapping while it is written."""

    sample: Sample
    roles: dict[str, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)

    def add(self, line: str, check: str = "") -> None:
        """Add a line, with what a person should look at."""
        self.lines.append(f"{line}  # CHECK: {check}" if check else line)


def propose(sample: Sample) -> str:
    """Return a mapping as YAML, ready to be saved and corrected."""
    draft = Draft(sample, _roles(sample))
    kind = _kind(draft)
    draft.add("apiVersion: tagwarden/v1")
    draft.add(f"kind: {kind}")
    _source(draft)
    _subject(draft)
    if kind == "EventMap":
        _events(draft)
    elif kind == "ConsentMap":
        _consents(draft)
    else:
        _profiles(draft)
    return "\n".join(draft.lines) + "\n"


def _roles(sample: Sample) -> dict[str, str]:
    """Return which column plays which role: the first word of a role's list wins."""
    if sample.source.get("header") is False:
        return _roles_by_value(sample)
    plain_names = {plain(name): name for name in reversed(list(sample.columns))}
    found: dict[str, str] = {}
    for role, words in ROLES.items():
        name = next((plain_names[word] for word in words if word in plain_names), None)
        if name is not None and name not in found.values():
            found[role] = name
    if "time" not in found:  # no name says so: a column of times that is no birthday does
        for role, name in _roles_by_value(sample).items():
            birthday = "birth" in plain(name) or "生" in name
            if role not in found and name not in found.values() and not birthday:
                found[role] = name
    return found


def _roles_by_value(sample: Sample) -> dict[str, str]:
    """Return what values alone tell: which column is a time, and which a type of event."""
    found: dict[str, str] = {}
    for name in sample.columns:
        values = sample.values(name)
        if not values:
            continue
        words = set(values)
        if "time" not in found and looks_like_time(values):
            found["time"] = name
        elif (
            "type" not in found
            and len(words) <= _FEW
            and all(meaning(word, TYPE_WORDS) for word in words if not word.isdigit())
            and not all(word.isdigit() for word in words)
        ):
            found["type"] = name
    return found


def _kind(draft: Draft) -> str:
    roles = draft.roles
    if "purpose" in roles and "state" in roles:
        return "ConsentMap"
    return "EventMap" if "time" in roles else "ProfileMap"


def quoted(text: str) -> str:
    """Return a word as YAML: bare when that is safe, in quotes when not."""
    safe = re.fullmatch(r"[A-Za-z\u4e00-\u9fff][\w\u4e00-\u9fff]*", text)
    if safe and text.lower() not in ("true", "false", "null", "yes", "no", "on", "off"):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t") + '"'


def listed(words: Iterable[str]) -> str:
    """Return words as a list in YAML."""
    return "[" + ", ".join(quoted(word) for word in words) + "]"


def _source(draft: Draft) -> None:
    parts = []
    for key, value in draft.sample.source.items():
        if isinstance(value, bool):
            parts.append(f"{key}: {str(value).lower()}")
        elif isinstance(value, str):
            parts.append(f"{key}: {value if key in ('format', 'encoding') else quoted(value)}")
        elif isinstance(value, list | tuple):
            parts.append(f"{key}: {listed(map(str, value))}")
    nulls = _nulls(draft.sample)
    if nulls:
        parts.append(f"nulls: {listed(['', *nulls])}")
    if numbers := _numbers(draft):
        parts.append(numbers)
    draft.add(f"source: {{{', '.join(parts)}}}")


def _nulls(sample: Sample) -> list[str]:
    seen = {value for values in sample.columns.values() for value in values if value}
    return [word for word in NULL_WORDS if word in seen]


def _numbers(draft: Draft) -> str:
    for role in ("price", "amount", "quantity"):
        if name := draft.roles.get(role):
            values = draft.sample.values(name)
            if (
                values
                and any(_COMMA.match(v) for v in values)
                and not any(re.search(r"[.][0-9]{1,2}\Z", v) for v in values)
            ):
                return 'numbers: {decimal: ",", thousands: "."}'
    return ""


def _subject(draft: Draft) -> None:
    name = draft.roles.get("subject")
    if name is None:
        draft.add(f"subject: {_MISSING}", "which column says who the row is about?")
        return
    values = draft.sample.values(name)
    counted = Counter(values)
    none = [
        word
        for word in counted
        if word.lower() in PLACEHOLDERS or (word in ("0", "-1") and counted[word] > 1)
    ]
    parts = [f"column: {quoted(name)}"]
    if none:
        parts.append(f"none: {listed(sorted(none))}")
    numeric = [value for value in values if re.fullmatch(r"[0-9]+[.]0", value)]
    if numeric and len(numeric) + sum(counted[word] for word in none) == len(values):
        parts.append("trailing_zero: drop")
    plain_column = quoted(name) if len(parts) == 1 else f"{{{', '.join(parts)}}}"
    draft.add(f"subject: {plain_column}")


def _time(draft: Draft) -> None:
    name = draft.roles.get("time")
    if name is None:
        draft.add(f"time: {{column: {_MISSING}}}", "which column says when?")
        return
    form, doubt = time_format(draft.sample.values(name))
    parts = [f"column: {quoted(name)}"]
    if "clock" in draft.roles:
        parts.append(f"clock: {quoted(draft.roles['clock'])}")
    if form != "auto":
        parts.append(f'format: "{form}"')
    parts.append(f"zone: {draft.sample.zone}")
    doubt = doubt or "is this the shop's clock? stored: UTC when the times are UTC"
    draft.add(f"time: {{{', '.join(parts)}}}", doubt)


def _events(draft: Draft) -> None:
    _time(draft)
    _types(draft)
    _rules(draft)
    for role in ("item", "category", "session", "quantity"):
        if name := draft.roles.get(role):
            draft.add(f"{role}: {quoted(name)}")
    if name := draft.roles.get("price"):
        if _is_line_total(draft):
            draft.add(
                f"price: {{column: {quoted(name)}, means: line_total}}", "it grows with quantity"
            )
        else:
            draft.add(f"price: {quoted(name)}")
    if name := draft.roles.get("amount"):
        draft.add(f"amount: {quoted(name)}")
    extras = [name for name in draft.sample.columns if plain(name) in EXTRAS]
    if extras:
        draft.add("extra:")
        for number, name in enumerate(extras):
            draft.add(f"  {_slug(name, f'extra_{number + 1}')}: {quoted(name)}")
    if name := draft.roles.get("event_id"):
        draft.add(f"duplicates: {listed([name])}")
    else:
        draft.add("duplicates: row", "keep, when equal rows are different events")


def _types(draft: Draft) -> None:
    name = draft.roles.get("type")
    if name is None:
        draft.add("type: purchase", "no column of types was found: are all rows purchases?")
        return
    words = sorted(set(draft.sample.values(name)))
    if len(words) > _FEW:
        draft.add("type: purchase", f"{quoted(name)} has too many values to be a type")
        return
    known = {word: code for word in words if (code := meaning(word, TYPE_WORDS))}
    pairs = ", ".join(f"{quoted(word)}: {code}" for word, code in known.items())
    unknown = len(words) - len(known)
    doubt = f"{unknown} more values are not listed; such rows are put aside" if unknown else ""
    draft.add(f"type: {{column: {quoted(name)}, values: {{{pairs}}}}}", doubt)


def _rules(draft: Draft) -> None:
    """Propose what a negative quantity is: a cancelled order, or a return."""
    name = draft.roles.get("quantity")
    if name is None:
        return
    negative = [
        at for at, value in enumerate(draft.sample.columns[name]) if (value or "").startswith("-")
    ]
    if not negative:
        return
    order = draft.roles.get("session")
    marked = order and [
        at for at in negative if (draft.sample.columns[order][at] or "")[:1].upper() == "C"
    ]
    draft.add("rules:")
    if order and marked and len(marked) * 2 > len(negative):
        draft.add(f"  - {{type: cancel, when: {{column: {quoted(order)}, starts_with: C}}}}")
    draft.add(
        f"  - {{type: return, when: {{column: {quoted(name)}, less_than: 0}}}}",
        "rows with a negative quantity: returns?",
    )


def _is_line_total(draft: Draft) -> bool:
    """Return whether, item by item, price by quantity is steadier than price."""
    names = [draft.roles.get(role) for role in ("item", "quantity", "price")]
    if "amount" in draft.roles or None in names:
        return False
    columns = [draft.sample.columns[str(name)] for name in names]
    seen: dict[str, set[tuple[float, float]]] = {}
    for item, quantity, price in zip(*columns, strict=True):
        if (
            item
            and _NUMBER.match(quantity or "")
            and _NUMBER.match(price or "")
            and float(quantity or 0) > 0
        ):
            seen.setdefault(item, set()).add((float(quantity or 0), float(price or 0)))
    unit = total = 0
    for pairs in seen.values():
        if len({quantity for quantity, _ in pairs}) > 1:
            unit += len({price for _, price in pairs}) == 1
            ratios = {round(price / quantity, 4) for quantity, price in pairs}
            total += len(ratios) == 1 and len({price for _, price in pairs}) > 1
    return total > max(unit, 1)


def _profiles(draft: Draft) -> None:
    subject, taken = draft.roles.get("subject"), set()
    for name in draft.sample.columns:
        if plain(name) in BIRTH_DATES or plain(name) in BIRTH_YEARS:
            means = "birth_date" if plain(name) in BIRTH_DATES else "birth_year"
            draft.add(f"age: {{column: {quoted(name)}, means: {means}}}")
            taken.add(name)
            break
    draft.add("attributes:")
    used: set[str] = set()
    for number, name in enumerate(draft.sample.columns):
        if name == subject or name in taken:
            continue
        key, category, doubt = _attribute(name, number)
        if key in used:
            key = f"{key}_{number + 1}"
        used.add(key)
        draft.add(f"  {key}: {{column: {quoted(name)}, category: {category}}}", doubt)


def _attribute(name: str, number: int) -> tuple[str, str, str]:
    for key, category, words in PROFILE.values():
        if plain(name) in words:
            return key, category, ""
    return (
        _slug(name, f"attribute_{number + 1}"),
        "user.demographic",
        "which category of data is it?",
    )


def _consents(draft: Draft) -> None:
    _time(draft)
    draft.add(f"purpose: {{column: {quoted(draft.roles['purpose'])}}}", "the keys of your purposes")
    name = draft.roles["state"]
    words = sorted(set(draft.sample.values(name)))[:_FEW]
    known = {word: code for word in words if (code := meaning(word, STATE_WORDS))}
    pairs = ", ".join(f"{quoted(word)}: {code}" for word, code in known.items())
    draft.add(f"state: {{column: {quoted(name)}, values: {{{pairs}}}}}")


def _slug(name: str, otherwise: str) -> str:
    word = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
    return word if re.match(r"[a-z]", word) else otherwise
