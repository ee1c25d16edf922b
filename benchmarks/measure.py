# SPDX-License-Identifier: Apache-2.0
"""Measures work in processes of its own, by turns: ours, theirs, ours, theirs …, and takes medians.

What is compared is processor time (user and system, all threads): it is steady when the machine has
other work to do. Time on the wall and peak memory are kept too. Memory is VmHWM of the process, since
ru_maxrss also counts the parent from which it was forked.
"""

import json
import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
_PACKAGES = ("duckdb", "pyarrow", "numpy", "pyroaring", "sqlalchemy", "sqlglot")


@dataclass(frozen=True, slots=True)
class Sample:
    """What one repetition took: seconds, seconds, MiB."""

    cpu: float
    wall: float
    peak: float
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Result:
    """One measurement: ours against theirs, with the unit of both figures."""

    name: str
    ours: float
    theirs: float | None
    unit: str
    against: str
    goal: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    smaller_is_better: bool = True

    @property
    def ratio(self) -> float | None:
        """Ours by theirs."""
        return None if not self.theirs else self.ours / self.theirs

    def line(self) -> str:
        """Return the measurement as one line of JSON."""
        return json.dumps(
            {
                "name": self.name,
                "ratio": None if self.ratio is None else round(self.ratio, 4),
                "ours": self.ours,
                "theirs": self.theirs,
                "unit": self.unit,
                "against": self.against,
                "goal": self.goal,
                "facts": dict(self.facts),
                "machine": machine(),
                "versions": versions(),
            },
            ensure_ascii=False,
        )


def compare(tasks: Mapping[str, Sequence[str]], repetitions: int) -> dict[str, list[Sample]]:
    """Run tasks by turns, each in a process of its own; returns the samples of each, in its order."""
    found: dict[str, list[Sample]] = {name: [] for name in tasks}
    for _ in range(repetitions):
        for name, arguments in tasks.items():
            found[name].append(child(arguments))
    return found


def child(arguments: Sequence[str]) -> Sample:
    """Run `python -m benchmarks.tasks …`, which prints its sample as JSON."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.tasks", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return Sample(**json.loads(done.stdout.splitlines()[-1]))


def command(arguments: Sequence[str]) -> Sample:
    """Run a command from start to end."""
    started = time.perf_counter()
    process = subprocess.Popen(
        arguments, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{' '.join(arguments[:3])} … ended with {process.returncode}")
    wall = time.perf_counter() - started
    return Sample(used.ru_utime + used.ru_stime, wall, used.ru_maxrss / 1024)


@contextmanager
def timed() -> Iterator[Callable[[], Sample]]:
    """Give a function that returns what has been used since the beginning of the block."""
    before, started = _used(), time.perf_counter()
    yield lambda: Sample(_used() - before, time.perf_counter() - started, peak())


def peak() -> float:
    """Return the largest memory this process has had, in MiB."""
    for line in Path("/proc/self/status").read_text("ascii").splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def middle(samples: Sequence[Sample], what: str = "cpu") -> float:
    """Return the median of one figure of some samples."""
    return float(median(asdict(sample)[what] for sample in samples))


def machine() -> str:
    """Return what kind of machine this is."""
    model = platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = info.read_text("utf-8").splitlines()
        model = next(
            (x.split(":", 1)[1].strip() for x in lines if x.startswith("model name")), model
        )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**30
    return f"{model}, {os.cpu_count()} cores, {memory} GiB, {platform.system()}"


def versions() -> dict[str, str]:
    """Return the versions that the figures depend on."""
    return {"python": platform.python_version()} | {name: version(name) for name in _PACKAGES}


def _used() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
