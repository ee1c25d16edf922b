# SPDX-License-Identifier: Apache-2.0
"""What is to be erased of a person: everything, or one tag, one purpose, one category of data."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from sqlalchemy import Connection, text

from audit.errors import BadInput, NotFound
from governance.purpose import purpose_named
from policies.decision import covers
from policies.document import nearest
from policies.packs import categories
from tagging.document import Tag

Kind = Literal["everything", "tag", "purpose", "category"]


@dataclass(frozen=True, slots=True)
class Scope:
    """The extent of one erasure; `target` is the key of the tag, purpose or category."""

    kind: Kind
    target: str = ""

    @property
    def whole(self) -> bool:
        """Whether the person goes, with the keys; else the person stays and a part goes."""
        return self.kind == "everything"


EVERYTHING: Final = Scope("everything")


def check(connection: Connection, scope: Scope) -> None:
    """Return when the target is there; raises NotFound or BadInput `unknown-data-category`."""
    if scope.kind == "purpose":
        purpose_named(connection, scope.target)
    elif scope.kind == "tag":
        known = {tag.key for tag in documents(connection).values()}
        if scope.target not in known:
            hint = nearest(scope.target, known) or "tagwarden tag list"
            raise NotFound("unknown-tag", f'there is no tag "{scope.target}"', hint=hint)
    elif scope.kind == "category":
        known_here = attributes(connection, scope.target)
        if not known_here and scope.target not in categories():
            raise BadInput(
                "unknown-data-category",
                f'"{scope.target}" is not a category of data',
                hint=nearest(scope.target, categories()),
            )


def documents(connection: Connection) -> Mapping[int, Tag]:
    """Return every version of every tag, by the id of its definition."""
    rows = connection.execute(text("SELECT id, document FROM definition ORDER BY id"))
    return {row.id: Tag.model_validate(json.loads(row.document)) for row in rows}


def attributes(connection: Connection, category: str) -> frozenset[str]:
    """Return the attributes that belong to a category or below it."""
    rows = connection.execute(text("SELECT key, category FROM attribute"))
    return frozenset(row.key for row in rows if covers(category, row.category))


def tags_of(connection: Connection, scope: Scope) -> frozenset[str]:
    """Return the keys of the tags that a partial erasure takes off the person.

    One tag; those that serve the purpose and no other; those that state something of the category.
    """
    found = {
        tag.key
        for tag in documents(connection).values()
        if (scope.kind == "tag" and tag.key == scope.target)
        or (scope.kind == "purpose" and set(tag.purposes) == {scope.target})
        or (
            scope.kind == "category" and any(covers(scope.target, stated) for stated in tag.asserts)
        )
    }
    return frozenset(found)


def values_of(connection: Connection, keys: frozenset[str]) -> list[int]:
    """Return the numbers of all values of some tags, in all their versions."""
    rows = connection.execute(
        text(
            "SELECT v.tv, d.key FROM tagvalue v JOIN definition d ON d.id = v.definition_id "
            "ORDER BY v.tv"
        )
    )
    return [row.tv for row in rows if row.key in keys]
