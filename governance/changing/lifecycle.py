# SPDX-License-Identifier: Apache-2.0
"""What becomes of a tag that is in use: suspended, resumed, deprecated, archived.

One table of moves, as for change sets. A tag is deprecated in favour of another that is active, or
with the reason why there is none; it is archived when nothing refers to it. Archived is not deleted:
versions, assignments and evidence stay, and nothing shows or computes it.
"""

from collections.abc import Mapping
from typing import Final

from sqlalchemy import text

from audit.errors import BadInput, Conflict, Refused
from governance.authority import demand
from governance.catalogue import USABLE, Active, active
from governance.changing.plan import is_reason
from governance.store.unit import Unit
from governance.workspace import Workspace
from policies.vocabulary import label
from tagging.evaluation.plan import references

MOVES: Final[Mapping[str, tuple[tuple[str, ...], str, str]]] = {
    "suspend": (("active", "deprecated", "in_review"), "suspended", "tag.suspended"),
    "resume": (("suspended", "in_review"), "active", "tag.resumed"),
    "deprecate": (("active",), "deprecated", "tag.deprecated"),
    "archive": (("deprecated", "suspended", "in_review"), "archived", "tag.archived"),
}
"""Move → the states that it may follow, the state that it leads to, and the act that is noted."""


def suspend(ws: Workspace, key: str) -> list[str]:
    """Stop a tag at once: nothing shows or computes it from this moment, nor what is made of it.

    Returns the tags in use that are made of it, directly or not: they come back with it. Raises NotFound `unknown-tag`, Conflict `tag-state`, Refused when the operator may not.
    """
    demand(ws, "tag.suspend")
    with ws.store.write() as unit:
        _take(ws, unit, key, "suspend")
        found = active(unit.connection)
    return [other for other, tag in found.items() if tag.state in USABLE and key in tag.lacking]


def resume(ws: Workspace, key: str) -> None:
    """Use a suspended tag, or one whose inputs were reviewed, again.

    Raises as `suspend`, and Refused `own-change` for the author of a tag that waits for review.
    """
    demand(ws, "tag.resume")
    with ws.store.write() as unit:
        found = _take(ws, unit, key, "resume")
        if found.state == "in_review" and found.author == ws.actor.ref:
            raise Refused(
                "own-change",
                "whoever submitted a tag does not decide on it",
                hint="another operator with the role dpo does",
            )


def deprecate(ws: Workspace, key: str, *, successor: str = "", reason: str = "") -> None:
    """Mark a tag as replaced by another, or as replaced by none for a reason (a code).

    It is shown and computed until it is archived; new tags may not refer to it. Raises BadInput
    `no-successor`, Conflict `successor-not-active`, and as `suspend`.
    """
    if not successor and not is_reason(reason):
        raise BadInput(
            "no-successor",
            "say which tag replaces it, or why none does",
            hint="--successor KEY, or --no-successor REASON-CODE",
        )
    demand(ws, "tag.deprecate")
    with ws.store.write() as unit:
        if successor:
            after = active(unit.connection, [successor])[successor]
            if after.state != "active" or successor == key:
                raise Conflict(
                    "successor-not-active",
                    f'"{successor}" cannot replace "{key}": it is {"the tag itself" if successor == key else after.state}',
                )
        found = _take(ws, unit, key, "deprecate", reason=reason, successor=successor)
        unit.connection.execute(
            text("UPDATE definition SET successor = :s WHERE id = :i"),
            {"s": successor, "i": found.id},
        )


def archive(ws: Workspace, key: str) -> None:
    """Take a tag out of use for good; raises Conflict `tag-in-use` while others refer to it."""
    demand(ws, "tag.archive")
    with ws.store.write() as unit:
        using = [
            other
            for other, tag in active(unit.connection).items()
            if tag.state != "archived" and key in references(tag.root)
        ]
        if using:
            raise Conflict(
                "tag-in-use",
                f'"{key}" is referred to by {", ".join(sorted(using)[:5])}',
                hint="change these first",
            )
        _take(ws, unit, key, "archive")


def _take(
    ws: Workspace, unit: Unit, key: str, move: str, *, successor: str = "", reason: str = ""
) -> Active:
    found = active(unit.connection, [key])[key]
    before, after, act = MOVES[move]
    if found.state not in before:
        if stopped := found.standing.stopped(ws.clock.now()) if move == "resume" else "":
            raise Conflict(
                "tag-state",
                f'"{key}" is stopped by the policy of audits: {label("audit", stopped)}',
                hint=f"tagwarden audit bias --tag {key}, or a waiver: tagwarden audit findings --open",
            )
        hint = f"tagwarden tag resume {found.lacking[0]}" if found.lacking else ""
        raise Conflict(
            "tag-state", f'"{key}" is {found.state}: it cannot be moved by {move}', hint=hint
        )
    unit.connection.execute(
        text("UPDATE definition SET state = :s WHERE id = :i"), {"s": after, "i": found.id}
    )
    entry = ws.evidence.entry(
        act, tag=key, version=found.version, successor=successor, reason=reason
    )
    unit.log(entry)
    return found
