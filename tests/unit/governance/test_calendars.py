# SPDX-License-Identifier: Apache-2.0
"""Days off that a workspace keeps: requests and `policy due` are counted on them, from one place."""

import json
from datetime import date

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from typer.testing import CliRunner

from audit.clock import FixedClock, parse_time
from governance import calendars, promises
from governance.cli.app import app
from governance.requests import proof, row
from governance.requests.recounting import keep_calendars
from governance.requests.register import register
from tests.desk import CLERK, a_desk, a_person, opened
from tests.workshop import code_of

CHINA = """\
apiVersion: tagwarden/v1
kind: Calendar
calendar: CN
year: {year}
source: notice of the State Council
holidays: [{year}-01-01/{year}-01-03, {year}-02-06/{year}-02-12, {year}-05-01, {year}-10-01/{year}-10-03]
"""
RECEIVED = "2098-12-29"
"""A Monday, in years that no package knows. 30, 31 December are 2 working days, then 1-3 January are off:
7 by the 9th, 12 by the 16th, 15 on the 21st."""


@pytest.fixture
def ws(tmp_path):
    made = a_desk(tmp_path, clock=FixedClock(parse_time(f"{RECEIVED}T12:00:00Z")))
    yield made
    made.close()


@pytest.fixture
def years(tmp_path):
    def write(*found, of=CHINA):
        path = tmp_path / "years.yaml"
        path.write_text("---\n".join(of.format(year=year) for year in found), "utf-8")
        return path

    return write


def stands(ws, ref):
    with ws.store.read() as connection:
        return row.load(connection, ref), [one.step for one in row.steps(connection, ref)]


@pytest.mark.law("CN-PIPL-50")
def test_an_open_request_gets_the_day_of_the_law_when_the_calendar_becomes_known(ws, years):
    ref = opened(ws, "access", a_person(ws, regime="pipl_cn"))
    german = opened(ws, "access", a_person(ws, "8"))
    before, _ = stands(ws, ref)
    assert (before.due, before.estimated) == (date(2099, 1, 13), True)
    done = keep_calendars(ws, [years(2098, 2099)])
    assert [one.ref for one in done.requests] == [ref]
    after, steps = stands(ws, ref)
    assert (after.due, after.estimated) == (date(2099, 1, 21), False)
    assert steps == ["open", "recounted"]
    assert {line.ref: line.due for line in register(ws)}[ref] == date(2099, 1, 21)
    assert stands(ws, german)[1] == ["open"]
    assert keep_calendars(ws, [years(2098, 2099)]).requests == []
    later = opened(ws, "rules", a_person(ws, "9", regime="pipl_cn"))
    assert stands(ws, later)[0].due == date(2099, 1, 21)


def test_what_was_counted_again_is_proven_like_every_step(ws, years, tmp_path):
    ref = opened(ws, "access", a_person(ws, regime="pipl_cn"))
    keep_calendars(ws, [years(2098, 2099)])
    assert proof.pack(ws, ref, tmp_path / "proof.zip")["steps"] == 2
    said = [entry for entry in ws.evidence.after(0) if entry.act == "calendar.applied"]
    assert [entry.facts["year"] for entry in said] == [2098, 2099]


def test_a_year_that_is_given_again_is_a_new_row_and_counts_from_then_on(ws, years):
    ref = opened(ws, "access", a_person(ws, regime="pipl_cn"))
    keep_calendars(ws, [years(2098, 2099)])
    longer = CHINA.replace("{year}-01-01/{year}-01-03", "{year}-01-01/{year}-01-06")
    keep_calendars(ws, [years(2099, of=longer)])
    assert stands(ws, ref)[0].due == date(2099, 1, 23)
    with ws.store.read() as connection:
        assert [one.year for one in calendars.kept(connection)] == [2098, 2099]
    for change in ("UPDATE calendaryear SET year = 2100", "DELETE FROM calendaryear"):
        with pytest.raises(IntegrityError), ws.store.write() as unit:
            unit.connection.execute(text(change))
    keep_calendars(ws, [years(2099)])
    assert stands(ws, ref)[0].due == date(2099, 1, 21)


def test_a_file_with_a_mistake_or_a_clerk_changes_nothing(ws, years):
    ref = opened(ws, "access", a_person(ws, regime="pipl_cn"))
    wrong = CHINA.replace("{year}-05-01", "{year}-05-02")
    assert code_of(lambda: keep_calendars(ws, [years(2099, of=wrong)])) == "bad-calendar-file"
    ws.actor = CLERK
    assert code_of(lambda: keep_calendars(ws, [years(2098, 2099)])) == "not-permitted"
    assert stands(ws, ref)[1] == ["open"]


def test_the_doctor_names_the_years_that_are_missing_where_china_counts(ws, years):
    with ws.store.read() as connection:
        assert promises.calendars(ws, connection)[0] == "ok"
    opened(ws, "access", a_person(ws, regime="pipl_cn"))
    with ws.store.read() as connection:
        result, said, hint = promises.calendars(ws, connection)
    assert result == "warn"
    assert "2098, 2099" in said
    assert "1 open request" in said
    assert hint.startswith("tagwarden policy calendar")
    keep_calendars(ws, [years(2098, 2099)])
    with ws.store.read() as connection:
        assert promises.calendars(ws, connection)[0] == "ok"


def test_the_command_line_counts_on_the_same_calendar(ws, years):
    def policy(*arguments, code=0):
        done = CliRunner().invoke(
            app, ["policy", *map(str, arguments), "--workspace", str(ws.paths.root), "--json"]
        )
        assert done.exit_code == code, done.output
        return json.loads(done.stdout)

    asked = ("due", "--rule", "cn.workdays15", "--received", RECEIVED)
    assert policy(*asked, code=3)["error"]["code"] == "calendar-unavailable"
    keep_calendars(ws, [years(2098, 2099)])
    assert policy(*asked)["due"] == "2099-01-21"
    assert [one["year"] for one in policy("calendars")["calendars"]] == [2098, 2099]
