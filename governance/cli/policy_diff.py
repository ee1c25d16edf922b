# SPDX-License-Identifier: Apache-2.0
"""`policy diff` and `policy simulate`: what a pack changes, in its text, in its answers, and here."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from governance.cli.out import Json, Lang, Where, emit, table, workspace
from governance.cli.policy_pack import pack_meant

if TYPE_CHECKING:
    from governance.simulating import Simulated
    from policies.difference import Answered, Change

_SHOWN = 20


def diff(
    old: Annotated[str, typer.Argument(help="A file, or regime@version.")],
    new: Annotated[str, typer.Argument(help="A file (pack or overlay), or regime@version.")],
    as_json: Json = False,
) -> None:
    """Show what is different between two packs.

    Example: tagwarden policy diff gdpr my-overlay.yaml
    """
    from audit.errors import BadInput
    from policies.difference import answered, changes
    from policies.standard import standard_questions

    one = pack_meant(old)
    other = pack_meant(new, str(one.regime))
    if one.regime != other.regime:
        raise BadInput(
            "other-regime",
            f"{one.regime} and {other.regime} are two laws",
            hint="compare two versions of one",
        )
    parts = changes(one, other)
    verdicts = answered(one, other, standard_questions())
    data = {
        "regime": str(one.regime),
        "old": one.version,
        "new": other.version,
        "changes": [_change(item) for item in parts],
        "questions": len(standard_questions()),
        "answers": [_answered(item) for item in verdicts],
    }
    emit(data, as_json, lambda: _diff_lines(data, parts, verdicts))


def simulate(
    pack: Annotated[str, typer.Argument(help="A file (pack or overlay), or regime@version.")],
    where: Where = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Show what a pack would change here; exit 1 when worse.

    Example: tagwarden policy simulate my-overlay.yaml
    """
    from functools import partial

    from governance.law import laid
    from governance.simulating import simulate as look

    ws = workspace(where)
    with ws.store.read() as connection:
        meant = pack_meant(pack, lay=partial(laid, connection))
    found = look(ws, meant)
    language = lang or ws.settings.text("workspace.language")
    data = {
        "regime": str(meant.regime),
        "pack": meant.version,
        "worse": any(item.worse for item in found),
        "tags": [_simulated(item) for item in found],
    }
    emit(data, as_json, lambda: _simulated_lines(meant.version, found, language))
    if data["worse"]:
        raise typer.Exit(1)


def _change(item: "Change") -> dict[str, Any]:
    return {
        "part": item.part,
        "id": item.id,
        "what": item.what,
        "properties": {
            path: {"old": old, "new": new} for path, (old, new) in item.properties.items()
        },
    }


def _answered(item: "Answered") -> dict[str, Any]:
    return {
        "question": item.question,
        "way": item.way,
        "old": {
            "verdict": str(item.old.verdict),
            "consent": str(item.old.consent),
            "sensitive": item.old.sensitive,
            "rule": item.old.rule,
        },
        "new": {
            "verdict": str(item.new.verdict),
            "consent": str(item.new.consent),
            "sensitive": item.new.sensitive,
            "rule": item.new.rule,
        },
        "duties_added": list(item.added),
        "duties_dropped": list(item.dropped),
    }


def _simulated(item: "Simulated") -> dict[str, Any]:
    return {
        "tag": item.tag,
        "worse": item.worse,
        "lose": item.lose,
        "gain": item.gain,
        "answers": [
            {"purpose": one.purpose, "age_bands": list(one.bands), **_answered(one.how)}
            for one in item.answers
        ],
    }


def _diff_lines(
    data: dict[str, Any], parts: "Sequence[Change]", verdicts: "Sequence[Answered]"
) -> Iterator[str]:
    yield f"{data['regime']} {data['old']} → {data['new']}"
    if not parts and not verdicts:
        yield "no difference"
        return
    for item in parts:
        yield f"{_SIGN[item.what]} {item.part} {item.id}"
        if item.what == "changed":
            for path, (old, new) in item.properties.items():
                yield f"    {path}: {_short(old)} → {_short(new)}"
    yield ""
    ways = [item.way for item in verdicts]
    yield (
        f"{len(verdicts)} of {data['questions']} questions are answered differently: "
        + ", ".join(f"{ways.count(way)} {way}" for way in ("stricter", "laxer", "other"))
    )
    rows = [(i.way, i.question, _said(i.old), _said(i.new), _duties(i)) for i in verdicts[:_SHOWN]]
    yield from table(("way", "question", "old", "new", "duties"), rows) if rows else ()
    if len(verdicts) > _SHOWN:
        yield f"… and {len(verdicts) - _SHOWN} more: --json"


_SIGN = {"added": "+", "removed": "-", "changed": "~", "moved": "↕"}


def _simulated_lines(version: str, found: "Sequence[Simulated]", language: str) -> Iterator[str]:
    if not found:
        yield f"{version}: nothing would change"
        return
    rows = [(item.tag, item.worse, item.lose, item.gain) for item in found]
    yield from table(("tag", "worse", "people lose it", "people gain it"), rows)
    for item in found:
        for one in item.answers:
            yield f"{item.tag}, {one.purpose}, {', '.join(one.bands)}:"
            yield f"  {_said(one.how.old)} → {_said(one.how.new)} [{'; '.join(one.how.new.cites)}]"
            yield f"  {one.how.new.why['zh' if language == 'zh' else 'en']}"
            if one.how.added or one.how.dropped:
                yield f"  {_duties(one.how)}"


def _said(answer: Any) -> str:
    return f"{answer.verdict}" + (f" ({answer.consent})" if answer.consent != "none" else "")


def _duties(item: "Answered") -> str:
    return " ".join([*(f"+{code}" for code in item.added), *(f"-{code}" for code in item.dropped)])


def _short(value: object) -> str:
    text = "nothing" if value is None else str(value)
    return text if len(text) <= 120 else text[:117] + "…"
