# SPDX-License-Identifier: Apache-2.0
"""The only printer. Results go to stdout, everything else to stderr; `--json` is the same answer.

A table is drawn on a terminal and tab-separated, complete, in a pipe.
"""

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from governance.workspace import Workspace

API_VERSION = "tagwarden/v1"

_json_wanted = False


def _remember_json(wanted: bool) -> bool:
    global _json_wanted  # noqa: PLW0603  (errors, printed at the outer edge, honour --json too)
    _json_wanted = wanted
    return wanted


def json_wanted() -> bool:
    """Return whether the command in progress was asked for JSON."""
    return _json_wanted


Json = Annotated[
    bool,
    typer.Option("--json", help="Print JSON.", is_eager=True, callback=_remember_json),
]
Where = Annotated[
    Path | None,
    typer.Option("--workspace", "-w", help="Folder of the workspace. [default: here or above]"),
]


def a_language(given: str | None) -> str | None:
    """Return the language that was asked for; raises BadInput `unknown-language`, before anything is done."""
    from audit.errors import BadInput

    if given not in (None, "en", "zh"):
        raise BadInput("unknown-language", "there is no such language", hint="en, zh")
    return given


Lang = Annotated[
    str | None,
    typer.Option(
        "--lang", help="Language: en or zh. [default: the workspace's]", callback=a_language
    ),
]

Lines = Iterable[str] | Callable[[], Iterable[str]]


def workspace(where: Path | None) -> "Workspace":
    """Return the workspace of this command; it is closed when the command ends."""
    from governance.workspace import open_workspace

    opened = open_workspace(where, ask=passphrase_asker())
    _closing.append(opened)
    return opened


def passphrase_asker(what: str = "passphrase", *, twice: bool = False) -> Callable[[], str] | None:
    """Return what asks for a passphrase without showing it, or None when there is no terminal."""
    if not sys.stdin.isatty():
        return None

    def ask() -> str:
        from getpass import getpass

        given = getpass(f"{what}: ")
        if twice and getpass("the same again: ") != given:
            from audit.errors import BadInput

            raise BadInput("passphrase-differs", "these were two different passphrases")
        return given

    return ask


_closing: list["Workspace"] = []


def close_all() -> None:
    """Close every workspace that this command opened."""
    while _closing:
        _closing.pop().close()


def emit(data: dict[str, Any] | list[dict[str, Any]], as_json: bool, text: Lines = ()) -> None:
    """Print a result: as JSON (one object, or a list of them), or as lines for a person."""
    if as_json:
        print_json(data)
        return
    for line in text() if callable(text) else text:
        say(line)


def print_json(data: dict[str, Any] | list[dict[str, Any]]) -> None:
    """Print one JSON object, or a list of them with one on each line; each says its version."""
    if isinstance(data, dict):
        sys.stdout.write(_json(data, indent=2) + "\n")
        return
    sys.stdout.write("[\n" + ",\n".join(map(_json, data)) + "\n]\n")


def _json(data: dict[str, Any], indent: int | None = None) -> str:
    return json.dumps({"apiVersion": API_VERSION, **data}, ensure_ascii=False, indent=indent)


def say(line: str = "") -> None:
    """Print one line of a result."""
    sys.stdout.write(line + "\n")


def note(line: str = "") -> None:
    """Print one line beside the result: a hint, a warning."""
    sys.stderr.write(line + "\n")


def on_terminal() -> bool:
    """Return whether the result goes to a person's terminal."""
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def table(
    columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str = ""
) -> list[str]:
    """Return the lines of a table: drawn on a terminal, tab-separated elsewhere."""
    cells = [[_cell(value) for value in row] for row in rows]
    if not on_terminal():
        return ["\t".join(line) for line in ([list(columns), *cells])]
    from rich.console import Console
    from rich.table import Table

    drawn = Table(title=title or None, title_justify="left", header_style="bold", box=None)
    for column in columns:
        drawn.add_column(column, overflow="fold")
    for line in cells:
        drawn.add_row(*line)
    console = Console()
    with console.capture() as capture:
        console.print(drawn)
    return capture.get().rstrip("\n").split("\n")


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}" if on_terminal() else str(value)
    return str(value)


class Progress:
    """How far long work has come."""

    def __init__(self, update: Callable[[int, int], None]) -> None:
        self._update = update

    def update(self, done: int, total: int) -> None:
        """Tell how much is done, of how much (0: not known)."""
        self._update(done, total)


@contextmanager
def progress(label: str) -> Iterator[Progress]:
    """Show progress on stderr while the work goes on; only on a terminal."""
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield Progress(lambda _done, _total: None)
        return
    from rich.console import Console
    from rich.progress import Progress as Bar

    with Bar(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=None)
        yield Progress(lambda done, total: bar.update(task, completed=done, total=total or None))


def read_argument(value: str) -> str:
    """Return a value that must not stand in argv: `-` reads stdin, `@FILE` reads a file."""
    from audit.errors import BadInput

    if value == "-":
        return sys.stdin.readline().strip()
    if value.startswith("@"):
        try:
            return Path(value[1:]).read_text("utf-8").strip()
        except OSError as error:
            raise BadInput(
                "file-unreadable", f"the file cannot be read: {error.strerror}"
            ) from None
    return value


def write_text(path: Path, text: str) -> None:
    """Write a result to a file that a person named; raises BadInput `file-unwritable`."""
    from audit.errors import BadInput

    try:
        path.write_text(text, "utf-8")
    except OSError as error:
        raise BadInput(
            "file-unwritable", f"{path.name} cannot be written: {error.strerror}"
        ) from None
