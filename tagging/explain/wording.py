# SPDX-License-Identifier: Apache-2.0
"""The fixed words of an explanation, each in English and Chinese, with the same places to fill.

Words for the person say "you"; the others speak of the person, as officers and engineers do.
"""

from collections.abc import Mapping

from tagging.document import Words
from tagging.explain.amounts import Language

Pair = tuple[str, str]

LINES: Mapping[str, Pair] = {
    "head.has": ("{name}: {value}, since {day}", "{name}：{value}（自{day}起）"),
    "head.not": ("{name}: you do not have this tag", "{name}：您没有这个标签"),
    "head.refused": ("{name}: not computed for you", "{name}：没有为您计算"),
    "head.stopped": ("{name}: not used at present", "{name}：目前停用"),
    "stopped": (
        "  The shop has stopped it for everybody until an audit of it is in order.",
        "  商店已对所有人停用该标签，直至其审计合格。",
    ),
    "refused.reason": ("  {name}: {why}", "  {name}：{why}"),
    "refused.nothing-read": (
        "  So none of your behaviour was read for it.",
        "  因此没有读取您的任何行为记录。",
    ),
    "noted": ("  We noted: {text}", "  我们记录到：{text}"),
    "because": ("  Because: {text}", "  原因：{text}"),
    "because.more": ("           {text}", "        {text}"),
    "because.nothing": ("  No fact of yours matters for it", "  您的任何数据都不影响结果"),
    "also": ("  Looked at too, without deciding: {text}", "  也参考了（未影响结果）：{text}"),
    "change": ("  It would change with: {text}", "  怎样会改变结果：{text}"),
    "change.into": ("  It would become “{value}” with: {text}", "  怎样会变为“{value}”：{text}"),
    "change.away": ("  It would end with: {text}", "  怎样会失去这个标签：{text}"),
    "change.none": (
        "  Nothing in your data would change it",
        "  您的数据怎样变化都不会改变结果",
    ),
    "change.unknown": (
        "  No small change that would alter it was found",
        "  没有找到能改变结果的小变化",
    ),
    "segment.nearest": (
        "  Because: of all groups the middle of this one is nearest; the next is “{value}”",
        "  原因：在所有群组中，本组的中心距离最近；其次为“{value}”",
    ),
    "segment.only": (
        "  Because: the middle of this group is near enough; there is no other group",
        "  原因：距本组中心足够近，且没有其他群组",
    ),
    "segment.none": ("  Because: no group is near enough", "  原因：距任何群组都不够近"),
    "segment.part": (
        "           {name}: {value} {way} ({share} % of what counts)",
        "        {name}：{value} {way}（占全部影响的{share}%）",
    ),
    "segment.private": (
        (
            "  The groups were published with noise, so that they say almost nothing about you; which one "
            "you are in is computed from your own record and does say something about you"
        ),
        "  群组在公布时加入了噪声，几乎不透露您的信息；而您属于哪一组由您自己的记录计算得出，会透露您的信息",
    ),
    "model.yes": (
        "  Because: a model learned from what others did gives {score} of 100; the tag is given above {threshold}",
        "  原因：模型根据他人的行为学习得出，评分为{score}（满分100），高于{threshold}即给予标签",
    ),
    "model.no": (
        "  Because: a model learned from what others did gives {score} of 100; more than {threshold} is needed",
        "  原因：模型根据他人的行为学习得出，评分为{score}（满分100），须高于{threshold}",
    ),
    "model.facts": (
        "           These facts alone decide it; nothing else matters:",
        "        仅以下事实即可决定结果，其余均无影响：",
    ),
    "model.always": (
        "           The model says the same of everybody",
        "        该模型对所有人的结论都相同",
    ),
    "model.fact": ("           {name}: {value} ({range})", "        {name}：{value}（{range}）"),
    "model.base": ("           for everybody: {base}", "        对所有人相同的部分：{base}"),
    "model.part": ("           {name}: {value} adds {part}", "        {name}：{value}，贡献{part}"),
    "model.sum": (
        "           together: {margin}; above 0 the tag is given",
        "        合计：{margin}；大于0即给予标签",
    ),
    "model.votes": (
        (
            "           {yes} of {of} small decision trees say yes. They decide together, so no short list of "
            "facts would be the true reason; all the facts that they look at are below"
        ),
        "        {of}棵小决策树中有{yes}棵给出肯定结论。它们共同决定，任何简短的事实清单都不是真正的原因；所用的全部事实见下文",
    ),
    "model.wrong": (
        "  It is an estimate and can be wrong about you: you may contradict it, and a person will look at it",
        "  这是估计，可能与您的实际情况不符：您可以提出异议，由人工复核",
    ),
    "model.private": (
        (
            "  The model was trained with noise, so that it says almost nothing about any one person it learned "
            "from; what it says of you is computed from your own record"
        ),
        "  模型训练时加入了噪声，几乎不透露任何学习对象的信息；而对您的结论由您自己的记录计算得出",
    ),
    "model.plain": (
        "  The model was trained without the protection of noise",
        "  模型训练时没有噪声保护",
    ),
    "inexact": ("  (not proven to be the smallest set)", "  （不保证是最小的一组）"),
    "ends": ("  Without anything new it ends by {day}", "  如无新的行为，最晚到{day}失效"),
    "used-for": (
        "  Used for: {name}, on the ground of {basis}",
        "  用于：{name}，法律依据：{basis}",
    ),
    "would-be-used-for": (
        "  Would be used for: {name}, on the ground of {basis}",
        "  将用于：{name}，法律依据：{basis}",
    ),
    "sources": ("  From: {text}", "  数据来源：{text}"),
    "act.object": ("  Object to the use: {text}", "  反对此用途：{text}"),
    "act.correct": ("  Correct the data: {text}", "  更正数据：{text}"),
    "act.delete": ("  Delete this tag for good: {text}", "  删除并屏蔽此标签：{text}"),
    "act.switch_off": ("  Switch all of it off: {text}", "  关闭全部个性化：{text}"),
    "regime": ("    {regime}: {cites}", "    {regime}：{cites}"),
    "consent": ("    consent record {id}: {text}", "    同意记录{id}：{text}"),
    "tag": ("  tag: {key} v{version}, {digest}", "  标签：{key} v{version}，{digest}"),
    "kind": ("  derivation: {text}", "  来源方式：{text}"),
    "author": ("  author: {text}", "  撰写者：{text}"),
    "approved": ("  approved by: {text}", "  批准者：{text}"),
    "run": ("  run: {run}, {at}", "  运行：{run}，{at}"),
    "replays": ("  evidence replays: {text}", "  证据可重放：{text}"),
    "rule": ("  rule: {text}", "  规则：{text}"),
    "fact": ("  {id}: {text}  [{spelled} = {raw}]", "  {id}：{text}  [{spelled} = {raw}]"),
    "cuts": ("  cut points of {spelled}: {text}", "  {spelled}的分档点：{text}"),
    "move": ("  smallest change: {id} {raw} -> {to}", "  最小变化：{id} {raw} -> {to}"),
    "evidence": ("  evidence: {text}", "  证据：{text}"),
}

OF_THE_PERSON: Mapping[str, Pair] = {
    "head.not": ("{name}: not given to the person", "{name}：本人没有这个标签"),
    "head.refused": ("{name}: not computed for the person", "{name}：没有为本人计算"),
    "stopped": (
        "  Stopped for everybody by the policy of audits: {why}",
        "  依据审计政策对所有人停用：{why}",
    ),
    "refused.nothing-read": (
        "  So none of the person's behaviour was read for it.",
        "  因此没有读取本人的任何行为记录。",
    ),
    "segment.private": (
        (
            "  The groups were published with noise, so that they say almost nothing about one person; the "
            "group of a person is computed from their own record and does say something about them"
        ),
        "  群组在公布时加入了噪声，几乎不透露个人信息；而某人属于哪一组由其本人的记录计算得出，会透露其信息",
    ),
    "model.wrong": (
        "  It is an estimate and can be wrong: the person may contradict it, and a person must look at it",
        "  这是估计，可能有误：本人可以提出异议，须由人工复核",
    ),
    "model.private": (
        (
            "  The model was trained with noise, so that it says almost nothing about any one person it learned "
            "from; what it says of a person is computed from their own record"
        ),
        "  模型训练时加入了噪声，几乎不透露任何学习对象的信息；而对某人的结论由其本人的记录计算得出",
    ),
    "because.nothing": ("  No fact of the person matters for it", "  本人的任何数据都不影响结果"),
    "change.none": (
        "  Nothing in the person's data would change it",
        "  本人的数据怎样变化都不会改变结果",
    ),
}

NOTES: Mapping[str, Pair] = {
    "asks": ("the rule asks for {text}", "条件：{text}"),
    "stays": ("it stays so with {text}", "{text}时结果不变"),
    "now": ("now {text}", "目前：{text}"),
    "value": ("value {text}", "数值：{text}"),
    "cuts": ("range of the tier: {text}", "分档范围：{text}"),
    "more": ("more than your present number", "多于您目前的数值"),
    "less": ("less than your present number", "少于您目前的数值"),
    "other": ("another value than your present one", "与您目前不同的值"),
    "some": ("a value, where you have none now", "您目前没有的数值"),
    "yes": ("yes", "是"),
    "no": ("NO", "否"),
    "has": ("yes", "有"),
    "segment.for": ("speaks for it", "支持本组"),
    "segment.against": ("speaks against it", "不支持本组"),
    "model.above": ("more than {end}", "大于{end}"),
    "model.up-to": ("{end} at most", "不超过{end}"),
    "segment.nothing": ("nothing on record", "无记录"),
}

REFUSALS: Mapping[str, Pair] = {
    "restricted": ("you have restricted the use of your data", "您已限制对您数据的处理"),
    "tag-blocked": ("you have deleted and blocked this tag", "您已删除并屏蔽该标签"),
    "tag-contested": ("you contest that this tag is right", "您对该标签的准确性提出了异议"),
    "unknown-purpose": ("its purpose is not registered", "其用途尚未登记"),
    "purpose-not-declared": ("it was not made for this purpose", "该标签并非为此用途而设"),
    "no-basis-claimed": ("no legal basis is stated for it", "没有为其说明法律依据"),
    "wrong-basis": ("its legal basis does not cover this purpose", "其法律依据不适用于此用途"),
    "minor": ("it is not permitted at your age", "不允许对您所处的年龄段使用"),
    "prohibited": ("the law forbids it", "法律禁止"),
    "gap": ("the law does not settle it, so we do not do it", "法律未作明确规定，因此我们不使用"),
    "assessment-missing": (
        "we have not assessed what it means for people, or not lately",
        "我们尚未评估其对个人的影响，或评估逾期未复审",
    ),
    "opted-out": ("you have opted out of sale and sharing", "您已拒绝出售与共享"),
    "limited": ("you have limited the use of sensitive data", "您已限制敏感信息的使用"),
    "decisions-off": (
        "you do not want such decisions to be made by technology",
        "您不接受由自动化技术作出此类决定",
    ),
    "objected": ("you have objected", "您已表示反对"),
    "personalisation-off": ("you have switched personalisation off", "您已关闭个性化"),
    "consent-withdrawn": ("you withdrew your consent", "您已撤回同意"),
    "consent-refused": ("you refused your consent", "您没有同意"),
    "consent-expired": ("your consent has expired", "您的同意已过期"),
    "no-consent": ("we do not have your consent", "我们没有取得您的同意"),
}
"""Why the gate refuses, said to the person; to others it is said in the words of the policy."""

WAYS: Mapping[str, Pair] = {
    "acting": ("by new activity", "随新的行为"),
    "waiting": ("by time alone", "随时间推移"),
    "stating": ("by correcting what was declared", "更正所填信息即可"),
    "tag": ("together with that tag", "随该标签变化"),
    "never": ("only if data are corrected or erased", "仅在数据被更正或删除时"),
}

DERIVATIONS: Mapping[str, Pair] = {
    "declared": ("declared by the person", "本人填写"),
    "observed": ("observed", "观察所得"),
    "inferred": ("inferred", "推断所得"),
}

SOURCES: Mapping[str, Pair] = {
    "user": ("personal data", "个人信息"),
    "user.account": ("account", "账户信息"),
    "user.behavior": ("behaviour in the shop", "在本店的行为记录"),
    "user.behavior.browsing_history": ("browsing history", "浏览记录"),
    "user.behavior.media_consumption": ("media use", "媒体使用记录"),
    "user.behavior.purchase_history": ("purchase history", "购买记录"),
    "user.behavior.search_history": ("search history", "搜索记录"),
    "user.biometric": ("biometric data", "生物识别信息"),
    "user.contact": ("contact data", "联系方式"),
    "user.contact.address": ("address", "地址"),
    "user.content": ("content provided", "所发布的内容"),
    "user.demographic": ("demographic data", "人口统计信息"),
    "user.demographic.age_range": ("age band", "年龄段"),
    "user.demographic.gender": ("gender", "性别"),
    "user.demographic.profile": ("profile", "个人资料"),
    "user.device": ("device data", "设备信息"),
    "user.financial": ("financial data", "财务信息"),
    "user.health_and_medical": ("health data", "健康信息"),
    "user.location": ("location", "位置信息"),
    "user.payment": ("payment data", "支付信息"),
    "user.social": ("social data", "社交信息"),
    "user.unique_id": ("identifiers", "标识符"),
}


def line(code: str, language: Language, *, to_subject: bool, **filled: object) -> str:
    """Return a line of an explanation, spoken to the person or about the person."""
    pair = LINES[code] if to_subject else OF_THE_PERSON.get(code, LINES[code])
    return pair[language == "zh"].format(**filled)


def note(code: str, language: Language, **filled: object) -> str:
    """Return a remark, to be put in brackets."""
    return NOTES[code][language == "zh"].format(**filled)


def brackets(text: str, notes: list[str], language: Language) -> str:
    """Return a text with remarks behind it."""
    if not notes:
        return text
    return f"{text}（{'；'.join(notes)}）" if language == "zh" else f"{text} ({'; '.join(notes)})"


def source_words(key: str, known: Mapping[str, Words], language: Language) -> str:
    """Return the words for a data category: those of the caller, ours, or those of a wider one."""
    while key:
        words = known.get(key)
        if words is not None:
            return words.in_(language)
        if key in SOURCES:
            return SOURCES[key][language == "zh"]
        key = key.rpartition(".")[0]
    return "其他数据" if language == "zh" else "other data"
