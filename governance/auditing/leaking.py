# SPDX-License-Identifier: Apache-2.0
"""One audit for leaks: what the tags that people have say about one sealed attribute.

The table of people by tags lives in memory between opening and counting; only counts leave.
"""

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from pyroaring import BitMap
from sqlalchemy import Connection

from audit import canon
from audit.bias.cube import UNKNOWN
from audit.bias.leak import gram
from audit.bias.leak_report import LeakCounts, LeakHead, leak_report
from audit.bias.policy import FairnessPolicy
from audit.clock import iso
from audit.errors import BadInput
from governance.assignments import expires_at, holders
from governance.auditing import kept, limits
from governance.auditing.examining import REASONS
from governance.auditing.naming import column_names, names_of
from governance.auditing.opening import consents_to, log_opening, numbers_of, opened, source_of
from governance.authority import demand
from governance.catalogue import USABLE, Active, active, attribute_categories
from governance.gate import Gate
from governance.purpose import purposes

if TYPE_CHECKING:
    from governance.workspace import Workspace

MAX_COLUMNS: Final = 400
Columns = list[tuple[str, BitMap]]
"""Names of tags, or of their values, and who holds them."""


def leak(
    ws: "Workspace",
    attribute: str,
    keys: Sequence[str] = (),
    policy_file: Path | None = None,
    *,
    why: str = "periodic",
) -> kept.Kept:
    """Audit what tags (none named: all in use) say about an attribute; returns the kept report.

    Raises BadInput, NotFound for tags and attribute, Refused `attribute-too-fine`.
    """
    demand(ws, "audit.leak")
    if why not in REASONS:
        raise BadInput("audit-question", "there is no such reason", hint=", ".join(REASONS))
    with ws.store.read() as connection:
        limit = limits.chosen(connection, policy_file)
        policy = limits.narrowed(limit.policy, [attribute], outcome=False)
        tags = usable_tags(ws, connection, keys)
        if not tags:
            raise BadInput(
                "audit-question", "no tag is in use and computed", hint="tagwarden run all"
            )
    log_opening(ws, policy, why)
    with ws.exclusive("audit"):
        with ws.store.read() as connection:
            gate = Gate(connection, ws.clock.now(), purposes(connection))
            columns, people = in_use(connection, gate, tags)
            counts = counted(ws, connection, policy, gate, columns, people)
            sources = [_source(connection, policy)]
            names = names_of(connection, policy) | {"tag": column_names(tags, counts.names)}
        head = LeakHead(_identity(ws, attribute, counts, policy), names, sources)
        document = leak_report(head, counts, policy, ws.keys.ring.lot)
        with ws.store.write() as unit:
            made = kept.keep(
                ws,
                unit,
                document,
                kind=kept.LEAK,
                about=attribute,
                version=policy.version,
                status=str(document["verdict"]["status"]),
                policy=policy,
                counts=counts.document(),
            )
            unit.log(
                ws.evidence.entry(
                    "audit.leak",
                    report=made.name,
                    sha256=made.digest,
                    policy=policy.digest(),
                    attribute=attribute,
                    tags=len(tags),
                    verdict=made.status,
                )
            )
    return made


def usable_tags(ws: "Workspace", connection: Connection, keys: Sequence[str] = ()) -> list[Active]:
    """Return the tags (none named: all) that are in use and were computed within their lifetime."""
    now = ws.clock.now()
    found = active(connection, keys or None)
    return [tag for tag in found.values() if tag.state in USABLE and now < (expires_at(tag) or now)]


def in_use(connection: Connection, gate: Gate, tags: Sequence[Active]) -> tuple[Columns, BitMap]:
    """Return who holds which tag, one column for each value, and whom the gate lets through for any."""
    columns: Columns = []
    people = BitMap()
    for tag in tags:
        here = gate.people(tag.effective)
        people |= here
        for value, who in holders(connection, tag, gate.at, present=True).items():
            name = tag.tag.key if value == "true" else f"{tag.tag.key}={value}"
            columns.append((name, who & here))
    return columns, people


def counted(  # noqa: PLR0917  (two callers)
    ws: "Workspace",
    connection: Connection,
    policy: FairnessPolicy,
    gate: Gate,
    columns: Columns,
    people: BitMap,
) -> LeakCounts:
    """Return the counts by the one attribute of a policy; its opening must be on record.

    Raises BadInput for too many columns, Refused `attribute-too-fine`.
    """
    (found,) = opened(ws, connection, policy, gate, people)
    values = [n for n, value in enumerate(found.axis.values) if value != UNKNOWN]
    known = found.codes < len(values)
    ids = numbers_of(people)[known]
    code = found.codes[known]
    if len(columns) > MAX_COLUMNS:
        raise BadInput(
            "audit-question", f"more than {MAX_COLUMNS} values of tags", hint="--tag, fewer at once"
        )
    bits = np.zeros((len(ids), len(columns)), dtype=np.uint8)
    inside = BitMap(ids.tolist())
    for n, (_name, who) in enumerate(columns):
        bits[np.searchsorted(ids, numbers_of(who & inside)), n] = 1
    patterns, place = np.unique(bits, axis=0, return_inverse=True)
    by_set = np.zeros((len(patterns), len(values)), dtype=np.int64)
    np.add.at(by_set, (place.reshape(-1), code), 1)
    return LeakCounts(
        tuple(name for name, _ in columns),
        found.axis.values[: len(values)],
        gram(bits, code, len(values)),
        np.bincount(code, minlength=len(values)),
        patterns,
        by_set,
    )


def _source(connection: Connection, policy: FairnessPolicy) -> dict[str, object]:
    """Return where the attribute comes from; for how many it stayed sealed is told by bias reports."""
    (attribute,) = policy.attributes
    category = attribute_categories(connection)[attribute]
    told = source_of(policy, attribute, category, 0, consents_to(connection, policy))
    return told | {"closed": None}


def _identity(
    ws: "Workspace", attribute: str, counts: LeakCounts, policy: FairnessPolicy
) -> dict[str, object]:
    """Return what a report says about itself."""
    marked = ws.keys.ring.mark_counts(canon.canonical(counts.document()))
    return {
        "attribute": attribute,
        "made": iso(ws.clock.now()),
        "auditor": ws.actor.ref,
        "program": version("tagwarden"),
        "counts": marked,
        "seed": policy.seed,
        "policy": {
            "key": policy.key,
            "version": policy.version,
            "digest": policy.digest(),
            "tag_bits": str(policy.leak.tag_bits),
            "pair_bits": str(policy.leak.pair_bits),
            "auc": str(policy.leak.auc),
        },
    }
