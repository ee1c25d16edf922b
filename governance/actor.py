# SPDX-License-Identifier: Apache-2.0
"""Who acts, and in which role. Operators are known in evidence by a short keyed name only."""

import getpass
import os
from dataclasses import dataclass
from hashlib import sha256

ROLES = ("admin", "tagger", "analyst", "dsr", "dpo", "custodian", "auditor")


@dataclass(frozen=True, slots=True)
class Actor:
    """An operator or a program of ours, in one role."""

    name: str
    role: str = "admin"
    chosen: bool = False
    """Whether the operator asked to act in this role and in no other of theirs."""

    @property
    def ref(self) -> str:
        """Return the name that evidence carries: not the login name, but always the same."""
        kind = "sys" if self.name.startswith("tagwarden/") else "op"
        return f"{kind}:{sha256(b'tagwarden actor' + self.name.encode()).hexdigest()[:16]}"


def acting() -> Actor:
    """Return who runs this command: `TAGWARDEN_ACTOR`, or else the login name; role likewise."""
    name = os.environ.get("TAGWARDEN_ACTOR") or getpass.getuser()
    role = os.environ.get("TAGWARDEN_ROLE") or ""
    return Actor(name, role or "admin", chosen=bool(role))
