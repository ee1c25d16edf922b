# SPDX-License-Identifier: Apache-2.0
"""SM4-GCM (RFC 8998) with the interface of the other ciphers: 128-bit key, 96-bit nonce, 16-byte tag."""

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from cryptography.hazmat.primitives.ciphers.modes import GCM

KEY_BYTES = 16
TAG_BYTES = 16


class SM4GCM:
    """A key ready for use; of a longer one the first 16 bytes count (security 5.2)."""

    def __init__(self, key: bytes) -> None:
        self._algorithm = SM4(key[:KEY_BYTES])

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes) -> bytes:
        """Return the sealed bytes with their tag. A nonce serves once."""
        context = Cipher(self._algorithm, GCM(nonce)).encryptor()
        context.authenticate_additional_data(associated_data)
        return context.update(data) + context.finalize() + context.tag

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes) -> bytes:
        """Return what was sealed; raises InvalidTag when anything differs."""
        if len(data) < TAG_BYTES:
            raise InvalidTag
        context = Cipher(self._algorithm, GCM(nonce, data[-TAG_BYTES:])).decryptor()
        context.authenticate_additional_data(associated_data)
        return context.update(data[:-TAG_BYTES]) + context.finalize()
