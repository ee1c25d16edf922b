# SPDX-License-Identifier: Apache-2.0
"""How a command names a person, a time and a language. A number is never repeated in what is printed."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from governance.cli.out import read_argument

if TYPE_CHECKING:
    from audit.clock import Micros
    from governance.workspace import Workspace

Who = Annotated[
    str,
    typer.Option(
        "--subject", "-s", help="Customer number: - reads stdin, @FILE reads a file.", metavar="WHO"
    ),
]
Whom = Annotated[
    str, typer.Argument(metavar="SUBJECT", help="Customer number; - reads stdin, @FILE a file.")
]
When = Annotated[str | None, typer.Option("--at", help="ISO 8601 time, UTC. [default: now]")]


def subject_of(ws: "Workspace", given: str) -> int:
    """Return the person whom `--subject` names; raises NotFound `subject-unknown`."""
    from governance.subject import find

    return find(ws, read_argument(given))


def time_of(ws: "Workspace", given: str | None, option: str = "--at") -> "Micros":
    """Return the time that an option gives, or the present; raises BadInput `bad-time`."""
    from audit.clock import parse_time
    from audit.errors import BadInput

    if given is None:
        return ws.clock.now()
    try:
        return parse_time(given)
    except ValueError:
        example = datetime(2026, 3, 1, 9, tzinfo=UTC).isoformat().replace("+00:00", "Z")
        raise BadInput(
            "bad-time", f"{option} is not an ISO 8601 time", hint=f"such as {example}"
        ) from None


def said_at(ws: "Workspace", given: str | None) -> "Micros":
    """Return the time at which a person said something; a clock that went back does not count."""
    return ws.evidence.now() if given is None else time_of(ws, given)


def language_of(ws: "Workspace", given: str | None) -> str:
    """Return the language in which to print."""
    return given or ws.settings.text("workspace.language")
