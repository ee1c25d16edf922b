# SPDX-License-Identifier: Apache-2.0
"""The proof of one request, to be checked by anybody: its steps, their entries in the log, its letters.

It names nobody: what the person said is left out, entries carry a pseudonym of their own. A step
without its entry, or an entry without its step, is not proven: then there is no pack.
"""

import json
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import closing
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, text

from audit.clock import from_micros, iso
from audit.errors import Tampered
from governance.access.exporting import handing_over
from governance.authority import demand
from governance.requests import row
from governance.requests.row import Request, Stepped
from governance.store.private_file import Draft

if TYPE_CHECKING:
    from governance.workspace import Workspace

_ABOUT: Final = """\
The proof of request {ref}. 请求 {ref} 的证明。

request.json   the request and its steps   请求及其步骤
letters/       what was told, and when     已发出的通知
entries/       the entries of the evidence log, each with the proof that it is there (C2SP tlog-proof)
               证据日志条目及其存在证明
checkpoint.note, keys.txt   the signed state of the log, and the public keys 日志签名与公钥
certificate.tlog-proof      of a deletion: its certificate 删除证书（如有）

To check an entry, without the shop 独立验证:
    python verifier.py proof entries/0001.tlog-proof --keys keys.txt
Compare keys.txt with the keys that the shop published. 请与商店公布的公钥核对 keys.txt。
"""


def pack(ws: "Workspace", ref: str, out: Path, *, force: bool = False) -> Mapping[str, int]:
    """Write the proof of a request as a zip file; returns how many steps, letters and entries it has.

    Raises NotFound `unknown-request`, Tampered `request-unproven` and as the log does, Refused
    `inside-workspace`, Conflict `file-exists`, BadInput `file-unwritable`.
    """
    demand(ws, "request.read")
    ws.evidence.drain()
    with ws.store.read() as connection:
        found, steps = row.load(connection, ref), row.steps(connection, ref)
        certificate = _certificate(connection, ref)
    places = _places(ws, ref)
    _check(steps, [said for _, said in places])
    letters = [one for one in steps if one.letter]
    content = _content(ws, found, steps, [index for index, _ in places], certificate)
    made = from_micros(ws.clock.now()).timetuple()[:6]
    with handing_over(ws, out, force=force), closing(Draft(out)) as draft:
        with zipfile.ZipFile(draft.file, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in content:
                info = zipfile.ZipInfo(name, made)
                info.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(info, data)
        draft.finish()
        draft.publish(over=force)
    return {"steps": len(steps), "letters": len(letters), "entries": len(places)}


def _content(
    ws: "Workspace",
    found: Request,
    steps: list[Stepped],
    places: list[int],
    certificate: bytes | None,
) -> Iterator[tuple[str, bytes]]:
    proofs = ws.evidence.proofs
    yield "README.txt", _ABOUT.format(ref=found.ref).encode("utf-8")
    said = json.dumps(_plain(found, steps), ensure_ascii=False, indent=1)
    yield "request.json", said.encode("utf-8")
    for number, one in enumerate((one for one in steps if one.letter), 1):
        yield f"letters/{number:02d}-{one.code}.txt", one.letter.encode("utf-8")
    for number, index in enumerate(places, 1):
        yield f"entries/{number:04d}.tlog-proof", proofs.inclusion(index).file
    yield "checkpoint.note", proofs.checkpoint()[1]
    yield "keys.txt", "\n".join([*proofs.verifier_keys(), ""]).encode("ascii")
    yield "verifier.py", files("audit").joinpath("offline_verifier.py").read_bytes()
    if certificate is not None:
        yield "certificate.tlog-proof", certificate


def _plain(found: Request, steps: list[Stepped]) -> dict[str, Any]:
    """Return a request and its steps as plain data, without anything about who it is."""
    return {
        "apiVersion": "tagwarden/v1",
        "kind": "RequestProof",
        "ref": found.ref,
        "regime": found.regime,
        "right": found.kind,
        "target": found.target,
        "requester": found.requester,
        "channel": found.channel,
        "state": str(found.state),
        "code": found.code,
        "received": found.received_on.isoformat(),
        "clock": found.clock,
        "due": found.due.isoformat(),
        "extended_due": found.extended_due.isoformat() if found.extended_due else None,
        "acknowledge_by": found.ack_due.isoformat() if found.ack_due else None,
        "ended": iso(found.ended_at) or None,
        "steps": [
            {
                "at": iso(one.at),
                "step": one.step,
                "state": one.state,
                "code": one.code,
                "operator": one.operator,
            }
            for one in steps
        ],
    }


def _places(ws: "Workspace", ref: str) -> list[tuple[int, dict[str, Any]]]:
    """Return the entries of the steps of a request: number in the log, and what it says."""
    mark = f'"ref":"{ref}"'.encode("ascii")
    found = []
    for index, entry in enumerate(ws.evidence.entries()):
        if mark in entry:
            said = json.loads(entry)
            if said["act"].startswith("request.") and said["obj"]["ref"] == ref:
                found.append((index, said["obj"]))
    return found


def _check(steps: list[Stepped], entries: list[dict[str, Any]]) -> None:
    """Raise Tampered unless each step has its entry, in the same order, and no entry is left."""
    noted = [(one.step, one.state, one.code) for one in steps]
    logged = [(said["step"], said["state"], said.get("code", "")) for said in entries]
    if noted != logged:
        raise Tampered(
            "request-unproven",
            f"the steps of this request ({len(noted)}) are not those in the evidence log ({len(logged)})",
            hint="tagwarden audit log verify, and tagwarden doctor",
        )


def _certificate(connection: Connection, ref: str) -> bytes | None:
    found = connection.execute(
        text("SELECT certificate FROM erasure WHERE ref = :r"), {"r": ref}
    ).scalar()
    return None if found is None else bytes(found)
