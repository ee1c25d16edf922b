# SPDX-License-Identifier: Apache-2.0
"""`tagwarden tag`: write, check and apply tags."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from governance.cli.out import Json, Lang, Where, emit, table, workspace

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Write, check and apply tags.")

Files = Annotated[list[Path], typer.Argument(help="Files, or folders with *.yaml.")]
Key = Annotated[str, typer.Argument(help="Key of a tag.")]


@app.command()
def lint(files: Files, where: Where = None, as_json: Json = False) -> None:
    """Check definitions; every problem with its place.

    Example: tagwarden tag lint tags/
    """
    from governance import catalogue

    checked = catalogue.lint(workspace(where), files)
    keys = sorted(checked.stated)
    emit({"checked": keys}, as_json, [f"{len(keys)} definitions, no problem"])


@app.command()
def apply(files: Files, where: Where = None, as_json: Json = False) -> None:
    """Write definitions into the catalogue.

    Example: tagwarden tag apply tags/
    """
    from dataclasses import asdict

    from governance import catalogue

    changes = catalogue.apply(workspace(where), files)

    def text() -> Iterator[str]:
        changed = [change for change in changes if change.what != "unchanged"]
        if not changed:
            yield f"nothing to do: {len(changes)} definitions are as they were"
            return
        rows = [(change.key, change.kind, change.what, change.version) for change in changed]
        yield from table(("key", "kind", "change", "version"), rows)
        yield "next: tagwarden run all"

    emit({"changes": [asdict(change) for change in changes]}, as_json, text)


@app.command(name="list")
def list_(where: Where = None, lang: Lang = None, as_json: Json = False) -> None:
    """List the tags of the catalogue.

    Example: tagwarden tag list
    """
    from audit.clock import iso
    from governance import catalogue

    ws = workspace(where)
    language = lang or ws.settings.text("workspace.language")
    with ws.store.read() as connection:
        found = list(catalogue.active(connection).values())
    data = [
        {
            "key": item.tag.key,
            "name": item.tag.name.model_dump(),
            "version": item.version,
            "state": item.state,
            "dimension": item.tag.dimension,
            "purposes": list(item.tag.purposes),
            "computed": iso(item.evaluated_at),
        }
        for item in found
    ]
    rows = [
        (item.tag.key, item.tag.name.in_(language), item.version, item.state, item.tag.dimension)
        for item in found
    ]
    emit(
        {"tags": data},
        as_json,
        lambda: table(("key", "name", "version", "state", "dimension"), rows),
    )


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


@app.command()
def suspend(key: Key, where: Where = None, as_json: Json = False) -> None:
    """Stop a tag at once: nothing shows or computes it.

    Example: tagwarden tag suspend interest.soft_drinks
    """
    from governance import catalogue

    catalogue.set_state(workspace(where), key, "suspended")
    emit({"key": key, "state": "suspended"}, as_json, [f"{key} is suspended: nothing shows it now"])


@app.command()
def resume(key: Key, where: Where = None, as_json: Json = False) -> None:
    """Use a suspended tag again.

    Example: tagwarden tag resume interest.soft_drinks
    """
    from governance import catalogue

    catalogue.set_state(workspace(where), key, "active")
    emit({"key": key, "state": "active"}, as_json, [f"{key} is active again"])
