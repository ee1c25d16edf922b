# SPDX-License-Identifier: Apache-2.0
"""A planted shop for audits: whom each tag favours is known, because the test decided it."""

from contextlib import closing

import numpy as np
from pyroaring import BitMap

from audit.bias.policy import FairnessPolicy
from audit.clock import DAY, FixedClock
from governance.auditing.examining import Asked, bias
from governance.intake import events
from governance.store import bitmaps
from tests.bias import starter
from tests.intake import a_map, an_order_file
from tests.shop import NOW, Shop, a_purpose, a_tag
from tests.workshop import a_folder, a_workspace, reopened

CATEGORIES = {
    "gender": "user.demographic.gender",
    "age": "user.demographic.age_range",
    "city": "user.demographic",
    "diet": "user.health_and_medical",
}
AGES = ("18-24", "25-34", "35-44", "45-54", "55-64", "65+")


class Planted(Shop):
    """A real workspace with people whose attributes are sealed, and tags put on them by hand."""

    def __init__(self, folder, people=1200, seed=7, **seams):
        self.ws = a_workspace(folder, clock=FixedClock(NOW), **seams)
        self.folder, self.store = folder, self.ws.store
        self.rng = np.random.default_rng(seed)
        names = [f"C{n}" for n in range(people)]
        self.who = list(self.ws.people.admit("customer", names).values())
        self.people(dict.fromkeys(self.who, ("gdpr", "18+")))
        self.purposes(
            a_purpose("first_party_recommendation"), a_purpose("analytics", personalised=False)
        )

    def close(self):
        self.ws.close()

    def has(self, key, values, *, class_id=1):
        """Seal an attribute: the value of each person, None for who did not say."""
        said = {
            who: value for who, value in zip(self.who, values, strict=True) if value is not None
        }
        with self.store.write() as unit:
            unit.connection.exec_driver_sql(
                "INSERT INTO attribute (key, category, class_id) VALUES (?, ?, ?)",
                (key, CATEGORIES[key], class_id),
            )
            cells = unit.connection.exec_driver_sql(
                "SELECT subject_id, class_id, cell FROM sealedblob WHERE class_id = ?", (class_id,)
            ).all()
            before = {who: there for who, _, there in self.ws.people.unseal(map(tuple, cells))}
            blobs = [(who, class_id, before.get(who, {}) | {key: v}) for who, v in said.items()]
            for who, number, cell in self.ws.people.seal(blobs):
                unit.connection.exec_driver_sql(
                    "INSERT OR REPLACE INTO sealedblob (subject_id, class_id, cell, sealed_at) "
                    "VALUES (?, ?, ?, ?)",
                    (who, number, cell, NOW),
                )

    def genders(self, *, unknown=0.0):
        """Half women, half men, some who did not say; returns the values."""
        drawn = self.rng.random(len(self.who))
        values = [
            None if u < unknown else "f" if n % 2 else "m" for n, u in enumerate(drawn.tolist())
        ]
        self.has("gender", values)
        return values

    def tagged(self, key, rates, values, **more):
        """Put a tag on people at a rate for each value of an attribute; returns who has it."""
        drawn = self.rng.random(len(self.who))
        chosen = [
            who
            for who, value, u in zip(self.who, values, drawn.tolist(), strict=True)
            if u < rates[value]
        ]
        self.tag(a_tag(key, **({"having": "benefit"} | more)), chosen)
        return chosen

    def scored(self, key, high, values, **more):
        """Put a tag of tiers 1 to 4 on people; `high` is the share with tier 3 or 4 by attribute."""
        by_tier = {str(tier): [] for tier in (1, 2, 3, 4)}
        for value, share in high.items():
            people = [who for who, v in zip(self.who, values, strict=True) if v == value]
            for n, who in enumerate(people):
                by_tier[str((3 if n < share * len(people) else 1) + n % 2)].append(who)
        document = a_tag(key, **({"value": "tier(spend(), 4)", "having": "benefit"} | more))
        self.tag(document, by_tier["1"], value="1")
        for tier in ("2", "3", "4"):
            self.also(key, by_tier[tier], tier)
        return by_tier

    def also(self, key, people, value):
        """Put another value of a tag that is there on people."""
        with self.store.write() as unit:
            tv = unit.connection.exec_driver_sql(
                "INSERT INTO tagvalue (definition_id, value) SELECT id, ? FROM definition "
                "WHERE key = ? RETURNING tv",
                (value, key),
            ).scalar_one()
            bitmaps.put(unit.connection, f"tv:{tv}", BitMap(people))
            unit.connection.exec_driver_sql(
                "INSERT INTO assignment (subject_id, tv, valid_from, run_id) "
                "SELECT ?, ?, ?, max(id) FROM run",
                [(who, tv, NOW - DAY) for who in people],
            )

    def moved(self, key, people, old, new, *, at=NOW - 1):
        """Let people have another value of a tag from an instant on."""
        with self.store.write() as unit:
            run = unit.connection.exec_driver_sql
            places = dict(
                run(
                    "SELECT v.value, v.tv FROM tagvalue v JOIN definition d "
                    "ON d.id = v.definition_id WHERE d.key = ?",
                    (key,),
                ).all()
            )
            for who in people:
                run(
                    "UPDATE assignment SET valid_to = ? WHERE subject_id = ? AND tv = ?",
                    (at, who, places[old]),
                )
                run(
                    "INSERT INTO assignment (subject_id, tv, valid_from, run_id) "
                    "SELECT ?, ?, ?, max(id) FROM run",
                    (who, places[new], at),
                )
            bitmaps.change(
                unit.connection,
                [
                    change
                    for who in people
                    for change in (
                        (f"tv:{places[old]}", who, False),
                        (f"tv:{places[new]}", who, True),
                    )
                ],
            )

    def chose(self, name, people):
        """Put people into a set that the gate knows, such as `restricted` or `object:analytics`."""
        with self.store.write() as unit:
            bitmaps.change(unit.connection, [(name, who, True) for who in people])

    def audit(self, *tags, by=("gender",), policy=None, **more):
        """Audit tags; returns the reports."""
        return bias(self.ws, Asked(tags, by, **more), policy)


def a_policy(**changes):
    """The policy to start from, for gender alone, with changes."""
    return FairnessPolicy.model_validate(starter() | {"attributes": ["gender"]} | changes)


def a_duty(**changes):
    """A duty that stops every tag that is a benefit, while it is not audited or a finding is open."""
    plain = {"tags": {"having": ["benefit"]}, "within": "90d", "overdue": "suspend"}
    return plain | {"breach": "suspend"} | changes


class Gated(Planted):
    """A planted shop that is built once: one tag favours men, one nobody, one rests on the first."""

    GOLD, EVEN, COPY, PLAIN = "offer.gold", "offer.even", "offer.copy", "interest.flowers"

    def __init__(self, folder):
        self.ws = reopened(a_folder(folder, _build), clock=FixedClock(NOW))
        self.folder, self.store = folder, self.ws.store
        with self.read() as connection:
            rows = connection.exec_driver_sql("SELECT subject_id FROM subject ORDER BY 1")
            self.who = [row[0] for row in rows]

    def later(self, span):
        """Let time pass."""
        self.ws.clock.at += span

    def held(self, key, women, men):
        """Let this share of women and of men have a tag, and nobody else."""
        half = len(self.who) // 2
        chosen = [*self.who[1::2][: round(women * half)], *self.who[::2][: round(men * half)]]
        with self.store.write() as unit:
            tv = unit.connection.exec_driver_sql(
                "SELECT v.tv FROM tagvalue v JOIN definition d ON d.id = v.definition_id "
                "WHERE d.key = ?",
                (key,),
            ).scalar_one()
            bitmaps.put(unit.connection, f"tv:{tv}", BitMap(chosen))


def _build(folder):
    with closing(Planted(folder, people=600)) as shop:
        said = shop.genders()
        year = {"ttl": "365d"}
        shop.tagged(Gated.GOLD, {"f": 0.2, "m": 0.6}, said, **year)
        shop.tagged(Gated.EVEN, {"f": 0.5, "m": 0.5}, said, **year, value="orders() >= 2")
        shop.tagged(
            Gated.COPY,
            {"f": 0.5, "m": 0.5},
            said,
            **year,
            having=None,
            value="tag('offer.gold') and orders() >= 0",
        )
        shop.tagged(
            Gated.PLAIN, {"f": 0.5, "m": 0.5}, said, **year, having=None, value="orders() >= 1"
        )


def groups(report, attribute="gender"):
    """The groups of one attribute in a report, by label."""
    part = next(c for c in report.document["comparisons"] if c["attributes"] == [attribute])
    return {group["labels"][0]: group for group in part["groups"]}


def shoppers(shop, often, said, folder, *, thrice=()):
    """Give people orders in September: `often` maps a value to the chance of four orders, else one.

    The people at some places have three. Returns who has three or more.
    """
    drawn = shop.rng.random(len(shop.who))
    counts = [4 if u < often[v] else 1 for u, v in zip(drawn.tolist(), said, strict=True)]
    counts = [3 if n in thrice else count for n, count in enumerate(counts)]
    lines = [
        f"C{n},2024-09-{20 + order:02} 10:00:00,{n}-{order},milk,1,2.00"
        for n, count in enumerate(counts)
        for order in range(count)
    ]
    events.ingest(shop.ws, [an_order_file(folder, *lines)], a_map())
    return [who for who, count in zip(shop.who, counts, strict=True) if count >= 3]
