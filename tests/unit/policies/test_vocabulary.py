# SPDX-License-Identifier: Apache-2.0
import pytest

from policies import vocabulary
from policies.packs import library
from policies.vocabulary import Consent, Kind, label, sufficient

GROUPS = {
    "regime": [*vocabulary.Regime, *vocabulary.Companion],
    "use": list(vocabulary.Use),
    "verdict": list(vocabulary.Verdict),
    "consent": list(vocabulary.Consent),
    "state": list(vocabulary.State),
    "choice": list(vocabulary.Choice),
    "reason": list(vocabulary.Reason),
    "age": list(vocabulary.AGE_BANDS),
    "duty": list(vocabulary.DUTIES),
    "waiver": list(vocabulary.codes("waiver")),
    "audit": list(vocabulary.codes("audit")),
    "set": sorted({name for pack in library() for name in pack.sets}),
    "table": sorted({name for pack in library() for name in pack.tables}),
}


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_code_has_a_label(group, language):
    for code in GROUPS[group]:
        said = label(group, str(code), language)
        assert said
        assert language == "en" or any(ord(letter) > 0x2E80 for letter in said), code


def test_a_code_without_a_label_stands_for_itself():
    assert label("reason", "something-new") == "something-new"


@pytest.mark.law("GDPR-9", "CN-PIPL-28-29")
def test_kinds_of_consent_do_not_stand_in_for_stronger_ones():
    assert sufficient(Consent.ORDINARY) == {Kind.ORDINARY, Kind.EXPLICIT, Kind.SEPARATE}
    assert sufficient(Consent.EXPLICIT) == {Kind.EXPLICIT}
    assert sufficient(Consent.SEPARATE) == {Kind.SEPARATE}
    assert sufficient(Consent.GUARDIAN) == {Kind.GUARDIAN}
    assert sufficient(Consent.NONE) == frozenset()


@pytest.mark.law("CA-120-c")
def test_below_13_only_the_parent_opts_in():
    assert sufficient(Consent.OPT_IN, 0) == {Kind.GUARDIAN}
    assert Kind.GUARDIAN not in sufficient(Consent.OPT_IN, 13)
    assert Kind.ORDINARY in sufficient(Consent.OPT_IN, 14)
