# SPDX-License-Identifier: Apache-2.0
"""A compliance report as one page: offline, printable, no scripts; everything on it is in the document."""

import re
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any, Final

from audit import canon
from audit.compliance.page_words import FIGURES, KINDS, say
from audit.compliance.words import LIMITS, REGIME, STATUS, sentence
from audit.html import whole

COLOURS: Final = {"not_met": "#d55e00", "needs_a_person": "#777777", "met": "#0072b2"}
"""Told apart by people who do not see all colours; the status stands beside each as a word."""
_FEW: Final = 3
_CODE: Final = re.compile("`([^`]+)`")
_STYLE: Final = (
    "body{font:15px/1.5 system-ui,'Noto Sans CJK SC',sans-serif;max-width:70rem;margin:2rem auto;padding:0 "
    "1rem;color:#1b1b1b;background:#fff}h1{font-size:1.6rem}h2{font-size:1.15rem;margin:2rem 0 .3rem;"
    "break-after:avoid}table{border-collapse:collapse;width:100%;font-size:.88rem}td,th{padding:.35rem .8rem "
    ".35rem 0;text-align:left;vertical-align:top;border-bottom:1px solid #ddd}td p{margin:0 0 .3rem}"
    ".id{width:14%}.asks{width:23%}.status{width:9%;font-weight:600}.quiet{color:#555;font-size:.82rem}"
    ".code{font-family:ui-monospace,monospace;font-size:.78rem;overflow-wrap:anywhere}"
    ".verdict{border-left:.5rem solid;padding:.5rem 1rem;margin:1rem 0;background:#f6f6f6}"
    ".note{border:1px solid #999;padding:.4rem .8rem}tr{break-inside:avoid}"
    "@page{margin:12mm}@media print{body{margin:0;padding:0;max-width:none;font-size:11px}}"
)


def page(document: Mapping[str, Any], language: str) -> str:
    """Return the HTML of a report in a language (en or zh)."""
    regime = REGIME[document["identity"]["regime"]].of(language)
    title = say("title", language, regime=regime)
    body = "\n".join(_body(document, language))
    return whole(title, _STYLE, body, language)


def _body(document: Mapping[str, Any], language: str) -> Iterator[str]:
    verdict = document["verdict"]
    colour = COLOURS[verdict["status"]]
    yield (
        f'<div class="verdict" style="border-color:{colour}"><strong>'
        f"{say('summary.' + verdict['status'], language)}</strong><br>"
        f"{say('counts', language, **verdict)}</div>"
    )
    if not document["identity"]["people"]:
        yield f'<p class="note">{say("nobody", language)}</p>'
    rows = {row["id"]: row for row in document["rows"]}
    bad = [row for row in document["rows"] if row["status"] == "not_met"]
    if bad:
        yield f"<h2>{say('open', language)}</h2><ul>"
        for row in bad:
            said = [sentence(one, document["words"], language) for one in row["says"]]
            lines = "<br>".join(map(escape, said))
            yield f"<li><strong>{row['id']}</strong> {escape(row['article'])}<br>{lines}</li>"
        yield "</ul>"
    if not all(one["verified"] for one in document["headings"]):
        yield f'<p class="note">{say("unverified", language)}</p>'
    seen: set[str] = set()
    for heading in document["headings"]:
        yield from _heading(heading, rows, seen, document, language)
    yield from _papers(document, language)
    yield f"<h2>{say('limits', language)}</h2><ul>"
    yield from (f"<li>{escape(LIMITS[code].of(language))}</li>" for code in document["limits"])
    yield "</ul>"
    yield from _identity(document, language)


def _heading(
    heading: Mapping[str, Any],
    rows: Mapping[str, Mapping[str, Any]],
    seen: set[str],
    document: Mapping[str, Any],
    language: str,
) -> Iterator[str]:
    mark = "" if heading["verified"] else " ‡"
    title = escape(_in(heading["title"], language))
    status = _status(heading["status"], language)
    yield f'<section><h2>{heading["number"]}{mark}. {title} <span class="quiet">·</span> {status}</h2>'
    if not heading["rows"]:
        yield f"<p>{say('empty', language)}</p></section>"
        return
    heads = (("item", "id"), ("asks", "asks"), ("status", "status"), ("found", ""))
    cells = "".join(f'<th class="{name}">{say(code, language)}</th>' for code, name in heads)
    yield f"<table><tr>{cells}</tr>"
    for one in heading["rows"]:
        yield _row(rows[one], document, language, again=one in seen)
        seen.add(one)
    yield "</table></section>"


def _row(row: Mapping[str, Any], document: Mapping[str, Any], language: str, *, again: bool) -> str:
    mark = "" if row["verified"] else " †"
    found = (
        f'<p class="quiet">{say("elsewhere", language)}</p>'
        if again
        else "".join(_found(row, document, language))
    )
    asks = f"{_in(row['when'], language)}{'：' if language == 'zh' else ': '}{_in(row['must'], language)}"
    return (
        f'<tr><td class="id"><strong>{row["id"]}</strong>{mark}<br>'
        f'<span class="quiet">{escape(row["article"])}</span></td>'
        f'<td class="asks">{_coded(asks)}</td>'
        f'<td class="status">{_status(row["status"], language)}</td><td>{found}</td></tr>'
    )


def _found(row: Mapping[str, Any], document: Mapping[str, Any], language: str) -> Iterator[str]:
    for said in row["says"]:
        yield f"<p>{escape(sentence(said, document['words'], language))}</p>"
    if row["look"] is not None:
        lead = say("left" if row["status"] == "not_met" else "look", language)
        yield f"<p><em>{lead}</em>{_coded(_in(row['look'], language))}</p>"
    shown = list(_evidence(row["evidence"], document, language))
    if shown:
        yield f'<p class="quiet">{"; ".join(shown)}</p>'


def _evidence(
    evidence: Mapping[str, Any], document: Mapping[str, Any], language: str
) -> Iterator[str]:
    for figure in evidence["figures"]:
        code = figure["code"]
        words = document["words"].get(code)
        name = FIGURES[code].of(language) if words is None else _in(words, language)
        yield f"{escape(name)}: {figure['number']:,}"
    papers = [document["papers"][number] for number in evidence["papers"]]
    if len(papers) > _FEW:
        yield say("documents", language, count=len(papers))
    else:
        for paper in papers:
            yield escape(f"{KINDS[paper['kind']].of(language)} {paper['name']}")
    for entry in evidence["entries"]:
        yield escape(say("entries", language, **entry))
    if evidence["tests"]:
        tests = ", ".join(evidence["tests"][:_FEW])
        more = len(evidence["tests"]) - _FEW
        left = f", {say('tests.more', language, count=more)}" if more > 0 else ""
        yield f'{say("tests", language)}: <span class="code">{escape(tests)}</span>{left}'


def _papers(document: Mapping[str, Any], language: str) -> Iterator[str]:
    yield f"<section><h2>{say('papers', language)}</h2><table><tr>"
    for code in ("papers.kind", "papers.name"):
        yield f"<th>{say(code, language)}</th>"
    yield "<th>SHA-256</th></tr>"
    for paper in document["papers"]:
        yield (
            f"<tr><td>{KINDS[paper['kind']].of(language)}</td><td>{escape(paper['name'])}</td>"
            f'<td class="code">{escape(paper["digest"])}</td></tr>'
        )
    yield "</table></section>"


def _identity(document: Mapping[str, Any], language: str) -> Iterator[str]:
    found = document["identity"]
    rows = {
        "regime": REGIME[found["regime"]].of(language),
        "people": f"{found['people']:,}",
        "law_as_of": found["law_as_of"],
        "made": found["made"],
        "auditor": found["auditor"],
        "program": found["program"],
        "log": f"{found['log']['size']}, {found['log']['root']}",
        "previous": found["previous"] or "",
        "digest": canon.digest(document),
    }
    yield f"<section><h2>{say('identity', language)}</h2><table>"
    for code, value in rows.items():
        if value:
            label = say(f"id.{code}", language)
            kind = "" if code in {"regime", "people", "law_as_of"} else ' class="code"'
            yield f'<tr><td class="asks">{label}</td><td{kind}>{escape(value)}</td></tr>'
    yield f'</table><p class="quiet">{escape(say("signed", language))}</p>'
    yield f"<p>{say('sign.here', language)}</p></section>"


def _status(status: str, language: str) -> str:
    return f'<span style="color:{COLOURS[status]}">{STATUS[status].of(language)}</span>'


def _coded(text: str) -> str:
    """Return a text of the law for a page: what stands between backticks is a name of ours."""
    return _CODE.sub(r'<span class="code">\1</span>', escape(text))


def _in(text: Mapping[str, str], language: str) -> str:
    return text["zh" if language == "zh" else "en"]
