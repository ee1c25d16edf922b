# SPDX-License-Identifier: Apache-2.0
"""Signs checkpoints with the two keys of the log, and reads only those that both have signed."""

from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

from audit.errors import Tampered
from audit.evidence.note import (
    ED25519,
    ML_DSA_44,
    Checkpoint,
    Signature,
    VerifierKey,
    cosigned,
    key_id,
    read_verifier_key,
    verifier_key,
)
from audit.evidence.tree import Head
from governance.vault.ring import Ring

_TIME_BYTES = 8


@dataclass(frozen=True, slots=True)
class Signed:
    """What a checkpoint of ours says: how far the log had come, and when (s since the epoch)."""

    head: Head
    seconds: int


def origin_of(ring: Ring) -> str:
    """Return the name of the log, which is also the name of its keys."""
    return f"tagwarden-audit/{ring.tenant.hex()}"


def verifier_keys(ring: Ring) -> list[str]:
    """Return the public keys that a verifier needs: Ed25519, ML-DSA-44."""
    first, second = ring.log_keys
    name = origin_of(ring)
    return [verifier_key(name, ED25519, first), verifier_key(name, ML_DSA_44, second)]


def sign(ring: Ring, head: Head, seconds: int) -> bytes:
    """Return the checkpoint of a head, signed now (s since the epoch) with both keys."""
    name = origin_of(ring)
    first, second = ring.log_keys
    bare = Checkpoint(name, head)
    lasting = ring.sign_lasting(cosigned(name, seconds, bare))
    signatures = (
        Signature(name, key_id(name, ED25519, first), ring.sign(bare.text())),
        Signature(
            name, key_id(name, ML_DSA_44, second), seconds.to_bytes(_TIME_BYTES, "big") + lasting
        ),
    )
    return Checkpoint(name, head, signatures).encode()


def read(ring: Ring, note: bytes) -> Signed:
    """Return what a checkpoint says; raises Tampered `checkpoint-forged` unless both keys signed it."""
    return read_by([read_verifier_key(key) for key in verifier_keys(ring)], note)


def read_by(keys: Sequence[VerifierKey], note: bytes) -> Signed:
    """Return what a checkpoint says; raises Tampered `checkpoint-forged` unless all keys signed it.

    The keys are those of one log; without its ML-DSA-44 key the time is 0: nobody says when.
    """
    try:
        found = Checkpoint.decode(note)
    except ValueError:
        raise _forged() from None
    values = {(s.name, s.key): s.value for s in found.signatures}
    bare, seconds = Checkpoint(found.origin, found.head), 0
    good = bool(keys) and all(key.name == found.origin for key in keys)
    for key in keys:
        value = values.get((key.name, key.short), b"")
        if key.kind == ML_DSA_44:
            seconds, value = int.from_bytes(value[:_TIME_BYTES], "big"), value[_TIME_BYTES:]
            good = good and _signed(key, value, cosigned(key.name, seconds, bare))
        else:
            good = good and _signed(key, value, bare.text())
    if not good:
        raise _forged()
    return Signed(found.head, seconds)


def _signed(key: VerifierKey, signature: bytes, message: bytes) -> bool:
    try:
        if key.kind == ML_DSA_44:
            MLDSA44PublicKey.from_public_bytes(key.public).verify(signature, message)
        elif key.kind == ED25519:
            Ed25519PublicKey.from_public_bytes(key.public).verify(signature, message)
        else:
            return False
    except (InvalidSignature, ValueError):
        return False
    return True


def _forged() -> Tampered:
    return Tampered(
        "checkpoint-forged",
        "this is no checkpoint that the evidence log of this workspace has signed",
        hint="compare it with what `tagwarden audit log checkpoint` prints",
    )
