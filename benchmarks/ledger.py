# SPDX-License-Identifier: Apache-2.0
"""How long a charge takes: python -m benchmarks.ledger [COUNT]. The store and the log are real."""

import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

from governance.budget import ledger, limits
from governance.budget.verification import verify
from tagging.segmentation.accounting import PrivacyBudget
from tests.ledger import a_request
from tests.workshop import a_workspace


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


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
