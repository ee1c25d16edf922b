# SPDX-License-Identifier: Apache-2.0
"""Imports and corrections in any order: what is on record is what a slow replay of the rule says."""

from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from governance import corrections
from governance.corrections import Correction
from governance.intake import profiles
from tests.intake import a_file, a_map
from tests.workshop import a_workspace

CITY = {"city": {"column": "city", "category": "user.contact.address.city"}}
VALUES = ("Rome", "Oslo", "Bern")
acts = st.one_of(
    st.tuples(st.just("import"), st.sampled_from((*VALUES, ""))),
    st.tuples(st.just("import"), st.sampled_from(VALUES)),
    st.tuples(st.just("correct"), st.sampled_from(VALUES)),
    st.tuples(st.just("delete"), st.just("")),
    st.tuples(st.just("lift"), st.just("")),
)


@dataclass
class Replay:
    """The rule once more: one attribute of one person."""

    value: str = ""
    kind: str = ""
    refused: str = ""

    def does(self, act, value):
        match act:
            case "import" if value and self.kind != "deleted":
                if not (self.kind == "corrected" and value == self.refused):
                    self.value, self.kind = value, ""
            case "correct" if value != self.value:
                self._hold("corrected")
                self.value = value
            case "delete":
                self._hold("deleted")
                self.value = ""
            case "lift":
                self.kind = ""

    def _hold(self, kind):
        if not self.kind:
            self.refused = self.value
        self.kind = kind


class World:
    def __init__(self, folder):
        self.folder, self.ws = folder, a_workspace(folder)
        self.mapping = a_map("ProfileMap", attributes=CITY)
        self.count = 0
        self.imports("first", "Rome")  # so that the attribute is known

    def imports(self, name, value):
        self.count += 1
        lines = f"customer,city\n{name},{value}\nX{self.count},\n"
        file = a_file(self.folder, lines, f"{self.count}.csv")
        profiles.ingest(self.ws, [file], self.mapping)

    def does(self, name, act, value):
        if act == "import":
            self.imports(name, value)
            return
        who = self.ws.people.find("customer", [name])[name]
        with self.ws.store.write() as unit:
            if act == "lift":
                corrections.lift(unit.connection, who, "city")
                return
            kind = Correction.DELETED if act == "delete" else Correction.CORRECTED
            at = self.ws.clock.now()
            corrections.put(self.ws, unit, who, "city", value or None, kind=kind, at=at)

    def value(self, name):
        who = self.ws.people.find("customer", [name])[name]
        with self.ws.store.read() as connection:
            rows = connection.execute(
                text("SELECT subject_id, class_id, cell FROM sealedblob WHERE subject_id = :s"),
                {"s": who},
            ).all()
        found = [values for *_, values in self.ws.people.unseal([tuple(row) for row in rows])]
        assert found != [{}]
        return found[0]["city"] if found else ""


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    opened = World(tmp_path_factory.mktemp("corrections"))
    yield opened
    opened.ws.close()


QUICK = settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@pytest.mark.law("GDPR-16", "CN-PIPL-46", "CA-106")
@QUICK
@given(st.lists(acts, min_size=2, max_size=7))
@example([("import", "Rome"), ("correct", "Oslo"), ("import", "Rome"), ("import", "Bern")])
@example([("import", "Rome"), ("delete", ""), ("correct", "Bern"), ("import", "Rome")])
@example([("correct", "Rome"), ("lift", ""), ("import", "Oslo"), ("correct", "Oslo")])
def test_what_is_on_record_follows_the_rule(world, happens):
    check(world, happens)


@pytest.mark.slow
@settings(QUICK, max_examples=200)
@given(st.lists(acts, min_size=1, max_size=15))
def test_it_does_so_for_many_more(world, happens):
    check(world, happens)


def check(world, happens):
    world.count += 1
    name, slow = f"P{world.count}", Replay()
    world.imports(name, "")
    for act, value in happens:
        world.does(name, act, value)
        slow.does(act, value)
        assert world.value(name) == slow.value
