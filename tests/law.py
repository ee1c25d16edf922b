# SPDX-License-Identifier: Apache-2.0
"""Which tests exercise which obligation: read from marks, from case files, from traces of decisions.

A mark is `@pytest.mark.law("GDPR-9", …)` on a test function. A case names obligations by `law: [..]`;
one that names a deadline rule by `rule: ..` is a test of the obligations that are that deadline. A
decision case links itself: through each rule in the trace of its answer, and through a duty or a mark
of sensitivity only when the case states what it expects of it.
"""

import ast
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from policies.decision import Question, Step, decide
from policies.document import parse_documents
from policies.obligations import Obligation, named_in
from policies.packs import packs
from policies.rules import Pack

TESTS = Path(__file__).parent
CASES = TESTS / "cases"


@dataclass(frozen=True, slots=True)
class Mark:
    """A mark as it stands in a test file; `problem` says why it counts for nothing."""

    place: str
    ids: tuple[str, ...]
    problem: str = ""


def marks(folder: Path = TESTS) -> list[Mark]:
    """Return every mark of the test files below a folder, the useless ones with their problem."""
    found = []
    for path in sorted(folder.rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                calls = [d for d in node.decorator_list if _name(d) == "pytest.mark.law"]
                place = f"{path.relative_to(folder).as_posix()}::{node.name}"
                top = node in tree.body
                found += [_mark(place, call, node, top=top) for call in calls]
    return found


def _mark(place: str, call: ast.expr, node: ast.FunctionDef | ast.ClassDef, *, top: bool) -> Mark:
    arguments = call.args if isinstance(call, ast.Call) else []
    ids = [one.value for one in arguments if isinstance(one, ast.Constant)]
    others = {_name(other) for other in node.decorator_list}
    problems = {
        "is no test function of a module": not top
        or isinstance(node, ast.ClassDef)
        or not node.name.startswith("test_"),
        "names no obligation": not ids,
        "is not written out": len(ids) != len(arguments),
        "may not run": bool(
            others & {"pytest.mark.skip", "pytest.mark.skipif", "pytest.mark.xfail"}
        ),
    }
    wrong = next((text for text, holds in problems.items() if holds), "")
    return Mark(place, tuple(map(str, ids)), wrong)


def _name(decorator: ast.expr) -> str:
    return ast.unparse(decorator.func if isinstance(decorator, ast.Call) else decorator)


def case_files(folder: Path = CASES) -> Iterator[tuple[str, Any]]:
    """Yield the name and the value of each case file."""
    for path in sorted(folder.rglob("*.yaml")):
        for document in parse_documents(path.read_bytes(), path.name):
            yield path.relative_to(folder).as_posix(), document.value


def written(value: Any, key: str) -> Iterator[str]:
    """Yield what stands under a key, a text or a list of them, anywhere in a case file."""
    if isinstance(value, Mapping):
        for name, part in value.items():
            if name == key and isinstance(part, str | list):
                yield from [part] if isinstance(part, str) else map(str, part)
            else:
                yield from written(part, key)
    elif isinstance(value, list):
        for part in value:
            yield from written(part, key)


@cache
def decisions() -> tuple[tuple[str, str, frozenset[str]], ...]:
    """Return (file, regime, ids of the pack that it exercises) of each decision case."""
    found = []
    for name, value in case_files():
        regime = name.removeprefix("decision_").removesuffix(".yaml")
        if not name.startswith("decision_") or regime not in packs():
            continue
        pack = packs()[regime]
        for case in value["cases"]:
            question = Question.model_validate({**value["base"], **case["ask"]})
            steps = decide(question, pack).trace
            ids = frozenset(step.rule for step in steps if stated(step, case["answer"], pack))
            found.append((name, regime, ids))
    return tuple(found)


def exercised(regime: str) -> frozenset[str]:
    """Return the ids of a pack that at least one case exercises."""
    return frozenset[str]().union(*(ids for _, one, ids in decisions() if one == regime))


def stated(step: Step, wanted: Mapping[str, Any], pack: Pack) -> bool:
    """Return whether a case says what it expects of this step: else it exercises nothing."""
    if step.rule not in named_in(pack):
        return False
    if step.said == "duty":
        duties = [duty for one in (pack, *pack.companions) for duty in one.duties]
        asked = {code for duty in duties if duty.id == step.rule for code in duty.requires}
        return not asked.isdisjoint(wanted.get("requires", ()))
    if step.said == "sensitive":
        return wanted.get("sensitive") is True
    return "verdict" in wanted


def links(rows: Sequence[Obligation]) -> dict[str, Counter[str]]:
    """Return, for each obligation, where it is tested, and by how many tests or cases there."""
    found: dict[str, Counter[str]] = {row.id: Counter() for row in rows}
    for mark in marks():
        for one in () if mark.problem else mark.ids:
            if one in found:
                found[one][mark.place] += 1
    for name, value in case_files():
        by_law, by_rule = Counter(written(value, "law")), Counter(written(value, "rule"))
        for row in rows:
            dates = sum(by_rule[one] for one in row.clocks) if row.kind == "clock" else 0
            found[row.id][f"cases/{name}"] += by_law[row.id] + dates
    for name, regime, ids in decisions():
        for row in rows:
            if row.regime == regime and not ids.isdisjoint(row.rules):
                found[row.id][f"cases/{name}"] += 1
    return {one: +places for one, places in found.items()}
