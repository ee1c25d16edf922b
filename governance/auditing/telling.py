# SPDX-License-Identifier: Apache-2.0
"""How a kept report is given: as lines, as a page, or as the bytes that its digest is over."""

from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Final

from audit import canon
from audit.bias.breaches import breaches
from governance.auditing.kept import BIAS, COMPLIANCE, CONSENT, LEAK, PRICE, Kept

_TOLD: Final = {
    BIAS: ("audit.bias.page", "audit.bias.words"),
    LEAK: ("audit.bias.leak_report", "audit.bias.leak_report"),
    PRICE: ("audit.bias.price_page", "audit.bias.price_words"),
    CONSENT: ("audit.consent.page", "audit.consent.words"),
    COMPLIANCE: ("audit.compliance.page", "audit.compliance.words"),
}
"""Which modules have the page and the sentences of a kind; loaded when they are asked for."""


def written(made: Sequence[Kept], suffix: str, language: str) -> bytes:
    """Return what is written to a file for `.html` or `.json`; several reports make one document."""
    documents = [one.document for one in made]
    if suffix == ".html":
        kind = made[0].kind
        whole: str = import_module(_TOLD[kind][0]).page(
            documents if kind == BIAS else documents[0], language
        )
        return whole.encode()
    if len(made) == 1:
        return made[0].bytes
    together = {"apiVersion": "tagwarden/v1", "kind": "BiasReports"}
    return canon.canonical({**together, "reports": [dict(one) for one in documents]})


def lines(one: Kept, language: str) -> Iterator[str]:
    """Yield a report in sentences, then its findings by name, its own name and its digest last."""
    yield from import_module(_TOLD[one.kind][1]).sentences(one.document, language)
    for found in breaches(one.document) if one.kind == BIAS else ():
        yield f"{found.name}  {found.group}"
    yield f"{one.name}  sha256 {one.digest}"
