# SPDX-License-Identifier: Apache-2.0
"""The words around the findings of a compliance report on its page, English and Chinese."""

from typing import Final

from audit.words import Words

SAID: Final = {
    "title": Words("Compliance audit: {regime}", "合规审计：{regime}"),
    "counts": Words(
        "{not_met} not met, {needs_a_person} for a person to judge, {met} met.",
        "不符合 {not_met} 条，需人工判断 {needs_a_person} 条，符合 {met} 条。",
    ),
    "summary.not_met": Words("Not in order.", "存在不符合项。"),
    "summary.needs_a_person": Words(
        "Nothing was found that is not met; some of it a person must judge.",
        "未发现不符合项；部分条目需人工判断。",
    ),
    "summary.met": Words("Everything was looked at, and is met.", "全部条目均已查看并符合。"),
    "nobody": Words(
        "Nobody on record is under this law: what is met is met because nothing of the kind is there.",
        "目前没有适用本法的在册者：符合的条目是因为不存在相关情形。",
    ),
    "open": Words("Not met", "不符合的条目"),
    "unverified": Words(
        "The order and the count of these 27 items are from knowledge. Numbers marked ‡ must be compared with the "
        "annex of the Audit Measures before they are used.",
        "以下二十七项的顺序与数量依据一般知识编写；标有 ‡ 的序号使用前须与《个人信息保护合规审计管理办法》附件核对。",
    ),
    "empty": Words(
        "The packs have no row under this heading: a person looks whether it concerns the shop.",
        "规则包在此项下没有条目：须人工判断是否涉及本店。",
    ),
    "item": Words("item", "条目"),
    "asks": Words("the law asks", "法律要求"),
    "status": Words("status", "状态"),
    "found": Words("found, and what shows it", "发现与证据"),
    "look": Words("For a person: ", "需人工查看："),
    "left": Words("Not looked at by the program: ", "程序未查看："),
    "elsewhere": Words("see above", "见上文"),
    "papers": Words("Documents that stand as evidence", "作为证据的文件"),
    "papers.kind": Words("kind", "类型"),
    "papers.name": Words("name, version", "名称、版本"),
    "documents": Words("{count} documents (annex)", "{count} 份文件（附件）"),
    "entries": Words(
        "log: {act} ×{times}, newest entry {entry} ({at})",
        "日志：{act} {times} 次，最新条目 {entry}（{at}）",
    ),
    "tests": Words("tests", "测试"),
    "tests.more": Words("and {count} more", "另有 {count} 处"),
    "limits": Words("What this report does not say", "本报告的限度"),
    "identity": Words("The audit", "审计信息"),
    "id.regime": Words("law", "法律"),
    "id.people": Words("people on record under this law", "适用本法的在册人数"),
    "id.law_as_of": Words("law as of", "法律截至"),
    "id.made": Words("made", "出具时间"),
    "id.auditor": Words("auditor", "审计人"),
    "id.program": Words("program", "程序"),
    "id.log": Words("evidence log: entries, root", "证据日志：条目数、根"),
    "id.previous": Words("digest of the report before", "上一份报告的摘要"),
    "id.digest": Words("SHA-256 of this report", "本报告的 SHA-256"),
    "signed": Words(
        "The digest stands in the evidence log, in the entry audit.compliance of this report. Whoever has the "
        "JSON file can compute it again: sha256sum FILE.json",
        "该摘要记录在证据日志的 audit.compliance 条目中。持有 JSON 文件者可重新计算：sha256sum FILE.json",
    ),
    "sign.here": Words("Decision, name, date:", "决定、姓名、日期："),
}
KINDS: Final = {
    "tag": Words("tag", "标签"),
    "purpose": Words("purpose", "处理目的"),
    "assessment": Words("assessment", "评估"),
    "report": Words("report", "报告"),
    "pack": Words("policy pack", "规则包"),
    "overlay": Words("overlay of the law", "规则覆盖层"),
}
FIGURES: Final = {
    "looked-at": Words("looked at", "查看数"),
    "tags-compared": Words("tags compared", "比对标签"),
    "people-under-law": Words("people under this law", "适用本法人数"),
    "consents": Words("consents in force", "生效同意"),
    "consents-unnoticed": Words("without a notice", "未记录告知"),
    "minors": Words("under age", "未成年"),
    "age-unknown": Words("age unknown", "年龄未知"),
    "assessments": Words("assessments", "评估"),
    "requests": Words("requests on record", "在册请求"),
    "requests-lost": Words("no longer on record", "已不在册"),
    "overdue": Words("overdue", "逾期"),
    "late-12-months": Words("late in 12 months", "十二个月内迟延"),
    "erasures-unfinished": Words("erasures unfinished", "未完成的删除"),
    "holds": Words("legal holds", "依法保留"),
    "holds-unconfirmed": Words("unconfirmed", "未确认"),
    "untold": Words("recipients to be told", "待通知接收方"),
    "untold-over-a-month": Words("for over a month", "超过一个月"),
    "recipients": Words("recipients", "接收方"),
    "purposes": Words("purposes", "处理目的"),
    "fields-missing": Words("fields missing", "缺少字段"),
    "tags-to-audit": Words("tags to be audited", "应审计标签"),
    "tags-audited": Words("audited", "已审计"),
    "price-audits": Words("comparisons of prices", "价格比较"),
    "models-overdue": Words("models overdue", "逾期模型"),
    "key-epoch": Words("key epoch", "密钥周期"),
    "key-age": Words("age of the key in days", "密钥天数"),
    "key-limit": Words("days allowed", "允许天数"),
    "people-without-key": Words("people without a key", "无密钥人数"),
    "log-entries": Words("entries in the log", "日志条目"),
    "log-waiting": Words("waiting for the log", "待写入日志"),
}


def say(code: str, language: str, **values: object) -> str:
    """Return a text of the page in a language."""
    return SAID[code].of(language).format(**values)
