# SPDX-License-Identifier: Apache-2.0
"""Makes the package of a person as a file for its owner only, and says so in the evidence log first.

No file without its entry: the entry is committed when the whole package has been written, and only then
does the file come to its place. Memory does not grow with the number of events.
"""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import IO, Any

from audit.errors import BadInput, Conflict, Refused
from governance.access.forms import Form, write
from governance.access.package import Language, Package
from governance.access.sealing import encrypted, new_passphrase
from governance.access.section import Source
from governance.authority import demand
from governance.running.live import Live
from governance.store.private_file import Draft
from governance.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Exported:
    """What a package holds: place → records; how many bytes it has."""

    counts: Mapping[str, int]
    size: int
    passphrase: str = field(default="", repr=False)
    """What opens an encrypted package; it is kept nowhere."""


def export(
    ws: Workspace,
    subject_id: int,
    out: Path,
    *,
    form: Form = "html",
    language: Language = "en",
    portable: bool = False,
    force: bool = False,
    encrypt: bool = False,
) -> Exported:
    """Write everything that is stored about a person to a file; returns what is in it.

    With `portable`, what the person gave or was observed, without what was inferred. With `encrypt`,
    only whoever has the passphrase reads it, and the package is held in memory once. Raises Refused
    `not-permitted` or `inside-workspace`, Conflict `file-exists` or `disk-unwritable`, BadInput
    `file-unwritable`, NotFound `age-not-installed`.
    """
    demand(ws, "subject.export")
    passphrase = new_passphrase(ws.ids) if encrypt else ""
    with handing_over(ws, out, force=force), closing(Draft(out)) as draft:
        plain = BytesIO() if encrypt else draft.file
        counts = _write(ws, subject_id, plain, form, language, portable=portable)
        if isinstance(plain, BytesIO):
            draft.file.write(encrypted(plain.getvalue(), passphrase))
        size = draft.file.tell()
        draft.finish()
        with ws.store.write() as unit:
            how = {"form": form, "portable": portable, "encrypted": encrypt}
            facts: dict[str, Any] = {**how, **counts}
            unit.log(ws.evidence.entry("access.exported", subject_id=subject_id, **facts))
        draft.publish(over=force)
    return Exported(counts, size, passphrase)


def contents(ws: Workspace, subject_id: int, language: Language) -> list[tuple[str, int]]:
    """Return the parts of what is stored about a person, each with its number of records.

    The categories without the data (11 CCR 7024); the look is on record. Raises Refused.
    """
    demand(ws, "subject.export")
    with closing(Live(ws)) as live, ws.store.write() as unit:
        source = Source(ws, unit.connection, live, subject_id, ws.clock.now())
        parts = Package(source, language, portable=False).parts()
        found = [
            (section.title.in_(language), sum(1 for _ in records)) for section, _, records in parts
        ]
        unit.log(ws.evidence.entry("read.subject", subject_id=subject_id, what="contents"))
    return [(title, count) for title, count in found if count]


def _write(
    ws: Workspace,
    subject_id: int,
    out: IO[bytes],
    form: Form,
    language: Language,
    *,
    portable: bool,
) -> Mapping[str, int]:
    with closing(Live(ws)) as live, ws.store.read() as connection:
        source = Source(ws, connection, live, subject_id, ws.clock.now())
        package = Package(source, language, portable)
        write(package, form, out)
    return dict(sorted(package.counts.items()))


def _check_place(ws: Workspace, out: Path, *, force: bool) -> None:
    if out.resolve().is_relative_to(ws.paths.root.resolve()):
        raise Refused(
            "inside-workspace",
            "a package does not lie in the workspace: nothing would erase it there",
            hint="name a file in another folder",
        )
    if out.is_dir():
        raise BadInput("file-unwritable", f"{out.name} is a folder", hint="name a file in it")
    if not force and (out.exists() or out.is_symlink()):
        raise _exists(out)


@contextmanager
def handing_over(ws: Workspace, out: Path, *, force: bool) -> Iterator[None]:
    """Check where a file for a person is to lie, and turn what fails there into faults.

    Raises Refused `inside-workspace`, Conflict `file-exists`, BadInput `file-unwritable`.
    """
    _check_place(ws, out, force=force)
    try:
        yield
    except FileExistsError:
        raise _exists(out) from None
    except OSError as error:
        raise BadInput(
            "file-unwritable", f"{out.name} cannot be written: {error.strerror}"
        ) from None


def _exists(out: Path) -> Conflict:
    return Conflict("file-exists", f"{out.name} is there already", hint="another name, or --force")
