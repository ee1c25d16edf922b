# SPDX-License-Identifier: Apache-2.0
"""The overlays of a workspace count in its gate, and another pack can be tried without harm."""

import pytest

from audit.errors import BadInput
from governance import gate
from governance.law import Law, law_in, law_over, reading_under, shipped
from governance.purpose import purposes
from governance.settings import KNOWN, Settings
from governance.simulating import simulate
from policies.overlays import with_overlay
from policies.packs import pack_of, packs
from tests.shop import NOW, Shop, a_purpose, a_tag, all_assessed
from tests.workshop import a_folder, reopened

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


def settings(**values):
    known = {key: setting.default for key, setting in KNOWN.items()}
    return Settings({**known, **{k.replace("_", ".", 1): v for k, v in values.items()}}, {})


def forbidding():
    return Law({**packs(), "gdpr": with_overlay(pack_of("gdpr"), FORBIDS, "own.yaml")})


def people(shop, tag, under=None):
    with shop.read() as connection:
        return set(gate.Gate(connection, NOW, purposes(connection), under=under).people(tag))


def test_the_gate_answers_under_the_law_of_the_store(shop):
    assert people(shop, a_tag()) == {1, 2, 3}
    law = forbidding()
    reading_under(shop.engine, lambda: law)
    assert people(shop, a_tag()) == {1, 3}
    with shop.read() as connection:
        said = gate.permit(connection, 2, a_tag(), NOW, purposes(connection))
        assert law_over(connection) is law
    assert (said.reason, said.verdicts[0].cites) == ("minor", ("House rule 1",))


def test_another_law_can_be_tried_beside_it(shop):
    assert people(shop, a_tag(), forbidding()) == {1, 3}
    assert people(shop, a_tag()) == {1, 2, 3}


def test_a_marketplace_says_so_and_shows_minors_no_advertising(shop):
    tag = a_tag(
        purposes=["cross_context_advertising"],
        basis={"gdpr": "consent", "pipl_cn": "consent", "ccpa": "notice"},
    )
    law = Law(packs(), "online_platform")
    with shop.read() as connection:
        found = {
            (what.regime, what.band): what.rule
            for what in gate.requirements(
                tag, purposes(connection), assessments=all_assessed(*tag.purposes), law=law
            )
        }
    assert found["gdpr", "16-17"] == "EU-DSA-28-2"
    assert found["gdpr", "18+"] == "GDPR-6-1-a-ads"


def test_without_overlays_the_packs_of_the_product_count(tmp_path):
    assert law_in(tmp_path, settings()) is shipped()
    assert law_in(tmp_path, settings(policy_role="online_platform")).role == "online_platform"


def test_the_overlays_of_a_workspace_lie_in_its_folder_policies(tmp_path):
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "own.yaml").write_text(FORBIDS, "utf-8")
    assert law_in(tmp_path, settings()).packs["gdpr"].overlay == "house"
    assert law_in(tmp_path, settings(policy_overlays="policies/own.yaml")).packs["gdpr"].overlay


def test_a_place_that_is_set_and_missing_is_refused(tmp_path):
    with pytest.raises(BadInput) as caught:
        law_in(tmp_path, settings(policy_overlays="nowhere"))
    assert caught.value.code == "file-unreadable"


def test_an_overlay_that_cannot_be_read_stops_every_reader(tmp_path):
    folder = a_folder(tmp_path)
    (folder / "policies").mkdir()
    (folder / "policies" / "own.yaml").write_text(FORBIDS.replace("rules", "rulez"), "utf-8")
    ws = reopened(folder)
    with ws.store.read() as connection, pytest.raises(BadInput):
        gate.permit(connection, 1, a_tag(), NOW, {PURPOSE: a_purpose(PURPOSE)})
    ws.close()


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
