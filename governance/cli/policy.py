# SPDX-License-Identifier: Apache-2.0
"""`tagwarden policy`: show packs, ask what the law answers. Needs no workspace."""

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from governance.cli.out import Json, emit, table

if TYPE_CHECKING:
    from policies.decision import Answer, Question
    from policies.rules import Pack

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Show packs, ask what the law answers."
)

Lang = Annotated[str, typer.Option("--lang", help="Language: en or zh.")]


@app.command()
def show(
    regime: Annotated[str | None, typer.Argument(help="gdpr, pipl_cn or ccpa.")] = None,
    lang: Lang = "en",
    as_json: Json = False,
) -> None:
    """Show the policy packs, or the rules of one.

    Example: tagwarden policy show pipl_cn
    """
    from policies.packs import pack_of, packs

    if regime is None:
        found = [_summary(pack) for pack in packs().values()]
        columns = ("regime", "version", "in_force_from", "rules", "duties", "to_review")
        rows = [[item[column] for column in columns] for item in found]
        emit({"packs": found}, as_json, lambda: table(columns, rows))
        return
    pack = pack_of(regime)
    emit(_whole(pack), as_json, lambda: _rules(pack, lang))


@app.command()
def decide(
    file: Annotated[str, typer.Argument(help="A question in YAML or JSON; - reads stdin.")] = "-",
    regime: Annotated[
        list[str] | None, typer.Option("--regime", help="Only this regime; may be repeated.")
    ] = None,
    lang: Lang = "en",
    as_json: Json = False,
) -> None:
    """Ask what the law of each regime answers.

    Example: tagwarden policy decide question.yaml --json
    """
    from policies.decision import decide as ask
    from policies.packs import pack_of, packs

    chosen = [pack_of(name) for name in regime] if regime else list(packs().values())
    answered = [
        {str(pack.regime): ask(question, pack) for pack in chosen} for question in _questions(file)
    ]
    plain = [
        {"answers": {name: _plain(answer) for name, answer in answers.items()}}
        for answers in answered
    ]
    data = plain[0] if len(plain) == 1 else {"results": plain}
    emit(data, as_json, lambda: (line for found in answered for line in _lines(found, lang)))


def _questions(file: str) -> "list[Question]":
    from pathlib import Path

    from audit.errors import Problems
    from policies.decision import Question
    from policies.document import parse_documents, read_documents, validate

    if file == "-":
        documents = parse_documents(sys.stdin.read(), "stdin")
    else:
        documents = read_documents(Path(file))
    problems = Problems("stdin" if file == "-" else Path(file).name)
    found = [validate(Question, document, problems) for document in documents]
    if not documents:
        problems.add("no-question", "there is no question in it")
    problems.raise_if_any("bad-question", "the question cannot be asked")
    return [question for question in found if question is not None]


def _plain(answer: "Answer") -> dict[str, Any]:
    data: dict[str, Any] = {
        "verdict": str(answer.verdict),
        "consent": str(answer.consent),
        "sensitive": answer.sensitive,
        "requires": list(answer.requires),
        "cites": list(answer.cites),
        "why": dict(answer.why),
        "rule": answer.rule,
        "provenance": answer.provenance,
        "basis_carries": answer.basis_carries,
        "pack": answer.pack,
        "trace": [
            {"rule": step.rule, "said": step.said, "purpose": step.purpose} for step in answer.trace
        ],
    }
    if answer.by_purpose:
        data["by_purpose"] = {
            use: {"verdict": str(part.verdict), "consent": str(part.consent), "rule": part.rule}
            for use, part in answer.by_purpose.items()
        }
    return data


def _lines(answers: "dict[str, Answer]", lang: str) -> Iterator[str]:
    from policies.vocabulary import label

    for name, answer in answers.items():
        consent = f" ({label('consent', answer.consent, lang)})" if answer.consent != "none" else ""
        yield f"{label('regime', name, lang)}: {label('verdict', answer.verdict, lang)}{consent}"
        yield f"  {answer.why['zh' if lang == 'zh' else 'en']}"
        if answer.cites:
            yield f"  {'; '.join(answer.cites)}"
        for duty in answer.requires:
            yield f"  - {label('duty', duty, lang)}"
        if answer.provenance == "knowledge":
            yield "  (from knowledge, waits for a lawyer's eye)"


def _summary(pack: "Pack") -> dict[str, Any]:
    marks = [rule.provenance for rule in pack.rules]
    marks += [duty.provenance for duty in pack.duties]
    marks += [mark.provenance for mark in pack.sensitivity]
    return {
        "regime": str(pack.regime),
        "version": pack.version,
        "name": pack.name.model_dump(),
        "in_force_from": pack.in_force.start.isoformat(),
        "rules": len(pack.rules),
        "duties": len(pack.duties),
        "to_review": marks.count("knowledge"),
    }


def _whole(pack: "Pack") -> dict[str, Any]:
    rules = [
        {
            "id": rule.id,
            "verdict": str(rule.then.verdict),
            "consent": str(rule.then.consent),
            "bases": list(rule.then.bases),
            "requires": list(rule.then.requires),
            "cites": list(rule.cites),
            "provenance": rule.provenance,
            "why": rule.then.why.model_dump(),
            "when": rule.when.model_dump(mode="json", exclude_unset=True),
        }
        for rule in pack.rules
    ]
    sets = {name: list(items.categories) for name, items in pack.sets.items()}
    return {**_summary(pack), "rules_in_order": rules, "sets": sets}


def _rules(pack: "Pack", lang: str) -> Iterator[str]:
    yield f"{pack.name.zh if lang == 'zh' else pack.name.en}, {pack.version}"
    yield from table(
        ("rule", "verdict", "consent", "cites", "provenance"),
        [
            (rule.id, rule.then.verdict, rule.then.consent, "; ".join(rule.cites), rule.provenance)
            for rule in pack.rules
        ],
    )
