# SPDX-License-Identifier: Apache-2.0
"""`tagwarden assessment`: keep the assessments without which the gate stops."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from governance.cli.out import Json, Lang, Where, emit, table, workspace
from governance.cli.who import language_of

if TYPE_CHECKING:
    from governance.assessment import Assessment

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Keep the assessments that the law asks for.",
)


@app.command()
def apply(
    files: Annotated[list[Path], typer.Argument(help="Files, or folders with *.yaml.")],
    where: Where = None,
    as_json: Json = False,
) -> None:
    """Write assessments from documents.

    Example: tagwarden assessment apply assessments.yaml
    """
    from governance import assessment

    ws = workspace(where)
    applied = assessment.apply(ws, files)
    changed = [item for item in applied if item.what != "unchanged"]
    with ws.store.read() as connection:
        known = assessment.assessments(connection)
    today = assessment.day_of(ws.clock.now())
    waiting = [item.key for item in applied if known[item.key].state(today) != "in-force"]

    def text() -> Iterator[str]:
        if not changed:
            yield f"nothing to do: {len(applied)} assessments are as they were"
        else:
            yield from table(("key", "change"), [(item.key, item.what) for item in changed])
        if waiting:
            yield f"not in force today, so they open nothing: {', '.join(waiting)}"

    data = {
        "changes": [{"key": item.key, "what": item.what} for item in applied],
        "not_in_force": waiting,
    }
    emit(data, as_json, text)


@app.command(name="list")
def list_(where: Where = None, lang: Lang = None, as_json: Json = False) -> None:
    """List the assessments, and whose review is overdue.

    Example: tagwarden assessment list
    """
    from governance.assessment import assessments, day_of
    from policies.vocabulary import label

    ws = workspace(where)
    language = language_of(ws, lang)
    with ws.store.read() as connection:
        found = list(assessments(connection).values())
    today = day_of(ws.clock.now())
    overdue = [one.key for one in found if one.state(today) == "overdue"]
    rows = [
        (
            one.key,
            label("assessment", one.type, language),
            label("assessment_state", one.state(today), language),
            one.approved,
            one.review_by,
            ", ".join(one.covers.purposes),
        )
        for one in found
    ]

    def text() -> Iterator[str]:
        yield from table(("key", "type", "state", "approved", "review by", "covers"), rows)
        if overdue:
            yield f"overdue, so what they cover is stopped: {', '.join(overdue)}"

    emit({"assessments": [_plain(one, today) for one in found]}, as_json, text)


@app.command()
def show(
    key: Annotated[str, typer.Argument(help="Key of an assessment.")],
    where: Where = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Show one assessment, part by part with the article.

    Example: tagwarden assessment show recommending_pipia
    """
    from governance.assessment import assessment_named, day_of

    ws = workspace(where)
    language = language_of(ws, lang)
    with ws.store.read() as connection:
        found = assessment_named(connection, key)
    today = day_of(ws.clock.now())
    emit({"assessment": _plain(found, today)}, as_json, lambda: _lines(found, today, language))


def _plain(one: "Assessment", today: date) -> dict[str, Any]:
    plain = one.model_dump(mode="json", by_alias=True)
    return plain | {"state": one.state(today), "days_left": (one.review_by - today).days}


def _lines(one: "Assessment", today: date, language: str) -> Iterator[str]:
    from policies.assessments import RULES, years_after
    from policies.vocabulary import label

    rule = RULES[one.type]
    yield f"{one.key}: {label('assessment', one.type, language)}"
    yield f"law          {', '.join(rule.articles)}"
    yield f"purposes     {', '.join(one.covers.purposes)}"
    yield f"tags         {', '.join(one.covers.tags) or 'every tag that serves them'}"
    yield f"made         {one.made}, reviewed by {one.reviewed_by}, approved {one.approved}"
    days = (one.review_by - today).days
    left = f"{days} days left" if days >= 0 else f"{-days} days overdue"
    yield f"review by    {one.review_by} ({left})"
    yield f"state        {label('assessment_state', one.state(today), language)}"
    if rule.keep_years is not None:
        yield f"keep until   {years_after(one.approved, rule.keep_years)} at least"
    for part in rule.parts:
        if part.code in one.contents:
            yield f"{part.in_(language)} ({part.article})"
            yield f"    {one.contents[part.code].in_(language)}"
