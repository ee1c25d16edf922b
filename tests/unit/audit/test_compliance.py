# SPDX-License-Identifier: Apache-2.0
"""How a row is judged, by facts alone: nothing is met without evidence, a part is never the whole."""

import re
from dataclasses import replace
from pathlib import Path
from zipfile import ZipFile

import pytest

from audit.compliance import checks, page, upkeep, words
from audit.compliance.facts import (
    Facts,
    Finding,
    Keys,
    Late,
    Log,
    Paper,
    Report,
    Seen,
    TagFact,
    Waiting,
)
from audit.compliance.headings import HEADINGS, Heading
from audit.compliance.pack import archive
from audit.compliance.page_words import FIGURES, KINDS
from audit.compliance.report import Head, Row, report
from audit.compliance.table import CHECKS
from audit.compliance.verdict import Check, Found, Said, Status, both, judge, worst
from audit.compliance.words import sentence
from policies.obligations import obligations

GOLDEN = Path(__file__).parents[2] / "golden" / "audits"
TAG = TagFact("offer.gold", 2, "a" * 64, "consent", sensitive=False, weighty=False, directed=True)
ASKED = replace(TAG, within="90d")
FACTS = Facts(
    regime="gdpr",
    people={"": 10, "18+": 10},
    tags=(TAG,),
    purposes=(Paper("purpose", "offers", "b" * 64),),
    unapplied=(),
    assessments=(),
    missing=(),
    settings={"audits.bias_days": "365", "retention.people_days": "900"},
    retention={"events": 0},
    requests=3,
    waiting=(),
    late=(),
    lost=0,
    erasures=0,
    holds=0,
    unconfirmed=0,
    untold=0,
    untold_long=0,
    consents=5,
    unnoticed=0,
    recipients=(),
    record=(),
    reports=(Report("bias", "offer.gold", "within", 20, 2, Paper("report", "audit-1", "c" * 64)),),
    findings=(),
    models_overdue=(),
    keys=Keys("file", 1, 3, 30, unfinished=False, backup="ok", keyless=0),
    log=Log(7, "d" * 64, (), 0, 1, 0, 2, covered=True),
    acts={"audit.bias": Seen(2, 6, "2026-03-01T12:00:00Z")},
    overlaid=False,
    tests={"X-9": ("unit/test_x.py::test_y",)},
)


BREACH = FACTS.reports[0]._replace(status="breach")
PRICE = Report("price", "gender", "within", 3, 1, Paper("report", "audit-3", "e" * 64))
CONSENT = Report("consent", "consent", "clear", 3, 1, Paper("report", "audit-2", "f" * 64))


def good(**more):
    return lambda _facts, _row: Found(True, (Said("erasures.good"),), **more)


SHOWN = {"figures": (("holds", 1),)}


@pytest.mark.parametrize(
    ("check", "status"),
    [
        (None, "needs_a_person"),
        (Check(good(**SHOWN), whole=True), "met"),
        (Check(good(**SHOWN)), "needs_a_person"),
        (Check(good(**SHOWN, settled=True)), "met"),
        (Check(good(), whole=True), "needs_a_person"),
        (Check(good(settled=True), whole=True), "needs_a_person"),
        (Check(lambda _f, _r: Found(None, (), **SHOWN), whole=True), "needs_a_person"),
        (Check(lambda _f, _r: Found(False, ()), whole=False), "not_met"),
    ],
    ids=["no check", "whole", "part", "not there", "bare", "bare, gone", "unsure", "bad"],
)
def test_a_row_is_met_only_by_a_whole_check_with_evidence(check, status):
    assert judge(check, FACTS, "X-1")[0] == status


def test_two_checks_are_as_good_as_the_worse_one():
    unsure = lambda _f, _r: Found(None, ())  # noqa: E731
    bad = lambda _f, _r: Found(False, ())  # noqa: E731
    assert both(good(), good())(FACTS, "").good is True
    assert both(good(), unsure)(FACTS, "").good is None
    assert both(unsure, bad)(FACTS, "").good is False
    assert both(good(settled=True), good())(FACTS, "").settled is False


def test_the_worst_status_stands_for_all_and_nothing_is_for_a_person():
    assert worst([Status.MET, Status.NOT_MET, Status.PERSON]) == "not_met"
    assert worst([Status.MET, Status.PERSON]) == "needs_a_person"
    assert worst([]) == "needs_a_person"


@pytest.mark.parametrize(
    ("check", "change", "wanted"),
    [
        (checks.minors(), {"people": {"": 2, "16-17": 1}}, True),
        (checks.minors(), {"people": {"": 2, "unknown": 1}}, None),
        (checks.minors(), {"tags": (replace(TAG, outside={"minor": 1}),)}, False),
        (checks.gate("objected"), {"tags": ()}, None),
        (checks.retention, {"settings": {"retention.people_days": "0"}}, None),
        (checks.retention, {"retention": {"events": 1}}, False),
        (upkeep.log, {"log": replace(FACTS.log, anchors=0, hours=None)}, None),
        (upkeep.log, {"log": replace(FACTS.log, hours=30, covered=False)}, False),
        (upkeep.log, {"log": replace(FACTS.log, hours=30)}, True),
        (upkeep.log, {"log": replace(FACTS.log, hours=None)}, False),
        (upkeep.keys, {"keys": replace(FACTS.keys, age=31)}, False),
        (upkeep.keys, {"keys": replace(FACTS.keys, backup="copies")}, False),
        (upkeep.keys, {"keys": replace(FACTS.keys, backup="nothing-yet")}, True),
        (checks.consents, {"consents": 0}, None),
        (checks.record, {"purposes": ()}, None),
        (checks.audits, {"tags": (replace(TAG, directed=False),)}, None),
        (checks.audits, {"tags": (replace(TAG, directed=False, weighty=True, key="x"),)}, False),
        (checks.audits, {"settings": {"audits.bias_days": "19"}}, False),
        (checks.audits, {"tags": (ASKED,), "settings": {"audits.bias_days": "19"}}, True),
        (checks.audits, {"tags": (replace(ASKED, standing="audit-overdue"),)}, False),
        (checks.audits, {"tags": (replace(ASKED, standing="audit-missing"),)}, False),
        (checks.audits, {"tags": (replace(ASKED, directed=False, version=3),)}, False),
        (checks.audits, {"reports": (FACTS.reports[0]._replace(status="insufficient"),)}, None),
        (checks.audits, {"findings": (Finding("offer.gold", "open"),)}, False),
        (checks.audits, {"findings": (Finding("offer.gold", "waived"),)}, None),
        (checks.audits, {"reports": (BREACH,)}, False),
        (
            checks.audits,
            {"reports": (BREACH,), "findings": (Finding("offer.gold", "waived"),)},
            None,
        ),
        (checks.prices, {}, None),
        (checks.prices, {"reports": (PRICE,)}, True),
        (checks.prices, {"reports": (PRICE._replace(days=366),)}, False),
        (checks.prices, {"reports": (PRICE, PRICE._replace(about="age", days=366))}, True),
        (checks.prices, {"reports": (PRICE, PRICE._replace(status="breach", days=366))}, False),
        (checks.prices, {"reports": (PRICE, PRICE._replace(status="insufficient"))}, None),
        (checks.consent_audit, {}, None),
        (checks.consent_audit, {"reports": (CONSENT,)}, True),
        (checks.consent_audit, {"reports": (CONSENT._replace(status="attention"),)}, None),
        (checks.consent_audit, {"reports": (CONSENT._replace(status="breach"),)}, False),
        (checks.requests("erase"), {"waiting": (Waiting("r", "erase", "work", "", 0),)}, True),
        (checks.requests("erase"), {"waiting": (Waiting("r", "erase", "work", "", -1),)}, False),
        (checks.requests("erase"), {"waiting": (Waiting("r", "correct", "work", "", -1),)}, True),
        (checks.requests(), {"late": (Late("r", "erase", "answer"),)}, None),
        (checks.requests(), {"late": (Late("r", "erase", "acknowledgement"),)}, True),
        (checks.recipients_told, {"untold": 2}, None),
        (checks.recipients_told, {"untold": 2, "untold_long": 1}, False),
        (checks.weighty(), {"tags": (replace(TAG, weighty=True),)}, None),
        (checks.setting_is("policy.role", "own_shop", "platform.none"), {}, None),
        (checks.tested, {}, None),
    ],
)
def test_each_check_knows_good_bad_and_not_sure(check, change, wanted):
    assert check(replace(FACTS, **change), "X-1").good is wanted


def test_a_row_about_the_product_is_shown_by_its_tests():
    found = checks.tested(FACTS, "X-9")
    assert (found.good, found.tests) == (True, ("unit/test_x.py::test_y",))


def test_only_some_of_many_findings_are_told_and_the_rest_is_counted():
    many = tuple(replace(TAG, key=f"t{n}", outside={"objected": 1}) for n in range(9))
    said = checks.gate("objected")(replace(FACTS, tags=many), "").says
    assert [one.code for one in said] == ["gate.bad"] * 5 + ["more"]
    assert said[-1].values == {"count": 4}


def test_checks_and_headings_name_obligations_that_are_there():
    known = {row.id: row.regime for row in obligations()}
    assert set(CHECKS) <= set(known)
    for regime, headings in HEADINGS.items():
        headed = {row for one in headings for row in one.rows}
        assert headed == {row for row, law in known.items() if law == regime}


def test_a_whole_check_is_claimed_only_for_what_the_product_covers_or_the_check_looks_at():
    """Rows that lack something, and whose check is said to look at all of it: each was thought about."""
    lacking = {row.id for row in obligations() if row.lacks}
    assert {row for row, check in CHECKS.items() if check.whole} & lacking == {
        "GDPR-5-1-e",  # who runs the sweep, and the days of silent people: the check sees both
        "GDPR-30",  # what the settings say of joint controllers and representative
        "CN-PIPL-19",
        "CN-PIPL-47-1",
        "CA-100-a3",
    }


def test_every_code_that_a_check_can_say_has_its_words():
    source = "".join(Path(one.__file__).read_text("utf-8") for one in (checks, upkeep))
    said = set(re.findall(r'Said\(\s*"([a-z.-]+)"', source))
    said |= set(re.findall(r'(?:told|none_here)\(\s*"([a-z.-]+)"', source))
    assert len(said) > 40
    assert said <= set(words.FINDINGS)
    figures = set(re.findall(r'\(\(?"([a-z0-9-]+)", [a-zA-Z(]', source))
    assert {"looked-at", "log-entries", "overdue"} <= figures
    assert figures <= set(FIGURES)


def test_both_languages_have_the_same_values():
    for code, text in words.FINDINGS.items():
        names = [set(re.findall(r"{(\w+)}", part)) for part in text]
        assert names[0] == names[1], code


# --- the page ---------------------------------------------------------------------------------

TEXT = {"en": "a thing is done", "zh": "进行某事时"}
ROWS = [
    Row(
        "X-1", "Art. 1", True, "block", TEXT, {"en": "do it <well>", "zh": "妥善处理"}, TEXT, {}, ()
    ),
    Row(
        "X-2",
        "Art. 2",
        False,
        "duty",
        TEXT,
        TEXT,
        TEXT,
        {"en": "the rest", "zh": "其余"},
        ("audit.bias",),
    ),
    Row("X-3", "Art. 3", True, "gate", TEXT, TEXT, {}, {"en": "all of it", "zh": "全部"}, ()),
    Row("X-9", "Art. 9", True, "gate", TEXT, TEXT, TEXT, {}, ()),
]
SOME = {
    "X-1": Check(checks.gate("objected"), whole=True),
    "X-2": Check(checks.audits),
    "X-9": Check(checks.tested, whole=True),
}
HEADED = (
    Heading("First", "第一", ("X-1", "X-2")),
    Heading("Empty", "空项"),
    Heading("Last", "最后", ("X-3", "X-9", "X-2")),
)
LEXICON = {"reason.objected": {"en": "they object", "zh": "本人反对"}}


def a_report(regime="gdpr", **changes):
    facts = replace(FACTS, regime=regime, **changes)
    packs = (Paper("pack", "gdpr 2026.11", "e" * 64),)
    head = Head("2026-03-01T12:00:00Z", "op:" + "0" * 16, "0.1.0", "2026-11-23", None, packs)
    return report(head, ROWS, facts, LEXICON, checks=SOME, headings=HEADED)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_reads_as_it_did(language, request):
    held = replace(TAG, outside={"objected": 3})
    text = page.page(a_report("pipl_cn", tags=(held,)), language)
    golden = GOLDEN / f"compliance.{language}.html"
    if request.config.getoption("--update-golden"):
        golden.write_text(text, "utf-8")
    assert text == golden.read_text("utf-8")


def test_the_page_needs_nothing_from_outside_and_its_texts_cannot_break_it():
    text = page.page(a_report(), "en")
    assert "default-src 'none'" in text
    assert "<script" not in text
    assert "http" not in text.replace("http-equiv", "")
    assert "<well>" not in text
    assert "&lt;well&gt;" in text


def test_a_law_under_which_nobody_is_says_so():
    assert "Nobody on record is under this law" in page.page(a_report(people={}), "en")
    assert "Nobody on record" not in page.page(a_report(), "en")


def test_the_same_facts_give_the_same_report_and_the_counts_are_those_of_the_rows():
    assert a_report() == a_report()
    found = a_report()
    statuses = [row["status"] for row in found["rows"]]
    assert statuses == ["met", "needs_a_person", "needs_a_person", "met"]
    assert found["verdict"] == {
        "status": "needs_a_person",
        "met": 2,
        "not_met": 0,
        "needs_a_person": 2,
    }
    assert [one["status"] for one in found["headings"]] == ["needs_a_person"] * 3
    assert {paper["kind"] for paper in found["papers"]} <= set(KINDS)


def test_a_person_is_told_what_the_program_does_not_look_at():
    looks = {row["id"]: row["look"] for row in a_report()["rows"]}
    assert looks["X-1"] is None
    assert looks["X-2"] == {"en": "the rest", "zh": "其余"}
    assert looks["X-3"] == {"en": "all of it", "zh": "全部"}


# --- the archive ------------------------------------------------------------------------------


def test_an_archive_is_the_same_bytes_whatever_the_order_and_the_hour(tmp_path):
    files = {"b": b"2", "a/c": b"1"}
    first = archive(files, {"from": "x"})
    assert archive(dict(reversed(files.items())), {"from": "x"}) == first
    assert archive({**files, "b": b"3"}, {"from": "x"}) != first
    (tmp_path / "x.zip").write_bytes(first)
    with ZipFile(tmp_path / "x.zip") as found:
        assert found.namelist() == ["a/c", "b", "manifest.json"]
        assert {one.date_time for one in found.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert {one.compress_type for one in found.infolist()} == {0}


def test_tags_and_purposes_are_called_by_their_names_and_commands_keep_the_key():
    words = {
        "tag.offer.gold": {"en": "Gold (offer.gold)", "zh": "金牌（offer.gold）"},
        "purpose.offers": {"en": "Coupons", "zh": "优惠券"},
        "recipient.processor": {"en": "processors", "zh": "受托方"},
    }
    none = {"code": "audits.none", "values": {"tag": "offer.gold", "version": 2}}
    said = sentence(none, words, "en")
    assert said.startswith("Gold (offer.gold): version 2")
    assert "--tag offer.gold --by" in said
    some = {
        "code": "recipients.some",
        "values": {"code": "recipient.processor", "purpose": "offers"},
    }
    assert sentence(some, words, "en") == "What serves “Coupons” goes to: processors."
    assert sentence(some, words, "zh") == "用于“优惠券”的数据提供给：受托方。"


@pytest.mark.parametrize(
    ("days", "told"), [(0, "0 days ago"), (1, "1 day ago"), (1200, "1,200 days")]
)
def test_days_are_one_or_many(days, told):
    said = sentence({"code": "audited.before", "values": {"days": days}}, {}, "en")
    assert told in said
