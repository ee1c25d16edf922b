# SPDX-License-Identifier: Apache-2.0
"""Root keys: what the file of the key ring is itself sealed with, above level `file`.

passphrase   Argon2id (RFC 9106), 64 MiB, 3 passes, 4 lanes: against a stolen disk
keyring      a random key in the keyring of the operating system: against other accounts here
pkcs11       a key that never leaves a token (`token.py`): against whoever copies files

Refuses keyrings that keep secrets in plain text. A key management service is one more class with the
three names of `RootKey`.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from audit.errors import NotFound, Refused
from audit.ids import Ids

LEVELS: Final = ("file", "passphrase", "keyring", "pkcs11")
SALT_BYTES: Final = 16
NONCE_BYTES: Final = 12
BOUND: Final = b"UTG1ring\0"
"""The context that every sealed ring is bound to."""
_KEY_BYTES = 32


class RootKey(Protocol):
    """Seals the ring and opens it again."""

    level: str

    def seal(self, plain: bytes, ids: Ids) -> dict[str, object]:
        """Return what the file holds instead of the ring: canonical JSON with `level`."""
        ...

    def open(self, envelope: Mapping[str, Any]) -> bytes:
        """Return the ring; raises Refused when this root key does not open it."""
        ...


class Passphrase:
    """A root key made of a passphrase, which is asked for once, and only when it is needed."""

    level = "passphrase"

    def __init__(self, read: Callable[[], bytes]) -> None:
        self._read = read
        self._keys: dict[bytes, AESGCMSIV] = {}

    def seal(self, plain: bytes, ids: Ids) -> dict[str, object]:
        """Return the envelope; the salt stays while the process lasts, so nobody is asked twice."""
        salt = next(iter(self._keys), b"") or ids.random(SALT_BYTES)
        return {"level": self.level, "salt": salt.hex()} | _seal(self._key(salt), plain, ids)

    def open(self, envelope: Mapping[str, Any]) -> bytes:
        """Return the ring; raises Refused `wrong-passphrase`."""
        try:
            return _open(self._key(bytes.fromhex(envelope["salt"])), envelope)
        except InvalidTag:
            self._keys.clear()
            raise wrong_passphrase() from None

    def _key(self, salt: bytes) -> AESGCMSIV:
        if salt not in self._keys:
            self._keys = {salt: AESGCMSIV(derive(self._read(), salt))}
        return self._keys[salt]


class OsKeyring:
    """A root key in the keyring of the operating system, under the name of the workspace."""

    level = "keyring"

    def __init__(self, account: str) -> None:
        self._account = account

    def seal(self, plain: bytes, ids: Ids) -> dict[str, object]:
        """Return the envelope; a root key is put into the keyring when there is none."""
        backend = _backend()
        if backend.get_password("tagwarden", self._account) is None:
            backend.set_password("tagwarden", self._account, ids.random(_KEY_BYTES).hex())
        return {"level": self.level} | _seal(self._key(), plain, ids)

    def open(self, envelope: Mapping[str, Any]) -> bytes:
        """Return the ring; raises NotFound `keyring-empty`, Refused `keyring-foreign`."""
        try:
            return _open(self._key(), envelope)
        except InvalidTag:
            raise Refused(
                "keyring-foreign",
                "the key in the keyring of this account does not open the key ring",
                hint="put back the key ring and the keyring that belong together",
            ) from None

    def _key(self) -> AESGCMSIV:
        found = _backend().get_password("tagwarden", self._account)
        if found is None:
            raise NotFound(
                "keyring-empty",
                "the keyring of this account has no key for this workspace",
                hint="unlock the keyring, or act as the account that made the workspace",
            )
        return AESGCMSIV(bytes.fromhex(found))


def derive(passphrase: bytes, salt: bytes) -> bytes:
    """Return the 32-byte key of a passphrase; about 0.15 s and 64 MiB, on purpose."""
    kdf = Argon2id(salt=salt, length=_KEY_BYTES, iterations=3, lanes=4, memory_cost=64 * 1024)
    return kdf.derive(passphrase)


def wrong_passphrase() -> Refused:
    """Return the fault of a passphrase that does not open what it should."""
    return Refused("wrong-passphrase", "the passphrase does not open this", hint="try again")


def _seal(key: AESGCMSIV, plain: bytes, ids: Ids) -> dict[str, object]:
    nonce = ids.random(NONCE_BYTES)
    return {"sealed": (nonce + key.encrypt(nonce, plain, BOUND)).hex()}


def _open(key: AESGCMSIV, envelope: Mapping[str, Any]) -> bytes:
    sealed = bytes.fromhex(envelope["sealed"])
    return key.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], BOUND)


def _backend() -> Any:
    """Return the keyring of the operating system; raises Refused `keyring-unsafe`."""
    try:
        import keyring  # noqa: PLC0415  (an extra: tagwarden[keyring])
    except ImportError:
        raise NotFound(
            "keyring-not-installed",
            "the package for keyrings of the operating system is not installed",
            hint="pip install 'tagwarden[keyring]'",
        ) from None
    backend = keyring.get_keyring()
    if not type(backend).__module__.startswith(_SAFE_BACKENDS):
        raise Refused(
            "keyring-unsafe",
            "there is no keyring here that keeps secrets sealed",
            hint='keys.level = "passphrase" works everywhere',
        )
    return backend


_SAFE_BACKENDS = (
    "keyring.backends.SecretService",
    "keyring.backends.libsecret",
    "keyring.backends.kwallet",
    "keyring.backends.macOS",
    "keyring.backends.Windows",
)
