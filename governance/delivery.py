# SPDX-License-Identifier: Apache-2.0
"""Hands a message to whatever sends it to a person: a program of the shop, or a folder of letters.

The message is never in the arguments of a program, where every login of the machine could read it.
Refuses when nothing is set, and a folder inside the workspace: a backup would hold what was sent.
"""

import json
import shlex
import subprocess
from dataclasses import asdict, dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING, Final

from audit.errors import BadInput, Conflict, Refused
from governance import letters
from governance.store import private_file

if TYPE_CHECKING:
    from governance.settings import Settings
    from governance.workspace import Workspace

EMAIL: Final = "email"
PHONE: Final = "phone"


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent to one person."""

    id: str
    """The same when it is handed over once more: the later one counts."""
    kind: str
    """`email` or `phone`."""
    to: str = field(repr=False)
    language: str
    subject: str
    text: str = field(repr=False)


def is_set(settings: "Settings") -> bool:
    """Return whether somebody has said how messages reach people."""
    return bool(settings.text("delivery.command") or settings.text("delivery.folder"))


def ready(ws: "Workspace") -> None:
    """Return when messages can be handed over.

    Raises Refused `no-delivery`, `delivery-place`, BadInput `bad-setting`.
    """
    if not _argv(ws.settings):
        _folder(ws)


def hand_over(ws: "Workspace", message: Message) -> None:
    """Hand a message over; raises Conflict `delivery-failed`, and as `ready`."""
    argv = _argv(ws.settings)
    if argv:
        _run(argv, message, ws.settings.number("delivery.seconds"))
    else:
        _write(_folder(ws), message)


def _argv(settings: "Settings") -> list[str]:
    try:
        return shlex.split(settings.text("delivery.command"))
    except ValueError:
        raise BadInput(
            "bad-setting", '"delivery.command" has a quotation mark that is not closed'
        ) from None


def _folder(ws: "Workspace") -> Path:
    folder = letters.place(ws.settings)
    if folder is None:
        raise Refused(
            "no-delivery",
            "nothing is set by which a message could reach a person",
            hint="set delivery.command or delivery.folder; or an officer makes sure: "
            "tagwarden request verify REF --by in-person",
        )
    inside = folder.resolve().is_relative_to(ws.paths.root.resolve())
    if inside or not folder.is_absolute():
        raise Refused(
            "delivery-place",
            "the folder for messages must lie outside the workspace, or a backup holds what was sent",
            hint="delivery.folder = an absolute path outside",
        )
    return folder


def _run(argv: list[str], message: Message, seconds: int) -> None:
    data = json.dumps(asdict(message), ensure_ascii=False).encode("utf-8")
    try:
        done = subprocess.run(  # noqa: S603  (the program is a setting of the shop, and no shell reads it)
            argv,
            input=data,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=seconds,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        raise _failed("the program that sends messages did not start, or not end in time") from None
    if done.returncode:
        raise _failed(f"the program that sends messages ended with {done.returncode}")


def _write(folder: Path, message: Message) -> None:
    letter = EmailMessage()
    letter["Subject"] = message.subject
    letter["To" if message.kind == EMAIL else "X-Phone"] = message.to
    letter["Content-Language"] = message.language
    letter["X-Message"] = message.id
    letter.set_content(message.text)
    try:
        private_file.make_folder(folder)
        private_file.replace(letters.file_of(folder, message.id), letter.as_bytes())
    except OSError:
        raise _failed("the folder for messages cannot be written") from None


def _failed(what: str) -> Conflict:
    return Conflict(
        "delivery-failed",
        what,
        hint="the message waits; when it is mended: tagwarden request deliver",
    )
