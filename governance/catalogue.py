# SPDX-License-Identifier: Apache-2.0
"""The catalogue of a workspace: tags and features that were applied, in versions.

A change of meaning makes a new version, which has no assignments until it is computed; a change of
words is written in place. Applying twice does nothing.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, text

from audit.canon import canonical
from audit.canon import digest as digest_of
from audit.errors import Conflict, NotFound
from governance.purpose import Purpose, purposes
from governance.store.unit import Unit
from governance.workspace import Workspace
from policies.document import nearest
from tagging.catalogue import Catalogue, Definition, Known, check_documents, check_files
from tagging.document import Feature, Tag, full_digest, meaning_digest
from tagging.explain.naming import Naming
from tagging.rules.functions import CORE_COLUMNS, EXTRA_KINDS
from tagging.rules.tree import Kind, Named, Node, walk

MAX_KNOWN_VALUES = 5000


@dataclass(frozen=True, slots=True)
class Active:
    """A tag version as it is in the catalogue: usable when its state is active."""

    id: int
    version: int
    state: str
    tag: Tag
    root: Node
    digest: str
    author: str
    applied_at: int
    evaluated_at: int | None


@dataclass(frozen=True, slots=True)
class Change:
    """What applying did, or would do, to one definition."""

    key: str
    kind: str
    what: str
    version: int


def lint(ws: Workspace, files: Iterable[Path]) -> Catalogue:
    """Return the checked definitions of the files; raises BadInput with every problem."""
    with ws.store.read() as connection:
        return check_files(files, known(connection))


def apply(ws: Workspace, files: Iterable[Path]) -> list[Change]:
    """Write the definitions of the files into the catalogue and return what changed.

    Raises BadInput with every problem; then nothing is written.
    """
    with ws.store.write() as unit:
        catalogue = check_files(files, known(unit.connection))
        features = sorted(key for key in catalogue.stated if key in catalogue.features)
        changes = [_apply_feature(ws, unit, catalogue.features[key]) for key in features]
        for key, definition in sorted(catalogue.tags.items()):
            change = _apply_tag(ws, unit, definition, _meaning(definition, catalogue.features))
            if key in catalogue.stated or change.what != "unchanged":
                changes.append(change)
        return changes


def active(connection: Connection, keys: Iterable[str] | None = None) -> dict[str, Active]:
    """Return the newest version of each tag, whatever its state; `keys` narrows them.

    Raises NotFound for a key that is not there.
    """
    rows = connection.execute(
        text(
            "SELECT id, key, version, state, document, digest, author, applied_at, evaluated_at "
            "FROM definition WHERE state <> 'superseded' ORDER BY key"
        )
    ).all()
    parsed = check_documents((), known(connection)).tags
    found = {
        row.key: Active(
            row.id,
            row.version,
            row.state,
            parsed[row.key].tag,
            parsed[row.key].root,
            row.digest,
            row.author,
            row.applied_at,
            row.evaluated_at,
        )
        for row in rows
    }
    if keys is None:
        return found
    wanted = list(keys)
    for key in wanted:
        if key not in found:
            hint = nearest(key, found) or "tagwarden tag list"
            raise NotFound("unknown-tag", f'there is no tag "{key}"', hint=hint)
    return {key: found[key] for key in wanted}


def known(connection: Connection) -> Known:
    """Return what definitions may refer to in this workspace."""
    columns: dict[str, Kind] = dict(CORE_COLUMNS)
    for name, kind in connection.execute(text("SELECT name, type FROM eventcolumn ORDER BY name")):
        columns[name] = EXTRA_KINDS[kind]
    attributes = [row[0] for row in connection.execute(text("SELECT key FROM attribute"))]
    has_events = connection.execute(text("SELECT 1 FROM lakepart LIMIT 1")).first() is not None
    return Known(
        columns=columns,
        attributes=frozenset(attributes) if attributes else None,
        purposes=frozenset(purposes(connection)),
        values=_values(connection) if has_events else lambda _column: None,
        tags=_documents(connection, Tag, "definition", " WHERE state <> 'superseded'"),
        features=_documents(connection, Feature, "feature", ""),
    )


def names(connection: Connection) -> Naming:
    """Return what people call the tags and features of the catalogue."""
    tags = _documents(connection, Tag, "definition", " WHERE state <> 'superseded'")
    features = _documents(connection, Feature, "feature", "")
    return Naming(
        tags={key: tag.name for key, tag in tags.items()},
        features={key: feature.name for key, feature in features.items()},
    )


def set_state(ws: Workspace, key: str, state: str) -> None:
    """Suspend an active tag (nothing shows it from this moment) or resume a suspended one.

    Raises NotFound, and Conflict when the tag is not in the state that permits it.
    """
    wanted = {"suspended": "active", "active": "suspended"}[state]
    with ws.store.write() as unit:
        found = active(unit.connection, [key])[key]
        if found.state != wanted:
            raise Conflict("tag-state", f'"{key}" is {found.state}, not {wanted}')
        unit.connection.execute(
            text("UPDATE definition SET state = :s WHERE id = :i"), {"s": state, "i": found.id}
        )
        act = "tag.suspended" if state == "suspended" else "tag.resumed"
        unit.log(ws.evidence.entry(act, tag=key, version=found.version))


def reading(connection: Connection) -> tuple[dict[str, Active], Mapping[str, Purpose]]:
    """Return the tags that may be shown and computed now, with all purposes."""
    usable = {key: tag for key, tag in active(connection).items() if tag.state == "active"}
    return usable, purposes(connection)


def _meaning(definition: Definition, features: Mapping[str, Feature]) -> str:
    """Return the digest of what a tag means, the features that its rule names included."""
    used = {part.key for part in walk(definition.root) if isinstance(part, Named)}
    return digest_of(
        {
            "tag": meaning_digest(definition.tag),
            "features": {key: meaning_digest(features[key]) for key in sorted(used)},
        }
    )


def _values(connection: Connection) -> Callable[[str], frozenset[str] | None]:
    cache: dict[str, frozenset[str] | None] = {"event_type": None, "item": None, "session": None}

    def values(column: str) -> frozenset[str] | None:
        if column not in cache:
            rows = connection.execute(
                text('SELECT value FROM category WHERE "column" = :c LIMIT :n'),
                {"c": column, "n": MAX_KNOWN_VALUES + 1},
            ).all()
            few = 0 < len(rows) <= MAX_KNOWN_VALUES
            cache[column] = frozenset(row[0] for row in rows) if few else None
        return cache[column]

    return values


Model = TypeVar("Model", Tag, Feature)


def _documents(
    connection: Connection, model: type[Model], table: str, where: str
) -> dict[str, Model]:
    rows = connection.execute(text(f"SELECT key, document FROM {table}{where} ORDER BY key"))
    return {row.key: model.model_validate(json.loads(row.document)) for row in rows}


def _apply_feature(ws: Workspace, unit: Unit, feature: Feature) -> Change:
    old = unit.connection.execute(
        text("SELECT digest FROM feature WHERE key = :k"), {"k": feature.key}
    ).scalar()
    new = full_digest(feature)
    if old == new:
        return Change(feature.key, "feature", "unchanged", 1)
    unit.connection.execute(
        text(
            "INSERT INTO feature (key, digest, document, applied_at) VALUES (:k, :g, :d, :t) "
            "ON CONFLICT (key) DO UPDATE SET digest = :g, document = :d, applied_at = :t"
        ),
        {"k": feature.key, "g": new, "d": _document(feature), "t": ws.clock.now()},
    )
    unit.log(ws.evidence.entry("feature.applied", feature=feature.key, digest=new))
    return Change(feature.key, "feature", "changed" if old else "new", 1)


def _apply_tag(ws: Workspace, unit: Unit, definition: Definition, meaning: str) -> Change:
    tag = definition.tag
    row = unit.connection.execute(
        text(
            "SELECT id, version, state, digest, meaning FROM definition "
            "WHERE key = :k AND state <> 'superseded'"
        ),
        {"k": tag.key},
    ).one_or_none()
    digest = full_digest(tag)
    if row is not None and (row.digest, row.meaning) == (digest, meaning):
        return Change(tag.key, "tag", "unchanged", row.version)
    version = 1 if row is None else row.version + (row.meaning != meaning)
    if row is not None and row.meaning == meaning:
        unit.connection.execute(
            text("UPDATE definition SET digest = :g, document = :d WHERE id = :i"),
            {"g": digest, "d": _document(tag), "i": row.id},
        )
    else:
        if row is not None:
            unit.connection.execute(
                text("UPDATE definition SET state = 'superseded' WHERE id = :i"), {"i": row.id}
            )
        unit.connection.execute(
            text(
                "INSERT INTO definition (key, version, state, digest, meaning, document, author, "
                "applied_at) VALUES (:k, :v, :s, :g, :m, :d, :a, :t)"
            ),
            {
                "k": tag.key,
                "v": version,
                "s": "active" if row is None else row.state,
                "g": digest,
                "m": meaning,
                "d": _document(tag),
                "a": ws.actor.ref,
                "t": ws.clock.now(),
            },
        )
    unit.log(ws.evidence.entry("tag.applied", tag=tag.key, version=version, digest=digest))
    what = "new" if row is None else "new version" if row.meaning != meaning else "reworded"
    return Change(tag.key, "tag", what, version)


def _document(item: Tag | Feature) -> str:
    return canonical(item.model_dump(mode="json", by_alias=True)).decode()
