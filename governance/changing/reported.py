# SPDX-License-Identifier: Apache-2.0
"""What leak reports that were made say against the tags of a plan: of the version that they saw."""

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, text

from governance.changing.plan import Leaking


def reported(connection: Connection, keys: Collection[str]) -> Iterator[Leaking]:
    """Yield what the newest leak report of each attribute that names a tag says against it."""
    done: set[tuple[str, str]] = set()
    rows = connection.execute(
        text("SELECT name, about, document FROM auditreport WHERE kind = :k ORDER BY id DESC"),
        {"k": "leak"},
    )
    for row in rows if keys else ():
        document = json.loads(row.document)
        named = {_key(one["tag"]) for one in document["tags"]} & set(keys)
        for key in sorted(named):
            if (row.about, key) not in done:
                done.add((row.about, key))
                yield from _said(key, row.about, row.name, document)


def _key(name: str) -> str:
    return name.split("=", 1)[0]


def _said(key: str, attribute: str, report: str, document: Mapping[str, Any]) -> Iterator[Leaking]:
    policy = document["identity"]["policy"]
    for one in document["tags"]:
        if one["over"] and _key(one["tag"]) == key:
            yield Leaking(
                key=key,
                attribute=attribute,
                what="tag",
                figure=one["bits"] or "",
                limit=str(policy["tag_bits"]),
                report=report,
            )
    for pair in document["pairs"]:
        names = [pair["first"], pair["second"]]
        for own, other in (names, names[::-1]):
            if _key(own) == key:
                yield Leaking(
                    key=key,
                    attribute=attribute,
                    what="pair",
                    other=other,
                    figure=pair["bits"] or "",
                    limit=str(policy["pair_bits"]),
                    report=report,
                )
