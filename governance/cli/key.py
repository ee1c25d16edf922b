# SPDX-License-Identifier: Apache-2.0
"""`tagwarden key`: how the keys stand, and rotating them. No key is ever printed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from governance.cli.out import (
    Json,
    Where,
    emit,
    note,
    passphrase_asker,
    progress,
    table,
    workspace,
)

PassphraseFrom = Annotated[
    str,
    typer.Option(
        "--passphrase-from",
        help="Where the passphrase of the backup is read: fd:N or a file. [default: a terminal]",
    ),
]

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Look after the keys.")


@app.command()
def status(where: Where = None, as_json: Json = False) -> None:
    """Say how the keys stand, and what is not protected.

    Example: tagwarden key status
    """
    from audit.clock import iso
    from governance.custody.status import backup_warning
    from governance.custody.status import status as keys_of
    from governance.vault.levels import CODES, leaves_open

    ws = workspace(where)
    found = keys_of(ws)
    now = ws.clock.now()
    age = found.age(now)
    wrong, remedy = backup_warning(found, now, ws.settings.number("keys.backup_days"))
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
        "backups": [iso(at) for at in found.backups],
        "backup_warning": wrong,
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
        yield f"backup     {iso(found.backups[-1]) if found.backups else 'none of this epoch'}"
        yield f"does not protect: {data['leaves_open']}"
        if found.unfinished or found.old:
            yield "next: tagwarden key rotate --finish"
        if wrong:
            yield f"{wrong}: {remedy}"

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
        note(
            "copies of the key ring and backups from before are outdated: they restore nothing here, "
            "but still open the key store they hold; destroy them, then: tagwarden key backup FILE"
        )


@app.command()
def backup(
    file: Path,
    *,
    passphrase_from: PassphraseFrom = "",
    where: Where = None,
    as_json: Json = False,
) -> None:
    """Write the keys into one file, sealed by a passphrase.

    It holds key store, key ring and the head of the evidence log. Keep it and its passphrase apart.

    Example: tagwarden key backup /media/safe/shop.keys
    """
    from governance.custody.backup import backup as write
    from governance.vault.passphrase import read_passphrase

    ws = workspace(where)
    ask = passphrase_asker("passphrase of the backup", twice=True)
    done = write(ws, file, lambda: read_passphrase(passphrase_from, ask))
    data = {"people": done.people, "epoch": done.epoch, "size_bytes": done.size_bytes}
    said = f"{done.people:,} people, epoch {done.epoch}, {done.size_bytes:,} bytes in {file}"
    emit(data, as_json, [said])
    if not as_json:
        days = ws.settings.number("keys.backup_days")
        note(f"destroy it when it is {days} days old, or when the keys are rotated")


@app.command()
def restore(
    file: Path,
    *,
    replace: bool = typer.Option(
        False, "--replace", help="Put it in the place of keys that are whole."
    ),
    accept_resurrection: bool = typer.Option(
        False, "--accept-resurrection", help="Although the log has lost who was erased."
    ),
    passphrase_from: PassphraseFrom = "",
    where: Where = None,
    as_json: Json = False,
) -> None:
    """Put back keys that are lost, from a backup.

    Who was admitted after the backup is lost; who was erased after it stays erased.

    Example: tagwarden key restore /media/safe/shop.keys
    """
    from dataclasses import asdict

    from governance.custody.restore import restore as put_back
    from governance.vault.passphrase import read_passphrase

    ask = passphrase_asker("passphrase of the backup")
    done = put_back(
        workspace(where),
        file,
        lambda: read_passphrase(passphrase_from, ask),
        replace=replace,
        accept_resurrection=accept_resurrection,
    )

    def text() -> Iterator[str]:
        parts = {"key store": done.key_store, "key ring": done.ring, "signed head": done.head}
        yield "put back: " + ", ".join(part for part, put in parts.items() if put)
        yield f"{done.people:,} people have a key"
        if done.forgotten:
            yield f"{done.forgotten:,} people were erased after the backup, and stay so"
        if done.lost:
            yield f"{done.lost:,} people came after the backup: what was sealed for them is lost"

    emit(asdict(done), as_json, text)
    if not as_json:
        note("make a new backup now: tagwarden key backup FILE")
