# SPDX-License-Identifier: Apache-2.0
"""`tagwarden erasure`: see what an erasure would do, carry erasures on, give the certificate."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from governance.cli.out import Json, Lang, Where, emit, progress, say, table, workspace
from governance.cli.who import Whom, language_of, subject_of

if TYPE_CHECKING:
    from governance.erasure import Preview, Progress, Scope

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Erase a person, or a part of what is held.",
)

Tag = Annotated[str | None, typer.Option("--tag", help="Only this tag, with its history.")]
Purpose = Annotated[
    str | None, typer.Option("--purpose", help="Only what serves this purpose alone.")
]
Category = Annotated[
    str | None, typer.Option("--category", help="Only attributes and tags of this category.")
]
Ref = Annotated[str, typer.Argument(metavar="REF", help="Number of the request.")]
SomeRef = Annotated[
    str | None, typer.Argument(metavar="REF", help="Number of the request. [default: all]")
]


@app.command()
def preview(
    subject: Whom,
    *,
    tag: Tag = None,
    purpose: Purpose = None,
    category: Category = None,
    where: Where = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Say what an erasure would do to a person; nothing is changed.

    Example: tagwarden erasure preview @number.txt
    """
    from governance.erasure import preview as look

    ws = workspace(where)
    found = look(ws, subject_of(ws, subject), _scope(tag, purpose, category))
    language = language_of(ws, lang)
    emit(found.record() | {"digest": found.digest}, as_json, lambda: told(found, language))


@app.command()
def run(ref: SomeRef = None, where: Where = None, lang: Lang = None, as_json: Json = False) -> None:
    """Carry erasures on as far as they go: all, or one.

    Without a number, also removes who has no key any more, and ledgers whose time is over.

    Example: tagwarden erasure run
    """
    from governance.requests.erasing import carry_on

    ws = workspace(where)
    with progress("erasing") as bar:
        found = carry_on(ws, ref, progress=bar.update)
    _list(found, language_of(ws, lang), as_json=as_json)


@app.command(name="list")
def list_(where: Where = None, lang: Lang = None, as_json: Json = False) -> None:
    """List erasures, and how far each has come.

    Example: tagwarden erasure list
    """
    from governance.erasure import sagas

    ws = workspace(where)
    _list(sagas(ws), language_of(ws, lang), as_json=as_json)


@app.command()
def cancel(ref: Ref, where: Where = None, as_json: Json = False) -> None:
    """Cancel an erasure that is not committed, and the request that it belongs to.

    Example: tagwarden erasure cancel rq-0123456789abcdef
    """
    from governance.requests.erasing import take_back

    take_back(workspace(where), ref)
    said = [
        f"{ref} is cancelled: what it had restricted, blocked or objected to is free again",
        "tags that it had ended come back with the next run; what the person chose stays",
    ]
    emit({"ref": ref, "cancelled": True}, as_json, said)


@app.command()
def certificate(
    ref: Ref,
    out: Annotated[Path, typer.Option("--out", "-o", help="File to write.")],
    where: Where = None,
    as_json: Json = False,
) -> None:
    """Write the certificate of an erasure to a file.

    Example: tagwarden erasure certificate rq-0123456789abcdef --out erased.tlog-proof
    """
    from audit.errors import BadInput, Conflict
    from governance.erasure import certificate_of
    from governance.store import private_file

    found = certificate_of(workspace(where), ref)
    try:
        private_file.create(out, found)
    except FileExistsError:
        raise Conflict(
            "file-exists", f"{out.name} is there already", hint="take another name"
        ) from None
    except OSError as error:
        raise BadInput(
            "file-unwritable", f"{out.name} cannot be written: {error.strerror}"
        ) from None
    emit({"ref": ref, "bytes": len(found)}, as_json, [f"{out.name}: {len(found)} bytes"])


def _scope(tag: str | None, purpose: str | None, category: str | None) -> "Scope":
    from audit.errors import BadInput
    from governance.erasure import EVERYTHING
    from governance.erasure import Scope as Wanted

    named = [
        item
        for item in (("tag", tag), ("purpose", purpose), ("category", category))
        if item[1] is not None
    ]
    if len(named) > 1:
        raise BadInput(
            "two-scopes", "an erasure is of one tag, one purpose or one category", hint="name one"
        )
    for kind, target in named:
        return Wanted(kind, target or "")  # type: ignore[arg-type]
    return EVERYTHING


def told(found: "Preview", language: str) -> Iterator[str]:
    """Yield a preview as lines."""
    from audit.clock import iso
    from governance.erasure.words import GROUNDS, REMAINS, WHAT
    from governance.registry import PLACES

    holds = {place.code: place.holds[language] for place in PLACES}
    rows = [
        (
            holds[line.place],
            "" if line.count < 0 else line.count,
            WHAT[line.what].in_(language),
            GROUNDS[line.ground].in_(language) if line.ground else "",
            iso(line.until)[:10] if line.until else "",
        )
        for line in found.lines
    ]
    yield from table(("what", "rows", "then", "ground", "until"), rows)
    yield ""
    yield from (REMAINS[code].in_(language) for code in found.remains)
    yield ""
    yield ("预览摘要值 " if language == "zh" else "digest of this preview ") + found.digest


def _list(found: "list[Progress]", language: str, *, as_json: bool) -> None:
    from audit.clock import iso
    from governance.erasure.words import STEPS, waiting

    def data(item: "Progress") -> dict[str, Any]:
        return {
            "ref": item.ref,
            "scope": item.scope.kind,
            "target": item.scope.target,
            "step": item.step.code,
            "begun": iso(item.begun_at),
            "grace_until": iso(item.grace_until),
            "closed": iso(item.closed_at) if item.closed_at else "",
            "waiting": item.waiting,
            "held": item.held,
        }

    rows = [
        (
            item.ref,
            f"{item.scope.kind} {item.scope.target}".strip(),
            STEPS[item.step.code].in_(language),
            waiting(item.waiting, language),
        )
        for item in found
    ]
    if as_json:
        emit([data(item) for item in found], as_json)
        return
    for line in table(("request", "what", "step", "waits"), rows):
        say(line)
