# SPDX-License-Identifier: Apache-2.0
"""Packs what an auditor outside gets of a period, and signs it into the evidence log.

Everything in a pack is made of codes, counts, digests and documents about the shop: no store that can hold
something about a person (`governance.registry`) is read but the register of requests, of which only
days, kinds and states are taken, and the log, whose entries cannot hold any.

No entry without its archive, no pack without its entry: the archive waits whole on the disk beside its place,
the entry is committed, and only then do proof and archive come there. A command that died in between is
finished by giving it again. A period that is over gives the same bytes again, while store and program are the same.
"""

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from hashlib import sha256
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from zipfile import ZipFile

from sqlalchemy import Connection, text

from audit import canon
from audit.clock import Micros
from audit.compliance.pack import MANIFEST, README, archive
from audit.errors import BadInput, NotFound
from audit.evidence.note import base64, proof_file
from audit.evidence.reading import decode
from audit.evidence.tree import Head
from governance import fairness
from governance.auditing import kept
from governance.auditing.telling import written
from governance.authority import demand
from governance.budget.ledger import records
from governance.budget.limits import standings
from governance.complying.gathering import law_papers
from governance.evidence.signing import origin_of
from governance.requests.days import day_here, start_of
from governance.requests.metrics import metrics_of
from governance.requests.printing import register_plain
from governance.requests.register import Line, lines_in
from governance.store import private_file
from policies.vocabulary import Regime

if TYPE_CHECKING:
    from governance.workspace import Workspace

PROOF: Final = ".tlog-proof"
_BEFORE: Final = b'"sha256":"'
_LEFT_OUT: Final = frozenset({"target", "requester", "channel"})
"""What the register says of a request and an auditor does not need to check deadlines."""


@dataclass(frozen=True, slots=True)
class Packed:
    """What a pack holds."""

    sha256: str
    size: int
    """Bytes of the archive."""
    files: int
    entries: int
    reports: tuple[kept.Kept, ...]
    missing: tuple[str, ...]
    """Regimes with people on record, and without a compliance report in the period."""


@dataclass(frozen=True, slots=True)
class _Made:
    data: bytes
    head: Head
    packed: Packed


def pack(ws: "Workspace", first: date, last: date, out: Path) -> Packed:
    """Write the pack of a period to a file, and its proof beside it; returns what is in it.

    Raises BadInput `bad-period`, `empty-period` or `file-unwritable`, Refused `not-permitted`, Conflict
    `workspace-busy`, Tampered where the log is not what was signed, or a report that it names is lost.
    """
    demand(ws, "audit.pack")
    if last < first or first > day_here(ws):
        raise BadInput("bad-period", "a period begins before it ends, and not in the time to come")
    coming = out.with_name(f".{out.name}.{first}.{last}.coming")
    with ws.exclusive("audit"):
        try:
            made = _logged_before(ws, coming)
            if made is None:
                made = build(ws, first, last)
                private_file.replace(coming, made.data)
                _log(ws, made.packed, made.head, first, last)
            private_file.replace(out.with_name(out.name + PROOF), _proof(ws, made))
            coming.replace(out)
            private_file.sync_folder(out.parent)
        except OSError as error:
            raise BadInput(
                "file-unwritable", f"{out.name} cannot be written: {error.strerror}"
            ) from None
    return made.packed


def build(ws: "Workspace", first: date, last: date) -> _Made:
    """Return the archive of a period, without signing it; raises BadInput `empty-period`."""
    since = start_of(ws.settings, first)
    until = start_of(ws.settings, last + timedelta(days=1))
    log = ws.evidence.proofs.part(since // 1000, until // 1000)
    if not log.head.size:
        raise BadInput("empty-period", "the evidence log has no entry before the end of the period")
    with ws.store.read() as connection:
        lines = lines_in(connection, ws.settings, day_here(ws), first, last)
        reports = kept.logged(connection, map(decode, log.entries))
        found = {
            "README.txt": README.encode(),
            "verifier.py": files("audit").joinpath("offline_verifier.py").read_bytes(),
            "log/entries.jsonl": b"".join(entry + b"\n" for entry in log.entries),
            "log/leaves": log.leaves,
            **dict(_reports(reports)),
            **_requests(lines, first.year),
            **_budget(ws, connection, until),
            **_law(connection, reports),
        }
        missing = _unaudited(connection, reports)
    about = {
        "from": first.isoformat(),
        "to": last.isoformat(),
        "workspace": ws.settings.text("workspace.id"),
        "program": version("tagwarden"),
        "log": {
            "origin": origin_of(ws.keys.ring),
            "size": log.head.size,
            "root": log.head.root.hex(),
            "first": log.first,
        },
    }
    data = archive(found, about)
    digest = sha256(data).hexdigest()
    packed = Packed(digest, len(data), len(found), len(log.entries), tuple(reports), missing)
    return _Made(data, log.head, packed)


def _logged_before(ws: "Workspace", coming: Path) -> _Made | None:
    """Return the archive of a command that died behind its entry; None when there is none."""
    if not coming.is_file():
        return None
    data = coming.read_bytes()
    digest = sha256(data).hexdigest()
    ws.evidence.drain()
    try:
        ws.evidence.proofs.newest(_BEFORE, [digest.encode()])
    except NotFound:
        return None  # it died before its entry: made anew
    with ZipFile(io.BytesIO(data)) as whole:
        manifest = json.loads(whole.read(MANIFEST))
        entries = whole.read("log/entries.jsonl").splitlines()
    names, log = manifest["files"], manifest["log"]
    with ws.store.read() as connection:
        made = kept.logged(connection, map(decode, entries))
        missing = _unaudited(connection, made)
    packed = Packed(digest, len(data), len(names), len(entries), tuple(made), missing)
    return _Made(data, Head(log["size"], bytes.fromhex(log["root"])), packed)


def _log(ws: "Workspace", packed: Packed, head: Head, first: date, last: date) -> None:
    """Log that a pack was made."""
    with ws.store.write() as unit:
        entry = ws.evidence.entry(
            "audit.packed",
            sha256=packed.sha256,
            first=first.isoformat(),
            last=last.isoformat(),
            entries=packed.entries,
            size=head.size,
        )
        unit.log(entry)
    ws.evidence.drain()


def _proof(ws: "Workspace", made: _Made) -> bytes:
    """Return the proof of the entry of a pack, with the growth of the log since."""
    logged, proof, grown = ws.evidence.proofs.since(made.head, _BEFORE, made.packed.sha256.encode())
    extra = canon.canonical({"entry": json.loads(logged), "growth": [base64(one) for one in grown]})
    return proof_file(proof.index, proof.hashes, proof.note, extra)


def _reports(made: Sequence[kept.Kept]) -> Iterator[tuple[str, bytes]]:
    for one in made:
        yield f"reports/{one.name}.json", one.bytes
        for language in ("en", "zh"):
            yield f"reports/{one.name}.{language}.html", written([one], ".html", language)


def _requests(lines: Sequence[Line], year: int) -> Mapping[str, bytes]:
    """Return the register and its figures, of the requests that came in in the period."""
    plain = [
        {key: value for key, value in line.items() if key not in _LEFT_OUT}
        for line in register_plain(lines)
    ]
    figures = metrics_of(lines, year)
    counted = {"kinds": figures.kinds, "ccpa_7102": figures.groups}
    return {
        "requests/register.json": _json("RequestRegister", {"requests": plain}),
        "requests/metrics.json": _json(
            "RequestMetrics",
            {name: [asdict(one) for one in some] for name, some in counted.items()},
        ),
    }


def _budget(ws: "Workspace", connection: Connection, until: Micros) -> Mapping[str, bytes]:
    """Return limits and ledger; records after the period are left out."""
    at = Micros(min(ws.clock.now(), until))
    value = {
        "limits": [one.to_dict() for one in standings(connection, at).values()],
        "records": [one for one in records(connection) if one["at"] < until],
    }
    return {"budget/ledger.json": _json("BudgetLedger", value)}


def _law(connection: Connection, reports: Sequence[kept.Kept]) -> Mapping[str, bytes]:
    """Return the law in force by digests, and the fairness policies that reports were judged by."""
    packs = {
        str(regime): [paper._asdict() for paper in law_papers(connection, str(regime))]
        for regime in Regime
    }
    used = kept.policies(connection, [one.name for one in reports])
    rules = fairness.in_force(connection)
    in_force = rules and {"key": rules.key, "version": rules.version, "digest": rules.digest}
    return {
        "law/packs.json": _json("PacksInForce", {"packs": packs}),
        "law/fairness.json": _json(
            "FairnessPolicies",
            {"in_force": in_force, "policies": used},
        ),
    }


def _unaudited(connection: Connection, reports: Sequence[kept.Kept]) -> tuple[str, ...]:
    there = connection.execute(text("SELECT DISTINCT regime FROM subject ORDER BY regime"))
    done = {one.about for one in reports if one.kind == kept.COMPLIANCE}
    return tuple(regime for regime in there.scalars() if regime not in done)


def _json(kind: str, value: Mapping[str, Any]) -> bytes:
    """Return a document with sorted keys; figures may be fractions, as in the registers themselves."""
    whole = {"apiVersion": "tagwarden/v1", "kind": kind, **value}
    return json.dumps(whole, ensure_ascii=False, indent=1, sort_keys=True).encode() + b"\n"
