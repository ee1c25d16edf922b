# SPDX-License-Identifier: Apache-2.0
"""How a kept report is given: as lines, as a page, or as the bytes that its digest is over."""

from collections.abc import Iterator, Sequence

from audit import canon
from audit.bias import leak_report, page, price_page, price_words, words
from governance.auditing.kept import LEAK, PRICE, Kept


def written(made: Sequence[Kept], suffix: str, language: str) -> bytes:
    """Return what is written to a file for `.html` or `.json`; several reports make one document."""
    if suffix == ".html" and made[0].kind == LEAK:
        return leak_report.page(made[0].document, language).encode()
    if suffix == ".html" and made[0].kind == PRICE:
        return price_page.page(made[0].document, language).encode()
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
    if one.kind == LEAK:
        yield from leak_report.sentences(one.document, language)
    elif one.kind == PRICE:
        yield from price_words.sentences(one.document, language)
    else:
        yield from words.sentences(one.document, language)
    yield f"{one.name}  sha256 {one.digest}"
