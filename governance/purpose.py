# SPDX-License-Identifier: Apache-2.0
"""Purposes: why data may be used. Every read names one, every consent is for one.

A purpose is applied from a document. What people have consented to stays what it was: a purpose with
consents on record refuses to change its use, to stop being personalised, or to gain a recipient
(PIPL-14-2, GDPR-6-4); that is a new purpose under a new key.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BeforeValidator, Field
from sqlalchemy import Connection, text

from audit.canon import canonical, digest
from audit.errors import Conflict, NotFound, Problems
from governance.authority import demand
from governance.reading import documents_of
from policies.decision import Recipient
from policies.document import Document, Strict, nearest, validate
from policies.rules import listed
from policies.vocabulary import Use
from tagging.asking import recipients_of
from tagging.document import Key, Span, Tag, Words

if TYPE_CHECKING:
    from governance.store.unit import Unit
    from governance.workspace import Workspace


class Purpose(Strict):
    """Why data may be used, in the words of people and in the word of the law (`use`)."""

    api_version: Literal["tagwarden/v1"] = Field(alias="apiVersion")
    kind: Literal["Purpose"]
    key: Key
    name: Words
    says: Words
    use: Use
    personalised: bool
    """Whether "personalisation off" must stop it."""
    retention: Span
    recipients: Annotated[tuple[Recipient, ...], BeforeValidator(listed)] = ("none",)


@dataclass(frozen=True, slots=True)
class Applied:
    """What applying did to one purpose: new, changed or unchanged."""

    key: str
    what: str


def purposes(connection: Connection) -> Mapping[str, Purpose]:
    """Return the purposes in force, by key."""
    rows = connection.execute(text("SELECT key, document FROM purpose ORDER BY key"))
    return {row.key: Purpose.model_validate(json.loads(row.document)) for row in rows}


def purpose_named(connection: Connection, key: str) -> Purpose:
    """Return one purpose; raises NotFound `unknown-purpose`."""
    known = purposes(connection)
    if key not in known:
        hint = nearest(key, known) or "tagwarden purpose list"
        raise NotFound("unknown-purpose", f'there is no purpose "{key}"', hint=hint)
    return known[key]


def recipients(tag: Tag, known: Mapping[str, Purpose]) -> set[str]:
    """Return who receives a tag: by its own document, and by the purposes that it serves."""
    served = (known[key].recipients for key in tag.purposes if key in known)
    return recipients_of(tag).union(*served)


def apply(ws: "Workspace", files: Iterable[Path]) -> list[Applied]:
    """Write the purposes of the files (a folder: of its *.yaml) and return what changed.

    Raises BadInput with every problem of every file, Conflict `purpose-in-use`; then nothing is
    written.
    """
    demand(ws, "purpose.apply")
    found = read(files)
    with ws.store.write() as unit:
        return [_apply(ws, unit, purpose) for purpose in found]


def read(files: Iterable[Path]) -> list[Purpose]:
    """Return the purposes in the files; raises BadInput with every problem of every file."""
    everything = Problems()
    found: dict[str, Purpose] = {}
    for document, problems in documents_of(files, "Purpose", everything):
        _take(document, found, problems)
    everything.raise_if_any("bad-purposes", "the purposes cannot be applied")
    return list(found.values())


def _take(document: Document, found: dict[str, Purpose], problems: Problems) -> None:
    purpose = validate(Purpose, document, problems)
    if purpose is None:
        return
    if purpose.key in found:
        line, column = document.place(("key",))
        problems.add(
            "duplicate-purpose",
            f'the purpose "{purpose.key}" is stated twice',
            line=line,
            column=column,
            hint="keep one of them",
        )
    found[purpose.key] = purpose


def _apply(ws: "Workspace", unit: "Unit", purpose: Purpose) -> Applied:
    plain = purpose.model_dump(mode="json", by_alias=True)
    new = digest(plain)
    row = unit.connection.execute(
        text("SELECT digest, document FROM purpose WHERE key = :k"), {"k": purpose.key}
    ).one_or_none()
    if row is not None and row.digest == new:
        return Applied(purpose.key, "unchanged")
    if row is not None:
        _refuse_another_purpose(unit, Purpose.model_validate(json.loads(row.document)), purpose)
    unit.connection.execute(
        text(
            "INSERT INTO purpose (key, digest, document, applied_at) VALUES (:k, :g, :d, :t) "
            "ON CONFLICT (key) DO UPDATE SET digest = :g, document = :d, applied_at = :t"
        ),
        {"k": purpose.key, "g": new, "d": canonical(plain).decode(), "t": ws.clock.now()},
    )
    unit.log(ws.evidence.entry("purpose.applied", purpose=purpose.key, digest=new))
    return Applied(purpose.key, "new" if row is None else "changed")


def _refuse_another_purpose(unit: "Unit", old: Purpose, new: Purpose) -> None:
    added = set(new.recipients) - set(old.recipients) - {"none"}
    weakened = old.personalised and not new.personalised
    if old.use == new.use and not added and not weakened:
        return
    asked = unit.connection.execute(
        text("SELECT 1 FROM consentevent WHERE purpose = :k LIMIT 1"), {"k": new.key}
    ).first()
    if asked is not None:
        raise Conflict(
            "purpose-in-use",
            f'people have answered for "{new.key}" as it is; another use, a new recipient or the '
            "end of its off switch is a new purpose",
            hint="apply it under a new key and ask for consent again",
        )
