# SPDX-License-Identifier: Apache-2.0
"""The key of an operator: made by them, kept by them, registered by an administrator.

A private key is one file of its owner alone, outside every workspace, sealed with a passphrase if they
want. The workspace knows only the public half; who has one there acts only from where the private
half lies (security: 5.10).
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from sqlalchemy import Connection, text

from audit.canon import canonical
from audit.errors import BadInput, Refused
from governance.store import private_file
from governance.vault import coredump

if TYPE_CHECKING:
    from governance.workspace import Workspace

KIND: Final = "ed25519:"
_BYTES: Final = 32
_DIGITS: Final = frozenset("0123456789abcdef")


def key_path(ref: str) -> Path:
    """Return where the private key of an operator lies, in the home of the login that acts."""
    return private_file.home() / "operators" / f"{ref.removeprefix('op:')}.pem"


def make(ws: "Workspace", ref: str, *, sealed: bool = False) -> tuple[str, bool]:
    """Return the public key of an operator, and whether it was made just now.

    With `sealed`, a new one is sealed with a passphrase. Raises Refused `operator-key-place`,
    `operator-key-mode`, `operator-key-unreadable`, or for a passphrase that is missing or wrong.
    """
    coredump.forbid()
    path = key_path(ref)
    _check_place(path, ws.paths.root)
    private_file.make_folder(path.parent)
    _check_folder(path.parent)
    if path.exists() or path.is_symlink():
        return _text(_read(ws, path)), False
    private = Ed25519PrivateKey.from_private_bytes(ws.ids.random(_BYTES))
    data = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    if sealed:
        data = canonical(ws.operator_passphrase.seal(data, ws.ids))
    private_file.create(path, data)
    return _text(private), True


def private_key(ws: "Workspace", ref: str, public: str) -> Ed25519PrivateKey:
    """Return the private key of an operator whose public key is on record.

    Raises Refused `operator-key-missing`, `operator-key-wrong`, or as `make`.
    """
    coredump.forbid()
    path = key_path(ref)
    _check_place(path, ws.paths.root)
    try:
        found = _read(ws, path)
    except FileNotFoundError:
        raise Refused(
            "operator-key-missing",
            "this operator has a key on record, and the private half of it is not here",
            hint=f"act from the account that made it, where {path.name} lies",
        ) from None
    if _text(found) != public:
        raise Refused(
            "operator-key-wrong",
            "the key here is not the one on record for this operator",
            hint="tagwarden operator key, and an administrator registers what it prints",
        )
    return found


def check(public: str) -> None:
    """Return when this is a public key, `ed25519:` and 64 digits; raises BadInput."""
    digits = public.removeprefix(KIND)
    if not public.startswith(KIND) or len(digits) != 2 * _BYTES or set(digits) - _DIGITS:
        raise BadInput(
            "bad-operator-key",
            f"a public key is {KIND} and {2 * _BYTES} hexadecimal digits",
            hint="give what `tagwarden operator key` printed for this operator",
        )


def has_signed(public: str, signature: str, message: bytes) -> bool:
    """Return whether the owner of a public key made this signature (128 hexadecimal digits)."""
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public.removeprefix(KIND)))
        key.verify(bytes.fromhex(signature), message)
    except (ValueError, InvalidSignature):
        return False
    return True


def registered(connection: Connection, ref: str) -> str:
    """Return the public key that is on record for an operator now, or ''."""
    found = connection.execute(
        text("SELECT public_key FROM operator WHERE ref = :r"), {"r": ref}
    ).scalar()
    return str(found or "")


def _text(private: Ed25519PrivateKey) -> str:
    return KIND + private.public_key().public_bytes_raw().hex()


def _read(ws: "Workspace", path: Path) -> Ed25519PrivateKey:
    """Return the key in a file; raises FileNotFoundError, Refused."""
    try:
        data, mode = private_file.read(path)
        if data.startswith(b"{"):
            data = ws.operator_passphrase.open(json.loads(data))
        found = load_pem_private_key(data, password=None)
    except FileNotFoundError:
        raise
    except (OSError, ValueError, TypeError, KeyError):  # a link, no PEM, sealed by something else
        raise _unreadable(path) from None
    if not isinstance(found, Ed25519PrivateKey):
        raise _unreadable(path)
    if mode & ~private_file.OWNER_ONLY:
        raise _open_to_others("use the key", f"chmod 600 {path}")
    _check_folder(path.parent)
    return found


def _check_place(path: Path, root: Path) -> None:
    if path.resolve().is_relative_to(root.resolve()):
        raise Refused(
            "operator-key-place",
            "the key of an operator must lie outside the workspace, or others get it with the data",
            hint="set XDG_DATA_HOME to a folder of your own",
        )


def _check_folder(folder: Path) -> None:
    if folder.stat().st_mode & 0o022:
        raise _open_to_others("write to the folder of the key", f"chmod 700 {folder}")


def _open_to_others(what: str, hint: str) -> Refused:
    return Refused("operator-key-mode", f"others than the operator may {what}", hint=hint)


def _unreadable(path: Path) -> Refused:
    return Refused(
        "operator-key-unreadable",
        "what lies in the place of the operator's key is no key that was made here",
        hint=f"move {path} away, make a new one: tagwarden operator key",
    )
