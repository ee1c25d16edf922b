# SPDX-License-Identifier: Apache-2.0
"""What a plan rests on, as short prints: whoever compares two sees whether the world has moved."""

from collections.abc import Iterable, Mapping
from functools import lru_cache

from sqlalchemy import Connection, text

from audit.canon import digest
from audit.errors import Conflict
from governance.law import law_over
from policies.law import Law
from policies.rules import Pack


def prints(connection: Connection, names: Iterable[str]) -> dict[str, str]:
    """Return the print of each thing as it is now; '' where it is not there.

    Names are `tag:KEY`, `feature:KEY`, `purpose:KEY` and `pack:REGIME`.
    """
    known = dict(_law_prints(law_over(connection)))
    for row in connection.execute(
        text("SELECT key, version, digest, state FROM definition WHERE state <> 'superseded'")
    ):
        known[f"tag:{row.key}"] = f"{row.version}:{row.digest}:{row.state}"
    for table in ("feature", "purpose"):
        for row in connection.execute(text(f"SELECT key, digest FROM {table}")):
            known[f"{table}:{row.key}"] = row.digest
    return {name: known.get(name, "") for name in names}


def require_present(connection: Connection, world: Mapping[str, str]) -> None:
    """Raise Conflict `plan-stale` when something that a plan rests on has moved."""
    changed = moved(connection, world)
    if changed:
        raise Conflict(
            "plan-stale",
            f"the catalogue has moved since the plan was made: {', '.join(changed[:5])}",
            hint="plan again: tagwarden tag plan FILES",
        )


@lru_cache(maxsize=8)
def _law_prints(law: Law) -> Mapping[str, str]:
    """Return `pack:REGIME` -> print; a law is one object as long as it is the law."""
    return {f"pack:{regime}": _law_print(pack) for regime, pack in law.packs.items()}


def _law_print(pack: Pack) -> str:
    """Return version and content of a pack, with an operator's overlay and what lies beneath it."""
    parts = [pack, *pack.companions]
    while pack.beneath is not None:
        pack = pack.beneath
        parts.append(pack)
    content = digest([[part.model_dump(mode="json"), part.reason] for part in parts])
    return f"{parts[0].version}:{content[:16]}"


def moved(connection: Connection, world: Mapping[str, str]) -> list[str]:
    """Return what is not as it was, in order."""
    now = prints(connection, world)
    return sorted(name for name, was in world.items() if now[name] != was)
