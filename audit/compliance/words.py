# SPDX-License-Identifier: Apache-2.0
"""The words of a compliance report, English and Chinese; both say the same facts of the document."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from audit.words import Words, colon, semicolon

STATUS: Final[Mapping[str, Words]] = {
    "met": Words("met", "符合"),
    "not_met": Words("not met", "不符合"),
    "needs_a_person": Words("needs a person", "需人工判断"),
}
REGIME: Final[Mapping[str, Words]] = {
    "gdpr": Words("GDPR (European Union)", "GDPR（欧盟）"),
    "pipl_cn": Words("PIPL (mainland China)", "个人信息保护法（中国内地）"),
    "ccpa": Words("CCPA (California)", "CCPA（美国加州）"),
}
FINDINGS: Final[Mapping[str, Words]] = {
    "more": Words("And {count} more.", "另有 {count} 项。"),
    "gate.good": Words(
        "Of {tags} tags in use, nobody holds one that the gate stops for them on this ground: {reason}.",
        "在用的 {tags} 个标签中，没有人持有因以下理由被闸口拦截的标签：{reason}。",
    ),
    "gate.clear": Words(
        "Of {tags} tags of this kind in use, nobody holds one that the gate stops for them.",
        "在用的 {tags} 个此类标签中，没有人持有被闸口拦截的标签。",
    ),
    "gate.none": Words(
        "No tag of this kind is in use: there is nothing to compare.",
        "没有此类在用标签，无可比对。",
    ),
    "gate.bad": Words(
        "{tag}: people who hold it although the gate stops it for them ({reason}): {people}. Run: tagwarden run all",
        "{tag}：{people} 人持有本应被闸口拦截的标签（{reason}）。请执行：tagwarden run all",
    ),
    "purposes.good": Words(
        "Every purpose that tags name is on record ({count}).",
        "标签所声明的目的均已登记（{count} 项）。",
    ),
    "purposes.bad": Words(
        'The purpose "{purpose}" is named by a tag in use and was never applied. Run: tagwarden purpose apply FILE',
        "在用标签声明的目的“{purpose}”未登记。请执行：tagwarden purpose apply FILE",
    ),
    "basis.good": Words(
        "Each of {tags} tags in use claims a basis under this law, or nobody is under it.",
        "在用的 {tags} 个标签均声明了本法的合法性基础，或无人适用本法。",
    ),
    "basis.bad": Words(
        "{tag} claims no basis under this law, and people are under it: nothing is shown of them until it does.",
        "{tag} 未声明本法的合法性基础，而有人适用本法；声明之前不对其显示。",
    ),
    "consents.none": Words("No consent is in force.", "没有生效的同意。"),
    "consents.good": Words(
        "Each of {count} consents in force has the version of the notice that was shown.",
        "生效的 {count} 项同意均记录了所展示告知的版本。",
    ),
    "consents.bad": Words(
        "Consents in force that do not say which notice was shown: {count}. Nobody can show what was agreed to.",
        "{count} 项生效的同意未记录所展示的告知，无法证明同意的内容。",
    ),
    "sensitive.young": Words(
        "No tag in use is sensitive for adults. {people} people are under 14 or of unknown age, and what is said of "
        "a child is sensitive.",
        "没有在用标签对成年人而言属敏感信息。{people} 人不满十四周岁或年龄不详，儿童的信息一律属敏感信息。",
    ),
    "sensitive.none": Words("No sensitive tag is in use.", "没有在用的敏感标签。"),
    "weighty.none": Words(
        "No tag in use decides anything of legal or similar weight.",
        "没有在用标签作出具有法律效力或类似重大影响的决定。",
    ),
    "weighty.some": Words("{tag} weighs heavily on people.", "{tag} 对个人权益有重大影响。"),
    "minors.unknown": Words(
        "People whose age is not known, and who are treated as adults: {people}.",
        "{people} 人年龄未知，按成年人处理。",
    ),
    "minors.none": Words("Nobody under age is on record.", "没有未成年人在册。"),
    "assessed.good": Words(
        "Assessments of this kind on record: {count}; no review is overdue.",
        "此类在册评估 {count} 份，均未逾期复审。",
    ),
    "assessed.missing": Words(
        "{type}: nothing in force covers {tag} for “{purpose}”, so the gate stops it. Run: tagwarden assessment apply FILE",
        "{type}：没有生效的评估覆盖 {tag} 的目的“{purpose}”，闸口予以拦截。请执行：tagwarden assessment apply FILE",
    ),
    "nobody": Words(
        "Nobody on record is under this law yet, and the gate stops these tags until then.",
        "目前没有适用本法的在册者，在此之前闸口拦截这些标签。",
    ),
    "assessed.overdue": Words(
        "The review of {assessment} is overdue. Run: tagwarden assessment apply FILE",
        "{assessment} 的复审已逾期。请执行：tagwarden assessment apply FILE",
    ),
    "retention.good": Words("Nothing is past its time.", "没有超过保存期限的数据。"),
    "retention.silent": Words(
        "It is not set after how many days of silence people go (retention.people_days).",
        "未设定无活动个人的删除期限（retention.people_days）。",
    ),
    "retention.bad": Words(
        "Past their time and still there: {count} ({what}). Run: tagwarden retention run",
        "超过保存期限仍未删除：{count}（{what}）。请执行：tagwarden retention run",
    ),
    "kept.good": Words(
        "Every request that the evidence log knows from the last 24 months is on record.",
        "证据日志中最近二十四个月的请求均在册。",
    ),
    "kept.bad": Words(
        "Requests of the last 24 months that stand in the evidence log and are no longer on record: {count}.",
        "{count} 件最近二十四个月的请求见于证据日志但已不在册。",
    ),
    "requests.good": Words(
        "Nothing is overdue, and nothing came late in twelve months; requests on record: {count}.",
        "没有逾期事项，十二个月内也没有迟延；在册请求 {count} 件。",
    ),
    "requests.bad": Words(
        "Request {ref} has been overdue for {days}. Run: tagwarden request doctor",
        "请求 {ref} 已逾期 {days} 天。请执行：tagwarden request doctor",
    ),
    "requests.late": Words(
        "Request {ref}: {what} came late within the last twelve months.",
        "请求 {ref}：{what}在最近十二个月内迟延。",
    ),
    "erasures.good": Words("No erasure is left unfinished.", "没有未完成的删除。"),
    "erasures.bad": Words(
        "Erasures that could go on and do not: {count}. Run: tagwarden erasure run",
        "{count} 项删除可继续而未继续。请执行：tagwarden erasure run",
    ),
    "holds.good": Words(
        "Legal holds in force: {count}, each with its ground, none unconfirmed.",
        "生效的依法保留 {count} 项，均有依据，均已确认。",
    ),
    "holds.bad": Words(
        "Legal holds that wait for a second officer: {count}. Run: tagwarden hold list",
        "{count} 项依法保留待第二名负责人确认。请执行：tagwarden hold list",
    ),
    "untold.good": Words("No recipient has to be told of anything.", "没有尚待通知的接收方。"),
    "untold.some": Words(
        "Times that a recipient has to be told, for a month at the most: {count}.",
        "{count} 次通知接收方尚待完成，均未超过一个月。",
    ),
    "untold.bad": Words(
        "Times that a recipient has not been told for more than a month: {count}. Run: tagwarden notification list",
        "{count} 次通知接收方超过一个月未完成。请执行：tagwarden notification list",
    ),
    "recipients.none": Words(
        "No purpose and no tag in use names such a recipient.", "没有目的或在用标签声明此类接收方。"
    ),
    "recipients.some": Words(
        "What serves “{purpose}” goes to: {code}.", "用于“{purpose}”的数据提供给：{code}。"
    ),
    "setting.missing": Words(
        "Nobody has stated who that is and on which terms (setting {setting}).",
        "未填写其身份与约定（设置项 {setting}）。",
    ),
    "setting.stated": Words(
        "The setting {setting} says who that is.", "设置项 {setting} 已填写其身份。"
    ),
    "setting.other": Words(
        "The setting {setting} does not say {value}.", "设置项 {setting} 的值不是 {value}。"
    ),
    "platform.none": Words(
        "The settings say that this is an own shop, not an online platform (policy.role).",
        "设置表明本店为自营店铺，并非在线平台（policy.role）。",
    ),
    "record.good": Words(
        "The record of processing has every field for every purpose ({count}). See: tagwarden policy record",
        "处理活动记录已就 {count} 项目的填写全部字段。参见：tagwarden policy record",
    ),
    "record.empty": Words("No purpose is on record.", "没有登记任何处理目的。"),
    "record.bad": Words(
        "The record of processing lacks what the setting {setting} would state.",
        "处理活动记录缺少设置项 {setting} 应填写的内容。",
    ),
    "audits.good": Words(
        "Each of {count} tags that are good or bad for people was audited in its period, none beyond the limit.",
        "对个人有利或不利的 {count} 个标签均在周期内审计，均未超出限度。",
    ),
    "audits.undirected": Words(
        "No tag in use says whether it is good or bad for people, so none can be audited for bias.",
        "没有在用标签声明对个人有利或不利，无法进行偏差审计。",
    ),
    "audits.insufficient": Words(
        "{tag}: the newest bias audit had too little evidence for a verdict.",
        "{tag}：最近的偏差审计证据不足，未得出结论。",
    ),
    "audits.none": Words(
        "{tag}: version {version} was never audited for bias. Run: tagwarden audit bias --tag {tag_code} --by ATTRIBUTE",
        "{tag}：版本 {version} 未做过偏差审计。请执行：tagwarden audit bias --tag {tag_code} --by ATTRIBUTE",
    ),
    "audits.missing": Words(
        "{tag}: the fairness policy in force asks for an audit, and version {version} has none by it. Run: "
        "tagwarden audit bias --tag {tag_code}",
        "{tag}：现行公平政策要求审计，而版本 {version} 尚无按该政策作出的审计。请执行：tagwarden audit bias --tag {tag_code}",
    ),
    "audits.overdue": Words(
        "{tag}: its last audit by the fairness policy in force is older than {within}, which that policy allows.",
        "{tag}：按现行公平政策作出的最近一次审计已超过该政策允许的 {within}。",
    ),
    "audits.old": Words(
        "{tag}: the newest bias audit is {days} old, {limit} are allowed.",
        "{tag}：最近的偏差审计已过 {days} 天，上限为 {limit} 天。",
    ),
    "audits.breach": Words(
        "{tag}: a bias audit found a group beyond the limit, and nobody has accepted it. "
        "See: tagwarden audit findings --open",
        "{tag}：偏差审计发现有群体超出限度，且未被接受。参见：tagwarden audit findings --open",
    ),
    "audits.waived": Words(
        "{tag}: a group beyond the limit is accepted for a time, with a reason. See: tagwarden audit findings",
        "{tag}：有群体超出限度，已附理由在一段时间内接受。参见：tagwarden audit findings",
    ),
    "prices.none": Words(
        "No prices were compared. Where prices are on record, run: tagwarden audit price --by ATTRIBUTE",
        "未做过价格比较。如有价格记录，请执行：tagwarden audit price --by ATTRIBUTE",
    ),
    "prices.bad": Words(
        "By {by}: groups paid different prices for the same thing, beyond the limit. See: tagwarden audit show {by_code}",
        "按 {by}：不同群体为同一商品支付的价格之差超出限度。参见：tagwarden audit show {by_code}",
    ),
    "prices.old": Words(
        "The newest audit of prices is {days} old, {limit} are allowed.",
        "最近的价格审计已过 {days} 天，上限为 {limit} 天。",
    ),
    "prices.insufficient": Words(
        "By {by}: the newest audit of prices had too little evidence for a verdict.",
        "按 {by}：最近的价格审计证据不足，未得出结论。",
    ),
    "prices.good": Words(
        "Ways of grouping people by which prices were compared: {count}, the last {days} ago; none beyond the limit.",
        "已按 {count} 种分组比较价格，最近一次在 {days} 天前，均未超出限度。",
    ),
    "consent-audit.none": Words(
        "No audit of consent was made. Run: tagwarden audit consent",
        "未做过同意审计。请执行：tagwarden audit consent",
    ),
    "consent-audit.good": Words(
        "The newest audit of consent, {days} old, found nothing.",
        "最近的同意审计（{days} 天前）未发现问题。",
    ),
    "consent-audit.attention": Words(
        "The newest audit of consent, {days} old, found things to be looked at.",
        "最近的同意审计（{days} 天前）有需查看的事项。",
    ),
    "consent-audit.bad": Words(
        "An audit of consent, {days} old, found breaches, and no later one that goes on where it ended, by "
        "limits as strict, is without. See: tagwarden audit show consent",
        "同意审计（{days} 天前）发现违反，此后没有与之衔接、且限度同样严格的审计表明已无违反。"
        "参见：tagwarden audit show consent",
    ),
    "models.good": Words(
        "No model is past the date by which it is trained again.", "没有超过重新训练期限的模型。"
    ),
    "models.bad": Words(
        "The model {model} is past the date by which it is trained again.",
        "模型 {model} 已超过重新训练的期限。",
    ),
    "audited.first": Words(
        "This is the first audit of this law here.", "这是本工作区首次就本法审计。"
    ),
    "audited.before": Words(
        "The audit before this one was {days} ago.", "上一次审计在 {days} 天前。"
    ),
    "keys.good": Words(
        "Keys are rotated in time and backed up, and everybody on record has one (level: {level}).",
        "密钥按期轮换并已备份，在册者均有密钥（级别：{level}）。",
    ),
    "keys.old": Words(
        "The key of the epoch is {days} old, {limit} are allowed. Run: tagwarden key rotate",
        "当前密钥已使用 {days} 天，上限为 {limit} 天。请执行：tagwarden key rotate",
    ),
    "keys.unfinished": Words(
        "A rotation of the keys was not finished. Run: tagwarden key rotate --finish",
        "密钥轮换未完成。请执行：tagwarden key rotate --finish",
    ),
    "keys.backup.none": Words(
        "There is no backup of the keys: what is lost with them cannot be brought back. Run: tagwarden key backup FILE",
        "密钥没有备份，一旦丢失无法恢复。请执行：tagwarden key backup FILE",
    ),
    "keys.backup.old": Words(
        "The newest backup of the keys is too old. Run: tagwarden key backup FILE",
        "最近的密钥备份过旧。请执行：tagwarden key backup FILE",
    ),
    "keys.backup.copies": Words(
        "Old backups of the keys may still open what was erased. Destroy them, then: tagwarden key rotate",
        "旧的密钥备份仍可能打开已删除的内容。请先销毁，再执行：tagwarden key rotate",
    ),
    "keys.keyless": Words(
        "People on record without a key: {people}. See: tagwarden doctor",
        "{people} 名在册者没有密钥。参见：tagwarden doctor",
    ),
    "log.good": Words(
        "The evidence log was recomputed: {size} entries as they were written, root {root}.",
        "已重新计算证据日志：{size} 个条目与写入时一致，根为 {root}。",
    ),
    "log.problem": Words(
        "The evidence log is not what was written: {problem}. See: tagwarden audit log verify",
        "证据日志与写入时不一致：{problem}。参见：tagwarden audit log verify",
    ),
    "log.no-anchor": Words(
        "No anchor is set: whoever owns this machine could put the log back unseen (evidence.anchors).",
        "未设置锚定：机器的所有者可在不被察觉的情况下回退日志（evidence.anchors）。",
    ),
    "log.unanchored": Words(
        "No checkpoint has left this machine. Run: tagwarden audit log anchor",
        "尚无检查点离开本机。请执行：tagwarden audit log anchor",
    ),
    "log.unreachable": Words("Anchors out of reach: {count}.", "{count} 个锚定无法访问。"),
    "log.stale": Words(
        "The newest checkpoint outside is {hours} hours old. Run: tagwarden audit log anchor",
        "外部最新检查点已过 {hours} 小时。请执行：tagwarden audit log anchor",
    ),
    "tested.good": Words(
        "The product decides it alike in every workspace; {count} tests of this version show it.",
        "由产品在所有工作区统一判定；本版本有 {count} 处测试予以证明。",
    ),
    "clock.fixed": Words(
        "The clock of this workspace stands still (clock.fixed): it is a demonstration, and times say nothing.",
        "本工作区的时钟已固定（clock.fixed）：仅供演示，时间不具意义。",
    ),
    "tested.overlaid": Words(
        "An overlay changes the law here; tests of this version show it for the law as it is shipped.",
        "本工作区以叠加规则更改了法规；本版本的测试只证明随附的规则。",
    ),
    "tested.none": Words("No test of this version shows it.", "本版本没有测试予以证明。"),
}
MISSED: Final[Mapping[str, Words]] = {
    "missed.acknowledgement": Words("the confirmation of receipt", "收到确认"),
    "missed.extension": Words("the notice of the extension", "延期通知"),
    "missed.answer": Words("the answer", "答复"),
}
LIMITS: Final[Mapping[str, Words]] = {
    "not-advice": Words(
        "A report is no legal advice. Rows marked † are from knowledge and wait for a lawyer's eye.",
        "本报告不是法律意见。标有 † 的条目依据一般知识编写，待律师核实。",
    ),
    "workspace": Words(
        "It speaks of this workspace. What the shop shows on its pages, agrees in contracts or does by hand is "
        "not seen. Keys, log, sweeps, erasures and holds are those of all people, whatever their law.",
        "本报告仅针对本工作区；商家页面的展示、合同约定与人工操作不在其内。密钥、日志、清理、删除与保留针对所有人，不区分法域。",
    ),
    "instant": Words(
        "It speaks of the instant at which it was made; of the past it tells only late answers of twelve months.",
        "本报告针对出具时的状态；对过去仅说明十二个月内的迟延答复。",
    ),
    "numbers": Words(
        "Met means that the program looked at all that the row asks of a workspace and found nothing against it.",
        "“符合”表示程序已查看该条对工作区的全部要求且未发现问题。",
    ),
}


def sentence(said: Mapping[str, Any], words: Mapping[str, Mapping[str, str]], language: str) -> str:
    """Return what was found, in a language; values that are codes are told in their words.

    `{tag}` is what people call a tag, `{tag_code}` what a command calls it.
    """
    values: dict[str, str] = {}
    for name, value in said["values"].items():
        values[f"{name}_code"] = str(value)
        if isinstance(value, str):
            values[name] = _word(name, value, words, language)
        else:
            values[name] = _number(name, value, language)
    return FINDINGS[said["code"]].of(language).format(**values)


def _number(name: str, value: int, language: str) -> str:
    if name != "days" or language == "zh":
        return f"{value:,}"
    return f"{value:,} day" if value == 1 else f"{value:,} days"


def _word(name: str, value: str, words: Mapping[str, Mapping[str, str]], language: str) -> str:
    """Return the words of codes, joined by commas, or the text itself."""
    found = words.get(f"{name}.{value}")
    if found is not None:
        return found["zh" if language == "zh" else "en"]
    parts = value.split(", ")
    if not all(part in MISSED or part in words for part in parts):
        return value
    return ("、" if language == "zh" else "; ").join(
        MISSED[part].of(language)
        if part in MISSED
        else words[part]["zh" if language == "zh" else "en"]
        for part in parts
    )


def sentences(document: Mapping[str, Any], language: str) -> Iterator[str]:
    """Yield a report in lines: what is not met, what a person must look at, and the counts."""
    verdict = document["verdict"]
    for row in document["rows"]:
        if row["status"] == "not_met":
            yield f"{STATUS['not_met'].of(language)}{colon(language)}{row['id']} ({row['article']})"
            for said in row["says"]:
                yield f"  {sentence(said, document['words'], language)}"
    yield semicolon(language).join(
        f"{word.of(language)}{colon(language)}{verdict[code]:,}" for code, word in STATUS.items()
    )
