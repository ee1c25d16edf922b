# SPDX-License-Identifier: Apache-2.0
"""`tagwarden request …`: what waits, what people are told, the register, the figures, the proof."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from governance.cli.out import Json, Lang, Where, emit, note, say, table, workspace, write_text
from governance.cli.who import language_of

if TYPE_CHECKING:
    from governance.requests.metrics import Figures

Ref = Annotated[str, typer.Argument(metavar="REF", help="Number of a request.")]
Out = Annotated[Path | None, typer.Option("--out", "-o", help="File to write it to.")]
Force = Annotated[bool, typer.Option("--force", help="Replace a file that is there.")]
Letter = Literal[
    "acknowledgement",
    "proof",
    "extension",
    "refusal",
    "answer",
    "duplicate",
    "expired",
    "lifting",
    "taken-back",
]


def doctor(where: Where = None, lang: Lang = None, as_json: Json = False) -> None:
    """Say what each request waits for, who must act by when, and what to type.

    Ends with exit code 1 when something is overdue.

    Example: tagwarden request doctor
    """
    from dataclasses import asdict

    from audit.clock import iso
    from governance.requests.days import day_at
    from governance.requests.doctor import waiting
    from governance.requests.printing import task_hint, task_row, task_titles

    ws = workspace(where)
    language = language_of(ws, lang)
    found = waiting(ws)
    late, soon = sum(task.overdue for task in found), sum(task.soon for task in found)

    def text() -> Iterator[str]:
        rows = [task_row(task, day_at(ws.settings, task.since), language) for task in found]
        yield from table(task_titles(language), rows)
        yield from (task_hint(task, language) for task in found)
        if language == "zh":
            yield f"逾期 {late} 项，即将到期 {soon} 项，共 {len(found)} 项"
        else:
            yield f"{late} overdue, {soon} soon due, {len(found)} in all"

    data = [
        {
            **asdict(task),
            "since": iso(task.since),
            "by": task.by.isoformat(),
            "last": task.last.isoformat(),
            "cites": list(task.cites),
            "extend_until": task.extend_until.isoformat() if task.extend_until else None,
            "overdue": task.overdue,
        }
        for task in found
    ]
    emit({"tasks": data, "overdue": late, "soon": soon}, as_json, text)
    if late:
        raise typer.Exit(1)


def notice(
    ref: Ref,
    *,
    kind: Annotated[
        Letter | None, typer.Option("--kind", help="Which letter. [default: the one that is due]")
    ] = None,
    sent: Annotated[
        bool, typer.Option("--sent", help="Note that it was given today, with its text.")
    ] = False,
    out: Out = None,
    where: Where = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Write a letter about a request: receipt, proof, more time, refusal, answer.

    Example: tagwarden request notice rq-0123456789abcdef --lang zh --out letter.txt
    """
    from governance.requests import notices

    ws = workspace(where)
    write = notices.give if sent else notices.written
    made = write(ws, ref, kind, language_of(ws, lang))
    data = {
        "ref": ref,
        "letter": made.kind,
        "language": made.language,
        "sent": sent,
        "sha256": made.digest,
        "text": made.text,
    }
    if out is None:
        emit(data, as_json, [made.text.rstrip("\n")])
    else:
        write_text(out, made.text)
        emit({**data, "out": str(out)}, as_json, [f"{out}: {made.kind}"])
    if not sent:
        note(f"when it has been given: tagwarden request notice {ref} --kind {made.kind} --sent")


def register(
    *,
    first: Annotated[
        str | None, typer.Option("--from", metavar="DAY", help="First day of receipt.")
    ] = None,
    last: Annotated[
        str | None, typer.Option("--to", metavar="DAY", help="Last day of receipt.")
    ] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    html: Annotated[Path | None, typer.Option("--html", help="File for one page.")] = None,
    where: Where = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Show all requests with their deadlines, kept and missed. It names nobody.

    Example: tagwarden request register --from 2026-01-01 --to 2026-12-31 --csv
    """
    from governance.requests import printing
    from governance.requests.days import day_here
    from governance.requests.register import register as lines_of
    from policies.clocks import read_day

    ws = workspace(where)
    language = language_of(ws, lang)
    days = [read_day(day, "the day") if day else None for day in (first, last)]
    lines = lines_of(ws, *days)
    late = sum(bool(line.missed) for line in lines)
    data = {"requests": list(printing.register_plain(lines)), "missed": late}
    if html is not None:
        write_text(html, printing.register_html(lines, language, day_here(ws)))
        emit({**data, "out": str(html)}, as_json, [f"{html}: {len(lines)}"])
    elif as_csv and not as_json:
        say(printing.register_csv(lines, language).rstrip("\n"))
    else:
        rows = [printing.register_row(line, language) for line in lines]
        emit(data, as_json, lambda: table(printing.titles(language), rows))


def metrics(
    year: Annotated[int, typer.Option("--year", min=2000, max=2100, help="Year of receipt.")],
    where: Where = None,
    as_json: Json = False,
) -> None:
    """Count the requests of a year and their answers (11 CCR 7102).

    Example: tagwarden request metrics --year 2026
    """
    from dataclasses import asdict

    from governance.requests.metrics import metrics as figures_of

    found = figures_of(workspace(where), year)

    def text() -> Iterator[str]:
        for title, some in (("", found.kinds), ("11 CCR 7102(a)(1)", found.groups)):
            if title and some:
                yield ""
                yield title
            if some:
                yield from table(_FIGURES, map(_figures, some))

    data = {
        "year": year,
        "kinds": [asdict(one) for one in found.kinds],
        "ccpa_7102": [asdict(one) for one in found.groups],
    }
    emit(data, as_json, text)


_FIGURES = (
    "law", "kind", "received", "whole", "part", "denied", "grounds", "expired", "revoked",
    "repeated", "open", "agents", "in time", "late", "median days", "mean days",
)  # fmt: skip


def _figures(one: "Figures") -> list[object]:
    grounds = ", ".join(f"{ground} {count}" for ground, count in one.denied_by.items())
    ends = [one.expired, one.revoked, one.repeated, one.open, one.agents, one.in_time, one.late]
    counts = [one.received, one.whole, one.part, one.denied, grounds, *ends]
    return [one.regime, one.name, *counts, one.median_days, one.mean_days]


def evidence(
    ref: Ref,
    out: Annotated[Path, typer.Option("--out", "-o", help="File for the pack, .zip.")],
    *,
    force: Force = False,
    where: Where = None,
    as_json: Json = False,
) -> None:
    """Pack the proof of one request, to be checked without the shop. It names nobody.

    Example: tagwarden request evidence rq-0123456789abcdef --out proof.zip
    """
    from governance.requests.proof import pack

    counts = pack(workspace(where), ref, out, force=force)
    said = ", ".join(f"{count} {what}" for what, count in counts.items())
    emit({"ref": ref, "out": str(out), **counts}, as_json, [f"{out}: {said}"])


def attach(app: typer.Typer) -> None:
    """Add the reports to the noun."""
    for report in (doctor, notice, register, metrics, evidence):
        app.command()(report)
