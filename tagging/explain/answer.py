# SPDX-License-Identifier: Apache-2.0
"""One answer about one tag of one person, and its words at three depths in two languages.

Never hidden: which own facts were used, where they came from, what would change the outcome, and how
to object, correct, delete the tag and opt out. A tag whose thresholds are withheld tells the person
that there is a bound, not which.
"""

from collections.abc import Iterator
from typing import Any

from audit.clock import iso
from policies.vocabulary import label as code_label
from tagging.explain.amounts import Language
from tagging.explain.explanation import ACTIONS, Depth, Explanation, PurposeAnswer
from tagging.explain.phrases import fact_value, say
from tagging.explain.spelling import spell
from tagging.explain.telling import (
    Said,
    change,
    change_words,
    others,
    told,
    used_words,
    why,
)
from tagging.explain.template import check_template, label
from tagging.explain.wording import DERIVATIONS, REFUSALS, line, note, source_words
from tagging.rules.tree import facts

__all__ = [
    "LANGUAGES",
    "Depth",
    "Explanation",
    "PurposeAnswer",
    "Said",
    "check_template",
    "render",
    "said",
    "to_json",
]

LANGUAGES: tuple[Language, ...] = ("en", "zh")


def render(answer: Explanation, depth: Depth, language: Language) -> list[str]:
    """Return the answer as lines for a person of some depth."""
    return [item.text for item in said(answer, depth, language)]


def said(answer: Explanation, depth: Depth, language: Language) -> list[Said]:
    """Return the answer line by line, each with the ids of the facts in it."""
    found = [_head(answer, depth, language)]
    if answer.permitted:
        found += why(answer, depth, language)
        found += change(answer, depth, language)
        found += _ends(answer, depth, language)
        found += _ground(answer, depth, language)
    else:
        found += _not_computed(answer, depth, language)
    if depth == "subject":
        found += _act(answer, language)
    else:
        found += _record(answer, language)
    if depth == "engineer" and answer.permitted:
        found += _workings(answer, language)
    return found


def to_json(answer: Explanation, depth: Depth) -> dict[str, Any]:
    """Return the answer as plain data, both languages in it, as deep as asked."""
    data: dict[str, Any] = {
        "tag": answer.tag.key,
        "name": answer.tag.name.model_dump(),
        "has": answer.has,
        "value": answer.value if answer.permitted else None,
        "permitted": answer.permitted,
        "text": {language: render(answer, depth, language) for language in LANGUAGES},
        "since": iso(answer.since),
        "lapses_at": iso(answer.lapses_at),
        "sources": list(answer.tag.sources),
        "purposes": [
            {"key": p.key, "allowed": p.allowed, "reasons": list(p.reasons)}
            for p in answer.purposes
        ],
        **_reasons(answer, depth),
    }
    if answer.permitted:
        data["actions"] = {action: answer.commands(action) for action in ACTIONS}
    if depth != "subject":
        data |= _official(answer)
    if depth == "engineer":
        data |= _technical(answer)
    return data


# --- data -----------------------------------------------------------------------------------


def _reasons(answer: Explanation, depth: Depth) -> dict[str, Any]:
    reason = answer.reason
    if answer.segment is not None:
        return {"segment": answer.segment.to_dict()}
    if answer.model is not None:
        return {"model": answer.model.to_dict()}
    if reason is None:
        return {}
    return {
        "exact": reason.exact,
        "used": [
            {
                "facts": list(answer.ids(item.facts)),
                "text": {lang: used_words(answer, item, depth, lang) for lang in LANGUAGES},
            }
            for item in reason.used
        ],
        "also": [
            {
                "facts": list(answer.ids((fact,))),
                "text": {
                    lang: say(fact, answer.facts[fact], lang, answer.naming) for lang in LANGUAGES
                },
            }
            for fact in others(answer)
        ],
        "change": [
            {
                "facts": list(answer.ids(item.facts)),
                "text": {lang: change_words(answer, item, depth, lang) for lang in LANGUAGES},
                "way": item.way,
            }
            for item in reason.change
        ],
        "thresholds": "told" if told(answer, depth) else "withheld",
    }


def _official(answer: Explanation) -> dict[str, Any]:
    return {
        "version": answer.version,
        "digest": answer.digest,
        "derivation": answer.tag.derivation,
        "run": answer.run,
        "computed_at": iso(answer.computed_at),
        "author": answer.author,
        "approved_by": answer.approved_by,
        "replays": answer.replays,
        "grounds": [
            {
                "purpose": p.key,
                "regime": p.regime,
                "basis": p.basis,
                "cites": list(p.cites),
                "consent": p.consent_id,
                "consent_at": iso(p.consent_at),
                "consent_kind": p.consent_kind,
            }
            for p in answer.purposes
        ],
        "cites": sorted({cite for p in answer.purposes for cite in p.cites}),
        "consents": sorted({p.consent_id for p in answer.purposes if p.consent_id is not None}),
    }


def _technical(answer: Explanation) -> dict[str, Any]:
    return {
        "rule": answer.tag.value,
        "evidence": answer.evidence,
        "facts": [
            {
                "id": f"f{number}",
                "rule": spell(fact),
                "fact": say(fact, answer.facts.get(fact), "en", answer.naming),
                "value": answer.facts.get(fact),
            }
            for number, fact in enumerate(facts(answer.root) if answer.permitted else [])
        ],
        "cuts": [
            {"tier": spell(tier), "points": list(points)} for tier, points in answer.cuts.items()
        ],
    }


# --- lines ----------------------------------------------------------------------------------


def _head(answer: Explanation, depth: Depth, language: Language) -> Said:
    name, you = answer.tag.name.in_(language), depth == "subject"
    if not answer.has:
        refused = "head.stopped" if answer.stopped else "head.refused"
        code = "head.not" if answer.permitted else refused
        return Said(line(code, language, to_subject=you, name=name))
    plain = answer.value == "true"
    value = note("has", language) if plain else label(answer.tag, answer.value, language)
    day = _day(answer.since)
    return Said(line("head.has", language, to_subject=you, name=name, value=value, day=day))


def _not_computed(answer: Explanation, depth: Depth, language: Language) -> Iterator[Said]:
    """Yield which purpose is refused for which reasons."""
    you = depth == "subject"
    if answer.stopped:
        why = code_label("audit", answer.stopped, language)
        yield Said(line("stopped", language, to_subject=you, why=why))
        return
    for purpose in answer.purposes:
        words = [_refusal(reason, language, to_subject=you) for reason in purpose.reasons]
        text = ("；" if language == "zh" else "; ").join(words)
        name = purpose.name.in_(language)
        yield Said(line("refused.reason", language, to_subject=you, name=name, why=text))
    yield Said(line("refused.nothing-read", language, to_subject=you))


def _refusal(reason: str, language: Language, *, to_subject: bool) -> str:
    if to_subject and reason in REFUSALS:
        return REFUSALS[reason][language == "zh"]
    return code_label("reason", reason, language)


def _ends(answer: Explanation, depth: Depth, language: Language) -> Iterator[Said]:
    if answer.has and answer.lapses_at is not None:
        day = _day(answer.lapses_at)
        yield Said(line("ends", language, to_subject=depth == "subject", day=day))


def _ground(answer: Explanation, depth: Depth, language: Language) -> Iterator[Said]:
    """Yield for what the tag is used, on which legal basis, and where the data come from."""
    you, zh = depth == "subject", language == "zh"
    code = "used-for" if answer.has else "would-be-used-for"
    for purpose in answer.purposes:
        if not purpose.allowed:
            continue
        basis = code_label("basis", purpose.basis, language)
        if purpose.consent_at is not None:
            day = _day(purpose.consent_at)
            basis += f"（{day}）" if zh else f" of {day}"
        name = purpose.name.in_(language)
        yield Said(line(code, language, to_subject=you, name=name, basis=basis))
        if not you:
            yield from _articles(purpose, language)
    words = [source_words(key, answer.sources, language) for key in answer.tag.sources]
    if not you:
        words = [f"{word} [{key}]" for word, key in zip(words, answer.tag.sources, strict=True)]
    text = ("、" if zh else ", ").join(dict.fromkeys(words))
    yield Said(line("sources", language, to_subject=you, text=text))


def _articles(purpose: PurposeAnswer, language: Language) -> Iterator[Said]:
    regime = code_label("regime", purpose.regime, language)
    cites = ", ".join(purpose.cites)
    yield Said(
        line(
            "regime", language, to_subject=False, regime=f"{regime} [{purpose.regime}]", cites=cites
        )
    )
    if purpose.consent_id is not None:
        kind = purpose.consent_kind and code_label("consent", purpose.consent_kind, language)
        parts = [part for part in (kind, iso(purpose.consent_at)) if part]
        text = ("，" if language == "zh" else ", ").join(parts) or "-"
        yield Said(line("consent", language, to_subject=False, id=purpose.consent_id, text=text))


def _record(answer: Explanation, language: Language) -> Iterator[Said]:
    """Yield what an officer needs to find it again: version, digest, people, run, replay."""
    zh = language == "zh"
    replays = {None: "-", True: note("yes", language), False: note("no", language)}
    rows: list[tuple[str, dict[str, object]]] = [
        ("tag", {"key": answer.tag.key, "version": answer.version, "digest": answer.digest}),
        ("kind", {"text": DERIVATIONS[answer.tag.derivation][zh]}),
        ("author", {"text": answer.author or "-"}),
        ("run", {"run": answer.run or "-", "at": iso(answer.computed_at) or "-"}),
        ("replays", {"text": replays[answer.replays]}),
    ]
    if answer.approved_by:
        rows.insert(3, ("approved", {"text": answer.approved_by}))
    for code, filled in rows:
        yield Said(line(code, language, to_subject=False, **filled))


def _workings(answer: Explanation, language: Language) -> Iterator[Said]:
    """Yield the rule, all facts with their values, cut points, moves, and the stored evidence."""
    own = facts(answer.root)
    rule = " ".join(answer.tag.value.split())
    yield Said(line("rule", language, to_subject=False, text=rule))
    for number, fact in enumerate(own):
        value = answer.facts.get(fact)
        filled = {"id": f"f{number}", "spelled": spell(fact), "raw": repr(value)}
        text = say(fact, value, language, answer.naming)
        yield Said(line("fact", language, to_subject=False, text=text, **filled), (f"f{number}",))
    for tier, cuts in answer.cuts.items():
        text = ", ".join(fact_value(tier.of, cut, language) for cut in cuts)
        yield Said(line("cuts", language, to_subject=False, spelled=spell(tier), text=text))
    for item in answer.reason.change if answer.reason else ():
        for fact, before, after in item.moves:
            ids = answer.ids((fact,))
            filled = {"id": ids[0], "raw": repr(before), "to": repr(after)}
            yield Said(line("move", language, to_subject=False, **filled), ids)
    if answer.evidence:
        yield Said(line("evidence", language, to_subject=False, text=answer.evidence))


def _act(answer: Explanation, language: Language) -> Iterator[Said]:
    """Yield how the person can act on it: the commands that whoever serves them types."""
    for action in ACTIONS if answer.permitted else ():
        for text in answer.commands(action):
            yield Said(line(f"act.{action}", language, to_subject=True, text=text))


def _day(at: int | None) -> str:
    return iso(at)[:10] if at is not None else "-"
