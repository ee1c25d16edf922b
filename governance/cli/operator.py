# SPDX-License-Identifier: Apache-2.0
"""`tagwarden operator`: who may act here, and in which roles."""

from typing import Annotated

import typer

from governance.cli.out import Json, Where, emit, note, passphrase_asker, table, workspace

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Say who may act, in which roles."
)

Name = Annotated[str, typer.Argument(help="Login name of an operator.")]


@app.command()
def add(
    name: Name,
    role: Annotated[list[str], typer.Option("--role", help="A role; may be repeated.")],
    public_key: Annotated[
        str, typer.Option("--key", help="What `operator key` printed for them.")
    ] = "",
    where: Where = None,
    as_json: Json = False,
) -> None:
    """Register an operator, or give one other roles.

    Whose key is on record acts only with that key, and signs what they do.

    Example: tagwarden operator add mei --role dpo
    """
    from governance import authority

    made = authority.add(workspace(where), name, role, public_key)
    data = {"operator": {"name": made.name, "roles": list(made.roles), "key": made.public_key}}
    how = ", with a key of their own" if made.public_key else ""
    emit(data, as_json, [f"{made.name} may act as {', '.join(made.roles)}{how}"])


@app.command()
def key(
    passphrase: Annotated[
        bool, typer.Option("--passphrase", help="Seal a new one with a passphrase.")
    ] = False,
    where: Where = None,
    as_json: Json = False,
) -> None:
    """Make a key of your own, or show its public half.

    The private half stays in a file for you only, outside the workspace. An administrator registers
    the public half: `operator add NAME --role ROLE --key ed25519:…`.

    Example: tagwarden operator key
    """
    from governance import operator_key

    ws = workspace(where)
    if passphrase:
        ws.ask = passphrase_asker(twice=True)
    public, made = operator_key.make(ws, ws.actor.ref, sealed=passphrase)
    path = operator_key.key_path(ws.actor.ref)
    emit({"public_key": public, "file": str(path), "made": made}, as_json, [public])
    if not as_json:
        note(f"private half: {path}" + ("" if made else " (it was there)"))


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
            "key": item.public_key,
        }
        for item in found
    ]
    rows = [
        (item.name, ", ".join(item.roles), iso(item.added_at), item.ref == ws.actor.ref)
        for item in found
    ]
    emit({"operators": data}, as_json, lambda: table(("name", "roles", "added", "acting"), rows))
