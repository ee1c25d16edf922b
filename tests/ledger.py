# SPDX-License-Identifier: Apache-2.0
"""Requests for tests of the ledger; run as a program it charges.

python -m tests.ledger FOLDER PROCESSES ATTEMPTS
"""

import os
import sys
from contextlib import closing
from functools import partial
from pathlib import Path

from governance.budget import ledger
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


def charge(folder, process, attempts):
    """Try to charge as often as asked; return how often it was granted."""
    with closing(reopened(Path(folder))) as ws:
        asked = [a_request(0.25, snapshot=f"{process}.{number}") for number in range(attempts)]
        found = [code_of(partial(ledger.reserve, ws, one)) for one in asked]
    other = set(found) - {"", "budget-exhausted", "workspace-busy"}
    assert not other, other
    return found.count("")


def many(folder, processes, attempts):
    """Charge from many processes at once, forked so that they start together; print what each got."""
    ends = []
    for number in range(processes):
        reading, writing = os.pipe()
        if not os.fork():
            os.write(writing, str(charge(folder, number, attempts)).encode())
            os._exit(0)
        os.close(writing)
        ends.append(reading)
    print(*(os.read(end, 20).decode() for end in ends))  # noqa: T201


if __name__ == "__main__":
    PrivacyBudget(0.25).nano_rho  # noqa: B018  (the accountant is loaded once, before the forks)
    many(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
