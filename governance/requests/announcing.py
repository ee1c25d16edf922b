# SPDX-License-Identifier: Apache-2.0
"""Whether the person will hear of a deletion in their name before it is carried out, and how.

Whoever submits or decides about it is told, so that nobody learns afterwards that no message could go out
(security 5.10).
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import text

from governance import delivery
from governance.identity.contacts import contacts
from governance.identity.notices import PURPOSE
from governance.requests import row
from governance.requests.erasing import is_erasure, scope_of
from tagging.finding import Text

if TYPE_CHECKING:
    from governance.workspace import Workspace

WORDS: Final = {
    "": Text(
        "notice goes to every contact on file ({}), with a code that stops it",
        "通知：发送至全部已留存的联系方式（{} 个），附有可取消删除的代码",
    ),
    "no-contact": Text(
        "notice goes to nobody, for no contact is on file: make sure that it is the person who asks",
        "通知：无法发出，未留存任何联系方式；请务必核实请求人为本人",
    ),
    "no-delivery": Text(
        "notice goes to nobody, for nothing is set by which messages reach people (delivery.command, "
        "delivery.folder): make sure that it is the person who asks",
        "通知：无法发出，未设置消息发送方式（delivery.command、delivery.folder）；请务必核实请求人为本人",
    ),
    "no-grace": Text(
        "notice goes to nobody, for nothing can be stopped (erasure.grace_hours is 0)",
        "通知：不发送，因无可撤销期（erasure.grace_hours 为 0）",
    ),
}
WAITS: Final = Text(
    "{} of them could not be sent yet: tagwarden request deliver",
    "其中 {} 个尚未发出：tagwarden request deliver",
)


@dataclass(frozen=True, slots=True)
class Announcement:
    """To how many contacts a deletion is announced; `why` not (a key of WORDS), and how many wait."""

    contacts: int
    why: str = ""
    waiting: int = 0

    def lines(self, language: str) -> list[str]:
        """Return it in words."""
        said = [WORDS[self.why].in_(language).format(self.contacts)]
        return [*said, WAITS.in_(language).format(self.waiting)] if self.waiting else said


def announcement(ws: "Workspace", ref: str) -> Announcement | None:
    """Return how a deletion is announced; None for what is not the deletion of a person."""
    with ws.store.read() as connection:
        found = row.load(connection, ref)
        if not is_erasure(found) or not scope_of(found).whole or found.subject_id is None:
            return None
        known = len(contacts(ws, connection, found.subject_id))
        waiting = connection.execute(
            text("SELECT count(*) FROM challenge WHERE ref = :r AND purpose = :p AND waiting"),
            {"r": ref, "p": PURPOSE},
        ).scalar_one()
    if not ws.settings.number("erasure.grace_hours"):
        return Announcement(0, "no-grace")
    if not delivery.is_set(ws.settings):
        return Announcement(0, "no-delivery")
    return Announcement(known, "" if known else "no-contact", waiting)
