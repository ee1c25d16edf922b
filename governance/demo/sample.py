# SPDX-License-Identifier: Apache-2.0
"""A made-up sample of regimes, consents and objections for the households of the demonstration data.

The data say nothing of either. The sample is the same every time: it follows from a hash of the
household's number, and it is labelled as a sample wherever it is stored.
"""

import csv
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

LABEL = "demo-sample"
RECOMMENDATION = "first_party_recommendation"
MARKETING = "first_party_personalised_marketing"
ANALYTICS = "analytics"

_REGIMES = ((50, "gdpr"), (85, "pipl_cn"), (100, "ccpa"))
_ANSWERS = {
    # purpose: (given below, refused below) of 100; the rest was never asked
    RECOMMENDATION: (78, 90),
    MARKETING: (60, 85),
    ANALYTICS: (88, 92),
}
_ASKED = "2017-06-01T10:00:00Z"


def regime_of(customer: str) -> str:
    """Return the regime under which the sample puts a household."""
    number = _draw(customer, "regime")
    return next(regime for below, regime in _REGIMES if number < below)


def write(folder: Path, customers: Iterable[str]) -> tuple[Path, Path]:
    """Write the sample as two CSV files and return them: regimes, consents."""
    regimes, consents = folder / "regimes.csv", folder / "consents.csv"
    known = sorted(customers, key=int)
    with regimes.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(("household", "regime"))
        rows.writerows((customer, regime_of(customer)) for customer in known)
    with consents.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(
            ("household", "purpose", "state", "kind", "time", "notice", "language", "surface")
        )
        rows.writerows(row for customer in known for row in _consents(customer))
    return regimes, consents


def _consents(customer: str) -> Iterable[tuple[str, ...]]:
    language = "zh" if regime_of(customer) == "pipl_cn" else "en"
    for purpose, (given, refused) in _ANSWERS.items():
        number = _draw(customer, purpose)
        if number < refused:
            state = "given" if number < given else "refused"
            yield (customer, purpose, state, "ordinary", _ASKED, "notice-2017-06", language, LABEL)


def _draw(customer: str, what: str) -> int:
    """Return a number from 0 to 99 that follows from the household and the question."""
    digest = sha256(f"{LABEL}/{what}/{customer}".encode()).digest()
    return int.from_bytes(digest[:4], "big") % 100
