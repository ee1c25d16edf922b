# SPDX-License-Identifier: Apache-2.0
"""A root key that never leaves a PKCS#11 token (an HSM, a smart card): the token seals and opens.

AES-256-GCM in the token (PKCS #11 v2.40, CKM_AES_GCM), with our nonce and our context. Refuses a
module that others could have put in its place: loading one runs its code.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from audit.errors import BadInput, Conflict, NotFound, Refused
from audit.ids import Ids
from governance.vault.rootkey import BOUND, NONCE_BYTES

SHORTEST_PIN: Final = 4
_KEY_BITS = 256
_TAG_BITS = 128
_OTHERS_WRITE = 0o022


class TokenKey:
    """A root key in a token, under the name of the workspace; its PIN is asked for once."""

    level = "pkcs11"

    def __init__(self, module: str, label: str, name: str, read_pin: Callable[[], bytes]) -> None:
        self._module = module
        self._label = label
        self._name = name
        self._read_pin = read_pin
        self._pin: str | None = None
        self._wrong = False

    def seal(self, plain: bytes, ids: Ids) -> dict[str, object]:
        """Return the envelope; the key is made in the token when it has none."""
        nonce = ids.random(NONCE_BYTES)
        with self._session(writable=True) as session:
            key = _find(session, self._name) or _make(session, self._name)
            sealed = nonce + key.encrypt(plain, **_gcm(nonce))
        return {"level": self.level, "sealed": sealed.hex()}

    def open(self, envelope: Mapping[str, Any]) -> bytes:
        """Return the ring; raises ValueError when this key did not seal it.

        Raises NotFound `pkcs11-not-installed`, `pkcs11-token`, `pkcs11-key`; BadInput `pkcs11-module`;
        Refused `pkcs11-module-mode`, `wrong-passphrase`, `pkcs11-locked`; Conflict `pkcs11-failed`.
        """
        sealed = bytes.fromhex(envelope["sealed"])
        with self._session() as session:
            key = _find(session, self._name)
            if key is None:
                raise NotFound(
                    "pkcs11-key",
                    "the token has no key for this workspace",
                    hint="put in the token that init was run with, or: tagwarden key restore FILE",
                )
            return _opened(key, sealed)

    @contextmanager
    def _session(self, *, writable: bool = False) -> Iterator[Any]:
        """Give a session with the token; it is logged out of when the work is done."""
        pkcs11 = _library()
        token = _token(pkcs11, self._module, self._label)
        login = {"user_pin": self._ask_once(), "rw": writable}
        try:
            with token.open(**login) as session:
                yield session
        except (pkcs11.PinIncorrect, pkcs11.PinInvalid, pkcs11.PinLenRange):
            self._pin, self._wrong = None, True
            raise _wrong_pin() from None
        except pkcs11.PinLocked:
            raise Refused(
                "pkcs11-locked",
                "the token is locked: its PIN was wrong too often",
                hint="whoever looks after the token can unlock it",
            ) from None
        except pkcs11.PKCS11Error as error:
            raise Conflict(
                "pkcs11-failed",
                f"the token did not do what it was asked for: {type(error).__name__}",
                hint="it must know AES-GCM, and be put in while a command runs",
            ) from None

    def _ask_once(self) -> str:
        """Return the PIN; a wrong one is not tried twice, because a token counts and locks itself."""
        if self._wrong:
            raise _wrong_pin()
        if self._pin is None:
            self._pin = self._read_pin().decode("utf-8", "replace")
        return self._pin


def _library() -> Any:
    try:
        import pkcs11  # noqa: PLC0415  (an extra: tagwarden[pkcs11])
    except ImportError:
        raise NotFound(
            "pkcs11-not-installed",
            "the package for PKCS#11 tokens is not installed",
            hint="pip install 'tagwarden[pkcs11]'",
        ) from None
    return pkcs11


def _token(pkcs11: Any, module: str, label: str) -> Any:
    path = _trusted(module)
    try:
        library = pkcs11.lib(str(path))
    except pkcs11.PKCS11Error:
        raise _bad_module() from None
    try:
        return library.get_token(token_label=label)
    except pkcs11.PKCS11Error:
        raise NotFound(
            "pkcs11-token",
            "the PKCS#11 module has no token of this label, or more than one",
            hint="put it in, and name it: keys.pkcs11_token",
        ) from None


def _trusted(module: str) -> Path:
    path = Path(module)
    if not path.is_absolute() or not path.is_file():
        raise _bad_module()
    found = path.stat()
    if found.st_uid not in (0, os.getuid()) or found.st_mode & _OTHERS_WRITE:
        raise Refused(
            "pkcs11-module-mode",
            "others than this account may change the PKCS#11 module, and so what is run here",
            hint=f"chmod go-w {path}, owned by root or by you",
        )
    return path


def _find(session: Any, name: str) -> Any:
    """Return the key of this name, or None."""
    pkcs11 = _library()
    wanted = {"object_class": pkcs11.ObjectClass.SECRET_KEY, "key_type": pkcs11.KeyType.AES}
    try:
        return session.get_key(label=name, **wanted)
    except pkcs11.NoSuchKey:
        return None


def _make(session: Any, name: str) -> Any:
    """Make a key that the token never gives out, for nothing but sealing and opening."""
    pkcs11 = _library()
    does = pkcs11.Attribute
    template = {does.PRIVATE: True, does.SENSITIVE: True, does.EXTRACTABLE: False}
    uses = pkcs11.MechanismFlag.ENCRYPT | pkcs11.MechanismFlag.DECRYPT
    return session.generate_key(
        pkcs11.KeyType.AES,
        _KEY_BITS,
        label=name,
        store=True,
        capabilities=uses,
        template=template,
    )


def _opened(key: Any, sealed: bytes) -> bytes:
    pkcs11 = _library()
    try:
        return bytes(key.decrypt(sealed[NONCE_BYTES:], **_gcm(sealed[:NONCE_BYTES])))
    except (
        pkcs11.EncryptedDataInvalid,
        pkcs11.EncryptedDataLenRange,
        pkcs11.GeneralError,  # what SoftHSM says to a wrong tag
    ):
        raise ValueError("not sealed by this key") from None


def _gcm(nonce: bytes) -> dict[str, Any]:
    pkcs11 = _library()
    how = pkcs11.GCMParams(nonce, BOUND, _TAG_BITS)
    return {"mechanism": pkcs11.Mechanism.AES_GCM, "mechanism_param": how}


def _wrong_pin() -> Refused:
    return Refused(
        "wrong-passphrase",
        "the token does not take this PIN",
        hint="look it up before you try again: a token locks itself after a few wrong ones",
    )


def _bad_module() -> BadInput:
    return BadInput(
        "pkcs11-module",
        "the PKCS#11 module cannot be loaded",
        hint="keys.pkcs11_module is the whole path of its .so file",
    )
