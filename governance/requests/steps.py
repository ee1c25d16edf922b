# SPDX-License-Identifier: Apache-2.0
"""The steps of a request: each is one line beside it and one entry of evidence, in one transaction."""

from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from audit.evidence.entry import Fact
from governance.requests.row import Request

if TYPE_CHECKING:
    from governance.store.unit import Unit
    from governance.workspace import Workspace

NOTICE = "notice"
"""The step by which a letter was given; its code is the kind of letter."""


def record(
    ws: "Workspace",
    unit: "Unit",
    found: Request,
    what: str,
    *,
    code: str = "",
    act: str = "request.moved",
    letter: str = "",
    **more: Fact,
) -> None:
    """Write a step of a request with its evidence; `letter` is the text that was given."""
    unit.connection.execute(
        text(
            "INSERT INTO requestevent (ref, step, state, code, at, operator, letter) "
            "VALUES (:r, :s, :t, :c, :at, :o, :l)"
        ),
        {
            "r": found.ref,
            "s": str(what),
            "t": str(found.state),
            "c": code,
            "at": ws.evidence.now(),
            "o": ws.actor.ref,
            "l": letter,
        },
    )
    step = {"ref": found.ref, "kind": found.kind, "step": str(what), "state": str(found.state)}
    facts: dict[str, Any] = {**step, **({"code": code} if code else {}), **more}
    unit.log(ws.evidence.entry(act, subject_id=found.subject_id, **facts))
