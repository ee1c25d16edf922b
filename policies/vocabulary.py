# SPDX-License-Identifier: Apache-2.0
"""The words of the policy: codes that questions, answers, consents and choices are made of.

Codes are stable and never reused; what people read (English, Chinese) is data in
`library/labels.yaml`. Which kind of consent satisfies which need is decided here and nowhere else.
"""

from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Final

from policies.document import parse_documents


class Regime(StrEnum):
    """A body of law that a person lives under."""

    GDPR = "gdpr"
    PIPL_CN = "pipl_cn"
    CCPA = "ccpa"


class Companion(StrEnum):
    """A law that applies together with a regime, and can be asked alone."""

    EU_DSA = "eu_dsa"
    EU_EPRIVACY = "eu_eprivacy"
    EU_CONSUMER = "eu_consumer"
    EU_AI_ACT = "eu_ai_act"


class Use(StrEnum):
    """What data are used for, in the words in which the law is asked."""

    MARKETING = "first_party_personalised_marketing"
    RECOMMENDATION = "first_party_recommendation"
    ADVERTISING = "cross_context_advertising"
    PRICING = "pricing"
    CREDIT = "credit_decision"
    SCREENING = "customer_screening"
    FULFILMENT = "order_fulfilment"
    AUTHENTICATION = "authentication"
    DISPLAY = "service_display"
    FRAUD = "fraud_prevention"
    ANALYTICS = "analytics"


class Verdict(StrEnum):
    """What the law answers. A gap is never treated as allowed."""

    ALLOWED = "allowed"
    NEEDS_CONSENT = "needs_consent"
    GAP = "gap"
    PROHIBITED = "prohibited"


class Consent(StrEnum):
    """A kind of consent that an answer asks for."""

    NONE = "none"
    ORDINARY = "ordinary"
    OPT_IN = "opt_in"
    SEPARATE = "separate"
    EXPLICIT = "explicit"
    GUARDIAN = "guardian"


class Kind(StrEnum):
    """A kind of consent that a person, or a child's guardian, gives."""

    ORDINARY = "ordinary"
    EXPLICIT = "explicit"
    SEPARATE = "separate"
    GUARDIAN = "guardian"


class State(StrEnum):
    """What a person said about a purpose."""

    GIVEN = "given"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class Choice(StrEnum):
    """What a person decides about the use of their data."""

    OBJECT = "object"
    RESTRICT = "restrict"
    OPT_OUT = "opt-out"
    LIMIT = "limit"
    ADMT_OPT_OUT = "admt-opt-out"
    BLOCK = "block-tag"
    CONTEST = "contest-tag"
    DEPERSONALISE = "depersonalise"


class Reason(StrEnum):
    """Why the gate stops a tag for a person, in the order in which reasons are given."""

    RESTRICTED = "restricted"
    TAG_BLOCKED = "tag-blocked"
    TAG_CONTESTED = "tag-contested"
    UNKNOWN_PURPOSE = "unknown-purpose"
    PURPOSE_NOT_DECLARED = "purpose-not-declared"
    NO_BASIS = "no-basis-claimed"
    WRONG_BASIS = "wrong-basis"
    MINOR = "minor"
    PROHIBITED = "prohibited"
    GAP = "gap"
    ASSESSMENT_MISSING = "assessment-missing"
    OPTED_OUT = "opted-out"
    LIMITED = "limited"
    DECISIONS_OFF = "decisions-off"
    OBJECTED = "objected"
    PERSONALISATION_OFF = "personalisation-off"
    CONSENT_WITHDRAWN = "consent-withdrawn"
    CONSENT_REFUSED = "consent-refused"
    CONSENT_EXPIRED = "consent-expired"
    NO_CONSENT = "no-consent"


AGE_BANDS: Final[Mapping[str, int | None]] = {
    "0-12": 0,
    "13": 13,
    "14-15": 14,
    "16-17": 16,
    "18+": None,
    "unknown": None,
}
"""Age bands, each with the youngest age in it; None is an adult. Unknown is treated as adult."""

DUTIES: Final = (
    "notice",
    "notice_in_child_language",
    "notice_at_collection",
    "notice_at_collection_spi",
    "sensitive_notice",
    "recipient_notice",
    "overseas_recipient_notice",
    "balancing_test",
    "right_to_object_direct_marketing",
    "art9_condition_recorded",
    "specific_purpose_and_strict_protection",
    "dpia",
    "pipia",
    "risk_assessment",
    "record_3_years",
    "right_to_limit",
    "do_not_sell_or_share_link",
    "honour_opt_out_signal",
    "third_party_contract",
    "transfer_mechanism_or_exemption",
    "non_personal_option_or_refusal",
    "user_can_delete_tag",
    "reject_tag_at_creation",
    "make_field_optional",
    "no_automated_marketing_to_minors",
    "reasonable_verification_of_guardian",
    "documented_parent_verification",
    "opt_in_by_parent",
    "opt_in_by_teen",
    "human_intervention",
    "express_view",
    "contest",
    "meaningful_logic_explanation",
    "explanation_on_request",
    "right_to_refuse_solely_automated",
    "admt_pre_use_notice",
    "admt_opt_out_or_human_appeal",
    "admt_access",
)
"""Duty codes, in the order in which an answer lists them."""

_ADULT_KINDS = frozenset({Kind.ORDINARY, Kind.EXPLICIT, Kind.SEPARATE})
_SUFFICIENT: Mapping[Consent, frozenset[Kind]] = {
    Consent.ORDINARY: _ADULT_KINDS,
    Consent.EXPLICIT: frozenset({Kind.EXPLICIT}),
    Consent.SEPARATE: frozenset({Kind.SEPARATE}),
    Consent.GUARDIAN: frozenset({Kind.GUARDIAN}),
}


def sufficient(need: Consent, youngest: int | None = None) -> frozenset[Kind]:
    """Return the kinds of given consent that satisfy a need; none satisfies `none`.

    An explicit or separate consent is also an ordinary one. An explicit consent is not a separate
    one, nor the other way round, and a guardian's stands for nothing else (CA-120-c: below 13 the
    parent opts in, from 13 on the teenager).
    """
    if need is Consent.OPT_IN:
        young = youngest is not None and youngest < 13
        return frozenset({Kind.GUARDIAN}) if young else _ADULT_KINDS
    return _SUFFICIENT.get(need, frozenset())


def codes(group: str) -> tuple[str, ...]:
    """Return the codes of a group of labels, in order."""
    return tuple(_labels()[group])


def label(group: str, code: str, language: str = "en") -> str:
    """Return what people read for a code of a group of labels; the code itself when none is known."""
    words = _labels().get(group, {}).get(code, {})
    return words.get("zh" if language == "zh" else "en", code)


@cache
def _labels() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    data = (files("policies") / "library" / "labels.yaml").read_bytes()
    found: Mapping[str, Mapping[str, Mapping[str, str]]] = parse_documents(data, "labels.yaml")[
        0
    ].value["labels"]
    return found
