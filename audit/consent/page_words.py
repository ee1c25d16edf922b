# SPDX-License-Identifier: Apache-2.0
"""The words around the sentences of a consent report on its page, English and Chinese."""

from collections.abc import Mapping
from typing import Final

from audit.words import Words

SAID: Final[Mapping[str, Words]] = {
    "findings": Words("Findings", "发现"),
    "none": Words("Nothing was found.", "未发现问题。"),
    "coverage": Words("How people stand to each purpose", "个人对各处理目的的状态"),
    "coverage.how": Words(
        "People for whom tags in use serve the purpose, at the end of the period. Right: share whose "
        "basis or consent stands. Needed: of several kinds of consent, one.",
        "期末在用标签涉及该目的的人。右侧：依据或同意有效者的比例。所需：列出多种同意时，取得其一即可。",
    ),
    "purpose": Words("purpose", "处理目的"),
    "law": Words("law", "适用法"),
    "needed": Words("needed", "所需"),
    "barred": Words("stopped by the law: {reason}", "法律不允许：{reason}"),
    "people": Words("people", "人数"),
    "covered": Words("covered", "有依据"),
    "never": Words("no answer", "未表示"),
    "expired": Words("expired", "已过期"),
    "refused": Words("refused", "已拒绝"),
    "withdrawn": Words("withdrawn", "已撤回"),
    "stopped": Words("stopped by choice", "因选择而停止"),
    "hidden": Words("few people", "人数过少"),
    "effects": Words("How fast each no took effect", "各类拒绝的生效速度"),
    "effects.how": Words(
        "From the entry in the ledger to the end of the assignments that stood on what it took away. "
        "Dot: median. Marks: 95th percentile, longest. Dashed: the limit of the policy, {limit} s. "
        "Without a dashed mark: every read stops at once, and stored rows go with the next run.",
        "自登记之时至失去依据的标签赋值终止之时。圆点：中位数；短线：第95百分位与最长；虚线：政策限度"
        "（{limit} 秒）。无虚线者：读取当即停止，存储的赋值随下次运行终止。",
    ),
    "no-effects": Words("Nobody said no in this period.", "本期间无人表示拒绝。"),
    "stop": Words("what was said", "意思表示"),
    "entries": Words("entries", "条数"),
    "recorded": Words("said → on record (median, longest)", "表示 → 登记（中位、最长）"),
    "rested": Words("assignments on it", "所依赋值"),
    "ended": Words("on record → ended (median, 95 %, longest)", "登记 → 终止（中位、95%、最长）"),
    "late": Words("late", "逾时"),
    "standing": Words("still stored", "仍存储"),
    "untouched": Words("no assignment stood on it", "没有赋值依赖于此"),
    "open": Words("none of them has ended", "尚无终止"),
    "stale": Words("Consents that stand", "现有同意的状况"),
    "given": Words("given", "已同意"),
    "too_old": Words("older than {age} days", "超过 {age} 天"),
    "old_notice": Words("older notice", "旧版告知书"),
    "no_notice": Words("no notice on record", "无告知书记录"),
    "notices": Words("present notice", "现行告知书"),
    "signals": Words("Opt-out of sale and sharing", "拒绝出售与共享"),
    "signals.by": Words("people with a preference signal (GPC)", "偏好信号（GPC）人数"),
    "signals.asked": Words("people who opted out otherwise", "以其他方式拒绝的人数"),
    "signals.taken_back": Words("of both, taken back since", "其中此后撤销的人数"),
    "signals.broken": Words("people for whom it was not obeyed", "未予遵从的人数"),
    "signals.conflicts": Words("people with a consent beside it", "同时存在同意的人数"),
    "minors": Words("Minors and guardians", "未成年人与监护人"),
    "band": Words("age", "年龄"),
    "needing": Words("a guardian is needed for", "须监护人同意"),
    "guardian": Words("a guardian agreed for", "监护人已同意"),
    "alone": Words("said yes alone", "仅本人同意"),
    "ages": Words(
        "Age unknown, treated as adults: {unknown}. Of age, with a guardian's consent: {outgrown}.",
        "年龄不详（按成年人处理）：{unknown}。已成年而仅有监护人同意：{outgrown}。",
    ),
    "checked": Words("How it was checked", "检查方法"),
    "method": Words(
        "{assignments} times it was asked of an assignment whether the ledgers of consent and choice "
        "permitted it: when it was made, when a run over everybody kept it, and when somebody said no. "
        "The answer is computed anew from what was said and when it was on record; neither the gate nor "
        "what the gate reads was asked.",
        "对标签赋值共进行了 {assignments} 次核对：在其作出时、在全量运行保留时、以及在有人表示拒绝时，"
        "同意与选择的记录是否允许。答案由表示内容及登记时间重新推算，未调用闸口，也未使用闸口读取的数据。",
    ),
    "limits": Words("What this report does not say", "本报告的限度"),
    "protection": Words("What is exact", "精确与取整"),
    "identity": Words("What was audited", "审计对象"),
    "id.period": Words("period", "期间"),
    "id.made": Words("made", "制作时间"),
    "id.auditor": Words("auditor", "审计者"),
    "id.packs": Words("law", "规则包"),
    "id.policy": Words("limits", "限度"),
    "id.previous": Words("report before", "前一份报告"),
    "id.facts": Words("keyed digest of the exact facts", "精确事实的带密钥摘要"),
    "id.program": Words("program", "程序版本"),
    "id.digest": Words("digest of this report", "本报告摘要"),
    "overlays": Words("{count} overlays", "{count} 项叠加规则"),
    "signed": Words(
        "The digest stands in the evidence log; tagwarden audit log verify shows that the log is "
        "unchanged.",
        "该摘要已写入证据日志；tagwarden audit log verify 可验证日志未被更改。",
    ),
    "sign.here": Words(
        "Reviewed by: ____________________  Date: ____________",
        "复核人：____________________  日期：____________",
    ),
}


def say(code: str, language: str, **values: object) -> str:
    """Return a text of the page."""
    return SAID[code].of(language).format(**values)
