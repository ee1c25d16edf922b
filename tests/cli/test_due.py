# SPDX-License-Identifier: Apache-2.0
"""policy due on the command line: dates, steps, refusals, and what it does not load."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from governance.cli.app import app

ROOT = Path(__file__).parents[2]
CN_2027 = """\
apiVersion: tagwarden/v1
kind: Calendar
calendar: CN
year: 2027
source: notice of the State Council
holidays: [2027-01-01/2027-01-03, 2027-02-06/2027-02-12, 2027-05-01, 2027-10-01/2027-10-03]
"""


def due(*arguments, code=0):
    done = CliRunner().invoke(app, ["policy", "due", *map(str, arguments)])
    assert done.exit_code == code, done.output
    return done


def answer(*arguments, **more):
    return json.loads(due(*arguments, "--json", **more).stdout)


def test_the_dates_stand_in_json_and_null_where_the_clock_has_none():
    found = answer("--rule", "gdpr.month", "--received", "2026-03-05", "--calendar", "DE")
    assert found["due"] == found["extension_notice_due"] == "2026-04-07"
    assert found["extended_due"] == "2026-06-05"
    assert found["ack_due"] is None
    assert found["calendar"] == "DE"
    assert found["cites"][0] == "GDPR Art. 12(3)-(4)"
    assert found["provenance"] == "verified"
    assert found["trace"][0]["step"] == "started"
    assert found["trace"][0]["zh"].startswith("2026-03-05（周四）：收到请求")
    assert found["apiVersion"] == "tagwarden/v1"


def test_a_person_reads_a_table_and_the_steps_in_two_languages():
    english = due("--rule", "ccpa.know_delete_correct", "--received", "2026-11-23").stdout
    assert "confirmation of receipt\t2026-12-08\tTuesday" in english
    assert "answer by\t2027-01-07\tThursday" in english
    assert "not counted: 2026-11-26 (Thanksgiving Day)" in english
    chinese = due("--rule", "cn.workdays15", "--received", "2026-09-14", "--lang", "zh").stdout
    assert "最迟答复日\t2026-10-10\t周六" in chinese
    assert "计入的调休上班日：2026-09-20（周日）、2026-10-10（周六）" in chinese
    assert "尚待律师核对" in chinese


def test_the_days_of_identity_move_the_end():
    found = answer(
        "--rule", "gdpr.month_with_identity_pause", "--received", "2026-03-05", "--calendar", "DE",
        "--identity-requested", "2026-03-09", "--identity-received", "2026-03-19",
    )  # fmt: skip
    assert (found["due"], found["extended_due"]) == ("2026-04-15", "2026-06-15")


def test_an_unknown_chinese_year_is_refused_until_a_file_gives_it(tmp_path):
    asked = ("--rule", "cn.workdays15", "--received", "2099-12-28")
    refused = answer(*asked, code=3)["error"]
    assert refused["code"] == "calendar-unavailable"
    assert refused["facts"] == {"calendar": "CN", "year": 2099}
    assert "--calendar-file" in refused["hint"]
    path = tmp_path / "years.yaml"
    path.write_text(
        CN_2027.replace("2027", "2099") + "---\n" + CN_2027.replace("2027", "2100"), "utf-8"
    )
    found = answer(*asked, "--calendar-file", path)
    assert found["calendar_sources"][0] == "2099: notice of the State Council"
    # 28 Dec 2099 is a Monday: 3) 31, off 1-3 Jan, 8) 8, 13) 15, 15) 19
    assert found["due"] == "2100-01-19"


def test_a_bad_calendar_file_tells_every_problem_with_its_place(tmp_path):
    path = tmp_path / "year.yaml"
    path.write_text(CN_2027.replace("2027-05-01", "2028-05-01"), "utf-8")
    asked = ("--rule", "cn.workdays15", "--received", "2026-12-28", "--calendar-file", path)
    problems = answer(*asked, code=2)["error"]["problems"]
    assert {problem["code"] for problem in problems} == {
        "day-of-other-year",
        "statutory-day-missing",
    }
    assert {problem["line"] for problem in problems} == {6}


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--rule", "gdpr.mont", "--received", "2026-03-05"), 4, 'did you mean "gdpr.month"?'),
        (("--rule", "gdpr.month", "--received", "2026-03-05T09:00"), 2, "[bad-date]"),
        (("--rule", "gdpr.month", "--received", "soon"), 2, "[bad-date]"),
        (("--rule", "gdpr.month"), 2, "--received is missing"),
        (("--received", "2026-03-05"), 2, "--rule is missing"),
        (("--rule", "gdpr.month", "--received", "2026-03-05", "--calendar", "XX"), 4, "calendars:"),
        (("--rule", "gdpr.month", "--received", "2026-03-05", "--calendar", "CN"), 2, "DE"),
    ],
)
def test_what_cannot_be_counted_is_refused_with_the_way_out(arguments, code, said):
    done = due(*arguments, code=code)
    assert said in done.stderr
    assert done.stdout == ""


def test_what_was_typed_as_a_day_is_not_repeated():
    assert (
        "C-20240817" not in due("--rule", "gdpr.month", "--received", "C-20240817", code=2).output
    )


def test_without_a_rule_all_are_listed():
    found = answer()
    assert len(found["rules"]) == 14
    assert found["rules"][0]["rule"] == "gdpr.month"
    assert "DE" in found["rules"][0]["calendars"]
    assert found["calendars"]["CN"]["zh"].startswith("中国")
    assert "cn.workdays15\tCN\tknowledge\t" in due().stdout


def loaded(*arguments):
    script = (
        f"import sys; sys.argv={['tagwarden', *arguments]!r}\n"
        "from governance.cli.app import app\n"
        "try: app()\nexcept SystemExit: pass\n"
        "print(*sorted(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(done.stderr.split())


@pytest.mark.parametrize(
    "arguments",
    [
        ("--help",),
        ("policy", "due", "--help"),
        ("policy", "due"),
        ("policy", "due", "--rule", "cn.days30_no_roll", "--received", "2026-09-05"),
    ],
)
def test_the_holiday_packages_are_loaded_only_for_a_calendar(arguments):
    assert loaded(*arguments).isdisjoint({"holidays", "chinese_calendar"})


def test_one_package_is_loaded_for_one_calendar():
    modules = loaded("policy", "due", "--rule", "cn.workdays10", "--received", "2026-04-30")
    assert "chinese_calendar" in modules
    assert "holidays" not in modules
