# SPDX-License-Identifier: Apache-2.0
"""The texts that leave the house: checkpoints, keys and proofs, as C2SP writes them.

Formats: signed-note, tlog-checkpoint, tlog-cosignature (ML-DSA-44, `subtree/v1`), tlog-proof, and for
the growth of a log the request of tlog-witness. Pure: the signatures come from outside.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from audit.evidence.tree import Head

ED25519 = 1
ML_DSA_44 = 6
MAX_BYTES = 100_000
MAX_PROOF_BYTES = 10_000_000
_BASE64 = r"[A-Za-z0-9+/]+={0,2}"
_PROOF = re.compile(
    rf"c2sp\.org/tlog-proof@v1\nextra ({_BASE64})\n"
    r"index (0|[1-9][0-9]{0,17})((?:\n[A-Za-z0-9+/]{43}=)*)"
)
_TEXT = re.compile(r"([^\s+]+)\n(0|[1-9][0-9]{0,17})\n([A-Za-z0-9+/]{43}=)\n")
_SIGNATURE = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/]+={0,2})")
_KEY_ID_BYTES = 4


@dataclass(frozen=True, slots=True)
class Signature:
    """One line under a note: who signed, the key in short (4 bytes), and what the key made."""

    name: str
    key: bytes
    value: bytes


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How far a log has come, and who says so."""

    origin: str
    head: Head
    signatures: tuple[Signature, ...] = ()

    def text(self) -> bytes:
        """Return what an Ed25519 key signs."""
        return f"{self.origin}\n{self.head.size}\n{base64(self.head.root)}\n".encode()

    def encode(self) -> bytes:
        """Return the whole note."""
        lines = (f"— {s.name} {base64(s.key + s.value)}\n" for s in self.signatures)
        return self.text() + ("\n" + "".join(lines)).encode()

    @classmethod
    def decode(cls, note: bytes) -> "Checkpoint":
        """Return the checkpoint of a note; raises ValueError for every other spelling."""
        if len(note) > MAX_BYTES:
            raise ValueError("too long for a checkpoint")
        text, gap, below = note.decode("utf-8").rpartition("\n\n")
        found = _TEXT.fullmatch(text + "\n")
        if not found or not gap or not below.endswith("\n"):
            raise ValueError("not a checkpoint")
        head = Head(int(found[2]), _bytes(found[3]))
        return cls(found[1], head, tuple(map(_signature, below[:-1].split("\n"))))


def key_id(name: str, kind: int, public: bytes) -> bytes:
    """Return the short form of a key (4 bytes), as it stands in signatures."""
    return sha256(name.encode() + b"\n" + bytes([kind]) + public).digest()[:_KEY_ID_BYTES]


def verifier_key(name: str, kind: int, public: bytes) -> str:
    """Return the text by which a verifier knows a key: name, short form, kind and key."""
    return f"{name}+{key_id(name, kind, public).hex()}+{base64(bytes([kind]) + public)}"


def cosigned(name: str, seconds: int, checkpoint: Checkpoint) -> bytes:
    """Return what an ML-DSA-44 key signs: name, time (s since the epoch), origin, size and root."""
    who, where = name.encode(), checkpoint.origin.encode()
    return b"".join(
        (
            b"subtree/v1\n\0",
            len(who).to_bytes(1, "big") + who,
            seconds.to_bytes(8, "big"),
            len(where).to_bytes(1, "big") + where,
            bytes(8),
            checkpoint.head.size.to_bytes(8, "big"),
            checkpoint.head.root,
        )
    )


def proof_file(index: int, hashes: Sequence[bytes], note: bytes, extra: bytes = b"") -> bytes:
    """Return a tlog-proof: entry number, inclusion hashes, checkpoint; `extra` is not authenticated."""
    lines = ["c2sp.org/tlog-proof@v1", *([f"extra {base64(extra)}"] if extra else ())]
    lines += [f"index {index}", *map(base64, hashes), "", ""]
    return "\n".join(lines).encode() + note


@dataclass(frozen=True, slots=True)
class Proof:
    """A tlog-proof, taken apart."""

    index: int
    hashes: tuple[bytes, ...]
    note: bytes
    extra: bytes = b""


def read_proof(file: bytes) -> Proof:
    """Return the parts of a tlog-proof with `extra`; raises ValueError for every other spelling."""
    if len(file) > MAX_PROOF_BYTES:
        raise ValueError("too long for a proof")
    above, _, note = file.partition(b"\n\n")
    found = _PROOF.fullmatch(above.decode("ascii"))
    if not found:
        raise ValueError("not a proof")
    hashes = tuple(map(_bytes, (found[3] or "").split()))
    return Proof(int(found[2]), hashes, note, _bytes(found[1]))


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key by which checkpoints are known: whose, its short form, its kind, and itself."""

    name: str
    short: bytes
    kind: int
    public: bytes


def read_verifier_key(text: str) -> VerifierKey:
    """Return the key of its text; raises ValueError for every other spelling."""
    name, _, rest = text.partition("+")
    short, _, material = rest.partition("+")
    raw = _bytes(material)
    key = VerifierKey(name, bytes.fromhex(short), raw[0] if raw else 0, raw[1:])
    if not raw or verifier_key(name, key.kind, key.public) != text:
        raise ValueError("not a verifier key")
    return key


def growth_file(old_size: int, hashes: Sequence[bytes], note: bytes) -> bytes:
    """Return the proof that a log grew from an older size, as a witness takes it (add-checkpoint)."""
    return "\n".join([f"old {old_size}", *map(base64, hashes), "", ""]).encode() + note


def base64(data: bytes) -> str:
    """Return standard base64 text."""
    return b64encode(data).decode("ascii")


def _signature(line: str) -> Signature:
    found = _SIGNATURE.fullmatch(line)
    value = _bytes(found[2]) if found else b""
    if not found or len(value) <= _KEY_ID_BYTES:
        raise ValueError("not a signature line")
    return Signature(found[1], value[:_KEY_ID_BYTES], value[_KEY_ID_BYTES:])


def _bytes(text: str) -> bytes:
    data = b64decode(text, validate=True)
    if base64(data) != text:
        raise ValueError("base64 in another spelling")
    return data
