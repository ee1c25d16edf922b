# SPDX-License-Identifier: Apache-2.0
"""Sets some tags and people up in a small lake and compares every engine with the oracle.

Facts are compared where the gate permits them, tag values always. In the strict gate a fact that is
not permitted must look as if there were no events.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random

from hypothesis import HealthCheck, settings

from tagging.evaluation.cuts import fit
from tagging.evaluation.duck import DuckEngine
from tagging.evaluation.engine import CLASS_BITS, Bucket, GateSlice
from tagging.evaluation.plan import make_plan
from tagging.evaluation.single import SingleEngine
from tagging.rules.evaluate import evaluate
from tagging.rules.tree import Attribute, TagRef
from tests.oracle import Oracle, Person, aggregate
from tests.property.strategies import AS_OF, EXTRAS, KINDS

QUICK = settings(
    max_examples=20,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
SLOW = settings(QUICK, derandomize=False, print_blob=True)


# --- builders -------------------------------------------------------------------------------


def write_lake(folder: Path, crowd: Mapping[int, Person], seed: int) -> Bucket:
    """Write the events into two files, of which some lack some columns; those become NULL."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    random = Random(seed)  # noqa: S311
    lacking = [set(random.sample(tuple(EXTRAS), random.randint(0, 4))) for _ in range(2)]
    if not any(one.events for one in crowd.values()):
        return Bucket([])
    rows = [[], []]
    for subject_id, one in sorted(crowd.items()):
        for event in one.events:
            part = random.randint(0, 1)
            for name in lacking[part]:
                event[name] = None
            rows[part].append({"subject_id": subject_id, **event})
    parts = []
    for part, found in enumerate(rows):
        kinds = {
            name: pa.string() if kind == "text" else pa.int64()
            for name, kind in KINDS.items()
            if name not in lacking[part]
        }
        schema = pa.schema([("subject_id", pa.int64()), ("ts", pa.int64()), *kinds.items()])
        found.sort(key=lambda row: (row["subject_id"], row["ts"]))
        parts.append(folder / "b=000" / f"{part}.parquet")
        parts[-1].parent.mkdir(exist_ok=True)
        pq.write_table(pa.Table.from_pylist(found, schema=schema), parts[-1])
    return Bucket(parts, frozenset(lacking[0] | lacking[1]))


def slice_of(crowd: Mapping[int, Person]) -> GateSlice:
    """The people whom some class permits, with masks."""
    import numpy as np

    ids = sorted(number for number, one in crowd.items() if one.permitted)
    words = 1 + max((c for one in crowd.values() for c in one.permitted), default=0) // CLASS_BITS
    masks = [np.zeros(len(ids), dtype=np.int64) for _ in range(words)]
    for row, number in enumerate(ids):
        for gate_class in crowd[number].permitted:
            masks[gate_class // CLASS_BITS][row] |= 1 << (gate_class % CLASS_BITS)
    return GateSlice(np.array(ids, dtype=np.int64), masks)


def event_rows(scene, subject_id):
    """The events of a person as the engine for one person takes them."""
    names = ("ts", *scene.plan.columns)
    events = scene.crowd[subject_id].events
    return [(subject_id, *(event.get(name) for name in names)) for event in events]


def attribute_table(plan, crowd):
    """The attributes of those who have any, as a run gives them."""
    import pyarrow as pa

    wanted = plan.attributes()
    ids = [number for number, one in sorted(crowd.items()) if one.attributes]
    columns = {"subject_id": pa.array(ids, pa.int64())}
    for fact in wanted:
        given_ = [crowd[number].attributes.get(fact.key) for number in ids]
        columns[f"a{plan.index(fact)}"] = pa.array(given_, pa.string())
    return pa.table(columns) if wanted else None


@dataclass
class Scene:
    """Tags, people and the oracle that knows what must come out."""

    tags: dict
    crowd: dict
    bucket: Bucket
    lake: Path

    def __post_init__(self):
        self.plan = make_plan(
            {key: root for key, (root, _) in self.tags.items()},
            {key: gate_class for key, (_, gate_class) in self.tags.items()},
        )
        self.oracle = Oracle(self.tags)
        self.oracle.fit([one for one in self.crowd.values() if one.permitted], AS_OF)
        self.facts = {fact: self.oracle.needed_by(fact) for fact in self.plan.measured}

    def fact(self, number, fact):
        """What a fact is for a person, and whether it may be known."""
        one = self.crowd[number]
        known = bool(one.permitted & self.facts[fact])
        if isinstance(fact, Attribute):
            return known, one.attributes.get(fact.key) if known else None
        return known, aggregate(fact, one.events if known else [], AS_OF)


def check_batch(scene: Scene, *, strict: bool) -> int:
    """Compare DuckEngine with the oracle; return how many tag values were compared."""
    engine = DuckEngine(scene.lake, strict=strict, threads=1)
    try:
        gate = slice_of(scene.crowd)
        table = attribute_table(scene.plan, scene.crowd)
        found = engine.facts(scene.plan, scene.bucket, gate, AS_OF, table)
        measures = engine.tier_inputs(scene.plan, found)
        values = engine.values(scene.plan, found, scene.oracle.cuts)
        for number in list(scene.crowd)[:2]:
            rows = engine.person(scene.plan, scene.bucket, number)
            assert sorted(rows, key=repr) == sorted(event_rows(scene, number), key=repr)
    finally:
        engine.close()
    for tier, measure in zip(scene.plan.tiers, measures, strict=True):
        assert fit(measure, tier.count) == scene.oracle.cuts[tier]
    ids = values.subject_ids.tolist()
    assert sorted(ids) == gate.subject_ids.tolist()
    assert values.facts.column("subject_id").to_pylist() == ids
    compare_facts(scene, ids, values, strict=strict)
    return compare_tags(scene, ids, values)


def compare_facts(scene, ids, values, *, strict):
    for number, fact in enumerate(scene.plan.measured):
        column = values.facts.column(f"f{number}").to_pylist()
        for subject_id, got in zip(ids, column, strict=True):
            known, expected = scene.fact(subject_id, fact)
            if known or strict:
                assert same(got, expected), told(scene, subject_id, fact, got, expected)


def compare_tags(scene, ids, values):
    for number, tag in enumerate(scene.plan.tags):
        held = {}
        for value, places in values.values[tag.key].items():
            held |= {ids[place]: value for place in places.tolist()}
        column = values.tags.column(f"t{number}").to_pylist()
        for subject_id, got in zip(ids, column, strict=True):
            one = scene.crowd[subject_id]
            expected = scene.oracle.value(one, tag.key, AS_OF)
            assert same(got, expected), told(scene, subject_id, tag, got, expected)
            text = scene.oracle.tag_text(one, tag.key, AS_OF)
            assert text_same(tag, held.get(subject_id), text)
    return len(ids) * len(scene.plan.tags)


def check_single(scene: Scene, *, strict: bool) -> int:
    """Compare SingleEngine, and the replay of its facts, with the oracle."""
    engine = SingleEngine(scene.plan, strict=strict)
    try:
        for subject_id, one in scene.crowd.items():
            found = engine.evaluate(
                subject_id,
                event_rows(scene, subject_id),
                one.permitted,
                AS_OF,
                scene.oracle.cuts,
                attributes=one.attributes,
            )
            if not one.permitted:
                assert (found.facts, found.tags) == ({}, {})
            else:
                compare_person(scene, subject_id, found, strict=strict)
    finally:
        engine.close()
    return len(scene.crowd) * len(scene.plan.tags)


def compare_person(scene, subject_id, found, *, strict):
    one = scene.crowd[subject_id]
    for fact in scene.plan.measured:
        known, expected = scene.fact(subject_id, fact)
        if known or strict:
            got = found.facts[fact]
            assert same(got, expected), told(scene, subject_id, fact, got, expected)
    for tag in scene.plan.tags:
        expected = scene.oracle.value(one, tag.key, AS_OF)
        got = found.facts[TagRef(tag.key, tag.root.kind)]
        assert same(got, expected), told(scene, subject_id, tag, got, expected)
        text = scene.oracle.tag_text(one, tag.key, AS_OF)
        assert text_same(tag, found.tags.get(tag.key), text)
        if tag.gate_class in one.permitted:
            again = evaluate(tag.root, found.facts, scene.oracle.cuts)
            assert same(again, expected), told(scene, subject_id, tag, again, expected)


def same(got, expected):
    return type(got) is type(expected) and got == expected


def text_same(tag, got, expected):
    if tag.root.kind != "real" or None in (got, expected):
        return got == expected
    return float(got) == float(expected)  # -0.0 has two texts


def told(scene, subject_id, what, got, expected):
    return f"{got!r} is not {expected!r}\n{what}\n{scene.crowd[subject_id]}\n{scene.oracle.cuts}"


def check(folder, tags, crowd, seed) -> int:
    """Compare four engines with the oracle; return how many values were compared."""
    scene = Scene(tags, crowd, write_lake(folder, crowd, seed), folder)
    compared = 0
    for strict in (True, False):
        compared += check_batch(scene, strict=strict)
        compared += check_single(scene, strict=strict)
    return compared
