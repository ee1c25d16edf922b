# SPDX-License-Identifier: Apache-2.0
"""`tagwarden key`: how the keys stand, and rotating them. No key is ever printed."""

from collections.abc import Iterator

import typer

from governance.cli.out import Json, Where, emit, note, progress, table, workspace

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Look after the keys.")


@app.command()
def status(where: Where = None, as_json: Json = False) -> None:
    """Say how the keys stand, and what is not protected.

    Example: tagwarden key status
    """
    from audit.clock import iso
    from governance.custody.status import status as keys_of
    from governance.vault.levels import CODES, leaves_open

    ws = workspace(where)
    found = keys_of(ws)
    age = found.age(ws.clock.now())
    language = ws.settings.text("workspace.language")
    data = {
        "level": found.level,
        "suite": found.suite,
        "epoch": found.epoch,
        "made": iso(found.made),
        "age_days": age,
        "data_keys": {str(epoch): count for epoch, count in found.data_keys.items()},
        "unfinished": found.unfinished,
        "old_epochs": found.old,
        "destroyed": {str(epoch): iso(at) for epoch, at in found.gone.items()},
        "leaves_open": leaves_open(found.level, language),
    }

    def text() -> Iterator[str]:
        yield f"key ring   {found.level} ({CODES[found.level]}), suite {found.suite}"
        yield f"epoch      {found.epoch}, made {iso(found.made)}, {age} days old"
        rows: list[tuple[object, ...]] = [
            (epoch, found.data_keys.get(epoch, 0), "" if epoch == found.epoch else "old")
            for epoch in sorted({found.epoch, *found.old, *found.data_keys})
        ]
        rows += [(epoch, 0, f"destroyed {iso(at)}") for epoch, at in sorted(found.gone.items())]
        yield from table(("epoch", "data keys", "state"), rows)
        yield f"does not protect: {data['leaves_open']}"
        if found.unfinished or found.old:
            yield "next: tagwarden key rotate --finish"

    emit(data, as_json, text)


@app.command()
def rotate(
    *,
    finish: bool = typer.Option(
        False, "--finish", help="Only finish what was interrupted; begin nothing."
    ),
    where: Where = None,
    as_json: Json = False,
) -> None:
    """Wrap every data key anew, destroy the old epoch's key.

    Old copies of the key store open nothing afterwards. Others go on reading and writing; an
    interrupted rotation is finished by the next.

    Example: tagwarden key rotate
    """
    from governance.custody.rotate import rotate as turn

    with progress("wrapping keys") as bar:
        done = turn(workspace(where), only_finish=finish, progress=bar.update)
    data = {
        "epoch": done.epoch,
        "begun": done.begun,
        "wrapped": done.wrapped,
        "destroyed": done.destroyed,
    }

    def text() -> Iterator[str]:
        if not (done.begun or done.wrapped or done.destroyed):
            yield "nothing to do: no rotation was interrupted"
            return
        yield f"epoch {done.epoch}: {done.wrapped:,} data keys wrapped anew"
        if done.destroyed:
            gone = ", ".join(map(str, done.destroyed))
            yield f"destroyed the key of epoch {gone}: older copies of the key store open nothing"

    emit(data, as_json, text)
    if done.begun and not as_json:
        note("copies of the key ring that you keep are outdated: renew them, destroy the old ones")
