# SPDX-License-Identifier: Apache-2.0
"""What a request is about: a tag, a purpose, an attribute, or the scope of an erasure."""

from typing import Final

from sqlalchemy import Connection, text

from audit.errors import BadInput, NotFound
from policies.document import nearest
from policies.rights import Right

_TABLES: Final = {
    "tag": "SELECT DISTINCT key FROM definition ORDER BY key",
    "purpose": "SELECT key FROM purpose ORDER BY key",
    "attribute": "SELECT key FROM attribute ORDER BY key",
    "category": "SELECT DISTINCT category FROM attribute ORDER BY category",
}
SCOPES: Final = ("tag", "purpose", "category")


def check_target(connection: Connection, kind: Right, target: str) -> None:
    """Return when a request names what its kind is about, and that is there.

    Raises BadInput `bad-target`, NotFound `unknown-target`.
    """
    if kind.target == "scope":
        what, _, name = target.partition(":")
        if target and (what not in SCOPES or not name):
            raise BadInput(
                "bad-target",
                "what is to be deleted is everything, or one tag, purpose or category",
                hint="no target, or tag:KEY, purpose:KEY, category:KEY",
            )
    else:
        what, name = kind.target, target
        if bool(what) != bool(name):
            said = f"a request of this kind names one {what}" if what else "it names nothing"
            raise BadInput("bad-target", said, hint="--target KEY" if what else "without --target")
    if name:
        known = list(connection.execute(text(_TABLES[what])).scalars())
        if name not in known:
            raise NotFound(
                "unknown-target",
                f'there is no {what} "{name}"',
                hint=nearest(name, known) or f"{what}s: " + ", ".join(known[:20]),
            )
