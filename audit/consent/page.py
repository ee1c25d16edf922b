# SPDX-License-Identifier: Apache-2.0
"""A consent report as one page: offline, printable, no scripts; everything on it is in the document."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any, Final

from audit import canon
from audit.consent import pictures, words
from audit.consent.page_words import say
from audit.consent.pictures import PARTS
from audit.html import whole

COLOURS: Final = {
    "breach": "#d55e00",
    "attention": "#b26a00",
    "clear": "#0072b2",
    "note": "#555555",
}
_STYLE: Final = (
    "body{font:16px/1.5 system-ui,'Noto Sans CJK SC',sans-serif;max-width:62rem;margin:2rem auto;padding:0 "
    "1rem;color:#1b1b1b;background:#fff}h1{font-size:1.6rem}h2{font-size:1.15rem;margin:2rem 0 .4rem;"
    "break-after:avoid}svg{max-width:100%;height:auto;display:block}table{border-collapse:collapse;"
    "margin:.6rem 0;font-size:.9rem}td,th{padding:.2rem .9rem .2rem 0;text-align:left;vertical-align:top;"
    "border-bottom:1px solid #ddd}th{word-break:keep-all}td.n,th.n{text-align:right}.quiet{color:#555;font-size:.9rem}.code{"
    "font-family:ui-monospace,monospace;font-size:.8rem;overflow-wrap:anywhere}.verdict{border-left:.5rem "
    "solid;padding:.4rem 1rem;margin:1rem 0;background:#f6f6f6}section,tr{break-inside:avoid}"
    "@page{margin:15mm}@media print{body{margin:0;max-width:none;font-size:13px}}"
)


def page(document: Mapping[str, Any], language: str) -> str:
    """Return the HTML of a report in a language (en or zh)."""
    title = words.TITLE.of(language)
    body = "\n".join(_body(document, language))
    return whole(title, _STYLE, body, language)


def _body(document: Mapping[str, Any], language: str) -> Iterator[str]:
    status = document["verdict"]["status"]
    yield (
        f'<div class="verdict" style="border-color:{COLOURS[status]}">'
        f"<strong>{words.STATUS[status].of(language)}</strong><br>"
        f"{escape(words.verdict(document, language))}</div>"
    )
    yield from _findings(document, language)
    yield from _coverage(document, language)
    yield from _effects(document, language)
    yield from _stale(document, language)
    yield from _signals(document, language)
    yield from _minors(document, language)
    checked = say(
        "method", language, assignments=_count(document, document["verdict"]["assignments"])
    )
    yield f"<section><h2>{say('checked', language)}</h2><p>{escape(checked)}</p></section>"
    yield f"<section><h2>{say('limits', language)}</h2><ul>"
    yield from (f"<li>{words.LIMITS[code].of(language)}</li>" for code in document["limits"])
    yield f"</ul></section><section><h2>{say('protection', language)}</h2>"
    yield f"<p>{words.protected(document, language)}</p></section>"
    yield from _identity(document, language)


def _findings(document: Mapping[str, Any], language: str) -> Iterator[str]:
    yield f"<h2>{say('findings', language)}</h2>"
    if not document["findings"]:
        yield f"<p>{say('none', language)}</p>"
        return
    yield "<table>"
    for one in document["findings"]:
        severity = one["severity"]
        cites = "; ".join(one["cites"])
        yield (
            f'<tr><td style="color:{COLOURS[severity]}"><strong>'
            f"{words.SEVERITY[severity].of(language)}</strong></td>"
            f"<td>{escape(words.told(document, one, language))}"
            + (f'<br><span class="quiet">{escape(cites)}</span>' if cites else "")
            + (f'<br><span class="code">{escape(one["command"])}</span>' if one["command"] else "")
            + "</td></tr>"
        )
    yield "</table>"


def _coverage(document: Mapping[str, Any], language: str) -> Iterator[str]:
    if not document["coverage"]:
        return
    yield f"<section><h2>{say('coverage', language)}</h2>"
    open_ = [line for line in document["coverage"] if not line["barred_by"]]
    labels = {part: say(part, language) for part in (*PARTS, "hidden")}
    bars = [
        (
            _named(document, "purpose", line, language),
            _named(document, "regime", line, language),
            words.needed(document, line, language),
            line,
        )
        for line in open_
    ]
    if bars:
        yield pictures.coverage(bars, labels)
    yield f'<p class="quiet">{say("coverage.how", language)}</p></section>'
    heads = ("purpose", "law", "needed", "people", *PARTS)
    yield from _table(heads, _lines(document, language), 3, language)


def _lines(document: Mapping[str, Any], language: str) -> Iterator[Sequence[str]]:
    for line in document["coverage"]:
        barred = line["barred_by"]
        if barred:
            reason = words.name(document, "reason", barred, language)
            needed = say("barred", language, reason=reason)
        else:
            needed = words.needed(document, line, language)
        parts = ("people", *PARTS) if not barred else ("people",)
        cells = [_count(document, line[part]) for part in parts]
        yield (
            _named(document, "purpose", line, language),
            _named(document, "regime", line, language),
            needed,
            *cells,
            *([""] * (len(PARTS) + 1 - len(cells))),
        )


def _effects(document: Mapping[str, Any], language: str) -> Iterator[str]:
    yield f"<section><h2>{say('effects', language)}</h2>"
    if not document["effects"]:
        yield f"<p>{say('no-effects', language)}</p></section>"
        return
    limit = document["identity"]["policy"]["at_once_seconds"]
    labels = {
        "standing": say("standing", language),
        "few": _count(document, None),
        "none": say("untouched", language),
        "open": say("open", language),
    }
    rows = [
        (words.name(document, "choice", one["stop"], language), one) for one in document["effects"]
    ]
    yield pictures.effects(rows, limit, labels, language)
    yield f'<p class="quiet">{say("effects.how", language, limit=limit)}</p></section>'
    heads = ("stop", "entries", "recorded", "rested", "ended", "late", "standing")
    yield from _table(heads, _took(document, rows, language), 1, language)


def _took(
    document: Mapping[str, Any], rows: Sequence[tuple[str, Mapping[str, Any]]], language: str
) -> Iterator[Sequence[str]]:
    for label, one in rows:
        recorded, ended = one["recorded"], one["ended"]
        yield (
            label,
            _count(document, one["entries"]),
            _times([recorded["median"], recorded["longest"]], language),
            _count(document, one["rested"]),
            _times([ended["median"], ended["p95"], ended["longest"]], language),
            f"{one['late']:,}" if one["at_once"] else "",
            _count(document, one["standing"]),
        )


def _stale(document: Mapping[str, Any], language: str) -> Iterator[str]:
    if not document["stale"]:
        return
    age = document["identity"]["policy"]["max_age_days"]
    numbers = ("given", "expired", "too_old", "old_notice", "no_notice")
    rows = [
        (
            _named(document, "purpose", one, language),
            *(_count(document, one[number]) for number in numbers),
            ", ".join(one["notices"]),
        )
        for one in document["stale"]
    ]
    yield f"<section><h2>{say('stale', language)}</h2>"
    yield from _table(("purpose", *numbers, "notices"), rows, 1, language, age=age)
    yield "</section>"


def _signals(document: Mapping[str, Any], language: str) -> Iterator[str]:
    found = document["signals"]
    rows = {
        "by": found["signals"],
        "asked": found["asked"],
        "taken_back": found["taken_back"],
        "broken": found["broken"],
        "conflicts": found["conflicts"],
    }
    yield f"<section><h2>{say('signals', language)}</h2><table>"
    for code, count in rows.items():
        told = escape(_count(document, count))
        yield f'<tr><td>{say(f"signals.{code}", language)}</td><td class="n">{told}</td></tr>'
    yield "</table></section>"


def _minors(document: Mapping[str, Any], language: str) -> Iterator[str]:
    numbers = ("people", "needing", "guardian", "alone")
    rows = [
        (
            _named(document, "regime", one, language),
            words.name(document, "age", one["band"], language),
            *(_count(document, one[number]) for number in numbers),
        )
        for one in document["minors"]
    ]
    yield f"<section><h2>{say('minors', language)}</h2>"
    if rows:
        yield from _table(("law", "band", *numbers), rows, 2, language)
    ages = {key: escape(_count(document, count)) for key, count in document["ages"].items()}
    yield f"<p>{say('ages', language, **ages)}</p></section>"


def _identity(document: Mapping[str, Any], language: str) -> Iterator[str]:
    found = document["identity"]
    policy = found["policy"]
    packs = ", ".join(f"{regime} {version}" for regime, version in found["packs"].items())
    rows = {
        "period": f"{found['since']}, {found['until']}",
        "made": found["made"],
        "auditor": found["auditor"],
        "packs": f"{packs}; {say('overlays', language, count=found['overlays'])}",
        "policy": f"{policy['key']}, {policy['version']}, {policy['digest']}",
        "previous": found["previous"] or "",
        "facts": found["facts"],
        "program": found["program"],
        "digest": canon.digest(document),
    }
    yield f"<section><h2>{say('identity', language)}</h2><table>"
    for code, value in rows.items():
        if value:
            label = say(f"id.{code}", language)
            yield f'<tr><td>{label}</td><td class="code">{escape(str(value))}</td></tr>'
    yield f'</table><p class="quiet">{say("signed", language)}</p>'
    yield f"<p>{say('sign.here', language)}</p></section>"


def _table(
    heads: Sequence[str], rows: Any, texts: int, language: str, **values: object
) -> Iterator[str]:
    """Yield a table; the first `texts` columns are words, the others numbers."""
    kinds = ["" if n < texts else ' class="n"' for n in range(len(heads))]
    cells = zip(heads, kinds, strict=True)
    yield "<table><tr>"
    yield from (f"<th{kind}>{escape(say(code, language, **values))}</th>" for code, kind in cells)
    yield "</tr>"
    for row in rows:
        cells = zip(row, kinds, strict=True)
        yield "<tr>" + "".join(f"<td{kind}>{escape(cell)}</td>" for cell, kind in cells) + "</tr>"
    yield "</table>"


def _named(document: Mapping[str, Any], kind: str, line: Mapping[str, Any], language: str) -> str:
    return words.name(document, kind, line[kind], language)


def _count(document: Mapping[str, Any], count: int | None) -> str:
    return f"<{document['k']}" if count is None else f"{count:,}"


def _times(found: Sequence[str | None], language: str) -> str:
    return " · ".join(words.lasting(one, language) for one in found if one is not None)
