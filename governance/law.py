# SPDX-License-Identifier: Apache-2.0
"""The law that counts in a workspace: the packs of the product with the operator's overlays over them.

Whoever reads the control store reads it under this law: it travels with the connection, so that the
gate, a simulation and `policy decide` cannot disagree. Without a workspace the packs of the product
count.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from sqlalchemy import Connection, Engine

from audit.errors import BadInput
from policies.packs import packs
from policies.rules import Pack

if TYPE_CHECKING:
    from collections.abc import Callable

    from governance.settings import Settings
    from policies.decision import Question, Role

FOLDER: Final = "policies"
_OPTION: Final = "tagwarden_law"


@dataclass(frozen=True, slots=True, eq=False)
class Law:
    """Packs by regime, and what the shop is. One object is one law: it is compared by identity."""

    packs: Mapping[str, Pack]
    role: "Role | None" = None
    at: date | None = None

    def asked(self, question: "Question") -> "Question":
        """Return a question with what the workspace knows and it does not state."""
        if question.role is not None or self.role is None:
            return question
        return question.model_copy(update={"role": self.role})


@cache
def shipped() -> Law:
    """Return the law of the product, without a workspace."""
    return Law(packs())


def law_in(root: Path, settings: "Settings", at: date | None = None) -> Law:
    """Return the law of a workspace (on a date); raises BadInput with every problem of its overlays.

    The overlays are the files of the setting `policy.overlays`, a folder or one file; when nothing is
    set, of the folder `policies` in the workspace, if there is one.
    """
    from policies.overlays import read_overlays  # noqa: PLC0415  (most workspaces have none)

    role = cast("Role | None", settings.text("policy.role") or None)
    given = settings.text("policy.overlays")
    place = root / (given or FOLDER)
    if given and not place.exists():
        raise BadInput(
            "file-unreadable",
            "policy.overlays names a place that is not there",
            hint="correct the setting, or make the folder",
        )
    if not place.exists():
        return shipped() if role is None and at is None else Law(packs(at), role, at)
    return Law(read_overlays([place], packs(at)), role, at)


def reading_under(engine: Engine, law: "Callable[[], Law]") -> None:
    """Let every connection of an engine read under a law; it is made when it is first asked for."""
    engine.update_execution_options(**{_OPTION: law})


def law_over(connection: Connection) -> Law:
    """Return the law under which a connection reads."""
    found = connection.get_execution_options().get(_OPTION)
    return found() if found is not None else shipped()
