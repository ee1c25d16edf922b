# SPDX-License-Identifier: Apache-2.0
"""Statutory clocks against dates counted by hand (tests/cases/clocks.yaml), and what they refuse."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from audit.errors import BadInput, NotFound, Refused
from policies.calendar_file import read_calendar_file
from policies.calendars import calendar_named, is_working_day
from policies.clocks import due, read_day
from policies.document import parse_documents
from policies.periods import calendars_of, clocks, read_clocks

PATH = Path(__file__).parents[2] / "cases" / "clocks.yaml"
LIBRARY = Path(__file__).parents[3] / "policies" / "library" / "clocks.yaml"
BOOK = parse_documents(PATH.read_bytes(), PATH.name)[0].value
RULES = {
    "gdpr.month", "gdpr.month_with_identity_pause", "ccpa.know_delete_correct",
    "ccpa.opt_out_sale_share", "ccpa.limit_spi", "ccpa.admt_opt_out", "ccpa.risk_assessment_update",
    "ccpa.risk_assessment_production", "ccpa.request_record_retention", "cn.days30_no_roll",
    "cn.workdays15", "cn.workdays10", "cn.years3_keep", "cn.immediate",
}  # fmt: skip


def cases():
    telling = ("rule", "received", "asked", "calendar", "file")
    return [
        pytest.param(case, id=" ".join(case[key] for key in telling if key in case))
        for case in BOOK["cases"]
    ]


def announced(year):
    import chinese_calendar

    return year in {one.year for one in chinese_calendar.holidays}


def day(text):
    return None if text is None else date.fromisoformat(text)


@pytest.fixture
def counted(tmp_path):
    def count(case):
        given = ()
        if "file" in case:
            path = tmp_path / "calendar.yaml"
            path.write_text(BOOK["files"][case["file"]], "utf-8")
            given = read_calendar_file(path)
        return due(
            case["rule"],
            day(case["received"]),
            calendar=case.get("calendar"),
            identity_requested=day(case.get("asked")),
            identity_received=day(case.get("shown")),
            overrides=given,
        )

    return count


@pytest.mark.parametrize("case", cases())
def test_the_clock_ends_where_a_hand_counted_it(case, counted):
    if "error" in case:
        if announced(case["year"]):
            pytest.skip(f"{case['year']} has been announced since")
        with pytest.raises(Refused) as caught:
            counted(case)
        assert caught.value.code == case["error"]
        assert caught.value.facts["year"] == case["year"]
        assert "--calendar-file" in caught.value.hint
        return
    found = counted(case)
    assert found.due == day(case["due"])
    assert found.extended_due == day(case.get("extended"))
    assert found.extension_notice_due == (found.due if "extended" in case else None)
    assert found.ack_due == day(case.get("ack"))
    assert all(step.text.en and step.text.zh for step in found.trace)
    assert found.due in {step.day for step in found.trace if step.end == "due"}


def test_there_are_at_least_60_cases_and_each_rule_has_one():
    assert len(BOOK["cases"]) >= 60
    assert {case["rule"] for case in BOOK["cases"]} == RULES == set(clocks().rules)


def test_a_case_stands_once():
    keys = [tuple(sorted((k, v) for k, v in case.items() if k != "why")) for case in BOOK["cases"]]
    assert len(keys) == len(set(keys))


def test_every_calendar_of_the_cases_is_one_of_the_rules():
    for case in BOOK["cases"]:
        if "calendar" in case:
            assert case["calendar"] in calendars_of(clocks().rules[case["rule"]])


def test_the_notice_for_2026_is_what_the_chinese_package_says():
    off = set()
    for text in BOOK["cn_2026"]["holidays"]:
        first, last = map(day, text.split("/"))
        off |= {first + timedelta(days=n) for n in range((last - first).days + 1)}
    worked = {day(text) for text in BOOK["cn_2026"]["make_up_workdays"]}
    china = calendar_named("CN")
    for number in range(365):
        one = date(2026, 1, 1) + timedelta(days=number)
        expected = one in worked or (one not in off and one.isoweekday() < 6)
        assert is_working_day(one, china) is expected, one


def test_two_packages_agree_on_every_chinese_day_of_six_years():
    import holidays

    other = holidays.country_holidays("CN", years=range(2020, 2027))
    china = calendar_named("CN")
    one, last = date(2020, 1, 1), date(2026, 12, 31)
    while one <= last:
        assert is_working_day(one, china) is other.is_working_day(one), one
        one += timedelta(days=1)


@pytest.mark.parametrize(
    "received",
    [
        datetime(2026, 3, 5, 12, tzinfo=UTC),
        datetime(2026, 3, 5),  # noqa: DTZ001  (that it has no zone is the point)
        "2026-03-05",
        20260305,
        None,
        date(1999, 12, 31),
        date(2101, 1, 1),
        date.min,
        date.max,
    ],
)
def test_what_is_no_day_of_our_time_is_refused_with_one_message(received):
    with pytest.raises(BadInput, match="the day of receipt is not a day from 2000 to 2100") as c:
        due("gdpr.month", received)
    assert c.value.code == "bad-date"
    assert "without a time" in c.value.hint


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-05T10:00", "2026-03-05 10:00:00Z", "2026-02-29", "05.03.2026", "20260305", "2026-W10-4",
        "2026-3-5", "", "yesterday", "２０２６-03-05", "2026-03-05\n", "0026-03-05",
    ],
)  # fmt: skip
def test_a_text_that_is_no_day_is_refused(text):
    with pytest.raises(BadInput) as caught:
        read_day(text)
    assert caught.value.code == "bad-date"


def test_an_unknown_clock_names_the_nearest():
    with pytest.raises(NotFound) as caught:
        due("gdpr.moth", date(2026, 3, 5))
    assert caught.value.code == "unknown-rule"
    assert caught.value.hint == 'did you mean "gdpr.month"?'


def test_an_unknown_calendar_names_the_nearest_and_letters_may_be_small():
    with pytest.raises(NotFound) as caught:
        due("ccpa.limit_spi", date(2026, 3, 5), calendar="US-fedral")
    assert caught.value.hint == 'did you mean "US-federal"?'
    assert due("gdpr.month", date(2026, 3, 5), calendar="de").calendar == "DE"


@pytest.mark.parametrize(
    ("rule", "calendar"),
    [
        ("gdpr.month", "CN"),
        ("gdpr.month", "US-federal"),
        ("ccpa.know_delete_correct", "DE"),
        ("cn.workdays15", "none"),
        ("cn.workdays15", "DE"),
        ("cn.days30_no_roll", "CN"),
        ("ccpa.risk_assessment_update", "US-federal"),
    ],
)
def test_a_clock_is_counted_on_its_own_calendars_only(rule, calendar):
    with pytest.raises(BadInput) as caught:
        due(rule, date(2026, 3, 5), calendar=calendar)
    assert caught.value.code == "calendar-not-of-rule"


PAUSED = "gdpr.month_with_identity_pause"


@pytest.mark.parametrize(
    ("rule", "asked", "shown", "said"),
    [
        ("gdpr.month", "2026-03-06", "2026-03-09", "does not stop"),
        ("ccpa.know_delete_correct", "2026-03-06", "2026-03-09", "does not stop"),
        ("cn.workdays15", "2026-03-06", None, "does not stop"),
        (PAUSED, None, None, "needs the day"),
        (PAUSED, "2026-03-06", None, "stands still"),
        (PAUSED, "2026-03-04", "2026-03-09", "do not follow"),
        (PAUSED, "2026-03-09", "2026-03-06", "do not follow"),
        (PAUSED, "2026-04-07", "2026-04-09", "after the period had ended"),
    ],
)
def test_days_of_identity_that_make_no_sense_are_refused(rule, asked, shown, said):
    with pytest.raises(BadInput, match=said) as caught:
        due(rule, date(2026, 3, 5), identity_requested=day(asked), identity_received=day(shown))
    assert caught.value.code == "identity-dates"
    assert caught.value.hint


def test_identity_may_be_asked_for_until_the_last_day():
    found = due(
        PAUSED,
        date(2026, 3, 5),
        identity_requested=date(2026, 4, 6),
        identity_received=date(2026, 4, 7),
    )
    assert found.due == date(2026, 4, 6)  # Sunday 5 and one day


def test_a_year_beyond_the_public_holidays_is_refused_not_taken_for_one_without_any():
    with pytest.raises(Refused) as caught:
        due("gdpr.month", date(2100, 12, 20), calendar="DE")
    assert caught.value.facts == {"calendar": "DE", "year": 2101}
    assert due("gdpr.month", date(2100, 12, 20)).extended_due == date(2101, 3, 21)  # a Monday


def test_the_trace_tells_what_was_skipped_and_where_it_is_written():
    found = due("cn.workdays15", date(2026, 9, 14))
    told = "\n".join(step.text.en for step in found.trace)
    assert "2026-10-01/2026-10-07 (National Day)" in told
    assert "2026-09-20 (Sunday), 2026-10-10 (Saturday)" in told
    assert "2026-10-01/2026-10-07（国庆节）" in "".join(step.text.zh for step in found.trace)
    assert found.sources == ("2026: chinesecalendar " + version("chinesecalendar"),)
    assert found.provenance == "knowledge"


def version(package):
    from importlib.metadata import version as installed

    return installed(package)


def test_the_file_of_the_operator_is_named_as_the_source(counted):
    found = counted({"rule": "cn.workdays15", "received": "2026-12-28", "file": "cn2027"})
    assert found.sources[1] == "2027: invented for these cases"


def test_a_rule_whose_calendar_is_not_its_own_is_refused():
    data = LIBRARY.read_text("utf-8")
    broken = data.replace("default_calendar: US-federal", "default_calendar: DE", 1)
    with pytest.raises(BadInput) as caught:
        read_clocks(broken.encode(), "clocks.yaml")
    assert [problem.code for problem in caught.value.problems] == ["bad-rule"]
    broken = data.replace("due: {days: 45}", "due: {days: 45, months: 1}", 1)
    with pytest.raises(BadInput) as caught:
        read_clocks(broken.encode(), "clocks.yaml")
    assert "one unit" in caught.value.problems[0].message
