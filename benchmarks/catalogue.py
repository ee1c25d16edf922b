# SPDX-License-Identifier: Apache-2.0
"""A folder of tag documents as a large shop would have them: one tag a file, no two alike.

The same count gives the same files. Refuses a folder that has files in it, and more tags than the
ranges, windows and kinds of rule below make.

    python -m benchmarks.catalogue FOLDER --count 1000
"""

import argparse
from collections.abc import Iterator
from itertools import islice, product
from pathlib import Path

RANGES = (
    ("bread", "面包"), ("cheese", "奶酪"), ("coffee", "咖啡"), ("tea", "茶叶"), ("yoghurt", "酸奶"),
    ("pasta", "意面"), ("rice", "大米"), ("olive oil", "橄榄油"), ("chocolate", "巧克力"), ("ice cream", "冰淇淋"),
    ("soup", "汤品"), ("salad", "沙拉"), ("apples", "苹果"), ("citrus fruit", "柑橘"), ("frozen pizza", "速冻披萨"),
    ("soft drinks", "软饮料"), ("mineral water", "矿泉水"), ("fruit juice", "果汁"), ("cat food", "猫粮"), ("dog food", "狗粮"),
    ("garden tools", "园艺工具"), ("house plants", "绿植"), ("cut flowers", "鲜花"), ("candles", "香薰蜡烛"), ("bed linen", "床品"),
    ("towels", "毛巾"), ("cookware", "锅具"), ("cutlery", "餐具"), ("lamps", "灯具"), ("carpets", "地毯"),
    ("headphones", "耳机"), ("cameras", "相机"), ("keyboards", "键盘"), ("game consoles", "游戏机"), ("board games", "桌游"),
    ("novels", "小说"), ("cookbooks", "菜谱"), ("notebooks", "笔记本"), ("bicycles", "自行车"), ("tents", "帐篷"),
    ("running shoes", "跑鞋"), ("hiking boots", "登山靴"), ("raincoats", "雨衣"), ("jeans", "牛仔裤"), ("sunglasses", "太阳镜"),
    ("wrist watches", "手表"), ("suitcases", "行李箱"), ("backpacks", "背包"), ("paint", "油漆"), ("power drills", "电钻"),
)  # fmt: skip
WINDOWS = (30, 60, 90, 180, 365)

RULES: tuple[tuple[str, str, str, str, str, str, str], ...] = (
    (
        "fan",
        "{en} fan, {days} days",
        "{days}天{zh}爱好者",
        "bought {en} in {{count}} orders within {days} days",
        "{days}天内在{{count}}笔订单中购买了{zh}",
        "\"orders(category = '{code}', days => {days}) >= {low}\"",
        "",
    ),
    (
        "spender",
        "Spends much on {en}, {days} days",
        "{days}天{zh}高消费",
        "spent {{amount}} on {en} within {days} days",
        "{days}天内在{zh}上消费{{amount}}",
        "\"spend(category = '{code}', days => {days}) >= {low}0 and orders(days => {days}) >= 2\"",
        "",
    ),
    (
        "rhythm",
        "How often {en}, {days} days",
        "{days}天{zh}购买频次",
        "bought {en} in {{count}} orders within {days} days: {{value}}",
        "{days}天内在{{count}}笔订单中购买了{zh}：{{value}}",
        (
            "|\n  case\n    when orders(category = '{code}', days => {days}) >= {low}2 then 'often'\n"
            "    when orders(category = '{code}', days => {days}) >= {low} then 'sometimes'\n  end"
        ),
        "labels:\n  often: {{en: often, zh: 经常}}\n  sometimes: {{en: now and then, zh: 偶尔}}\n",
    ),
    (
        "weekend",
        "{en} at the weekend, {days} days",
        "{days}天周末购买{zh}",
        "bought {en} mostly at weekends within {days} days",
        "{days}天内多在周末购买{zh}",
        (
            "|\n  orders(category = '{code}', days => {days}) >= 3\n"
            "  and orders(category = '{code}' and weekday in (6, 7), days => {days})\n"
            "    / nullif(orders(category = '{code}', days => {days}), 0) >= 0.{low}"
        ),
        "",
    ),
    (
        "tier",
        "Tier of {en}, {days} days",
        "{days}天{zh}购买等级",
        "spent {{amount}} on {en} within {days} days: {{value}}",
        "{days}天内在{zh}上消费{{amount}}：{{value}}",
        "\"tier(nullif(spend(category = '{code}', days => {days}), 0), {low})\"",
        "labels:\n",
    ),
)
"""What a rule is called, its name and sentence in both languages, its text, its labels."""

DOCUMENT = """\
apiVersion: tagwarden/v1
kind: Tag
key: interest.{key}
name: {{en: "{name_en}", zh: "{name_zh}"}}
says: {{en: "{says_en}", zh: "{says_zh}"}}
owner: {owner}
dimension: interest
derivation: inferred
sources: [user.behavior.purchase_history]
asserts: [user.demographic.profile]
purposes: [{purposes}]
basis: {{gdpr: {basis}, pipl_cn: consent, ccpa: notice}}
ttl: 30d
refresh: {{every: 1d, on: [purchase]}}
value: {value}
{labels}purge_on_withdrawal: immediately
"""

OWNERS = ("growth-team", "category-team", "analytics-team", "store-team")
PURPOSES_IN_LAW = (
    "first_party_personalised_marketing",
    "first_party_recommendation",
    "analytics",
    "cross_context_advertising",
)
PURPOSES = (
    "recommendation",
    "marketing",
    "recommendation, statistics",
)


def tag_files(place: Path, count: int) -> list[Path]:
    """Write `count` tags into `place`, one a file; return the files. Raises ValueError."""
    made = list(islice(_documents(), count))
    if len(made) < count:
        raise ValueError(f"there are {len(made)} different tags, not {count}")
    place.mkdir(parents=True, exist_ok=True)
    if any(place.iterdir()):
        raise ValueError("the folder has files in it")
    paths = []
    for key, text in made:
        path = place / f"{key}.yaml"
        path.write_text(text, "utf-8")
        paths.append(path)
    return paths


ASKED = {
    "purposes": PURPOSES_IN_LAW,
    "asserts": (
        "user.demographic.profile", "user.behavior", "user.health_and_medical", "user.location.imprecise",
        "user.demographic.race_ethnicity", "user.financial", "user.childrens",
    ),
    "basis_claimed": ("consent", "legitimate_interest", "contract"),
    "recipients": ("none", "processor", "third_party_ads"),
    "subject_age": ("adult", "15", "8"),
    "effect": ("none", "legal_or_similarly_significant"),
}  # fmt: skip


def questions(count: int) -> list[dict[str, object]]:
    """Return `count` questions to the law, no two alike; raises ValueError."""
    made = [
        {
            "key": f"q{number}",
            "derivation": "inferred",
            "sources": ["user.behavior.purchase_history"],
            **dict(zip(ASKED, answer, strict=True)),
        }
        for number, answer in enumerate(islice(product(*ASKED.values()), count))
    ]
    if len(made) < count:
        raise ValueError(f"there are {len(made)} different questions, not {count}")
    return made


def _documents() -> Iterator[tuple[str, str]]:
    """Yield (key, text) of each tag."""
    kinds = product((3, 4, 5), WINDOWS, RULES, RANGES)
    for number, (low, days, rule, (english, chinese)) in enumerate(kinds):
        kind, name_en, name_zh, says_en, says_zh, value, labels = rule
        key = f"{kind}_{english.replace(' ', '_')}_{days}d_{low}"
        filled = {"en": english, "zh": chinese, "days": days, "low": low, "code": english.upper()}
        if kind == "tier":
            labels += "".join(
                f'  "{n}": {{{{en: {n} of {low}, zh: {low}级中的第{n}级}}}}\n'
                for n in range(1, low + 1)
            )
        text = DOCUMENT.format(
            key=key,
            name_en=f"{name_en.format(**filled)} ({low})",
            name_zh=f"{name_zh.format(**filled)}（{low}）",
            says_en=says_en.format(**filled),
            says_zh=says_zh.format(**filled),
            owner=OWNERS[number % len(OWNERS)],
            purposes=PURPOSES[number % len(PURPOSES)],
            basis=("consent", "legitimate_interest")[number % 2],
            value=value.format(**filled),
            labels=labels.format(**filled),
        )
        yield key, text


def main() -> None:
    """Write a folder of tags."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.catalogue", description=(__doc__ or "").split("\n", 1)[0]
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=1000)
    given = parser.parse_args()
    print(f"{len(tag_files(given.folder, given.count))} files")


if __name__ == "__main__":
    main()
