# SPDX-License-Identifier: Apache-2.0
"""Assessments: what a document must say, until when it counts, and what the gate does without one."""

from datetime import date

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from audit.clock import DAY, FixedClock, parse_time
from audit.errors import BadInput, NotFound
from governance import assessment, gate
from governance.assessment import Assessments, valid
from governance.purpose import purposes
from policies.assessments import RULES, TYPES, years_after
from policies.vocabulary import DUTIES, label
from tests.shop import NOW, Shop, a_purpose, a_tag, an_assessment
from tests.workshop import NOON, a_workspace

PURPOSE = "first_party_recommendation"
MARKETING = "first_party_personalised_marketing"

PURPOSE_DOCUMENT = """
apiVersion: tagwarden/v1
kind: Purpose
key: recommending
name: {en: Recommendation, zh: 推荐}
says: {en: We recommend goods of our own., zh: 我们推荐自营商品。}
use: first_party_recommendation
personalised: true
retention: 365d
"""
DOCUMENT = """
apiVersion: tagwarden/v1
kind: Assessment
key: recommending.pipia
type: pipia
covers: {purposes: [recommending]}
made: 2026-01-10
reviewed_by: privacy team
approved: 2026-01-20
review_by: 2027-01-20
contents:
  lawfulness: {en: It rests on consent., zh: 以同意为基础。}
  impact: {en: Little., zh: 影响较小。}
  measures: {en: Sealed names., zh: 身份已封存。}
"""


@pytest.fixture
def ws(tmp_path):
    from governance import purpose

    opened = a_workspace(tmp_path)
    (tmp_path / "purposes.yaml").write_text(PURPOSE_DOCUMENT, "utf-8")
    purpose.apply(opened, [tmp_path / "purposes.yaml"])
    yield opened
    opened.close()


@pytest.fixture
def shop():
    opened = Shop()
    opened.purposes(a_purpose(PURPOSE), a_purpose(MARKETING), assessed=False)
    opened.people(
        {1: ("gdpr", "18+"), 2: ("ccpa", "18+"), 3: ("ccpa", "14-15"), 4: ("gdpr", "16-17")}
    )
    yield opened
    opened.close()


def apply(ws, tmp_path, text=DOCUMENT):
    path = tmp_path / "assessments.yaml"
    path.write_text(text, "utf-8")
    return [item.what for item in assessment.apply(ws, [path])]


def problems(ws, tmp_path, text):
    with pytest.raises(BadInput) as caught:
        apply(ws, tmp_path, text)
    assert caught.value.code == "bad-assessments"
    return [(problem.code, problem.line) for problem in caught.value.problems]


def reasons(shop, tag=None, at=NOW):
    """What the gate says to each person, by sets and one by one: always the same."""
    tag = tag or a_tag()
    with shop.read() as connection:
        known = purposes(connection)
        found = gate.table(connection, [tag], at, known)
        said = {who: gate.permit(connection, who, tag, at, known) for who in (1, 2, 3, 4)}
    assert set(found.classes[0]) == {who for who, one in said.items() if one.allowed}
    return {who: one.reason for who, one in said.items()}


# --- documents ------------------------------------------------------------------------------


def entries(ws):
    ws.evidence.drain()
    return ws.evidence.verify().size


@pytest.mark.law("CN-PIPL-55")
def test_applying_twice_does_nothing_and_a_change_keeps_what_was_there(ws, tmp_path):
    assert apply(ws, tmp_path) == ["new"]
    before = entries(ws)
    assert apply(ws, tmp_path) == ["unchanged"]
    assert entries(ws) == before
    assert apply(ws, tmp_path, DOCUMENT.replace("2027-01-20", "2028-01-20")) == ["changed"]
    assert entries(ws) == before + 1
    with ws.store.read() as connection:
        kept = connection.execute(text("SELECT count(*) FROM assessment")).scalar_one()
        latest = assessment.assessment_named(connection, "recommending.pipia")
    assert (kept, str(latest.review_by)) == (2, "2028-01-20")


@pytest.mark.law("CN-PIPL-55")
@pytest.mark.parametrize("change", ["DELETE FROM assessment", "UPDATE assessment SET key = 'x'"])
def test_nothing_of_the_record_can_be_changed_afterwards(ws, tmp_path, change):
    apply(ws, tmp_path)
    with pytest.raises(IntegrityError, match="append-only"), ws.store.write() as unit:
        unit.connection.execute(text(change))


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.law("GDPR-5-1-c", "GDPR-35", "GDPR-6-1-f", "CN-PIPL-55", "CA-7150")
def test_each_missing_part_is_named_with_its_article(ws, tmp_path, kind):
    bare = DOCUMENT.partition("contents:")[0].replace("pipia", kind, 2) + "contents: {}\n"
    with pytest.raises(BadInput) as caught:
        apply(ws, tmp_path, bare)
    said = [problem.message for problem in caught.value.problems]
    needed = [part for part in RULES[kind].parts if part.needed]
    assert len(said) == len(needed)
    for part, message in zip(needed, said, strict=True):
        assert f'"{part.code}"' in message
        assert f"({part.article})" in message


def test_the_parts_that_the_law_names_are_all_there():
    articles = {kind: [part.article for part in RULES[kind].parts if part.needed] for kind in TYPES}
    assert articles["dpia"] == [f"GDPR Art. 35(7)({letter})" for letter in "abcd"]
    assert articles["pipia"] == [f"PIPL Art. 56(1)({number})" for number in (1, 2, 3)]
    assert articles["risk_assessment"] == [f"11 CCR 7152(a)({n})" for n in range(1, 8)]
    codes = [part.code for part in RULES["balancing_test"].parts]
    assert codes == ["interest", "necessity", "balance", "children"]


def test_every_type_is_a_duty_of_the_packs_with_a_label():
    assert set(TYPES) == set(RULES)
    for kind in TYPES:
        assert kind in DUTIES
        for language in ("en", "zh"):
            assert label("assessment", kind, language) != kind


def test_every_problem_of_every_document_is_reported_at_once(ws, tmp_path):
    wrong = (
        DOCUMENT.replace("[recommending]", "[recomending]")
        .replace("2026-01-10", "2026-02-30")
        .replace("approved: 2026-01-20", "approved: 20260120")
        .replace("impact:", "imapct:")
        .replace("reviewed_by: privacy team\n", "")
    )
    found = problems(ws, tmp_path, f"{wrong}---{DOCUMENT}---\nkind: Assessment\nkey: [1]\n")
    assert [code for code, line in found if line <= 15] == [
        "unknown-purpose",
        "assessment-part-missing",
        "unknown-assessment-part",
        "bad-value",
        "missing-key",
        "bad-value",
    ]
    assert "duplicate-assessment" in [code for code, _ in found]
    with ws.store.read() as connection:
        assert assessment.assessments(connection) == {}


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("made: 2026-01-10", "made: 2026-01-21", 9),
        ("review_by: 2027-01-20", "review_by: 2026-01-20", 10),
    ],
)
def test_the_days_follow_each_other(ws, tmp_path, old, new, line):
    assert problems(ws, tmp_path, DOCUMENT.replace(old, new)) == [("assessment-days", line)]


@pytest.mark.law("CA-7155")
def test_in_california_a_review_is_due_within_three_years(ws, tmp_path):
    contents = "".join(
        f"  {part.code}: {{en: a, zh: 一}}\n" for part in RULES["risk_assessment"].parts
    )
    document = DOCUMENT.partition("  lawfulness")[0].replace("type: pipia", "type: risk_assessment")
    late = document.replace("2027-01-20", "2029-01-21") + contents
    assert problems(ws, tmp_path, late) == [("assessment-review-late", 10)]
    assert apply(ws, tmp_path, late.replace("2029-01-21", "2029-01-20")) == ["new"]
    assert years_after(date(2024, 2, 29), 3) == date(2027, 2, 28)


def test_an_unknown_assessment_is_not_found_with_the_nearest_one(ws, tmp_path):
    apply(ws, tmp_path)
    with ws.store.read() as connection, pytest.raises(NotFound) as caught:
        assessment.assessment_named(connection, "recommending.pipa")
    assert "recommending.pipia" in caught.value.hint


# --- what counts ----------------------------------------------------------------------------


@pytest.mark.law("GDPR-35")
@pytest.mark.parametrize(
    ("moment", "counts"),
    [
        ("2026-01-19T23:59:59Z", False),  # not approved yet
        ("2026-01-20T00:00:00Z", True),
        ("2027-01-20T23:59:59Z", True),  # the last day of its review
        ("2027-01-21T00:00:00Z", False),
    ],
)
def test_it_counts_from_its_approval_until_its_review_is_overdue(ws, tmp_path, moment, counts):
    apply(ws, tmp_path)
    with ws.store.read() as connection:
        found = valid(connection, parse_time(moment))
    assert found.covering("pipia", "recommending", "interest.tea", sensitive=False) is counts
    assert not found.covering("dpia", "recommending", "interest.tea", sensitive=False)
    assert not found.covering("pipia", "analytics", "interest.tea", sensitive=False)


def test_named_tags_are_covered_and_no_others_until_one_covers_all():
    some = an_assessment("dpia", PURPOSE, covers={"purposes": [PURPOSE], "tags": ["a.one"]})
    more = an_assessment("dpia", PURPOSE, covers={"purposes": [PURPOSE], "tags": ["a.two"]})
    every = an_assessment("dpia", PURPOSE)
    few = Assessments((some, more))
    assert [
        few.covering("dpia", PURPOSE, f"a.{name}", sensitive=False)
        for name in ("one", "two", "three")
    ] == [
        True,
        True,
        False,
    ]
    for order in ((every, some), (some, every)):
        assert Assessments(order).covering("dpia", PURPOSE, "a.one", sensitive=True)
        assert not Assessments(order).covering("dpia", PURPOSE, "a.three", sensitive=True)
        assert Assessments(order).covering("dpia", PURPOSE, "a.three", sensitive=False)


# --- the gate -------------------------------------------------------------------------------


@pytest.mark.law("GDPR-6-1-f", "GDPR-35", "CA-7150")
def test_without_the_assessments_that_the_law_asks_for_nobody_is_let_through(shop):
    assert reasons(shop) == {
        1: "assessment-missing",  # balancing test
        2: "",  # an adult in California: none is asked for
        3: "assessment-missing",  # under 16 it is sensitive: risk assessment
        4: "assessment-missing",  # an inferred tag on a minor: DPIA too
    }
    shop.assessments(an_assessment("balancing_test", PURPOSE))
    assert reasons(shop) == {1: "", 2: "", 3: "assessment-missing", 4: "assessment-missing"}
    shop.assessments(an_assessment("risk_assessment", PURPOSE), an_assessment("dpia", PURPOSE))
    assert set(reasons(shop).values()) == {""}


@pytest.mark.law("CN-PIPL-55")
def test_consent_does_not_stand_in_for_an_assessment(shop):
    from governance import consent
    from governance.consent import ConsentFact

    shop.people({5: ("pipl_cn", "18+")})
    with shop.store.write() as unit:
        consent.record(unit, ConsentFact(5, PURPOSE, "given", "ordinary", NOW - DAY), now=NOW)
    with shop.read() as connection:
        said = gate.permit(connection, 5, a_tag(), NOW, purposes(connection))
    assert said.verdicts[0].reasons == ("assessment-missing",)
    assert said.verdicts[0].cites[:2] == ("PIPL Art. 55", "PIPL Art. 56")
    shop.assessments(an_assessment("pipia", PURPOSE))
    with shop.read() as connection:
        assert gate.permit(connection, 5, a_tag(), NOW, purposes(connection)).allowed


def test_an_assessment_for_another_purpose_or_tag_opens_nothing(shop):
    shop.assessments(
        an_assessment("balancing_test", MARKETING),
        an_assessment(
            "balancing_test", PURPOSE, covers={"purposes": [PURPOSE], "tags": ["interest.coffee"]}
        ),
    )
    assert reasons(shop)[1] == "assessment-missing"
    assert reasons(shop, a_tag("interest.coffee"))[1] == ""


@pytest.mark.law("CN-PIPL-55", "CN-PIPL-28-29")
def test_a_sensitive_tag_must_be_named_by_the_assessment_that_it_rests_on(shop):
    from governance import consent
    from governance.consent import ConsentFact

    shop.people({5: ("pipl_cn", "18+")})
    with shop.store.write() as unit:
        consent.record(unit, ConsentFact(5, PURPOSE, "given", "separate", NOW - DAY), now=NOW)
    ordinary, pregnancy = a_tag(), a_tag(asserts=["user.health_and_medical"])

    def said(who, tag):
        with shop.read() as connection:
            return gate.permit(connection, who, tag, NOW, purposes(connection)).reason

    shop.assessments(an_assessment("pipia", PURPOSE))
    assert said(5, pregnancy) == "assessment-missing"
    assert said(5, ordinary) == ""
    named = {"purposes": [PURPOSE], "tags": [pregnancy.key]}
    shop.assessments(an_assessment("pipia", PURPOSE, covers=named))
    assert said(5, pregnancy) == ""


@pytest.mark.law("GDPR-35", "CA-7155")
def test_when_its_review_is_overdue_the_next_read_is_stopped_and_a_review_opens_it(shop):
    late = an_assessment("balancing_test", PURPOSE, review_by="2024-10-03")  # NOW: the 4th
    shop.assessments(late)
    assert reasons(shop, at=NOW - DAY)[1] == ""
    assert reasons(shop, at=NOW)[1] == "assessment-missing"
    shop.assessments(an_assessment("balancing_test", PURPOSE, approved="2024-10-01"))
    assert reasons(shop)[1] == ""


def test_what_is_remembered_of_a_question_does_not_remember_the_assessments(shop):
    for _ in range(2):
        assert reasons(shop)[1] == "assessment-missing"
        shop.assessments(an_assessment("balancing_test", PURPOSE))
        assert reasons(shop)[1] == ""
        with shop.store.write() as unit:
            unit.connection.execute(text("DELETE FROM assessment"))


def test_what_the_law_forbids_is_not_told_as_a_missing_paper(shop):
    shop.people({5: ("gdpr", "18+")})
    criminal = a_tag(asserts=["user.criminal_history"])
    assert reasons(shop, criminal)[1] == "prohibited"
    assert reasons(shop, a_tag(basis={"gdpr": "contract", "ccpa": "notice"}))[1] == "wrong-basis"


@pytest.mark.parametrize(
    ("review_by", "result", "said"),
    [
        ("2026-02-28", "warn", "overdue, so the gate stops what they cover: recommending.pipia"),
        ("2026-03-31", "warn", "to be reviewed in 30 days at most: recommending.pipia"),
        ("2026-04-01", "ok", "1 assessments, none to be reviewed soon"),
    ],
)
def test_the_doctor_warns_before_a_review_is_overdue(ws, tmp_path, review_by, result, said):
    from governance.doctor import examine

    apply(ws, tmp_path, DOCUMENT.replace("2027-01-20", review_by))
    (found,) = [check for check in examine(ws) if check.code == "assessments"]
    assert (found.result, found.what) == (result, said)


def test_a_workspace_reads_under_its_own_clock(ws, tmp_path):
    apply(ws, tmp_path, DOCUMENT.replace("2026-01-20", "2026-03-02"))
    with ws.store.read() as connection:
        assert valid(connection, NOON).documents == ()
        assert len(valid(connection, FixedClock(NOON).now() + DAY).documents) == 1
