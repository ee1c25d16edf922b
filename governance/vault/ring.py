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
from typing import Any

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from audit.canon import canonical
from audit.clock import Micros
from audit.errors import BadInput, Conflict, NotFound, Refused
from audit.ids import Ids
from governance.store import private_file
from governance.vault.rootkey import RootKey
from governance.vault.sealing import GCM_SIV, KEY_BYTES, TENANT_BYTES, EpochKey, broken

UNKNOWN = Micros(0)
"""When a key was made, where nobody said so."""


@dataclass(frozen=True, slots=True)
class Ring:
    """The open key ring of a workspace. Its keys do what they are for; they are never shown."""

    tenant: bytes
    current: int
    epochs: Mapping[int, EpochKey] = field(repr=False)
    made: Mapping[int, Micros]
    """Epoch → when its key was made (0: not known)."""
    gone: Mapping[int, Micros]
    """Epoch → when its key was destroyed."""
    untold: tuple[str, ...]
    """What was done to the keys and is not in the evidence log yet: `rotated:2`, `destroyed:1`."""
    _index: bytes = field(repr=False)
    _suppress: bytes = field(repr=False)
    _log: Ed25519PrivateKey = field(repr=False)
    _log2: bytes = field(repr=False)

    @property
    def epoch(self) -> EpochKey:
        """The key under which new data keys are wrapped."""
        return self.epochs[self.current]

    def identity_tag(self, kind: int, normalised: str) -> bytes:
        """Return the 16 bytes under which an identity is found (security: 5.2)."""
        place = b"UTG1idx\0" + self.tenant + kind.to_bytes(2, "big")
        return hmac.digest(self._index, place + normalised.encode("utf-8"), "sha256")[:16]

    def suppression_tag(self, kind: int, normalised: str) -> bytes:
        """Return the 16 bytes by which an erased identity is known again (security: 5.2)."""
        place = b"UTG1supp" + self.tenant + kind.to_bytes(2, "big")
        return hmac.digest(self._suppress, place + normalised.encode("utf-8"), "sha256")[:16]

    def tomb(self, sid: bytes) -> bytes:
        """Return the 16 bytes by which an erased person is known in an old key store (security: 5.8)."""
        return hmac.digest(self._suppress, b"UTG1tomb" + self.tenant + sid, "sha256")[:16]

    def recipient_reference(self, recipient: str, sid: bytes) -> str:
        """Return the name (32 hexadecimal digits) by which one recipient is told of a person."""
        place = b"UTG1told" + self.tenant + sid + recipient.encode("utf-8")
        return hmac.digest(self._suppress, place, "sha256")[:16].hex()

    def proof_tag(self, message: bytes) -> bytes:
        """Return the keyed digest (32 bytes) by which a proof of identity is recognised."""
        return hmac.digest(self._index, b"UTG1prf\0" + self.tenant + message, "sha256")

    def seal_counts(self, name: str, plain: bytes, nonce: bytes) -> bytes:
        """Return the counts behind a report, sealed to its name; `nonce` has 12 random bytes."""
        sealed = self._counts.encrypt(nonce, plain, name.encode("utf-8"))
        return nonce + sealed

    def open_counts(self, name: str, cell: bytes) -> bytes:
        """Return the counts behind a report; raises Tampered `unsealing-failed`."""
        try:
            return self._counts.decrypt(cell[:12], cell[12:], name.encode("utf-8"))
        except (InvalidTag, ValueError):
            raise broken() from None

    def mark_counts(self, plain: bytes) -> str:
        """Return the keyed digest (64 hexadecimal digits) of counts: it tells, and confirms, no number."""
        return hmac.digest(self._index, b"UTG1cnt\0" + self.tenant + plain, "sha256").hex()

    def lot(self, plain: bytes) -> float:
        """Return a number from -0.5 to 0.5 that is the same for the same bytes, and that nobody else can draw."""
        drawn = hmac.digest(self._index, b"UTG1lot\0" + self.tenant + plain, "sha256")
        return int.from_bytes(drawn[:8]) / 2**64 - 0.5

    @property
    def _counts(self) -> AESGCM:
        return AESGCM(hmac.digest(self._index, b"UTG1cube" + self.tenant, "sha256"))

    @property
    def row_key(self) -> str:
        """The secret with which rows of events are numbered (64 hexadecimal digits)."""
        return hmac.digest(self._index, b"UTG1row\0" + self.tenant, "sha256").hex()

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

    def sign_lasting(self, message: bytes) -> bytes:
        """Return the signature (ML-DSA-44, 2,420 bytes) of the evidence log's second key."""
        return MLDSA44PrivateKey.from_seed_bytes(self._log2).sign(message)

    @property
    def log_keys(self) -> tuple[bytes, bytes]:
        """The public keys of the evidence log: Ed25519 (32 bytes) and ML-DSA-44 (1,312 bytes)."""
        second = MLDSA44PrivateKey.from_seed_bytes(self._log2)
        return self._log.public_key().public_bytes_raw(), second.public_key().public_bytes_raw()


def create_ring(
    path: Path,
    ids: Ids,
    *,
    root: Path,
    made: Micros = UNKNOWN,
    suite: int = GCM_SIV,
    guard: RootKey | None = None,
) -> Ring:
    """Make a key ring with fresh keys and return it.

    Raises Conflict `ring-exists`, and Refused for a place where a ring must not lie.
    """
    value = {
        "v": 1,
        "tenant": ids.random(TENANT_BYTES).hex(),
        "current": 1,
        "kek": {"1": new_epoch(ids, made, suite)},
        "gone": {},
        "untold": [],
        "idx": ids.random(KEY_BYTES).hex(),
        "sup": ids.random(KEY_BYTES).hex(),
        "log": ids.random(KEY_BYTES).hex(),
        "log2": ids.random(KEY_BYTES).hex(),
    }
    put_ring(path, value, ids, root=root, guard=guard)
    return decode(value)


def new_epoch(ids: Ids, made: Micros, suite: int) -> dict[str, object]:
    """Return a fresh key of an epoch, as it stands in the file."""
    return {"key": ids.random(KEY_BYTES).hex(), "made": made, "suite": suite}


def put_ring(
    path: Path, value: Mapping[str, object], ids: Ids, *, root: Path, guard: RootKey | None
) -> None:
    """Write the file of a ring where there is none; raises as `create_ring`."""
    _check_place(path, root)
    data = encode(value, ids, guard)
    private_file.make_folder(path.parent)
    _check_folder(path.parent)
    try:
        private_file.create(path, data)
    except FileExistsError:
        raise Conflict(
            "ring-exists",
            "there is a key ring at this place already",
            hint="name another one: keys.ring in tagwarden.toml",
        ) from None


def open_ring(path: Path, *, root: Path, guard: RootKey | None = None) -> Ring:
    """Return the key ring of the workspace at `root`; raises as `read_ring`."""
    try:
        return decode(read_ring(path, root=root, guard=guard))
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error):
        raise _unreadable() from None


def read_ring(path: Path, *, root: Path, guard: RootKey | None = None) -> dict[str, Any]:
    """Return what the file of a ring holds, keys and all; never to be printed.

    Raises NotFound `ring-missing`; Refused `ring-mode`, `ring-place`, `ring-link`,
    `ring-folder-mode`, `ring-level`, `wrong-passphrase`; BadInput `ring-unreadable`.
    """
    _check_place(path, root)
    data = _read_file(path)
    try:
        value = json.loads(data)
        level = value.get("level", "file")
    except (ValueError, AttributeError):
        raise _unreadable() from None
    if level != (guard.level if guard else "file"):
        raise Refused(
            "ring-level",
            f"the key ring is kept at the level {level}, the settings say another",
            hint=f'keys.level = "{level}" in tagwarden.toml, when that is what you chose',
        )
    if guard is None:
        return dict(value)
    try:
        return dict(json.loads(guard.open(value)))
    except (ValueError, KeyError, TypeError):
        raise _unreadable() from None


def encode(value: Mapping[str, object], ids: Ids, guard: RootKey | None) -> bytes:
    """Return the bytes of the file of a ring."""
    plain = canonical(value)
    return (canonical(guard.seal(plain, ids)) if guard else plain) + b"\n"


def decode(value: Mapping[str, Any]) -> Ring:
    """Return the ring that a file holds; raises ValueError, KeyError, TypeError for what is none."""
    keks = value["kek"]
    if value["v"] != 1 or not isinstance(keks, dict):
        raise ValueError("not a ring of this version")
    current = value["current"]
    if not isinstance(current, int) or str(current) not in keks:
        raise ValueError("no current key")
    return Ring(
        tenant=_bytes(value["tenant"], TENANT_BYTES),
        current=current,
        epochs={
            int(e): EpochKey.of(int(e), _bytes(kek["key"], KEY_BYTES), kek["suite"])
            for e, kek in keks.items()
        },
        made={int(e): Micros(int(kek["made"])) for e, kek in keks.items()},
        gone={int(e): Micros(int(at)) for e, at in value["gone"].items()},
        untold=tuple(map(str, value["untold"])),
        _index=_bytes(value["idx"], KEY_BYTES),
        _suppress=_bytes(value["sup"], KEY_BYTES),
        _log=Ed25519PrivateKey.from_private_bytes(_bytes(value["log"], KEY_BYTES)),
        _log2=_bytes(value["log2"], KEY_BYTES),
    )


def _read_file(path: Path) -> bytes:
    try:
        data, mode = private_file.read(path)
    except FileNotFoundError:
        raise NotFound(
            "ring-missing",
            "the key ring is not where it should be; without it nothing sealed can be read",
            hint=f"tagwarden key restore FILE, or put the file back to {path}, or set keys.ring",
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
    return data


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
        "ring-unreadable",
        "the key ring cannot be read",
        hint="move the file away, then: tagwarden key restore FILE",
    )
