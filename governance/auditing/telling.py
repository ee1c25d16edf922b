# SPDX-License-Identifier: Apache-2.0
"""How a kept report is given: as lines, as a page, or as the bytes that its digest is over."""

from collections.abc import Iterator, Sequence
from typing import Final

from audit import canon
from audit.bias import leak_report, page, words
from audit.compliance import page as compliance_page
from audit.compliance import words as compliance_words
from governance.auditing.kept import COMPLIANCE, LEAK, Kept


def written(made: Sequence[Kept], suffix: str, language: str) -> bytes:
    """Return what is written to a file for `.html` or `.json`; several reports make one document."""
    if suffix == ".html" and made[0].kind == LEAK:
        return leak_report.page(made[0].document, language).encode()
    if suffix == ".html" and made[0].kind == COMPLIANCE:
        return compliance_page.page(made[0].document, language).encode()
    if suffix == ".html":
        return page.page([one.document for one in made], language).encode()
    if len(made) == 1:
        return made[0].bytes
    whole = {
        "apiVersion": "tagwarden/v1",
        "kind": "BiasReports",
        "reports": [dict(one.document) for one in made],
    }
    return canon.canonical(whole)


def lines(one: Kept, language: str) -> Iterator[str]:
    """Yield a report in sentences, its name and its digest last."""
    told = _SENTENCES.get(one.kind, words.sentences)
    yield from told(one.document, language)
    yield f"{one.name}  sha256 {one.digest}"


_SENTENCES: Final = {LEAK: leak_report.sentences, COMPLIANCE: compliance_words.sentences}
