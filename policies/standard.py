# SPDX-License-Identifier: Apache-2.0
"""A fixed set of questions over which two packs are compared: every purpose with every kind of fact.

From one harmless question one or two facts are changed at a time. The set is the same for every pack,
so that a difference of answers is a difference of packs.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any, Final

from policies.decision import Question
from policies.packs import categories
from policies.vocabulary import Use

_BASE: Final[dict[str, Any]] = {
    "derivation": "inferred",
    "sources": ["user.behavior.purchase_history"],
    "asserts": ["user.demographic.profile"],
    "automated": True,
    "effect": "none",
    "recipients": ["none"],
    "subject_age": "adult",
}
_FACTS: Final[dict[str, dict[str, Any]]] = {
    **{f"age {age}": {"subject_age": age} for age in (10, 13, 14, 15, 16, 17)},
    **{
        f"recipients {name}": {"recipients": [name]}
        for name in (
            "third_party_ads",
            "processor",
            "group_company",
            "overseas_group_company",
            "overseas_recipient",
        )
    },
    **{
        f"basis {name}": {"basis_claimed": name}
        for name in ("consent", "contract", "legal_obligation", "legitimate_interest")
    },
    "solely automated, significant": {
        "automated": "solely",
        "effect": "legal_or_similarly_significant",
    },
    "by contract, solely automated, significant": {
        "automated": "solely",
        "effect": "legal_or_similarly_significant",
        "art22_gateway": "contract_necessity",
        "basis_claimed": "contract",
    },
    "with a law": {"authorising_law": "a law", "basis_claimed": "legal_obligation"},
    "needed for the service": {"service_conditional": True},
    "price, told": {
        "affects": ["price"],
        "same_goods_same_terms": True,
        "consumer_informed": True,
    },
    "price, secret": {
        "affects": ["price"],
        "same_goods_same_terms": True,
        "consumer_informed": False,
    },
    "harmful keyword": {"keyword_class": "harmful_information"},
    "opted out": {"opted_out": True},
    "opt-out signal": {"opt_out_signal": True},
    "online platform": {"role": "online_platform"},
    "not automated": {"automated": False},
    "in 2027": {"as_of": "2027-06-01"},
}


@cache
def standard_questions() -> tuple[tuple[str, Question], ...]:
    """Return the questions, each with a name that says what it asks."""
    return tuple(_questions())


def _questions() -> Iterator[tuple[str, Question]]:
    for use in map(str, Use):
        yield use, _question(use)
        for name, facts in _FACTS.items():
            yield f"{use}; {name}", _question(use, facts)
        for category in sorted(categories()):
            revealing = {"asserts": [category]}
            yield f"{use}; {category}", _question(use, revealing)
            yield f"{use}; {category}; age 13", _question(use, {**revealing, "subject_age": 13})
        for state in ("AT", "BE", "DE", "FR"):
            facts = {"subject_age": 14, "member_state": state, "basis_claimed": "consent"}
            yield f"{use}; age 14 in {state}", _question(use, facts)


def _question(use: str, facts: dict[str, Any] | None = None) -> Question:
    return Question.model_validate({**_BASE, **(facts or {}), "purposes": [use]})
