# SPDX-License-Identifier: Apache-2.0
"""The report of an audit by noised counts: limits → counts, paid for → judge → document, kept like the others."""

from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final

from audit.bias.noised_report import report
from audit.bias.noised_verdict import Noised, judge
from audit.bias.policy import FairnessPolicy
from audit.bias.report import Head
from audit.bias.verdict import TagVerdict, corrected
from audit.clock import Micros, iso
from audit.errors import BadInput
from governance.auditing import kept, limits
from governance.auditing.drifting import NONE
from governance.auditing.examining import Asked, check_asked, direction_of, is_whole, may_resolve
from governance.auditing.naming import names_of
from governance.auditing.noising import Question, Released, bought, question_of
from governance.auditing.noting import keep
from governance.auditing.opening import basis_of
from governance.auditing.outcome import outcome_of
from governance.authority import demand
from governance.budget import ledger
from governance.budget.populations import ALL
from governance.catalogue import Active, active, attribute_categories
from tagging.segmentation.accounting import PrivacyBudget
from tagging.segmentation.noise import Noise

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from governance.workspace import Workspace

_NOT_WITH_NOISE: Final = {"at": None, "causes": False, "months": 0}
"""Fields of a question that need counts of another kind, and what they are where they are not asked for."""


@dataclass(frozen=True, slots=True)
class Priced:
    """What noised counts may cost, and on which population they are charged."""

    epsilon: float
    population: str = ALL


@dataclass(frozen=True, slots=True)
class Made:
    """A report, and whether its counts were charged for it."""

    kept: kept.Kept
    charged: bool


def bias(
    ws: "Workspace",
    asked: Asked,
    price: Priced,
    policy_file: Path | None = None,
    *,
    noise: Noise | None = None,
) -> list[Made]:
    """Audit tags for bias by noised counts; each tag is a release of its own, in the order asked for.

    Raises BadInput for policy and question, NotFound for tags and attributes, what `question_of` raises
    (then nothing was charged), and what `bought` raises.
    """
    demand(ws, "audit.bias")
    if any(getattr(asked, part) != none for part, none in _NOT_WITH_NOISE.items()):
        raise BadInput(
            "audit-question",
            "an audit with noise is of the tag as it is now, without causes or drift",
            hint="each of these would be a release of its own; audit without --noise",
        )
    budget = PrivacyBudget(price.epsilon)
    with ws.exclusive("audit"):
        ledger.close_interrupted(ws)
        now = ws.clock.now()
        with ws.store.read() as connection:
            limit = limits.chosen(connection, policy_file)
            asked = replace(asked, by=asked.by or tuple(limit.policy.attributes))
            check_asked(asked)
            policy = limits.narrowed(limit.policy, asked.by, outcome=bool(asked.outcome))
            outcome = outcome_of(connection, asked.outcome) if asked.outcome else None
            tags = [active(connection, [key])[key] for key in asked.tags]
            questions = [
                question_of(connection, tag, policy, price.population, budget, now, outcome)
                for tag in tags
            ]
            directions = [_direction(one, asked) for one in questions]
            sources = _sources(policy, attribute_categories(connection))
        released = [bought(ws, one, asked.why, noise) for one in questions]
        found = [
            judge(one.cube(question), float(one.sigma**2), policy, said)
            for one, question, said in zip(released, questions, directions, strict=True)
        ]
        verdicts = corrected([one.verdict for one in found], float(policy.alpha))
        return [
            Made(
                _kept(ws, tag, one, (counts, verdict), (policy, limit), asked, sources), one.charged
            )
            for tag, one, counts, verdict in zip(tags, released, found, verdicts, strict=True)
        ]


def _direction(question: Question, asked: Asked) -> "Mapping[str, bool]":
    """Return the direction of each value of the tag that is audited, from documents alone."""
    said = direction_of(question.tag, asked)
    values = [value for value in question.axes[-1].values if value not in ("no", NONE)]
    if values == ["yes"]:
        return {"yes": said.get("*", said.get("true", True))}
    if "*" in said and question.tag.root.kind != "text":
        raise BadInput(
            "noise-number",
            f'the value of "{question.tag.tag.key}" is a number: where its median lies would tell of people',
            hint="having value by value, or audit it without --noise",
        )
    wanted = {v: good for v in values if (good := said.get(v, said.get("*"))) is not None}
    if not wanted:
        raise BadInput(
            "direction-missing",
            f'"{question.tag.tag.key}" has other values than those whose direction it states',
            hint="having: benefit, or the direction of each value",
        )
    return wanted


def _sources(policy: FairnessPolicy, known: "Mapping[str, str]") -> tuple[dict[str, str], ...]:
    """Return where attributes come from and on which basis they are opened: `NoisedSource`."""
    return tuple(
        {"attribute": name, "origin": known.get(name, ""), "basis": basis_of(policy)}
        for name in policy.attributes
    )


def _kept(  # noqa: PLR0917  (one caller)
    ws: "Workspace",
    tag: Active,
    one: Released,
    judged: tuple[Noised, TagVerdict],
    limit: tuple[FairnessPolicy, limits.Limits],
    asked: Asked,
    sources: "Sequence[Mapping[str, str]]",
) -> kept.Kept:
    policy, by = limit
    everybody = one.artefact["population"] == ALL
    head = _head(ws, tag, one, asked, sources)
    with ws.store.read() as connection:
        head = replace(head, names=names_of(connection, policy, (tag,)))
    document = report(head, *judged, policy, one.statement())
    return keep(
        ws,
        document,
        tag,
        judged[1],
        policy,
        by_policy=by.in_force if everybody and is_whole(ws, asked, by) else "",
        may_resolve=may_resolve(ws, asked, by),
        said={"counts": one.name, "charge": one.charge},
    )


def _head(
    ws: "Workspace",
    tag: Active,
    one: Released,
    asked: Asked,
    sources: "Sequence[Mapping[str, str]]",
) -> Head:
    return Head(
        rule=tag.meaning,
        outcome=asked.outcome,
        owner=tag.tag.owner,
        purposes=tag.tag.purposes,
        basis={str(regime): str(name) for regime, name in tag.tag.basis.items()},
        since=iso(Micros(tag.applied_at)),
        until=iso(Micros(one.artefact["as_of"])),
        made=iso(ws.clock.now()),
        auditor=ws.actor.ref,
        reviewer="",
        program=version("tagwarden"),
        sources=tuple(sources),
    )
