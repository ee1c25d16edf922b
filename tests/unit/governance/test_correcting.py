# SPDX-License-Identifier: Apache-2.0
"""What people put right: attributes, whatever imports say afterwards; tags that they contest."""

import json
import shutil
from contextlib import closing

import pytest
from sqlalchemy import text

from audit.clock import HOUR, FixedClock, Micros
from governance import authority, correcting, purpose, restoring, subject
from governance.actor import Actor
from governance.custody.rotate import rotate
from governance.intake import profiles
from governance.running.run import run_all
from governance.workspace import Workspace
from tests.access import PURPOSES, TAG
from tests.intake import a_file, a_map
from tests.workshop import NOON, a_folder, a_workspace, applied, code_of, reopened

ATTRIBUTES = {
    "city": {"column": "city", "category": "user.contact.address.city"},
    "diet": {"column": "diet", "category": "user.behavior"},
}
ROMAN = "interest.roman"
NEIGHBOUR = "interest.neighbour"


def _imported(ws, folder, content, name):
    file = a_file(folder, content, name)
    mapping = a_map("ProfileMap", attributes=ATTRIBUTES, regime={"constant": "ccpa"})
    (report,) = profiles.ingest(ws, [file], mapping)
    return report


def _built(folder):
    with closing(a_workspace(folder, clock=FixedClock(NOON))) as ws:
        (folder / "purposes.yaml").write_text(PURPOSES, "utf-8")
        purpose.apply(ws, [folder / "purposes.yaml"])
        _imported(ws, folder, "customer,city,diet\nA,Rome,any\nB,Rome,any\n", "first.csv")
        rules = (
            (ROMAN, "Lives in Rome", "罗马居民", "attribute('city') = 'Rome'"),
            (NEIGHBOUR, "Neighbour", "邻居", f"tag('{ROMAN}')"),
            ("interest.eater", "Eats", "饮食", "attribute('diet') = 'any'"),
        )
        tags = (TAG.format(key=key, en=en, zh=zh, value=value) for key, en, zh, value in rules)
        (folder / "tags.yaml").write_text("---".join(tags), "utf-8")
        applied(ws, folder / "tags.yaml")
        run_all(ws)


class Shop:
    """People with a city, a tag on it, and a tag on that tag."""

    def __init__(self, folder):
        self.folder = folder
        self.ws = reopened(a_folder(folder / "ws", _built))

    def imports(self, content, name):
        return _imported(self.ws, self.folder, content, name)

    def who(self, name="A"):
        return self.ws.people.find("customer", [name])[name]

    def values(self, name="A"):
        with self.ws.store.read() as connection:
            rows = connection.execute(
                text("SELECT subject_id, class_id, cell FROM sealedblob WHERE subject_id = :s"),
                {"s": self.who(name)},
            )
            found = {}
            for *_, values in self.ws.people.unseal([tuple(row) for row in rows]):
                found |= values
            return found

    def tags(self, name="A"):
        return {tag.key for tag in subject.show(self.ws, self.who(name), "offers").tags}

    def later(self):
        self.ws.clock.at = Micros(self.ws.clock.at + HOUR)

    def entries(self):
        self.ws.evidence.drain()
        return [json.loads(entry) for entry in self.ws.evidence.entries()]


@pytest.fixture
def shop(tmp_path):
    opened = Shop(tmp_path)
    yield opened
    opened.ws.close()


@pytest.mark.law("GDPR-16", "CN-PIPL-46", "CA-106", "GDPR-5-1-d")
def test_a_corrected_attribute_counts_at_once_and_the_old_value_is_gone(shop):
    assert shop.tags() == {ROMAN, NEIGHBOUR, "interest.eater"}
    before = cells(shop)
    done = correcting.correct(shop.ws, shop.who(), "city", "Oslo")
    assert {(tag.key, tag.gained) for tag in done.tags} == {(ROMAN, False), (NEIGHBOUR, False)}
    assert shop.values() == {"city": "Oslo", "diet": "any"}
    assert shop.tags() == {"interest.eater"}
    assert shop.values("B")["city"] == "Rome"
    assert shop.tags("B") == {ROMAN, NEIGHBOUR, "interest.eater"}
    (old,) = before - cells(shop)
    shop.ws.close()  # the last connection writes the log of the database back
    for path in shop.ws.paths.root.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert not any(word in content for word in (b"Oslo", old)), path


def cells(shop):
    with shop.ws.store.read() as connection:
        return {row.cell for row in connection.execute(text("SELECT cell FROM sealedblob"))}


def test_what_was_missing_is_completed(shop):
    shop.imports("customer,city,diet\nC,,any\n", "second.csv")
    run_all(shop.ws)
    assert shop.tags("C") == {"interest.eater"}
    done = correcting.correct(shop.ws, shop.who("C"), "city", "Rome")
    assert {(tag.key, tag.gained) for tag in done.tags} == {(ROMAN, True), (NEIGHBOUR, True)}
    assert shop.tags("C") == {ROMAN, NEIGHBOUR, "interest.eater"}


def test_the_log_says_which_attribute_and_never_which_value(shop):
    correcting.correct(shop.ws, shop.who(), "city", "Oslo")
    (entry,) = [entry for entry in shop.entries() if entry["act"] == "subject.corrected"]
    assert entry["obj"] == {"attribute": "city", "how": "corrected", "gained": 0, "lost": 2}
    assert "sub" in entry
    assert "Oslo" not in json.dumps(shop.entries())


@pytest.mark.law("GDPR-16", "CN-PIPL-46")
def test_an_import_that_repeats_the_old_value_does_not_put_it_back(shop):
    correcting.correct(shop.ws, shop.who(), "city", "Oslo")
    report = shop.imports("customer,city,diet\nA,Rome,new\nB,Pisa,any\n", "second.csv")
    assert report.findings["corrections-kept"] == 1
    assert (shop.values(), shop.values("B")["city"]) == ({"city": "Oslo", "diet": "new"}, "Pisa")
    correcting.correct(shop.ws, shop.who(), "city", "Bern")  # what the source had is still Rome
    shop.imports("customer,city,diet\nA,Rome,any\n", "third.csv")
    assert shop.values()["city"] == "Bern"


def test_what_the_source_says_anew_counts_and_ends_the_correction(shop):
    correcting.correct(shop.ws, shop.who(), "city", "Oslo")
    report = shop.imports("customer,city,diet\nA,Pisa,any\n", "second.csv")
    assert report.findings["corrections-ended"] == 1
    assert shop.values()["city"] == "Pisa"
    shop.imports("customer,city,diet\nA,Rome,any\n", "third.csv")
    assert shop.values()["city"] == "Rome"


def test_a_deleted_attribute_stays_away_until_that_is_lifted(shop):
    done = correcting.delete(shop.ws, shop.who(), "city")
    assert {tag.key for tag in done.tags} == {ROMAN, NEIGHBOUR}
    assert shop.values() == {"diet": "any"}
    shop.imports("customer,city,diet\nA,Pisa,any\n", "second.csv")
    assert shop.values() == {"diet": "any"}
    assert correcting.lift(shop.ws, shop.who(), "city").changed
    assert not correcting.lift(shop.ws, shop.who(), "city").changed
    shop.imports("customer,city,diet\nA,Pisa,all\n", "third.csv")
    assert shop.values() == {"city": "Pisa", "diet": "all"}


def test_the_last_attribute_takes_the_cell_along(shop):
    before = cells(shop)
    correcting.delete(shop.ws, shop.who(), "city")
    before |= cells(shop)
    correcting.delete(shop.ws, shop.who(), "diet")
    gone = before - cells(shop)
    assert len(gone) == 2
    with shop.ws.store.read() as connection:
        people = connection.execute(text("SELECT subject_id FROM sealedblob")).scalars().all()
    assert people == [shop.who("B")]
    shop.ws.close()
    for path in shop.ws.paths.root.rglob("*"):
        if path.is_file():
            assert not any(cell in path.read_bytes() for cell in gone), path


def test_a_key_that_was_rotated_still_knows_what_the_source_said(shop):
    correcting.correct(shop.ws, shop.who(), "city", "Oslo")
    authority.add(shop.ws, "keeper", ["custodian"])
    who, shop.ws.actor = shop.ws.actor, Actor("keeper", "custodian")
    rotate(shop.ws)
    shop.ws.actor = who
    shop.imports("customer,city,diet\nA,Rome,any\n", "second.csv")
    assert shop.values()["city"] == "Oslo"


@pytest.mark.parametrize(
    ("attribute", "value", "code"),
    [
        ("cty", "Rome", "unknown-attribute"),
        ("city", " ", "bad-value"),
        ("city", "x" * 501, "bad-value"),
        ("city", "a\nb", "bad-value"),
    ],
)
def test_what_cannot_be_corrected_is_refused_and_leaves_nothing(shop, attribute, value, code):
    assert code_of(lambda: correcting.correct(shop.ws, shop.who(), attribute, value)) == code
    with shop.ws.store.read() as connection:
        assert not connection.execute(text("SELECT 1 FROM correction")).all()
    assert shop.values()["city"] == "Rome"


def test_what_is_right_already_changes_nothing(shop):
    assert not correcting.correct(shop.ws, shop.who(), "city", "Rome").changed
    with shop.ws.store.read() as connection:
        assert not connection.execute(text("SELECT 1 FROM correction")).all()


def test_a_run_that_is_going_on_is_not_overtaken(shop, monkeypatch):
    monkeypatch.setattr(Workspace.exclusive.__wrapped__, "__defaults__", (0.0,))
    with shop.ws.exclusive("run"):
        code = code_of(lambda: correcting.correct(shop.ws, shop.who(), "city", "Oslo"))
    assert code == "workspace-busy"
    assert shop.values()["city"] == "Rome"


@pytest.mark.law("GDPR-18")
def test_a_contested_tag_is_out_of_use_until_it_is_settled(shop):
    who = shop.who()
    correcting.contest(shop.ws, who, ROMAN)
    assert shop.tags() == {"interest.eater"}
    assert shop.tags("B") == {ROMAN, NEIGHBOUR, "interest.eater"}
    assert subject.show(shop.ws, who, "offers").withheld == {"tag-contested": 1}
    run_all(shop.ws)
    assert shop.tags() == {"interest.eater"}
    shop.later()
    done = correcting.settle(shop.ws, who, ROMAN, upheld=False)
    assert {(tag.key, tag.gained) for tag in done.tags} == {(ROMAN, True), (NEIGHBOUR, True)}
    assert shop.tags() == {ROMAN, NEIGHBOUR, "interest.eater"}
    outcome = [entry["obj"] for entry in shop.entries() if entry["act"] == "tag.contest-settled"]
    assert outcome == [{"tag": ROMAN, "outcome": "rejected", "ended": 0}]


@pytest.mark.law("GDPR-18", "GDPR-16")
def test_a_contest_that_is_upheld_takes_the_tag_away_for_good(shop):
    who = shop.who()
    correcting.contest(shop.ws, who, ROMAN)
    shop.later()
    correcting.settle(shop.ws, who, ROMAN, upheld=True)
    run_all(shop.ws)
    assert shop.tags() == {"interest.eater"}
    assert subject.show(shop.ws, who, "offers").withheld == {}
    assert code_of(lambda: correcting.settle(shop.ws, who, ROMAN, upheld=True)) == "not-contested"


def test_a_tag_that_nobody_knows_is_not_contested(shop):
    assert (
        code_of(lambda: correcting.contest(shop.ws, shop.who(), "interest.rome")) == "unknown-tag"
    )


@pytest.mark.law("GDPR-16", "GDPR-18")
def test_after_an_older_copy_of_the_store_the_wrong_value_and_the_contested_tag_are_not_used(shop):
    ann, bob = shop.who(), shop.who("B")
    copy = shop.folder / "copy.db"
    shop.ws.close()
    shutil.copy(shop.ws.paths.control, copy)
    with closing(reopened(shop.ws.paths.root, clock=shop.ws.clock)) as later:
        correcting.correct(later, ann, "city", "Oslo")
        correcting.contest(later, bob, ROMAN)
    shutil.move(copy, shop.ws.paths.control)
    shop.ws = reopened(shop.ws.paths.root, clock=FixedClock(Micros(NOON + HOUR)))
    done = restoring.accept(shop.ws)
    assert (done.renewed, done.not_renewed) == (2, 0)
    assert shop.values() == {"diet": "any"}
    assert ROMAN not in shop.tags("B")
    shop.imports("customer,city,diet\nA,Rome,any\n", "second.csv")
    assert shop.values() == {"diet": "any"}
    run_all(shop.ws)
    assert shop.tags() == {"interest.eater"}
    shop.imports("customer,city,diet\nA,Pisa,any\n", "third.csv")
    assert shop.values() == {"city": "Pisa", "diet": "any"}
