# SPDX-License-Identifier: Apache-2.0
"""What people read, whole, for rules of every sort: golden files to be read by people too."""

from pathlib import Path

import pytest

from audit.clock import parse_time
from audit.errors import Problems
from tagging.document import Tag, Words
from tagging.explain.answer import Explanation, PurposeAnswer, render
from tagging.explain.evidence import encode_facts
from tagging.explain.naming import Naming
from tagging.explain.reasons import reason
from tagging.rules.parse import Scope, parse_rule
from tagging.rules.tree import facts, tiers

GOLDEN = Path(__file__).parents[2] / "golden" / "explain"
SCOPE = Scope(tags={"interest.tea": "bool"})
NAMING = Naming(
    attributes={"household_size": Words(en="household size", zh="家庭人数")},
    tags={"interest.tea": Words(en="Tea lover", zh="爱茶人")},
)
PURPOSE = PurposeAnswer(
    "recommendation",
    Words(en="Product recommendations", zh="商品推荐"),
    allowed=True,
    reasons=(),
    regime="pipl_cn",
    basis="consent",
    consent_id=12,
    consent_at=parse_time("2026-08-30T09:15:00Z"),
    cites=("PIPL-13", "CN-ALGO-17"),
    consent_kind="separate",
)
REFUSED = PurposeAnswer(
    "recommendation",
    Words(en="Product recommendations", zh="商品推荐"),
    allowed=False,
    reasons=("consent-withdrawn", "personalisation-off"),
    regime="pipl_cn",
    basis="consent",
    consent_id=None,
    consent_at=None,
    cites=("PIPL-15",),
)


def a_tag(key, rule, en, zh, says, **more):
    return Tag.model_validate(
        {
            "apiVersion": "tagwarden/v1",
            "kind": "Tag",
            "key": key,
            "name": {"en": en, "zh": zh},
            "says": {"en": says[0], "zh": says[1]},
            "owner": "growth-team",
            "dimension": "interest",
            "derivation": "inferred",
            "sources": ["user.behavior.purchase_history"],
            "asserts": ["user.demographic.profile"],
            "purposes": ["recommendation"],
            "basis": {"gdpr": "legitimate_interest", "pipl_cn": "consent"},
            "ttl": "30d",
            "value": rule,
            "purge_on_withdrawal": "immediately",
            **more,
        }
    )


COUNTED = a_tag(
    "interest.soft_drinks",
    "orders(category = 'SOFT DRINKS', days => 30) >= 3 or spend(category = 'SOFT DRINKS', days => 90) >= 200",
    "Soft drinks",
    "爱喝软饮",
    ("bought soft drinks in {count} orders within 30 days", "30天内在{count}笔订单中购买了软饮"),
)
MISSING = a_tag(
    "value.regular",
    "orders(days => 90) >= 6 and recency(days => 365) <= 20 and spend(weekday in (6, 7), days => 90) > 100",
    "Regular at weekends",
    "周末常客",
    ("came back within {days} days", "{days}天内再次光顾"),
)
WITHHELD = a_tag(
    "risk.returns",
    "count(event_type = 'return', days => 180) >= 5 and orders(days => 180) < 20",
    "Returns often",
    "经常退货",
    ("returned goods {count} times within 180 days", "180天内退货{count}次"),
    thresholds="withheld",
)
TIERED = a_tag(
    "value.spender",
    "case when tier(spend(days => 365), 5) = 5 then 'high' when tier(spend(days => 365), 5) >= 3 then 'middle' end",
    "Spender",
    "消费档次",
    ("spent {amount} within 365 days: {value}", "365天内消费{amount}：{value}"),
    labels={"high": {"en": "high", "zh": "高"}, "middle": {"en": "middle", "zh": "中"}},
    derivation="observed",
)
RATIO = a_tag(
    "basket.weekend",
    "orders(weekday in (6, 7), days => 90) / orders(days => 90) > 0.5 and spend(days => 365) / orders(days => 365) >= 40",
    "Big baskets on weekends",
    "周末大单",
    ("shops on weekends", "喜欢在周末购物"),
)
DECLARED = a_tag(
    "basic.family",
    "attribute('household_size') in ('3', '4', '5+') and not tag('interest.tea')",
    "Family",
    "家庭",
    ("the household size in the profile is {value}", "资料中填写的家庭人数为{value}"),
    derivation="declared",
    sources=["user.demographic.profile"],
)
CASES = {
    "counted": (COUNTED, (4, 523_400), "true", ()),
    "missing": (MISSING, (4, None, 523_400), None, ()),
    "withheld": (WITHHELD, (6, 9), "true", ()),
    "tiered": (TIERED, (6_123_400,), "middle", ((1_000_000, 2_500_000, 5_000_000, 9_000_000),)),
    "ratio": (RATIO, (6, 8, 5_230_000, 10), "true", ()),
    "declared": (DECLARED, ("3", None), None, ()),
}


def an_answer(tag, values, value, cuts, *, purpose=PURPOSE):
    problems = Problems()
    root = parse_rule(tag.value, SCOPE, problems, (1, 1))
    assert root is not None, problems.found
    known = dict(zip(facts(root), values, strict=True))
    frozen = dict(zip(tiers(root), cuts, strict=True))
    return Explanation(
        tag,
        root,
        3,
        "0123456789abcdef" * 4,
        value,
        purpose.allowed,
        (purpose,),
        reason(root, known, frozen) if purpose.allowed else None,
        known if purpose.allowed else {},
        frozen if purpose.allowed else {},
        since=parse_time("2026-11-02T03:00:00Z") if value else None,
        lapses_at=parse_time("2026-12-02T03:00:00Z") if value else None,
        run="run-7",
        computed_at=parse_time("2026-11-20T12:00:00Z"),
        author="lin",
        approved_by="mei",
        evidence=encode_facts(values) if value and purpose.allowed else "",
        replays=True if value else None,
        naming=NAMING,
    )


@pytest.fixture
def golden(request):
    """Compare a text with a golden file, or (--update-golden) write the file."""

    def compare(name, lines):
        text = "\n".join(lines) + "\n"
        if request.config.getoption("--update-golden"):
            GOLDEN.mkdir(parents=True, exist_ok=True)
            (GOLDEN / name).write_text(text, "utf-8")
        assert text == (GOLDEN / name).read_text("utf-8")

    return compare


@pytest.mark.law("GDPR-15-1-h", "CN-PIPL-24-3", "CN-PIPL-48", "CN-ALGO-17-3")
@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("depth", ["subject", "officer", "engineer"])
@pytest.mark.parametrize("name", CASES)
def test_an_answer_reads_as_it_did(name, depth, language, golden):
    lines = render(an_answer(*CASES[name]), depth, language)
    golden(f"{name}.{depth}.{language}.txt", lines)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("depth", ["subject", "officer"])
def test_a_refusal_reads_as_it_did(depth, language, golden):
    answer = an_answer(COUNTED, (4, 523_400), None, (), purpose=REFUSED)
    golden(f"refused.{depth}.{language}.txt", render(answer, depth, language))
