# SPDX-License-Identifier: Apache-2.0
"""What tags are made of, what travels along, and which tags a change elsewhere makes stricter."""

import pytest

from audit.errors import BadInput
from policies.document import parse_documents
from policies.packs import packs
from tagging.catalogue import Catalogue, Definition, Known, check_documents
from tagging.document import Feature
from tagging.finding import DeclaredPurpose
from tagging.lineage import effective, judged, lineage, sensitive, turned_sensitive
from tagging.rules.functions import CORE_COLUMNS
from tagging.rules.tree import Literal, TagRef
from tests.shop import WORDS, a_tag

BOUGHT = "user.behavior.purchase_history"
PROFILE = "user.demographic.profile"
HEALTH = "user.health_and_medical"
PLACE = "user.location.imprecise"
KNOWN = Known(columns={**CORE_COLUMNS, "store": "text"}, attributes=frozenset({"age", "city"}))


def a_feature(key, value, sources=(BOUGHT,)):
    return Feature.model_validate(
        {
            "apiVersion": "tagwarden/v1",
            "kind": "Feature",
            "key": key,
            "name": WORDS,
            "owner": "growth-team",
            "sources": list(sources),
            "value": value,
        }
    )


def catalogue(*items):
    tags = {item.key: item for item in items if not isinstance(item, Feature)}
    features = {item.key: item for item in items if isinstance(item, Feature)}
    known = Known(KNOWN.columns, KNOWN.attributes, tags=tags, features=features)
    return check_documents((), known)


def graph(*items, **more):
    return lineage(catalogue(*items), **more)


ORDERS = a_feature("orders.month", "orders(days => 30)")
STORE = a_feature("store.usual", "top(store, event_type = 'purchase')", (PLACE,))
REGULAR = a_tag("behaviour.regular", value="feature('orders.month') >= 3")
LOCAL = a_tag("behaviour.local", value="feature('store.usual') = 'a' and tag('behaviour.regular')")
OLDER = a_tag("basic.older", value="attribute('age') = '65+'")
BOTH = a_tag("interest.both", value="tag('behaviour.local') and not tag('basic.older')")
SHOP = (ORDERS, STORE, REGULAR, LOCAL, OLDER, BOTH)


def test_a_tag_is_made_of_what_its_own_rule_names():
    found = graph(*SHOP)
    assert found.inputs["behaviour.local"] == (
        f"data:{BOUGHT}",
        "behaviour.regular",
        "store.usual",
    )
    assert found.inputs["orders.month"] == (
        f"data:{BOUGHT}",
        "column:event_type",
        "column:session",
    )
    assert found.nodes["attribute:age"].role == "attribute"


def test_upstream_and_dependants_reach_all_the_way_in_an_order_of_making():
    found = graph(*SHOP)
    upstream = found.upstream("interest.both")
    assert upstream.index("orders.month") < upstream.index("behaviour.regular")
    assert upstream.index("behaviour.regular") < upstream.index("behaviour.local")
    assert {"column:store", "attribute:age", f"data:{PLACE}"} <= set(upstream)
    assert found.dependants("orders.month") == (
        "behaviour.regular",
        "behaviour.local",
        "interest.both",
    )
    assert found.dependants("interest.both") == ()
    assert "interest.both" in found.around("column:store")


def test_labels_are_what_a_tag_states_and_what_its_inputs_bring():
    found = graph(*SHOP)
    assert found.labels("behaviour.regular") == {BOUGHT, PROFILE}
    assert found.labels("interest.both") == {BOUGHT, PROFILE, PLACE}
    assert found.brought("behaviour.regular") == {BOUGHT}
    assert found.labels("column:store") == frozenset()


def test_an_attribute_brings_its_category_where_it_is_known():
    found = graph(*SHOP, attributes={"age": "user.demographic.age_range"})
    assert "user.demographic.age_range" in found.labels("basic.older")
    assert "user.demographic.age_range" in found.labels("interest.both")
    assert "user.demographic.age_range" not in graph(*SHOP).labels("basic.older")


def test_the_effective_tag_has_the_sources_of_its_inputs_and_its_own_asserts():
    found = graph(*SHOP)
    wide = effective(BOTH, found)
    assert wide.sources == (BOUGHT, PROFILE, PLACE)
    assert wide.asserts == BOTH.asserts
    assert effective(REGULAR, found) == REGULAR


def test_a_tag_within_a_feature_brings_its_labels_too():
    wrapped = a_feature("flag.local", "tag('behaviour.local')")
    user = a_tag("interest.user", value="feature('flag.local')")
    assert PLACE in graph(*SHOP, wrapped, user).labels("interest.user")


def test_a_tag_whose_rule_cannot_be_read_still_brings_what_it_states():
    secret = a_tag("interest.secret", asserts=[HEALTH])
    user = Definition(a_tag("interest.user"), TagRef("interest.secret", "bool"))
    found = lineage(
        Catalogue({"interest.user": user}, {}, frozenset(), unread={"interest.secret": secret})
    )
    assert HEALTH in found.labels("interest.user")


def test_a_reference_to_nothing_and_a_circle_are_refused():
    lost = Definition(a_tag("a.lost"), TagRef("a.nowhere", "bool"))
    with pytest.raises(BadInput) as missing:
        lineage(Catalogue({"a.lost": lost}, {}, frozenset()))
    assert missing.value.code == "unknown-tag"
    ring = {
        "a.one": Definition(a_tag("a.one"), TagRef("a.two", "bool")),
        "a.two": Definition(a_tag("a.two"), TagRef("a.one", "bool")),
    }
    with pytest.raises(BadInput) as circle:
        lineage(Catalogue(ring, {}, frozenset()))
    assert circle.value.code == "tag-cycle"


# --- what the law sees ----------------------------------------------------------------------------


REVEALING = REGULAR.model_copy(update={"asserts": (PROFILE, HEALTH)})


@pytest.mark.law("GDPR-9")
def test_tags_turn_sensitive_when_what_they_are_made_of_does():
    after = (ORDERS, STORE, REVEALING, LOCAL, OLDER, BOTH)
    assert turned_sensitive(graph(*SHOP), graph(*after)) == ("behaviour.local", "interest.both")
    assert turned_sensitive(graph(*after), graph(*SHOP)) == ()
    assert turned_sensitive(graph(*SHOP), graph(*SHOP)) == ()


def test_a_tag_that_was_changed_itself_or_is_new_did_not_turn():
    after = (ORDERS, STORE, REVEALING, LOCAL.model_copy(update={"ttl": "20d"}), OLDER, BOTH)
    assert turned_sensitive(graph(*SHOP), graph(*after)) == ("interest.both",)
    reworded = LOCAL.model_copy(update={"owner": "another-team"})
    after = (ORDERS, STORE, REVEALING, reworded, OLDER, BOTH)
    assert "behaviour.local" in turned_sensitive(graph(*SHOP), graph(*after))
    assert turned_sensitive(graph(ORDERS), graph(*after)) == ()


def test_only_the_regimes_whose_basis_is_claimed_count():
    precise = STORE.model_copy(update={"sources": ("user.location.precise",)})
    assert not judged(BOTH, {})["gdpr", "first_party_recommendation"].sensitive
    turning = [
        ({"gdpr": "consent"}, ()),
        ({"pipl_cn": "consent"}, ("a.far",)),  # sensitive, and a separate consent
        ({"ccpa": "notice"}, ("a.far",)),  # sensitive, and allowed as before
    ]
    for regimes, turned in turning:
        far = a_tag("a.far", value="feature('store.usual') = 'a'", basis=regimes)
        assert turned_sensitive(graph(STORE, far), graph(precise, far)) == turned


def test_a_stricter_verdict_counts_for_each_purpose_by_itself():
    odd = DeclaredPurpose("odd", "something_else")  # no rule settles it: a gap from the beginning
    plain = DeclaredPurpose("plain", "first_party_recommendation")
    purposes = {"odd": odd, "plain": plain}
    only = {"purposes": ["odd", "plain"], "basis": {"gdpr": "legitimate_interest"}}
    base = a_tag("behaviour.base", **only)
    user = a_tag("interest.user", value="tag('behaviour.base')", **only)
    unknown = base.model_copy(update={"sources": ("user.made_up",)})  # which no pack answers
    before, after = graph(base, user), graph(unknown, user)
    was, now = (judged(effective(user, one), purposes) for one in (before, after))
    assert [str(was["gdpr", key].verdict) for key in ("odd", "plain")] == ["gap", "allowed"]
    assert [str(now["gdpr", key].verdict) for key in ("odd", "plain")] == ["gap", "gap"]
    assert turned_sensitive(before, after, purposes) == ("interest.user",)


def test_a_category_that_nobody_knows_does_not_hide_a_sensitive_one():
    odd = REVEALING.model_copy(update={"sources": (BOUGHT, "user.made_up")})
    assert "gdpr" in sensitive(graph(ORDERS, odd))["behaviour.regular"]


def test_sensitive_parts_name_the_regimes_and_a_tag_only_those_that_it_claims():
    here = REVEALING.model_copy(update={"basis": {"gdpr": "consent"}})
    found = sensitive(graph(ORDERS, here))
    assert found == {"behaviour.regular": ("gdpr",)}
    source = sensitive(graph(ORDERS.model_copy(update={"sources": (HEALTH,)})))
    assert source[f"data:{HEALTH}"] == source["orders.month"] == tuple(packs())


def test_a_thousand_tags_in_a_chain_are_worked_out():
    tags = {"a.t0": Definition(a_tag("a.t0", asserts=[HEALTH]), Literal(value=True, kind="bool"))}
    for number in range(1, 1000):
        key = f"a.t{number}"
        tags[key] = Definition(a_tag(key), TagRef(f"a.t{number - 1}", "bool"))
    found = lineage(Catalogue(tags, {}, frozenset()))
    assert HEALTH in found.labels("a.t999")
    assert len(found.upstream("a.t999")) == 1000
    assert len(found.dependants("a.t0")) == 999


def test_documents_of_a_file_make_the_same_graph_as_those_of_the_catalogue():
    text = "\n---\n".join(item.model_dump_json(by_alias=True) for item in SHOP)
    from_file = lineage(check_documents(parse_documents(text, "x.yaml"), KNOWN))
    assert from_file.nodes == graph(*SHOP).nodes
    assert from_file.edges == graph(*SHOP).edges
