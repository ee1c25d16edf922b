# SPDX-License-Identifier: Apache-2.0
"""Requests for tests of the ledger; run as a program it charges.

python -m tests.ledger FOLDER PROCESSES ATTEMPTS
"""

import json
import os
import sys
import time
from contextlib import closing
from functools import partial
from pathlib import Path

from governance.budget import ledger, populations
from tagging.segmentation.accounting import PrivacyBudget
from tests.workshop import code_of, reopened


def a_request(epsilon=0.5, population="all", **more):
    budget = PrivacyBudget(epsilon)
    whole = {
        "population": population,
        "mechanism": "test/1",
        "code": "0" * 64,
        "epsilon": repr(float(epsilon)),
        "delta": "1e-06",
        "nano_rho": budget.nano_rho,
        "contract": "1" * 64,
        "purpose": "analytics",
        "snapshot": "2" * 64,
        "noise": "INSECURE TEST: none",
        **more,
    }
    return ledger.Asked(**whole)


def charge(folder, process, attempts, start_together):
    """Try to charge as often as asked; return what each attempt came to, and how long it took (ms)."""
    codes, times = [], []
    with closing(reopened(Path(folder))) as ws:
        with ws.store.read() as connection:
            populations.check(connection, "all")
        assert ws.evidence  # opening, and reading the law, is not what is measured
        start_together()
        for number in range(attempts):
            one = a_request(0.25, snapshot=f"{process}.{number}")
            start = time.perf_counter()
            codes.append(code_of(partial(ledger.reserve, ws, one)))
            times.append((time.perf_counter() - start) * 1000)
    return {"codes": codes, "times": times}


def many(folder, processes, attempts):
    """Charge from many processes at once, which wait until all are ready; return what each got."""
    ready, tell_ready = os.pipe()
    go, tell_go = os.pipe()

    def start_together():
        os.write(tell_ready, b".")
        os.read(go, 1)  # nothing comes: it ends when the parent lets go

    ends = []
    for number in range(processes):
        reading, writing = os.pipe()
        if not os.fork():
            os.close(tell_go)
            with os.fdopen(writing, "w") as end:
                json.dump(charge(folder, number, attempts, start_together), end)
            os._exit(0)
        os.close(writing)
        ends.append(reading)
    for _ in range(processes):
        os.read(ready, 1)
    os.close(tell_go)
    found = []
    for reading in ends:
        with os.fdopen(reading) as end:
            found.append(json.load(end))
    return found


if __name__ == "__main__":
    PrivacyBudget(0.25).nano_rho  # noqa: B018  (the accountant is loaded once, before the forks)
    json.dump(many(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])), sys.stdout)
