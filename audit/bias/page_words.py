# SPDX-License-Identifier: Apache-2.0
"""The words around the sentences of a report on its page, English and Chinese."""

from typing import Final

from audit.words import Words

SAID: Final = {
    "several": Words("{count} tags audited", "已审计 {count} 个标签"),
    "identity": Words("What was audited", "审计对象"),
    "finding": Words("Finding", "结论"),
    "groups": Words("By {attributes}: {rate}", "按{attributes}：{rate}"),
    "how": Words(
        "Bar: share counted. Line: interval at the level of the policy. Dashed mark: the limit for this group.",
        "条形：统计所得比例。横线：按政策水平的区间。虚线标记：该组的限度。",
    ),
    "value": Words("value of the tag: {value}", "标签取值：{value}"),
    "benefit": Words("a benefit for a person", "对个人有利"),
    "burden": Words("a burden for a person", "对个人不利"),
    "group": Words("group", "群体"),
    "people": Words("people", "人数"),
    "tagged": Words("with the tag", "带标签"),
    "above": Words("above the median", "高于中位数"),
    "share": Words("share", "比例"),
    "ratio": Words("ratio to the others", "与其他人的比率"),
    "detectable": Words("detectable ratio", "可发现的比率"),
    "p": Words("p", "p 值"),
    "verdict": Words("verdict", "结论"),
    "unknown": Words("unknown", "未知"),
    "data": Words("Where the data come from", "数据来源"),
    "source": Words(
        "{attribute}; kind of data: {origin}. Opened for: {opening}.",
        "{attribute}；数据类别：{origin}。开启目的：{opening}。",
    ),
    "source.consents": Words(
        "{people:,} people agreed to this purpose.", "同意该目的者 {people:,} 人。"
    ),
    "source.closed": Words(
        "Not opened for {people:,} people, who are counted as unknown.",
        "{people:,} 人未开启，计入未知。",
    ),
    "left.restricted": Words(
        "Not counted because the use of their data is restricted: {people:,}.",
        "因限制处理而未计入：{people:,} 人。",
    ),
    "left.not-permitted": Words(
        "Not counted because the tag is not permitted for them: {people:,}.",
        "因不允许对其使用该标签而未计入：{people:,} 人。",
    ),
    "rounded": Words(
        "These numbers are rounded down to a multiple of {k}.", "以上数字向下取整到 {k} 的倍数。"
    ),
    "leak": Words("What the tag says about the attribute", "标签透露的属性信息"),
    "leak.over": Words(
        "{attribute}: more than the policy allows ({bits}).",
        "{attribute}：超出政策允许（{bits}）。",
    ),
    "leak.within": Words(
        "{attribute}: no more than the policy allows ({bits}).",
        "{attribute}：未超出政策允许（{bits}）。",
    ),
    "bits": Words("{bits} bit", "{bits} 比特"),
    "drift": Words("Month by month", "逐月变化"),
    "drift.how": Words(
        "Line: ratio to the others at the end of each month. Dashed: the limit of the policy.",
        "折线：每月末与其他人的比率。虚线：政策限度。",
    ),
    "causes": Words("Which condition of the rule carries the gap", "差距来自规则的哪个条件"),
    "causes.how": Words(
        "Gap: the rate of the group less that of all others. The shares of the conditions sum to it.",
        "差距：该组比例减去其他所有人的比例。各条件的份额之和等于差距。",
    ),
    "condition": Words("condition", "条件"),
    "gap": Words("gap", "差距"),
    "gap.share": Words("adds to the gap", "对差距的贡献"),
    "gap.without": Words("gap without it", "去掉后的差距"),
    "outlook": Words("What another threshold would do", "改变阈值的效果"),
    "outlook.how": Words(
        "Computed from counts that are rounded, to protect people; nothing is applied. Gap: largest rate of a group less the smallest. "
        "Ratio: the smallest by the largest; the limit of the policy is about this one.",
        "由取整后的计数得出（为保护个人），不会实施任何改变。差距：各组比例的最大值减最小值。比率：最小值除以最大值，政策限度针对的是它。",
    ),
    "least": Words("ratio", "比率"),
    "threshold": Words("threshold", "阈值"),
    "reach": Words("people with the tag, at least", "带标签人数（至少）"),
    "limits": Words("What this report does not say", "本报告的限度"),
    "protection": Words("How people are protected", "对个人的保护"),
    "merged": Words("{attribute}: put together: {groups}.", "{attribute}：已合并：{groups}。"),
    "id.tag": Words("tag", "标签"),
    "id.rule": Words("digest of the rule", "规则摘要"),
    "id.outcome": Words("outcome", "结果"),
    "id.owner": Words("owner", "负责人"),
    "id.purposes": Words("purposes", "目的"),
    "id.basis": Words("legal basis", "合法性基础"),
    "id.window": Words("from, to", "起止"),
    "id.made": Words("made", "出具时间"),
    "id.auditor": Words("auditor", "审计人"),
    "id.policy": Words("policy", "政策"),
    "id.floor": Words(
        "limit for the ratio, compared with, level", "比率限度、比较对象、显著性水平"
    ),
    "id.leak": Words(
        "limits: bits of one tag, bits of a pair, AUC of all",
        "限度：单个标签比特、成对比特、整体 AUC",
    ),
    "id.previous": Words("digest of the report before", "上一份报告的摘要"),
    "id.counts": Words("keyed digest of the counts", "计数的带密钥摘要"),
    "id.charge": Words("charge, for", "扣费记录、用途"),
    "id.noised": Words("released counts, SHA-256", "已发布的计数、SHA-256"),
    "id.digest": Words("SHA-256 of this report", "本报告的 SHA-256"),
    "id.program": Words("program, seed", "程序与随机种子"),
    "against.rest": Words("everybody else", "其他所有人"),
    "against.best": Words("each other group", "其他每个群体"),
    "signed": Words(
        "The digest stands in the evidence log, in the entry audit.bias of this report. Whoever has the "
        "JSON file can compute it again: sha256sum FILE.json",
        "该摘要记录在证据日志的 audit.bias 条目中。持有 JSON 文件者可重新计算：sha256sum FILE.json",
    ),
    "sign.here": Words("Decision, name, date:", "决定、姓名、日期："),
}


def say(code: str, language: str, **values: object) -> str:
    """Return a text of the page in a language."""
    return SAID[code].of(language).format(**values)
