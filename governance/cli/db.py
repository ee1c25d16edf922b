# SPDX-License-Identifier: Apache-2.0
"""`tagwarden db`: the schema of the control database."""

from collections.abc import Iterator

import typer

from governance.cli.out import Json, Where, emit, table, workspace

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
    help="Check and upgrade the control database.",
)


@app.command()
def upgrade(where: Where = None, as_json: Json = False) -> None:
    """Bring the database to this version's schema.

    Example: tagwarden db upgrade
    """
    from governance.store.schema import bring_up

    before, after = bring_up(workspace(where))
    changed = before != after
    emit(
        {"before": before, "after": after, "changed": changed},
        as_json,
        [f"schema {before or 'none'} -> {after}" if changed else f"nothing to do: schema {after}"],
    )


@app.command()
def check(where: Where = None, as_json: Json = False) -> None:
    """Say whether the schema is this version's.

    Ends with an error when it is not.

    Example: tagwarden db check
    """
    from governance.store.schema import checked

    revision = checked(workspace(where))
    emit({"schema": revision}, as_json, [f"schema {revision}: the one of this version"])


@app.command()
def accept(where: Where = None, as_json: Json = False) -> None:
    """Take a database that was put back from a copy into use.

    Refusals, withdrawals and choices made after the copy are done again from the evidence log; what
    else was lost is counted.

    Example: tagwarden db accept
    """
    from governance.restoring import accept as take

    done = take(workspace(where))
    data = {
        "lost": done.lost,
        "renewed": done.renewed,
        "not_renewed": done.not_renewed,
        "erased": done.erased,
        "holds": done.held,
        "erasures": done.begun,
        "charges": done.charged,
        "parts_lost": done.parts_lost,
    }

    def text() -> Iterator[str]:
        yield from table(("done after the copy", "times"), done.lost.items())
        yield f"{done.renewed} refusals, withdrawals and choices hold again"
        if done.not_renewed:
            yield f"{done.not_renewed} could not be done again: their people or purposes are not in the copy"
        if done.erased:
            yield f"{done.erased} people have been erased since the copy: they are removed again"
        if done.held:
            yield f"{done.held} legal holds are in force again"
        if done.begun:
            yield f"{done.begun} erasures are begun again; they go on with: tagwarden erasure run"
        if done.charged:
            yield f"{done.charged} charges of the privacy budget count again; what they bought is lost"
        if done.parts_lost:
            yield f"{done.parts_lost} files of events are gone: ingest what they held again"
        if "subject.corrected" in done.lost:
            yield "corrected attributes were taken away: ask their people for the values again"
        yield "repeat what else is above: files to ingest and import, purposes, tags, operators, requests of people"

    emit(data, as_json, text)
