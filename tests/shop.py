# SPDX-License-Identifier: Apache-2.0
"""Builds a small shop in a database in memory: people, purposes, tags, assignments."""

import json
from contextlib import contextmanager

from audit.canon import canonical, digest
from audit.clock import DAY
from governance.assessment import Assessment, Assessments
from governance.purpose import Purpose
from governance.store import bitmaps
from governance.store.engine import open_engine
from governance.store.tables import METADATA
from governance.store.unit import Store
from policies.assessments import RULES, TYPES
from tagging.document import Tag

NOW = 20_000 * DAY

WORDS = {"en": "words", "zh": "文字"}


def a_purpose(key, use=None, **more):
    return Purpose.model_validate(
        {
            "apiVersion": "tagwarden/v1",
            "kind": "Purpose",
            "key": key,
            "name": WORDS,
            "says": WORDS,
            "use": use or key,
            "personalised": True,
            "retention": "365d",
            **more,
        }
    )


def a_tag(key="interest.flowers", **more):
    return Tag.model_validate(
        {
            "apiVersion": "tagwarden/v1",
            "kind": "Tag",
            "key": key,
            "name": WORDS,
            "says": WORDS,
            "owner": "growth-team",
            "dimension": "interest",
            "derivation": "inferred",
            "sources": ["user.behavior.purchase_history"],
            "asserts": ["user.demographic.profile"],
            "purposes": ["first_party_recommendation"],
            "basis": {"gdpr": "legitimate_interest", "pipl_cn": "consent", "ccpa": "notice"},
            "ttl": "30d",
            "value": "orders() >= 3",
            "purge_on_withdrawal": "immediately",
            **more,
        }
    )


def an_assessment(kind, *purposes, key=None, **more):
    """An assessment that stands at NOW, with every part that its type must have."""
    parts = [part.code for part in RULES[kind].parts if part.needed]
    return Assessment.model_validate(
        {
            "apiVersion": "tagwarden/v1",
            "kind": "Assessment",
            "key": key or f"{kind}.{purposes[0]}",
            "type": kind,
            "covers": {"purposes": list(purposes)},
            "made": "2024-01-01",
            "reviewed_by": "privacy team",
            "approved": "2024-01-02",
            "review_by": "2026-12-31",
            "contents": dict.fromkeys(parts, WORDS),
            **more,
        }
    )


def all_assessed(*purposes):
    """Assessments of every type for some purposes, as the gate reads them."""
    return Assessments(tuple(an_assessment(kind, *purposes) for kind in TYPES))


class Shop:
    def __init__(self):
        self.engine = open_engine("sqlite://")
        METADATA.create_all(self.engine)
        self.store = Store(self.engine)

    def close(self):
        self.store.close()

    def empty(self):
        with self.store.write() as unit:
            for table in METADATA.sorted_tables:
                unit.connection.exec_driver_sql(f'DELETE FROM "{table.name}"')

    @contextmanager
    def read(self):
        with self.store.read() as connection:
            yield connection

    def purposes(self, *purposes, assessed=True):
        """Apply purposes; unless said otherwise, everything that the law wants assessed is."""
        keys = [purpose.key for purpose in purposes]
        self.assessments(*(all_assessed(*keys).documents if assessed and keys else ()))
        with self.store.write() as unit:
            for purpose in purposes:
                plain = purpose.model_dump(mode="json", by_alias=True)
                unit.connection.exec_driver_sql(
                    "INSERT INTO purpose (key, digest, document, applied_at) VALUES (?, '', ?, 0)",
                    (purpose.key, canonical(plain).decode()),
                )

    def assessments(self, *documents):
        with self.store.write() as unit:
            for one in documents:
                plain = one.model_dump(mode="json", by_alias=True)
                unit.connection.exec_driver_sql(
                    "INSERT INTO assessment (key, digest, document, applied_at) VALUES (?, ?, ?, 0)",
                    (one.key, digest(plain), canonical(plain).decode()),
                )

    def people(self, people):
        """Admit people: {subject_id: (regime, age band)}."""
        with self.store.write() as unit:
            unit.connection.exec_driver_sql(
                "INSERT INTO subject (subject_id, sid, regime, age_class, admitted_at) "
                "VALUES (?, ?, ?, ?, 0)",
                [(who, who.to_bytes(16, "big"), *what) for who, what in people.items()],
            )
            bitmaps.change(
                unit.connection,
                [
                    (f"{kind}:{name}", who, True)
                    for who, what in people.items()
                    for kind, name in zip(("regime", "age"), what, strict=True)
                ],
            )

    def tag(self, tag, people=(), *, version=1, state="active", value="true"):
        """Put a tag into the catalogue and on people; return the number of its value."""
        with self.store.write() as unit:
            connection = unit.connection
            run = connection.exec_driver_sql(
                "INSERT INTO run (name, mode, state, as_of, started_at, report) "
                "VALUES ('run-'||?, 'all', 'published', 0, 0, '{}') RETURNING id",
                (f"{tag.key}-{version}-{value}",),
            ).scalar_one()
            number = connection.exec_driver_sql(
                "INSERT INTO definition (key, version, state, digest, meaning, document, author, "
                "applied_at, evaluated_at) VALUES (?, ?, ?, '', '', ?, '', 0, ?) RETURNING id",
                (
                    tag.key,
                    version,
                    state,
                    json.dumps(tag.model_dump(mode="json", by_alias=True)),
                    NOW - DAY,
                ),
            ).scalar_one()
            tv = connection.exec_driver_sql(
                "INSERT INTO tagvalue (definition_id, value) VALUES (?, ?) RETURNING tv",
                (number, value),
            ).scalar_one()
            if people := list(people):
                connection.exec_driver_sql(
                    "INSERT INTO assignment (subject_id, tv, valid_from, run_id) VALUES (?, ?, ?, ?)",
                    [(subject_id, tv, NOW - DAY, run) for subject_id in people],
                )
                bitmaps.change(connection, [(f"tv:{tv}", who, True) for who in people])
        return tv

    def members(self, name):
        with self.read() as connection:
            return set(bitmaps.members(connection, name))

    def open_assignments(self, tv):
        with self.read() as connection:
            rows = connection.exec_driver_sql(
                "SELECT subject_id FROM assignment WHERE tv = ? AND valid_to IS NULL", (tv,)
            )
            return {row[0] for row in rows}
