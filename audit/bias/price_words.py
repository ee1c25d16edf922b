# SPDX-License-Identifier: Apache-2.0
"""The words of a price report, English and Chinese, and its sentences: both say the same facts."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from audit.bias.schema import Figure
from audit.bias.words import CROSS, REASONS, STATUS, group_name
from audit.words import Words, enumerated, name_of

LIMITS: Final[Mapping[str, Words]] = {
    "sample": Words(
        "Every purchase was counted. The verdict and the intervals speak of the way prices are made, as "
        "if other people had come; lines of one person are one witness.",
        "已统计全部购买。结论与区间针对的是定价方式本身（假设来的是另一些人）；同一人的多笔只算一个见证。",
    ),
    "census": Words(
        "Every purchase was counted, and the verdict speaks of those counted. The intervals speak of "
        "the way prices are made, as if other people had come.",
        "已统计全部购买，结论针对被统计的购买。区间针对的是定价方式本身（假设来的是另一些人）。",
    ),
    "price-strata": Words(
        "What is like for like is what the policy says. A difference in something that it does not name "
        "(a cost, a quality) would look like a price.",
        "何为同类由政策规定。政策未列明的差别（如成本、品质）会表现为价格差异。",
    ),
    "price-tag-now": Words(
        "Groups by a tag are those of today, not of the day of the purchase.",
        "按标签的分组以今天为准，而非购买当日。",
    ),
    "price-lake": Words(
        "Live events that no run has moved into the lake yet are not seen.",
        "尚未由运行写入数据湖的实时事件不在其中。",
    ),
}
_SAID: Final = {
    "title": Words("Price report: by {by}", "价格审计报告：按{by}"),
    "verdict": Words(
        "Prices like for like, by {by}: {status}; {reason}.",
        "同类商品的价格，按{by}：{status}；{reason}。",
    ),
    "careful": Words(" This does not say that prices are fair.", "这并不表示价格是公平的。"),
    "part": Words(
        "{name}, by {by}, within the same {stratum}: {status}; {reason}.",
        "{name}，按{by}，在相同的{stratum}之内：{status}；{reason}。",
    ),
    "part.head": Words("{name}, by {by}", "{name}：按{by}"),
    "part.verdict": Words(
        "{reason}; compared within the same {stratum}", "{reason}；在相同的{stratum}之内比较"
    ),
    "group": Words(
        "{group}: {effect} ({low} to {high}) against everybody else; without strata {raw}; at least "
        "{people:,} people, {covered} of what they bought compared; {status}; {reason}.",
        "{group}：与其他所有人相比 {effect}（{low} 至 {high}）；不分层为 {raw}；至少 {people:,} 人，其购买的 "
        "{covered} 可比；{status}；{reason}。",
    ),
    "as-of": Words(
        " The figures are those of the report of {made} on {since} to {until}: what moved since may be the doing of "
        "fewer than {k} people.",
        "以上数字取自 {made} 的报告（{since} 至 {until}）：此后的变化可能仅来自不足 {k} 人。",
    ),
    "hidden": Words("{group}: {status}; {reason}.", "{group}：{status}；{reason}。"),
    "unknown": Words(
        "Not compared, because their group is not known: {people:,}.",
        "因所属群体未知而未比较：{people:,} 人。",
    ),
    "excused": Words(
        "Taken out as {code}: {lines:,} lines of {people:,} people. Reason: {reason}. Owner {owner}, until {until}.",
        "按例外 {code} 排除：{people:,} 人的 {lines:,} 行。理由：{reason}。负责人 {owner}，至 {until}。",
    ),
    "claimed": Words(
        "Claims {code}, which the policy does not name or no longer: {lines:,} lines of {people:,} people. "
        "They stay in.",
        "声称 {code}，但政策未列明或已到期：{people:,} 人的 {lines:,} 行。这些行仍计入。",
    ),
    "left.restricted": Words(
        "Not counted because the use of their data is restricted: {people:,}.",
        "因限制处理而未计入：{people:,} 人。",
    ),
    "left.not-permitted": Words(
        "Not counted because the purpose of the audit does not permit it: {people:,}.",
        "因审计目的不被允许而未计入：{people:,} 人。",
    ),
    "how.high": Words(
        "Point and line: the difference to everybody else, and its interval. Shaded: what the policy "
        "tolerates. Beyond it on the right, the group is harmed.",
        "点与横线：与其他所有人的差异及其区间。阴影：政策容许的范围。超出右侧即对该群体不利。",
    ),
    "how.low": Words(
        "Point and line: the difference to everybody else, and its interval. Shaded: what the policy "
        "tolerates. Beyond it on the left, the group is harmed.",
        "点与横线：与其他所有人的差异及其区间。阴影：政策容许的范围。超出左侧即对该群体不利。",
    ),
    "head.group": Words("group", "群体"),
    "head.people": Words("people, at least", "人数（至少）"),
    "head.effect": Words("difference like for like", "同类比较的差异"),
    "head.raw": Words("without strata", "不分层"),
    "head.covered": Words("compared", "可比部分"),
    "head.verdict": Words("verdict", "结论"),
    "lines": Words(
        "{lines:,} purchases; {alone:,} of them lack a part of what makes them alike, and are compared with "
        "none.",
        "{lines:,} 笔购买，其中 {alone:,} 笔缺少分层所需的信息，未与任何购买比较。",
    ),
    "signed": Words(
        "The digest stands in the evidence log, in the entry audit.price of this report. Whoever has the "
        "JSON file can compute it again: sha256sum FILE.json",
        "该摘要记录在证据日志的 audit.price 条目中。持有 JSON 文件者可重新计算：sha256sum FILE.json",
    ),
    "protected": Words(
        "Numbers of people are told {k} too low or more, lines are rounded down to a multiple of {k}; no figure "
        "rests on fewer than {k} people on either side, by a tag on fewer than twice as many.",
        "人数均少报 {k} 人或更多，行数向下取整到 {k} 的倍数；任何数字两侧均不少于 {k} 人，按标签比较时不少于其两倍。",
    ),
}


def say(code: str, language: str, /, **values: object) -> str:
    """Return a text of the report in a language."""
    return _SAID[code].of(language).format(**values)


def called(document: Mapping[str, Any], kind: str, codes: Sequence[str], language: str) -> str:
    """Return what attributes, or what must be alike, are called, as a list in a sentence."""
    return enumerated([name_of(document, kind, one, language) for one in codes], language)


def group_of(group: Mapping[str, Any], language: str) -> str:
    """Return what a group is called."""
    return group_name(str(group["group"]).split(CROSS), language)


def signed(value: Figure, kind: str, language: str) -> str:
    """Return an effect as people read it: percent, or for shares percentage points."""
    if value is None:
        return "–"
    unit = " %" if kind == "price" else {"zh": " 个百分点"}.get(language, " points")
    return bare(value) + unit


def bare(value: str) -> str:
    """Return an effect without its unit."""
    return f"{float(value) * 100:+.2f}"


def outcome(part: Mapping[str, Any], language: str) -> dict[str, str]:
    """Return verdict and reason of a part of the report in words."""
    return {
        "status": STATUS[part["status"]].of(language),
        "reason": REASONS[part["reason"]].of(language),
    }


def verdict(document: Mapping[str, Any], language: str) -> str:
    """Return the sentence that an officer can send."""
    found = document["verdict"]
    by = called(document, "attribute", document["identity"]["by"], language)
    more = say("careful", language) if found["status"] == "insufficient" else ""
    return say("verdict", language, by=by, **outcome(found, language)) + more


def sentences(document: Mapping[str, Any], language: str) -> list[str]:
    """Return the report in sentences, in English or Chinese."""
    found = [verdict(document, language)]
    for part in document["parts"]:
        found.append(part_line(document, part, language))
        found += [
            _line(group, part["kind"], language) + as_of(group, document, language)
            for group in part["groups"]
        ]
        if part["unknown"]:
            found.append(say("unknown", language, people=part["unknown"]))
    return [*found, *notes(document, language)]


def notes(document: Mapping[str, Any], language: str) -> list[str]:
    """Return what was taken out, what is not said, and how people are protected."""
    found = [
        say("excused" if one["reason"] else "claimed", language, **one)
        for one in document["exceptions"]
    ]
    found += [
        say("left." + left["reason"], language, people=left["people"])
        for left in document["left_out"]
        if left["people"]
    ]
    found += [LIMITS[code].of(language) for code in document["limits"]]
    return [*found, say("protected", language, k=document["identity"]["k"])]


def as_of(group: Mapping[str, Any], document: Mapping[str, Any], language: str) -> str:
    """Return from which report the figures of a group are; '' for those of this one."""
    found = group["as_of"]
    return say("as-of", language, **found, k=document["identity"]["k"]) if found else ""


def part_line(document: Mapping[str, Any], part: Mapping[str, Any], language: str) -> str:
    """Return the sentence on one measure."""
    return say(
        "part",
        language,
        name=part["name"][language],
        by=_by(document, part, language),
        stratum=called(document, "column", part["stratum"], language),
        **outcome(part, language),
    )


def part_head(document: Mapping[str, Any], part: Mapping[str, Any], language: str) -> str:
    """Return the heading of one measure: what is compared, and by what."""
    return say("part.head", language, name=part["name"][language], by=_by(document, part, language))


def part_verdict(document: Mapping[str, Any], part: Mapping[str, Any], language: str) -> str:
    """Return why one measure has its verdict, and within what it was compared."""
    stratum = called(document, "column", part["stratum"], language)
    return say("part.verdict", language, reason=outcome(part, language)["reason"], stratum=stratum)


def _by(document: Mapping[str, Any], part: Mapping[str, Any], language: str) -> str:
    return CROSS.join(name_of(document, "attribute", one, language) for one in part["by"])


def _line(group: Mapping[str, Any], kind: str, language: str) -> str:
    if group["hidden"] or group["effect"]["value"] is None:
        return say("hidden", language, group=group_of(group, language), **outcome(group, language))
    effect = group["effect"]
    return say(
        "group",
        language,
        group=group_of(group, language),
        effect=signed(effect["value"], kind, language),
        low=signed(effect["low"], kind, language),
        high=signed(effect["high"], kind, language),
        raw=signed(group["raw"], kind, language),
        people=group["people"],
        covered=f"{float(group['covered']) * 100:.0f} %",
        **outcome(group, language),
    )
