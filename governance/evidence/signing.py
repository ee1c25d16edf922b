# SPDX-License-Identifier: Apache-2.0
"""Signs checkpoints with the two keys of the log, and reads only those that both have signed."""

from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

from audit.errors import Tampered
from audit.evidence.note import (
    ED25519,
    ML_DSA_44,
    Checkpoint,
    Signature,
    cosigned,
    key_id,
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
    try:
        found = Checkpoint.decode(note)
    except ValueError:
        raise _forged() from None
    name = origin_of(ring)
    first, second = ring.log_keys
    values = {(s.name, s.key): s.value for s in found.signatures}
    plain = values.get((name, key_id(name, ED25519, first)), b"")
    timed = values.get((name, key_id(name, ML_DSA_44, second)), b"")
    seconds, lasting = int.from_bytes(timed[:_TIME_BYTES], "big"), timed[_TIME_BYTES:]
    bare = Checkpoint(found.origin, found.head)
    lasts = _lasting(second, lasting, cosigned(name, seconds, bare))
    if found.origin != name or not ring.signed(plain, bare.text()) or not lasts:
        raise _forged()
    return Signed(found.head, seconds)


def _lasting(public: bytes, signature: bytes, message: bytes) -> bool:
    try:
        MLDSA44PublicKey.from_public_bytes(public).verify(signature, message)
    except InvalidSignature:
        return False
    return True


def _forged() -> Tampered:
    return Tampered(
        "checkpoint-forged",
        "this is no checkpoint that the evidence log of this workspace has signed",
        hint="compare it with what `tagwarden audit log checkpoint` prints",
    )
