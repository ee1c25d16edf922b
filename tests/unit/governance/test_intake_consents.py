# SPDX-License-Identifier: Apache-2.0
"""Consents of files come into the one ledger, each once, in the order in which they were said."""

import pytest
from sqlalchemy import text

from audit.clock import parse_time
from audit.errors import Refused
from governance.consent import state_at
from governance.intake import consents
from governance.purpose import apply
from governance.store import bitmaps
from tests.intake import a_file, a_map
from tests.workshop import a_workspace

PURPOSE = """
apiVersion: tagwarden/v1
kind: Purpose
key: recommendation
name: {en: Recommendation, zh: 推荐}
says: {en: To recommend goods, zh: 用于推荐商品}
use: first_party_recommendation
personalised: true
retention: 365d
"""
MAP = {
    "purpose": {"column": "purpose"},
    "state": {"column": "answer", "values": {"yes": "given", "no": "refused", "back": "withdrawn"}},
    "time": {"column": "at", "zone": "UTC"},
}
HEADER = "customer,purpose,answer,at\n"


@pytest.fixture
def ws(tmp_path):
    opened = a_workspace(tmp_path)
    apply(opened, [a_file(tmp_path, PURPOSE, "purpose.yaml")])
    yield opened
    opened.close()


def bring(ws, folder, rows, name="consent.csv", header=HEADER, **parts):
    path = a_file(folder, header + rows, name)
    (report,) = consents.ingest(ws, [path], a_map("ConsentMap", **{**MAP, **parts}))
    return report


def ledger(ws):
    with ws.store.read() as connection:
        rows = connection.execute(
            text(
                "SELECT purpose, state, kind, expires_at, notice, language, surface, source "
                "FROM consentevent ORDER BY at, id"
            )
        )
        return [tuple(row) for row in rows]


def standing(ws, customer, at="2026-02-28T00:00:00Z"):
    who = ws.people.find("customer", [customer])[customer]
    with ws.store.read() as connection:
        found = state_at(connection, who, "recommendation", parse_time(at))
        given = who in bitmaps.members(connection, "consent:recommendation:ordinary")
    return {kind: said.state for kind, said in found.kinds.items()}, given


def test_what_was_said_last_holds_whatever_the_order_of_rows(ws, tmp_path):
    rows = "A,recommendation,back,2026-02-01\nA,recommendation,yes,2026-01-01\nB,recommendation,yes,2026-01-01\n"
    report = bring(ws, tmp_path, rows)
    assert (report.added, report.people, report.new_people) == (3, 2, 2)
    assert standing(ws, "A") == ({"ordinary": "withdrawn"}, False)
    assert standing(ws, "B") == ({"ordinary": "given"}, True)
    assert standing(ws, "A", "2026-01-15T00:00:00Z")[0] == {"ordinary": "given"}


def test_the_same_file_and_an_overlapping_one_enter_nothing_twice(ws, tmp_path):
    rows = "A,recommendation,yes,2026-01-01\n"
    bring(ws, tmp_path, rows)
    assert bring(ws, tmp_path, rows).state == "nothing-to-do"
    report = bring(ws, tmp_path, rows + rows + "A,recommendation,no,2026-01-02\n", "more.csv")
    assert (report.added, report.known, report.repeated) == (1, 1, 1)
    assert len(ledger(ws)) == 2


@pytest.mark.law("GDPR-7-1")
def test_kind_notice_language_and_end_are_kept(ws, tmp_path):
    header = "customer,purpose,answer,at,how,until,text\n"
    report = bring(
        ws,
        tmp_path,
        "A,recommendation,yes,2026-01-01,single,2027-01-01,n-7\n",
        header=header,
        consent_kind={"column": "how", "values": {"single": "separate"}},
        expires={"column": "until", "zone": "UTC"},
        notice={"column": "text"},
        language="zh",
        surface="app",
    )
    assert ledger(ws) == [
        (
            "recommendation",
            "given",
            "separate",
            parse_time("2027-01-01"),
            "n-7",
            "zh",
            "app",
            report.id,
        )
    ]


def test_rows_that_the_ledger_would_refuse_are_put_aside(ws, tmp_path):
    good = "".join(f"C{n},recommendation,yes,2026-01-01\n" for n in range(120))
    bad = (
        "X,advertising,yes,2026-01-01\n"
        "X,recommendation,perhaps,2026-01-01\n"
        "X,recommendation,yes,2026-03-02\n"
        ",recommendation,yes,2026-01-01\n"
        "X,recommendation,yes,soon\n"
    )
    report = bring(ws, tmp_path, good + bad)
    assert report.bad == {
        "unknown-purpose": 1,
        "bad-value": 1,
        "time-out-of-bounds": 1,
        "no-subject": 1,
        "bad-time": 1,
    }
    assert report.added == 120


def test_a_file_about_purposes_that_were_never_applied_is_refused(ws, tmp_path):
    with pytest.raises(Refused) as caught:
        bring(ws, tmp_path, "A,advertising,yes,2026-01-01\n")
    assert [problem.code for problem in caught.value.problems] == ["unknown-purpose"]
    assert ledger(ws) == []
    assert ws.people.find("customer", ["A"]) == {}


def test_an_end_before_the_beginning_is_put_aside(ws, tmp_path):
    good = "".join(f"C{n},recommendation,yes,2026-01-01,2026-12-31\n" for n in range(30))
    report = bring(
        ws,
        tmp_path,
        good + "A,recommendation,yes,2026-01-01,2025-01-01\n",
        header="customer,purpose,answer,at,until\n",
        expires={"column": "until", "zone": "UTC"},
    )
    assert report.bad == {"expires-before-it-begins": 1}
