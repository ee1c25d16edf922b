# SPDX-License-Identifier: Apache-2.0
"""How long a charge takes: python -m benchmarks.ledger [COUNT [PROCESSES]]. The store and the log are real.

With PROCESSES so many charge at the same time; the time of a charge is then mostly that of waiting.
"""

import json
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

from governance.budget import ledger, limits
from governance.budget.verification import verify
from tagging.segmentation.accounting import PrivacyBudget
from tests.ledger import a_request
from tests.workshop import a_folder, a_workspace, reopened


def main(count: int) -> None:
    """Print percentiles of the time from request to committed charge, in milliseconds."""
    with tempfile.TemporaryDirectory() as folder, closing(a_workspace(Path(folder))) as ws:
        limits.set_limit(ws, "all", PrivacyBudget(10))
        asked = [a_request(0.05, snapshot=f"s{number}") for number in range(count)]
        times = []
        for one in asked:
            start = time.perf_counter()
            ledger.reserve(ws, one)
            times.append((time.perf_counter() - start) * 1000)
        times.sort()
        ws.store.after_commit = lambda: None  # what the ledger takes without carrying evidence
        alone = []
        for number in range(100):
            start = time.perf_counter()
            ledger.reserve(ws, a_request(0.05, snapshot=f"t{number}"))
            alone.append((time.perf_counter() - start) * 1000)
        alone.sort()
        print(f"without carrying evidence: p50 {alone[50]:.2f}, p99 {alone[98]:.2f} ms")
        for name, share in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99)):
            print(f"{name}  {times[int(share * (count - 1))]:.2f} ms")
        ws.evidence.drain(ws.store)
        print(f"verified: {verify(ws).charges} charges")


def at_once(processes: int, attempts: int) -> None:
    """Print percentiles over processes that charge together; the budget lasts for some of them."""
    with tempfile.TemporaryDirectory() as name:
        folder = a_folder(Path(name))
        with closing(reopened(folder)) as ws:
            limits.set_limit(ws, "all", PrivacyBudget(10))
        start = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "tests.ledger", folder, str(processes), str(attempts)],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        seconds = time.perf_counter() - start
        found = json.loads(done.stdout)
        granted = [one["codes"].count("") for one in found]
        times = sorted(time for one in found for time in one["times"])
        print(f"{processes} processes x {attempts}: {sum(granted)} granted in {seconds:.1f} s, ")
        print(f"  each process {min(granted)} to {max(granted)}")
        for name_, share in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("worst", 1.0)):
            print(f"  {name_}  {times[int(share * (len(times) - 1))]:.0f} ms")
        with closing(reopened(folder)) as ws:
            print(f"  verified: {verify(ws).charges} charges, {len(verify(ws).problems)} problems")


if __name__ == "__main__":
    if len(sys.argv) > 2:
        at_once(int(sys.argv[2]), max(int(sys.argv[1]) // int(sys.argv[2]), 1))
        sys.exit()
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
