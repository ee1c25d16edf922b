# SPDX-License-Identifier: Apache-2.0
"""No place is unseen: each table, file and folder is a person's place or has a reason why not."""

import sqlite3
from contextlib import closing
from functools import cached_property
from pathlib import Path

import pytest

from governance.evidence.log import SCHEMA as LOG_SCHEMA
from governance.registry import NOT_PERSONAL, PLACES, Place, places
from governance.settings import KNOWN
from governance.store.tables import METADATA
from governance.vault.keystore import SCHEMA as KEY_SCHEMA
from governance.workspace import Paths

CODES = {place.code for place in PLACES}


def columns(schema):
    with closing(sqlite3.connect(":memory:")) as store:
        store.executescript(schema)
        names = store.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        ).fetchall()
        return {
            name: {row[1] for row in store.execute(f"PRAGMA table_info({name})")}
            for (name,) in names
        }


def everything():
    yield from (f"store.{name}" for name in METADATA.tables)
    yield from (f"keystore.{name}" for name in columns(KEY_SCHEMA))
    yield from (f"log.{name}" for name in columns(LOG_SCHEMA))
    for name, value in vars(Paths).items():
        if isinstance(value, property | cached_property):
            yield f"file.{name}"
    yield from (f"file.{name}" for name in Paths.__dataclass_fields__)
    yield from (f"outside.{name}" for name in KNOWN if name.endswith(".folder"))


def test_every_place_is_entered_once_or_has_a_reason_why_not():
    there = set(everything())
    assert there - CODES - NOT_PERSONAL.keys() == set()
    assert CODES & NOT_PERSONAL.keys() == set()
    assert (CODES | NOT_PERSONAL.keys()) - there == set()
    assert len(CODES) == len(PLACES)


@pytest.mark.law("CA-140-v1K")
def test_every_table_with_a_subject_is_a_place_of_people():
    for name, table in METADATA.tables.items():
        if "subject_id" in table.columns or "members" in table.columns:
            assert f"store.{name}" in CODES


def test_a_person_is_found_by_a_column_that_is_there():
    keys = columns(KEY_SCHEMA)
    for place in PLACES:
        if place.kind == "table":
            assert place.find in METADATA.tables[place.name].columns, place.code
        if place.kind == "keystore":
            assert place.find in keys[place.name], place.code
        if place.kind == "outside":
            assert place.find in METADATA.tables


def test_what_is_kept_has_a_ground_and_what_dies_has_none():
    kept = {place.code: place.ground for place in PLACES if place.ground}
    assert kept == {
        "store.consentevent": "proof-of-consent",
        "store.choiceevent": "proof-of-choice",
        "store.request": "proof-of-answer",
        "store.requestevent": "proof-of-answer",
        "store.keptproof": "proof-of-consent",
        "store.notification": "proof-of-answer",
        "keystore.suppress": "no-return",
        "log.forgotten": "no-return",
    }


def test_no_key_of_a_person_outlives_the_person():
    kept = {place.name for place in places("keystore") if place.on_erasure != "shred"}
    assert kept == {"suppress"}  # keyed digests, which open nothing


@pytest.mark.law("GDPR-15")
def test_what_a_person_gets_no_copy_of_is_withheld_with_a_reason():
    withheld = {place.code for place in PLACES if place.withheld}
    assert withheld == {
        "store.keptproof",
        "file.quarantine",
        "file.scratch",
        "outside.delivery.folder",
        "keystore.person",
        "keystore.dek",
        "keystore.ident",
        "keystore.suppress",
        "log.forgotten",
    }


def test_files_are_named_as_the_workspace_names_them():
    paths = Paths(Path("shop"), Path("ring"))
    for place in places("file"):
        assert getattr(paths, place.name).is_relative_to("shop")


@pytest.mark.parametrize(
    "wrong",
    [
        {"on_erasure": "later"},
        {"on_erasure": "retain:"},
        {"holds": {}},
        {"withheld": {"en": "a key"}},
    ],
)
def test_a_place_that_is_half_described_is_refused(wrong):
    whole = {
        "code": "store.x",
        "kind": "table",
        "name": "x",
        "holds": {"en": "x", "zh": "x"},
        "find": "subject_id",
        "on_erasure": "erase",
    }
    Place(**whole)
    with pytest.raises(ValueError, match="not described"):
        Place(**(whole | wrong))
