# SPDX-License-Identifier: Apache-2.0
"""Whether one policy is laxer than another: what is not plainly stricter or equal counts as laxer."""

from decimal import Decimal
from typing import Any, Final

from audit.bias.policy import Duty, FairnessPolicy

_STRICTER: Final[dict[tuple[str, ...], int]] = {
    ("impact_ratio", "floor"): 1,
    ("price", "tolerance"): -1,
    ("leak", "tag_bits"): -1,
    ("leak", "pair_bits"): -1,
    ("leak", "auc"): -1,
}
"""Limits with a direction: 1 where a larger number is stricter. Everything else must be equal."""
_HOURS: Final = {"d": 24, "h": 1}


def laxer(new: FairnessPolicy, old: FairnessPolicy) -> list[str]:
    """Return the parts of a policy that may let through what the old one did not, by name."""
    found = [] if set(old.attributes) <= set(new.attributes) else ["attributes"]
    if not all(any(_covers(one, duty) for one in new.audits) for duty in old.audits):
        found.append("audits")
    if old.waivers and not (
        new.waivers and _hours(new.waivers.longest) <= _hours(old.waivers.longest)
    ):
        found.append("waivers")
    before, after = _flat(old.document()), _flat(new.document())
    for path in sorted(before.keys() | after.keys()):
        was, now = before.get(path), after.get(path)
        if was != now and not _is_stricter(path, now, was):
            found.append(".".join(path))
    return found


def _is_stricter(path: tuple[str, ...], now: Any, was: Any) -> bool:
    sign = _STRICTER.get(path)
    return sign is not None and sign * (Decimal(now) - Decimal(was)) > 0


def _covers(new: Duty, old: Duty) -> bool:
    """Return whether a duty asks for all that an old one asked for."""
    return (
        new.tags == old.tags
        and _hours(new.within) <= _hours(old.within)
        and all(
            getattr(new, part) == "suspend" or getattr(old, part) == "warn"
            for part in ("overdue", "breach")
        )
    )


def _hours(span: str) -> int:
    return int(span[:-1]) * _HOURS[span[-1]]


def _flat(document: dict[str, Any]) -> dict[tuple[str, ...], Any]:
    """Return the limits by path, without what is compared by itself and names, which let nothing through."""
    found: dict[tuple[str, ...], Any] = {}
    for name, value in document.items():
        if name in ("version", "names", "attributes", "audits", "waivers"):
            continue
        if isinstance(value, dict):
            found |= {(name, part): inner for part, inner in value.items()}
        else:
            found[name,] = value
    return found
