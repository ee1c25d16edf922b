# SPDX-License-Identifier: Apache-2.0
"""`tagwarden audit log`: check the evidence log, sign how far it has come, prove what is in it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from governance.cli.out import Json, Where, emit, progress, workspace

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, add_completion=False, help="The evidence log."
)

Out = Annotated[Path | None, typer.Option("--out", help="File to write it to. [default: printed]")]


@app.callback()
def log_group() -> None:
    """Check the evidence log, and prove to others what is in it."""


@app.command()
def verify(where: Where = None, as_json: Json = False) -> None:
    """Recompute the whole log against head and anchors.

    Ends with exit code 6 and every problem when anything was changed.

    Example: tagwarden audit log verify
    """
    found = workspace(where).evidence.verify()
    found.raise_if_bad()
    emit(
        {"size": found.size, "root": found.root, "good": True},
        as_json,
        [f"{found.size} entries, unchanged", f"root {found.root}"],
    )


@app.command()
def checkpoint(
    out: Out = None,
    keys: Annotated[
        bool, typer.Option("--keys", help="Print the public keys for verifiers instead.")
    ] = False,
    where: Where = None,
    as_json: Json = False,
) -> None:
    """Sign how far the log has come, for people outside.

    Whoever keeps it can show later that nothing before it was changed. Format: C2SP tlog-checkpoint.

    Example: tagwarden audit log checkpoint --out today.note
    """
    proofs = workspace(where).evidence.proofs
    if keys:
        lines = proofs.verifier_keys()
        _give("\n".join([*lines, ""]).encode(), out, as_json, {"keys": lines}, "public keys")
        return
    head, note = proofs.checkpoint()
    data = {"size": head.size, "root": head.root.hex(), "note": note.decode()}
    _give(note, out, as_json, data, f"checkpoint over {head.size} entries")


@app.command()
def prove(
    entry: Annotated[int, typer.Argument(metavar="ENTRY", help="Number of the entry, from 0.")],
    out: Out = None,
    where: Where = None,
    as_json: Json = False,
) -> None:
    """Prove that one entry is in the log.

    The proof holds the entry, its path and a checkpoint. Format: C2SP tlog-proof.

    Example: tagwarden audit log prove 7 --out 7.tlog-proof
    """
    found = workspace(where).evidence.proofs.inclusion(entry)
    data = {
        "index": found.index,
        "entry": found.entry.decode("ascii"),
        "size": found.head.size,
        "root": found.head.root.hex(),
        "proof": _hex(found.hashes),
        "file": found.file.decode(),
    }
    _give(found.file, out, as_json, data, f"proof of entry {entry} among {found.head.size}")


@app.command()
def consistency(
    old: Annotated[Path, typer.Argument(metavar="OLD.note", help="A checkpoint kept earlier.")],
    out: Out = None,
    where: Where = None,
    as_json: Json = False,
) -> None:
    """Prove that the log goes on from an old checkpoint.

    Ends with exit code 6 when it does not: it was put back, or there are two histories.

    Example: tagwarden audit log consistency last-year.note
    """
    found = workspace(where).evidence.proofs.growth(_read(old))
    data = {
        "old": {"size": found.old.size, "root": found.old.root.hex()},
        "new": {"size": found.new.size, "root": found.new.root.hex()},
        "proof": _hex(found.hashes),
        "file": found.file.decode(),
    }
    _give(found.file, out, as_json, data, f"{found.old.size} entries, now {found.new.size}")


@app.command()
def export(
    tiles: Annotated[Path, typer.Option("--tiles", help="Folder, new or of an earlier export.")],
    where: Where = None,
    as_json: Json = False,
) -> None:
    """Write the whole log as files that anybody can check.

    Entries name people by pseudonyms of one entry each. Format: C2SP tlog-tiles.

    Example: tagwarden audit log export --tiles for-the-auditor
    """
    proofs = workspace(where).evidence.proofs
    with progress("exporting") as shown:
        done = proofs.export(tiles.absolute(), shown.update)
    emit(
        {"size": done.size, "written": done.written, "kept": done.kept, "folder": str(tiles)},
        as_json,
        [f"{tiles}: {done.size} entries in {done.written} new files, {done.kept} were there"],
    )


@app.command()
def anchor(where: Where = None, as_json: Json = False) -> None:
    """Send a checkpoint to every anchor in the settings.

    Ends with exit code 5 when one of them could not be reached.

    Example: tagwarden audit log anchor
    """
    from dataclasses import asdict

    sent = workspace(where).evidence.anchor()

    def line(name: str, size: int, new: bool, failed: str) -> str:
        state = f"not reached: {failed}" if failed else "sent" if new else "had it already"
        return f"{name}: checkpoint over {size} entries, {state}"

    emit(
        {"anchors": [asdict(one) for one in sent]},
        as_json,
        [line(one.anchor, one.size, one.new, one.failed) for one in sent],
    )
    if any(one.failed for one in sent):
        raise typer.Exit(5)


@app.command()
def verifier(out: Out = None, as_json: Json = False) -> None:
    """Give the program that an auditor checks with.

    One Python file that needs nothing of tagwarden, only the package cryptography.

    Example: tagwarden audit log verifier --out verifier.py
    """
    from hashlib import sha256
    from importlib.resources import files

    source = files("audit").joinpath("offline_verifier.py").read_bytes()
    digest = sha256(source).hexdigest()
    _give(source, out, as_json, {"sha256": digest, "file": source.decode()}, f"sha256 {digest}")


def _give(
    content: bytes, out: Path | None, as_json: bool, data: "Mapping[str, object]", what: str
) -> None:
    """Print a result, or write it to a file and say what it is."""
    if out is None:
        emit(dict(data), as_json, content.decode().splitlines())
        return
    from audit.errors import BadInput

    try:
        out.write_bytes(content)
    except OSError as error:
        raise BadInput(
            "file-unwritable", f"{out.name} cannot be written: {error.strerror}"
        ) from None
    emit({**data, "out": str(out)}, as_json, [f"{out}: {what}"])


def _read(path: Path) -> bytes:
    from audit.errors import BadInput

    try:
        return path.read_bytes()
    except OSError as error:
        raise BadInput("file-unreadable", f"{path.name} cannot be read: {error.strerror}") from None


def _hex(hashes: "Sequence[bytes]") -> list[str]:
    return [one.hex() for one in hashes]
