# SPDX-License-Identifier: Apache-2.0
"""Where a passphrase or a PIN comes from: a terminal, a file descriptor, a file for its owner only.

Never an argument, never the environment: both are shown to others on the machine.
"""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from audit.errors import BadInput, Refused
from governance.settings import Settings
from governance.store import private_file
from governance.vault.rootkey import OsKeyring, Passphrase, RootKey
from governance.vault.token import SHORTEST_PIN, TokenKey

SHORTEST: Final = 12
_MOST = 1_000

Ask = Callable[[], str]
"""Asks at a terminal."""


def root_key(settings: Settings, ask: Ask | None) -> RootKey | None:
    """Return the root key of these settings; None for `file`, whose ring is sealed by nothing."""
    level, name = settings.text("keys.level"), settings.text("workspace.id")
    source = settings.text("keys.passphrase_from")
    if level == "passphrase":
        return Passphrase(partial(read_passphrase, source, ask))
    if level == "pkcs11":
        module, label = (settings.text(f"keys.pkcs11_{part}") for part in ("module", "token"))
        return TokenKey(module, label, name, partial(read_passphrase, source, ask, SHORTEST_PIN))
    return OsKeyring(name) if level == "keyring" else None


def read_passphrase(source: str, ask: Ask | None, shortest: int = SHORTEST) -> bytes:
    """Return the passphrase from `fd:N`, from a file, or, when no source is named, from a terminal.

    Raises Refused `passphrase-missing` without a terminal, `passphrase-mode` for a file that others
    may read; BadInput `passphrase-unreadable`, `passphrase-short`.
    """
    if source:
        found = _from_handle(source[3:]) if source.startswith("fd:") else _from_file(Path(source))
    elif ask:
        found = ask().encode("utf-8")
    else:
        raise Refused(
            "passphrase-missing",
            "a passphrase is needed, and there is no terminal to ask at",
            hint="name a file descriptor or a file for you only: keys.passphrase_from",
        )
    found = found.split(b"\n", 1)[0].rstrip(b"\r")
    if len(found) < shortest:
        raise BadInput("passphrase-short", f"too short: give at least {shortest} characters")
    return found


def _from_handle(number: str) -> bytes:
    found = b""
    try:
        if not os.get_inheritable(int(number)):  # a file of our own, which got the same number
            raise _unreadable()
        while b"\n" not in found and len(found) < _MOST:
            part = os.read(int(number), _MOST)
            if not part:
                break
            found += part
    except (ValueError, OSError):
        raise _unreadable() from None
    return found


def _from_file(path: Path) -> bytes:
    try:
        found, mode = private_file.read(path.expanduser(), _MOST)
    except OSError:
        raise _unreadable() from None
    if mode & ~private_file.OWNER_ONLY:
        raise Refused(
            "passphrase-mode",
            "others than the owner may read the file of the passphrase",
            hint=f"chmod 600 {path}",
        )
    return found


def _unreadable() -> BadInput:
    return BadInput(
        "passphrase-unreadable",
        "the passphrase cannot be read",
        hint="fd:3 for an open file descriptor, or the path of a file",
    )
