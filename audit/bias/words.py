# SPDX-License-Identifier: Apache-2.0
"""The words of a bias report, English and Chinese, and the sentences that an officer can send.

Both languages are made from the same facts of the document: a sentence has the same facts in both.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

from audit.bias.merging import OTHER
from audit.words import Words, name_of

STATUS: Final[Mapping[str, Words]] = {
    "breach": Words("beyond the limit", "超出限度"),
    "within": Words("within the policy", "符合政策"),
    "insufficient": Words("not enough evidence", "证据不足"),
}
REASONS: Final[Mapping[str, Words]] = {
    "no-people": Words("nobody is in this group", "该组没有人"),
    "nobody-tagged": Words("nobody has the tag", "无人带有该标签"),
    "too-few": Words("too few people", "人数过少"),
    "too-few-tagged": Words(
        "too few people would have the tag even at the rate of all",
        "即使按总体比例，带标签的人也过少",
    ),
    "too-noisy": Words(
        "the noise is as large as the group: more epsilon, or a coarser attribute, would tell",
        "噪声与该组人数相当：需更大的 epsilon 或更粗的属性才能判断",
    ),
    "small-category": Words(
        "a category below the share that the policy judges", "该类别占比低于政策评判的下限"
    ),
    "nobody-above": Words("nobody is above the median", "无人高于中位数"),
    "too-few-above": Words(
        "too few people would be above the median even at the rate of all",
        "即使按总体比例，高于中位数的人也过少",
    ),
    "no-others": Words("too few others to compare with", "可比较的其他人过少"),
    "too-close": Words(
        "the data neither show a breach nor rule one out", "数据既不能证明超限，也不能排除超限"
    ),
    "all-unknown": Words("nobody's attribute is known", "所有人的该属性均未知"),
    "many-unknown": Words("too many people's attribute is unknown", "该属性未知的人过多"),
    "beyond-limit": Words(
        "the ratio is beyond the limit, and not by chance", "比率超出限度，且并非偶然"
    ),
    "shown-within": Words("the data rule out a breach", "数据排除了超限"),
    "not-after-all-tags": Words(
        "beyond the limit on its own, but chance explains one such tag among all that were audited",
        "单独看超出限度，但在同时审计的多个标签中，出现一个可能只是偶然",
    ),
    "beyond-tolerance": Words(
        "the difference like for like is beyond the tolerance", "同类比较的差异超出容许范围"
    ),
    "few-carry": Words("one person or few account for most of it", "大部分由一人或少数人构成"),
    "hidden": Words("not shown, to protect people", "为保护个人不予显示"),
    "unknown": Words("attribute unknown: counted, not judged", "属性未知：计入但不评判"),
}
RATES: Final[Mapping[str, Words]] = {
    "selection": Words("share with the tag", "带标签的比例"),
    "tpr": Words("share with the tag among those with the outcome", "有结果者中带标签的比例"),
    "fpr": Words("share with the tag among those without the outcome", "无结果者中带标签的比例"),
    "precision": Words("share with the outcome among the tagged", "带标签者中有结果的比例"),
    "for": Words("share with the outcome among the untagged", "未带标签者中有结果的比例"),
}
RATES_OF: Final[Mapping[str, Mapping[str, Words]]] = {
    "above-median": {
        "selection": Words("share above the median", "高于中位数的比例"),
        "tpr": Words(
            "share above the median among those with the outcome", "有结果者中高于中位数的比例"
        ),
        "fpr": Words(
            "share above the median among those without the outcome", "无结果者中高于中位数的比例"
        ),
        "precision": Words(
            "share with the outcome among those above the median", "高于中位数者中有结果的比例"
        ),
        "for": Words(
            "share with the outcome among those not above the median",
            "未高于中位数者中有结果的比例",
        ),
    }
}
"""What the rates of a value are called, where it is no value of the tag itself."""
SCORE: Final = Words(
    "The value is a number. Compared is who is above {median}, the median of everybody counted, as the "
    "first report drew it; a later report keeps it while it is off by fewer than {k} people. {ties:,} people "
    "or a few more were exactly there and count as not above; so does who has no value.",
    "该标签取值为数字。比较的是高于 {median} 的人，即首份报告所定的全部计入者的中位数；此后的报告在偏差少于 "
    "{k} 人时沿用该值。当时恰为该值的 {ties:,} 人（或略多）计为未高于；没有取值的人亦同。",
)
SCORE_NONE: Final = Words(
    "The value is a number, and half of the people or more have none: compared is who has one.",
    "该标签取值为数字，而半数或以上的人没有取值：比较的是有取值的人。",
)
LIMITS: Final[Mapping[str, Words]] = {
    "sample": Words(
        "Everybody was counted, so the rates are facts. The verdict and the intervals speak of the "
        "process that will tag tomorrow's people.",
        "已统计全部人员，因此各比例是事实。结论与区间针对的是今后为人打标签的过程。",
    ),
    "census": Words(
        "Everybody was counted, and the verdict speaks of those counted. The intervals speak of the "
        "process that will tag tomorrow's people.",
        "已统计全部人员，结论针对被统计的人。区间针对的是今后为人打标签的过程。",
    ),
    "metrics-not-fairness": Words(
        "A figure within the policy does not make a use fair; it says that this measure found nothing.",
        "数值符合政策并不等于公平；只说明这一度量没有发现问题。",
    ),
    "no-legal-number": Words(
        "The limits are those of the shop's policy. No law that applies here names a number.",
        "限度由本店政策规定。适用的法律均未规定具体数值。",
    ),
    "no-proxies": Words(
        "No attribute was guessed from names, addresses or behaviour.",
        "没有根据姓名、地址或行为推测任何属性。",
    ),
    "drift": Words(
        "Ratios by month are of the people of today, and made of numbers rounded to a multiple of k. The "
        "same people stand in all months: what changes little may go unseen.",
        "各月比率针对今天的人员，且由取整到 k 的倍数的数字得出。各月统计的是同一批人：细微变化可能看不出来。",
    ),
    "causes-untold": Words(
        "Which condition carries a gap, or what another threshold would do, is told only where no number "
        "under k could be worked out from it. Some of it is not told.",
        "差距来自哪个条件、改变阈值有何效果，仅在无法由此推算出小于 k 的数字时才予说明。其中部分未予说明。",
    ),
    "selective-labels": Words(
        "The outcome is seen only for people who were treated, unless some were held out at random.",
        "除非随机保留对照组，否则只能看到受处理者的结果。",
    ),
    "household": Words(
        "What is counted here is a household, not a person.", "此处统计的是家庭，而非个人。"
    ),
}
TAG: Final[Mapping[str, Words]] = {
    "breach": Words(
        "Tag {tag}, version {version}: a group is beyond the limit of the policy ({reason}).",
        "标签 {tag} 第 {version} 版：有群体超出政策限度（{reason}）。",
    ),
    "within": Words(
        "Tag {tag}, version {version}: within the policy for every group that was judged ({reason}).",
        "标签 {tag} 第 {version} 版：所有被评判的群体均符合政策（{reason}）。",
    ),
    "insufficient": Words(
        "Tag {tag}, version {version}: not enough evidence for a verdict ({reason}). "
        "This does not say that the tag is fair.",
        "标签 {tag} 第 {version} 版：证据不足，无法作出结论（{reason}）。这并不表示该标签是公平的。",
    ),
}
COMPARED: Final = Words(
    "By {attributes}, {rate}: {status}; {reason}.", "按{attributes}，{rate}：{status}；{reason}。"
)
GROUP: Final = Words(
    "{group}: {tagged:,} of {people:,} ({value}, {low} to {high}); ratio to the others {ratio}; "
    "{status}; {reason}.",
    "{group}：{people:,} 人中 {tagged:,} 人（{value}，{low} 至 {high}）；与其他人的比率 {ratio}；"
    "{status}；{reason}。",
)
GROUP_HIDDEN: Final = Words("{group}: {status}; {reason}.", "{group}：{status}；{reason}。")
UNKNOWN: Final = Words(
    "Unknown: {tagged:,} of {people:,} ({value}).",
    "未知：{people:,} 人中 {tagged:,} 人（{value}）。",
)
UNKNOWN_HIDDEN: Final = Words("Unknown: {reason}.", "未知：{reason}。")
OUTCOME: Final = Words("The outcome is: {outcome}.", "结果指：{outcome}。")
DRIFT: Final = Words(
    "{group} ({attribute}), ratio to the others from {first} ({start}) to {last} ({end}): {told}.",
    "{group}（{attribute}），与其他人的比率由 {start} 的 {first} 变为 {end} 的 {last}：{told}。",
)
RULE_CHANGED: Final = Words(
    "In {period} version {version} took the place of version {before}. Its rule was: {old}. It is: {new}.",
    "{period}，第 {version} 版取代第 {before} 版。原规则：{old}。现规则：{new}。",
)
DRIFTED: Final = Words("it changed most before {jump} (p {p})", "在 {jump} 之前变化最大（p {p}）")
STEADY: Final = Words("no change that is more than chance (p {p})", "没有超出偶然的变化（p {p}）")
LAST: Final = Words(
    "Shown last, as of {at}: {tagged:,} of {people:,} ({value}, {low} to {high}).",
    "最近一次显示的数字（截至 {at}）：{people:,} 人中 {tagged:,} 人（{value}，{low} 至 {high}）。",
)
PROTECTED: Final = Words(
    "No group under {k} is shown. {shown:,} of {numbers:,} numbers are shown. For each of the others, and for "
    "each change under {k} since an earlier report, two tables of people agree with all that is shown and "
    "differ by {k} or more: {proofs:,} proofs were carried out.",
    "不显示少于 {k} 人的群体。共 {numbers:,} 个数字，显示 {shown:,} 个。对其余每个数字，以及自以往报告以来"
    "每一处小于 {k} 的变化，都有两份人数表与全部已显示内容一致，且相差不少于 {k}：已逐一验证 {proofs:,} 项证明。",
)
NONE_SHOWN: Final = Words(
    "Of {numbers} numbers {shown} are shown: fewer than {k} people were counted.",
    "共 {numbers} 个数字，显示 {shown} 个：计入的人数少于 {k}。",
)
ALL_SHOWN: Final = Words(
    "All {numbers} numbers are shown: none of them is of a group under {k}.",
    "全部 {numbers} 个数字均予显示：没有一个属于少于 {k} 人的群体。",
)
WAIVED: Final = Words(
    "The shop lives with {finding} ({group}) until {until}: {words}; {owner} answers for it.",
    "商店在{until}之前容忍{finding}（{group}）：{words}；由{owner}负责。",
)
NOT_DEFINED: Final = Words("not defined", "无定义")
LABELS: Final[Mapping[str, Words]] = {
    OTHER: Words("other", "其他"),
    "yes": Words("yes", "是"),
    "no": Words("no", "否"),
    "none": Words("none", "无"),
}
"""What groups are called whose labels are words of ours."""
CROSS: Final = " × "
SMALL_P: Final = 0.001
TITLE: Final = Words("Bias report", "偏差审计报告")


def sentences(document: Mapping[str, Any], language: str) -> list[str]:
    """Return the plain sentences of a report: the tag, each comparison with its groups, the limits."""
    found = [told(document, language), *outcome(document, language), *scored(document, language)]
    for comparison in document["comparisons"]:
        found.append(compared(document, comparison, language))
        found += [_group(group, language) for group in comparison["groups"]]
        if comparison["unknown"] is not None:
            found.append(_unknown(comparison["unknown"], language))
    found += waived(document, language)
    found += [drifted(document, one, language) for one in document["drift"]]
    found += rule_changes(document, language)
    found += [LIMITS[code].of(language) for code in document["limits"]]
    found.append(protected(document["protection"], language))
    return found


def told(document: Mapping[str, Any], language: str) -> str:
    """Return the sentence on the verdict."""
    identity, verdict = document["identity"], document["verdict"]
    return (
        TAG[verdict["status"]]
        .of(language)
        .format(
            tag=identity["tag"],
            version=identity["version"],
            reason=REASONS[verdict["reason"]].of(language),
        )
    )


def outcome(document: Mapping[str, Any], language: str) -> list[str]:
    """Return the sentence on what the outcome was; nothing where there was none."""
    said = document["identity"]["outcome"]
    return [OUTCOME.of(language).format(outcome=said)] if said else []


def compared(document: Mapping[str, Any], comparison: Mapping[str, Any], language: str) -> str:
    """Return the sentence on one comparison."""
    return COMPARED.of(language).format(
        attributes=crossed(document, comparison["attributes"], language),
        rate=rate_of(comparison, language),
        **_outcome(comparison, language),
    )


def crossed(document: Mapping[str, Any], attributes: Sequence[str], language: str) -> str:
    """Return what the attributes of a comparison are called."""
    return CROSS.join(name_of(document, "attribute", one, language) for one in attributes)


def group_name(labels: Sequence[str], language: str) -> str:
    """Return what a group is called."""
    return CROSS.join(LABELS[one].of(language) if one in LABELS else one for one in labels)


def chance(p: str | None) -> str:
    """Return a p as a reader wants it: beyond three digits it says no more; '' where there is none."""
    if p is None:
        return ""
    return "< 0.001" if float(p) < SMALL_P else p


def scored(document: Mapping[str, Any], language: str) -> list[str]:
    """Return the sentence on the median of a tag whose value is a number; nothing for other tags."""
    score = document.get("score")
    if score is None:
        return []
    return [
        (SCORE_NONE if score["median"] == "none" else SCORE)
        .of(language)
        .format(**score, k=document["protection"]["k"])
    ]


def rate_of(comparison: Mapping[str, Any], language: str) -> str:
    """Return what the rate of a comparison is called."""
    return RATES_OF.get(comparison["value"], RATES)[comparison["rate"]].of(language)


def waived(document: Mapping[str, Any], language: str) -> list[str]:
    """Return a sentence for each finding of the report that is waived."""
    return [
        WAIVED.of(language).format(
            **{**one, "words": one["words"]["zh" if language == "zh" else "en"]}
        )
        for one in document["waived"]
    ]


def drifted(document: Mapping[str, Any], one: Mapping[str, Any], language: str) -> str:
    """Return the sentence on how the ratio of a group has changed over months."""
    nothing = NOT_DEFINED.of(language)
    p = one["p"]
    alpha = float(document["identity"]["policy"]["alpha"])
    moved = p is not None and one["jump"] and float(p) < alpha
    told = (DRIFTED if moved else STEADY).of(language)
    told = told.format(jump=one["jump"], p=chance(p) or nothing)
    return DRIFT.of(language).format(
        group=group_name([one["group"]], language),
        attribute=name_of(document, "attribute", one["attribute"], language),
        first=one["ratios"][0]["value"] or nothing,
        last=one["ratios"][-1]["value"] or nothing,
        start=one["periods"][0],
        end=one["periods"][-1],
        told=told,
    )


def rule_changes(document: Mapping[str, Any], language: str) -> list[str]:
    """Return a sentence for each period from which another rule was in use."""
    rules = document.get("rules", [])
    return [
        RULE_CHANGED.of(language).format(
            period=new["period"],
            version=new["version"],
            before=old["version"],
            old=" ".join(old["rule"].split()),
            new=" ".join(new["rule"].split()),
        )
        for old, new in pairwise(rules)
    ]


def protected(protection: Mapping[str, Any], language: str) -> str:
    """Return the sentence on what is hidden, and how that was proven."""
    said = PROTECTED if protection["shown"] else NONE_SHOWN
    if protection["shown"] == protection["numbers"]:
        said = ALL_SHOWN
    return said.of(language).format(**protection)


def last(group: Mapping[str, Any], language: str) -> str:
    """Return the figures of a hidden group that were shown last, with their date; nothing if none were."""
    found = group["last"]
    if found is None:
        return ""
    told = {"at": found["at"][:10], "people": found["people"], "tagged": found["tagged"]}
    return LAST.of(language).format(**told, **found["rate"])


def _with_last(told: str, group: Mapping[str, Any], language: str) -> str:
    between = "" if language == "zh" else " "
    return between.join(part for part in (told, last(group, language)) if part)


def _outcome(part: Mapping[str, Any], language: str) -> dict[str, str]:
    return {
        "status": STATUS[part["status"]].of(language),
        "reason": REASONS[part["reason"]].of(language),
    }


def _group(group: Mapping[str, Any], language: str) -> str:
    name = group_name(group["labels"], language)
    if group["hidden"]:
        told = GROUP_HIDDEN.of(language).format(group=name, **_outcome(group, language))
        return _with_last(told, group, language)
    nothing = NOT_DEFINED.of(language)
    ratio = (group.get("ratio_rest") or {}).get("value") or nothing
    rate = {key: value or nothing for key, value in group["rate"].items()}
    return GROUP.of(language).format(
        group=name,
        people=group["people"],
        tagged=group["tagged"],
        ratio=ratio,
        **rate,
        **_outcome(group, language),
    )


def _unknown(group: Mapping[str, Any], language: str) -> str:
    if group["hidden"]:
        told = UNKNOWN_HIDDEN.of(language).format(reason=REASONS["hidden"].of(language))
        return _with_last(told, group, language)
    value = group["rate"]["value"] or NOT_DEFINED.of(language)
    return UNKNOWN.of(language).format(tagged=group["tagged"], people=group["people"], value=value)
