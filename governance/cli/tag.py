# SPDX-License-Identifier: Apache-2.0
"""`tagwarden tag`: write, check and apply tags."""

from typing import Annotated

import typer

from governance.cli import change
from governance.cli.lineage import lineage
from governance.cli.lint import lint
from governance.cli.new import new
from governance.cli.out import Json, Lang, Where, emit, table, workspace

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
    language = lang or ws.settings.text("workspace.language")
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
        }
        for item in found
    ]
    rows: list[tuple[object, ...]] = [
        (
            item.tag.key,
            item.tag.name.in_(language),
            item.version,
            item.state,
            item.tag.dimension,
            coming.get(item.tag.key, ""),
        )
        for item in found
    ]
    rows += [
        (key, "", "", "in_review", "", name) for key, name in coming.items() if key not in known
    ]
    columns = ("key", "name", "version", "state", "dimension", "in review")
    emit({"tags": data, "in_review": coming}, as_json, lambda: table(columns, rows))


@app.command()
def show(key: Key, where: Where = None, lang: Lang = None, as_json: Json = False) -> None:
    """Show one tag: its rule, purposes and state.

    Example: tagwarden tag show interest.soft_drinks
    """
    from audit.clock import iso
    from governance import catalogue

    ws = workspace(where)
    language = lang or ws.settings.text("workspace.language")
    with ws.store.read() as connection:
        item = catalogue.active(connection, [key])[key]
    tag = item.tag
    data = {
        "tag": tag.model_dump(mode="json", by_alias=True),
        "version": item.version,
        "state": item.state,
        "digest": item.digest,
        "applied": iso(item.applied_at),
        "computed": iso(item.evaluated_at),
    }
    lines = [
        f"{tag.name.in_(language)}  ({tag.key}, version {item.version}, {item.state})",
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
    emit(data, as_json, lines)
