# SPDX-License-Identifier: Apache-2.0
"""The breaches of a bias report as findings: each has a name that the next report gives it again.

Read from the protected document alone, so a finding says nothing that the report does not show.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from audit import canon

SIGNS: Final = 16
BREACH: Final = "breach"
WITHIN: Final = "within"
NO_PEOPLE: Final = "no-people"
ALL: Final = "all"
"""The population of everybody."""


@dataclass(frozen=True, slots=True)
class Breach:
    """One group that a tag treats beyond the limit; no labels: a group too small to be named."""

    tag: str
    rate: str
    value: str
    benefit: bool
    attributes: tuple[str, ...]
    labels: tuple[str, ...]
    figure: str | None = None
    """Its ratio to the others, in digits; None where the report does not show it."""
    outcome: str = ""
    """What a rate of an outcome speaks of; '' for rates that need none."""
    milder: str | None = None
    """Its ratio as mild as noise may have hidden it; the figure itself where there is no noise."""
    population: str = ""
    """Whose people were counted, where it was not everybody."""

    @property
    def what(self) -> dict[str, Any]:
        """Return what the finding is about: all but the figure."""
        return {
            "tag": self.tag,
            "rate": self.rate,
            "value": self.value,
            "benefit": self.benefit,
            "attributes": list(self.attributes),
            "labels": list(self.labels),
            **({"outcome": self.outcome} if self.outcome else {}),
            **({"population": self.population} if self.population else {}),
        }

    @property
    def group(self) -> str:
        """Return the group in short, as `group_of`."""
        return group_of(self.what)

    @property
    def name(self) -> str:
        """Return the name of the finding: the same for the same group of the same tag."""
        return f"finding-{canon.digest(self.what)[:SIGNS]}"


def group_of(what: Mapping[str, Any]) -> str:
    """Return what a finding is about in short: attributes with labels, and what is not the usual."""
    pairs = zip(what["attributes"], what["labels"], strict=False)
    name = " ".join(f"{attribute}={label}" for attribute, label in pairs)
    value = f" value={what['value']}" if what["value"] not in ("", "yes") else ""
    rate = f" rate={what['rate']}" if what["rate"] not in ("", "selection") else ""
    outcome = f" outcome={what['outcome']}" if what.get("outcome") else ""
    people = f" population={what['population']}" if what.get("population") else ""
    return (name or f"{','.join(what['attributes'])}=*") + value + rate + outcome + people


def breaches(document: Mapping[str, Any]) -> list[Breach]:
    """Return the breaches of a report; a verdict that names no group gives one without labels."""
    if document["verdict"]["status"] != BREACH:
        return []
    tag, against = document["identity"]["tag"], document["identity"]["policy"]["against"]
    found = [
        Breach(
            tag,
            part["rate"],
            part["value"],
            part["benefit"],
            tuple(part["attributes"]),
            tuple(group["labels"]),
            _figure(group, against),
            _outcome(document, part["rate"]),
            _milder(document, part, group, against),
            _population(document),
        )
        for part in document["comparisons"]
        for group in part["groups"]
        if group["status"] == BREACH
    ]
    if found:
        return found
    return [
        Breach(
            tag,
            "",
            "",
            benefit=any(_directions(document)),
            attributes=_widest(document),
            labels=(),
            outcome=str(document["identity"]["outcome"]),
            population=_population(document),
        )
    ]


def resolves(document: Mapping[str, Any], what: Mapping[str, Any]) -> bool:
    """Return whether a report shows a finding within the policy; too little evidence does not.

    The report must compare by the same attributes, the same people. A group that it no longer names, or
    of whom there is nobody, is within when the whole tag is. That the others are within says nothing of a
    group that is named and could not be judged.
    """
    if _population(document) != what.get("population", ""):
        return False
    whole = bool(document["verdict"]["status"] == WITHIN)
    if not what[
        "labels"
    ]:  # what was judged there must all have been judged here, the same way round
        same = document["identity"]["outcome"] == what.get("outcome", "")
        same = same and what["benefit"] in _directions(document)
        return whole and same and set(what["attributes"]) <= set(_widest(document))
    for part in document["comparisons"]:
        if any(part[name] != what[name] for name in ("rate", "value", "benefit", "attributes")):
            continue
        if _outcome(document, part["rate"]) != what.get("outcome", ""):
            continue
        said = {
            tuple(group["labels"]): (group["status"], group["reason"]) for group in part["groups"]
        }
        status, reason = said.get(tuple(what["labels"]), (None, ""))
        return whole if status is None or reason == NO_PEOPLE else bool(status == WITHIN)
    return False


def worse(now: str | None, then: str | None, *, benefit: bool) -> bool:
    """Return whether a ratio is worse than one before; what is not shown may be worse."""
    if now is None or then is None:
        return True
    return Decimal(now) < Decimal(then) if benefit else Decimal(now) > Decimal(then)


def _outcome(document: Mapping[str, Any], rate: str) -> str:
    return str(document["identity"]["outcome"]) if rate != "selection" else ""


def _figure(group: Mapping[str, Any], against: str) -> str | None:
    ratio = group.get(f"ratio_{against}")
    return ratio["value"] if ratio else None


def _milder(
    document: Mapping[str, Any], part: Mapping[str, Any], group: Mapping[str, Any], against: str
) -> str | None:
    if "noise" not in document:
        return _figure(group, against)
    ratio = group[f"ratio_{against}"]
    end = ratio["high" if part["benefit"] else "low"] or ratio["value"]
    return None if end is None else str(end)


def _population(document: Mapping[str, Any]) -> str:
    people = str(document["noise"]["population"]) if "noise" in document else ALL
    return "" if people == ALL else people


def _directions(document: Mapping[str, Any]) -> set[bool]:
    return {part["benefit"] for part in document["comparisons"]}


def _widest(document: Mapping[str, Any]) -> tuple[str, ...]:
    names = {name for part in document["comparisons"] for name in part["attributes"]}
    return tuple(sorted(names))
