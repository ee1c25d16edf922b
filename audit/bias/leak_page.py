# SPDX-License-Identifier: Apache-2.0
"""A leak report as one page: offline, printable, no scripts; everything on it is in the document."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any, Final

from audit import canon
from audit.bias.leak_pictures import Bar, bars, points
from audit.bias.leak_words import bits_told, rest, say, verdict
from audit.bias.page_parts import STYLE, counted_by, facts, made_by, sources, verdict_box
from audit.bias.page_words import say as of_page
from audit.bias.words import group_name
from audit.html import whole
from audit.words import name_of

FIRST: Final = 12
"""Tags that are shown, when fewer are over the limit; a picture has no more than twice as many."""


def page(document: Mapping[str, Any], language: str) -> str:
    """Return the HTML of a report in a language (en or zh)."""
    attribute = name_of(document, "attribute", document["identity"]["attribute"], language)
    title = say("title", language, attribute=attribute)
    return whole(title, STYLE, "\n".join(_body(document, language)), language)


def _body(document: Mapping[str, Any], language: str) -> Iterator[str]:
    yield verdict_box(document["verdict"]["status"], verdict(document, language), language)
    yield from _sets(document, language)
    yield from _tags(document, language)
    yield from _pairs(document, language)
    yield f"<section><h3>{of_page('data', language)}</h3><ul>"
    if document.get("sources"):
        yield from sources(document, language)
    people = say("people", language, people=document["verdict"]["people"])
    yield f"<li>{escape(people)}</li></ul></section>"
    yield f"<section><h3>{of_page('limits', language)}</h3><ul>"
    yield from (f"<li>{escape(say(code, language))}</li>" for code in ("bit", "note", "model"))
    yield "</ul></section>"
    yield from facts(_identity(document), say("signed", language), language)


def _sets(document: Mapping[str, Any], language: str) -> Iterator[str]:
    limit = document["identity"]["policy"]["auc"]
    rows = [
        (group_name([one["value"]], language), one, _judged(one, language))
        for one in document["sets"]
    ]
    yield f"<section><h3>{say('sets', language)}</h3>{points(rows, float(limit))}"
    yield f'<p class="quiet">{escape(say("sets.how", language, limit=limit))}</p></section>'
    cells = [
        (
            escape(name),
            f"{one['auc']}<br>[{one['low']},&nbsp;{one['high']}]" if one["auc"] else "",
            said,
        )
        for name, one, said in rows
    ]
    yield from _table(("group", "auc", "verdict"), cells, language)


def _judged(one: Mapping[str, Any], language: str) -> str:
    if one["auc"] is None:
        return say("unjudged", language)
    return say("over" if one["over"] else "inside", language)


def _tags(document: Mapping[str, Any], language: str) -> Iterator[str]:
    limit, tags = document["identity"]["policy"]["tag_bits"], document["tags"]
    if not tags:
        return
    over = sum(tag["over"] for tag in tags)
    told = [(tag, bits_told(tag, limit, over=tag["over"])) for tag in tags]
    told.sort(key=lambda one: (not one[0]["over"], one[1] is None))  # else as in the report
    shown = told[: max(over, FIRST)]
    drawn = [
        Bar(name_of(document, "tag", tag["tag"], language), bits, tag["over"])
        for tag, bits in shown[: 2 * FIRST]
    ]
    words = {code: say(code, language) for code in ("over", "inside", "untold")}
    yield f"<section><h3>{say('tags', language)}</h3>{bars(drawn, float(limit), words)}"
    how = [say("tags.how", language, limit=limit)]
    if len(shown) < len(tags):
        how.append(say("tags.first", language, shown=len(shown), count=len(tags)))
    how.append(rest(len(tags) - over, language))
    said = ("" if language == "zh" else " ").join(part for part in how if part)
    yield f'<p class="quiet">{escape(said)}</p></section>'
    cells = [
        (
            _called(document, tag["tag"], language),
            bits or f'<span class="quiet">{words["untold"]}</span>',
            words["over" if tag["over"] else "inside"],
        )
        for tag, bits in shown
    ]
    yield from _table(("tag", "bits", "verdict"), cells, language)


def _pairs(document: Mapping[str, Any], language: str) -> Iterator[str]:
    limit = document["identity"]["policy"]["pair_bits"]
    how = say("pairs.how" if document["pairs"] else "pairs.none", language, limit=limit)
    yield f"<section><h3>{say('pairs', language)}</h3>"
    yield f'<p class="quiet">{escape(how)}</p></section>'
    cells = [
        (
            "<br>".join(_called(document, pair[end], language) for end in ("first", "second")),
            bits_told(pair, limit, over=True)
            or f'<span class="quiet">{say("untold", language)}</span>',
            say("over", language),
        )
        for pair in document["pairs"]
    ]
    if cells:
        yield from _table(("both", "bits", "verdict"), cells, language)


def _called(document: Mapping[str, Any], key: str, language: str) -> str:
    name = name_of(document, "tag", key, language)
    code = f'<span class="code">{escape(key)}</span>'
    return code if name == key else f"{escape(name)} {code}"


def _table(
    heads: Sequence[str], rows: Sequence[tuple[str, str, str]], language: str
) -> Iterator[str]:
    """Yield a table of three columns, whose cells are ready for HTML."""
    yield "<table><tr>"
    for n, code in enumerate(heads):
        kind = ' class="n"' if n == 1 else ""
        yield f"<th{kind}>{say(f'head.{code}', language)}</th>"
    yield "</tr>"
    for name, figure, said in rows:
        yield f'<tr><td>{name}</td><td class="n">{figure}</td><td>{said}</td></tr>'
    yield "</table>"


def _identity(document: Mapping[str, Any]) -> dict[str, str]:
    policy = document["identity"]["policy"]
    return {
        **made_by(document),
        "leak": f"{policy['tag_bits']}, {policy['pair_bits']}, {policy['auc']}",
        **counted_by(document),
        "digest": canon.digest(document),
    }
