# SPDX-License-Identifier: Apache-2.0
"""The gate by sets, the gate by point queries, and a slow gate written here: always the same answer."""

from collections import Counter
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.clock import DAY, iso
from governance import choice, consent, gate
from governance.choice import ChoiceFact
from governance.consent import ConsentFact
from policies.decision import Question, decide
from policies.packs import packs
from tests.shop import NOW, Shop, a_purpose, a_tag, an_assessment

APPLIED = ("first_party_recommendation", "cross_context_advertising", "order_fulfilment")
NEVER_APPLIED = "analytics"
BANDS = {"0-12": 0, "13": 13, "14-15": 14, "16-17": 16, "18+": "adult", "unknown": "adult"}
GRID = [(regime, band) for regime in ("gdpr", "pipl_cn", "ccpa") for band in BANDS]
PEOPLE = dict(enumerate([*GRID, ("lgpd", "18+"), ("gdpr", "40+"), *GRID, *GRID], start=1))
GATEWAYS = {
    "consent": "explicit_consent",
    "contract": "contract_necessity",
    "legal_obligation": "law",
}
KINDS = ("dpia", "pipia", "risk_assessment", "balancing_test")
CHOICES = [
    *(("object", purpose) for purpose in APPLIED),
    ("block-tag", "interest.flowers"),
    ("block-tag", "interest.coffee"),
    ("restrict", ""),
    ("opt-out", ""),
    ("depersonalise", ""),
]


def day(days):
    """A day as documents write it, so many days after now."""
    return iso(int(NOW + days * DAY))[:10]


@pytest.fixture(scope="module")
def shop():
    opened = Shop()
    yield opened
    opened.close()


class World:
    """A random shop. Hypothesis chooses the seed; the mixture is dense on purpose."""

    def __init__(self, seed):
        self.dice = Random(seed)  # noqa: S311  (a test's dice)
        self.personalised = {key: self.dice.random() < 0.7 for key in APPLIED}
        self.tags = [self.tag() for _ in range(3)]
        self.assessments = [self.assessment(number, kind) for kind in KINDS for number in range(3)]
        self.consents = sorted(
            (self.consent(who) for who in PEOPLE for _ in range(self.dice.randrange(6))),
            key=lambda fact: fact.at,
        )
        self.choices = [self.choice(who) for who in PEOPLE for _ in range(self.dice.randrange(2))]

    def mostly(self, usual, *others):
        return usual if self.dice.random() < 0.7 else self.dice.choice(others)

    def tag(self):
        basis = {
            "gdpr": self.mostly("legitimate_interest", "consent", "contract", "legal_obligation"),
            "pipl_cn": self.mostly("consent", "contract", "legitimate_interest"),
            "ccpa": self.mostly("notice", "consent"),
        }
        missing = self.mostly(None, *basis)
        return a_tag(
            purposes=self.dice.sample(
                self.mostly(APPLIED, (*APPLIED, NEVER_APPLIED)), self.dice.randint(1, 3)
            ),
            basis={regime: claimed for regime, claimed in basis.items() if regime != missing},
            asserts=[
                self.mostly(
                    "user.demographic.profile",
                    "x.health.reproductive",
                    "user.demographic.political_opinion",
                    "user.location.precise",
                    "user.criminal_history",
                    "user.childrens",
                )
            ],
            recipients=self.mostly("none", "processor", "third_party_ads", "moon"),
            effect=self.mostly("none", "legal_or_similarly_significant"),
        )

    def assessment(self, number, kind):
        """Mostly one that counts and covers much; sometimes early, late, or for one tag only."""
        approved, review_by = self.mostly((-30, 30), (1, 30), (0, 30), (-30, -1), (-30, 0))
        tags = self.mostly((), ("interest.flowers",), ("interest.coffee",))
        return an_assessment(
            kind,
            key=f"{kind}.n{number}",
            covers={"purposes": self.dice.sample(APPLIED, self.dice.randint(1, 3)), "tags": tags},
            made=day(-60),
            approved=day(approved),
            review_by=day(review_by),
        )

    def consent(self, who):
        state = self.mostly("given", "refused", "withdrawn")
        lasts = self.mostly(None, -1, 0, 1) if state == "given" else None
        return ConsentFact(
            who,
            self.dice.choice(APPLIED),
            state,
            self.mostly("ordinary", "explicit", "separate", "guardian"),
            NOW - self.dice.randint(2, 5) * DAY,
            expires_at=None if lasts is None else NOW + lasts * DAY,
        )

    def choice(self, who):
        kind, target = self.dice.choice(CHOICES)
        return ChoiceFact(who, kind, target, self.mostly(True, False), NOW)


class SlowGate:
    """The gate once more, from the raw facts, one person and one purpose at a time."""

    def __init__(self, world, tag):
        self.personalised = world.personalised
        self.assessments = world.assessments
        self.tag = tag
        self.consents = sorted(
            enumerate(world.consents), key=lambda i: (i[1].at, i[1].state == "withdrawn", i[0])
        )
        self.held = {}
        for fact in world.choices:  # all at one time: the protecting one beats
            key = (fact.subject_id, fact.kind, fact.target)
            self.held[key] = self.held.get(key, False) or fact.active

    def lets_through(self, person, regime, band):
        if self.held.get((person, "restrict", "")):
            return False
        if self.held.get((person, "block-tag", self.tag.key)):
            return False
        return any(self.purpose(person, regime, band, key) for key in self.tag.purposes)

    def purpose(self, person, regime, band, key):
        basis = self.tag.basis.get(regime)
        if key not in self.personalised or regime not in packs() or band not in BANDS or not basis:
            return False
        if self.tag.recipients == "moon" or self.held.get((person, "object", key)):
            return False
        if self.personalised[key] and self.held.get((person, "depersonalise", "")):
            return False
        opted_out = bool(self.held.get((person, "opt-out", "")))
        answer = decide(self.question(key, basis, band, opted_out), packs()[regime])
        unlawful = answer.verdict in ("prohibited", "gap") or answer.basis_carries is False
        asked = [kind for kind in KINDS if kind in answer.requires]
        adult = decide(self.question(key, basis, "18+", opted_out), packs()[regime])
        if unlawful or not all(self.assessed(kind, key, adult.sensitive) for kind in asked):
            return False
        if answer.verdict == "allowed" and basis != "consent":
            return True
        return bool(self.given(person, key) & self.enough(answer.consent, band))

    def assessed(self, kind, key, by_name):
        return any(
            one.type == kind
            and key in one.covers.purposes
            and (self.tag.key in one.covers.tags or not (one.covers.tags or by_name))
            and day(0) >= str(one.approved)
            and day(0) <= str(one.review_by)
            for one in self.assessments
        )

    def question(self, key, basis, band, opted_out):
        heavy = self.tag.effect != "none"
        return Question(
            derivation="inferred",
            sources=self.tag.sources,
            asserts=self.tag.asserts,
            purposes=[key],
            automated="solely" if heavy else True,
            effect=self.tag.effect,
            recipients=self.tag.recipients,
            subject_age=BANDS[band],
            basis_claimed=basis,
            art22_gateway=GATEWAYS.get(basis) if heavy else None,
            opted_out=opted_out,
        )

    def enough(self, need, band):
        adult = {"ordinary", "explicit", "separate"}
        if need in ("none", "opt_in"):
            return {"guardian"} if band == "0-12" else adult
        return adult if need == "ordinary" else {str(need)}

    def given(self, person, key):
        standing = {}
        for _, fact in self.consents:
            if (fact.subject_id, fact.purpose) == (person, key):
                good = fact.state == "given" and (fact.expires_at is None or fact.expires_at > NOW)
                standing[fact.kind] = good
        return {kind for kind, good in standing.items() if good}


@pytest.mark.law("GDPR-5-1-b", "GDPR-6-1", "GDPR-18", "GDPR-21-1", "CN-PIPL-13", "CA-120")
@settings(max_examples=12, deadline=None)
@given(st.integers(0, 2**32))
def test_sets_point_queries_and_a_slow_replay_agree(shop, seed):
    check(shop, World(seed))


@pytest.mark.slow
@settings(max_examples=400, deadline=None)
@given(st.integers(0, 2**32))
def test_they_agree_in_many_more_worlds(shop, seed):
    check(shop, World(seed))


def check(shop, world):
    shop.empty()
    shop.purposes(
        *(a_purpose(key, personalised=yes) for key, yes in world.personalised.items()),
        assessed=False,
    )
    shop.assessments(*world.assessments)
    shop.people(PEOPLE)
    with shop.store.write() as unit:
        consent.record_many(unit, world.consents, now=NOW)
        choice.record_many(unit, world.choices, now=NOW)
    for tag in world.tags:
        slow = SlowGate(world, tag)
        compare(shop, tag, {p for p, who in PEOPLE.items() if slow.lets_through(p, *who)})


def compare(shop, tag, wanted):
    with shop.read() as connection:
        known = gate.all_purposes(connection)
        found = gate.table(connection, [tag], NOW, known)
        permissions = {p: gate.permit(connection, p, tag, NOW, known) for p in PEOPLE}
        by_purpose = {
            key: set(gate.permitted_people(connection, tag, key, NOW)) for key in tag.purposes
        }
    by_sets = set(found.classes[found.class_of[tag.key]])
    assert by_sets == {p for p in PEOPLE if permissions[p].allowed}
    assert by_sets == wanted
    reasons = Counter(said.reason for said in permissions.values() if not said.allowed)
    assert found.refused[tag.key] == dict(reasons)
    assert found.universe == len(PEOPLE) == len(by_sets) + sum(found.refused[tag.key].values())
    for key, people in by_purpose.items():
        assert people == {
            p for p in PEOPLE for v in permissions[p].verdicts if v.purpose == key and v.allowed
        }
