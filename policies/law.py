# SPDX-License-Identifier: Apache-2.0
"""A law: the packs that count together, with what an operator laid over them, and what the shop is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache

from policies.decision import Question, Role
from policies.packs import packs
from policies.rules import Pack


@dataclass(frozen=True, slots=True, eq=False)
class Law:
    """Packs by regime, and what the shop is. One object is one law: it is compared by identity."""

    packs: Mapping[str, Pack]
    role: Role | None = None
    at: date | None = None

    def asked(self, question: Question) -> Question:
        """Return a question with what the workspace knows and it does not state."""
        if question.role is not None or self.role is None:
            return question
        return question.model_copy(update={"role": self.role})


@cache
def shipped() -> Law:
    """Return the law of the product, without a workspace."""
    return Law(packs())
