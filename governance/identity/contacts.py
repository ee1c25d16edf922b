# SPDX-License-Identifier: Apache-2.0
"""The ways to reach a person that are on file: e-mail and telephone, as attributes of their category.

Nothing that somebody writes into a request becomes a contact. Values leave this package only masked,
or as the address of a message.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, text

from audit.clock import DAY, Micros
from governance.delivery import EMAIL, PHONE

if TYPE_CHECKING:
    from governance.workspace import Workspace

CATEGORIES: Final[Mapping[str, str]] = {
    "user.contact.email": EMAIL,
    "user.contact.phone_number": PHONE,
}
"""Category of data → kind of contact. No other attribute is ever written to."""
KINDS: Final = (EMAIL, PHONE)

SETTLED: Final = 14 * DAY
"""How long a contact must have stood before it counts for an erasure (security 5.10)."""

ORDINARY: Final = 1
_SOUND: Final = {
    EMAIL: re.compile(r"[^\s@<>()\[\],;:\"\\]{1,64}@[^\s@<>()\[\],;:\"\\]{1,185}\.[^\W\d_]{2,}\Z"),
    PHONE: re.compile(r"\+?[0-9][0-9 ()/.-]{4,24}\Z"),
}


@dataclass(frozen=True, slots=True)
class Contact:
    """One way to reach a person."""

    kind: str
    attribute: str
    value: str = field(repr=False)
    since: Micros
    """It stands since then at least: when the attributes of its class were last sealed."""

    @property
    def masked(self) -> str:
        """What may be shown of it: m…@e….com, or …42."""
        if self.kind == PHONE:
            return f"…{self.value[-2:]}"
        name, _, host = self.value.rpartition("@")
        return f"{name[:1]}…@{host[:1]}….{host.rpartition('.')[2]}"

    def settled(self, now: Micros) -> bool:
        """Return whether it has stood long enough for an erasure."""
        return now - self.since >= SETTLED


def contacts(ws: "Workspace", connection: Connection, subject_id: int) -> list[Contact]:
    """Return the contacts of a person that are on file and usable, e-mail first.

    Raises Tampered `unsealing-failed`.
    """
    rows = connection.execute(text("SELECT key, category FROM attribute"))
    kinds = {row.key: CATEGORIES[row.category] for row in rows if row.category in CATEGORIES}
    found = [
        Contact(kinds[key], key, plain(value), since)
        for key, value, since, _ in _attributes(ws, connection, subject_id)
        if key in kinds
    ]
    sound = (one for one in found if _SOUND[one.kind].match(one.value))
    return sorted(sound, key=lambda one: (KINDS.index(one.kind), one.attribute))


def points(ws: "Workspace", connection: Connection, subject_id: int) -> dict[str, str]:
    """Return the ordinary attributes of a person that are no contacts, as they are compared.

    Nobody is asked for what is sensitive to show who they are (GDPR Art. 5(1)(c)).
    """
    rows = connection.execute(text("SELECT key, category FROM attribute"))
    reach = {row.key for row in rows if row.category.startswith("user.contact")}
    return {
        key: alike(value)
        for key, value, _, class_id in _attributes(ws, connection, subject_id)
        if class_id == ORDINARY and key not in reach
    }


def signing_key(ws: "Workspace", connection: Connection, subject_id: int) -> str:
    """Return the public key with which a person signs mandates, or '' where none is on file."""
    name = ws.settings.text("identity.key_attribute")
    found = (v for key, v, _, _ in _attributes(ws, connection, subject_id) if name and key == name)
    return next(found, "").strip()


def plain(value: str) -> str:
    """Return a value in one spelling, without space around."""
    return unicodedata.normalize("NFKC", value).strip()


def alike(value: str) -> str:
    """Return a value as two are compared: case and spaces do not count."""
    return "".join(plain(value).casefold().split())


def _attributes(
    ws: "Workspace", connection: Connection, subject_id: int
) -> Iterator[tuple[str, str, Micros, int]]:
    rows = connection.execute(
        text(
            "SELECT subject_id, class_id, cell, sealed_at FROM sealedblob "
            "WHERE subject_id = :s ORDER BY class_id"
        ),
        {"s": subject_id},
    ).all()
    opened = ws.people.unseal((row.subject_id, row.class_id, bytes(row.cell)) for row in rows)
    for row, (_, class_id, values) in zip(rows, opened, strict=True):
        for key, value in values.items():
            yield key, value, Micros(row.sealed_at), class_id
