# SPDX-License-Identifier: Apache-2.0
"""`tagwarden operator`: who may act here, and in which roles."""

from typing import Annotated

import typer

from governance.cli.out import Json, Where, emit, table, workspace

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Say who may act, in which roles."
)

Name = Annotated[str, typer.Argument(help="Login name of an operator.")]


@app.command()
def add(
    name: Name,
    role: Annotated[list[str], typer.Option("--role", help="A role; may be repeated.")],
    where: Where = None,
    as_json: Json = False,
) -> None:
    """Register an operator, or give one other roles.

    Example: tagwarden operator add mei --role dpo
    """
    from governance import authority

    made = authority.add(workspace(where), name, role)
    data = {"operator": {"name": made.name, "roles": list(made.roles)}}
    emit(data, as_json, [f"{made.name} may act as {', '.join(made.roles)}"])


@app.command()
def remove(name: Name, where: Where = None, as_json: Json = False) -> None:
    """Take all roles from an operator; what they did stays.

    Example: tagwarden operator remove mei
    """
    from governance import authority

    authority.remove(workspace(where), name)
    emit({"removed": name}, as_json, [f"{name} may not act here any more"])


@app.command(name="list")
def list_(where: Where = None, as_json: Json = False) -> None:
    """List who may act, and who is acting now.

    Example: tagwarden operator list
    """
    from audit.clock import iso
    from governance.authority import operators

    ws = workspace(where)
    with ws.store.read() as connection:
        found = list(operators(connection).values())
    data = [
        {
            "name": item.name,
            "roles": list(item.roles),
            "added": iso(item.added_at),
            "acting": item.ref == ws.actor.ref,
        }
        for item in found
    ]
    rows = [
        (item.name, ", ".join(item.roles), iso(item.added_at), item.ref == ws.actor.ref)
        for item in found
    ]
    emit({"operators": data}, as_json, lambda: table(("name", "roles", "added", "acting"), rows))
