# SPDX-License-Identifier: Apache-2.0
"""A bias report of noised counts as one page: offline, printable, no scripts; all on it is in the document."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from audit import canon
from audit.bias.noised_words import NEGATIVE, TITLE, counted, paid, told
from audit.bias.noised_words import say as sentence
from audit.bias.page import STYLE
from audit.bias.page_words import say
from audit.bias.pictures import COLOURS, percent, rates
from audit.bias.words import NOT_DEFINED, RATES_OF, REASONS, STATUS, rate_of, waived
from audit.html import whole


def page(documents: Sequence[Mapping[str, Any]], language: str) -> str:
    """Return the HTML of one report, or of several on one page, in a language (en or zh)."""
    body = "\n".join(
        part for one in documents for part in ("<article>", *_report(one, language), "</article>")
    )
    return whole(TITLE.of(language), STYLE, body, language)


def _report(document: Mapping[str, Any], language: str) -> Iterator[str]:
    identity, verdict = document["identity"], document["verdict"]
    status = verdict["status"]
    yield f"<h2>{escape(identity['tag'])}</h2>"
    yield (
        f'<div class="verdict" style="border-color:{COLOURS[status]}">'
        f"<strong>{STATUS[status].of(language)}</strong><br>{escape(told(document, language))}</div>"
    )
    for line in (counted(verdict, language), *waived(document, language)):
        yield f"<p>{escape(line)}</p>"
    for comparison in document["comparisons"]:
        yield from _comparison(comparison, identity["policy"], language)
    yield f"<section><h3>{say('data', language)}</h3><ul>"
    for source in document["sources"]:
        yield f"<li>{escape(say('source.noised', language, **source))}</li>"
    yield f"</ul></section><section><h3>{say('limits', language)}</h3><ul>"
    for code in (*document["limits"], *document["omitted"]):
        yield f"<li>{escape(sentence(code, language))}</li>"
    yield f"</ul></section><section><h3>{say('protection', language)}</h3>"
    yield f"<p>{escape(paid(document['noise'], language))}</p>"
    yield f"<p>{escape(NEGATIVE.of(language))}</p></section>"
    yield from _identity(document, language)


def _comparison(
    comparison: Mapping[str, Any], policy: Mapping[str, Any], language: str
) -> Iterator[str]:
    heading = say(
        "groups",
        language,
        attributes=" × ".join(comparison["attributes"]),
        rate=rate_of(comparison, language),
    )
    status = comparison["status"]
    words = {code: text.of(language) for code, text in STATUS.items()}
    words |= {"undefined": NOT_DEFINED.of(language), "unknown": say("unknown", language)}
    yield f"<section><h3>{escape(heading)}</h3>"
    yield (
        f'<p><strong style="color:{COLOURS[status]}">{words[status]}</strong>: '
        f"{REASONS[comparison['reason']].of(language)}; "
        f"{say('benefit' if comparison['benefit'] else 'burden', language)}"
    )
    if comparison["value"] not in {"yes", *RATES_OF}:
        yield "; " + escape(say("value", language, value=comparison["value"]))
    yield f"</p>{rates(_all_shown(comparison), float(policy['floor']), words)}"
    yield f'<p class="quiet">{say("how", language)}</p></section>'
    yield from _table(comparison, words, language)


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
        name = words["unknown"] if group is unknown else " × ".join(group["labels"])
        cells = (
            f"{group['people']:,}<br>±{group['people_within']:,}",
            f"{group['tagged']:,}<br>±{group['tagged_within']:,}",
            _interval(group["rate"], words, percent),
            _interval(group["ratio_rest"], words, _plain) if "ratio_rest" in group else "",
            group.get("p_difference") or "",
            _plain(group.get("detectable")),
        )
        numbers = "".join(f'<td class="n">{cell}</td>' for cell in cells)
        yield f"<tr><td>{escape(name)}</td>{numbers}<td>{REASONS[group['reason']].of(language)}</td></tr>"
    yield "</table>"


def _interval(found: Mapping[str, Any], words: Mapping[str, str], form: Any) -> str:
    if found["value"] is None:
        return words["undefined"]
    low, high = (str(form(found[end])).removesuffix(" %") for end in ("low", "high"))
    return f"{form(found['value'])}<br>[{low},&nbsp;{high}]"


def _plain(figure: str | None) -> str:
    return "" if figure is None else "∞" if figure == "inf" else f"{float(figure):.2f}"


def _identity(document: Mapping[str, Any], language: str) -> Iterator[str]:
    found, noise = document["identity"], document["noise"]
    policy = found["policy"]
    rows = {
        "tag": f"{found['tag']}, {found['version']}",
        "rule": found["rule"],
        "outcome": found["outcome"],
        "owner": found["owner"],
        "purposes": ", ".join(found["purposes"]),
        "basis": ", ".join(f"{regime}: {basis}" for regime, basis in found["basis"].items()),
        "window": f"{found['since']}, {found['until']}",
        "made": found["made"],
        "auditor": found["auditor"],
        "policy": f"{policy['key']}, {policy['version']}, {policy['digest']}",
        "floor": f"{policy['floor']}, {say('against.' + policy['against'], language)}, {policy['alpha']}",
        "charge": f"{noise['charge']}, {noise['purpose']}",
        "noised": f"{noise['counts']}, {noise['digest']}",
        "program": found["program"],
        "digest": canon.digest(document),
    }
    yield f"<section><h3>{say('identity', language)}</h3><table>"
    for code, value in rows.items():
        if not value:
            continue
        label = say(f"id.{code}", language)
        yield f'<tr><td>{label}</td><td class="code">{escape(str(value))}</td></tr>'
    yield f'</table><p class="quiet">{escape(say("signed", language))}</p>'
    yield f"<p>{say('sign.here', language)}</p></section>"
