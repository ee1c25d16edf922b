# SPDX-License-Identifier: Apache-2.0
"""`tagwarden audit policy`: the limits that count, and which tags must be audited."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from governance.cli.out import Json, Lang, Where, emit, table, workspace

if TYPE_CHECKING:
    from governance.fairness import Version
    from governance.workspace import Workspace

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Say which limits of audits count."
)


@app.command()
def apply(
    file: Annotated[Path, typer.Argument(help="File with a FairnessPolicy.")],
    where: Where = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Put a policy in force; one that may be laxer waits.

    The first counts at once, and so does a stricter one; anything else waits for a second operator.
    Example: tagwarden audit policy apply fairness.yaml
    """
    from governance import fairness
    from governance.auditing import limits

    ws = workspace(where)
    done = fairness.apply(ws, limits.read(file))

    def text() -> Iterator[str]:
        yield f"{done.version.key}, version {done.version.version}: {done.what}"
        if done.what == "proposed":
            yield f"it may be laxer in: {', '.join(done.laxer)}"
            yield (
                "another operator approves it: tagwarden audit policy approve "
                f"--digest {done.version.digest[:12]}"
            )

    data = {**_plain(done.version), "what": done.what, "laxer": list(done.laxer)}
    emit({**data, "tags": _affected(ws)}, as_json, lambda: (*text(), *_told(ws, lang)))


@app.command()
def approve(
    digest: Annotated[
        str, typer.Option("--digest", help="How the digest of what you read begins.")
    ],
    where: Where = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Put another operator's proposal in force.

    Example: tagwarden audit policy approve --digest 3f2a9c01
    """
    from governance import fairness

    ws = workspace(where)
    done = fairness.approve(ws, digest)
    emit(
        {**_plain(done), "tags": _affected(ws)},
        as_json,
        lambda: (f"{done.key}, version {done.version}: in_force", *_told(ws, lang)),
    )


@app.command()
def show(
    *,
    proposed: Annotated[bool, typer.Option("--proposed", help="The one that waits.")] = False,
    where: Where = None,
    as_json: Json = False,
) -> None:
    """Print the policy in force, as a document that could be applied.

    Example: tagwarden audit policy show
    """
    from audit.errors import NotFound
    from governance import fairness

    with workspace(where).store.read() as connection:
        found = fairness.proposed(connection) if proposed else fairness.in_force(connection)
    if found is None:
        raise NotFound(
            "no-proposal" if proposed else "no-fairness-policy",
            "no fairness policy " + ("waits for approval" if proposed else "is in force"),
            hint="tagwarden audit policy apply FILE",
        )
    one = found

    def text() -> Iterator[str]:
        import yaml

        yield f"# {one.state}, digest {one.digest}"
        plain = one.policy.document()
        yield yaml.safe_dump(plain, allow_unicode=True, sort_keys=False).rstrip()

    emit({**_plain(one), "document": one.policy.document()}, as_json, text)


@app.command(name="list")
def list_(where: Where = None, as_json: Json = False) -> None:
    """List the versions of the policy, the newest first.

    Example: tagwarden audit policy list
    """
    from governance.authority import operators
    from governance.fairness import every

    with workspace(where).store.read() as connection:
        found = [_plain(one) for one in every(connection)]
        names = {ref: operator.name for ref, operator in operators(connection).items()}
    shown = [{**one, "by": names.get(one["by"], one["by"])} for one in found]
    columns = ("key", "version", "state", "digest", "at", "by")
    rows = [
        [one[column][:12] if column == "digest" else one[column] for column in columns]
        for one in shown
    ]
    emit(
        {"policies": shown},
        as_json,
        lambda: table(columns, rows) if rows else ["no fairness policy was applied"],
    )


def _plain(one: "Version") -> dict[str, Any]:
    from audit.clock import iso

    return {
        "key": one.key,
        "version": one.version,
        "state": one.state,
        "digest": one.digest,
        "at": iso(one.at),
        "by": one.by,
    }


def _affected(ws: "Workspace") -> list[dict[str, Any]]:
    """Return the tags that the policy in force stops or warns of now."""
    from governance.catalogue import USABLE, active

    now = ws.clock.now()
    with ws.store.read() as connection:
        tags = active(connection)
    return [
        {"tag": key, "audit": said, "stopped": bool(tag.standing.stopped(now))}
        for key, tag in tags.items()
        if tag.state in USABLE and (said := tag.standing.said(now))
    ]


def _told(ws: "Workspace", lang: str | None) -> Iterator[str]:
    from governance.cli.who import language_of
    from policies.vocabulary import label

    language = language_of(ws, lang)
    for one in _affected(ws):
        what = "stopped" if one["stopped"] else "warned of"
        yield f"{what}: {one['tag']}, {label('audit', one['audit'], language)}"
