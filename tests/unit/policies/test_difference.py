# SPDX-License-Identifier: Apache-2.0
from policies.difference import answered, changes
from policies.packs import pack_of
from policies.standard import standard_questions
from policies.vocabulary import Consent, Verdict


def without(pack, rule):
    return pack.model_copy(update={"rules": tuple(r for r in pack.rules if r.id != rule)})


def altered(pack, rule, **then):
    def one(item):
        if item.id != rule:
            return item
        return item.model_copy(update={"then": item.then.model_copy(update=then)})

    return pack.model_copy(update={"rules": tuple(map(one, pack.rules))})


def test_a_pack_does_not_differ_from_itself():
    pack = pack_of("ccpa")
    assert changes(pack, pack) == ()
    assert answered(pack, pack, standard_questions()) == ()


def test_a_rule_that_is_gone_is_told_with_what_it_said():
    old = pack_of("gdpr")
    (found,) = changes(old, without(old, "GDPR-9-2-a"))
    assert (found.part, found.id, found.what) == ("rules", "GDPR-9-2-a", "removed")
    assert found.properties["then.consent"] == ("explicit", None)


def test_a_rule_that_changed_is_told_property_by_property():
    old = pack_of("gdpr")
    (found,) = changes(old, altered(old, "GDPR-9-2-a", consent=Consent.ORDINARY))
    assert found.what == "changed"
    assert found.properties == {"then.consent": ("explicit", "ordinary")}


def test_another_order_is_a_difference_because_the_first_rule_decides():
    old = pack_of("ccpa")
    (found,) = changes(old, old.model_copy(update={"rules": old.rules[::-1]}))
    assert (found.what, found.id) == ("moved", "order")


def test_answers_that_get_laxer_or_stricter_are_told_so():
    old = pack_of("gdpr")
    new = altered(old, "GDPR-9-2-a", consent=Consent.ORDINARY)
    down = answered(old, new, standard_questions())
    assert down
    assert {item.way for item in down} == {"laxer"}
    assert {item.way for item in answered(new, old, standard_questions())} == {"stricter"}


def test_a_duty_more_is_stricter_and_what_is_forbidden_has_no_duties_to_compare():
    old = pack_of("ccpa")
    fewer = old.model_copy(update={"duties": old.duties[1:]})
    assert {item.way for item in answered(fewer, old, standard_questions())} == {"stricter"}
    closed = altered(old, "CA-100-a", verdict=Verdict.PROHIBITED)
    assert all(item.dropped == () for item in answered(old, closed, standard_questions()))
