# SPDX-License-Identifier: Apache-2.0
"""Issues certificates of erasures, and verifies them without a workspace."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from audit.clock import Micros, iso
from audit.errors import BadInput, Tampered
from audit.evidence import certificate
from audit.evidence.certificate import ACT, Certificate
from audit.evidence.note import read_verifier_key
from audit.ids import new_id
from governance.custody.remnants import remnants
from governance.evidence.signing import origin_of, read_by
from tagging.finding import Text

if TYPE_CHECKING:
    from governance.workspace import Workspace

_BEFORE: Final = b'"digest":"'
_KEYED: Final = ("l2", "backups")

PROVES: Final = (
    Text(
        "The operator logged and signed, at that time, that this was done. Nobody can change that unseen.",
        "运营者在该时间记录并签署了上述处理；此后无法不被察觉地更改。",
    ),
    Text(
        "The data keys named by their digests were destroyed in the running system.",
        "以摘要列明的数据密钥已在运行系统中销毁。",
    ),
)
"""What a certificate shows."""

PROVES_NOT: Final = (
    Text(
        "It does not prove that no copy exists anywhere: only what the operator stated.",
        "不能证明任何地方都不存在副本：仅证明运营者的陈述。",
    ),
    Text(
        "Until the last date, a backup of the keys or an old copy of the key store may still open what was "
        "sealed. That date is kept by people who rotate keys and destroy backups.",
        "在最后日期之前，密钥备份或密钥库旧副本仍可能打开已封存内容；该日期有赖于人员按期轮换密钥并销毁备份。",
    ),
    Text(
        "A key ring in a file is destroyed by overwriting it; on an SSD old bytes may stay until they are reused.",
        "以文件保存的密钥环通过覆写销毁；固态硬盘上旧数据可能留存至被重新使用。",
    ),
)
"""What it does not show."""


def issue(ws: "Workspace", body: Mapping[str, object]) -> bytes:
    """Return the file of the certificate of an erasure; as `issue_many`."""
    return issue_many(ws, [body])[0]


def issue_many(ws: "Workspace", bodies: Sequence[Mapping[str, object]]) -> list[bytes]:
    """Log that erasures were certified, and return the file of each certificate.

    A body has the fields of `audit.evidence.certificate.FIELDS`, without `cert`, `log`, `l2` and
    `backups`, which are set here; `receipts` may be left out. Called again after a kill it issues others,
    which are as good. Raises ValueError for a body that says anything else, Conflict while the log is
    busy, Tampered.
    """
    whole = [_completed(ws, body) for body in bodies]
    facts = [certificate.facts_of(body) for body in whole]
    with ws.store.write() as unit:
        unit.log_all(
            [
                ws.evidence.entry(
                    ACT,
                    request=str(body["request"]),
                    certificate=said["certificate"],
                    digest=said["digest"],
                )
                for body, said in zip(whole, facts, strict=True)
            ]
        )
    ws.evidence.drain()
    proven = ws.evidence.proofs.newest(_BEFORE, [said["digest"].encode() for said in facts])
    return [
        certificate.write(body, entry, proof)
        for body, (entry, proof) in zip(whole, proven, strict=True)
    ]


def verify(file: bytes, keys: Sequence[str]) -> tuple[Certificate, int]:
    """Return what a certificate says, and when its checkpoint was signed (s since the epoch, 0: unknown).

    `keys` are the public keys of the log, each of which must have signed. Raises BadInput
    `bad-verifier-key`, Tampered `certificate-false`.
    """
    try:
        known = [read_verifier_key(key) for key in keys]
    except ValueError:
        raise BadInput(
            "bad-verifier-key",
            "this is no public key of a log",
            hint="the operator gives them: tagwarden audit log checkpoint --keys --out keys",
        ) from None
    try:
        found = certificate.read(file)
    except (ValueError, RecursionError):
        raise _false("it is not whole, or its parts do not fit together") from None
    try:
        signed = read_by(known, found.proof.note)
    except Tampered:
        raise _false("its checkpoint was not signed by these keys") from None
    if found.body["log"] not in {key.name for key in known}:
        raise _false("it is about another log")
    if not found.is_in(signed.head):
        raise _false("its entry is not in the log at this place")
    return found, signed.seconds


def _completed(ws: "Workspace", body: Mapping[str, object]) -> dict[str, Any]:
    whole: dict[str, Any] = {
        "receipts": [],
        **body,
        "cert": new_id(ws.ids, "cert"),
        "log": origin_of(ws.keys.ring),
    }
    try:
        keys = [int(key["kek_id"]) for key in whole["keys"]]
    except (KeyError, TypeError):
        raise ValueError("a certificate names the keys that were destroyed") from None
    found = remnants(ws, keys) if keys else None
    whole["l2"] = _day(found.until) if found else ""
    whole["backups"] = _day(found.backups) if found else ""
    certificate.check(whole)
    return whole


def _day(at: Micros | None) -> str:
    return iso(at)[:10]


def _false(why: str) -> Tampered:
    return Tampered(
        "certificate-false",
        f"this is no true certificate: {why}",
        hint="ask the operator for the file and the public keys again, each by its own way",
    )
