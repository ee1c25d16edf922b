# SPDX-License-Identifier: Apache-2.0
"""A bias report of noised counts as one page: offline, printable, no scripts; all on it is in the document."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from audit.bias.noised_words import NEGATIVE, TITLE, counted, paid
from audit.bias.noised_words import say as sentence
from audit.bias.page import comparing, heading, identity, words_of
from audit.bias.page_parts import STYLE, interval, plain, sources
from audit.bias.page_words import say
from audit.bias.pictures import percent
from audit.bias.words import REASONS, chance, group_name, waived
from audit.html import whole


def page(documents: Sequence[Mapping[str, Any]], language: str) -> str:
    """Return the HTML of one report, or of several on one page, in a language (en or zh)."""
    body = "\n".join(
        part for one in documents for part in ("<article>", *_report(one, language), "</article>")
    )
    return whole(TITLE.of(language), STYLE, body, language)


def _report(document: Mapping[str, Any], language: str) -> Iterator[str]:
    yield from heading(document, language)
    for line in (counted(document["verdict"], language), *waived(document, language)):
        yield f"<p>{escape(line)}</p>"
    for comparison in document["comparisons"]:
        yield from comparing(document, _all_shown(comparison), language)
        yield from _table(comparison, words_of(language), language)
    yield f"<section><h3>{say('data', language)}</h3><ul>"
    yield from sources(document, language)
    yield f"</ul></section><section><h3>{say('limits', language)}</h3><ul>"
    for code in (*document["limits"], *document["omitted"]):
        yield f"<li>{escape(sentence(code, language))}</li>"
    yield f"</ul></section><section><h3>{say('protection', language)}</h3>"
    yield f"<p>{escape(paid(document['noise'], language))}</p>"
    yield f"<p>{escape(NEGATIVE.of(language))}</p></section>"
    yield from _identity(document, language)


def _all_shown(comparison: Mapping[str, Any]) -> dict[str, Any]:
    """Return a comparison as the pictures want it: nothing is hidden here."""
    shown = [{**group, "hidden": False} for group in comparison["groups"]]
    unknown = comparison["unknown"]
    return {
        **comparison,
        "groups": shown,
        "unknown": None if unknown is None else {**unknown, "hidden": False},
    }


def _table(comparison: Mapping[str, Any], words: Mapping[str, str], language: str) -> Iterator[str]:
    heads = ("group", "people", "tagged", "share", "ratio", "p", "detectable", "verdict")
    yield "<table><tr>"
    for code in heads:
        kind = "" if code in {"group", "verdict"} else ' class="n"'
        yield f"<th{kind}>{say(code, language)}</th>"
    yield "</tr>"
    unknown = comparison["unknown"]
    for group in (*comparison["groups"], *([unknown] if unknown else [])):
        name = words["unknown"] if group is unknown else group_name(group["labels"], language)
        cells = (
            f"{group['people']:,}<br>±{group['people_within']:,}",
            f"{group['tagged']:,}<br>±{group['tagged_within']:,}",
            interval(group["rate"], words, percent),
            interval(group["ratio_rest"], words, plain) if "ratio_rest" in group else "",
            escape(chance(group.get("p_difference"))),
            plain(group.get("detectable")),
        )
        numbers = "".join(f'<td class="n">{cell}</td>' for cell in cells)
        yield f"<tr><td>{escape(name)}</td>{numbers}<td>{REASONS[group['reason']].of(language)}</td></tr>"
    yield "</table>"


def _identity(document: Mapping[str, Any], language: str) -> Iterator[str]:
    noise = document["noise"]
    more = {
        "charge": f"{noise['charge']}, {noise['purpose']}",
        "noised": f"{noise['counts']}, {noise['digest']}",
        "program": document["identity"]["program"],
    }
    return identity(document, more, language)
