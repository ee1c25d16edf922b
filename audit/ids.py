# SPDX-License-Identifier: Apache-2.0
"""Randomness and ids are parameters: secret bytes, and short readable ids with a kind in front."""

import secrets
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol


class Ids(Protocol):
    """A source of random bytes."""

    def random(self, size: int) -> bytes:
        """Return `size` unpredictable bytes."""
        ...


class SystemIds:
    """The operating system's randomness."""

    def random(self, size: int) -> bytes:
        """Return `size` unpredictable bytes."""
        return secrets.token_bytes(size)


@dataclass(slots=True)
class SeededIds:
    """A repeatable stream, for tests only: it protects nothing."""

    seed: int = 0
    _count: int = 0

    def random(self, size: int) -> bytes:
        """Return the next `size` bytes of the stream."""
        out = b""
        while len(out) < size:
            out += sha256(f"{self.seed}/{self._count}".encode()).digest()
            self._count += 1
        return out[:size]


def new_id(ids: Ids, kind: str) -> str:
    """Return a fresh id such as `run-3f9a0c41b2d7e865`."""
    return f"{kind}-{ids.random(8).hex()}"
