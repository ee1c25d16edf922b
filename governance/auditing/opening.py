# SPDX-License-Identifier: Apache-2.0
"""Opens the attributes that an audit compares by, and turns them into codes at once.

The gate is asked as for a tag: an attribute is opened only for people whom the purpose of the policy
permits. Whoever is not let through, or gave no answer, is counted as `unknown`. That attributes are
opened, which and why, is on record before the first one is.
"""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray
from pyroaring import BitMap
from sqlalchemy import Connection, text

from audit.bias.cube import UNKNOWN, Axis, Kind
from audit.bias.merging import OTHER
from audit.bias.policy import FairnessPolicy
from audit.errors import BadInput, NotFound, Refused
from governance.catalogue import attribute_categories
from governance.gate import Gate
from governance.purpose import purpose_named
from governance.running.attributes import cells_of
from policies.document import nearest
from tagging.document import Tag

if TYPE_CHECKING:
    from governance.workspace import Workspace

EVENTS: Final = "user.behavior.purchase_history"
"""The category of what people did, for audits that read events."""
MAX_VALUES: Final = 40
"""Values of an attribute that are compared, at the most: beyond, it is a name rather than a group."""
_BAND: Final = re.compile(r"\D{0,2}(\d+)")


@dataclass(frozen=True, slots=True, eq=False)
class Opened:
    """An attribute of some people as codes, by position; `closed` is for how many it stayed sealed."""

    axis: Axis
    codes: NDArray[np.int16]
    category: str
    closed: int


def log_opening(ws: "Workspace", policy: FairnessPolicy, why: str) -> None:
    """Put on record which attributes are opened, under which purpose and why; raises as `check_opening`."""
    with ws.store.write() as unit:
        check_opening(unit.connection, policy)
        for key in policy.attributes:
            unit.log(
                ws.evidence.entry(
                    "attribute.opened", attribute=key, purpose=policy.opening.purpose, why=why
                )
            )


def check_opening(connection: Connection, policy: FairnessPolicy) -> None:
    """Raise for attributes that cannot be opened by a policy; opens nothing.

    NotFound `unknown-attribute`, `unknown-purpose`, BadInput `bad-opening`.
    """
    known = attribute_categories(connection)
    purpose_named(connection, policy.opening.purpose)
    for key in policy.attributes:
        if key not in known:
            hint = nearest(key, known) or "they come in with tagwarden ingest profiles"
            raise NotFound("unknown-attribute", f'people have no attribute "{key}"', hint=hint)
        asked(policy, key, known[key])


def opened(
    ws: "Workspace",
    connection: Connection,
    policy: FairnessPolicy,
    gate: Gate,
    people: BitMap,
    *,
    named: Mapping[str, frozenset[str]] | None = None,
    axes: Mapping[str, Axis] | None = None,
) -> tuple[Opened, ...]:
    """Return the attributes of the policy for `people` (by ascending number).

    `named` are values that keep their names even when few have them: an earlier report told them. `axes`
    are values that were fixed before anybody was looked up: then nothing else decides which there are.
    Raises Refused `attribute-too-fine` for one with too many values that are not fixed.
    """
    known = attribute_categories(connection)
    return tuple(
        _one(
            ws,
            connection,
            policy,
            gate,
            people,
            key,
            known[key],
            (named or {}).get(key, frozenset()),
            (axes or {}).get(key),
        )
        for key in policy.attributes
    )


def _one(  # noqa: PLR0917  (one caller)
    ws: "Workspace",
    connection: Connection,
    policy: FairnessPolicy,
    gate: Gate,
    people: BitMap,
    key: str,
    category: str,
    told: frozenset[str],
    fixed: Axis | None,
) -> Opened:
    permitted = people & gate.people(asked(policy, key, category), policy.opening.purpose)
    ids: list[int] = []
    said: list[int] = []
    numbers: dict[str, int] = {}
    for subject_id, _class, values in ws.people.unseal(
        cells_of(connection, frozenset([key]), permitted)
    ):
        if (value := values.get(key)) is not None:
            ids.append(subject_id)
            said.append(numbers.setdefault(value, len(numbers)))
            if fixed is None and len(numbers) > MAX_VALUES:
                raise Refused(
                    "attribute-too-fine",
                    f'"{key}" has more than {MAX_VALUES} values: people would stand alone',
                    hint="bring it in as bands, or compare by another attribute",
                )
    axis = fixed or _axis(policy, key, numbers, Counter(said), told)
    codes = np.full(len(people), len(axis.values) - 1, dtype=np.int16)
    if ids:
        at = np.searchsorted(numbers_of(people), np.array(ids, dtype=np.int64))
        codes[at] = _places(axis, numbers)[np.array(said, dtype=np.int64)]
    return Opened(axis, codes, category, len(people) - len(permitted))


def consents_to(connection: Connection, policy: FairnessPolicy) -> int:
    """Return how many people have agreed to the purpose under which attributes are opened."""
    return int(
        connection.execute(
            text(
                "SELECT count(DISTINCT subject_id) FROM consentstate "
                "WHERE purpose = :p AND state = 'given'"
            ),
            {"p": policy.opening.purpose},
        ).scalar_one()
    )


def source_of(
    policy: FairnessPolicy, name: str, category: str, closed: int, consents: int
) -> dict[str, Any]:
    """Return where an attribute comes from and on which basis it was opened: `schema.Source`."""
    k = policy.release.k
    return {
        "attribute": name,
        "origin": category,
        "basis": basis_of(policy),
        "consents": consents // k * k,
        "closed": closed // k * k,
    }


def basis_of(policy: FairnessPolicy) -> str:
    """Return under which purpose, and on which basis by regime, a policy opens attributes: in codes."""
    basis = ", ".join(f"{regime} {name}" for regime, name in policy.opening.basis.items())
    return f"{policy.opening.purpose}: {basis}"


def numbers_of(people: BitMap) -> NDArray[np.int64]:
    """Return the members of a set in ascending order."""
    return np.frombuffer(people.to_array(), dtype=np.uint32).astype(np.int64)


def _axis(
    policy: FairnessPolicy,
    key: str,
    numbers: dict[str, int],
    of: Counter[int],
    told: frozenset[str],
) -> Axis:
    """Return the values by name; what nobody listed or told and fewer than k have is `other`."""
    listed = policy.orders.get(key, [])
    found = [value for value in numbers if value not in listed and value != UNKNOWN]
    few = {value for value in found if of[numbers[value]] < policy.release.k}
    named = [value for value in found if value not in few or value in told]
    bands = bool(named) and all(_BAND.match(value) for value in named)
    named.sort(key=_in_order if bands else str)
    values = [*listed, *named]
    if len(named) < len(found) and OTHER not in values:
        values.append(OTHER)
    in_order = values == listed or (bands and values == named)
    return Axis(key, Kind.ATTRIBUTE, (*values, UNKNOWN), in_order)


def _in_order(band: str) -> tuple[int, str]:
    found = _BAND.match(band)
    return (int(found[1]) if found else 0, band)


def _places(axis: Axis, numbers: dict[str, int]) -> NDArray[np.int16]:
    """Return the place on the axis of each value, in the order of their numbers."""
    rest = axis.values.index(OTHER) if OTHER in axis.values else len(axis.values) - 1
    places = [axis.values.index(v) if v in axis.values else rest for v in numbers]
    return np.array(places, dtype=np.int16)


def asked(policy: FairnessPolicy, key: str, category: str) -> Tag:
    """Return the tag by which the gate judges whose attribute may be opened."""
    words = {"en": "Comparison of groups in an audit", "zh": "审计中的分组比较"}
    plain: dict[str, Any] = {
        "apiVersion": "tagwarden/v1",
        "kind": "Tag",
        "key": "audit.bias",
        "name": words,
        "says": words,
        "owner": policy.key,
        "dimension": "basic",
        "derivation": "declared",
        "sources": [category],
        "asserts": [category],
        "purposes": [policy.opening.purpose],
        "basis": policy.opening.basis,
        "ttl": "1d",
        "value": f"attribute('{key}')",
        "purge_on_withdrawal": "immediately",
    }
    try:
        return Tag.model_validate(plain)
    except ValueError:
        raise BadInput(
            "bad-opening",
            "the policy opens attributes on a basis that there is not",
            hint="opening: {purpose: analytics, basis: {gdpr: legitimate_interest, pipl_cn: consent}}",
        ) from None
