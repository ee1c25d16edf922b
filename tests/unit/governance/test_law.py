# SPDX-License-Identifier: Apache-2.0
"""The overlays in force count in the gate, and another pack can be tried without harm."""

from datetime import date

import pytest

from audit.canon import canonical, digest
from audit.errors import BadInput
from governance import gate
from governance.law import law_over, reading_as
from governance.purpose import purposes
from governance.simulating import simulate
from policies.document import parse_documents
from policies.law import Law, shipped
from policies.overlays import with_overlay
from policies.packs import pack_of, packs
from tests.shop import NOW, Shop, a_purpose, a_tag, all_assessed

PURPOSE = "first_party_recommendation"
FORBIDS = f"""
apiVersion: tagwarden/pack/v1
kind: PolicyOverlay
extends: gdpr
key: house
rules:
  - id: OWN-1
    provenance: operator
    cites: [House rule 1]
    when: {{purpose: {PURPOSE}, age_below: 18}}
    then:
      verdict: prohibited
      why: {{en: Nobody under 18., zh: 不面向未成年人。}}
"""
PEOPLE = {1: ("gdpr", "18+"), 2: ("gdpr", "16-17"), 3: ("ccpa", "16-17")}


@pytest.fixture
def shop():
    opened = Shop()
    opened.purposes(a_purpose(PURPOSE), a_purpose("cross_context_advertising"))
    opened.people(PEOPLE)
    yield opened
    opened.close()


def said(shop, text, state="in_force"):
    """Write a row about an overlay, as it stands in the store."""
    plain = parse_documents(text, "own.yaml")[0].value
    with shop.store.write() as unit:
        unit.connection.exec_driver_sql(
            "INSERT INTO overlay (key, digest, document, state, applied_at, applied_by) "
            "VALUES (?, ?, ?, ?, 0, '')",
            (plain["key"], digest(plain), canonical(plain).decode(), state),
        )


def law(shop, at=None):
    with shop.read() as connection:
        return law_over(connection, at)


def forbidding():
    return Law({**packs(), "gdpr": with_overlay(pack_of("gdpr"), FORBIDS, "own.yaml")})


def people(shop, tag, under=None):
    with shop.read() as connection:
        return set(gate.Gate(connection, NOW, purposes(connection), under=under).people(tag))


def test_the_gate_answers_under_the_law_of_the_store(shop):
    assert people(shop, a_tag()) == {1, 2, 3}
    said(shop, FORBIDS)
    assert people(shop, a_tag()) == {1, 3}
    with shop.read() as connection:
        found = gate.permit(connection, 2, a_tag(), NOW, purposes(connection))
    assert (found.reason, found.verdicts[0].cites) == ("minor", ("House rule 1",))


def test_only_what_is_in_force_counts(shop):
    for state in ("proposed", "dropped"):
        said(shop, FORBIDS, state)
        assert law(shop) is shipped()
    said(shop, FORBIDS)
    said(shop, FORBIDS.replace("OWN-1", "OWN-2"), "proposed")
    assert law(shop).packs["gdpr"].rules[0].id == "OWN-1"
    said(shop, FORBIDS, "withdrawn")
    assert law(shop) is shipped()


def test_what_took_effect_later_lies_over_what_was_there(shop):
    other = FORBIDS.replace("house", "another").replace("OWN-1", "OWN-2")
    said(shop, FORBIDS)
    said(shop, other)
    assert [rule.id for rule in law(shop).packs["gdpr"].rules[:2]] == ["OWN-2", "OWN-1"]
    said(shop, FORBIDS)
    assert [rule.id for rule in law(shop).packs["gdpr"].rules[:2]] == ["OWN-1", "OWN-2"]


def test_one_law_is_one_object_so_that_its_answers_are_remembered(shop):
    said(shop, FORBIDS)
    assert law(shop) is law(shop)
    assert law(shop, date(2020, 1, 1)) is not law(shop)


def test_another_law_can_be_tried_beside_it(shop):
    assert people(shop, a_tag(), forbidding()) == {1, 3}
    assert people(shop, a_tag()) == {1, 2, 3}


@pytest.mark.law("EU-DSA-28-2")
def test_a_marketplace_says_so_and_shows_minors_no_advertising(shop):
    tag = a_tag(
        purposes=["cross_context_advertising"],
        basis={"gdpr": "consent", "pipl_cn": "consent", "ccpa": "notice"},
    )
    platform = Law(packs(), "online_platform")
    with shop.read() as connection:
        found = {
            (what.regime, what.band): what.rule
            for what in gate.requirements(
                tag, purposes(connection), assessments=all_assessed(*tag.purposes), law=platform
            )
        }
    assert found["gdpr", "16-17"] == "EU-DSA-28-2"
    assert found["gdpr", "18+"] == "GDPR-6-1-a-ads"


def test_without_overlays_the_packs_of_the_product_count_and_what_the_shop_is(shop):
    assert law(shop) is shipped()
    reading_as(shop.engine, "online_platform")
    assert (law(shop).role, law(shop).packs) == ("online_platform", packs())


def test_an_overlay_that_does_not_fit_stops_every_reader(shop):
    said(shop, FORBIDS.replace("first_party_recommendation", "no_such_purpose"))
    with shop.read() as connection, pytest.raises(BadInput) as caught:
        gate.permit(connection, 1, a_tag(), NOW, {PURPOSE: a_purpose(PURPOSE)})
    assert caught.value.code == "bad-overlay"
    assert "house" in {problem.file for problem in caught.value.problems}


class Desk:
    def __init__(self, shop):
        self.store = shop.store
        self.clock = self

    def now(self):
        return NOW


def test_a_simulation_counts_who_would_lose_a_tag_and_writes_nothing(shop, monkeypatch):
    monkeypatch.setattr(
        "governance.simulating.active", lambda _: {"interest.flowers": Item(a_tag())}
    )
    before = written(shop)
    (found,) = simulate(Desk(shop), with_overlay(pack_of("gdpr"), FORBIDS, "own.yaml"))
    assert (found.tag, found.lose, found.gain, found.worse) == ("interest.flowers", 1, 0, True)
    bands = {band for item in found.answers if item.how.way == "stricter" for band in item.bands}
    assert bands == {"0-12", "13", "14-15", "16-17"}
    assert written(shop) == before


def test_a_pack_that_says_the_same_changes_nothing(shop, monkeypatch):
    monkeypatch.setattr(
        "governance.simulating.active", lambda _: {"interest.flowers": Item(a_tag())}
    )
    assert simulate(Desk(shop), pack_of("gdpr")) == ()


class Item:
    state = "active"

    def __init__(self, tag):
        self.tag = tag


def written(shop):
    with shop.read() as connection:
        return connection.exec_driver_sql("SELECT total_changes()").scalar()
