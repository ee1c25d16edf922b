# SPDX-License-Identifier: Apache-2.0
"""`tagwarden audit bias`, `leak`, `price`, `list` and `show`: audits of tags, and their reports."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from governance.cli.out import Json, Lang, Where, emit, note, table, workspace
from governance.cli.who import When, language_of, time_of

if TYPE_CHECKING:
    from governance.auditing.examining import Asked
    from governance.auditing.kept import Kept
    from governance.workspace import Workspace

Tags = Annotated[list[str], typer.Option("--tag", help="Key of a tag; repeat for several.")]
By = Annotated[
    str,
    typer.Option("--by", help="Attributes, joined by commas. [default: those of the policy]"),
]
PolicyFile = Annotated[
    Path | None,
    typer.Option("--policy", help="File with a FairnessPolicy. [default: the one in force]"),
]
Why = Annotated[str, typer.Option("--why", help="periodic, release, complaint or authority.")]
OutFile = Annotated[
    Path | None, typer.Option("--out", help="File to write the report to: .html or .json.")
]


def bias(  # noqa: PLR0917  (options of a command)
    tag: Tags,
    by: By = "",
    outcome: Annotated[
        str,
        typer.Option(
            help="A yes-no tag, or a rule over the time after --at, for rates that need an outcome."
        ),
    ] = "",
    policy: PolicyFile = None,
    at: When = None,
    having: Annotated[
        str, typer.Option(help="benefit or burden, where the tag does not say.")
    ] = "",
    causes: Annotated[
        bool, typer.Option("--causes", help="Say which condition carries a gap, and what-if.")
    ] = False,
    drift: Annotated[
        int, typer.Option("--drift", help="Also over so many months, from the history of the tag.")
    ] = 0,
    noise: Annotated[
        float | None,
        typer.Option(
            "--noise", help="Release counts with noise instead, for this epsilon from the budget."
        ),
    ] = None,
    population: Annotated[
        str, typer.Option(help="With --noise: whose people are counted, all or a regime.")
    ] = "all",
    why: Why = "periodic",
    out: OutFile = None,
    where: Where = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Compare how groups of people get a tag, by an attribute that stays sealed.

    The report is kept, and its digest is signed into the evidence log. Ends with exit code 1 when a
    group is beyond the limit of the policy. With --noise nothing in it is exact and nothing is hidden; it
    is charged before anybody is counted.

    Example: tagwarden audit bias --tag consumption.frequent_shopper --by age --out report.html
    """
    from audit.bias.verdict import Status
    from audit.errors import BadInput
    from governance.auditing.examining import Asked, status_of, without_causes
    from governance.auditing.examining import bias as audit

    if having not in ("", "benefit", "burden"):
        raise BadInput("audit-question", "--having is benefit or burden")
    ws = workspace(where)
    attributes = _names(by)
    when = None if at is None else time_of(ws, at)
    suits(out)
    asked = Asked(tuple(tag), attributes, outcome, when, why, having, causes, drift)
    if noise is None and population != "all":
        raise BadInput("audit-question", "--population is for an audit with --noise")
    language = language_of(ws, lang)
    if noise is None:
        made = audit(ws, asked, policy)
        for key in without_causes(ws, asked):
            note(
                f"{key}：其规则无法拆解，报告未说明原因"
                if language == "zh"
                else f"{key}: its rule cannot be taken apart, so its report names no causes"
            )
    else:
        made = _noised(ws, asked, policy, noise, population, language)
    give(made, out, language, as_json)
    if status_of(made) is Status.BREACH:
        raise typer.Exit(1)


def _noised(  # noqa: PLR0917  (one caller)
    ws: "Workspace",
    asked: "Asked",
    policy: Path | None,
    epsilon: float,
    population: str,
    language: str,
) -> "list[Kept]":
    """Return reports of noised counts; says beside them which were not charged."""
    from governance.auditing.noised import Priced
    from governance.auditing.noised import bias as audit

    made = audit(ws, asked, Priced(epsilon, population), policy)
    for one in made:
        if not one.charged:
            note(
                f"{one.kept.about}：这些计数此前已发布：未扣预算"
                if language == "zh"
                else f"{one.kept.about}: these counts were released before: nothing was charged"
            )
    return [one.kept for one in made]


def leak(  # noqa: PLR0917  (options of a command)
    by: Annotated[str, typer.Option("--by", help="An attribute that stays sealed.")],
    tag: Annotated[
        list[str] | None, typer.Option("--tag", help="Key of a tag. [default: all in use]")
    ] = None,
    policy: PolicyFile = None,
    why: Why = "periodic",
    out: OutFile = None,
    where: Where = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Say what tags, pairs of them and all together tell about a sealed attribute.

    Ends with exit code 1 when it is more than the policy allows.

    Example: tagwarden audit leak --by age --out leaks.html
    """
    from governance.auditing.leaking import leak as audit

    ws = workspace(where)
    suits(out)
    made = audit(ws, by, tag or (), policy, why=why)
    give([made], out, language_of(ws, lang), as_json)
    if made.status == "breach":
        raise typer.Exit(1)


def price(  # noqa: PLR0917  (options of a command)
    by: Annotated[
        str,
        typer.Option(
            "--by", help="Attributes, and tags as tag:KEY, to compare by, joined by commas."
        ),
    ],
    policy: PolicyFile = None,
    since: Annotated[
        str | None, typer.Option("--from", help="First time, UTC. [default: the first purchase]")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--to", help="Purchases before this time, UTC. [default: now]")
    ] = None,
    why: Why = "periodic",
    out: OutFile = None,
    where: Where = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Compare what groups of people paid for the same thing, like for like.

    What is alike, and how much may differ, stands under price in the policy. The report is kept, and its
    digest is signed into the evidence log. Ends with exit code 1 when a group is beyond the limit.

    Example: tagwarden audit price --by age,tag:consumption.big_spender --policy fairness.yaml
    """
    from governance.auditing.pricing import PriceAsked, prices

    ws = workspace(where)
    suits(out)
    first = None if since is None else time_of(ws, since, "--from")
    end = None if until is None else time_of(ws, until, "--to")
    made = prices(ws, PriceAsked(_names(by), first, end, why), policy)
    give([made], out, language_of(ws, lang), as_json)
    if made.status == "breach":
        raise typer.Exit(1)


def list_(where: Where = None, as_json: Json = False) -> None:
    """List the reports that were made, the newest first.

    Example: tagwarden audit list
    """
    from audit.clock import iso
    from governance.auditing.kept import reports

    found = [
        {
            "report": one.name,
            "kind": one.kind,
            "about": one.about,
            "version": one.version,
            "status": one.status,
            "epsilon": one.epsilon,
            "at": iso(one.at),
            "sha256": one.digest,
        }
        for one in reports(workspace(where))
    ]
    columns = ("report", "kind", "about", "version", "status", "at")
    rows = [[_kind(one) if c == "kind" else one[c] for c in columns] for one in found]
    emit({"reports": found}, as_json, lambda: table(columns, rows))


def _kind(one: dict[str, Any]) -> str:
    """Return the kind of a report, with what its noise was bought for."""
    return f"{one['kind']} (epsilon {one['epsilon']})" if one["epsilon"] else str(one["kind"])


def show(
    name: Annotated[str, typer.Argument(help="Name of a report, or a tag: its newest.")],
    out: OutFile = None,
    where: Where = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Give a report again, as it was made.

    Example: tagwarden audit show consumption.frequent_shopper --out report.html
    """
    from governance.auditing.kept import given

    ws = workspace(where)
    suits(out)
    give([given(ws, name)], out, language_of(ws, lang), as_json)


def give(made: "Sequence[Kept]", out: Path | None, language: str, as_json: bool) -> None:
    """Print reports, and write them to a file when one is named."""
    from governance.auditing.telling import lines, written

    if out is not None:
        try:
            out.write_bytes(written(made, out.suffix.lower(), language))
        except OSError as error:
            from audit.errors import BadInput

            raise BadInput(
                "file-unwritable", f"{out.name} cannot be written: {error.strerror}"
            ) from None
    data: dict[str, Any] = {
        "reports": [
            {
                "report": one.name,
                "about": one.about,
                "status": one.status,
                "sha256": one.digest,
                **({} if out else {"document": dict(one.document)}),
            }
            for one in made
        ],
        **({"out": str(out)} if out else {}),
    }

    def text() -> Iterator[str]:
        for one in made:
            yield from lines(one, language)
        if out is not None:
            yield f"written: {out}"

    emit(data, as_json, text)


def _names(by: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in by.split(",") if part.strip())


def suits(out: Path | None) -> None:
    """Raise BadInput for a file of another kind or in no folder, before anything is counted."""
    from audit.errors import BadInput

    if out is None:
        return
    if out.suffix.lower() not in (".html", ".json"):
        raise BadInput(
            "report-format", "a report is written as .html or .json", hint="--out report.html"
        )
    if not out.parent.is_dir():
        raise BadInput("file-unwritable", f"{out.name} cannot be written: there is no such folder")
