# SPDX-License-Identifier: Apache-2.0
"""The file of a backup of the keys: sealed in pieces with the key of a passphrase, byte for byte.

magic 8 | salt 16 | pieces: AES-256-GCM-SIV(piece), each of PIECE bytes but the last, tag 16
nonce = number of the piece (11 bytes) | 1 for the last piece, else 0: the STREAM construction of Hoang,
Reyhanitabar, Rogaway and Vizár (2015). AAD = magic | salt | nonce. The key is Argon2id of passphrase and
salt (`rootkey.derive`), so no two files share one. The first piece is what goes with the key store, as
canonical JSON filled up with spaces; the others are the key store.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV

from audit.canon import canonical
from audit.errors import BadInput, Tampered
from audit.ids import Ids
from governance.vault import coredump
from governance.vault.rootkey import SALT_BYTES, derive, wrong_passphrase

PIECE: Final = 2**18
MAGIC: Final = b"UTG1bkp\0"
_HEAD: Final = len(MAGIC) + SALT_BYTES
_TAG: Final = 16


def sealed(
    about: Mapping[str, object], store: BinaryIO, passphrase: bytes, ids: Ids
) -> Iterator[bytes]:
    """Yield the parts of the file that holds `about` and all of `store`."""
    coredump.forbid()
    head = MAGIC + ids.random(SALT_BYTES)
    key = AESGCMSIV(derive(passphrase, head[len(MAGIC) :]))
    yield head
    piece, number = canonical(about).ljust(PIECE), 0
    if len(piece) > PIECE:
        raise ValueError("too much goes with the key store")
    while piece:
        following = store.read(PIECE)
        nonce = _nonce(number, last=not following)
        yield key.encrypt(nonce, piece, head + nonce)
        piece, number = following, number + 1


class Backup:
    """An open file of a backup; `about` is what goes with the key store, keys and all."""

    def __init__(self, file: BinaryIO, passphrase: bytes) -> None:
        coredump.forbid()
        self._file = file
        self._head = file.read(_HEAD)
        if len(self._head) != _HEAD or not self._head.startswith(MAGIC):
            raise BadInput("not-a-backup", "the file is no backup of keys")
        self._key = AESGCMSIV(derive(passphrase, self._head[len(MAGIC) :]))
        self._next = file.read(PIECE + _TAG)
        try:
            self.about: Mapping[str, Any] = json.loads(self._open(0))
        except InvalidTag:
            raise wrong_passphrase() from None

    def store(self) -> Iterator[bytes]:
        """Yield the key store, once; raises Tampered `backup-damaged` where a byte is wrong."""
        number = 1
        while self._next:
            try:
                piece = self._open(number)
            except InvalidTag:
                raise Tampered(
                    "backup-damaged",
                    "the backup was changed or cut: it is not what was written",
                    hint="restore another one; nothing was changed here",
                ) from None
            yield piece
            number += 1

    def _open(self, number: int) -> bytes:
        """Return the piece in hand and take up the next; the last must be where the file ends."""
        part, self._next = self._next, self._file.read(PIECE + _TAG)
        nonce = _nonce(number, last=not self._next)
        return self._key.decrypt(nonce, part, self._head + nonce)


def open_file(path: Path) -> BinaryIO:
    """Return the open file of a backup; raises BadInput `file-unreadable`."""
    try:
        return path.open("rb")
    except OSError as error:
        raise BadInput(
            "file-unreadable", f"the backup cannot be read: {error.strerror}", hint="name the file"
        ) from None


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes((last,))
