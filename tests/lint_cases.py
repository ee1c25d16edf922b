# SPDX-License-Identifier: Apache-2.0
"""Runs a lint on a stock tag with some parts replaced, as cases and manuals write them."""

from typing import Any

import yaml

from policies.document import parse_documents
from policies.law import Law
from policies.vocabulary import Use
from tagging import lints
from tagging.lints import Report

NAME = {"en": "What it is for", "zh": "用途"}
SAYS = {"en": "We use it as we say; it may set the price.", "zh": "用途如上所述，可能影响价格。"}
STOCK: dict[str, Any] = {
    "apiVersion": "tagwarden/v1",
    "kind": "Tag",
    "key": "interest.tea_lover",
    "name": {"en": "Tea lover", "zh": "茶叶爱好者"},
    "says": {
        "en": "bought tea in three orders or more within 30 days",
        "zh": "30天内至少在三笔订单中购买了茶叶",
    },
    "owner": "growth-team",
    "dimension": "interest",
    "derivation": "inferred",
    "sources": ["user.behavior.purchase_history"],
    "asserts": ["user.demographic.profile"],
    "purposes": ["first_party_recommendation"],
    "basis": {"gdpr": "legitimate_interest", "pipl_cn": "consent", "ccpa": "notice"},
    "ttl": "30d",
    "refresh": {"every": "1d", "on": ["purchase"]},
    "value": "orders(category = 'tea', days => 30) >= 3",
    "purge_on_withdrawal": "immediately",
}
FEATURE: dict[str, Any] = {
    "apiVersion": "tagwarden/v1",
    "kind": "Feature",
    "key": "orders.last_30_days",
    "name": {"en": "Orders within 30 days", "zh": "30天内的订单数"},
    "owner": "growth-team",
    "sources": ["user.behavior.purchase_history"],
    "value": "orders(days => 30)",
}
PURPOSE: dict[str, Any] = {
    "apiVersion": "tagwarden/v1",
    "kind": "Purpose",
    "name": NAME,
    "says": SAYS,
    "use": "first_party_recommendation",
    "personalised": True,
    "retention": "365d",
    "recipients": ["none"],
}


_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class _WrittenOut(_DUMPER):
    """Writes equal parts twice: documents of ours have no anchors."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True


def _text(*documents: dict[str, Any]) -> str:
    return yaml.dump_all(
        documents, Dumper=_WrittenOut, allow_unicode=True, sort_keys=False, width=10_000
    )


def report(
    tag: dict[str, Any],
    beside: list[dict[str, Any]] | None = None,
    law: Law | None = None,
) -> Report:
    """Return what all lints find in the stock tag with parts replaced, beside other documents."""
    given = [{"kind": "Tag", "key": STOCK["key"], **tag}, *(beside or [])]
    own = {str(item["key"]) for item in given if item["kind"] == "Purpose"}
    uses = [{"kind": "Purpose", "key": str(use), "use": str(use)} for use in Use]
    documents, states = [], {}
    for item in (*given, *(use for use in uses if use["key"] not in own)):
        whole = {**{"Tag": STOCK, "Feature": FEATURE, "Purpose": PURPOSE}[item["kind"]], **item}
        state = whole.pop("state", None)
        if state:
            states[whole["key"]] = state
        documents.append(whole)
    read = parse_documents(_text(*documents), "case.yaml")
    return lints.check_documents(read, states=states, law=law)


def place(tag: dict[str, Any], path: str) -> tuple[int, int]:
    """Return where a part of the stock tag with parts replaced stands, its path joined by `/`."""
    parts = [int(part) if part.isdigit() else part for part in path.split("/")]
    return parse_documents(_text({**STOCK, **tag}), "case.yaml")[0].place(parts)
