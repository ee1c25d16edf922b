# SPDX-License-Identifier: Apache-2.0
"""The catalogue of a workspace: tags and features that were applied, in versions. Reading only.

A change of meaning makes a new version, which has no assignments until it is computed; a change of
words is written in place (governance.changing).
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, text

from audit.canon import digest as digest_of
from audit.clock import Micros
from audit.errors import NotFound
from governance.law import law_over
from governance.purpose import Purpose, purposes
from governance.standing import NOT_ASKED, Standing, standings
from governance.workspace import Workspace
from policies.document import nearest
from tagging.catalogue import Catalogue, Definition, Fitted, Known, check_documents, check_files
from tagging.document import Feature, Tag, meaning_digest
from tagging.evaluation.plan import closure
from tagging.explain.naming import Naming
from tagging.lineage import Lineage, effective, lineage
from tagging.lints import Report, check_paths
from tagging.rules.functions import CORE_COLUMNS, EXTRA_KINDS
from tagging.rules.tree import Kind, Named, Node, walk

MAX_KNOWN_VALUES = 5000
USABLE = ("active", "deprecated")
"""States in which a tag is computed, and shown unless the policy of audits stops it."""


@dataclass(frozen=True, slots=True)
class Active:
    """A tag version as it is in the catalogue: usable when its state is active."""

    id: int
    version: int
    state: str
    tag: Tag
    root: Node
    digest: str
    meaning: str
    author: str
    applied_at: int
    evaluated_at: int | None
    effective: Tag
    """The tag as the gate must see it: with the categories that its inputs bring."""
    change_set: str = ""
    successor: str = ""
    standing: Standing = NOT_ASKED
    """What the policy of audits says of it."""
    lacking: tuple[str, ...] = ()
    """The tags that it is made of, directly or not, and that are not in use."""

    @property
    def computed(self) -> bool:
        """Whether runs compute it: it is in use, and so is every tag that it is made of."""
        return self.state in USABLE and not self.lacking

    def shown(self, at: Micros) -> bool:
        """Return whether it may be shown to anybody at an instant."""
        return self.computed and not self.standing.stopped(at)


def lint(ws: Workspace, files: Iterable[Path]) -> Catalogue:
    """Return the checked definitions of the files; raises BadInput with every problem."""
    with ws.store.read() as connection:
        return check_files(files, known(connection))


def findings(ws: Workspace, files: Iterable[Path]) -> Report:
    """Return everything that is wrong in the files, seen from this workspace; refuses nothing."""
    with ws.store.read() as connection:
        rows = connection.execute(
            text("SELECT key, state FROM definition WHERE state <> 'superseded'")
        ).all()
        declared = [item.model_dump(mode="json") for item in purposes(connection).values()]
        states = {row.key: row.state for row in rows}
        return check_paths(
            files,
            known(connection),
            purposes=declared,
            states=states,
            law=law_over(connection),
        )


def active(connection: Connection, keys: Iterable[str] | None = None) -> dict[str, Active]:
    """Return the newest version of each tag, whatever its state; `keys` narrows them.

    Raises NotFound for a key that is not there.
    """
    rows = connection.execute(
        text(
            "SELECT id, key, version, state, document, digest, meaning, author, applied_at, "
            "evaluated_at, change_set, successor "
            "FROM definition WHERE state <> 'superseded' ORDER BY key"
        )
    ).all()
    checked = check_documents((), known(connection))
    origins, parsed = lineage(checked, attribute_categories(connection)), checked.tags
    rules = {key: item.root for key, item in parsed.items()}
    standing = standings(connection, {key: item.tag for key, item in parsed.items()}, rules)
    unused = {row.key for row in rows if row.state not in USABLE}
    found = {
        row.key: Active(
            row.id,
            row.version,
            row.state,
            parsed[row.key].tag,
            parsed[row.key].root,
            row.digest,
            row.meaning,
            row.author,
            row.applied_at,
            row.evaluated_at,
            effective(parsed[row.key].tag, origins),
            row.change_set,
            row.successor,
            standing.get(row.key, NOT_ASKED),
            _lacking(row.key, rules, unused),
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


def _lacking(key: str, rules: Mapping[str, Node], unused: set[str]) -> tuple[str, ...]:
    return tuple(sorted(closure(rules, {key}) & unused - {key})) if unused else ()


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
        fits=_fits(connection),
    )


def attribute_categories(connection: Connection) -> dict[str, str]:
    """Return the data category of each attribute that people have."""
    rows = connection.execute(text("SELECT key, category FROM attribute ORDER BY key"))
    return {row.key: row.category for row in rows}


def origins(connection: Connection) -> Lineage:
    """Return what every tag and feature is made of."""
    checked = check_documents((), known(connection))
    return lineage(checked, attribute_categories(connection))


def names(connection: Connection) -> Naming:
    """Return what people call the tags and features of the catalogue."""
    tags = _documents(connection, Tag, "definition", " WHERE state <> 'superseded'")
    features = _documents(connection, Feature, "feature", "")
    return Naming(
        tags={key: tag.name for key, tag in tags.items()},
        features={key: feature.name for key, feature in features.items()},
    )


def reading(connection: Connection) -> tuple[dict[str, Active], Mapping[str, Purpose]]:
    """Return the tags in use, with all purposes; who shows one asks `Active.shown`."""
    usable = {key: tag for key, tag in active(connection).items() if tag.state in USABLE}
    return usable, purposes(connection)


def meaning(definition: Definition, features: Mapping[str, Feature]) -> str:
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


def _fits(connection: Connection) -> Callable[[str], Fitted | None]:
    def find(name: str) -> Fitted | None:
        from governance.fitted import fitted  # noqa: PLC0415  (numbers only where a tag needs them)

        return fitted(connection, name)

    return find


Model = TypeVar("Model", Tag, Feature)


def _documents(
    connection: Connection, model: type[Model], table: str, where: str
) -> dict[str, Model]:
    rows = connection.execute(text(f"SELECT key, document FROM {table}{where} ORDER BY key"))
    return {row.key: model.model_validate(json.loads(row.document)) for row in rows}
