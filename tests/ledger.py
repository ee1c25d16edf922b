# SPDX-License-Identifier: Apache-2.0
"""Requests for tests of the ledger; run as a program it charges.

python -m tests.ledger charge FOLDER PROCESS ATTEMPTS
"""

import sys
from pathlib import Path

from audit.errors import Refused
from governance.budget import ledger
from tagging.segmentation.accounting import PrivacyBudget
from tests.workshop import reopened


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
    """Try to charge as often as asked; print how often it was granted."""
    ws = reopened(Path(folder))
    granted = 0
    for number in range(int(attempts)):
        try:
            ledger.reserve(ws, a_request(0.25, snapshot=f"{process}.{number}"))
            granted += 1
        except Refused as fault:
            assert fault.code == "budget-exhausted"
    ws.close()
    print(granted)  # noqa: T201


if __name__ == "__main__":
    {"charge": charge}[sys.argv[1]](*sys.argv[2:])
