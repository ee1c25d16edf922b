# SPDX-License-Identifier: Apache-2.0
"""Reports as they were made: kept, found again, and laid beside the next one on the same people."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from sqlalchemy import Connection, text

from audit import canon
from audit.bias.policy import FairnessPolicy
from audit.clock import Micros, parse_time
from audit.errors import BadInput, NotFound, Refused
from audit.evidence.entry import Entry
from audit.ids import new_id
from governance.auditing.agreeing import agree, as_made, lost, makes
from governance.authority import demand
from policies.document import nearest

if TYPE_CHECKING:
    from audit.bias.price_earlier import Earlier
    from audit.bias.scoring import Score
    from audit.bias.successive import Before
    from governance.auditing.parts import Numbers
    from governance.store.unit import Unit
    from governance.workspace import Workspace

BIAS = "bias"
LEAK = "leak"
PRICE = "price"
CONSENT = "consent"
COMPLIANCE = "compliance"
NO_COUNTS: Final[Mapping[str, Any]] = {}
NONCE = 12


class Limits(Protocol):
    """The policy that a report was judged by."""

    def document(self) -> dict[str, Any]:
        """Return it as plain data."""
        ...


@dataclass(frozen=True, slots=True)
class Kept:
    """A report that was made."""

    name: str
    kind: str
    about: str
    version: int
    status: str
    document: Mapping[str, Any]
    digest: str
    at: Micros

    @property
    def epsilon(self) -> str:
        """Return for which epsilon its counts were noised; '' for a report of exact counts."""
        return str(self.document["noise"]["epsilon"]) if "noise" in self.document else ""

    @property
    def bytes(self) -> bytes:
        """Return the report as its digest is over it: canonical JSON."""
        return canon.canonical(self.document)


def keep(
    ws: "Workspace",
    unit: "Unit",
    document: Mapping[str, Any],
    *,
    kind: str,
    about: str,
    version: int,
    status: str,
    policy: Limits | None = None,
    counts: Mapping[str, Any] = NO_COUNTS,
    by_policy: str = "",
) -> Kept:
    """Write a report and return it; `counts` are sealed to its name.

    A report that is judged by the law alone has no policy. `by_policy` is the digest of the policy
    in force, when the report is the audit that it asks for.
    """
    made = Kept(
        new_id(ws.ids, "audit"),
        kind,
        about,
        version,
        status,
        document,
        canon.digest(document),
        ws.clock.now(),
    )
    sealed = ws.keys.ring.seal_counts(made.name, canon.canonical(counts), ws.ids.random(NONCE))
    unit.connection.execute(
        text(
            "INSERT INTO auditreport (name, kind, about, version, status, document, digest, policy, "
            "counts, by_policy, at) VALUES (:n, :k, :b, :v, :s, :d, :g, :p, :c, :y, :t)"
        ),
        {
            "n": made.name,
            "k": kind,
            "b": about,
            "v": version,
            "s": status,
            "d": made.bytes.decode(),
            "g": made.digest,
            "p": canon.canonical(policy.document() if policy else {}).decode(),
            "c": sealed,
            "y": by_policy,
            "t": made.at,
        },
    )
    return made


def reports(ws: "Workspace") -> list[Kept]:
    """Return all reports, the newest first; raises Tampered `report-lost` as `agreeing.agree`."""
    demand(ws, "audit.read")
    with ws.store.read() as connection:
        agree(ws, connection)
        return [_kept(row) for row in connection.execute(text(f"{_SELECT} ORDER BY id DESC"))]


def given(ws: "Workspace", name: str) -> Kept:
    """Return a report again, by its name or by the key of a tag (its newest); that is on record.

    Raises NotFound `unknown-report`, Tampered `report-lost` where it is not as it was made.
    """
    demand(ws, "audit.read")
    with ws.store.read() as connection:  # the pass over the log keeps no writer waiting
        row = connection.execute(
            text(f"{_SELECT} WHERE name = :n OR about = :n ORDER BY id DESC LIMIT 1"), {"n": name}
        ).first()
        if row is None:
            known = connection.execute(text("SELECT name, about FROM auditreport")).all()
            names = {item for pair in known for item in pair}
            hint = nearest(name, names) or "tagwarden audit list"
            raise NotFound("unknown-report", f'there is no report "{name}"', hint=hint)
        agree(ws, connection, row.name)
    with ws.store.write() as unit:
        unit.log(ws.evidence.entry("audit.given", report=row.name, sha256=row.digest))
    return _kept(row)


def logged(connection: Connection, entries: Iterable[Entry]) -> list[Kept]:
    """Return the reports that entries of the log say were made, in their order.

    Raises Tampered `report-lost` where one is not in the store as it was made.
    """
    found = []
    for entry in filter(makes, entries):
        name = str(entry.facts["report"])
        row = connection.execute(text(f"{_SELECT} WHERE name = :n"), {"n": name}).first()
        if row is None or not as_made(row, entry):
            raise lost(name)
        found.append(_kept(row))
    return found


def policies(connection: Connection, names: Sequence[str]) -> dict[str, Any]:
    """Return the policies by which some reports were judged, each by its digest."""
    rows = connection.execute(text("SELECT name, policy FROM auditreport ORDER BY id"))
    used = [json.loads(row.policy) for row in rows if row.name in names]
    return {canon.digest(policy): policy for policy in used if policy}


@dataclass(frozen=True, slots=True, eq=False)
class Opened:
    """A bias report whose counts were opened, to be laid beside another."""

    tag: str
    policy: FairnessPolicy
    outcome: str
    before: "Before"
    digest: str

    def like(self, tag: str, policy: FairnessPolicy, outcome: str) -> bool:
        """Return whether it is over the same numbers. Numbers of another outcome are other numbers."""
        mine = self.policy
        return (self.tag, mine.attributes, mine.rates, mine.intersections, self.outcome) == (
            tag,
            policy.attributes,
            policy.rates,
            policy.intersections,
            outcome,
        )


def opened(ws: "Workspace", connection: Connection) -> list[Opened]:
    """Return all bias reports of exact counts with them, the oldest first.

    Raises Refused `report-unreadable` for one whose counts this program does not read.
    """
    rows = connection.execute(
        text(
            "SELECT name, about, digest, policy, document, counts FROM auditreport "
            "WHERE kind = :k ORDER BY id"
        ),
        {"k": BIAS},
    )
    documents = ((row, json.loads(row.document)) for row in rows)
    return [_opened(ws, row, one) for row, one in documents if "noise" not in one]


def numbers(ws: "Workspace", connection: Connection, tag: str, version: int) -> "list[Numbers]":
    """Return what the bias reports on a version of a tag told of causes and other thresholds."""
    rows = connection.execute(
        text(
            "SELECT name, counts FROM auditreport WHERE kind = :k AND about = :b AND version = :v "
            "ORDER BY id"
        ),
        {"k": BIAS, "b": tag, "v": version},
    )
    counts = [json.loads(ws.keys.ring.open_counts(row.name, row.counts)) for row in rows]
    return [one.get("told", {}) for one in counts]


def _opened(ws: "Workspace", row: Any, document: Mapping[str, Any]) -> Opened:
    from audit.bias.cube import read_cube  # noqa: PLC0415  (statistics only where counts are opened)
    from audit.bias.statements import Key  # noqa: PLC0415
    from audit.bias.successive import Before  # noqa: PLC0415

    identity = document["identity"]
    try:
        policy = FairnessPolicy.model_validate(json.loads(row.policy))
        counts = json.loads(ws.keys.ring.open_counts(row.name, row.counts))
        shown = frozenset(
            Key(what, tuple(names), tuple(labels)) for what, names, labels in counts["shown"]
        )
        cube, k = read_cube(counts["cube"]), policy.release.k
        before = Before(cube, counts["merged"], shown, k, identity["until"])
        return Opened(row.about, policy, identity["outcome"], before, row.digest)
    except (KeyError, TypeError, ValueError, BadInput):
        raise _unreadable(row.name, identity) from None


def earlier_prices(ws: "Workspace", connection: Connection) -> "list[Earlier]":
    """Return all price reports with their counts, the oldest first; raises as `opened`."""
    from audit.bias.price_earlier import Earlier  # noqa: PLC0415

    rows = connection.execute(
        text("SELECT name, document, counts FROM auditreport WHERE kind = :k ORDER BY id"),
        {"k": PRICE},
    )
    found = []
    for row in rows:
        document = json.loads(row.document)
        about = document["identity"]
        try:
            counts = json.loads(ws.keys.ring.open_counts(row.name, row.counts))["parts"]
            parts = document["parts"]
            if not all("as_of" in group for part in parts for group in part["groups"]):
                raise ValueError("no dates")  # noqa: TRY301  (one way out for all that is wrong)
            window = parse_time(about["since"]), parse_time(about["until"])
            found.append(Earlier(*window, about["made"], counts, parts))
        except (KeyError, TypeError, ValueError):
            raise _unreadable(row.name, about) from None
    return found


def _unreadable(name: str, identity: Mapping[str, Any]) -> Refused:
    return Refused(
        "report-unreadable",
        f"the counts of {name} are of a form that this program does not read",
        hint="nothing is told beside it; audit with the version that made it: "
        f"{identity.get('program')}",
    )


def score_of_last(connection: Connection, tag: str, version: int) -> "Score | None":
    """Return where the newest report on a version that drew a line drew it; None when none did.

    By whatever attributes and limits: all of them are read by the same people.
    """
    from audit.bias.scoring import Score  # noqa: PLC0415  (statistics only where counts are opened)

    rows = connection.execute(
        text(
            "SELECT document FROM auditreport WHERE kind = :k AND about = :b AND version = :v "
            "ORDER BY id DESC"
        ),
        {"k": BIAS, "b": tag, "v": version},
    )
    scores = (json.loads(row.document).get("score") for row in rows)
    return next((Score(str(one["median"]), int(one["ties"])) for one in scores if one), None)


def digest_of_last(connection: Connection, kind: str, about: str) -> str | None:
    """Return the digest of the newest report of a kind about something."""
    found = connection.execute(
        text(
            "SELECT digest FROM auditreport WHERE kind = :k AND about = :b ORDER BY id DESC LIMIT 1"
        ),
        {"k": kind, "b": about},
    ).scalar()
    return None if found is None else str(found)


_SELECT: Final = (
    "SELECT name, kind, about, version, status, document, digest, by_policy, at FROM auditreport"
)


def _kept(row: Any) -> Kept:
    return Kept(
        row.name,
        row.kind,
        row.about,
        row.version,
        row.status,
        json.loads(row.document),
        row.digest,
        row.at,
    )
