# SPDX-License-Identifier: Apache-2.0
"""The question that a tag puts to the law for one purpose: the same for gate, plan, lineage and lints."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, get_args

from policies.decision import Question, Recipient
from tagging.document import Tag

RECIPIENTS: Final = frozenset(get_args(Recipient))
_GATEWAY: Final = {
    "consent": "explicit_consent",
    "contract": "contract_necessity",
    "legal_obligation": "law",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What the answer to a tag depends on, so that it can be remembered. `basis` '': none claimed."""

    derivation: str
    sources: tuple[str, ...]
    asserts: tuple[str, ...]
    effect: str
    use: str
    recipients: tuple[str, ...]
    basis: str

    @classmethod
    def of(cls, tag: Tag, use: str, recipients: Iterable[str], basis: str) -> "Asked":
        """Return what a tag asks; `recipients` are those of the purpose, unknown ones are left out."""
        known = (recipients_of(tag) | set(recipients)) & RECIPIENTS
        return cls(
            tag.derivation,
            tag.sources,
            tag.asserts,
            tag.effect,
            use,
            tuple(sorted(known - {"none"} or {"none"})),
            basis,
        )

    def question(
        self, youngest: int | None = None, *, decided: str = "", role: str | None = None
    ) -> Question:
        """Return the question about people of an age (None: adults) who decided so: a field of it."""
        solely = self.effect != "none"
        return Question.model_validate(
            {
                "derivation": self.derivation,
                "sources": self.sources,
                "asserts": self.asserts,
                "purposes": [self.use],
                "automated": "solely" if solely else True,
                "effect": self.effect,
                "recipients": self.recipients,
                "subject_age": "adult" if youngest is None else youngest,
                "basis_claimed": self.basis or None,
                "art22_gateway": _GATEWAY.get(self.basis) if solely else None,
                "role": role,
            }
            | ({decided: True} if decided else {})
        )


def recipients_of(tag: Tag) -> set[str]:
    """Return who receives a tag by its own document."""
    given = tag.recipients
    return {given} if isinstance(given, str) else set(given)
