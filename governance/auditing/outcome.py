# SPDX-License-Identifier: Apache-2.0
"""What became of people: a yes-no tag, or a rule over the events after the time of the audit.

A rule counts events within one window, which begins where the tags are looked at and has passed: what
happened before cannot be mistaken for a consequence.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray
from pyroaring import BitMap
from sqlalchemy import Connection

from audit.bias.policy import FairnessPolicy
from audit.clock import Micros
from audit.errors import BadInput, Problems
from governance.assignments import holders
from governance.auditing.measuring import measured
from governance.auditing.opening import EVENTS, asked, numbers_of
from governance.catalogue import Active, active, known
from governance.gate import Gate
from tagging.document import KEY
from tagging.rules.parse import Scope, parse_rule
from tagging.rules.tree import Aggregate, Attribute, Node, Segment, TagRef, Tier, walk

if TYPE_CHECKING:
    from governance.workspace import Workspace

SEEN: Final = ("unknown", "no", "yes")
_EXAMPLE: Final = '--at 2026-09-01 --outcome "orders(days => 30) >= 1"'


@dataclass(frozen=True, slots=True)
class Outcome:
    """An outcome as it was asked for: a tag, or a rule and the length of its window."""

    told: str
    tag: Active | None = None
    rule: Node | None = None
    span: int = 0


def outcome_of(connection: Connection, asked_for: str) -> Outcome:
    """Return the outcome that a key or a rule names.

    Raises NotFound `unknown-tag`, BadInput `bad-outcome` with every problem of the rule.
    """
    if KEY.match(asked_for):
        return Outcome(asked_for, tag=active(connection, [asked_for])[asked_for])
    there = known(connection)
    problems = Problems("outcome")
    scope = Scope(there.columns, there.attributes, values=there.values)
    root = parse_rule(asked_for, scope, problems, (1, 1))
    problems.raise_if_any("bad-outcome", "the outcome cannot be read")
    if root is None:
        raise AssertionError
    parts = [*walk(root)]
    windows = {part.window for part in parts if isinstance(part, Aggregate)}
    window = windows.pop() if len(windows) == 1 else None
    beyond = any(isinstance(part, Attribute | TagRef | Tier | Segment) for part in parts)
    if root.kind != "bool" or beyond or window is None or window.span is None or window.ago:
        raise BadInput(
            "bad-outcome",
            "an outcome is a yes-no rule over events, all within one window",
            hint=_EXAMPLE,
        )
    return Outcome(asked_for, rule=root, span=window.span)


def check(outcome: Outcome, at: Micros, now: Micros) -> None:
    """Raise BadInput for an outcome that is not a yes or no, or that cannot have come yet."""
    if outcome.tag is not None and outcome.tag.root.kind != "bool":
        raise BadInput(
            "outcome-not-yes-no",
            f'"{outcome.told}" has values: an outcome is there or not',
            hint="write a yes-no tag for it",
        )
    if outcome.rule is not None and at + outcome.span > now:
        raise BadInput(
            "outcome-to-come",
            "the time of the outcome has not passed: it begins where the tags are looked at",
            hint=f"{_EXAMPLE}: an --at that lies a window back",
        )


def seen(  # noqa: PLR0917  (one caller)
    ws: "Workspace",
    connection: Connection,
    gate: Gate,
    policy: FairnessPolicy,
    outcome: Outcome,
    people: BitMap,
    at: Micros,
) -> NDArray[np.int16]:
    """Return the place in `SEEN` for each of the people, by ascending number.

    A rule is asked of people whose events may be read for the purpose of the policy.
    """
    if outcome.rule is None:
        if outcome.tag is None:
            raise AssertionError
        known_ = gate.people(outcome.tag.effective) & people
        found = holders(connection, outcome.tag, at, present=at == gate.at)
        happened = found.get("true", BitMap()) & known_
    else:
        permitted = gate.people(asked(policy, "outcome", EVENTS), policy.opening.purpose)
        known_ = permitted & people
        end = Micros(at + outcome.span)
        table = measured(ws, connection, {"outcome": outcome.rule}, known_, end, {})
        happened = BitMap(table["ids"][table["outcome"] == 1].astype(np.uint32))
    codes = np.full(len(people), SEEN.index("unknown"), dtype=np.int16)
    ids = numbers_of(people)
    codes[np.searchsorted(ids, numbers_of(known_))] = SEEN.index("no")
    codes[np.searchsorted(ids, numbers_of(happened))] = SEEN.index("yes")
    return codes
