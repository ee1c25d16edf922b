# SPDX-License-Identifier: Apache-2.0
"""The signed head of the log: its size and root, kept beside the key ring and not beside the log.

Before entries are committed to the log, the head names the present and the coming state; after that,
only the new one. So a log is good when it stands exactly at one of the two: a log that was cut, put
back, or lengthened by anybody else stands at neither.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from audit.canon import canonical
from audit.errors import Conflict, Tampered
from audit.evidence.tree import Head
from governance.store import private_file
from governance.vault.ring import Ring

_CONTEXT = b"UTG1head\0"


@dataclass(frozen=True, slots=True)
class SignedHead:
    """Where the log stands, and where it will stand when the commit in progress has happened."""

    now: Head
    coming: Head | None = None


def head_path(ring: Path) -> Path:
    """Return where the head of a workspace lies: beside its key ring."""
    return ring.with_name(ring.name + ".head")


def write_head(path: Path, ring: Ring, head: SignedHead) -> None:
    """Sign a head and write it durably; raises Conflict `disk-unwritable`."""
    value = {"v": 1, "now": _plain(head.now)}
    if head.coming:
        value["coming"] = _plain(head.coming)
    signature = ring.sign(_CONTEXT + canonical(value)).hex()
    try:
        private_file.replace(path, canonical({"head": value, "sig": signature}) + b"\n")
    except OSError:
        raise Conflict(
            "disk-unwritable",
            "the signed head of the evidence log cannot be written",
            hint=f"make room in {path.parent}, and check that it may be written to",
        ) from None


def read_head(path: Path, ring: Ring) -> SignedHead:
    """Return the signed head; raises Tampered `head-missing` or `head-forged`."""
    try:
        data, _ = private_file.read(path)
    except OSError:
        raise Tampered(
            "head-missing",
            "the signed head of the evidence log is not beside the key ring",
            hint=f"restore {path} together with the key ring",
        ) from None
    try:
        found = json.loads(data)
        value = found["head"]
        if not ring.signed(bytes.fromhex(found["sig"]), _CONTEXT + canonical(value)):
            raise _forged()
        coming = value.get("coming")
        return SignedHead(_head(value["now"]), _head(coming) if coming else None)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise _forged() from None


def _plain(head: Head) -> dict[str, object]:
    return {"size": head.size, "root": head.root.hex()}


def _head(value: dict[str, object]) -> Head:
    size = value["size"]
    if not isinstance(size, int):
        raise TypeError("a size is a number")
    return Head(size, bytes.fromhex(str(value["root"])))


def _forged() -> Tampered:
    return Tampered(
        "head-forged",
        "the head of the evidence log was not signed by the key ring of this workspace",
        hint="restore the head file together with the key ring",
    )
