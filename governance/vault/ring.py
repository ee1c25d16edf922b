# SPDX-License-Identifier: Apache-2.0
"""The key ring: the few keys that open everything else, in one file outside the workspace.

Refuses a ring that others could read, a symbolic link, a ring inside the workspace (a backup would
hold keys and data together), and never makes a new one where one is missing: data sealed under the
lost keys would look erased.
"""

import binascii
import errno
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.canon import canonical
from audit.errors import BadInput, Conflict, NotFound, Refused
from audit.ids import Ids
from governance.store import private_file
from governance.vault.sealing import KEY_BYTES, TENANT_BYTES, EpochKey


@dataclass(frozen=True, slots=True)
class Ring:
    """The open key ring of a workspace. Its keys do what they are for; they are never shown."""

    tenant: bytes
    current: int
    epochs: Mapping[int, EpochKey] = field(repr=False)
    _index: bytes = field(repr=False)
    _log: Ed25519PrivateKey = field(repr=False)

    @property
    def epoch(self) -> EpochKey:
        """The key under which new data keys are wrapped."""
        return self.epochs[self.current]

    def identity_tag(self, kind: int, normalised: str) -> bytes:
        """Return the 16 bytes under which an identity is found (security: 5.2)."""
        place = b"UTG1idx\0" + self.tenant + kind.to_bytes(2, "big")
        return hmac.digest(self._index, place + normalised.encode("utf-8"), "sha256")[:16]

    def sign(self, message: bytes) -> bytes:
        """Return the signature (Ed25519, 64 bytes) of the evidence log's key."""
        return self._log.sign(message)

    def signed(self, signature: bytes, message: bytes) -> bool:
        """Return whether the evidence log's key signed this message."""
        try:
            self._log.public_key().verify(signature, message)
        except InvalidSignature:
            return False
        return True


def create_ring(path: Path, ids: Ids, *, root: Path) -> Ring:
    """Make a key ring with fresh keys and return it.

    Raises Conflict `ring-exists`, and Refused for a place where a ring must not lie.
    """
    _check_place(path, root)
    private_file.make_folder(path.parent)
    _check_folder(path.parent)
    value = {
        "v": 1,
        "tenant": ids.random(TENANT_BYTES).hex(),
        "current": 1,
        "kek": {"1": ids.random(KEY_BYTES).hex()},
        "idx": ids.random(KEY_BYTES).hex(),
        "log": ids.random(KEY_BYTES).hex(),
    }
    try:
        private_file.create(path, canonical(value) + b"\n")
    except FileExistsError:
        raise Conflict(
            "ring-exists",
            "there is a key ring at this place already",
            hint="name another one: keys.ring in tagwarden.toml",
        ) from None
    return _decode(value)


def open_ring(path: Path, *, root: Path) -> Ring:
    """Return the key ring of the workspace at `root`.

    Raises NotFound `ring-missing`; Refused `ring-mode`, `ring-place`, `ring-link`,
    `ring-folder-mode`; BadInput `ring-unreadable`.
    """
    _check_place(path, root)
    try:
        data, mode = private_file.read(path)
    except FileNotFoundError:
        raise NotFound(
            "ring-missing",
            "the key ring is not where it should be; without it nothing sealed can be read",
            hint=f"restore the file to {path}, or set keys.ring to where it lies",
        ) from None
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise Refused(
                "ring-link",
                "the key ring is a symbolic link",
                hint="set keys.ring to the file itself",
            ) from None
        raise _unreadable() from None
    if mode & ~private_file.OWNER_ONLY:
        raise Refused(
            "ring-mode",
            f"others than the owner may use the key ring (mode {mode:04o})",
            hint=f"chmod 600 {path}",
        )
    _check_folder(path.parent)
    try:
        return _decode(json.loads(data))
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error):
        raise _unreadable() from None


def _decode(value: Mapping[str, object]) -> Ring:
    keks = value["kek"]
    if value["v"] != 1 or not isinstance(keks, dict):
        raise ValueError("not a ring of this version")
    epochs = {int(e): EpochKey.of(int(e), _bytes(k, KEY_BYTES)) for e, k in keks.items()}
    current = value["current"]
    if not isinstance(current, int) or current not in epochs:
        raise ValueError("no current key")
    return Ring(
        tenant=_bytes(value["tenant"], TENANT_BYTES),
        current=current,
        epochs=epochs,
        _index=_bytes(value["idx"], KEY_BYTES),
        _log=Ed25519PrivateKey.from_private_bytes(_bytes(value["log"], KEY_BYTES)),
    )


def _bytes(text: object, size: int) -> bytes:
    found = bytes.fromhex(str(text))
    if len(found) != size:
        raise ValueError("a key of the wrong length")
    return found


def _check_place(path: Path, root: Path) -> None:
    if path.resolve().is_relative_to(root.resolve()):
        raise Refused(
            "ring-place",
            "the key ring must lie outside the workspace, or a backup holds keys and data together",
            hint="set keys.ring to a path outside, or leave it empty",
        )


def _check_folder(folder: Path) -> None:
    if folder.stat().st_mode & 0o022:
        raise Refused(
            "ring-folder-mode",
            "others than the owner may write to the folder of the key ring",
            hint=f"chmod 700 {folder}",
        )


def _unreadable() -> BadInput:
    return BadInput(
        "ring-unreadable", "the key ring cannot be read", hint="restore it from its copy"
    )
