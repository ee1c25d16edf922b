# SPDX-License-Identifier: Apache-2.0
"""`policy show` and `policy schema`: the packs in words, and the shape of the documents for editors."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from governance.cli.out import Json, Where, a_language, emit, say, table
from governance.cli.policy_pack import law_meant

if TYPE_CHECKING:
    from policies.rules import Duty, Pack, Rule, Sensitivity

Lang = Annotated[str, typer.Option("--lang", help="Language: en or zh.", callback=a_language)]
Kind = Literal[
    "pack",
    "overlay",
    "tag",
    "feature",
    "purpose",
    "assessment",
    "access",
    "fairness",
    "bias-report",
    "noised-bias-report",
    "leak-report",
    "price-report",
    "consent-policy",
    "consent-report",
]


def show(
    regime: Annotated[
        str | None, typer.Argument(help="gdpr, pipl_cn, ccpa, or a companion such as eu_dsa.")
    ] = None,
    where: Where = None,
    lang: Lang = "en",
    as_json: Json = False,
) -> None:
    """Show the policy packs, or all of one in words.

    Example: tagwarden policy show pipl_cn
    """
    from policies.packs import pack_of

    law = law_meant(where, None)
    if regime is None:
        found = [_summary(pack) for pack in law.packs.values()]
        with_it = [_summary(c) for pack in law.packs.values() for c in pack.companions]
        columns = ("regime", "version", "in_force_from", "rules", "duties", "to_review")
        rows = [[item[column] for column in columns] for item in (*found, *with_it)]
        emit({"packs": found, "companions": with_it}, as_json, lambda: table(columns, rows))
        return
    pack = law.packs.get(regime) or pack_of(regime)
    emit(_whole(pack), as_json, lambda: _lines(pack, lang))


def schema(
    kind: Annotated[
        Kind,
        typer.Argument(
            help="pack, overlay, tag, feature, purpose, assessment, access, fairness, bias-report, "
            "noised-bias-report, leak-report, price-report, consent-policy or consent-report."
        ),
    ] = "tag",
    as_json: Json = True,  # noqa: ARG001  (a schema is JSON, asked for or not)
) -> None:
    """Print the JSON Schema of a document, for editors.

    Example: tagwarden policy schema tag > tag.schema.json
    """
    say(json.dumps(json_schema(kind), ensure_ascii=False, indent=2))


def json_schema(kind: Kind) -> dict[str, Any]:
    """Return the JSON Schema of a kind of document, as YAML editors read it."""
    from audit.bias.leak_report import LeakReport
    from audit.bias.noised_schema import NoisedBiasReport
    from audit.bias.policy import FairnessPolicy
    from audit.bias.price_report import PriceReport
    from audit.bias.schema import BiasReport
    from audit.consent.policy import ConsentPolicy
    from audit.consent.schema import ConsentReport
    from governance.access.schema import AccessPackage
    from governance.assessment import Assessment
    from governance.purpose import Purpose
    from policies.rules import Overlay, Pack
    from tagging.document import Feature, Tag

    models: dict[str, Any] = {
        "pack": Pack,
        "overlay": Overlay,
        "tag": Tag,
        "feature": Feature,
        "purpose": Purpose,
        "assessment": Assessment,
        "access": AccessPackage,
        "fairness": FairnessPolicy,
        "bias-report": BiasReport,
        "noised-bias-report": NoisedBiasReport,
        "leak-report": LeakReport,
        "price-report": PriceReport,
        "consent-policy": ConsentPolicy,
        "consent-report": ConsentReport,
    }
    found: dict[str, Any] = models[kind].model_json_schema(by_alias=True)
    if kind == "pack":
        whole = found["$defs"].pop("Pack", found)
        for made in ("categories", "companions", "beneath", "overlay", "reason"):
            whole["properties"].pop(made, None)
        found = {**whole, "$defs": found["$defs"]}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **found}


def _summary(pack: "Pack") -> dict[str, Any]:
    marks = [rule.provenance for rule in pack.rules]
    marks += [duty.provenance for duty in pack.duties]
    marks += [mark.provenance for mark in pack.sensitivity]
    return {
        "regime": str(pack.regime),
        "version": pack.version,
        "name": pack.name.model_dump(),
        "in_force_from": pack.in_force.start.isoformat(),
        "applies_with": str(pack.applies_with) if pack.applies_with else None,
        "rules": len(pack.rules),
        "duties": len(pack.duties),
        "to_review": marks.count("knowledge"),
    }


def _whole(pack: "Pack") -> dict[str, Any]:
    from policies.vocabulary import label

    return {
        **_summary(pack),
        "sources": dict(pack.sources),
        "companions": [str(companion.regime) for companion in pack.companions],
        "overlays": _overlays(pack),
        "rules_in_order": [
            {
                "id": rule.id,
                "verdict": str(rule.then.verdict),
                "consent": str(rule.then.consent),
                "bases": list(rule.then.bases),
                "requires": list(rule.then.requires),
                "why": rule.then.why.model_dump(),
                **_rest(rule),
            }
            for rule in pack.rules
        ],
        "sensitivity": [{"id": mark.id, **_rest(mark)} for mark in pack.sensitivity],
        "duties_in_order": [
            {
                "id": duty.id,
                "requires": {
                    code: {lang: label("duty", code, lang) for lang in ("en", "zh")}
                    for code in duty.requires
                },
                "verdicts": [str(verdict) for verdict in duty.verdicts],
                "sensitive": duty.sensitive,
                **_rest(duty),
            }
            for duty in pack.duties
        ],
        "sets": {name: list(items.categories) for name, items in pack.sets.items()},
        "tables": {
            name: {"default": items.default, "states": dict(items.states)}
            for name, items in pack.tables.items()
        },
    }


def _rest(item: "Rule | Sensitivity | Duty") -> dict[str, Any]:
    return {
        "cites": list(item.cites),
        "provenance": item.provenance,
        "when": item.when.model_dump(mode="json", exclude_unset=True),
    }


def _overlays(pack: "Pack") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while pack.beneath is not None:
        found.append({"key": pack.overlay, "reason": pack.reason})
        pack = pack.beneath
    return found[::-1]


def _lines(pack: "Pack", lang: str) -> Iterator[str]:
    from policies.vocabulary import label

    language = "zh" if lang == "zh" else "en"
    yield f"{pack.name.in_(language)}, {pack.version}, from {pack.in_force.start}"
    for overlay in _overlays(pack):
        reason = overlay["reason"]
        said = f"may be laxer: {reason}" if reason else "may only be stricter"
        yield f"overlay {overlay['key']}: {said}"
    for rule in pack.rules:
        consent = f" ({label('consent', rule.then.consent, lang)})"
        need = consent if rule.then.consent != "none" else ""
        yield ""
        yield f"{rule.id}{_mark(rule.provenance)}: {label('verdict', rule.then.verdict, lang)}{need}"
        yield f"  {rule.then.why.in_(language)}"
        yield f"  {'; '.join(rule.cites)}"
        yield from (f"  - {label('duty', code, lang)}" for code in rule.then.requires)
    yield ""
    yield "sensitive:" if language == "en" else "敏感信息："
    for mark in pack.sensitivity:
        yield f"  {mark.id}{_mark(mark.provenance)}: {_revealed(pack, mark, lang)} [{'; '.join(mark.cites)}]"
    yield ""
    yield "duties:" if language == "en" else "义务："
    for duty in pack.duties:
        yield f"  {duty.id}{_mark(duty.provenance)} [{'; '.join(duty.cites)}]"
        yield from (f"  - {label('duty', code, lang)}" for code in duty.requires)


def _mark(provenance: str) -> str:
    return {"knowledge": " (?)", "operator": " (own)"}.get(provenance, "")


def _revealed(pack: "Pack", mark: "Sensitivity", lang: str) -> str:
    from policies.vocabulary import label

    named = [
        f"{label('set', name, lang)} ({', '.join(pack.sets[name].categories)})"
        for name in mark.when.reveals or ()
    ]
    if mark.when.age_below is not None:
        named.append(f"< {mark.when.age_below}")
    return ", ".join(named)
