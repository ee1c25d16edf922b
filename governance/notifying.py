# SPDX-License-Identifier: Apache-2.0
"""Whom to tell that something was corrected, erased, restricted or refused (GDPR Art. 19, 11 CCR 7221).

Each recipient of a tag that the person has or had is owed a notification, under a reference that names
the person to this recipient only. Its state says what is known and no more: it is acknowledged with the
number of a receipt only. Nothing waits for it; what is open stands on the certificate.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, text

from audit.clock import Micros, iso
from audit.errors import BadInput, Conflict, NotFound
from audit.evidence.entry import CODE
from audit.ids import new_id
from governance.authority import demand
from governance.purpose import purposes, recipients
from governance.store.unit import Unit
from policies.document import nearest
from policies.vocabulary import Choice
from tagging.document import Tag
from tagging.finding import Text

if TYPE_CHECKING:
    from governance.workspace import Workspace

WHAT: Final = {
    "erase": Text("erase", "删除"),
    "correct": Text("correct", "更正"),
    "restrict": Text("restrict", "限制处理"),
    "opt-out": Text("stop sale and sharing, or limit use", "停止出售与共享或限制使用"),
    "decisions": Text("make no decision by technology alone", "不再仅由自动化作出决定"),
}
_CHOSEN: Final[Mapping[Choice, str]] = {
    Choice.RESTRICT: "restrict",
    Choice.OPT_OUT: "opt-out",
    Choice.LIMIT: "opt-out",
    Choice.BLOCK: "erase",
    Choice.ADMT_OPT_OUT: "decisions",
}
"""Choice → what recipients are told (GDPR Art. 19, Civ. Code 1798.105(c), 1798.135(f), 11 CCR 7221(n))."""
STATES: Final = {
    "pending": Text("to be told", "待通知"),
    "sent": Text("told, no receipt yet", "已通知，尚无回执"),
    "acknowledged": Text("acknowledged, with a receipt", "已确认，有回执"),
    "failed": Text("could not be reached", "未能送达"),
    "impossible": Text("impossible or disproportionate", "不可能或须付出过度努力"),
}
RECEIVED: Final = "acknowledged"
OPEN: Final = frozenset({"pending", "sent", "failed"})
GROUNDS: Final = {
    "impossible": Text("it is impossible (GDPR Art. 19)", "无法通知（GDPR 第19条）"),
    "disproportionate": Text(
        "it would take a disproportionate effort (GDPR Art. 19, Civ. Code 1798.105(c))",
        "须付出过度努力（GDPR 第19条，Civ. Code 1798.105(c)）",
    ),
}
_FROM: Final[Mapping[str, frozenset[str]]] = {
    "sent": frozenset({"pending", "failed"}),
    "acknowledged": frozenset({"sent"}),
    "failed": frozenset({"pending", "sent"}),
    "impossible": OPEN,
}
"""State → from which states it is reached."""
_CHUNK: Final = 500


@dataclass(frozen=True, slots=True)
class Notification:
    """What one recipient is to be told, and how it stands."""

    id: str
    ref: str
    recipient: str
    what: str
    reference: str
    state: str
    code: str
    made_at: Micros
    moved_at: Micros


def owe(
    ws: "Workspace",
    unit: Unit,
    what: str,
    refs: Mapping[int, str],
    keys: Collection[str] | None = None,
) -> int:
    """Note whom to tell about people (person -> number of the request); returns how many notes.

    `keys` are the tags that it is about; None: all. What is noted already stays as it is.
    """
    owed = _owed(unit.connection, refs.keys(), keys)
    if not owed:
        return 0
    now, ring = ws.evidence.now(), ws.keys.ring
    sids = ws.people.sid(owed)
    rows = [
        {
            "i": new_id(ws.ids, "nt"),
            "ref": refs[who],
            "r": recipient,
            "w": what,
            "p": ring.recipient_reference(recipient, sids[who]),
            "t": now,
        }
        for who, mine in owed.items()
        for recipient in sorted(mine)
        if who in sids
    ]
    if not rows:  # who they are is not known any more: no recipient could be told about whom
        return 0
    unit.connection.execute(
        text(
            "INSERT INTO notification (id, ref, recipient, what, reference, state, made_at, moved_at) "
            "VALUES (:i, :ref, :r, :w, :p, 'pending', :t, :t) ON CONFLICT (ref, recipient) DO NOTHING"
        ),
        rows,
    )
    unit.log_all(
        [
            ws.evidence.entry(
                "notification.owed", request=refs[who], what=what, recipients=len(mine)
            )
            for who, mine in owed.items()
            if who in sids
        ]
    )
    return len(rows)


def owe_choice(  # noqa: PLR0917  (as `owe`)
    ws: "Workspace", unit: Unit, kind: Choice, target: str, subject_id: int, ref: str
) -> int:
    """Note whom to tell of a choice that a person made; returns how many notes.

    Of no decision by technology alone only Californian law tells recipients, and only of tags that
    weigh on people: nobody else learns of it.
    """
    if kind not in _CHOSEN:
        return 0
    keys = {target} if target else None
    if kind is Choice.ADMT_OPT_OUT:
        keys = _weighty(unit.connection, subject_id)
    return owe(ws, unit, _CHOSEN[kind], {subject_id: ref}, keys)


def listed(
    ws: "Workspace", ref: str | None = None, *, everything: bool = False
) -> list[Notification]:
    """Return what is to be told, the oldest first: what is open or all, of all requests or of one."""
    demand(ws, "notification.read")
    with ws.store.read() as connection:
        found = _select(connection, "WHERE ref = :r" if ref else "", **({"r": ref} if ref else {}))
    return [one for one in found if everything or one.state in OPEN]


def open_for(connection: Connection, ref: str) -> list[Notification]:
    """Return what recipients have still to be told, or to acknowledge, because of one request."""
    return [one for one in _select(connection, "WHERE ref = :r", r=ref) if one.state in OPEN]


def open_of(ws: "Workspace", ref: str) -> list[str]:
    """Return, as a certificate lists it, who has not acknowledged: recipient:what:state."""
    with ws.store.read() as connection:
        found = _select(connection, "WHERE ref = :r", r=ref)
    return [f"{one.recipient}:{one.what}:{one.state}" for one in found if one.state != RECEIVED]


def receipts_of(ws: "Workspace", ref: str) -> list[dict[str, str]]:
    """Return, as a certificate lists it, who has acknowledged, with the number of the receipt."""
    with ws.store.read() as connection:
        found = _select(connection, "WHERE ref = :r AND state = :s", r=ref, s=RECEIVED)
    return [
        {"target": one.recipient, "ref": one.code, "at": iso(one.moved_at)[:13] + ":00Z"}
        for one in found
    ]


def sent(ws: "Workspace", name: str) -> Notification:
    """Note that a recipient was told. Raises NotFound `unknown-notification`, Conflict `cannot-follow`."""
    return _move(ws, name, "sent")


def failed(ws: "Workspace", name: str) -> Notification:
    """Note that a recipient could not be reached; as `sent`."""
    return _move(ws, name, "failed")


def acknowledge(ws: "Workspace", name: str, receipt: str) -> Notification:
    """Note that a recipient has acknowledged, with the number of the receipt; raises BadInput too."""
    if not re.fullmatch(CODE, receipt):
        raise BadInput(
            "bad-receipt",
            "a receipt is named by a code of at most 80 letters, digits and signs",
            hint="the number that the recipient gave, never a name",
        )
    return _move(ws, name, "acknowledged", receipt)


def impossible(ws: "Workspace", name: str, ground: str) -> Notification:
    """Note why a recipient is not told; raises BadInput `unknown-ground` too."""
    if ground not in GROUNDS:
        raise BadInput(
            "unknown-ground",
            f'"{ground}" is no ground for not telling a recipient',
            hint=nearest(ground, GROUNDS) or "grounds: " + ", ".join(GROUNDS),
        )
    return _move(ws, name, "impossible", ground)


def _move(ws: "Workspace", name: str, state: str, code: str = "") -> Notification:
    demand(ws, "notification.move")
    with ws.store.write() as unit:
        found = _load(unit.connection, name)
        if found.state not in _FROM[state]:
            raise Conflict(
                "cannot-follow",
                f"what is {found.state} does not become {state}",
                hint="before: " + ", ".join(sorted(_FROM[state])),
            )
        now = ws.evidence.now()
        unit.connection.execute(
            text("UPDATE notification SET state = :n, code = :c, moved_at = :t WHERE id = :i"),
            {"n": state, "c": code, "t": now, "i": name},
        )
        entry = ws.evidence.entry(
            "notification.moved",
            request=found.ref,
            notification=name,
            recipient=found.recipient,
            state=state,
            code=code,
        )
        unit.log(entry)
        return _load(unit.connection, name)


def _load(connection: Connection, name: str) -> Notification:
    found = _select(connection, "WHERE id = :i", i=name)
    if not found:
        raise NotFound(
            "unknown-notification",
            "there is no such notification",
            hint="tagwarden notification list",
        )
    return found[0]


def _select(connection: Connection, where: str = "", **values: object) -> list[Notification]:
    rows = connection.execute(
        text(
            "SELECT id, ref, recipient, what, reference, state, code, made_at, moved_at "
            f"FROM notification {where} ORDER BY made_at, ref, recipient"
        ),
        values,
    )
    return [Notification(*row) for row in rows]


def _weighty(connection: Connection, subject_id: int) -> set[str]:
    """Return the tags with a significant effect, where the person is under Californian law."""
    rows = connection.execute(
        text(
            "SELECT document FROM definition WHERE EXISTS "
            "(SELECT 1 FROM subject WHERE subject_id = :s AND regime = 'ccpa')"
        ),
        {"s": subject_id},
    )
    tags = [Tag.model_validate_json(row.document) for row in rows]
    return {tag.key for tag in tags if tag.effect != "none"}


def _owed(
    connection: Connection, people: Iterable[int], keys: Collection[str] | None
) -> dict[int, set[str]]:
    """Return person -> recipients of the tags that the person has or had."""
    known = purposes(connection)
    told: dict[int, set[str]] = {}
    for row in connection.execute(
        text("SELECT v.tv, d.document FROM tagvalue v JOIN definition d ON d.id = v.definition_id")
    ):
        tag = Tag.model_validate_json(row.document)
        who = recipients(tag, known) - {"none"}
        if who and (keys is None or tag.key in keys):
            told[row.tv] = who
    found: dict[int, set[str]] = defaultdict(set)
    values = ", ".join(map(str, told))
    wanted = list(people) if told else []
    for start in range(0, len(wanted), _CHUNK):
        part = wanted[start : start + _CHUNK]
        rows = connection.execute(
            text(
                "SELECT DISTINCT subject_id, tv FROM assignment WHERE subject_id IN "
                f"({', '.join(str(int(who)) for who in part)}) AND tv IN ({values})"
            )
        )
        for row in rows:
            found[row.subject_id] |= told[row.tv]
    return dict(found)
