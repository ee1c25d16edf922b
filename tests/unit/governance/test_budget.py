# SPDX-License-Identifier: Apache-2.0
"""The ledger: a hard stop for everybody, charges that stay, and a chain in which one bit is seen."""

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from audit.clock import DAY
from governance import authority
from governance.actor import Actor
from governance.budget import ledger, limits
from governance.budget.verification import verify
from tagging.segmentation.accounting import PrivacyBudget
from tests.ledger import a_request
from tests.workshop import a_folder, a_workspace, code_of, reopened

ROOT = Path(__file__).parents[3]


@pytest.fixture
def ws(tmp_path):
    opened = a_workspace(tmp_path)
    yield opened
    opened.close()


def spent(ws, population="all"):
    with ws.store.read() as connection:
        return limits.standings(connection, ws.clock.now())[population].spent


def codes(ws):
    return {problem.code for problem in verify(ws).problems}


def charged(ws, count, epsilon=0.5, **more):
    """How many of so many different requests are granted."""
    done = 0
    for number in range(count):
        refused = code_of(
            lambda n=number: ledger.reserve(ws, a_request(epsilon, snapshot=f"s{n}", **more))
        )
        assert refused in ("", "budget-exhausted")
        done += not refused
    return done


def test_a_lifetime_of_four_holds_46_releases_of_a_half_and_no_more(ws):
    limits.set_limit(ws, "all", PrivacyBudget(4))
    assert charged(ws, 48) == 46
    assert spent(ws) <= PrivacyBudget(4).nano_rho
    assert codes(ws) == set()


def test_without_a_limit_for_everybody_concerned_nothing_is_charged(ws):
    assert code_of(lambda: ledger.reserve(ws, a_request())) == "budget-missing"
    limits.set_limit(ws, "gdpr", PrivacyBudget(4))
    assert code_of(lambda: ledger.reserve(ws, a_request())) == "budget-missing"
    ledger.reserve(ws, a_request(population="gdpr"))
    assert code_of(lambda: ledger.reserve(ws, a_request(population="mars"))) == "unknown-population"


def test_a_cell_bears_its_own_charges_and_those_of_everybody(ws):
    limits.set_limit(ws, "all", PrivacyBudget(2))
    limits.set_limit(ws, "gdpr", PrivacyBudget(1))
    assert charged(ws, 1, 0.5, population="pipl_cn") == 1
    assert spent(ws) == PrivacyBudget(0.5).nano_rho
    assert spent(ws, "gdpr") == 0
    assert charged(ws, 1, 0.9) == 1
    assert spent(ws, "gdpr") == PrivacyBudget(0.9).nano_rho
    assert charged(ws, 1, 0.9, population="gdpr") == 0
    assert charged(ws, 1, 1.0, population="ccpa") == 1
    assert codes(ws) == set()


def test_within_a_period_no_more_is_spent_and_later_it_is_free_again(ws):
    limits.set_limit(ws, "all", PrivacyBudget(4), period="30d", within=PrivacyBudget(1))
    assert charged(ws, 3, 0.9) == 1
    ws.clock.at += 31 * DAY
    assert charged(ws, 1, 0.9) == 1


def test_only_the_officer_sets_a_limit(ws):
    authority.add(ws, "ana", ["analyst"])
    ws.actor = Actor("ana")
    assert code_of(lambda: limits.set_limit(ws, "all", PrivacyBudget(4))) == "not-permitted"


def test_a_failed_charge_counts_and_the_same_request_is_a_new_one(ws):
    limits.set_limit(ws, "all", PrivacyBudget(4))
    first = ledger.reserve(ws, a_request())
    ledger.failed(ws, first, "workspace-busy")
    second = ledger.reserve(ws, a_request())
    assert second.key == first.key
    assert spent(ws) == 2 * PrivacyBudget(0.5).nano_rho
    assert ledger.close_interrupted(ws) == 1
    assert ledger.close_interrupted(ws) == 0
    assert spent(ws) == 2 * PrivacyBudget(0.5).nano_rho
    assert codes(ws) == set()


def test_records_are_not_changed_through_the_store(ws):
    limits.set_limit(ws, "all", PrivacyBudget(4))
    ledger.reserve(ws, a_request())
    with pytest.raises(Exception, match="append-only"), ws.store.write() as unit:
        unit.connection.exec_driver_sql("UPDATE charge SET nano_rho = 1")


def tampered(ws, *statements):
    ws.store.close()
    with closing(sqlite3.connect(ws.paths.control)) as file:
        file.execute("DROP TRIGGER charge_no_update")
        file.execute("DROP TRIGGER charge_no_delete")
        for statement in statements:
            file.execute(statement)
        file.commit()


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("UPDATE charge SET nano_rho = nano_rho - 1 WHERE id = 2", "ledger-record"),
        (
            "UPDATE charge SET document = replace(document, 'analytics', 'analytkcs') WHERE id = 2",
            "ledger-chain",
        ),
        (
            (
                "UPDATE charge SET digest = "
                "CASE substr(digest, 1, 1) WHEN 'f' THEN 'e' ELSE 'f' END || substr(digest, 2) "
                "WHERE id = 2"
            ),
            "ledger-chain",
        ),
        ("DELETE FROM charge WHERE id = 2", "ledger-chain"),
        (
            (
                "DELETE FROM charge WHERE id = 2;"
                "UPDATE charge SET previous = (SELECT digest FROM charge WHERE id = 1) WHERE id = 3"
            ),
            "ledger-chain",
        ),
        ("DELETE FROM charge WHERE id = 3", "ledger-not-logged"),
        ("UPDATE charge SET at = at + 1 WHERE id = 3", "ledger-record"),
    ],
)
def test_one_changed_record_is_found(ws, statement, code):
    limits.set_limit(ws, "all", PrivacyBudget(4))
    charged(ws, 3)
    assert codes(ws) == set()
    tampered(ws, *statement.split(";"))
    assert code in codes(ws)


def test_every_single_flipped_bit_of_a_record_is_found(ws):
    limits.set_limit(ws, "all", PrivacyBudget(4))
    charged(ws, 2)
    with closing(sqlite3.connect(ws.paths.control)) as file:
        text = file.execute("SELECT document FROM charge WHERE id = 1").fetchone()[0]
    tampered(ws)
    for place in range(0, len(text), 7):
        flipped = text[:place] + chr(ord(text[place]) ^ 1) + text[place + 1 :]
        with closing(sqlite3.connect(ws.paths.control)) as file:
            file.execute("UPDATE charge SET document = ? WHERE id = 1", (flipped,))
            file.commit()
        assert "ledger-chain" in codes(ws), place


@pytest.mark.slow
def test_64_processes_at_once_overspend_nothing_and_lose_no_charge(tmp_path):
    folder = a_folder(tmp_path)
    with closing(reopened(folder)) as ws:
        limits.set_limit(ws, "all", PrivacyBudget(4))
    done = subprocess.run(
        [sys.executable, "-m", "tests.ledger", folder, "64", "20"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=500,
    )
    found = json.loads(done.stdout)
    codes_of = [one["codes"] for one in found]
    assert {code for one in codes_of for code in one} == {"", "budget-exhausted"}  # nobody gave up
    granted = [one.count("") for one in codes_of]
    assert min(granted) >= 1  # 172 for 64 who stand in line: everybody got a turn
    most = PrivacyBudget(4).nano_rho // PrivacyBudget(0.25).nano_rho
    with closing(reopened(folder)) as ws:
        assert len(granted) == 64
        assert sum(granted) == most
        assert spent(ws) == most * PrivacyBudget(0.25).nano_rho
        assert verify(ws).charges == most
        assert codes(ws) == set()
