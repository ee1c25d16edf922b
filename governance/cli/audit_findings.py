# SPDX-License-Identifier: Apache-2.0
"""`tagwarden audit findings`, `waive` and `revoke`: what audits found, and with what the shop lives."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from governance.cli.out import Json, Lang, Where, emit, table, workspace
from governance.cli.who import language_of

if TYPE_CHECKING:
    from audit.clock import Micros
    from governance.findings import Finding
    from governance.workspace import Workspace

Name = Annotated[str, typer.Argument(metavar="FINDING", help="Name of a finding.")]


def findings(
    *,
    open_: Annotated[bool, typer.Option("--open", help="Only those open, not waived.")] = False,
    where: Where = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """List what audits found: open, waived or resolved.

    Example: tagwarden audit findings --open
    """
    from governance.auditing.waiving import listed

    ws = workspace(where)
    now = ws.clock.now()
    found = [one for one in listed(ws) if not open_ or one.state(now) == "open"]
    _print(ws, found, language_of(ws, lang), as_json)


def waive(
    name: Name,
    *,
    owner: Annotated[str, typer.Option("--owner", help="Role or team that answers for it.")],
    reason: Annotated[str, typer.Option("--reason", help="Code of a reason.")],
    until: Annotated[
        str, typer.Option("--until", help="Its last day, YYYY-MM-DD, or an ISO 8601 time, UTC.")
    ],
    note: Annotated[
        Path | None, typer.Option("--note", help="File with the reason in words; kept, not logged.")
    ] = None,
    where: Where = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Live with a finding for a time; it ends by itself.

    A new version of the tag, a worse figure or a later audit that finds nothing ends it as well.
    Reasons: changed-rule-under-way, genuine-need, required-by-law, positive-measure, data-error,
    small-effect.
    Example: tagwarden audit waive finding-3f9a0c41b2d7e865 --owner growth-team
    --reason changed-rule-under-way --until 2026-12-31
    """
    from governance.auditing import waiving

    ws = workspace(where)
    done = waiving.waive(
        ws, name, owner=owner, reason=reason, until=_end_of(until), note=_words(note)
    )
    _print(ws, [done], language_of(ws, lang), as_json)


def revoke(name: Name, where: Where = None, lang: Lang = None, as_json: Json = False) -> None:
    """Take a waiver back: the finding is open again.

    Example: tagwarden audit revoke finding-3f9a0c41b2d7e865
    """
    from governance.auditing import waiving

    ws = workspace(where)
    _print(ws, [waiving.revoke(ws, name)], language_of(ws, lang), as_json)


def _end_of(given: str) -> "Micros":
    """Return the instant at which a waiver ends: after its last day, or the time that is given."""
    from audit.clock import DAY, Micros, iso, parse_time
    from audit.errors import BadInput

    try:
        at = parse_time(given)
        is_day = len(given.strip()) == len("2026-12-31")
        end = Micros(at + DAY) if is_day else at
        iso(end)  # the calendar has a last day
    except (ValueError, OverflowError):
        raise BadInput(
            "bad-time", "--until is neither a day nor an ISO 8601 time", hint="such as 2026-12-31"
        ) from None
    return end


def _words(file: Path | None) -> str:
    from audit.errors import BadInput

    if file is None:
        return ""
    try:
        return file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise BadInput("bad-note", f"{file.name} cannot be read as text in UTF-8") from None


def _print(ws: "Workspace", found: "list[Finding]", language: str, as_json: bool) -> None:
    from audit.clock import iso
    from policies.vocabulary import label

    data = [_data(one, ws) for one in found]
    columns = ("finding", "tag", "version", "group", "ratio", "state", "until", "owner", "reason")
    rows = [
        [
            one["finding"],
            one["tag"],
            one["version"],
            one["group"],
            one["ratio"] or "",
            one["state"],
            one["until"] if one["state"] == "waived" else "",
            one["owner"],
            label("waiver", one["reason"], language) if one["reason"] else "",
        ]
        for one in data
    ]
    emit(
        {"findings": data, "at": iso(ws.clock.now())},
        as_json,
        lambda: table(columns, rows) if rows else ["no finding"],
    )


def _data(one: "Finding", ws: "Workspace") -> dict[str, Any]:
    from audit.bias.breaches import group_of
    from audit.clock import iso

    now = ws.clock.now()
    waiver = one.waiver
    return {
        "finding": one.name,
        "version": one.version,
        "report": one.report,
        **one.what,
        "group": group_of(one.what),
        "ratio": one.figure,
        "at": iso(one.at),
        "state": one.state(now),
        "owner": waiver.owner if waiver else "",
        "reason": waiver.reason if waiver else "",
        "until": iso(waiver.until) if waiver else "",
        "given_by": waiver.given_by if waiver else "",
        "note": waiver.note if waiver else "",
        "ended": one.ended(now) if waiver and not one.resolved else "",
    }
