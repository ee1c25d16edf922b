# SPDX-License-Identifier: Apache-2.0
"""A mandate that a person signed: who may ask for what in their name, for which request, until when.

It counts when the key on file for the person signed it. Most people have none: then an officer looks at
a document, or the person confirms through a contact on file (11 CCR 7063).
"""

import json
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import Field

from audit.canon import canonical
from audit.clock import Micros, parse_time
from audit.errors import BadInput
from governance.identity.challenges import refused
from governance.identity.contacts import signing_key
from policies.document import Strict

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from governance.workspace import Workspace

MARK: Final = b"tagwarden mandate\0"
MAX_BYTES: Final = 10_000
KEY: Final = "ed25519:"


class Mandate(Strict):
    """What a person allows another one to ask for."""

    ref: str
    agent: str = Field(min_length=1, max_length=200)
    kinds: tuple[str, ...] = Field(min_length=1)
    until: str


class Signed(Strict):
    """A mandate and its signature (Ed25519, hexadecimal) over `MARK` and the canonical mandate."""

    mandate: Mandate
    signature: str = Field(pattern=r"\A[0-9a-f]{128}\z")


def signed_part(mandate: Mandate) -> bytes:
    """Return the bytes that a person signs."""
    return MARK + canonical(mandate.model_dump(mode="json"))


def read(data: bytes) -> Signed:
    """Return a signed mandate; raises BadInput `bad-mandate`."""
    try:
        found = Signed.model_validate(json.loads(data[: MAX_BYTES + 1]))
        parse_time(found.mandate.until)
    except (ValueError, RecursionError):
        raise BadInput(
            "bad-mandate",
            "this is no signed mandate",
            hint='JSON: {"mandate": {"ref", "agent", "kinds", "until"}, "signature"}',
        ) from None
    return found


def check(
    ws: "Workspace", connection: "Connection", signed: Signed, who: tuple[str, int | None, str]
) -> None:
    """Return when the person signed a mandate for (request, person, kind), and it is still good.

    Raises Refused `proof-refused` for everything else, alike.
    """
    ref, subject_id, kind = who
    said, now = signed.mandate, Micros(ws.evidence.now())
    key = signing_key(ws, connection, subject_id) if subject_id is not None else ""
    good = said.ref == ref and kind in said.kinds and parse_time(said.until) > now
    if not (good and _signed(key, signed)):
        raise refused()


def _signed(key: str, signed: Signed) -> bool:
    try:
        public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(key.removeprefix(KEY)))
        public.verify(bytes.fromhex(signed.signature), signed_part(signed.mandate))
    except (ValueError, InvalidSignature):
        return False
    return key.startswith(KEY)
