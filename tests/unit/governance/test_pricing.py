# SPDX-License-Identifier: Apache-2.0
"""Audits of prices from purchases to the kept report: who pays more for the same is known, we planted it."""

import json

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from audit.bias.price_report import PriceReport, at_least
from audit.clock import parse_time
from audit.errors import BadInput
from audit.evidence.reading import decode
from governance import authority, fairness
from governance.actor import Actor
from governance.auditing import kept
from governance.auditing.pricing import PriceAsked, prices
from governance.auditing.telling import lines, written
from governance.intake import events
from governance.store import bitmaps
from tests.auditing import Planted, a_policy
from tests.auditing import groups as bias_groups
from tests.bias import starter
from tests.intake import a_file, a_map, an_order_file
from tests.shop import a_tag
from tests.workshop import code_of

PEOPLE = 400
EXCUSED = {
    "code": "first_order",
    "reason": "an offer to everybody who is new",
    "owner": "pricing",
    "until": "2024-12-31",
}
REFUSED = {
    "code": "refused",
    "name": {"en": "coupons refused", "zh": "被拒的优惠券"},
    "of": "event_type = 'coupon' and answer = 'refused'",
    "among": "event_type = 'coupon'",
    "harm": "high",
    "stratum": ["item", "month"],
    "tolerance": 0.05,
}
AUGUST = {"since": 1_722_470_400_000_000, "until": 1_725_148_800_000_000}
SEPTEMBER = {"since": 1_725_148_800_000_000, "until": 1_727_740_800_000_000}
OCTOBER = {"since": 1_727_740_800_000_000}


def world(rng):
    """August: women pay 3 % more. September: big spenders pay 5 % more, and their coupons fail. October: a
    promotion that is dear, claimed by men only, and one that nobody knows.
    """
    yield "customer,at,type,order,item,quantity,paid,off,promotion,answer"
    for n in range(PEOPLE):
        woman, big, north = n % 2, n % 5 == 0, n % 4 < 2
        own = float(rng.normal(1, 0.01))
        for order in range(6):
            dear = rng.random() < (0.8 if north else 0.2)
            item, usual = ("wine", 10) if dear else ("bread", 2)
            day = 10 + order % 3
            for month, dearer in ((8, 1.03 if woman else 1), (9, 1.05 if big else 1)):
                paid = usual * own * dearer
                off = usual * (0.10 if big else 0.12)
                yield f"C{n},2024-0{month}-{day} 10:00:00,buy,{n}-{order},{item},2,{2 * paid:.4f},{off:.4f},,"
        answer = "refused" if big and rng.random() < 0.5 else "taken"
        for _ in range(2):
            yield f"C{n},2024-09-20 10:00:00,coupon,,C5,,,,,{answer}"
        yield f"C{n},2024-10-01 10:00:00,buy,{n}-w,bread,2,{4 * own:.4f},0,,"
        if n % 2 == 0:
            yield f"C{n},2024-10-01 11:00:00,buy,{n}-x,bread,2,40,0,first_order,"
        if n % 3 == 0:
            yield f"C{n},2024-10-01 12:00:00,buy,{n}-y,bread,2,{4 * own:.4f},0,mystery,"


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    folder = tmp_path_factory.mktemp("prices")
    planted = Planted(folder, people=PEOPLE)
    who = range(PEOPLE)
    planted.has("gender", ["f" if n % 2 else "m" for n in who])
    planted.has("city", ["north" if n % 4 < 2 else "south" for n in who])
    planted.has("age", ["18-24" if n < 12 else "25-34" for n in who])
    planted.tag(a_tag("spend.big"), [planted.who[n] for n in who if n % 5 == 0])
    planted.tag(a_tag("spend.stale"), state="suspended")
    file = a_file(folder, "\n".join(world(planted.rng)) + "\n", "all.csv")
    mapping = a_map(
        type={"column": "type", "values": {"buy": "purchase", "coupon": "coupon"}},
        price=None,
        amount="paid",
        extra={
            "off": {"column": "off", "type": "decimal"},
            "promotion": "promotion",
            "answer": "answer",
        },
        duplicates="keep",
    )
    events.ingest(planted.ws, [file], mapping)
    yield planted
    planted.close()


@pytest.fixture
def audit(shop, tmp_path):
    def run(by, *, price=None, span=AUGUST, **changes):
        price = {"stratum": ["item", "day"], "tolerance": 0.01} | (price or {})
        file = tmp_path / "fairness.yaml"
        file.write_text(
            yaml.safe_dump(
                starter() | {"price": price, "intersections": 1, "draws": 200} | changes
            ),
            "utf-8",
        )
        return prices(shop.ws, PriceAsked(tuple(by.split(",")), **span), file)

    return run


def part(made, measure="price", by=None):
    found = [p for p in made.document["parts"] if p["measure"] == measure]
    (one,) = [p for p in found if by in (None, *p["by"])]
    return one, {group["group"]: group for group in one["groups"]}


@pytest.mark.law("CN-PIPL-24-1", "CN-ALGO-21")
def test_a_group_that_pays_three_percent_more_for_the_same_is_a_breach(audit):
    made = audit("gender")
    one, groups = part(made)
    assert made.status == one["status"] == "breach"
    assert float(groups["f"]["effect"]["value"]) == pytest.approx(0.03, abs=0.005)
    assert groups["f"]["status"] == "breach"
    assert groups["m"]["status"] == "within"
    assert groups["f"]["people"] == 190  # at least
    assert audit("gender", span=SEPTEMBER).status != "breach"  # by then it was put right


def test_dear_things_bought_more_often_are_no_dear_price(audit):
    made = audit("city", span=SEPTEMBER)
    one, groups = part(made)
    assert float(groups["north"]["raw"]) > 0.5  # Simpson: without strata the answer is wrong
    assert abs(float(groups["north"]["effect"]["value"])) < 0.005
    assert one["status"] == made.status == "within"


def test_who_spends_much_and_pays_more_for_it_is_found_by_a_tag(audit):
    made = audit("tag:spend.big", span=SEPTEMBER, price={"discount": ["off"], "shares": [REFUSED]})
    _, paid = part(made)
    assert paid["yes"]["status"] == "breach"
    assert float(paid["yes"]["effect"]["value"]) == pytest.approx(0.05, abs=0.01)
    _, off = part(made, "discount")
    assert float(off["yes"]["effect"]["value"]) < -0.005
    _, refused = part(made, "refused")
    assert refused["yes"]["status"] == "breach"
    assert 0.3 < float(refused["yes"]["effect"]["value"]) < 0.7
    assert "price-tag-now" in made.document["limits"]
    assert audit("tag:spend.big").status == "within"  # in August they paid what others paid


def test_a_group_under_k_is_not_told_of_and_nobody_who_stands_against_it(audit):
    made = audit("age", release={"k": 15})
    _, groups = part(made)
    for name in ("25-34", "other"):  # 12 of 18 to 24 are `other`: even their name says something
        assert groups[name]["hidden"]
        assert groups[name]["effect"] is groups[name]["raw"] is None
        assert groups[name]["status"] == "insufficient"
    assert made.status == "insufficient"
    assert "18-24" not in made.bytes.decode()
    assert "12" not in [str(g["people"]) for g in groups.values()]


def test_few_are_shown_but_not_judged(audit):
    made = audit("age")
    one, groups = part(made)
    assert groups["18-24"]["reason"] == "too-few"
    assert groups["18-24"]["effect"]["value"] is not None
    assert groups["18-24"]["people"] == 0  # 12, told as ten fewer or more
    assert one["status"] == "insufficient"


def test_an_exception_of_the_policy_takes_lines_out_until_its_last_day(audit):
    claim = {"claim": "promotion", "exceptions": [EXCUSED]}
    made = audit("gender", span=OCTOBER, price=claim)
    assert made.status == "within"
    first, mystery = made.document["exceptions"]
    assert (first["code"], first["lines"], first["owner"]) == ("first_order", 200, "pricing")
    assert (mystery["code"], mystery["reason"], mystery["people"]) == ("mystery", "", 130)
    over = audit(
        "gender",
        span=OCTOBER,
        price=claim | {"exceptions": [EXCUSED | {"until": "2024-10-03"}]},
    )
    _, groups = part(over)
    assert float(groups["m"]["effect"]["value"]) > 0.2
    assert over.status == "breach"
    told = [*lines(over, "en")]
    assert any("first_order, which the policy does not name or no longer" in one for one in told)


def test_purchases_are_read_only_of_people_whom_the_purpose_permits(shop, audit):
    before = audit("gender").document
    some = shop.who[:40]
    shop.chose("object:analytics", some)
    shop.chose("restricted", shop.who[40:60])
    try:
        after = audit("gender").document
    finally:
        with shop.store.write() as unit:
            gone = [("object:analytics", who, False) for who in some]
            gone += [("restricted", who, False) for who in shop.who[40:60]]
            bitmaps.change(unit.connection, gone)
    assert before["verdict"]["people"] - after["verdict"]["people"] == 60
    left = {one["reason"]: one["people"] for one in after["left_out"]}
    assert left == {"restricted": 20, "not-permitted": 40}


def test_attributes_crossed_are_compared_too(audit):
    made = audit("gender,city", intersections=2)
    assert [p["by"] for p in made.document["parts"]] == [["gender"], ["city"], ["gender", "city"]]
    groups = {group["group"]: group for group in made.document["parts"][2]["groups"]}
    assert set(groups) == {"f × north", "f × south", "m × north", "m × south"}
    assert groups["f × north"]["status"] == "breach"


def test_the_report_fits_its_schema_is_kept_and_the_same_again(shop, audit):
    whole = {"price": {"discount": ["off"], "shares": [REFUSED]}}
    made = audit("gender,tag:spend.big", **whole)
    jsonschema.validate(json.loads(made.bytes), PriceReport.model_json_schema())
    assert kept.given(shop.ws, made.name).bytes == made.bytes
    assert audit("gender,tag:spend.big", **whole).digest == made.digest


def test_that_an_attribute_is_opened_is_on_record_before_the_report(shop, audit):
    made = audit("gender", span=AUGUST | {"why": "complaint"})
    opened, logged = [decode(raw) for raw in shop.ws.evidence.entries()][-2:]
    assert (opened.act, opened.facts["attribute"], opened.facts["why"]) == (
        "attribute.opened",
        "gender",
        "complaint",
    )
    assert (logged.act, logged.facts["sha256"]) == ("audit.price", made.digest)
    audit("tag:spend.big")
    acts = [decode(raw).act for raw in shop.ws.evidence.entries()][-2:]
    assert acts == ["audit.price", "audit.price"]  # a tag is not sealed: nothing was opened


@pytest.mark.parametrize(
    ("language", "word"), [("en", "beyond the tolerance"), ("zh", "超出容许范围")]
)
def test_lines_and_page_in_both_languages(audit, language, word):
    made = audit("gender")
    page = written([made], ".html", language).decode()
    assert word in page
    assert "<svg" in page
    assert "<script" not in page
    assert any(word in line for line in lines(made, language))


def test_attributes_tags_and_what_is_alike_are_called_by_their_names(audit):
    made = audit("gender,tag:spend.big")
    tag = made.document["names"]["tag"]["spend.big"]
    page = written([made], ".html", "zh").decode()
    assert f"价格审计报告：按性别、{tag['zh']}" in page
    assert "在相同的商品、日之内比较" in page
    assert "按gender" not in page + " ".join(lines(made, "zh"))
    english = " ".join(lines(made, "en"))
    assert f"by gender and {tag['en']}" in english
    assert "within the same item and day" in english


@pytest.mark.parametrize(
    ("by", "more", "code"),
    [
        ("gender", {"price": {"stratum": ["channel"]}}, "price-columns"),
        ("gender", {"price": {"discount": ["item"]}}, "price-columns"),
        ("gender", {"price": {"shares": [REFUSED | {"of": "nonsense = 3"}]}}, "price-condition"),
        (
            "gender",
            {"price": {"shares": [REFUSED | {"of": "true) > 0 or count(true"}]}},
            "price-condition",
        ),
        ("gender", {"price": {"exceptions": [EXCUSED]}}, "bad-fairness-policy"),
        ("height", {}, "unknown-attribute"),
        ("tag:spend.none", {}, "unknown-tag"),
        ("tag:spend.stale", {}, "tag-not-computed"),
        ("gender,gender", {}, "audit-question"),
        ("gender", {"span": {"since": 5, "until": 5}}, "audit-question"),
        ("gender", {"span": {"since": 5, "why": "curious"}}, "audit-question"),
    ],
)
def test_what_cannot_be_asked_is_refused_before_anything_is_opened(shop, audit, by, more, code):
    before = len(kept.reports(shop.ws))
    assert code_of(lambda: audit(by, **more)) == code
    assert len(kept.reports(shop.ws)) == before


def test_a_tagger_may_not_audit_prices(shop, audit):
    authority.add(shop.ws, "tina", ["tagger"])
    who, shop.ws.actor = shop.ws.actor, Actor("tina")
    try:
        assert code_of(lambda: audit("gender")) == "not-permitted"
    finally:
        shop.ws.actor = who


def test_only_an_audit_by_the_policy_in_force_and_up_to_now_is_noted_as_one(shop, audit):
    policy = a_policy(price={"stratum": ["item", "day"], "tolerance": 0.01}, draws=200)
    fairness.apply(shop.ws, policy)
    made = [
        prices(shop.ws, PriceAsked(("gender",), **OCTOBER)),
        prices(shop.ws, PriceAsked(("gender",), **AUGUST)),
        audit("gender", span=OCTOBER),
    ]
    with shop.read() as connection:
        rows = connection.exec_driver_sql("SELECT name, by_policy FROM auditreport").all()
    noted = dict(rows)
    assert [noted[one.name] for one in made] == [policy.digest(), "", ""]


# --- reports over nearly the same people -------------------------------------------------------------

JULY = {"since": 1_719_792_000_000_000, "until": 1_722_470_400_000_000}
DEAR = 6.0


@pytest.fixture
def small(tmp_path):
    """Forty women and forty men bought one loaf at two each; one of them paid six."""
    planted = Planted(tmp_path, people=80)
    planted.has("gender", ["f" if n % 2 else "m" for n in range(80)])
    planted.tag(a_tag("spend.big"), planted.who[:30])
    rows = [f"C{n},2024-07-10 10:00:00,{n},bread,1,{DEAR if n == 1 else 2:.2f}" for n in range(80)]
    events.ingest(planted.ws, [an_order_file(tmp_path, *rows)], a_map())
    yield planted
    planted.close()


def priced(shop, by="gender", **span):
    document = starter()
    policy = {"price": {"stratum": ["item", "day"], "tolerance": 0.01}, "draws": 100}
    file = shop.folder / "fairness.yaml"
    file.write_text(yaml.safe_dump(document | policy | {"intersections": 1}), "utf-8")
    return prices(shop.ws, PriceAsked((by,), **(JULY | span)), file)


def left_one_out(shop, work):
    """Do something while the one who paid six has restricted the use of their data."""
    shop.chose("restricted", shop.who[1:2])
    try:
        return work()
    finally:
        with shop.store.write() as unit:
            bitmaps.change(unit.connection, [("restricted", shop.who[1], False)])


def paid_by_the_one(before, after, group="f", people=40):
    """What somebody paid, from two reports and how many there are: everybody else pays two."""
    first, second = (
        2 * (1 + float(part(made)[1][group]["effect"]["value"])) for made in (before, after)
    )
    return first * people - second * (people - 1)


def alone(monkeypatch):
    monkeypatch.setattr(kept, "earlier_prices", lambda *_: [])


def test_what_somebody_paid_is_not_in_the_difference_of_two_reports(small, monkeypatch):
    first = priced(small)
    second = left_one_out(small, lambda: priced(small))
    was, now = (part(made)[1]["f"] for made in (first, second))
    assert now["as_of"]["made"] == first.document["identity"]["made"]
    for name in ("people", "raw", "covered", "strata", "effect"):
        assert now[name] == was[name]
    alone(monkeypatch)
    second = left_one_out(small, lambda: priced(small))
    assert paid_by_the_one(first, second) == pytest.approx(DEAR, abs=0.02)  # to a cent or two


def test_who_paid_much_is_not_placed_in_a_group_by_two_reports(small, monkeypatch):
    """Whoever knows that this person paid much looks which group's figure moved."""
    for by, groups in (("gender", ("f", "m")), ("tag:spend.big", ("yes", "no"))):
        first = priced(small, by)
        second = left_one_out(small, lambda by=by: priced(small, by))
        assert all(part(first)[1][g]["effect"] == part(second)[1][g]["effect"] for g in groups)
    first = priced(small)
    alone(monkeypatch)
    second = left_one_out(small, lambda: priced(small))
    step = {
        g: float(part(first)[1][g]["effect"]["value"])
        - float(part(second)[1][g]["effect"]["value"])
        for g in "fm"
    }
    assert step["f"] > 0 > step["m"]  # she is a woman


def test_a_window_that_ends_before_one_purchase_does_not_tell_it(small):
    """Two windows that differ by a second; one that has nothing in common stands by itself."""
    rows = [
        "C3,2024-07-20 10:00:00,x,bread,1,6.00",
        *(f"C{n},2024-07-20 09:00:00,y{n},bread,1,2.00" for n in range(4, 80)),
    ]
    events.ingest(small.ws, [an_order_file(small.folder, *rows)], a_map())
    before = priced(small, until=parse_time("2024-07-20T10:00:00Z"))
    after = priced(small, until=parse_time("2024-07-20T10:00:01Z"))
    assert part(after)[1]["f"]["as_of"]
    assert part(after)[1]["f"]["effect"] == part(before)[1]["f"]["effect"]


def test_a_time_that_has_not_come_is_no_audit(small):
    """Nothing is in it, so its report would say that nothing is wrong."""
    with pytest.raises(BadInput, match="has not come") as caught:
        priced(small, since=small.ws.clock.now(), until=None)
    assert caught.value.code == "time-to-come"


def test_windows_without_a_common_day_stand_by_themselves(small):
    """The same people pay nearly the same on another day: nothing can be subtracted."""
    rows = [f"C{n},2024-07-20 10:00:00,y{n},bread,1,{5 if n == 3 else 2:.2f}" for n in range(80)]
    events.ingest(small.ws, [an_order_file(small.folder, *rows)], a_map())
    middle = parse_time("2024-07-15T00:00:00Z")
    made = [priced(small, until=middle), priced(small, since=middle), priced(small)]
    assert [bool(part(one)[1]["f"]["as_of"]) for one in made] == [False, False, True]


def test_what_moved_for_many_is_told_anew(small):
    first = priced(small)
    rows = [f"C{n},2024-07-11 10:00:00,z{n},milk,1,{9 if n % 2 else 6:.2f}" for n in range(80)]
    events.ingest(small.ws, [an_order_file(small.folder, *rows)], a_map())
    second = priced(small)
    was, now = (part(made)[1]["f"] for made in (first, second))
    assert now["as_of"] is None
    assert now["effect"] != was["effect"]
    third = left_one_out(small, lambda: priced(small))
    assert part(third)[1]["f"]["as_of"]["made"] == second.document["identity"]["made"]


def test_without_strata_two_kinds_of_strata_are_one_figure(small):
    first = priced(small)

    def by_week():
        document = starter()
        policy = {"price": {"stratum": ["item", "week"], "tolerance": 0.01}, "draws": 100}
        file = small.folder / "fairness.yaml"
        file.write_text(yaml.safe_dump(document | policy | {"intersections": 1}), "utf-8")
        return prices(small.ws, PriceAsked(("gender",), **JULY), file)

    second = left_one_out(small, by_week)
    assert part(first)[1]["f"]["raw"] is not None
    assert part(second)[1]["f"]["raw"] is None
    assert "–" in written([second], ".html", "en").decode()


@pytest.mark.parametrize(
    ("language", "word"), [("en", "may be the doing of fewer than 10 people"), ("zh", "不足 10 人")]
)
def test_dated_figures_say_so(small, language, word):
    priced(small)
    second = left_one_out(small, lambda: priced(small))
    assert any(word in line for line in lines(second, language))
    assert word in written([second], ".html", language).decode()
    jsonschema.validate(json.loads(second.bytes), PriceReport.model_json_schema())


# --- beside bias reports -----------------------------------------------------------------------------


def test_a_price_report_does_not_say_who_has_a_tag_where_a_bias_report_hides_it(tmp_path):
    """Ten men and one woman have it, which the bias report hides; ten men who are told of would leave one."""
    planted = Planted(tmp_path, people=80)
    planted.has("gender", ["f" if n % 2 else "m" for n in range(80)])
    planted.tag(a_tag("spend.big", having="benefit"), [*planted.who[:20:2], planted.who[1]])
    rows = [f"C{n},2024-07-10 10:00:00,{n},bread,1,2.00" for n in range(80)]
    events.ingest(planted.ws, [an_order_file(tmp_path, *rows)], a_map())
    (bias,) = planted.audit("spend.big")
    assert all(group["hidden"] for group in bias_groups(bias).values())
    document = starter() | {"intersections": 2, "draws": 100}
    file = tmp_path / "fairness.yaml"
    file.write_text(
        yaml.safe_dump(document | {"price": {"stratum": ["item", "day"], "tolerance": 0.01}})
    )
    made = prices(planted.ws, PriceAsked(("gender", "tag:spend.big"), **JULY), file)
    for one in made.document["parts"][1:]:  # by the tag, and by both
        groups = {group["group"]: group for group in one["groups"]}
        having = [group for name, group in groups.items() if "yes" in name]
        assert {(g["hidden"], g["people"], g["effect"] is None) for g in having} == {
            (True, 0, True)
        }
    planted.close()


@given(st.integers(0, 10_000), st.integers(2, 50))
def test_a_number_that_is_told_leaves_k_people_below_the_truth(people, k):
    told = at_least(people, k)
    assert told % k == 0
    assert told == 0 or people - told >= k
