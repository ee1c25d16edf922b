# SPDX-License-Identifier: Apache-2.0
"""A shop in which nothing that a compliance audit checks is amiss, and what each plant breaks in it."""

import json
from contextlib import closing
from dataclasses import replace
from hashlib import sha256

from audit import canon
from audit.clock import DAY, FixedClock
from audit.ids import SeededIds
from governance import consent
from governance.complying.gathering import facts
from governance.consent import ConsentFact
from governance.custody.status import key_store
from governance.store import bitmaps
from governance.workspace import open_workspace
from tests.shop import Shop, a_purpose, a_tag
from tests.workshop import NOON, OFFICER, a_folder

REGIMES = ("gdpr", "pipl_cn", "ccpa")
OFFERS, SALE = "first_party_recommendation", "cross_context_advertising"
STATED = {
    f"controller.{name}": "stated"
    for name in (
        "name",
        "contact",
        "joint",
        "representative",
        "dpo",
        "recipients",
        "transfers",
        "measures",
    )
}


class Sound(Shop):
    """A real workspace: two people of each law, one tag that is good for them, all that it needs."""

    def __init__(self, folder, *, audited=True):
        shop = folder / "shop" if (folder / "shop").exists() else a_folder(folder, _build)
        self.folder = folder
        self.ws = open_workspace(shop, clock=FixedClock(NOON), ids=SeededIds(11), actor=OFFICER)
        self.store = self.ws.store
        self.settings(
            {
                **STATED,
                "retention.people_days": 4000,
                "policy.role": "own_shop",
                "evidence.anchors": f"file:{folder / 'drop'}",
            }
        )
        (folder / "drop").mkdir(exist_ok=True)
        with self.read() as connection:
            rows = connection.exec_driver_sql("SELECT regime, subject_id FROM subject ORDER BY 2")
            self.who = {}
            for regime, subject_id in rows.all():
                self.who.setdefault(regime, []).append(subject_id)
        if audited:
            self.reported(at=NOON - 10 * DAY)

    def close(self):
        self.ws.close()

    def settings(self, changed):
        """Change settings; keys of the evidence log are read when it is first opened."""
        known = self.ws.settings
        self.ws.settings = replace(known, values={**known.values, **changed})

    def sql(self, statement, values=()):
        with self.store.write() as unit:
            unit.connection.exec_driver_sql(statement, values)

    def reported(  # noqa: PLR0917  (columns of a row)
        self,
        about="offer.plain",
        kind="bias",
        status="within",
        at=NOON,
        version=1,
        by_policy="",
        document="{}",
    ):
        """Keep a report as if it had been made, with its entry in the log."""
        with self.read() as connection:
            before = connection.exec_driver_sql("SELECT count(*) FROM auditreport").scalar_one()
        name = f"audit-{before:016x}"
        text = canon.canonical(json.loads(document) | {"verdict": {"status": status}})
        digest = sha256(text).hexdigest()
        clock, self.ws.clock = self.ws.clock, FixedClock(at)
        with self.store.write() as unit:
            unit.connection.exec_driver_sql(
                "INSERT INTO auditreport (name, kind, about, version, status, document, digest, policy, "
                "counts, by_policy, at) VALUES (?, ?, ?, ?, ?, ?, ?, '{}', x'00', ?, ?)",
                (name, kind, about, version, status, text.decode(), digest, by_policy, at),
            )
            unit.log(self.ws.evidence.entry(f"audit.{kind}", report=name, sha256=digest))
        self.ws.clock = clock

    def consent_audited(self, status="clear", since="2026-01-01", until="2026-01-31", allowed=60):
        """Keep a report on consent as if it had been made."""
        identity = {"since": since, "until": until, "policy": {"at_once_seconds": allowed}}
        document = json.dumps({"identity": identity})
        self.reported("consent", kind="consent", status=status, document=document)

    def assessed(self, *documents):
        """Apply assessments as they are; an older form of the same key does not count any more."""
        self.assessments(*documents)

    def sets(self, *changes):
        """Put people into sets that the gate knows, or take them out: (name, person, inside)."""
        with self.store.write() as unit:
            bitmaps.change(unit.connection, list(changes))

    def chose(self, name, people):
        """Put people into a set such as `restricted` or `object:PURPOSE`."""
        self.sets(*((name, who, True) for who in people))

    def consents(self, who, **more):
        """Let somebody agree to offers."""
        fact = ConsentFact(who, OFFERS, "given", "ordinary", NOON - 1, **more)
        with self.store.write() as unit:
            consent.record(unit, fact, now=NOON)

    def facts(self, regime):
        return facts(self.ws, regime)


def _build(folder):
    """Make the sound shop once."""
    with closing(Sound.__new__(Sound)) as shop:
        shop.folder = folder
        path = a_folder(folder)
        shop.ws = open_workspace(path, clock=FixedClock(NOON), ids=SeededIds(3), actor=OFFICER)
        shop.store = shop.ws.store
        names = [f"C{n}" for n in range(6)]
        numbers = list(shop.ws.people.admit("customer", names).values())
        law = [regime for regime in REGIMES for _ in range(2)]
        shop.people({who: (one, "18+") for who, one in zip(numbers, law, strict=True)})
        shop.sql("UPDATE subject SET admitted_at = ?", (NOON,))
        shop.purposes(a_purpose(OFFERS), a_purpose("analytics", personalised=False))
        for who in numbers[2:4]:
            shop.consents(who, notice="v1")
        shop.tag(a_tag("offer.plain", having="benefit"), numbers)
        with key_store(shop.ws) as store, store.writing():
            store.note_backup(NOON, shop.ws.keys.ring.current)


def documents(shop):
    """What the reports of a shop say, as one text."""
    with shop.read() as connection:
        rows = connection.exec_driver_sql("SELECT document FROM auditreport").scalars().all()
    return json.dumps(rows)
