# SPDX-License-Identifier: Apache-2.0
"""What stays after an erasure although it came from people, and why: in words, by reason code."""

from typing import Final

from tagging.finding import Text

WHAT: Final = {
    "erase": Text("erased", "删除"),
    "retain": Text("kept on a ground", "依据保留"),
    "shred": Text("made unreadable: its key is destroyed", "销毁密钥，无法再读取"),
}
GROUNDS: Final = {
    "proof-of-consent": Text(
        "proof that consent was asked for and given (GDPR Art. 7(1))",
        "证明已征得同意（GDPR 第7条第1款）",
    ),
    "proof-of-answer": Text(
        "proof that requests were answered, without the person (11 CCR 7101, GDPR Art. 5(2))",
        "证明已答复请求，且不再指向本人（11 CCR 7101，GDPR 第5条第2款）",
    ),
    "no-return": Text(
        "that no import and no backup brings the person back",
        "防止再次导入或备份恢复",
    ),
    "proof-of-choice": Text(
        "proof that a choice was respected (GDPR Art. 5(2))",
        "证明选择得到遵守（GDPR 第5条第2款）",
    ),
}
REMAINS: Final = {
    "release-bounded": Text(
        "released statistics with noise stay: what one person can have changed in them is bounded by the "
        "privacy charge; they are not computed again, for that would cost everybody else privacy",
        "已发布的加噪统计保留：任何个人对其影响均受隐私预算限制；不重新计算，以免损害他人隐私",
    ),
    "learned-retrain": Text(
        "rules learned from many people stay until they are trained again on their schedule; then without "
        "this person",
        "由多人数据学习得到的规则保留至下次按计划重新训练，届时不含此人",
    ),
    "report-counts": Text(
        "reports, cut points and totals stay: they are counts over many people",
        "报告、分位点与合计保留：仅为多人统计",
    ),
    "suppression": Text(
        "a keyed digest of each identity stays, so that no import brings the person back",
        "保留身份的带密钥摘要，以防再次导入",
    ),
    "backup-expiry": Text(
        "backups of the keys stay until they expire; what they open is told on the certificate",
        "密钥备份保留至到期；证明书载明期限",
    ),
    "events-undivided": Text(
        "events stay: they carry no category of personal data by which they could be told apart",
        "行为事件保留：其不带可据以区分的个人数据类别",
    ),
    "proof-of-part": Text(
        "what was said and chosen stays on record, and so does this decision",
        "所作同意与选择以及本次决定的记录保留",
    ),
    "source-may-repeat": Text(
        "an import may bring such attributes again: the source must be told",
        "再次导入可能重新带来该属性：须通知来源方",
    ),
}
WHOLE: Final = (
    "suppression",
    "backup-expiry",
    "release-bounded",
    "learned-retrain",
    "report-counts",
)
PART: Final = ("proof-of-part", "release-bounded", "learned-retrain", "report-counts")
CATEGORY: Final = (*PART, "events-undivided", "source-may-repeat")
WAITING: Final = {
    "grace": Text("can still be cancelled", "尚可撤销"),
    "reader": Text(
        "another process still reads what was deleted; run this again when it has ended",
        "另有进程仍在读取已删除内容；待其结束后再次运行",
    ),
    "found": Text(
        "the search still found something; run this again, then tagwarden doctor",
        "检查仍有发现；请再次运行，然后执行 tagwarden doctor",
    ),
}
"""Why an erasure does not go on now."""

STEPS: Final = {
    "cancelled": Text("cancelled", "已撤销"),
    "restricted": Text("restricted: nothing is used", "已限制：不再使用任何数据"),
    "committed": Text("committed: it goes forward only", "已确定：不可撤回"),
    "suppressed": Text("no import brings the person back", "已防止再次导入"),
    "keys-destroyed": Text("keys destroyed", "密钥已销毁"),
    "data-deleted": Text("rows deleted", "数据行已删除"),
    "derived-purged": Text("files written anew", "文件已重写"),
    "checked": Text("searched for, nothing found", "已检查，未发现残留"),
    "certified": Text("certified", "已出具证明"),
    "closed": Text("closed", "已完成"),
}


def waiting(code: str, language: str) -> str:
    """Return in words why an erasure does not go on; where something was found is named."""
    if not code:
        return ""
    reason, *places = code.split(" ")
    said = WAITING[reason].in_(language)
    return f"{said} ({', '.join(places)})" if places else said


def remains(kind: str) -> tuple[str, ...]:
    """Return the codes of what stays after an erasure of a kind of scope."""
    return {"everything": WHOLE, "category": CATEGORY}.get(kind, PART)
