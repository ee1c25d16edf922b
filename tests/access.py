# SPDX-License-Identifier: Apache-2.0
"""A small shop for tests of what a person gets: purposes, tags, people with attributes and events."""

import json
from contextlib import closing
from dataclasses import replace

from pyroaring import BitMap
from sqlalchemy import text

from audit.clock import DAY, FixedClock
from audit.ids import SeededIds
from governance import choice, consent, purpose
from governance.intake.people import enrol
from governance.running.flush import flush
from governance.running.run import run_all
from tests.workshop import NOON, a_folder, a_workspace, applied, reopened

PURPOSE = "offers"
E4 = 10_000
PURPOSES = """
apiVersion: tagwarden/v1
kind: Purpose
key: offers
name: {en: "Offers <for you>", zh: 优惠}
says: {en: We send offers & coupons., zh: 我们寄送优惠券。}
use: first_party_recommendation
personalised: true
retention: 365d
recipients: [processor]
"""
TAG = """
apiVersion: tagwarden/v1
kind: Tag
key: {key}
name: {{en: {en}, zh: {zh}}}
says: {{en: {en}, zh: {zh}}}
owner: growth-team
dimension: interest
derivation: inferred
sources: [user.behavior.purchase_history]
asserts: [user.demographic.profile]
purposes: [offers]
basis: {{gdpr: consent, pipl_cn: consent, ccpa: notice}}
ttl: 30d
value: "{value}"
purge_on_withdrawal: immediately
"""
TAGS = (
    ("interest.tea", "Tea lover", "茶爱好者", "orders(category = 'tea', days => 30) >= 2"),
    ("interest.cup", "Buys cups", "购买杯具", "orders(category = 'cup', days => 30) >= 1"),
)


_IDS = {}
"""How far the stream of ids had come when a shop was built: a copy goes on from there."""


def furnished(folder):
    """Make a workspace with purposes and tags, and nobody in it."""
    _IDS[furnished] = SeededIds(7)
    with closing(a_workspace(folder, clock=FixedClock(NOON), ids=_IDS[furnished])) as ws:
        (folder / "purposes.yaml").write_text(PURPOSES, "utf-8")
        purpose.apply(ws, [folder / "purposes.yaml"])
        tags = (TAG.format(key=key, en=en, zh=zh, value=value) for key, en, zh, value in TAGS)
        (folder / "tags.yaml").write_text("---".join(tags), "utf-8")
        applied(ws, folder / "tags.yaml")


def inhabited(folder):
    """Make the same with somebody in it, of whom there is something in every place."""
    with closing(Shop(folder)) as shop:
        PERSON.append(a_person(shop))
        _IDS[inhabited] = shop.ids


PERSON = []
"""The number of that person, once the shop was built."""


class Shop:
    """The shop; every method is one thing that happens to one person."""

    def __init__(self, folder, built=furnished):
        shop = a_folder(folder, built)
        self.ids = replace(_IDS[built])
        self.ws = reopened(shop, clock=FixedClock(NOON), ids=self.ids)

    def close(self):
        self.ws.close()

    def admits(self, name, regime="gdpr"):
        who = self.ws.people.admit("customer", [name])[name]
        with self.ws.store.write() as unit:
            enrol(self.ws, unit, BitMap([who]), regime=regime)
        return who

    def says(self, who, state="given", days_ago=3):
        at = NOON - days_ago * DAY
        fact = consent.ConsentFact(who, PURPOSE, state, "ordinary", at, None, "v1", "en", "site")
        consent.submit(self.ws, fact)

    def decides(self, who, kind="object", target=PURPOSE, *, active=True):
        choice.submit(self.ws, choice.ChoiceFact(who, kind, target, active, NOON, "letter"))

    def buys(self, who, category="tea", days_ago=1, item="=1+1"):
        """Buy something; the article looks like a formula of a spreadsheet."""
        fields = {
            "event_type": "purchase",
            "item": item,
            "category": category,
            "session": f"o-{category}-{days_ago}",
            "amount": -36698 * E4 // 100,
            "quantity": E4,
        }
        with self.ws.store.write() as unit:
            unit.connection.execute(
                text(
                    "INSERT INTO liveevent (subject_id, ts, dedup, event_type, fields) "
                    "VALUES (:s, :t, 0, 'purchase', :f)"
                ),
                {"s": who, "t": NOON - days_ago * DAY, "f": json.dumps(fields)},
            )

    def has(self, who, **attributes):
        """Have attributes: all under one class, sealed as an import seals them."""
        ((_, class_id, cell),) = self.ws.people.seal([(who, 2, attributes)])
        with self.ws.store.write() as unit:
            for key in attributes:
                unit.connection.execute(
                    text(
                        "INSERT INTO attribute (key, category, class_id) VALUES (:k, :c, 2) "
                        "ON CONFLICT (key) DO NOTHING"
                    ),
                    {"k": key, "c": "user.demographic"},
                )
            unit.connection.execute(
                text(
                    "INSERT INTO sealedblob (subject_id, class_id, cell, sealed_at) "
                    "VALUES (:s, :c, :b, :t) ON CONFLICT (subject_id, class_id) "
                    "DO UPDATE SET cell = excluded.cell"
                ),
                {"s": who, "c": class_id, "b": cell, "t": self.ws.clock.now()},
            )

    def stores(self):
        """Move what came one by one into the lake."""
        flush(self.ws)

    def runs(self):
        run_all(self.ws)


def a_person(shop, name="C-1001"):
    """Somebody of whom there is something in every place."""
    who = shop.admits(name)
    shop.says(who)
    shop.has(who, city="<Köln>", diet="halal")
    for days_ago in (2, 4):
        shop.buys(who, "tea", days_ago)
    shop.buys(who, "cup", 1)
    shop.runs()
    shop.decides(who, "block-tag", "interest.cup")
    shop.buys(who, "tea", 1)
    return who


def a_shop(folder, request, person="who"):
    """Make the shop that a test asks for: with the person in it when it asks for the person too."""
    return Shop(folder, inhabited if person in request.fixturenames else furnished)
