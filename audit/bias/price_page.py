# SPDX-License-Identifier: Apache-2.0
"""A price report as one page: offline, printable, no scripts; everything on it is in the document."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from html import escape
from typing import Any, Final

from audit import canon
from audit.bias.page_parts import STYLE
from audit.bias.page_words import say as said
from audit.bias.pictures import COLOURS, effects
from audit.bias.price_words import as_of, joined, notes, outcome, part_line, say, signed, verdict
from audit.bias.words import REASONS, STATUS
from audit.html import whole

_HEADS: Final = ("group", "people", "effect", "raw", "covered", "verdict")


def page(document: Mapping[str, Any], language: str) -> str:
    """Return the HTML of a report in a language (en or zh)."""
    title = say("title", language, by=joined(document["identity"]["by"], language))
    body = "\n".join(_body(document, language))
    return whole(title, STYLE, body, language)


def _body(document: Mapping[str, Any], language: str) -> Iterator[str]:
    status = document["verdict"]["status"]
    yield (
        f'<div class="verdict" style="border-color:{COLOURS[status]}">'
        f"<strong>{STATUS[status].of(language)}</strong><br>{escape(verdict(document, language))}</div>"
    )
    for part in document["parts"]:
        yield f"<section><h3>{escape(part_line(part, language))}</h3>"
        words = {code: text.of(language) for code, text in STATUS.items()}
        words["hidden"] = REASONS["hidden"].of(language)
        yield effects(part, words, partial(signed, kind=part["kind"], language=language))
        yield f'<p class="quiet">{escape(say("how." + _side(part), language))}</p></section>'
        yield from _table(part, document, language)
    yield f"<section><h3>{said('limits', language)}</h3><ul>"
    yield from (f"<li>{escape(line)}</li>" for line in notes(document, language))
    yield "</ul></section>"
    yield from _sources(document["sources"], language)
    yield from _identity(document, language)


def _side(part: Mapping[str, Any]) -> str:
    return "low" if part["low_is_harm"] else "high"


def _table(part: Mapping[str, Any], document: Mapping[str, Any], language: str) -> Iterator[str]:
    yield "<table><tr>"
    yield from (f"<th>{escape(say('head.' + code, language))}</th>" for code in _HEADS)
    yield "</tr>"
    for group in part["groups"]:
        told = outcome(group, language)
        name = escape(group["group"])
        if group["hidden"] or group["effect"]["value"] is None:
            yield (
                f'<tr><td>{name}</td><td class="n quiet" colspan="4"></td>'
                f"<td>{escape(told['status'])}; {escape(told['reason'])}</td></tr>"
            )
            continue
        effect = [signed(group["effect"][end], part["kind"], language) for end in _ENDS]
        cells = (
            f"{group['people']:,}",
            f"{effect[0]}<br>[{effect[1]}, {effect[2]}]",
            signed(group["raw"], part["kind"], language),
            f"{float(group['covered']) * 100:.0f} %",
        )
        numbers = "".join(f'<td class="n">{cell}</td>' for cell in cells)
        yield (
            f"<tr><td>{name}</td>{numbers}"
            f"<td>{escape(told['status'])}; {escape(told['reason'])}</td></tr>"
        )
        if dated := as_of(group, document, language):
            yield f'<tr><td></td><td class="quiet" colspan="5">{escape(dated)}</td></tr>'
    if part["unknown"]:
        text = escape(say("unknown", language, people=f"{part['unknown']:,}"))
        yield f'<tr><td class="quiet" colspan="6">{text}</td></tr>'
    yield "</table>"


_ENDS: Final = ("value", "low", "high")


def _sources(sources: Sequence[Mapping[str, Any]], language: str) -> Iterator[str]:
    yield f"<section><h3>{said('data', language)}</h3><ul>"
    for source in sources:
        yield f"<li>{escape(said('source', language, **source))}</li>"
    yield "</ul></section>"


def _identity(document: Mapping[str, Any], language: str) -> Iterator[str]:
    found = document["identity"]
    policy = found["policy"]
    rows = {
        "window": f"{found['since']}, {found['until']}",
        "made": found["made"],
        "auditor": found["auditor"],
        "policy": f"{policy['key']}, {policy['version']}, {policy['digest']}",
        "counts": found["counts"],
        "program": f"{found['program']}, {found['seed']}",
        "digest": canon.digest(document),
    }
    yield f"<section><h3>{said('identity', language)}</h3><table>"
    lines = say("lines", language, lines=f"{found['lines']:,}", alone=f"{found['lines_alone']:,}")
    yield f'<tr><td colspan="2">{escape(lines)}</td></tr>'
    for code, value in rows.items():
        label = said(f"id.{code}", language)
        yield f'<tr><td>{label}</td><td class="code">{escape(str(value))}</td></tr>'
    yield f'</table><p class="quiet">{escape(say("signed", language))}</p>'
    yield f"<p>{said('sign.here', language)}</p></section>"
