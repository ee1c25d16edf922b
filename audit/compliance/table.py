# SPDX-License-Identifier: Apache-2.0
"""Which row has which check. A row that is not here is for a person.

`WHOLE`: the check looks at all that the row asks of a workspace. `PART`: it looks at a part, so it can
find that the row is not met, and the rest is for a person.
"""

from collections.abc import Mapping
from typing import Final

from audit.compliance import checks, upkeep
from audit.compliance.checks import gate, requests
from audit.compliance.verdict import Check, Run, both

_GDPR_WHOLE: Final[Mapping[str, Run]] = {
    "GDPR-5-1-b": both(gate("purpose-not-declared", "unknown-purpose"), checks.purposes),
    "GDPR-5-1-e": checks.retention,
    "GDPR-5-2": upkeep.log,
    "GDPR-6-1": both(gate("no-basis-claimed", "wrong-basis", "gap"), checks.based),
    "GDPR-9": checks.sensitive,
    "GDPR-10": gate("prohibited"),
    "GDPR-12-3": requests(letters=("extension", "answer", "expired")),
    "GDPR-12-4": requests(letters=("refusal",), only_letters=True),
    "GDPR-17-1": both(requests("erase"), checks.erasures),
    "GDPR-17-3": checks.holds,
    "GDPR-21-1": both(gate("objected"), requests("object")),
    "GDPR-21-2": both(gate("objected"), requests("object")),
    "GDPR-22-1": checks.weighty(checks.weighty_gate),
    "GDPR-22-4": checks.weighty(checks.weighty_gate),
    "GDPR-30": checks.record,
}
_GDPR_PART: Final[Mapping[str, Run]] = {
    "GDPR-6-1-f": checks.assessed("balancing_test"),
    "GDPR-7-1": both(gate("no-consent", "consent-refused"), checks.consents, checks.consent_audit),
    "GDPR-7-3": gate("consent-withdrawn", "consent-expired"),
    "GDPR-8": checks.minors(),
    "GDPR-15": requests("package"),
    "GDPR-15-1-h": checks.weighty(requests("explain")),
    "GDPR-16": requests("correct", "contest"),
    "GDPR-18": both(gate("restricted", "tag-contested"), requests("restrict")),
    "GDPR-19": checks.recipients_told,
    "GDPR-20": requests("portable"),
    "GDPR-22-3": checks.weighty(),
    "GDPR-28": checks.recipients("controller.recipients", ("processor", "group_company")),
    "GDPR-32": upkeep.keys,
    "GDPR-35": checks.assessed("dpia"),
    "GDPR-44": checks.recipients(
        "controller.transfers", ("overseas_group_company", "overseas_recipient")
    ),
    "EU-DSA-26-3": checks.setting_is("policy.role", "own_shop", "platform.none"),
    "EU-DSA-28-2": checks.setting_is("policy.role", "own_shop", "platform.none"),
}
_PIPL_WHOLE: Final[Mapping[str, Run]] = {
    "CN-PIPL-13": both(gate("no-basis-claimed", "wrong-basis", "gap", "prohibited"), checks.based),
    "CN-PIPL-19": checks.retention,
    "CN-PIPL-24-2": gate("personalisation-off"),
    "CN-PIPL-47-1": both(checks.retention, checks.erasures),
    "CN-PIPL-47-2": checks.holds,
    "CN-ALGO-17-1": both(gate("personalisation-off"), requests("depersonalise")),
    "CN-ALGO-17-2": both(gate("tag-blocked"), requests("block", "unblock")),
    "CN-ALGO-18-MINOR-24": checks.minors(),
    "CN-NDSR-24": checks.erasures,
    "CN-NDSR-42": gate("personalisation-off", "tag-blocked"),
}
_PIPL_PART: Final[Mapping[str, Run]] = {
    "CN-PIPL-5-6": both(gate("purpose-not-declared", "unknown-purpose"), checks.purposes),
    "CN-PIPL-14": both(
        gate("no-consent", "consent-refused"), checks.consents, checks.consent_audit
    ),
    "CN-PIPL-15": gate("consent-withdrawn", "consent-expired"),
    "CN-PIPL-21": checks.recipients("controller.recipients", ("processor",)),
    "CN-PIPL-23": checks.recipients("controller.recipients", ("third_party_ads", "group_company")),
    "CN-PIPL-24-1": both(checks.audits, checks.prices),
    "CN-PIPL-24-3": checks.weighty(requests("explain")),
    "CN-PIPL-28-29": checks.sensitive,
    "CN-PIPL-31": checks.minors(bands=checks.CHILDREN),
    "CN-PIPL-38-39": checks.recipients(
        "controller.transfers", ("overseas_group_company", "overseas_recipient")
    ),
    "CN-PIPL-44-45": requests("package", "portable"),
    "CN-PIPL-46": requests("correct", "contest"),
    "CN-PIPL-48": requests("rules"),
    "CN-PIPL-50": requests(),
    "CN-PIPL-51": upkeep.keys,
    "CN-PIPL-54": checks.audited,
    "CN-PIPL-55": checks.assessed("pipia"),
    "CN-PIPL-69": upkeep.log,
    "CN-ALGO-7-8": both(checks.audits, upkeep.models),
    "CN-ALGO-17-3": checks.weighty(requests("explain")),
    "CN-ALGO-21": checks.prices,
}
_CCPA_WHOLE: Final[Mapping[str, Run]] = {
    "CA-100-a3": checks.retention,
    "CA-120-c": checks.minors(),
    "CA-7021-a": requests(letters=("acknowledgement",), only_letters=True),
    "CA-7021-b": requests(),
    "CA-7101": checks.kept_long,
    "CA-140-ae": checks.tested,
    "CA-140-v1K": checks.tested,
    "CA-7001-ddd-6": checks.tested,
}
_CCPA_PART: Final[Mapping[str, Run]] = {
    "CA-100-c": both(gate("purpose-not-declared", "unknown-purpose"), checks.purposes),
    "CA-105": both(requests("erase"), checks.erasures, checks.recipients_told),
    "CA-105-d": checks.holds,
    "CA-106": requests("correct", "contest"),
    "CA-110": requests("package", "portable", "categories"),
    "CA-120": both(gate("opted-out"), requests("opt-out"), checks.recipients_told),
    "CA-121": gate("limited"),
    "CA-135-b": gate("opted-out"),
    "CA-7027": both(gate("limited"), requests("limit"), checks.recipients_told),
    "CA-7050": checks.recipients("controller.recipients"),
    "CA-7150": checks.assessed("risk_assessment"),
    "CA-7155": checks.reviewed("risk_assessment"),
    "CA-7200": checks.weighty(),
    "CA-7220": checks.weighty(),
    "CA-7221": checks.weighty(
        both(gate("decisions-off"), requests("decisions-opt-out"), checks.recipients_told)
    ),
    "CA-7222": checks.weighty(),
}

CHECKS: Final[Mapping[str, Check]] = {
    row: Check(run, whole)
    for whole, some in (
        (True, (_GDPR_WHOLE, _PIPL_WHOLE, _CCPA_WHOLE)),
        (False, (_GDPR_PART, _PIPL_PART, _CCPA_PART)),
    )
    for rows in some
    for row, run in rows.items()
}
"""Id of an obligation → its check."""
