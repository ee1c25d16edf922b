# SPDX-License-Identifier: Apache-2.0
"""A bias report as one page: offline, printable, no scripts; everything on it is in the document."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from audit import canon
from audit.bias.page_parts import (
    STYLE,
    bases,
    counted_by,
    facts,
    interval,
    made_by,
    plain,
    sources,
    verdict_box,
)
from audit.bias.page_words import say
from audit.bias.pictures import COLOURS, percent, rates, ratios
from audit.bias.words import (
    LIMITS,
    NOT_DEFINED,
    RATES_OF,
    REASONS,
    STATUS,
    TITLE,
    chance,
    crossed,
    drifted,
    group_name,
    last,
    protected,
    rate_of,
    rule_changes,
    scored,
    told,
    waived,
)
from audit.html import whole
from audit.words import capital, colon, listed, name_of, semicolon, with_code


def page(documents: Sequence[Mapping[str, Any]], language: str) -> str:
    """Return the HTML of one report, or of several on one page, in a language (en or zh)."""
    title = TITLE.of(language)
    body = "\n".join(_body(documents, language))
    return whole(title, STYLE, body, language)


def _body(documents: Sequence[Mapping[str, Any]], language: str) -> Iterator[str]:
    if len(documents) > 1:
        yield f"<p>{say('several', language, count=len(documents))}</p><table>"
        for one in documents:
            status = one["verdict"]["status"]
            yield (
                f"<tr><td>{_named(one, language)}</td>"
                f'<td style="color:{COLOURS[status]}">{STATUS[status].of(language)}</td>'
                f"<td>{REASONS[one['verdict']['reason']].of(language)}</td></tr>"
            )
        yield "</table>"
    for one in documents:
        yield "<article>"
        yield from _report(one, language)
        yield "</article>"


def _report(document: Mapping[str, Any], language: str) -> Iterator[str]:
    yield from heading(document, language)
    for line in (*scored(document, language), *waived(document, language)):
        yield f"<p>{escape(line)}</p>"
    for comparison in document["comparisons"]:
        yield from comparing(document, comparison, language)
        yield from _table(comparison, words_of(language), language)
    yield from _data(document, language)
    yield from _leaks(document, language)
    yield from _drift(document, language)
    yield from _causes(document["causes"], language)
    yield from _outlook(document["outlook"], language)
    yield f"<section><h3>{say('limits', language)}</h3><ul>"
    yield from (f"<li>{escape(LIMITS[code].of(language))}</li>" for code in document["limits"])
    yield "</ul></section>"
    yield from _protection(document, language)
    yield from _identity(document, language)


def _named(document: Mapping[str, Any], language: str) -> str:
    """Return what people call the tag, and its key."""
    key = document["identity"]["tag"]
    name = document["identity"].get("name", {}).get(language, "")
    name = name or name_of(document, "tag", key, language)
    return f'{escape(name)} <span class="code">{escape(key)}</span>' if name != key else escape(key)


def heading(document: Mapping[str, Any], language: str) -> Iterator[str]:
    """Yield the head of a report: its tag, and the verdict."""
    status = document["verdict"]["status"]
    yield f"<h2>{_named(document, language)}</h2>"
    yield verdict_box(status, told(document, language), language)


def words_of(language: str) -> dict[str, str]:
    """Return the words that stand in tables and pictures."""
    words = {code: text.of(language) for code, text in STATUS.items()}
    words |= {"hidden": REASONS["hidden"].of(language), "undefined": NOT_DEFINED.of(language)}
    return words | {"unknown": say("unknown", language)}


def comparing(
    document: Mapping[str, Any], comparison: Mapping[str, Any], language: str
) -> Iterator[str]:
    """Yield a comparison: what is compared, its verdict, the picture of its rates."""
    title = say(
        "groups",
        language,
        attributes=crossed(document, comparison["attributes"], language),
        rate=rate_of(comparison, language),
    )
    status, words = comparison["status"], words_of(language)
    direction = say("benefit" if comparison["benefit"] else "burden", language)
    yield f"<section><h3>{escape(title)}</h3>"
    yield (
        f'<p><strong style="color:{COLOURS[status]}">{words[status]}</strong>{colon(language)}'
        f"{REASONS[comparison['reason']].of(language)}{semicolon(language)}{direction}"
    )
    if comparison["value"] not in {"yes", *RATES_OF}:
        yield semicolon(language) + escape(say("value", language, value=comparison["value"]))
    drawn = _in_words(comparison, language)
    yield f"</p>{rates(drawn, float(document['identity']['policy']['floor']), words)}"
    yield f'<p class="quiet">{say("how", language)}</p></section>'


def _in_words(comparison: Mapping[str, Any], language: str) -> dict[str, Any]:
    """Return a comparison whose groups are called as people call them."""
    groups = [
        {**one, "labels": [group_name(one["labels"], language)]} for one in comparison["groups"]
    ]
    return {**comparison, "groups": groups}


def _table(comparison: Mapping[str, Any], words: Mapping[str, str], language: str) -> Iterator[str]:
    held = "above" if comparison["value"] in RATES_OF else "tagged"
    heads = ("group", "people", held, "share", "ratio", "p", "detectable", "verdict")
    yield "<table><tr>"
    for code in heads:
        kind = "" if code in {"group", "verdict"} else ' class="n"'
        yield f"<th{kind}>{say(code, language)}</th>"
    yield "</tr>"
    rows = [*comparison["groups"]]
    if comparison["unknown"] is not None:
        rows.append(comparison["unknown"])
    for group in rows:
        yield _line(group, words, language, unknown=group is comparison["unknown"])
    yield "</table>"


def _line(
    group: Mapping[str, Any], words: Mapping[str, str], language: str, *, unknown: bool
) -> str:
    name = say("unknown", language) if unknown else group_name(group["labels"], language)
    told = REASONS[group["reason"]].of(language)
    if group["hidden"]:
        instead = "<br>".join(part for part in (words["hidden"], last(group, language)) if part)
        return (
            f'<tr><td>{escape(name)}</td><td class="n quiet" colspan="6">{instead}</td>'
            f"<td>{told}</td></tr>"
        )
    ratio = group.get("ratio_rest") or {}
    cells = (
        f"{group['people']:,}",
        f"{group['tagged']:,}",
        interval(group["rate"], words, percent),
        interval(ratio, words, plain) if ratio else "",
        escape(chance(group.get("p_difference"))),
        plain(group.get("detectable")),
    )
    numbers = "".join(f'<td class="n">{cell}</td>' for cell in cells)
    return f"<tr><td>{escape(name)}</td>{numbers}<td>{told}</td></tr>"


def _data(document: Mapping[str, Any], language: str) -> Iterator[str]:
    yield f"<section><h3>{say('data', language)}</h3><ul>"
    yield from sources(document, language)
    for left in document["left_out"]:
        yield f"<li>{say('left.' + left['reason'], language, people=left['people'])}</li>"
    rounded = say("rounded", language, k=document["protection"]["k"])
    yield f'</ul><p class="quiet">{rounded}</p></section>'


def _leaks(document: Mapping[str, Any], language: str) -> Iterator[str]:
    if not document["leaks"]:
        return
    yield f"<section><h3>{say('leak', language)}</h3><ul>"
    for leak in document["leaks"]:
        bits = REASONS["hidden"].of(language)
        if leak["bits"] is not None:
            bits = say("bits", language, bits=leak["bits"])
        code = "leak.over" if leak["over"] else "leak.within"
        attribute = capital(name_of(document, "attribute", leak["attribute"], language))
        yield f"<li>{escape(say(code, language, attribute=attribute, bits=bits))}</li>"
    yield "</ul></section>"


def _drift(document: Mapping[str, Any], language: str) -> Iterator[str]:
    policy = document["identity"]["policy"]
    if not document["drift"]:
        return
    floor = float(policy["floor"])
    limit = floor if document["comparisons"][0]["benefit"] else 1 / floor
    yield f"<section><h3>{say('drift', language)}</h3><table>"
    for one in document["drift"]:
        told = escape(drifted(document, one, language))
        picture = ratios(one["ratios"], limit)
        name = escape(group_name([one["group"]], language))
        yield f"<tr><td>{name}</td><td>{picture}</td><td>{told}</td></tr>"
    yield "</table>"
    yield from (f"<p>{escape(line)}</p>" for line in rule_changes(document, language))
    yield f'<p class="quiet">{say("drift.how", language)}</p></section>'


def _causes(causes: Sequence[Mapping[str, Any]], language: str) -> Iterator[str]:
    if not causes:
        return
    yield f"<section><h3>{say('causes', language)}</h3>"
    yield f'<p class="quiet">{say("causes.how", language)}</p>'
    heads = ("group", "gap", "condition", "gap.share", "gap.without")
    yield "<table><tr>" + "".join(f"<th>{say(code, language)}</th>" for code in heads) + "</tr>"
    for cause in causes:
        for n, condition in enumerate(cause["conditions"]):
            name = escape(group_name(cause["group"], language)) if n == 0 else ""
            gap = percent(cause["gap"]) if n == 0 else ""
            share, without = percent(cause["share"][n]), percent(cause["without"][n])
            yield (
                f"<tr><td>{name}</td><td>{gap}</td><td>{escape(condition)}</td>"
                f"<td>{share}</td><td>{without}</td></tr>"
            )
    yield "</table></section>"


def _outlook(points: Sequence[Mapping[str, Any]], language: str) -> Iterator[str]:
    shown = [point for point in points if point["use"] == "possible"]
    if not shown:
        return
    yield f"<section><h3>{say('outlook', language)}</h3>"
    yield f'<p class="quiet">{say("outlook.how", language)}</p>'
    heads = ("threshold", "reach", "gap", "least")
    yield "<table><tr>" + "".join(f"<th>{say(code, language)}</th>" for code in heads) + "</tr>"
    for point in shown:
        yield (
            f"<tr><td>{point['thresholds'][0]}</td><td>{point['reach']:,}</td>"
            f"<td>{percent(point['gap'])}</td><td>{plain(point.get('ratio'))}</td></tr>"
        )
    yield "</table></section>"


def _protection(document: Mapping[str, Any], language: str) -> Iterator[str]:
    protection = document["protection"]
    yield f"<section><h3>{say('protection', language)}</h3>"
    yield f"<p>{escape(protected(protection, language))}</p>"
    for attribute, merged in protection["merged"].items():
        groups = listed(
            dict.fromkeys(group_name([one], language) for one in merged.values()), language
        )
        name = capital(name_of(document, "attribute", attribute, language))
        yield f"<p>{escape(say('merged', language, attribute=name, groups=groups))}</p>"
    yield "</section>"


def _identity(document: Mapping[str, Any], language: str) -> Iterator[str]:
    more = {"previous": document["identity"]["previous"] or "", **counted_by(document)}
    return identity(document, more, language)


def identity(document: Mapping[str, Any], more: Mapping[str, str], language: str) -> Iterator[str]:
    """Yield what a report is and by what it judges, `more` of it, its digest, and where to sign."""
    found = document["identity"]
    policy = found["policy"]
    against = say(f"against.{policy['against']}", language)
    rows = {
        "tag": f"{found['tag']}, {found['version']}",
        "rule": found["rule"],
        "outcome": found["outcome"],
        "owner": found["owner"],
        "purposes": listed(
            (with_code(document, "purpose", one, language) for one in found["purposes"]), language
        ),
        "basis": bases(document, found["basis"], language),
        "window": f"{found['since']}, {found['until']}",
        **made_by(document),
        "floor": f"{policy['floor']}, {against}, {policy['alpha']}",
        **more,
        "digest": canon.digest(document),
    }
    yield from facts(rows, say("signed", language), language)
