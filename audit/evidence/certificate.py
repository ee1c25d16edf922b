# SPDX-License-Identifier: Apache-2.0
"""The certificate of an erasure: what was done, and the proof that it was logged then (security 5.7).

A file is a C2SP tlog-proof. Its `extra` holds the certificate and the log's entry, which holds the
SHA-256 of the certificate. A closed set of checked fields: counts, codes, digests, days and hours;
nothing personal fits in. Pure: who signed the checkpoint is checked outside.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from audit.canon import canonical, digest
from audit.evidence.entry import CODE
from audit.evidence.note import Proof, proof_file, read_proof
from audit.evidence.reading import decode
from audit.evidence.tree import Head, included, leaf_hash

VERSION: Final = 1
ACT: Final = "erasure.certified"
SCOPES: Final = ("everything", "tag", "purpose", "category")

Check = Callable[[object], bool]


def _matches(pattern: str) -> Check:
    compiled = re.compile(pattern)
    return lambda value: isinstance(value, str) and compiled.fullmatch(value) is not None


def _count(value: object) -> bool:
    return type(value) is int and 0 <= value < 2**53


def _each(fields: Mapping[str, Check]) -> Check:
    return lambda value: isinstance(value, list) and all(_has(item, fields) for item in value)


def _codes(value: object) -> bool:
    return isinstance(value, list) and all(map(_CODE, value))


def _has(value: object, fields: Mapping[str, Check]) -> bool:
    if not isinstance(value, Mapping) or value.keys() != fields.keys():
        return False
    return all(check(value[name]) for name, check in fields.items())


_CODE: Final = _matches(CODE)
_SHORT: Final = _matches(rf"(?:{CODE})?")
_DATE = r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
_DAY: Final = _matches(_DATE)
_DAY_OR_NONE: Final = _matches(rf"(?:{_DATE})?")
_TIME = rf"{_DATE}T(?:[01][0-9]|2[0-3]):00Z"
_HOUR: Final = _matches(_TIME)
_ROWS: Final = _each({"store": _CODE, "rows": _count})

FIELDS: Final[Mapping[str, Check]] = {
    "v": lambda value: type(value) is int and value == VERSION,
    "cert": _CODE,
    "log": _matches(r"tagwarden-audit/[0-9a-f]{32}"),
    "workspace": _SHORT,
    "request": _CODE,
    "scope": lambda value: value in SCOPES,
    "target": _SHORT,
    "requested": _HOUR,
    "committed": _HOUR,
    "done": _HOUR,
    "erased": _ROWS,
    "shredded": _ROWS,
    "retained": _each({"store": _CODE, "rows": _count, "ground": _CODE, "until": _DAY_OR_NONE}),
    "keys": _each({"ver": _count, "kek_id": _count, "digest": _matches(r"[0-9a-f]{64}")}),
    "l1": _HOUR,
    "l2": _DAY_OR_NONE,
    "backups": _DAY_OR_NONE,
    "receipts": _each({"target": _CODE, "ref": _SHORT, "at": _HOUR}),
    "remains": _codes,
    "open": _codes,
    "held": _each({"category": _CODE, "until": _DAY_OR_NONE, "ground": _CODE}),
    "version": _CODE,
}
"""Every field of a certificate, each present, with what may stand in it. Times are UTC, to the hour.

`erased`, `shredded`, `retained`: rows by place. `keys`: the data keys destroyed, by the SHA-256 of their
wrapped records. `l1`: when no file of the running system held them any more. `l2`: the day after which
no copy anywhere can be opened ('': no date can be promised). `backups`: the day until which backups of
the keys may live ('': there is none). `remains`, `open`: codes of what stays, and of what is not done.
"""

_EXTRA: Final = ("certificate", "entry")


def check(body: Mapping[str, object]) -> None:
    """Return when a body is a whole certificate; raises ValueError with the first wrong field."""
    for name in (*FIELDS, *body):
        if name not in FIELDS:
            raise ValueError(f"a certificate has no field {name}")
        if name not in body or not FIELDS[name](body[name]):
            raise ValueError(f"the field {name} of a certificate is missing or wrong")


def facts_of(body: Mapping[str, object]) -> dict[str, str]:
    """Return what the entry of the log says about a certificate."""
    return {"certificate": str(body["cert"]), "digest": digest(body)}


def write(body: Mapping[str, object], entry: bytes, proof: Proof) -> bytes:
    """Return the file of a certificate; `entry` is the log's, and the proof is that of its place."""
    extra = canonical({"certificate": body, "entry": json.loads(entry)})
    return proof_file(proof.index, proof.hashes, proof.note, extra)


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate that says one thing throughout; whether the log said so is not checked yet."""

    body: Mapping[str, Any]
    entry: bytes
    proof: Proof

    def is_in(self, head: Head) -> bool:
        """Return whether the proof shows the entry in the tree of this head."""
        return included(
            leaf_hash(self.entry), self.proof.index, head.size, self.proof.hashes, head.root
        )


def read(file: bytes) -> Certificate:
    """Return the certificate in a file; raises ValueError unless every part of it fits the others."""
    proof = read_proof(file)
    extra = json.loads(proof.extra)
    if not _has(extra, dict.fromkeys(_EXTRA, lambda _: True)) or canonical(extra) != proof.extra:
        raise ValueError("this file holds no certificate")
    body, entry = extra["certificate"], canonical(extra["entry"])
    if not isinstance(body, Mapping):
        raise ValueError("this file holds no certificate")  # noqa: TRY004  (of bytes)
    check(body)
    logged = decode(entry)
    said: Sequence[object] = (logged.act, logged.request)
    facts = {name: value for name, value in logged.facts.items() if name != "clock_ms"}
    if said != (ACT, body["request"]) or facts != facts_of(body):
        raise ValueError("the entry of the log is about another certificate")
    return Certificate(body, entry, proof)
