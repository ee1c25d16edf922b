# SPDX-License-Identifier: Apache-2.0
"""The law that counts in a workspace: the packs of the product with the overlays in force over them.

The overlays lie in the control store, so that whoever reads it reads it under the law of the same
moment: the gate, a simulation and `policy decide` cannot disagree, and a process that lives long sees
what another one changed. An overlay lies over those that took effect before it.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final

from sqlalchemy import Connection, Engine, text

from policies.decision import Role
from policies.document import Document
from policies.law import Law, shipped
from policies.overlays import key_of, lay
from policies.packs import packs
from policies.rules import Pack

IN_FORCE: Final = (
    "state = 'in_force' AND id IN "
    "(SELECT max(id) FROM overlay WHERE state IN ('in_force', 'withdrawn') GROUP BY key)"
)
"""Which rows of the overlays count: a proposal, or one that was dropped, changes nothing."""

_ROLE: Final = "tagwarden_role"
_REMEMBERED: Final = 8
_LAWS: dict[tuple[tuple[str, ...], Role | None, date | None], Law] = {}
"""Laws by the digests of their overlays in order, role and date: the gate asks for every person."""


def law_over(connection: Connection, at: date | None = None) -> Law:
    """Return the law under which a connection reads (on a date).

    Raises BadInput `bad-overlay` when the overlays do not fit the packs of this version: nothing is
    decided by half a law.
    """
    role: Role | None = connection.get_execution_options().get(_ROLE)
    rows = connection.execute(text(f"SELECT digest FROM overlay WHERE {IN_FORCE} ORDER BY id"))
    mark = (tuple(row.digest for row in rows), role, at)
    if mark == ((), None, None):
        return shipped()
    if mark not in _LAWS:
        if len(_LAWS) >= _REMEMBERED:
            _LAWS.clear()
        _LAWS[mark] = Law(laid(connection, (), packs(at)), role, at)
    return _LAWS[mark]


def laid(
    connection: Connection, overlays: Iterable[Document], known: Mapping[str, Pack]
) -> dict[str, Pack]:
    """Return packs with the overlays in force over them, and others as if they were applied.

    Raises BadInput `bad-overlay` with every problem.
    """
    new = list(overlays)
    replaced = [key_of(document) for document in new]
    rows = connection.execute(
        text(f"SELECT key, document FROM overlay WHERE {IN_FORCE} ORDER BY id")
    )
    kept = [Document(row.key, json.loads(row.document), {}) for row in rows]
    return lay([*(one for one in kept if one.file not in replaced), *new], known)


def reading_as(engine: Engine, role: Role | None) -> None:
    """Let every connection of an engine read under the law for what the shop is."""
    engine.update_execution_options(**{_ROLE: role})
