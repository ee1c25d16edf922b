# SPDX-License-Identifier: Apache-2.0
"""`tagwarden init`: make a workspace."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from governance.cli.out import Json, emit, passphrase_asker

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="A new or an empty folder.")],
    *,
    name: Annotated[
        str, typer.Option(help="What people call this shop. [default: the folder]")
    ] = "",
    language: Annotated[str, typer.Option(help="en or zh.")] = "en",
    regime: Annotated[str, typer.Option(help="gdpr, pipl_cn or ccpa.")] = "gdpr",
    zone: Annotated[str, typer.Option(help="Time zone of the shop's calendar.")] = "UTC",
    ring: Annotated[
        Path | None, typer.Option(help="Where the key ring goes. [default: per account, outside]")
    ] = None,
    level: Annotated[
        str, typer.Option(help="What seals the key ring: file, passphrase, keyring, pkcs11.")
    ] = "file",
    suite: Annotated[
        str, typer.Option(help="What data are sealed with: aes-gcm-siv, aes-gcm or sm4.")
    ] = "aes-gcm-siv",
    passphrase_from: Annotated[
        str,
        typer.Option(help="Where passphrase or PIN is read: fd:N or a file. [default: a terminal]"),
    ] = "",
    pkcs11_module: Annotated[
        str, typer.Option(help="For pkcs11: path of the token's module, an .so file.")
    ] = "",
    pkcs11_token: Annotated[str, typer.Option(help="For pkcs11: label of the token.")] = "",
    example: Annotated[
        bool, typer.Option("--example", help="Add the files of the guide, and stop its clock.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Make a workspace with safe defaults.

    Example: tagwarden init shop --regime pipl_cn --language zh
    """
    from governance import examples
    from governance.init import init as make

    title = name or folder.absolute().name
    clock = examples.FIRST_DAY if example else ""
    report = make(
        folder,
        name=title,
        language=language,
        regime=regime,
        zone=zone,
        ring=ring,
        level=level,
        suite=suite,
        passphrase_from=passphrase_from,
        pkcs11=(pkcs11_module, pkcs11_token),
        ask=passphrase_asker(twice=level == "passphrase"),  # a wrong PIN is told by the token
        fixed_clock=clock,
    )
    if example and report.created:
        examples.copy_first(report.folder)

    def text() -> Iterator[str]:
        if not report.created:
            yield f"nothing to do: {report.folder} is a workspace already"
            return
        yield f"workspace  {report.folder}"
        yield f"key ring   {report.ring}"
        yield "           keep a copy of it apart from the backups of the workspace, and its"
        yield f"           signed head ({report.ring.name}.head) together with it"
        yield f"protection {report.key_level}"
        yield f"  protects:         {report.protects}"
        yield f"  does not protect: {report.leaves_open}"
        yield f"next: cd {report.folder} && {report.next_steps[0]}"

    protection = {
        "level": report.key_level,
        "protects": report.protects,
        "leaves_open": report.leaves_open,
    }
    places = {"workspace": str(report.folder), "ring": str(report.ring)}
    emit(
        {**places, "created": report.created, "protection": protection, "next": report.next_steps},
        as_json,
        text,
    )
