# SPDX-License-Identifier: Apache-2.0
"""From a choice to the first read that obeys it: `python -m benchmarks.choices [--people 100000]`.

Everybody has every tag. Each choice is made by another person, as the command makes it; the moment its
transaction is committed, a second connection reads the audience of the tag, or the gate for this person,
and must not find the person any more. Each measurement is one line of JSON.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path
from typing import Final, NamedTuple

from pyroaring import BitMap
from sqlalchemy import text

from audit.clock import from_micros
from benchmarks.measure import Result
from governance import assessment, authority, choice, correcting, gate, purpose
from governance.actor import Actor
from governance.assignments import audience
from governance.catalogue import active
from governance.changing import applying, comparing, review
from governance.choice import ChoiceFact
from governance.init import init
from governance.intake.people import enrol
from governance.purpose import purposes
from governance.store import bitmaps
from governance.workspace import Workspace, open_workspace
from policies.assessments import RULES

OFFICER, REVIEWER = Actor("bench", "dpo"), Actor("reviewer", "dpo")
WORDS: Final = {"en": "benchmark", "zh": "基准"}
HEAD: Final = {"apiVersion": "tagwarden/v1"}
USES: Final = {
    "offers": "first_party_recommendation",
    "sharing": "cross_context_advertising",
    "credit": "credit_decision",
}
PLAIN, HEAVY = "user.demographic.profile", "legal_or_similarly_significant"
TAGS: Final = {
    "interest.tea": ("offers", PLAIN, "none"),
    "interest.baby": ("offers", "x.health.reproductive", "none"),
    "interest.shared": ("sharing", PLAIN, "none"),
    "credit.safe": ("credit", PLAIN, HEAVY),
}
CHOICES: Final = (
    ("depersonalise", "", "interest.tea"),
    ("block-tag", "interest.tea", "interest.tea"),
    ("contest-tag", "interest.tea", "interest.tea"),
    ("object", "offers", "interest.tea"),
    ("opt-out", "", "interest.shared"),
    ("limit", "", "interest.baby"),
    ("admt-opt-out", "", "credit.safe"),
    ("restrict", "", "interest.tea"),
)
"""Kind, target, and a tag that the choice stops."""


class Took(NamedTuple):
    """Seconds on the wall, and of the processor: those are steady when the machine has other work."""

    wall: float
    cpu: float

    @classmethod
    def now(cls) -> "Took":
        """Return the present of both clocks."""
        return cls(time.perf_counter(), time.process_time())

    def __sub__(self, other: "Took") -> "Took":
        return Took(self.wall - other.wall, self.cpu - other.cpu)


def build(place: Path, people: int) -> None:
    """Make a shop under Californian law in which everybody has every tag."""
    init(place / "shop", name="Benchmark", ring=place / "ring" / "ring.json", actor=OFFICER)
    with closing(open_workspace(place / "shop", actor=OFFICER)) as ws:
        today = from_micros(ws.clock.now()).date()
        purpose.apply(ws, [_written(place / "purposes.yaml", _purposes())])
        assessment.apply(ws, [_written(place / "assessments.yaml", _assessments(today))])
        plan = comparing.make(ws, [_written(place / "tags.yaml", _tags())], count=False)
        authority.add(ws, REVIEWER.name, [REVIEWER.role])
        name = review.submit(ws, plan).name
        ws.actor = REVIEWER
        review.approve(ws, name)
        ws.actor = OFFICER
        applying.apply(ws, plan)
        found = ws.people.admit("customer", [f"C-{n}" for n in range(people)])
        with ws.store.write() as unit:
            enrol(ws, unit, BitMap(found.values()), regime="ccpa")
        _give(ws, BitMap(found.values()))


def _purposes() -> list[dict[str, object]]:
    base = {**HEAD, "kind": "Purpose", "name": WORDS, "says": WORDS, "retention": "730d"}
    return [{**base, "key": k, "use": use, "personalised": True} for k, use in USES.items()]


def _assessments(today: date) -> list[dict[str, object]]:
    contents = {part.code: WORDS for part in RULES["risk_assessment"].parts}
    made = {
        "made": str(today),
        "approved": str(today),
        "review_by": str(today + timedelta(days=365)),
    }
    return [
        {
            **HEAD,
            **made,
            "kind": "Assessment",
            "key": f"risk.{name}",
            "type": "risk_assessment",
            "covers": {"purposes": list(USES), **covers},
            "reviewed_by": "privacy team",
            "contents": contents,
        }
        for name, covers in (("all", {}), ("named", {"tags": list(TAGS)}))
    ]


def _tags() -> list[dict[str, object]]:
    return [
        {
            **HEAD,
            "kind": "Tag",
            "key": key,
            "name": WORDS,
            "says": WORDS,
            "owner": "benchmark",
            "dimension": "credit" if key.startswith("credit") else "interest",
            "derivation": "inferred",
            "sources": ["user.behavior.purchase_history"],
            "asserts": [asserts],
            "purposes": [of],
            "basis": {"ccpa": "notice"},
            "effect": effect,
            "ttl": "30d",
            "value": f"orders(days => 20) >= {number}",
            "purge_on_withdrawal": "immediately",
        }
        for number, (key, (of, asserts, effect)) in enumerate(TAGS.items(), start=1)
    ]


def _written(path: Path, documents: Sequence[dict[str, object]]) -> Path:
    path.write_text("\n---\n".join(json.dumps(item) for item in documents), "utf-8")
    return path


def _give(ws: Workspace, people: BitMap) -> None:
    """Give everybody every tag, as a published run would."""
    now = ws.clock.now()
    with ws.store.write() as unit:
        connection = unit.connection
        run = connection.execute(
            text(
                "INSERT INTO run (name, mode, state, as_of, started_at, report) "
                "VALUES ('run-bench', 'all', 'published', :t, :t, '{}') RETURNING id"
            ),
            {"t": now},
        ).scalar_one()
        connection.execute(text("UPDATE definition SET evaluated_at = :t"), {"t": now})
        for tag in active(connection).values():
            tv = connection.execute(
                text(
                    "INSERT INTO tagvalue (definition_id, value) VALUES (:d, 'true') RETURNING tv"
                ),
                {"d": tag.id},
            ).scalar_one()
            connection.execute(
                text(
                    "INSERT INTO assignment (subject_id, tv, valid_from, run_id) "
                    "VALUES (:s, :v, :t, :r)"
                ),
                [{"s": who, "v": tv, "t": now, "r": run} for who in people],
            )
            bitmaps.put(connection, f"tv:{tv}", people)


def in_audience(ws: Workspace, who: int, key: str) -> bool:
    """Read the audience of a tag and look for a person in it."""
    with ws.store.read() as connection:
        tag = active(connection, [key])[key]
        return who in audience(connection, tag, TAGS[key][0], ws.clock.now())


def permitted(ws: Workspace, who: int, key: str) -> bool:
    """Ask the gate for one person."""
    with ws.store.read() as connection:
        tag = active(connection, [key])[key].effective
        now, of = ws.clock.now(), TAGS[key][0]
        return gate.permit(connection, who, tag, now, purposes(connection), purpose=of).allowed


def choose(ws: Workspace, who: int, kind: str, target: str) -> None:
    """Decide as the command does."""
    if kind == "contest-tag":
        correcting.contest(ws, who, target)
    else:
        choice.submit(ws, ChoiceFact(who, kind, target, True, ws.evidence.now(), "bench"))


def obeyed(
    ws: Workspace, other: Workspace, choices: int, look: Callable[[Workspace, int, str], bool]
) -> tuple[list[Took], list[Took]]:
    """Return, for each choice, what passes from its commit to the end of the read that obeys it.

    And what the whole act takes. Raises RuntimeError when a read does not obey.
    """
    reads: list[Took] = []
    acts: list[Took] = []
    carry, pending = ws.store.after_commit, []

    def committed() -> None:
        started = Took.now()
        for who, key in pending:
            if look(other, who, key):
                raise RuntimeError(f"a read after the commit still found the person: {key}")
            reads.append(Took.now() - started)
        pending.clear()
        carry()

    ws.store.after_commit = committed
    for number in range(choices):
        kind, target, key = CHOICES[number % len(CHOICES)]
        who = 1 + number if look is in_audience else 50_000 + number
        if not look(other, who, key):
            raise RuntimeError(f"the person did not have the tag before: {key}")
        pending.append((who, key))
        started = Took.now()
        choose(ws, who, kind, target)
        acts.append(Took.now() - started - reads[-1])
    ws.store.after_commit = carry
    return reads, acts


def results(people: int, choices: int = 1_200) -> Iterator[Result]:
    """Yield the measurements."""
    with tempfile.TemporaryDirectory(prefix="tagwarden-bench-") as name:
        place = Path(name)
        build(place, people)
        with (
            closing(open_workspace(place / "shop", actor=OFFICER)) as ws,
            closing(open_workspace(place / "shop", actor=OFFICER)) as other,
        ):
            for what, look in (("audience", in_audience), ("one person", permitted)):
                reads, acts = obeyed(ws, other, choices, look)
                yield _result(f"commit of a choice → obeyed read, {what}, {people:,}", reads)
                yield _result(f"a choice, all of the act, {people:,} people", acts)


def _result(name: str, took: Sequence[Took]) -> Result:
    wall, cpu = (sorted(column) for column in zip(*took, strict=True))
    facts = {
        "count": len(wall),
        "p50_ms": _at(wall, 0.5),
        "cpu_p50_ms": _at(cpu, 0.5),
        "cpu_p99_ms": _at(cpu, 0.99),
    }
    return Result(f"{name}, p99", _at(wall, 0.99), None, "ms", "", "", facts)


def _at(found: Sequence[float], share: float) -> float:
    return round(found[int(len(found) * share)] * 1000, 2)


def main() -> None:
    """Run the measurements and print them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.choices", description=__doc__)
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--choices", type=int, default=1_200)
    given = parser.parse_args()
    for found in results(given.people, given.choices):
        print(found.line(), flush=True)


if __name__ == "__main__":
    main()
