# SPDX-License-Identifier: Apache-2.0
"""Letters about requests: what each says in each language, and the note that it was given in time."""

import json
from pathlib import Path

import pytest

from audit.clock import DAY
from governance.requests import desk, executing, notices, row, timing
from governance.requests.notices import fitting, give, written
from policies.notices import KINDS
from policies.rights import articles, rights
from tests.desk import Step, a_desk, a_person, decided, ended, later, opened, verified
from tests.workshop import code_of

GOLDEN = Path(__file__).parents[2] / "golden" / "notices"
NUMBER = "C-canary-77"


@pytest.fixture
def ws(tmp_path):
    made = a_desk(tmp_path)
    yield made
    made.close()


@pytest.fixture
def golden(request):
    def compare(name, got):
        path = GOLDEN / name
        if request.config.getoption("--update-golden"):
            path.write_text(got, "utf-8")
        assert got == path.read_text("utf-8")

    return compare


def received(ws, who):
    return opened(ws, "deletion", who)


def asked(ws, who):
    ref = opened(ws, "access", who)
    with ws.store.write() as unit:
        desk.asked_for_proof(ws, unit, ref, "challenge")
    return ref


def extended(ws, who):
    ref = opened(ws, "access", who)
    timing.extend(ws, ref, "complexity")
    return ref


def unverified(ws, who):
    ref = opened(ws, "access", who)
    desk.deny(ws, ref, "not-identified")
    return ref


def refused(ws, who):
    ref = opened(ws, "deletion", who)
    desk.deny(ws, ref, "legal-obligation")
    return ref


def answered(ws, who):
    ref = opened(ws, "access", who)
    verified(ws, ref)
    ended(ws, ref, Step.FULFIL)
    return ref


def erased(ws, who):
    ref = opened(ws, "deletion", who)
    verified(ws, ref)
    decided(ws, ref, Step.FULFIL_IN_PART, "legal-obligation")
    return ref


def repeated(ws, who):
    first, second = opened(ws, "access", who), opened(ws, "access", who)
    verified(ws, first)
    verified(ws, second)
    return second


def expired(ws, who):
    ref = opened(ws, "access", who)
    later(ws, 90)
    timing.expire(ws)
    return ref


def restricted(ws, who):
    ref = opened(ws, "restriction", who)
    verified(ws, ref)
    ended(ws, ref, Step.FULFIL)
    return ref


def taken_back(ws, who):
    ref = opened(ws, "access", who)
    executing.revoke(ws, ref)
    return ref


CASES = {
    "acknowledgement.ccpa": ("acknowledgement", "ccpa", received),
    "acknowledgement.gdpr": ("acknowledgement", "gdpr", received),
    "acknowledgement.pipl_cn": ("acknowledgement", "pipl_cn", received),
    "proof.gdpr": ("proof", "gdpr", asked),
    "proof.ccpa": ("proof", "ccpa", asked),
    "extension.gdpr": ("extension", "gdpr", extended),
    "extension.ccpa": ("extension", "ccpa", extended),
    "refusal.gdpr": ("refusal", "gdpr", refused),
    "refusal.pipl_cn": ("refusal", "pipl_cn", refused),
    "refusal.ccpa": ("refusal", "ccpa", refused),
    "refusal-unverified.gdpr": ("refusal", "gdpr", unverified),
    "answer.gdpr": ("answer", "gdpr", answered),
    "answer-in-part.gdpr": ("answer", "gdpr", erased),
    "answer-in-part.pipl_cn": ("answer", "pipl_cn", erased),
    "answer-restriction.gdpr": ("answer", "gdpr", restricted),
    "duplicate.gdpr": ("duplicate", "gdpr", repeated),
    "expired.ccpa": ("expired", "ccpa", expired),
    "lifting.gdpr": ("lifting", "gdpr", restricted),
    "taken-back.gdpr": ("taken-back", "gdpr", taken_back),
}


def test_there_is_a_golden_letter_of_every_kind():
    assert {kind for kind, _, _ in CASES.values()} == set(KINDS)
    names = {f"{case}.{language}.txt" for case in CASES for language in ("en", "zh")}
    assert {path.name for path in GOLDEN.iterdir()} == names


@pytest.mark.law("GDPR-12-3", "GDPR-12-4", "GDPR-18", "CN-PIPL-50", "CA-7021-a", "CA-7021-b")
@pytest.mark.parametrize("case", CASES)
def test_a_letter_reads_as_it_did_in_both_languages(ws, golden, case):
    kind, regime, bring = CASES[case]
    ref = bring(ws, a_person(ws, NUMBER, regime))
    with ws.store.read() as connection:
        refs = [one.ref for one in row.select(connection)]
    for language in ("en", "zh"):
        text = written(ws, ref, kind, language).text
        assert NUMBER not in text
        for other in refs:
            text = text.replace(other, "rq-0000000000000000")
        golden(f"{case}.{language}.txt", text)


@pytest.mark.law("GDPR-12-4", "GDPR-12-5", "CN-PIPL-50")
@pytest.mark.parametrize("regime", ["gdpr", "pipl_cn", "ccpa"])
def test_a_refusal_says_why_and_where_to_complain_whatever_the_ground(ws, regime):
    who = a_person(ws, regime=regime)
    for kind, right in rights().kinds.items():
        if regime not in right.regimes or right.target:
            continue
        for ground in right.regimes[regime].refusals:
            ref = opened(ws, kind, who)
            desk.deny(ws, ref, ground)
            for language in ("en", "zh"):
                text = written(ws, ref, None, language).text
                assert rights().refusals[ground].text.in_(language) in text
                assert articles(ground, regime)[0] in text
                assert notices.notices().remedies[regime].in_(language) in text


def test_the_letter_that_is_due_comes_first(ws):
    ref = opened(ws, "access", a_person(ws, regime="ccpa"))
    assert written(ws, ref).kind == "acknowledgement"
    give(ws, ref)
    timing.extend(ws, ref, "number")
    assert written(ws, ref).kind == "extension"
    give(ws, ref)
    assert written(ws, ref).kind == "proof"


def test_a_letter_that_does_not_fit_is_refused(ws):
    ref = opened(ws, "access", a_person(ws))
    for kind in ("extension", "refusal", "answer", "duplicate", "expired", "lifting", "taken-back"):
        assert code_of(lambda kind=kind: written(ws, ref, kind)) == "no-such-letter"
    with ws.store.read() as connection:
        assert fitting(row.load(connection, ref)) == ("acknowledgement", "proof")


@pytest.mark.law("CA-7101")
def test_that_a_letter_was_given_is_a_step_with_its_text_and_an_entry_with_its_digest(ws):
    ref = opened(ws, "access", a_person(ws))
    made = give(ws, ref, "acknowledgement", "zh")
    with ws.store.read() as connection:
        step = row.steps(connection, ref)[-1]
    assert (step.step, step.code, step.letter) == ("notice", "acknowledgement", made.text)
    said = json.loads(list(ws.evidence.entries())[-1])
    assert said["act"] == "request.notified"
    assert (said["obj"]["digest"], said["obj"]["language"]) == (made.digest, "zh")
    assert said["obj"]["ref"] == ref


def test_a_letter_is_noted_once_and_its_first_day_counts(ws):
    ref = opened(ws, "access", a_person(ws))
    give(ws, ref, "acknowledgement")
    at = ws.clock.at
    ws.clock.at += DAY
    give(ws, ref, "acknowledgement")
    with ws.store.read() as connection:
        assert notices.given(connection)[ref] == {"acknowledgement": at}
        assert len(row.steps(connection, ref)) == 2


def test_looking_at_a_letter_changes_nothing(ws):
    ref = opened(ws, "access", a_person(ws))
    written(ws, ref)
    with ws.store.read() as connection:
        assert notices.given(connection) == {}
