# SPDX-License-Identifier: Apache-2.0
"""One task in a process of its own: `python -m benchmarks.tasks NAME …` prints its sample as JSON."""

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks import audience as audiences
from benchmarks import evaluation, intake, publishing, shop
from benchmarks.generate import Lake
from benchmarks.measure import Sample, timed
from governance.changing import comparing

Facts = dict[str, Any]


def _lake(folder: str) -> Lake:
    path = Path(folder)
    return Lake(path, 0, 0, len(list(path.glob("b=*"))))


def _twice(work: Callable[[], Facts]) -> Sample:
    """Do the work once to warm up and once for the record."""
    work()
    with timed() as used:
        facts = work()
        sample = used()
    return Sample(sample.cpu, sample.wall, sample.peak, facts)


def _several(samples: Mapping[str, Sample]) -> Sample:
    """Put several samples of one process into the facts of the last."""
    last = list(samples.values())[-1]
    facts = {name: asdict(sample) for name, sample in samples.items()}
    return Sample(last.cpu, last.wall, last.peak, facts)


def governed(folder: str, mode: str) -> Sample:
    ws = shop.opened(Path(folder), mode=mode)
    try:
        return _twice(lambda: {"assignments": sum(map(len, evaluation.governed(ws).values()))})
    finally:
        ws.close()


def raw(folder: str) -> Sample:
    lake = _lake(folder)
    return _twice(lambda: {"assignments": evaluation.raw(lake).num_rows})


def fused(folder: str) -> Sample:
    lake = _lake(folder)
    people = shop.people(lake)
    return _twice(lambda: {"audiences": len(evaluation.for_everybody(lake, people))})


def one_by_one(folder: str) -> Sample:
    lake = _lake(folder)
    people = shop.people(lake)
    return _twice(lambda: {"audiences": len(evaluation.one_by_one(lake, people))})


def difference(folder: str) -> Sample:
    lake = _lake(folder)
    both, one = evaluation.difference(lake, shop.people(lake))
    return Sample(0, 0, 0, {"equal": both, "different": one})


def events(folder: str, count: str) -> Sample:
    found = publishing.events(Path(folder), int(count))
    return Sample(0, sum(found["ours"]), 0, found)


def audience(people: str) -> Sample:
    ours, theirs = audiences.measured(int(people))
    return Sample(0, ours, 0, {"ours": ours, "theirs": theirs})


def plan(folder: str, tags: str) -> Sample:
    ws = shop.opened(Path(folder))
    try:
        with timed() as used:
            made = comparing.make(ws, [Path(tags)])
            sample = used()
    finally:
        ws.close()
    return Sample(sample.cpu, sample.wall, sample.peak, {"tags": len(made.items)})


TASKS: dict[str, Callable[..., Sample]] = {
    "governed": governed,
    "raw": raw,
    "fused": fused,
    "one-by-one": one_by_one,
    "difference": difference,
    "runs": lambda folder: _several(publishing.runs(Path(folder))),
    "publish": lambda folder, rows: _several(publishing.published(Path(folder), int(rows))),
    "plain-rows": lambda folder, rows: publishing.plain_rows(Path(folder), int(rows)),
    "events": events,
    "intake": lambda path: intake.ours(Path(path)),
    "plain-intake": lambda path: intake.theirs(Path(path)),
    "audience": audience,
    "plan": plan,
}

if __name__ == "__main__":
    print(json.dumps(asdict(TASKS[sys.argv[1]](*sys.argv[2:]))))
