# SPDX-License-Identifier: Apache-2.0
"""`tagwarden tag plan … apply`: how the catalogue changes, with another pair of eyes on it."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from governance.cli.out import (
    Json,
    Lang,
    Where,
    emit,
    note,
    progress,
    say,
    table,
    workspace,
)
from governance.cli.who import language_of

if TYPE_CHECKING:
    from governance.changing.plan import Plan
    from governance.changing.review import ChangeSet
    from governance.workspace import Workspace

A_SCREEN = 5
"""Definitions that are shown whole; of more, one row each."""

Files = Annotated[list[Path], typer.Argument(help="Files, or folders with *.yaml.")]
Given = Annotated[list[str], typer.Argument(help="Documents, a plan, or the name of a change set.")]
Name = Annotated[str, typer.Argument(help="Name or digest of a change set, or its plan file.")]
Key = Annotated[str, typer.Argument(help="Key of a tag.")]
Full = Annotated[bool, typer.Option("--full", help="Everything about each of many definitions.")]
Count = Annotated[bool, typer.Option("--count/--no-count", help="Count the people it reaches.")]


def plan(
    files: Files,
    *,
    out: Annotated[Path | None, typer.Option("--out", help="Write the frozen plan there.")] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown.")] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Exit with 1 when it would change something.")
    ] = False,
    full: Full = False,
    count: Count = True,
    leaks: Annotated[
        Path | None,
        typer.Option(
            "--leaks", help="A FairnessPolicy: count what the tags tell about its attributes."
        ),
    ] = None,
    lang: Lang = None,
    where: Where = None,
    as_json: Json = False,
) -> None:
    """Say what documents would change; change nothing.

    Example: tagwarden tag plan tags/ --out plan.json
    """
    from governance.changing import telling

    ws = workspace(where)
    language = language_of(ws, lang)
    made = _planned(ws, files, count=count, leaks=leaks)
    if out is not None:
        _write(out, made)
    if markdown and not as_json:
        for line in telling.markdown(made, language):
            say(line)
    else:
        emit(_plain(made), as_json, lambda: _told(made, language, full=full))
    if made.errors or (check and made.items):
        raise typer.Exit(1)


def submit(
    given: Given,
    *,
    draft: Annotated[
        bool, typer.Option("--draft", help="Keep it, for nobody to review yet.")
    ] = False,
    count: Count = True,
    lang: Lang = None,
    where: Where = None,
    as_json: Json = False,
) -> None:
    """Put a plan before another operator.

    Example: tagwarden tag submit plan.json
    """
    from governance.changing import review, telling

    ws = workspace(where)
    language = language_of(ws, lang)
    made = _meant(ws, given, count=count)
    item = review.submit(ws, made, draft=draft)
    emit(
        {"change": _summary(ws, item)},
        as_json,
        [
            f"{item.name} is {item.state}",
            *([] if draft else [telling.word("next.approve", language, name=item.name)]),
        ],
    )


def review(
    name: Annotated[str | None, typer.Argument(help="Name or digest of a change set.")] = None,
    *,
    every: Annotated[bool, typer.Option("--all", help="Closed ones too.")] = False,
    full: Full = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown.")] = False,
    lang: Lang = None,
    where: Where = None,
    as_json: Json = False,
) -> None:
    """Show what waits for review, or one change set whole.

    Example: tagwarden tag review
    """
    from governance.authority import operators
    from governance.changing import review as reviews
    from governance.changing import telling

    ws = workspace(where)
    language = language_of(ws, lang)
    with ws.store.read() as connection:
        names = {ref: operator.name for ref, operator in operators(connection).items()}
        if name is not None:
            item = reviews.named(connection, _name(name))
            data = {"change": _summary(ws, item), "plan": item.plan.to_dict()}
            head = f"{item.name}: {item.state}, {names.get(item.author, item.author)}"
            told = (
                telling.markdown(item.plan, language)
                if markdown
                else _told(item.plan, language, full=full)
            )
            emit(data, as_json, lambda: [head, *told])
            return
        found = reviews.every(connection) if every else reviews.waiting(connection)
    columns = ("change", "state", "author", "items", "in_meaning", "decided_by", "reason")
    emit(
        {"changes": [_summary(ws, item) for item in found]},
        as_json,
        lambda: table(columns, telling.states(found, names)) if found else ["nothing waits"],
    )


def approve(
    name: Name,
    *,
    over: Annotated[
        str, typer.Option("--over-threshold", help="Why so many people may change: a code.")
    ] = "",
    where: Where = None,
    as_json: Json = False,
) -> None:
    """Approve exactly this change set; never one's own.

    Example: tagwarden tag approve cs-0123456789ab
    """
    from governance.changing import review as reviews

    ws = workspace(where)
    item = reviews.approve(ws, _name(name), over=over)
    emit(
        {"change": _summary(ws, item)},
        as_json,
        [f"{item.name} is approved", f"next: tagwarden tag apply {item.name}"],
    )


def reject(
    name: Name,
    *,
    reason: Annotated[str, typer.Option("--reason", help="Why: a code.")] = "",
    where: Where = None,
    as_json: Json = False,
) -> None:
    """Refuse a change set, with the reason.

    Example: tagwarden tag reject cs-0123456789ab --reason too-broad
    """
    from governance.changing import review as reviews

    ws = workspace(where)
    item = reviews.reject(ws, _name(name), reason)
    emit({"change": _summary(ws, item)}, as_json, [f"{item.name} is rejected: {item.reason}"])


def withdraw(name: Name, where: Where = None, as_json: Json = False) -> None:
    """Take back a change set of one's own.

    Example: tagwarden tag withdraw cs-0123456789ab
    """
    from governance.changing import review as reviews

    ws = workspace(where)
    item = reviews.withdraw(ws, _name(name))
    emit({"change": _summary(ws, item)}, as_json, [f"{item.name} is withdrawn"])


def apply(given: Given, where: Where = None, as_json: Json = False) -> None:
    """Write an approved plan into the catalogue.

    Takes a change set, a plan, or documents that change words only.
    Example: tagwarden tag apply cs-0123456789ab
    """
    from dataclasses import asdict

    from governance.changing import applying

    ws = workspace(where)
    changes = applying.apply(ws, _meant(ws, given, count=False))

    def text() -> Iterator[str]:
        if not changes:
            yield "nothing to do: the catalogue is as the plan says"
            return
        rows = [(change.key, change.kind, change.what, change.version) for change in changes]
        yield from table(("key", "kind", "change", "version"), rows)
        yield "next: tagwarden run all"

    emit({"changes": [asdict(change) for change in changes]}, as_json, text)


def suspend(key: Key, where: Where = None, as_json: Json = False) -> None:
    """Stop a tag at once, and the tags made of it: nothing shows or computes them.

    Example: tagwarden tag suspend interest.soft_drinks
    """
    from governance.changing import lifecycle

    along = lifecycle.suspend(workspace(where), key)
    lines = [f"{key} is suspended: nothing shows it now"]
    lines += [f"  nor {other}, which is made of it" for other in along]
    emit({"key": key, "state": "suspended", "along": along}, as_json, lines)


def resume(key: Key, where: Where = None, as_json: Json = False) -> None:
    """Use a suspended tag again.

    Example: tagwarden tag resume interest.soft_drinks
    """
    from governance.changing import lifecycle

    lifecycle.resume(workspace(where), key)
    emit({"key": key, "state": "active"}, as_json, [f"{key} is active again"])


def deprecate(
    key: Key,
    *,
    successor: Annotated[str, typer.Option("--successor", help="The tag that replaces it.")] = "",
    reason: Annotated[
        str, typer.Option("--no-successor", help="Why none replaces it: a code.")
    ] = "",
    where: Where = None,
    as_json: Json = False,
) -> None:
    """Mark a tag as replaced; new tags may not refer to it.

    Example: tagwarden tag deprecate interest.tea --successor interest.hot_drinks
    """
    from governance.changing import lifecycle

    lifecycle.deprecate(workspace(where), key, successor=successor, reason=reason)
    text = f"{key} is deprecated" + (f", in favour of {successor}" if successor else "")
    emit({"key": key, "state": "deprecated", "successor": successor}, as_json, [text])


def archive(key: Key, where: Where = None, as_json: Json = False) -> None:
    """Take a tag out of use for good; its history stays.

    Example: tagwarden tag archive interest.tea
    """
    from governance.changing import lifecycle

    lifecycle.archive(workspace(where), key)
    text = f"{key} is archived: nothing shows or computes it, its history stays"
    emit({"key": key, "state": "archived"}, as_json, [text])


def _planned(
    ws: "Workspace", files: list[Path], *, count: bool, leaks: Path | None = None
) -> "Plan":
    from governance.changing import comparing

    policy = None
    if leaks is not None:
        from governance.auditing import limits

        policy = limits.read(leaks)
    with progress("counting people") as bar:
        return comparing.make(ws, files, count=count, leaks=policy, progress=bar.update)


def _told(made: "Plan", language: str, *, full: bool) -> Iterator[str]:
    """Yield a plan: each definition whole, or one row for each of many."""
    from governance.changing import telling

    if full or len(made.items) <= A_SCREEN:
        yield from telling.lines(made, language)
        return
    yield telling.word("head", language, n=len(made.items))
    yield from table(telling.COLUMNS, telling.rows(made, language))
    yield from telling.closing(made, language)


def _name(given: str) -> str:
    """Return the name of a change set: of the one whose plan is in a file, or as it is given."""
    from governance.changing.plan import read_plan

    return read_plan(Path(given)).name if given.endswith(".json") else given


def _meant(ws: "Workspace", given: list[str], *, count: bool) -> "Plan":
    """Return the plan that is meant: of a change set, in a file, or made from documents now."""
    from governance.changing import review as reviews
    from governance.changing.plan import read_plan

    if len(given) == 1:
        if given[0].endswith(".json"):
            return read_plan(Path(given[0]))
        if not Path(given[0]).exists():
            with ws.store.read() as connection:
                return reviews.named(connection, given[0]).plan
    return _planned(ws, [Path(item) for item in given], count=count)


def _write(path: Path, made: "Plan") -> None:
    from audit.errors import BadInput
    from governance.store import private_file

    try:
        private_file.replace(path, made.encode() + b"\n")
    except OSError as error:
        raise BadInput(
            "file-unwritable", f"{path.name} cannot be written: {error.strerror}"
        ) from None
    note(f"the plan is in {path.name}")


def _plain(made: "Plan") -> dict[str, Any]:
    return {"plan": made.to_dict(), "digest": made.digest, "change": made.name}


def _summary(ws: "Workspace", item: "ChangeSet") -> dict[str, Any]:
    from audit.clock import iso
    from governance.authority import operators

    with ws.store.read() as connection:
        names = {ref: operator.name for ref, operator in operators(connection).items()}
    return {
        "name": item.name,
        "digest": item.plan.digest,
        "state": item.state,
        "author": names.get(item.author, item.author),
        "submitted": iso(item.at),
        "decided_by": names.get(item.decided_by, item.decided_by) or None,
        "decided": iso(item.decided_at),
        "reason": item.reason or None,
        "keys": [one.key for one in item.plan.items],
    }
