# SPDX-License-Identifier: Apache-2.0
"""A price report as one page: offline, printable, no scripts; everything on it is in the document."""

from collections.abc import Iterator, Mapping
from functools import partial
from html import escape
from typing import Any, Final

from audit import canon
from audit.bias.page_parts import STYLE, counted_by, facts, made_by, sources, verdict_box
from audit.bias.page_words import say as said
from audit.bias.pictures import COLOURS, effects
from audit.bias.price_words import (
    as_of,
    bare,
    called,
    group_of,
    notes,
    outcome,
    part_head,
    part_verdict,
    say,
    signed,
    verdict,
)
from audit.bias.words import REASONS, STATUS
from audit.html import whole
from audit.words import capital, colon, semicolon

_HEADS: Final = ("group", "people", "effect", "raw", "covered", "verdict")


def page(document: Mapping[str, Any], language: str) -> str:
    """Return the HTML of a report in a language (en or zh)."""
    by = called(document, "attribute", document["identity"]["by"], language)
    title = say("title", language, by=by)
    body = "\n".join(_body(document, language))
    return whole(title, STYLE, body, language)


def _body(document: Mapping[str, Any], language: str) -> Iterator[str]:
    yield verdict_box(document["verdict"]["status"], verdict(document, language), language)
    for part in document["parts"]:
        words = {code: text.of(language) for code, text in STATUS.items()}
        words["hidden"] = REASONS["hidden"].of(language)
        status = part["status"]
        yield f"<section><h3>{escape(capital(part_head(document, part, language)))}</h3>"
        yield (
            f'<p><strong style="color:{COLOURS[status]}">{words[status]}</strong>{colon(language)}'
            f"{escape(part_verdict(document, part, language))}</p>"
        )
        groups = [{**one, "group": group_of(one, language)} for one in part["groups"]]
        yield effects(
            {**part, "groups": groups}, words, partial(signed, kind=part["kind"], language=language)
        )
        yield f'<p class="quiet">{escape(say("how." + _side(part), language))}</p></section>'
        yield from _table(part, document, language)
    found = document["identity"]
    lines = say("lines", language, lines=found["lines"], alone=found["lines_alone"])
    yield f"<section><h3>{said('data', language)}</h3><ul><li>{escape(lines)}</li>"
    yield from sources(document, language)
    yield f"</ul></section><section><h3>{said('limits', language)}</h3><ul>"
    yield from (f"<li>{escape(line)}</li>" for line in notes(document, language))
    yield "</ul></section>"
    yield from facts(_identity(document), say("signed", language), language)


def _side(part: Mapping[str, Any]) -> str:
    return "low" if part["low_is_harm"] else "high"


def _table(part: Mapping[str, Any], document: Mapping[str, Any], language: str) -> Iterator[str]:
    yield "<table><tr>"
    for code in _HEADS:
        kind = "" if code in {"group", "verdict"} else ' class="n"'
        yield f"<th{kind}>{escape(say('head.' + code, language))}</th>"
    yield "</tr>"
    for group in part["groups"]:
        told = outcome(group, language)
        name = escape(group_of(group, language))
        if group["hidden"] or group["effect"]["value"] is None:
            yield (
                f'<tr><td>{name}</td><td class="n quiet" colspan="4"></td>'
                f"<td>{escape(semicolon(language).join(told.values()))}</td></tr>"
            )
            continue
        effect = group["effect"]
        low, high = ("–" if effect[end] is None else bare(effect[end]) for end in ("low", "high"))
        cells = (
            f"{group['people']:,}",
            f"{signed(effect['value'], part['kind'], language)}<br>[{low},&nbsp;{high}]",
            signed(group["raw"], part["kind"], language),
            f"{float(group['covered']) * 100:.0f} %",
        )
        numbers = "".join(f'<td class="n">{cell}</td>' for cell in cells)
        yield (
            f"<tr><td>{name}</td>{numbers}"
            f"<td>{escape(semicolon(language).join(told.values()))}</td></tr>"
        )
        if dated := as_of(group, document, language):
            yield f'<tr><td></td><td class="quiet" colspan="5">{escape(dated)}</td></tr>'
    if part["unknown"]:
        text = escape(say("unknown", language, people=part["unknown"]))
        yield f'<tr><td class="quiet" colspan="6">{text}</td></tr>'
    yield "</table>"


def _identity(document: Mapping[str, Any]) -> dict[str, str]:
    found = document["identity"]
    return {
        "window": f"{found['since']}, {found['until']}",
        **made_by(document),
        **counted_by(document),
        "digest": canon.digest(document),
    }
