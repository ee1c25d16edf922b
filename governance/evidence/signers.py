# SPDX-License-Identifier: Apache-2.0
"""Signs the entries of operators who have a key, and checks them by what the log itself says.

The log states every key (`operator.added`), so who holds the log needs nothing else to see that an
act is the act of the one whom it names (security: section 7, row 6). A signature is over the name of
the log too: an entry of one workspace proves nothing in another.
"""

from dataclasses import dataclass, field, replace

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.errors import Problem
from audit.evidence.entry import Entry
from audit.evidence.reading import decode, signed_part
from governance.operator_key import has_signed

_CONTEXT = b"UTG1entry\0"
_REGISTERS = b'{"act":"operator.'
_SIGNED = b'"sig":"'
_ACTOR = 7
"""Where the actor stands in an entry that is split at its quotation marks."""

UNSIGNED_ACTS = frozenset({"denied"})
"""What may lack the signature of an operator with a key: that somebody was refused for lack of it."""


def signed(entry: Entry, origin: str, key: Ed25519PrivateKey) -> bytes:
    """Return the canonical bytes of an entry of this log with its maker's signature."""
    return replace(entry, signature=key.sign(_message(entry, origin)).hex()).encode()


@dataclass(slots=True)
class Signers:
    """The keys on record while the log is read from its first entry on."""

    origin: str
    keys: dict[str, str] = field(default_factory=dict)
    """Operator → public key."""
    seen: set[bytes] = field(default_factory=set)

    def check(self, line: bytes) -> Problem | None:
        """Return what is wrong with the signature of a well-formed entry, and take note of keys."""
        registers = line.startswith(_REGISTERS)
        if not registers and _SIGNED not in line and not self._has_key(line):
            return None
        entry = decode(line)
        problem = self._judge(entry)
        if registers:
            self._note(entry)
        return problem

    def _has_key(self, line: bytes) -> bool:
        return bool(self.keys) and line.split(b'"', _ACTOR + 1)[_ACTOR].decode() in self.keys

    def _judge(self, entry: Entry) -> Problem | None:
        public = self.keys.get(entry.actor, "")
        if not entry.signature:
            if not public or entry.act in UNSIGNED_ACTS:
                return None
            return Problem("signature-missing", "the operator has a key, and did not sign this")
        if not has_signed(public, entry.signature, _message(entry, self.origin)):
            return Problem("signature-wrong", "the operator whom it names did not sign this")
        short = bytes.fromhex(entry.signature[:32])
        if short in self.seen:
            return Problem(
                "signature-again", "the operator did this once, and it stands here again"
            )
        self.seen.add(short)
        return None

    def _note(self, entry: Entry) -> None:
        who = str(entry.facts.get("operator", ""))
        public = str(entry.facts.get("key", "")) if entry.act == "operator.added" else ""
        if public:
            self.keys[who] = public
        else:
            self.keys.pop(who, None)


def _message(entry: Entry, origin: str) -> bytes:
    return _CONTEXT + origin.encode() + b"\0" + signed_part(entry)
