# SPDX-License-Identifier: Apache-2.0
"""`policy decide` asks what the law answers; `policy classify` shows what words reveal, and why."""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from governance.cli.out import Json, Where, a_language, emit, table
from governance.cli.policy_pack import law_meant

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from policies.classify import Dictionary, Found
    from policies.decision import Answer, Question
    from policies.document import Document
    from policies.law import Law
    from policies.question import Prepared
    from policies.rules import Pack
    from policies.screen import Hit

Lang = Annotated[str, typer.Option("--lang", help="Language: en or zh.", callback=a_language)]
Own = Annotated[
    Path | None,
    typer.Option("--dictionary", help="Your own terms, over those of the product."),
]
Overlays = Annotated[
    list[Path] | None,
    typer.Option("--overlay", help="A policy overlay over the packs; may be repeated."),
]


def decide(  # noqa: PLR0917  (options of a command)
    file: Annotated[
        str, typer.Argument(help="Questions in YAML or JSON, one or a list; - reads stdin.")
    ] = "-",
    regime: Annotated[
        list[str] | None, typer.Option("--regime", help="Only this regime; may be repeated.")
    ] = None,
    dictionary: Own = None,
    overlay: Overlays = None,
    where: Where = None,
    lang: Lang = "en",
    as_json: Json = False,
) -> None:
    """Ask what the law of each regime answers.

    Example: tagwarden policy decide question.yaml --json
    """
    from policies.question import Given, answers

    questions, several = _questions(file)
    known = _dictionary(dictionary)
    law = _laws(where, overlay)
    _packs(regime, law(None))  # an unknown regime is refused before anything is asked
    given: Given = {}
    answered = [
        (
            question.key,
            *answers(
                law(question.as_of).asked(question),
                _packs(regime, law(question.as_of)),
                known,
                given=given,
            ),
        )
        for question in questions
    ]
    plain = [_result(key, ready, found) for key, ready, found in answered]
    emit(
        plain if several else plain[0],
        as_json,
        lambda: (line for one in answered for line in _lines(*one, lang)),
    )


def classify(
    text: Annotated[
        list[str] | None, typer.Argument(help="Words of a tag; - reads lines of stdin.")
    ] = None,
    dictionary: Own = None,
    lang: Lang = "en",
    as_json: Json = False,
) -> None:
    """Show what words of a tag reveal, and why.

    Example: tagwarden policy classify "Prenatal vitamins" 孕妇装
    """
    from policies.classify import classify as look
    from policies.classify import standard
    from policies.screen import screen

    texts = text or ["-"]
    if texts == ["-"]:
        texts = [line.strip() for line in sys.stdin if line.strip()]
    known = _dictionary(dictionary) or standard()
    found = [(one, look(names=[one], dictionary=known), screen([one])) for one in texts]
    plain = [
        {
            "text": one,
            "found": [_found(item, known) for item in items],
            "screened": [_hit(hit) for hit in hits],
        }
        for one, items, hits in found
    ]
    emit({"texts": plain}, as_json, lambda: _explained(found, known, lang))


def _dictionary(own: Path | None) -> "Dictionary | None":
    from audit.errors import BadInput
    from policies.classify import extend, standard

    if own is None:
        return None
    try:
        data = own.read_bytes()
    except OSError as error:
        raise BadInput(
            "file-unreadable",
            f"{own.name} cannot be read: {error.strerror}",
            hint="check the path",
        ) from None
    return extend(standard(), data, own.name)


def _laws(where: Path | None, overlays: list[Path] | None) -> "Callable[[date | None], Law]":
    """Return the law that counts on a date: the workspace's or the product's, with the overlays."""
    known: dict[date | None, Law] = {}

    def law(at: "date | None") -> "Law":
        if at not in known:
            known[at] = law_meant(where, overlays, at)
        return known[at]

    return law


def _packs(regimes: list[str] | None, law: "Law") -> "Mapping[str, Pack]":
    """Return the packs that are asked; a companion of a regime can be asked alone."""
    from policies.packs import pack_of

    if not regimes:
        return law.packs
    return {name: law.packs.get(name) or pack_of(name, law.at) for name in regimes}


def _questions(file: str) -> "tuple[list[Question], bool]":
    """Return the questions of a file, and whether it is a list of them."""
    from audit.errors import Problems
    from policies.decision import Question
    from policies.document import parse_documents, read_documents, validate

    name = "stdin" if file == "-" else Path(file).name
    documents = (
        parse_documents(sys.stdin.read(), name) if file == "-" else read_documents(Path(file))
    )
    parts = [part for document in documents for part in _parts(document)]
    problems = Problems(name)
    found = [validate(Question, part, problems) for part in parts]
    if not documents:
        problems.add("no-question", "there is no question in it")
    problems.raise_if_any("bad-question", "the question cannot be asked")
    several = len(documents) != 1 or isinstance(documents[0].value, list)
    return [question for question in found if question is not None], several


def _parts(document: "Document") -> "Iterator[Document]":
    """Yield each question of a list as a document of its own, with its places."""
    from policies.document import Document

    if not isinstance(document.value, list):
        yield document
        return
    places: list[dict[tuple[str | int, ...], tuple[int, int]]] = [{} for _ in document.value]
    for path, place in document.places.items():
        if path and isinstance(path[0], int):
            places[path[0]][path[1:]] = place
    for number, value in enumerate(document.value):
        yield Document(document.file, value, places[number])


def _result(key: str | None, ready: "Prepared", found: "Mapping[str, Answer]") -> dict[str, Any]:
    return {
        "key": key,
        "answers": {name: _plain(answer) for name, answer in found.items()},
        "found": [_found(item) for item in ready.found],
        "screened": [_hit(hit) for hit in ready.hits],
    }


def _found(item: "Found", known: "Dictionary | None" = None) -> dict[str, Any]:
    data: dict[str, Any] = {
        "category": item.category,
        "term": item.term,
        "where": item.where,
        "review": item.review,
        "provenance": item.provenance,
        "entry": item.entry,
    }
    entry = known.entry(item) if known is not None else None
    if entry is not None and entry.why is not None:
        data["why"] = entry.why.model_dump()
    return data


def _hit(hit: "Hit") -> dict[str, Any]:
    return {
        "keyword_class": hit.keyword_class,
        "term": hit.term,
        "topic": hit.topic,
        "provenance": hit.provenance,
    }


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


def _lines(
    key: str | None, ready: "Prepared", answers: "Mapping[str, Answer]", lang: str
) -> Iterator[str]:
    from policies.vocabulary import label

    yield key or "question"
    for step in ready.steps:
        yield f"  [{step.rule}] {step.said}"
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


def _explained(
    found: "list[tuple[str, tuple[Found, ...], tuple[Hit, ...]]]", known: "Dictionary", lang: str
) -> Iterator[str]:
    rows: list[tuple[str, ...]] = []
    for text, items, hits in found:
        stops = "no tag in mainland China"
        rows += [(text, hit.keyword_class, hit.term, stops, hit.topic) for hit in hits]
        rows += [_row(text, item, known, lang) for item in items]
        if not items and not hits:
            rows.append((text, "", "", "nothing found", ""))
    yield from table(("text", "reveals", "term", "weight", "why"), rows)
    yield "what the tag states in asserts counts; your own terms: --dictionary FILE"


def _row(text: str, item: "Found", known: "Dictionary", lang: str) -> tuple[str, ...]:
    entry = known.entry(item)
    why = "" if entry is None or entry.why is None else getattr(entry.why, lang, "")
    weight = "hint" if item.review else item.provenance
    return text, item.category, item.term, weight, why or item.entry
