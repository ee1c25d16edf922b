# SPDX-License-Identifier: Apache-2.0
"""A shop whose every day is known: people say yes and no, tags are put on them, an audit looks at it."""

import json

from audit.clock import DAY, HOUR, Micros
from governance import choice, consent
from governance.auditing.consenting import Period, derive
from governance.choice import ChoiceFact
from governance.consent import ConsentFact
from governance.law import law_over
from governance.store import bitmaps
from tests.shop import NOW, Shop, a_purpose, a_tag

OFFERS, SHARING = "first_party_recommendation", "cross_context_advertising"
MONTH = Period(Micros(NOW - 30 * DAY), Micros(NOW))
CONSENTED = {"gdpr": "consent", "pipl_cn": "consent", "ccpa": "consent"}


class House(Shop):
    """A shop in memory. Days count back from NOW: `ago=3` is three days ago."""

    def __init__(self):
        super().__init__()
        self.purposes(a_purpose(OFFERS), a_purpose(SHARING))

    def again(self):
        self.empty()
        self.purposes(a_purpose(OFFERS), a_purpose(SHARING))

    def says(self, who, state="given", *, ago, recorded=None, kind="ordinary", **more):
        """Somebody says something about offers; on record at the same time, or later."""
        fact = ConsentFact(who, more.pop("purpose", OFFERS), state, kind, at(ago), **more)
        with self.store.write() as unit:
            return consent.record(unit, fact, now=at(ago if recorded is None else recorded))

    def chooses(self, who, kind, target="", *, ago, active=True, source="cli"):
        with self.store.write() as unit:
            fact = ChoiceFact(who, kind, target, active, at(ago), source)
            return choice.record(unit, fact, now=at(ago))

    def offers(self, key="interest.flowers", **more):
        """A tag that needs consent everywhere; its number."""
        return self.tag(a_tag(key, **{"basis": CONSENTED, **more}))

    def assigned(self, tv, *people, ago, until=None, run="all", by=None):
        """Put a tag on people behind everybody's back, by a run that ended an hour after it began."""
        with self.store.write() as unit:
            number = unit.connection.exec_driver_sql(
                "INSERT INTO run (name, mode, state, as_of, started_at, finished_at, report) VALUES "
                "('run-' || (SELECT count(*) FROM run), ?, 'published', ?, ?, ?, '{}') RETURNING id",
                (run, at(ago), at(ago), at(ago) + HOUR),
            ).scalar_one()
            unit.connection.exec_driver_sql(
                "INSERT INTO assignment (subject_id, tv, valid_from, valid_to, run_id, closed_by) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                [
                    (who, tv, at(ago), None if until is None else at(until), number, by)
                    for who in people
                ],
            )

    def inside(self, tv, *people):
        """Put people into the set of a tag that readers look at, without any assignment."""
        with self.store.write() as unit:
            bitmaps.add_all(unit.connection, f"tv:{tv}", people)

    def ran(self, ago):
        """A run over everybody computes the tags that are there, and leaves what is on people."""
        with self.store.write() as unit:
            sql = unit.connection.exec_driver_sql
            tags = {row.key: {"version": row.version} for row in sql("SELECT * FROM definition")}
            sql(
                "INSERT INTO run (name, mode, state, as_of, started_at, finished_at, report) VALUES "
                "('run-' || (SELECT count(*) FROM run), 'all', 'published', ?, ?, ?, ?)",
                (at(ago), at(ago), at(ago) + HOUR, json.dumps({"tags": tags})),
            )

    def sql(self, statement, *values):
        with self.store.write() as unit:
            unit.connection.exec_driver_sql(statement, values)

    def audit(self, period=MONTH, policy=None):
        """The facts over the last month."""
        with self.read() as connection:
            present = period.end == NOW
            return derive(connection, period, law_over(connection), policy, present=present)


def at(ago):
    """The instant so many days before NOW."""
    return Micros(int(NOW - ago * DAY))


def effect(facts, stop):
    """What came of one way of saying no."""
    return next(one for one in facts.effects if one.stop == stop)
