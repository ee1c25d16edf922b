# SPDX-License-Identifier: Apache-2.0
"""`policy apply`, `overlays`, `approve`, `withdraw`: what an operator lays over the law."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from governance.cli.out import Json, Where, emit, table, workspace

if TYPE_CHECKING:
    from governance.overlay import Version

Key = Annotated[str, typer.Argument(help="Key of an overlay.")]


def apply(
    files: Annotated[list[Path], typer.Argument(help="Files, or folders with *.yaml.")],
    where: Where = None,
    as_json: Json = False,
) -> None:
    """Lay overlays over the law; one with a reason waits.

    What can only be stricter counts at once; one with a reason waits for a second operator.
    Example: tagwarden policy apply house.yaml
    """
    from governance import overlay

    done = overlay.apply(workspace(where), files)

    def text() -> Iterator[str]:
        yield from table(("key", "state"), [(item.key, item.what) for item in done])
        for item in done:
            if item.what == "proposed":
                yield (
                    "another operator approves it: tagwarden policy approve "
                    f"{item.key} --digest {item.digest[:12]}"
                )

    data = {"overlays": [{"key": i.key, "state": i.what, "digest": i.digest} for i in done]}
    emit(data, as_json, text)


def overlays(
    key: Annotated[str | None, typer.Argument(help="Print the document of this one.")] = None,
    where: Where = None,
    as_json: Json = False,
) -> None:
    """List the overlays in force, and those that wait.

    Example: tagwarden policy overlays
    """
    from audit.errors import NotFound
    from governance.authority import operators
    from governance.overlay import in_force, proposed

    ws = workspace(where)
    with ws.store.read() as connection:
        found = [*in_force(connection).values(), *proposed(connection).values()]
        names = {ref: operator.name for ref, operator in operators(connection).items()}
    if key is not None:
        found = [one for one in found if one.key == key]
        if not found:
            raise NotFound(
                "unknown-overlay",
                f'no overlay "{key}" is proposed or in force',
                hint="tagwarden policy overlays",
            )
    plain = [_plain(one, names) for one in found]
    emit({"overlays": plain}, as_json, lambda: _list(plain) if key is None else _document(plain))


def approve(
    key: Key,
    digest: Annotated[
        str, typer.Option("--digest", help="How the digest of what you read begins.")
    ],
    where: Where = None,
    as_json: Json = False,
) -> None:
    """Put another operator's proposal in force.

    Example: tagwarden policy approve house --digest 3f2a9c01
    """
    from governance import overlay

    done = overlay.approve(workspace(where), key, digest)
    emit(_result(done), as_json, [f"{key}: in force"])


def withdraw(
    keys: Annotated[list[str], typer.Argument(help="Keys of overlays.")],
    where: Where = None,
    as_json: Json = False,
) -> None:
    """Take overlays back; a proposal first.

    Example: tagwarden policy withdraw house
    """
    from governance import overlay

    done = overlay.withdraw(workspace(where), keys)
    emit(
        {"overlays": [_result(one) for one in done]},
        as_json,
        lambda: (f"{one.key}: {one.state}" for one in done),
    )


def _result(one: "Version") -> dict[str, Any]:
    return {"key": one.key, "state": one.state, "digest": one.digest}


def _plain(one: "Version", names: dict[str, str]) -> dict[str, Any]:
    import json

    from audit.clock import iso

    document = json.loads(one.document)
    return {
        **_result(one),
        "regime": document["extends"],
        "reason": document.get("reason"),
        "at": iso(one.at),
        "by": names.get(one.by, one.by),
        "document": document,
    }


def _list(found: list[dict[str, Any]]) -> Iterator[str]:
    if not found:
        yield "no overlays: the packs of the product count as they are"
        return
    columns = ("key", "regime", "state", "digest", "at", "by", "reason")
    shown = [{**one, "digest": one["digest"][:12]} for one in found]
    yield from table(columns, [[one[column] for column in columns] for one in shown])


def _document(found: list[dict[str, Any]]) -> Iterator[str]:
    """Yield the latest form as a document that could be applied: the proposal, where one waits."""
    import yaml

    yield f"# {found[-1]['state']}, digest {found[-1]['digest']}"
    yield yaml.safe_dump(found[-1]["document"], allow_unicode=True, sort_keys=False).rstrip()
