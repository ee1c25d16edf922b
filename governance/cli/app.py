# SPDX-License-Identifier: Apache-2.0
"""The root of the command line: the nouns, and the one place that turns faults into exit codes."""

import importlib
import os
import sys
import traceback
from typing import Any

import typer
from typer.core import TyperGroup

from audit.errors import Fault
from governance.cli import out

NOUNS = {
    "assessment": "Keep the assessments that the law asks for.",
    "audience": "Count people by their tags, with noise.",
    "audit": "Audit tags, prices, consent, compliance; check the evidence log.",
    "cert": "Check the certificate of an erasure.",
    "budget": "Keep what releases may say about people.",
    "choice": "Record what a person objects to, blocks, switches off.",
    "config": "Show the settings in force.",
    "consent": "Record, import and check consent.",
    "db": "Check and upgrade the control database.",
    "erasure": "Erase a person, or a part of what is held.",
    "hold": "Say what must not be erased, why, until when.",
    "ingest": "Bring events, profiles and consents in.",
    "key": "Look after the keys.",
    "model": "Learn tags from what came later.",
    "notification": "Tell recipients what was erased or corrected.",
    "operator": "Say who may act, in which roles.",
    "policy": "Show packs, ask what the law answers.",
    "request": "Answer what people ask for.",
    "purpose": "Declare why data may be used.",
    "retention": "Delete what is past its time.",
    "run": "Compute tags.",
    "segment": "Find segments under differential privacy.",
    "subject": "Look at one person, give them their data.",
    "tag": "Write, check and apply tags.",
}
COMMANDS = {
    "demo": "Play the whole story on real retail data.",
    "doctor": "Say what is wrong, and what to type.",
    "explain": "Say why a person has a tag, or has not.",
    "init": "Make a workspace with safe defaults.",
}


class Root(TyperGroup):
    """Loads a noun when it is called, so that `--help` stays fast; maps faults to exit codes."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002
        """Return the names of all commands."""
        return sorted([*NOUNS, *COMMANDS])

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002
        """Return one command without loading it: only what `--help` shows of it."""
        known = {**NOUNS, **COMMANDS}
        return _described(cmd_name, known[cmd_name]) if cmd_name in known else None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the command that is meant, and load its module: only this one."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, _load(name) if command is not None and name else command, rest

    def invoke(self, ctx: Any) -> Any:
        """Run the command; a fault becomes a message and its exit code."""
        try:
            return super().invoke(ctx)
        except Fault as fault:
            _report(fault)
            raise typer.Exit(fault.exit_code) from None
        except KeyboardInterrupt as stop:
            out.note("interrupted: nothing half-done was kept")
            _notes(stop)
            raise typer.Exit(130) from None
        finally:
            out.close_all()


app = typer.Typer(
    name="tagwarden",
    cls=Root,
    help="Tag governance: customer tags that are lawful, explained and erasable.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=True,
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        out.say(f"tagwarden {version('tagwarden')}")
        raise typer.Exit


@app.callback()
def root(
    version: bool = typer.Option(
        False, "--version", help="Print the version.", is_eager=True, callback=_version
    ),
) -> None:
    """Tag governance: customer tags that are lawful, explained and erasable."""


def run() -> None:
    """Run the command line. A bug prints one line and an id; the details go to a file."""
    try:
        app()
    except Exception as error:  # noqa: BLE001  (the outer edge: a bug must not print people's data)
        _bug(error)
        sys.exit(70)


def _load(name: str) -> Any:
    module = importlib.import_module(f"governance.cli.{name}")
    command = typer.main.get_command(module.app)
    command.name = name
    return command


def _described(name: str, summary: str) -> Any:
    from typer.core import TyperCommand

    return TyperCommand(name=name, help=summary)


def _report(fault: Fault) -> None:
    if out.json_wanted():
        out.print_json(
            {
                "error": {
                    "code": fault.code,
                    "message": fault.message,
                    "hint": fault.hint,
                    "facts": fault.facts,
                    "notes": _notes_of(fault),
                    "problems": [
                        {
                            "code": p.code,
                            "message": p.message,
                            "file": p.file,
                            "line": p.line,
                            "column": p.column,
                            "hint": p.hint,
                        }
                        for p in fault.problems
                    ],
                }
            }
        )
        return
    out.note(f"error: {fault.message} [{fault.code}]")
    for problem in fault.problems:
        place = f"{problem.place()}: " if problem.place() else ""
        out.note(f"  {place}{problem.message} [{problem.code}]")
        if problem.hint:
            out.note(f"      {problem.hint}")
    if fault.hint:
        out.note(f"hint: {fault.hint}")
    _notes(fault)


def _notes_of(error: BaseException) -> list[str]:
    """Return what was noted on an error on its way out, such as that a charge stays."""
    return list(getattr(error, "__notes__", ()))


def _notes(error: BaseException) -> None:
    for text in _notes_of(error):
        out.note(f"note: {text}")


def _bug(error: BaseException) -> None:
    """Say where it broke, with types and places only: the text of an error may hold a person."""
    frames = traceback.extract_tb(error.__traceback__)
    place = next((f for f in reversed(frames) if "governance" in f.filename), frames[-1])
    out.note(f"bug: {type(error).__name__} in {place.name}, line {place.lineno} [bug]")
    _notes(error)
    if os.environ.get("TAGWARDEN_DEBUG"):
        for frame in frames:
            out.note(f"  {frame.filename}:{frame.lineno} {frame.name}")
