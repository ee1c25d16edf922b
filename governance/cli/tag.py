# SPDX-License-Identifier: Apache-2.0
"""`tagwarden tag`: write, check and apply tags."""

from typing import TYPE_CHECKING, Annotated

import typer

from governance.cli import change
from governance.cli.lineage import lineage
from governance.cli.lint import lint
from governance.cli.new import new
from governance.cli.out import Json, Lang, Where, emit, table, workspace
from governance.cli.who import language_of

if TYPE_CHECKING:
    from audit.clock import Micros
    from governance.catalogue import Active

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Write, check and apply tags.")
app.command()(new)
app.command()(lint)
app.command()(lineage)
for command in (
    *(change.plan, change.submit, change.review, change.approve, change.reject, change.withdraw),
    *(change.apply, change.suspend, change.resume, change.deprecate, change.archive),
):
    app.command()(command)

Key = Annotated[str, typer.Argument(help="Key of a tag.")]


@app.command(name="list")
def list_(where: Where = None, lang: Lang = None, as_json: Json = False) -> None:
    """List the tags of the catalogue, and what is in review.

    Example: tagwarden tag list
    """
    from audit.clock import iso
    from governance import catalogue
    from governance.changing import review

    ws = workspace(where)
    now = ws.clock.now()
    language = language_of(ws, lang)
    with ws.store.read() as connection:
        found = list(catalogue.active(connection).values())
        coming = {
            item.key: change.name
            for change in review.waiting(connection)
            for item in change.plan.items
            if item.kind == "tag"
        }
    known = {item.tag.key for item in found}
    data = [
        {
            "key": item.tag.key,
            "name": item.tag.name.model_dump(),
            "version": item.version,
            "state": item.state,
            "dimension": item.tag.dimension,
            "purposes": list(item.tag.purposes),
            "computed": iso(item.evaluated_at),
            "in_review": coming.get(item.tag.key),
            **_audit(item, now),
        }
        for item in found
    ]
    rows: list[tuple[object, ...]] = [
        (
            item.tag.key,
            item.tag.name.in_(language),
            item.version,
            _state(item, now),
            item.tag.dimension,
            item.standing.said(now),
            coming.get(item.tag.key, ""),
        )
        for item in found
    ]
    new = [(key, name) for key, name in coming.items() if key not in known]
    rows += [(key, "", "", "in_review", "", "", name) for key, name in new]
    columns = ("key", "name", "version", "state", "dimension", "audit", "in review")
    emit({"tags": data, "in_review": coming}, as_json, lambda: table(columns, rows))


@app.command()
def show(key: Key, where: Where = None, lang: Lang = None, as_json: Json = False) -> None:
    """Show one tag: its rule, purposes and state.

    Example: tagwarden tag show interest.soft_drinks
    """
    from audit.clock import iso
    from governance import catalogue
    from policies.vocabulary import label

    ws = workspace(where)
    language = lang or ws.settings.text("workspace.language")
    with ws.store.read() as connection:
        item = catalogue.active(connection, [key])[key]
    tag, now = item.tag, ws.clock.now()
    data = {
        "tag": tag.model_dump(mode="json", by_alias=True),
        "version": item.version,
        "state": item.state,
        **_audit(item, now),
        "digest": item.digest,
        "applied": iso(item.applied_at),
        "computed": iso(item.evaluated_at),
    }
    lines = [
        f"{tag.name.in_(language)}  ({tag.key}, version {item.version}, {_state(item, now)})",
        f"  rule      {tag.value}",
        f"  says      {tag.says.in_(language)}",
        f"  purposes  {', '.join(tag.purposes)}",
        f"  basis     {', '.join(f'{regime}: {basis}' for regime, basis in tag.basis.items())}",
        f"  asserts   {', '.join(tag.asserts)}",
        f"  sources   {', '.join(tag.sources)}",
        f"  lives     {tag.ttl}, refreshed every {tag.refresh.every}"
        + (f" and on {', '.join(tag.refresh.on)}" if tag.refresh.on else ""),
        f"  owner     {tag.owner}",
        f"  computed  {iso(item.evaluated_at) or 'never'}",
    ]
    if item.lacking:
        lines.append(f"  made of   {', '.join(item.lacking)}: not in use")
    if said := item.standing.said(now):
        lines.append(f"  audit     {said}: {label('audit', said, language)}")
    emit(data, as_json, lines)


def _state(item: "Active", now: "Micros") -> str:
    """Return the state for who reads: suspended with what it is made of, or by the policy of audits."""
    return "suspended" if item.state == "active" and not item.shown(now) else item.state


def _audit(item: "Active", now: "Micros") -> dict[str, object]:
    """Return what stops a tag or is said of it: what it is made of and is not in use, and by audits."""
    return {
        "lacking": list(item.lacking),
        "audit": item.standing.said(now),
        "stopped": bool(item.standing.stopped(now)),
    }
