# SPDX-License-Identifier: Apache-2.0
import pytest

from audit.clock import DAY
from governance import consent, gate
from governance.consent import ConsentFact
from governance.purpose import purposes
from governance.requirement import requirements
from policies.assessments import TYPES
from policies.packs import packs
from policies.vocabulary import AGE_BANDS, Kind, Reason
from tests.shop import NOW, Shop, a_purpose, a_tag, all_assessed, an_assessment

PURPOSE = "first_party_recommendation"
MARKETING = "first_party_personalised_marketing"
PEOPLE = {
    1: ("gdpr", "18+"),
    2: ("pipl_cn", "18+"),
    3: ("ccpa", "18+"),
    4: ("pipl_cn", "16-17"),
    5: ("gdpr", "unknown"),
    6: ("lgpd", "18+"),
}


@pytest.fixture
def shop():
    opened = Shop()
    opened.purposes(a_purpose(PURPOSE), a_purpose(MARKETING))
    opened.people(PEOPLE)
    yield opened
    opened.close()


def table(shop, *tags):
    with shop.read() as connection:
        return gate.table(connection, tags, NOW, purposes(connection))


def permit(shop, who, tag):
    with shop.read() as connection:
        return gate.permit(connection, who, tag, NOW, purposes(connection))


def say(shop, who, state="given", kind="ordinary", **more):
    with shop.store.write() as unit:
        consent.record(unit, ConsentFact(who, PURPOSE, state, kind, NOW - DAY, **more), now=NOW)


@pytest.mark.law("GDPR-6-1", "CN-PIPL-13")
def test_the_law_of_each_person_decides(shop):
    found = table(shop, a_tag())
    assert set(found.classes[0]) == {1, 3, 5}
    assert found.refused["interest.flowers"] == {"no-consent": 2, "gap": 1}
    assert (found.universe, found.age_unknown) == (6, 1)


@pytest.mark.law("CN-PIPL-14")
def test_a_consent_opens_and_names_itself(shop):
    say(shop, 2)
    said = permit(shop, 2, a_tag())
    assert said.allowed
    assert said.carrying.consent_event_id == 1
    assert said.carrying.basis == "consent"
    assert said.carrying.regime == "pipl_cn"
    assert 2 in table(shop, a_tag()).classes[0]


def test_a_consent_ends_at_its_last_instant(shop):
    say(shop, 2, expires_at=NOW)
    assert permit(shop, 2, a_tag()).reason == "consent-expired"
    assert 2 not in table(shop, a_tag()).classes[0]
    say(shop, 4, expires_at=NOW + 1)
    assert 4 in table(shop, a_tag()).classes[0]


@pytest.mark.law("CN-PIPL-14", "CN-PIPL-15")
@pytest.mark.parametrize(
    ("state", "reason"), [("withdrawn", "consent-withdrawn"), ("refused", "consent-refused")]
)
def test_what_the_person_said_is_the_reason(shop, state, reason):
    say(shop, 2, state)
    assert permit(shop, 2, a_tag()).reason == reason
    assert table(shop, a_tag()).refused["interest.flowers"] == {
        reason: 1,
        "no-consent": 1,
        "gap": 1,
    }


@pytest.mark.law("CN-ALGO-18-MINOR-24")
def test_marketing_to_minors_in_china_is_refused_with_consent_too(shop):
    with shop.store.write() as unit:
        consent.record(unit, ConsentFact(4, MARKETING, "given", "ordinary", NOW - DAY), now=NOW)
    said = permit(shop, 4, a_tag(purposes=[MARKETING]))
    assert said.reason == "minor"
    assert any("Minors Online Regulation" in cite for cite in said.verdicts[0].cites)


@pytest.mark.law("CN-PIPL-13")
def test_pipl_knows_no_legitimate_interest(shop):
    say(shop, 2)
    said = permit(shop, 2, a_tag(basis={"pipl_cn": "legitimate_interest"}))
    assert said.reason == "wrong-basis"
    assert "PIPL Art. 13" in said.verdicts[0].cites


@pytest.mark.law("GDPR-7-1")
def test_a_claim_of_consent_must_be_shown_even_where_less_would_do(shop):
    for who, regime in ((1, "gdpr"), (3, "ccpa")):
        claimed = a_tag(basis={regime: "consent"})
        assert permit(shop, who, claimed).reason == "no-consent"
        say(shop, who)
        assert permit(shop, who, claimed).allowed


def naming(tag):
    """Assessments of every type that name a tag, as a sensitive one needs them."""
    covers = {"purposes": list(tag.purposes), "tags": [tag.key]}
    return [an_assessment(kind, key=f"{kind}.named", covers=covers) for kind in TYPES]


@pytest.mark.law("GDPR-9", "CN-PIPL-28-29")
def test_an_explicit_consent_is_no_separate_one(shop):
    health = a_tag(
        asserts=["user.health_and_medical"], basis={"gdpr": "consent", "pipl_cn": "consent"}
    )
    shop.assessments(*naming(health))
    say(shop, 1, kind="separate")
    say(shop, 2, kind="explicit")
    assert not permit(shop, 1, health).allowed
    assert not permit(shop, 2, health).allowed
    say(shop, 1, kind="explicit")
    say(shop, 2, kind="separate")
    assert permit(shop, 1, health).allowed
    assert permit(shop, 2, health).allowed


@pytest.mark.law("GDPR-5-1-b", "GDPR-6-1")
def test_what_is_missing_is_refused_never_allowed(shop):
    assert permit(shop, 1, a_tag(purposes=["analytics"])).reason == "unknown-purpose"
    assert permit(shop, 1, a_tag(basis={"ccpa": "notice"})).reason == "no-basis-claimed"
    assert permit(shop, 1, a_tag(recipients="moon")).reason == "gap"
    assert permit(shop, 1, a_tag(asserts=["user.helth"])).reason == "gap"
    assert permit(shop, 6, a_tag()).reason == "gap"
    assert permit(shop, 999, a_tag()).reason == "gap"


@pytest.mark.law("GDPR-5-1-b", "CN-PIPL-5-6", "CA-100-c")
def test_a_purpose_that_the_tag_does_not_declare_is_refused(shop):
    with shop.read() as connection:
        known = purposes(connection)
        said = gate.permit(connection, 1, a_tag(), NOW, known, purpose=MARKETING)
        people = gate.permitted_people(connection, a_tag(), MARKETING, NOW)
    assert said.reason == "purpose-not-declared"
    assert not people


def test_tags_with_the_same_people_share_a_class(shop):
    found = table(
        shop,
        a_tag("interest.flowers"),
        a_tag("interest.coffee"),
        a_tag("interest.none", purposes=["analytics"]),
    )
    assert found.class_of["interest.flowers"] == found.class_of["interest.coffee"]
    assert len(found.classes) == 2
    assert found.refused["interest.none"] == {"unknown-purpose": 6}


@pytest.mark.law("CN-PIPL-23")
def test_recipients_of_the_purpose_count_like_those_of_the_tag(shop):
    with shop.store.write() as unit:
        unit.connection.exec_driver_sql("DELETE FROM purpose")
    shop.purposes(a_purpose(PURPOSE, recipients=["third_party_ads"]))
    say(shop, 2)
    assert not permit(shop, 2, a_tag()).allowed  # PIPL-23: separate consent
    say(shop, 2, kind="separate")
    assert permit(shop, 2, a_tag()).allowed


@pytest.mark.law("CN-PIPL-31")
def test_requirements_cover_each_purpose_regime_and_band():
    known = {PURPOSE: a_purpose(PURPOSE)}
    found = requirements(
        a_tag(purposes=[PURPOSE, "analytics"]), known, assessments=all_assessed(*known)
    )
    assert len(found) == 2 * len(packs()) * len(AGE_BANDS)
    by_place = {(r.purpose, r.regime, r.band): r for r in found}
    assert by_place[PURPOSE, "gdpr", "18+"].kinds == frozenset()
    assert by_place[PURPOSE, "pipl_cn", "13"].kinds == {Kind.GUARDIAN}
    assert Kind.SEPARATE in by_place[PURPOSE, "pipl_cn", "18+"].kinds
    assert by_place["analytics", "gdpr", "18+"].reason is Reason.UNKNOWN_PURPOSE


def test_every_rule_that_can_be_carried_says_by_which_bases():
    for pack in packs().values():
        if pack.basis_refused is not None:
            for rule in pack.rules:
                open_ = rule.then.verdict in ("allowed", "needs_consent")
                assert bool(rule.then.bases) == open_, rule.id
