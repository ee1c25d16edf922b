# SPDX-License-Identifier: Apache-2.0
"""An approved plan → the catalogue. The one place that writes definitions.

Refuses what nobody approved, what was approved as something else, and what the world has left behind.
Applying twice does nothing.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import text

from audit.canon import canonical
from audit.errors import Refused
from governance.authority import demand
from governance.catalogue import USABLE, active, known, meaning
from governance.changing import review
from governance.changing.plan import Plan
from governance.changing.world import require_present
from governance.store.unit import Unit
from governance.workspace import Workspace
from policies.document import Document, parse_documents
from tagging.catalogue import Definition, check_documents
from tagging.document import Feature, Tag, full_digest


@dataclass(frozen=True, slots=True)
class Change:
    """What applying did to one definition."""

    key: str
    kind: str
    what: str
    version: int


def apply(ws: Workspace, plan: Plan) -> list[Change]:
    """Write a plan into the catalogue and return what changed; nothing when it is there already.

    Words alone need nobody's approval. Raises Refused `not-approved`, Conflict `plan-stale`.
    """
    demand(ws, "tag.apply")
    with ws.store.write() as unit:
        if _is_there(unit, plan):
            return []
        item = review.found(unit.connection, plan.digest)
        if plan.needs_approval:
            _require_approval(item)
        require_present(unit.connection, plan.world)
        changes = _write(ws, unit, plan, item)
        _review_again(ws, unit, plan)
        if item is not None:
            review.close(ws, unit, item)
        return changes


def _require_approval(item: review.ChangeSet | None) -> None:
    if item is not None and item.state == "approved":
        return
    state = f"{item.name} is {item.state}" if item else "nobody has seen it"
    raise Refused(
        "not-approved",
        f"this plan changes more than words and is not approved: {state}",
        hint=f"tagwarden tag approve {item.name}, by another operator"
        if item
        else "tagwarden tag submit PLAN",
    )


def _documents(plan: Plan) -> list[Document]:
    return [
        document
        for plain in plan.documents
        for document in parse_documents(json.dumps(plain), str(plain["key"]))
    ]


def _is_there(unit: Unit, plan: Plan) -> bool:
    """Return whether every document of a plan is in the catalogue, word for word."""
    knowledge = known(unit.connection)
    present: dict[str, Tag | Feature] = {**knowledge.tags, **knowledge.features}
    return all(
        plain["key"] in present
        and canonical(plain)
        == canonical(present[plain["key"]].model_dump(mode="json", by_alias=True))
        for plain in plan.documents
    )


def _write(ws: Workspace, unit: Unit, plan: Plan, item: review.ChangeSet | None) -> list[Change]:
    checked = check_documents(_documents(plan), known(unit.connection))
    writer = _Writer(ws, unit, item)
    changes = [
        writer.feature(checked.features[one.key]) for one in plan.items if one.kind == "feature"
    ]
    for one in plan.items:
        if one.kind == "tag":
            definition = checked.tags[one.key]
            changes.append(writer.tag(definition, meaning(definition, checked.features)))
    return changes


@dataclass(frozen=True, slots=True)
class _Writer:
    """Writes definitions in one transaction, for one change set."""

    ws: Workspace
    unit: Unit
    item: review.ChangeSet | None

    def feature(self, feature: Feature) -> Change:
        new = full_digest(feature)
        old = self.unit.connection.execute(
            text("SELECT digest FROM feature WHERE key = :k"), {"k": feature.key}
        ).scalar()
        self.unit.connection.execute(
            text(
                "INSERT INTO feature (key, digest, document, applied_at) VALUES (:k, :g, :d, :t) "
                "ON CONFLICT (key) DO UPDATE SET digest = :g, document = :d, applied_at = :t"
            ),
            {"k": feature.key, "g": new, "d": _text(feature), "t": self.ws.clock.now()},
        )
        self.unit.log(self.ws.evidence.entry("feature.applied", feature=feature.key, digest=new))
        return Change(feature.key, "feature", "changed" if old else "new", 1)

    def tag(self, definition: Definition, sense: str) -> Change:
        tag, digest = definition.tag, full_digest(definition.tag)
        row = self.unit.connection.execute(
            text(
                "SELECT id, version, meaning, state FROM definition "
                "WHERE key = :k AND state <> 'superseded'"
            ),
            {"k": tag.key},
        ).one_or_none()
        moved_ = row is None or row.meaning != sense
        version = 1 if row is None else row.version + moved_
        if row is not None and not moved_:
            self.unit.connection.execute(
                text("UPDATE definition SET digest = :g, document = :d WHERE id = :i"),
                {"g": digest, "d": _text(tag), "i": row.id},
            )
        else:
            if row is not None:
                self.unit.connection.execute(
                    text("UPDATE definition SET state = 'superseded' WHERE id = :i"), {"i": row.id}
                )
            stopped = row is not None and row.state == "suspended"  # only a reviewer lifts that
            state = "suspended" if stopped else "active"
            self._insert(tag, version, state, {"digest": digest, "meaning": sense})
        self.unit.log(
            self.ws.evidence.entry("tag.applied", tag=tag.key, version=version, digest=digest)
        )
        what = "new" if row is None else "new version" if moved_ else "reworded"
        return Change(tag.key, "tag", what, version)

    def _insert(self, tag: Tag, version: int, state: str, prints: Mapping[str, str]) -> None:
        self.unit.connection.execute(
            text(
                "INSERT INTO definition (key, version, state, digest, meaning, document, author, "
                "applied_at, change_set, successor) "
                "VALUES (:k, :v, :s, :g, :m, :d, :a, :t, :c, '')"
            ),
            {
                "k": tag.key,
                "v": version,
                "s": state,
                "g": prints["digest"],
                "m": prints["meaning"],
                "d": _text(tag),
                "a": self.item.author if self.item else self.ws.actor.ref,
                "t": self.ws.clock.now(),
                "c": self.item.name if self.item else "",
            },
        )


def _review_again(ws: Workspace, unit: Unit, plan: Plan) -> None:
    """Take tags out of use whose inputs have become sensitive, until somebody has looked at them."""
    present = active(unit.connection)
    for key in plan.reviewed_again:
        if key not in present or present[key].state not in USABLE:
            continue
        unit.connection.execute(
            text("UPDATE definition SET state = 'in_review' WHERE id = :i"),
            {"i": present[key].id},
        )
        unit.log(ws.evidence.entry("tag.review-due", tag=key, version=present[key].version))


def _text(item: Tag | Feature) -> str:
    return canonical(item.model_dump(mode="json", by_alias=True)).decode()
