# SPDX-License-Identifier: Apache-2.0
"""How a kept report is given: as lines, as a page, or as the bytes that its digest is over."""

from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Final

from audit import canon
from audit.bias.breaches import breaches
from governance.auditing.kept import BIAS, Kept

_TOLD: Final = {
    "BiasReport": ("audit.bias.page", "audit.bias.words"),
    "NoisedBiasReport": ("audit.bias.noised_page", "audit.bias.noised_words"),
    "LeakReport": ("audit.bias.leak_page", "audit.bias.leak_words"),
    "PriceReport": ("audit.bias.price_page", "audit.bias.price_words"),
    "ConsentReport": ("audit.consent.page", "audit.consent.words"),
    "ComplianceReport": ("audit.compliance.page", "audit.compliance.words"),
}
"""Which modules have the page and the sentences of a document; loaded when they are asked for."""


def written(made: Sequence[Kept], suffix: str, language: str) -> bytes:
    """Return what is written to a file for `.html` or `.json`; several reports make one document."""
    documents = [one.document for one in made]
    if suffix == ".html":
        pages = import_module(_TOLD[documents[0]["kind"]][0])
        whole: str = pages.page(documents if made[0].kind == BIAS else documents[0], language)
        return whole.encode()
    if len(made) == 1:
        return made[0].bytes
    together = {"apiVersion": "tagwarden/v1", "kind": "BiasReports"}
    return canon.canonical({**together, "reports": [dict(one) for one in documents]})


def lines(one: Kept, language: str) -> Iterator[str]:
    """Yield a report in sentences, then its findings by name, its own name and its digest last."""
    said = import_module(_TOLD[one.document["kind"]][1])
    yield from said.sentences(one.document, language)
    for found in breaches(one.document) if one.kind == BIAS else ():
        yield f"{found.name}  {found.group}"
    yield f"{one.name}  sha256 {one.digest}"
