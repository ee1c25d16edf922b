# SPDX-License-Identifier: Apache-2.0
"""`python -m benchmarks [--full]`: each measurement as one line of JSON on stdout, a table on stderr.

Ours and theirs run by turns, each in a process of its own; figures are medians. `--full` adds ten
million events and five million people, and takes some ten minutes.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks import choices, erasure, evidence, generate, keys, requests, shop
from benchmarks.catalogue import questions, tag_files
from benchmarks.intake import write_csv
from benchmarks.measure import Result, Sample, child, command, compare, middle


def evaluation(place: Path, name: str, repetitions: int) -> Iterator[Result]:
    """Measure the governed run against the hand-written statement on the same lake."""
    lake = str(place / "lake")
    found = compare(
        {
            "strict": ["governed", str(place), "strict"],
            "mask": ["governed", str(place), "mask"],
            "raw": ["raw", lake],
        },
        repetitions,
    )
    for mode, goal in (("strict", "<= 1.40"), ("mask", "<= 1.15")):
        yield result(f"governed run, {mode}, {name}", found[mode], found["raw"], "raw SQL", goal)
    yield peak(f"peak memory, governed run, {name}", found["strict"], found["raw"])


def many_queries(place: Path, name: str, repetitions: int) -> Result:
    """Measure all tags in one statement against one query per tag."""
    lake = str(place / "lake")
    found = compare({"fused": ["fused", lake], "single": ["one-by-one", lake]}, repetitions)
    return result(
        f"all tags at once, {name}", found["fused"], found["single"], "one query per tag", "<= 0.17"
    )


def one_event(place: Path, count: int, name: str = "590 events a person") -> Result:
    """Measure one event and the tags that follow from it, p99, against a bare insert."""
    facts = child(["events", str(place), str(count)]).facts
    ours, theirs = sorted(facts["ours"]), sorted(facts["theirs"])
    last = max(int(len(ours) * 0.99) - 1, 0)
    return Result(
        f"one event → tags, p99, {name}",
        ours[last] * 1000,
        theirs[last] * 1000,
        "ms",
        "bare insert",
        "< 10 ms",
        {
            "p50_ms": round(ours[len(ours) // 2] * 1000, 2),
            "settling_ms": round(sum(facts["settling"]) / len(facts["settling"]) * 1000, 2),
        },
    )


def whole_runs(place: Path) -> Iterator[Result]:
    """Measure runs as users start them: with publishing, lapses and evidence."""
    facts = child(["runs", str(place)]).facts
    for name, what in (
        ("first", "first run, all published"),
        ("later", "a run a week later"),
        ("again", "the same run again"),
    ):
        found = facts[name]
        counts = {"opened": found["facts"]["opened"], "closed": found["facts"]["closed"]}
        yield Result(what, found["wall"], None, "s", "", "", counts)


def publishing_rows(place: Path, rows: int) -> Iterator[Result]:
    """Measure writing assignments, and a difference of 4 %, against bare rows in the same database."""
    facts = child(["publish", str(place), str(rows)]).facts
    plain = child(["plain-rows", str(place), str(rows)])
    yield Result(
        f"publishing {rows:,} assignments", facts["first"]["cpu"], plain.cpu, "CPU s", "bare rows"
    )
    yield Result(
        "publishing a difference of 4 %",
        facts["difference"]["cpu"],
        plain.cpu,
        "CPU s",
        "all rows, bare",
    )


def intake(place: Path, rows: int, repetitions: int) -> Result:
    """Measure intake of a CSV file against DuckDB that reads, sorts and writes it, unchecked."""
    path = place / "events.csv"
    write_csv(path, rows)
    found = compare(
        {"ours": ["intake", str(path)], "theirs": ["plain-intake", str(path)]}, repetitions
    )
    ours, theirs = found["ours"], found["theirs"]
    facts = {
        "wall": middle(ours, "wall"),
        "rows_per_s": round(rows / middle(ours, "wall")),
        "peak_mib": middle(ours, "peak"),
    }
    name = f"intake of {rows:,} rows of CSV"
    return Result(name, middle(ours), middle(theirs), "CPU s", "DuckDB", "", facts)


def audience(people: int) -> Result:
    """Measure the audience A and not B with consent, against the same in SQL."""
    facts = child(["audience", str(people)]).facts
    return Result(
        f"audience A and not B, {people:,} people",
        facts["ours"] * 1000,
        facts["theirs"] * 1000,
        "ms",
        "SQL anti-join",
        "< 1 ms",
    )


def in_law(place: Path, repetitions: int) -> Iterator[Result]:
    """Measure the questions of an engineer: a lint of 1,000 files, 1,000 different questions."""
    tag_files(place / "tags", 1000)
    asked = place / "questions.json"
    asked.write_text(json.dumps(questions(1000)), "utf-8")
    run = [sys.executable, "-c", "from governance.cli.app import run; run()"]
    for name, words, goal in (
        ("tag lint of 1,000 files, wall", ["tag", "lint", str(place / "tags")], "< 2 s"),
        ("policy decide, 1,000 questions, wall", ["policy", "decide", str(asked), "--json"], ""),
    ):
        ours = [command([*run, *words]) for _ in range(repetitions)]
        yield Result(name, middle(ours, "wall"), None, "s", "", goal)


def plans(place: Path, people: int) -> Result:
    """Measure a plan of 1,000 new tags with the people whom each would reach."""
    folder = place / "thin"
    folder.mkdir()
    shop.build(folder, generate.thin(folder / "lake", people=people))
    tags = folder / "tags"
    tag_files(tags, 1000)
    found = child(["plan", str(folder), str(tags)])
    facts = {**found.facts, "peak_mib": found.peak}
    return Result(
        f"plan of 1,000 tags, {people:,} people, wall", found.wall, None, "s", "", "", facts
    )


def start_up(repetitions: int) -> Result:
    """Measure `--help` against an interpreter that does nothing."""
    ours, theirs = [], []
    script = "from governance.cli.app import run; run()"
    for _ in range(repetitions):
        ours.append(command([sys.executable, "-c", script, "--help"]))
        theirs.append(command([sys.executable, "-c", "pass"]))
    return Result(
        "--help, wall",
        middle(ours, "wall"),
        middle(theirs, "wall"),
        "s",
        "python -c pass",
        "< 0.15 s",
    )


def result(
    name: str, ours: Sequence[Sample], theirs: Sequence[Sample], against: str, goal: str
) -> Result:
    """Return a comparison of processor seconds."""
    return Result(name, middle(ours), middle(theirs), "CPU s", against, goal)


def peak(name: str, ours: Sequence[Sample], theirs: Sequence[Sample]) -> Result:
    """Return a comparison of peak memory."""
    return Result(name, middle(ours, "peak"), middle(theirs, "peak"), "MiB", "raw SQL")


def measurements(place: Path, *, full: bool) -> Iterator[Result]:
    """Yield all measurements, one after the other."""
    yield start_up(9)
    real = place / "real"
    real.mkdir()
    shop.build(real, generate.real(real / "lake"))
    yield from evaluation(real, "1.46 M events", 3)
    yield many_queries(real, "1.46 M events", 3)
    yield one_event(real, 200)
    yield from whole_runs(real)
    yield from publishing_rows(real, 200_000)
    yield intake(place, 1_000_000, 3)
    yield audience(5_000_000 if full else 500_000)
    yield from keys.results(1_000_000 if full else 100_000)
    yield from evidence.results(1_000_000 if full else 200_000)
    yield from choices.results(100_000)
    yield from requests.results(500, 10_000)
    gone = place / "erasure"
    gone.mkdir()
    yield from erasure.results(gone, 100_000, 10_000)
    yield from in_law(place, 3)
    yield plans(place, 1_000_000 if full else 100_000)
    if full:
        large = place / "large"
        large.mkdir()
        shop.build(large, generate.scaled(large / "lake", events=10_000_000))
        yield from evaluation(large, "10 M events", 3)
        yield one_event(large, 200, "260 events a person")


def main() -> int:
    """Run the measurements and print them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--full", action="store_true", help="larger inputs too")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tagwarden-bench-") as place:
        for found in measurements(Path(place), full=given.full):
            print(found.line(), flush=True)
            ratio = "" if found.ratio is None else f"{found.ratio:8.2f}"
            sys.stderr.write(
                f"{found.name:<48} {found.ours:10.3f} {found.theirs or 0:10.3f} {found.unit:<6}"
                f"{ratio}  {found.goal}\n"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
