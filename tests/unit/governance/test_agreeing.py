# SPDX-License-Identifier: Apache-2.0
"""A report that was changed in the store is told wherever its verdict counts, whoever made the digest fit."""

import json
from contextlib import closing

import pytest

from audit import canon
from governance import doctor
from governance.auditing import kept
from governance.complying.auditing import compliance
from tests.auditing import Planted
from tests.workshop import code_of

GOLD, EVEN = "offer.gold", "offer.even"


@pytest.fixture
def shop(tmp_path):
    with closing(Planted(tmp_path)) as found:
        said = found.genders()
        found.tagged(GOLD, {"f": 0.2, "m": 0.6}, said)
        found.tagged(EVEN, {"f": 0.5, "m": 0.5}, said)
        found.audit(EVEN)
        found.audit(GOLD)
        yield found


def past_the_product(shop, *statements):
    """Write as somebody who has the file of the store, not the commands."""
    with shop.read() as connection:
        triggers = connection.exec_driver_sql(
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name LIKE 'audit%'"
        )
        names = triggers.scalars().all()
    for statement in (*(f"DROP TRIGGER {name}" for name in names), *statements):
        with shop.store.write() as unit:
            unit.connection.exec_driver_sql(statement)


def fitting(shop, change):
    """Change the report on gold and let its digest fit."""
    with shop.read() as connection:
        text = connection.exec_driver_sql(
            f"SELECT document FROM auditreport WHERE about = '{GOLD}'"
        ).scalar_one()
    document = json.loads(text)
    change(document)
    text = canon.canonical(document).decode().replace("'", "''")
    return (
        f"UPDATE auditreport SET document = '{text}', digest = '{canon.digest(document)}', "
        f"status = '{document['verdict']['status']}' WHERE about = '{GOLD}'"
    )


def acquitted(document):
    document["verdict"]["status"] = "within"


OF_GOLD = f"WHERE about = '{GOLD}'"
RESOLVED = (
    "INSERT INTO auditfinding (name, tag, version, report, state, what, figure, auditor, at) "
    "SELECT name, tag, version, report, 'resolved', what, NULL, auditor, at FROM auditfinding"
)
COPIED = (
    "INSERT INTO auditreport (name, kind, about, version, status, document, digest, policy, counts, "
    "by_policy, at) SELECT 'audit-more', kind, about, version, status, document, digest, policy, "
    f"counts, by_policy, at + 9 FROM auditreport WHERE about = '{EVEN}'"
)


@pytest.mark.parametrize(
    "change",
    [
        f"UPDATE auditreport SET document = replace(document, 'breach', 'within') {OF_GOLD}",
        f"UPDATE auditreport SET document = '{{' {OF_GOLD}",
        f"UPDATE auditreport SET status = 'within' {OF_GOLD}",
        f"UPDATE auditreport SET by_policy = 'f00' {OF_GOLD}",
        f"UPDATE auditreport SET at = at + 86400000000 {OF_GOLD}",
        f"UPDATE auditreport SET version = 2 {OF_GOLD}",
        f"UPDATE auditreport SET about = 'offer.other' {OF_GOLD}",
        f"DELETE FROM auditreport {OF_GOLD}",
        "DELETE FROM auditfinding",
        RESOLVED,
        COPIED,
        acquitted,
    ],
)
def test_what_was_changed_behind_the_commands_is_told(shop, change):
    past_the_product(shop, fitting(shop, change) if callable(change) else change)
    assert code_of(lambda: kept.reports(shop.ws)) == "report-lost"
    assert code_of(lambda: compliance(shop.ws, "gdpr")) == "report-lost"
    found = {one.code: one for one in doctor.examine(shop.ws)}
    assert found["reports"].result == "bad"
    assert found["evidence"].result == "ok"


@pytest.mark.parametrize("change", ["DELETE FROM auditfinding", acquitted])
def test_a_changed_report_is_not_given_again_and_the_others_are(shop, change):
    past_the_product(shop, fitting(shop, change) if callable(change) else change)
    assert code_of(lambda: kept.given(shop.ws, GOLD)) == "report-lost"
    assert kept.given(shop.ws, EVEN).about == EVEN


def test_reports_as_they_were_made_agree_with_the_log(shop):
    kept.given(shop.ws, GOLD)  # given again, it is logged again: not made again
    assert [one.about for one in kept.reports(shop.ws)] == [GOLD, EVEN]
    assert {one.code: one.result for one in doctor.examine(shop.ws)}["reports"] == "ok"


def test_what_an_older_copy_does_not_know_is_no_alarm_once_the_copy_is_accepted(shop):
    past_the_product(
        shop, "DELETE FROM auditfinding", f"DELETE FROM auditreport WHERE about = '{GOLD}'"
    )
    assert code_of(lambda: kept.reports(shop.ws)) == "report-lost"
    with shop.store.write() as unit:
        unit.log(shop.ws.evidence.entry("store.accepted", lost=1, renewed=0))
    assert [one.about for one in kept.reports(shop.ws)] == [EVEN]
