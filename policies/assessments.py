# SPDX-License-Identifier: Apache-2.0
"""What an assessment must say: for each type the articles, the parts, how long it may stand. Pure.

The type is the code of the duty that asks for it (`policies.vocabulary.DUTIES`). Parts marked
`knowledge` are from memory of the text and wait for a lawyer's eye.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal, get_args

from policies.rules import Provenance

Type = Literal["dpia", "pipia", "risk_assessment", "balancing_test"]
TYPES: Final[tuple[Type, ...]] = get_args(Type)


@dataclass(frozen=True, slots=True)
class Part:
    """One part that an assessment must have, or may have."""

    code: str
    article: str
    en: str
    zh: str
    provenance: Provenance = "verified"
    needed: bool = True

    def in_(self, language: str) -> str:
        """Return what the part is, in a language: zh, and English for everything else."""
        return self.zh if language == "zh" else self.en


@dataclass(frozen=True, slots=True)
class Rule:
    """What the law says about one type of assessment."""

    regime: str
    articles: tuple[str, ...]
    parts: tuple[Part, ...]
    review_years: int | None = None
    """After how many years at most it must be reviewed; None: no number, the document's own date."""
    review_article: str = ""
    keep_years: int | None = None
    """How many years it must be kept at least; None: no number."""


_RISK: Final = (
    ("purpose", "7152(a)(1)", "the specific purpose, no generic words", "具体目的，不使用笼统措辞"),
    (
        "categories",
        "7152(a)(2)",
        "the categories of personal information, sensitive ones named",
        "个人信息的类别，列明敏感信息",
    ),
    (
        "operation",
        "7152(a)(3)",
        "how it works: collection, retention, number of consumers, recipients, logic of the technology",
        "运行方式：收集、保存、消费者数量、接收方与技术逻辑",
    ),
    ("benefits", "7152(a)(4)", "the benefits, and for whom", "带来的益处及受益者"),
    (
        "negative_impacts",
        "7152(a)(5)",
        "the negative impacts on consumers' privacy",
        "对消费者隐私的不利影响",
    ),
    ("safeguards", "7152(a)(6)", "the safeguards against them", "针对不利影响的保护措施"),
    ("decision", "7152(a)(7)", "whether the processing will start", "是否启动该处理"),
)

RULES: Final[Mapping[str, Rule]] = {
    "dpia": Rule(
        "gdpr",
        ("GDPR Art. 35(1)", "GDPR Art. 35(7)"),
        (
            Part(
                "description",
                "GDPR Art. 35(7)(a)",
                "the processing, its purposes and the interest pursued",
                "处理活动、目的与所追求的利益",
            ),
            Part(
                "necessity",
                "GDPR Art. 35(7)(b)",
                "necessity and proportionality for these purposes",
                "对该目的的必要性与相称性",
            ),
            Part(
                "risks",
                "GDPR Art. 35(7)(c)",
                "the risks to rights and freedoms of people",
                "对个人权利与自由的风险",
            ),
            Part(
                "measures",
                "GDPR Art. 35(7)(d)",
                "the measures against these risks, safeguards and security included",
                "应对风险的措施，包括保障与安全措施",
            ),
            Part(
                "dpo_advice",
                "GDPR Art. 35(2)",
                "the advice of the data protection officer, where there is one",
                "数据保护官的意见（已设立的）",
                needed=False,
            ),
        ),
        review_article="GDPR Art. 35(11)",
    ),
    "pipia": Rule(
        "pipl_cn",
        ("PIPL Art. 55", "PIPL Art. 56"),
        (
            Part(
                "lawfulness",
                "PIPL Art. 56(1)(1)",
                "whether purpose and method are lawful, proper and necessary",
                "处理目的、处理方式是否合法、正当、必要",
            ),
            Part(
                "impact",
                "PIPL Art. 56(1)(2)",
                "the impact on people's rights and the security risks",
                "对个人权益的影响及安全风险",
            ),
            Part(
                "measures",
                "PIPL Art. 56(1)(3)",
                "whether the protection is lawful, effective and fits the risk",
                "所采取的保护措施是否合法、有效并与风险程度相适应",
            ),
        ),
        keep_years=3,
    ),
    "risk_assessment": Rule(
        "ccpa",
        ("11 CCR 7150(b)", "11 CCR 7152"),
        tuple(Part(code, f"11 CCR {at}", en, zh, "knowledge") for code, at, en, zh in _RISK),
        review_years=3,
        review_article="11 CCR 7155",
        keep_years=5,
    ),
    "balancing_test": Rule(
        "gdpr",
        ("GDPR Art. 6(1)(f)", "GDPR rec. 47"),
        (
            Part("interest", "GDPR Art. 6(1)(f)", "the interest pursued", "所追求的正当利益"),
            Part(
                "necessity",
                "GDPR Art. 6(1)(f)",
                "why nothing milder serves it",
                "为何没有影响更小的方式",
            ),
            Part(
                "balance",
                "GDPR Art. 6(1)(f), rec. 47",
                "interests and reasonable expectations of people, and how they weigh",
                "个人的利益与合理期待及其权衡",
            ),
            Part(
                "children",
                "GDPR Art. 6(1)(f), rec. 38",
                "how children are given more weight",
                "如何对儿童从严权衡",
            ),
        ),
    ),
}
"""Type → what the law says about it."""


def latest_review(kind: str, approved: date) -> date | None:
    """Return the last day on which the law wants a review of what was approved; None: no number."""
    years = RULES[kind].review_years
    return None if years is None else years_after(approved, years)


def years_after(day: date, years: int) -> date:
    """Return the same day some years later; the 29th of February becomes the 28th."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)
