# SPDX-License-Identifier: Apache-2.0
"""Parts that the pages of audits of tags share: their style, the verdict, the sources, what was audited."""

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any, Final

from audit.bias.page_words import say
from audit.bias.pictures import COLOURS
from audit.bias.words import STATUS
from audit.words import capital, colon, name_of, semicolon, with_code

STYLE: Final = (
    "body{font:16px/1.5 system-ui,'Noto Sans CJK SC',sans-serif;max-width:62rem;margin:2rem auto;padding:0 "
    "1rem;color:#1b1b1b;background:#fff}h1{font-size:1.6rem}h2{font-size:1.35rem;margin-top:3rem}"
    "h3{font-size:1.05rem;margin:2rem 0 .4rem;break-after:avoid}svg{max-width:100%;height:auto;display:block}"
    "table{border-collapse:collapse;margin:.6rem 0;font-size:.9rem}td,th{padding:.2rem .9rem .2rem 0;"
    "text-align:left;vertical-align:top;border-bottom:1px solid #ddd}td.n,th.n{text-align:right}"
    ".quiet{color:#555;font-size:.9rem}.code{font-family:ui-monospace,monospace;font-size:.8rem;"
    "overflow-wrap:anywhere}.verdict{border-left:.5rem solid;padding:.4rem 1rem;margin:1rem 0;"
    "background:#f6f6f6}section{break-inside:avoid}article+article{break-before:page}"
    "@page{margin:15mm}@media print{body{margin:0;max-width:none;font-size:13px}}"
)


def verdict_box(status: str, told: str, language: str) -> str:
    """Return the box at the head of a page: the verdict as a word, and the sentence on it."""
    return (
        f'<div class="verdict" style="border-color:{COLOURS[status]}">'
        f"<strong>{capital(STATUS[status].of(language))}</strong><br>{escape(told)}</div>"
    )


def sources(document: Mapping[str, Any], language: str) -> Iterator[str]:
    """Yield where each attribute comes from, on which basis it was opened, and for how many it was not."""
    for source in document["sources"]:
        attribute, basis = source["attribute"], source["basis"]
        parts = [
            say(
                "source",
                language,
                attribute=capital(with_code(document, "attribute", attribute, language)),
                origin=name_of(document, "category", source["origin"], language),
                opening=name_of(document, "opening", basis, language),
            )
        ]
        parts += [
            say(f"source.{what}", language, people=source[what])
            for what in ("consents", "closed")
            if source.get(what) is not None
        ]
        yield f"<li>{escape(('' if language == 'zh' else ' ').join(parts))}</li>"


def facts(rows: Mapping[str, str], signed: str, language: str) -> Iterator[str]:
    """Yield what a report is and by what it judges, where its digest stands, and where to sign."""
    yield f"<section><h3>{say('identity', language)}</h3><table>"
    for code, value in rows.items():
        if value:
            kind = "" if code in _IN_WORDS else ' class="code"'
            yield f"<tr><td>{say(f'id.{code}', language)}</td><td{kind}>{escape(str(value))}</td></tr>"
    yield f'</table><p class="quiet">{escape(signed)}</p>'
    yield f"<p>{say('sign.here', language)}</p></section>"


def made_by(document: Mapping[str, Any]) -> dict[str, str]:
    """Return the rows of the identity that say when a report was made, by whom and by which policy."""
    found = document["identity"]
    policy = found["policy"]
    return {
        "made": found["made"],
        "auditor": found["auditor"],
        "policy": f"{policy['key']}, {policy['version']}, {policy['digest']}",
    }


def counted_by(document: Mapping[str, Any]) -> dict[str, str]:
    """Return the rows of the identity that say from which counts a report is, and by which program."""
    found = document["identity"]
    return {"counts": found["counts"], "program": f"{found['program']}, {found['seed']}"}


_IN_WORDS: Final = frozenset({"owner", "purposes", "basis", "floor", "leak"})
"""Rows of the identity that are no codes."""


def bases(document: Mapping[str, Any], found: Mapping[str, str], language: str) -> str:
    """Return the legal basis by law, in words."""
    return semicolon(language).join(
        name_of(document, "regime", regime, language)
        + colon(language)
        + name_of(document, "basis", basis, language)
        for regime, basis in found.items()
    )


def interval(found: Mapping[str, Any], words: Mapping[str, str], form: Any) -> str:
    """Return a figure with its interval, as it stands in a table; `form` writes one number."""
    if found["value"] is None:
        return words["undefined"]
    if found["low"] is None:
        return str(form(found["value"]))
    low, high = (str(form(found[end])).removesuffix(" %") for end in ("low", "high"))
    return f"{form(found['value'])}<br>[{low},&nbsp;{high}]"


def plain(figure: str | None) -> str:
    """Return a figure to two digits."""
    return "" if figure is None else "∞" if figure == "inf" else f"{float(figure):.2f}"
