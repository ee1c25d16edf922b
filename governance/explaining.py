# SPDX-License-Identifier: Apache-2.0
"""Why a person has a tag, or has not: read through the gate, replayed from what was stored, logged.

What the gate does not permit is not computed for the answer either: then the answer is the reason
why not. Every explanation leaves an entry in the evidence log, in the same transaction.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from sqlalchemy import Connection, text

from audit.clock import Micros
from governance.assessment import valid
from governance.assignments import Held, expires_at, held_by
from governance.authority import demand
from governance.catalogue import Active, active, names
from governance.gate import Permission, Verdict, permissions
from governance.law import law_over
from governance.purpose import Purpose, purposes
from governance.requirement import Requirement, requirements
from governance.running.live import Live
from governance.running.snapshot import cuts_of_run
from governance.workspace import Workspace
from policies.vocabulary import label
from tagging.document import Tag, Words
from tagging.evaluation.plan import closure
from tagging.explain.amounts import Language
from tagging.explain.answer import Depth, Explanation, PurposeAnswer, render
from tagging.explain.evidence import decode_facts, replay
from tagging.explain.models import model_reason
from tagging.explain.reasons import reason
from tagging.explain.segments import segment_reason
from tagging.rules.evaluate import Value
from tagging.rules.lower import Cuts
from tagging.rules.tree import Fact, Segment, TagRef, facts, tiers


def explain(
    ws: Workspace, subject_id: int, keys: Iterable[str] | None, *, depth: Depth
) -> list[Explanation]:
    """Return the explanation of some tags of a person; None: of those that the person has now.

    Raises NotFound for an unknown tag. The read is logged, with its depth and the number of tags.
    """
    demand(ws, f"explain.{depth}")
    live = Live(ws)
    try:
        with ws.store.write() as unit:
            connection = unit.connection
            now = ws.clock.now()
            tags = active(connection)
            wanted = None if keys is None else set(active(connection, keys))
            behind = closure({key: tag.root for key, tag in tags.items()}, wanted or set(tags))
            tags = {key: tag for key, tag in tags.items() if key in behind}
            found = explanations(connection, live, subject_id, tags, now)
            answers = [
                answer
                for key, answer in found.items()
                if (wanted is None and answer.has) or (wanted is not None and key in wanted)
            ]
            unit.log(
                ws.evidence.entry(
                    "read.explained", subject_id=subject_id, depth=depth, tags=len(answers)
                )
            )
        return answers
    finally:
        live.close()


def lines(
    ws: Workspace, subject_id: int, keys: Iterable[str] | None, *, depth: Depth, language: Language
) -> list[str]:
    """Return the explanation as lines for a person, an empty line between tags."""
    blocks = [render(item, depth, language) for item in explain(ws, subject_id, keys, depth=depth)]
    return [
        line for number, block in enumerate(blocks) for line in ([""] if number else []) + block
    ]


def verdict_lines(ws: Workspace, tags: Iterable[Tag], language: Language) -> Iterator[str]:
    """Yield what the law of each regime says to some tags, for adults."""
    with ws.store.read() as connection:
        known, assessed = purposes(connection), valid(connection, ws.clock.now())
        law = law_over(connection)
    for tag in tags:
        yield f"{tag.name.in_(language)} ({tag.key})"
        for what in requirements(tag, known, tag.purposes[0], assessments=assessed, law=law):
            if what.band == "18+":
                said = "; ".join(_verdicts(what, language))
                yield f"    {what.regime:<8} {said}  [{', '.join(what.cites)}]"


def _verdicts(what: Requirement, language: Language) -> Iterator[str]:
    """Yield what is said of a requirement: why not, which consent, which assessments are missing."""
    if what.reason is not None and not what.missing:
        yield label("reason", str(what.reason), language)
        return
    if what.kinds:
        kinds = " / ".join(label("consent", str(kind), language) for kind in sorted(what.kinds))
        yield f"{label('verdict', 'needs_consent', language)}: {kinds}"
    if what.missing:
        kinds = ", ".join(label("assessment", kind, language) for kind in what.missing)
        yield f"{label('reason', str(what.reason), language)}: {kinds}"
    if not what.kinds and not what.missing:
        yield label("verdict", "allowed", language)


def explanations(
    connection: Connection, live: Live, subject_id: int, tags: Mapping[str, Active], now: Micros
) -> dict[str, Explanation]:
    """Return the explanation of each of these tags for a person; the caller logs the look."""
    known = purposes(connection)
    allowed = permissions(
        connection, subject_id, [tag.effective for tag in tags.values()], now, known
    )
    held = held_by(connection, subject_id, tags, now)
    present = live.evaluate(connection, subject_id, now).facts
    naming = names(connection)
    found = {}
    for key, tag in tags.items():
        has = held.get(key) if allowed[key].allowed else None
        one = _one(connection, tag, allowed[key], has, present, known, live.cuts, tag.shown(now))
        found[key] = replace(one, naming=naming, stopped=tag.standing.stopped(now))
    return {key: _with_inner(one, found) for key, one in found.items()}


def _with_inner(one: Explanation, found: Mapping[str, Explanation]) -> Explanation:
    """Put the explanations of the tags that a tag refers to, and that the person has, below it."""
    inner = [found[fact.key] for fact in one.facts if isinstance(fact, TagRef)]
    return replace(one, inner=tuple(item for item in inner if item.has))


def _one(  # noqa: PLR0917  (one call site; each part was read once for all tags)
    connection: Connection,
    tag: Active,
    permission: Permission,
    held: Held | None,
    present: Mapping[Fact, Value],
    known: Mapping[str, Purpose],
    latest: Cuts,
    shown: bool,
) -> Explanation:
    permitted = permission.allowed and shown
    used: dict[Fact, Value] = {}
    cuts: Cuts = {}
    if permitted:
        stored = held is not None and held.evidence is not None
        cuts = cuts_of_run(connection, tag, held.run) if held is not None else latest
        cuts = cuts or latest
        cuts = {tier: points for tier, points in cuts.items() if tier in tiers(tag.root)}
        if stored and held is not None:
            used = decode_facts(tag.root, held.evidence or "[]")
        else:
            used = {fact: present.get(fact) for fact in facts(tag.root)}
    learned = tag.root if isinstance(tag.root, Segment) else None
    call = learned.call if learned is not None and permitted else ""
    return Explanation(
        tag.tag,
        tag.root,
        tag.version,
        tag.digest,
        held.value if held else None,
        permitted,
        tuple(_purpose(connection, verdict, known) for verdict in permission.verdicts),
        reason(tag.root, used, cuts) if permitted and learned is None else None,
        used,
        cuts,
        since=held.valid_from if held else None,
        lapses_at=_last(held, tag) if held else None,
        run=held.run if held else "",
        computed_at=tag.evaluated_at,
        author=tag.author,
        evidence=(held.evidence or "") if held else "",
        segment=segment_reason(learned, used, cuts) if learned and call == "segment" else None,
        model=model_reason(learned, used, cuts) if learned and call == "model" else None,
        replays=replay(tag.root, used, cuts) == held.value if held and held.evidence else None,
    )


def _last(held: Held, tag: Active) -> int | None:
    ends = [end for end in (held.lapses_at, expires_at(tag)) if end is not None]
    return min(ends, default=None)


def _purpose(
    connection: Connection, verdict: Verdict, known: Mapping[str, Purpose]
) -> PurposeAnswer:
    purpose = known.get(verdict.purpose)
    at, kind = None, ""
    if verdict.consent_event_id is not None:
        at, kind = connection.execute(
            text("SELECT at, kind FROM consentevent WHERE id = :i"), {"i": verdict.consent_event_id}
        ).one()
    name = purpose.name if purpose else Words(en=verdict.purpose, zh=verdict.purpose)
    return PurposeAnswer(
        verdict.purpose,
        name,
        verdict.allowed,
        verdict.reasons,
        verdict.regime,
        verdict.basis,
        verdict.consent_event_id,
        at,
        verdict.cites,
        kind,
    )
