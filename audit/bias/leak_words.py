# SPDX-License-Identifier: Apache-2.0
"""The words of a leak report, English and Chinese, and its sentences: both say the same facts."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from audit.bias.words import REASONS, STATUS, group_name
from audit.words import Words, name_of, with_code

_SAID: Final = {
    "title": Words("Leak report: {attribute}", "泄露审计报告：{attribute}"),
    "verdict": Words(
        "What the tags say about {attribute}: {status}; {reason}.",
        "标签透露的{attribute}信息：{status}；{reason}。",
    ),
    "tag": Words(
        "{tag} says {bits} bit about it: over the limit.", "{tag} 透露 {bits} 比特：超出限度。"
    ),
    "tag.untold": Words(
        "{tag} says more about it than the policy allows; how much is not shown, to protect people.",
        "{tag} 透露的信息超出政策允许；为保护个人不显示数值。",
    ),
    "pair": Words(
        "{first} and {second} together say {bits} bit: over the limit.",
        "{first} 与 {second} 合起来透露 {bits} 比特：超出限度。",
    ),
    "pair.untold": Words(
        "{first} and {second} together say more than the policy allows; how much is not shown, to protect people.",
        "{first} 与 {second} 合起来透露的信息超出政策允许；为保护个人不显示数值。",
    ),
    "set": Words(
        "All tags together tell {value} from the rest with AUC {auc} ({low} to {high}; 0.5 is a guess, 1 is "
        "certain): {over}.",
        "全部标签合起来区分 {value} 与其余的 AUC 为 {auc}（{low} 至 {high}；0.5 等于猜测，1 为完全确定）：{over}。",
    ),
    "rest": Words(
        "Each of {count:,} others says no more than the policy allows.",
        "其余 {count:,} 项各自均未超出政策允许。",
    ),
    "rest.one": Words(
        "One other says no more than the policy allows.", "其余 1 项未超出政策允许。"
    ),
    "json": Words("What each says stands in the JSON report.", "逐项数值见 JSON 报告。"),
    "much": Words(
        "one or several together say more than the policy allows", "单项或合起来超出政策允许"
    ),
    "over": Words("over the limit", "超出限度"),
    "inside": Words("not over the limit", "未超出限度"),
    "unjudged": Words("not judged: too few people", "人数过少，不予评判"),
    "untold": Words("not shown, to protect people", "为保护个人不予显示"),
    "note": Words(
        "Bits are moved by chance, the same counts alike each time, to protect people; whether they are over the "
        "limit is of the exact ones.",
        "为保护个人，比特数经随机偏移（相同计数每次偏移相同）；是否超限则按准确值判断。",
    ),
    "model": Words(
        "The model that tells is thrown away when it is measured. What somebody with more data could "
        "do is at least this.",
        "用于衡量的模型在计算后即销毁。掌握更多数据者能做到的不会少于此。",
    ),
    "bit": Words(
        "A bit is the answer to one question of yes or no. What a tag says by itself may be little where several "
        "together say much.",
        "一比特相当于一个是非问题的答案。单个标签透露得少，多个合起来仍可能透露很多。",
    ),
    "sets": Words("What all tags together tell", "全部标签合起来透露的信息"),
    "sets.how": Words(
        "Of two people, one of the group and one of the rest: in how many of all such pairs the tags name the right one "
        "(AUC). Dot: measured. Line: interval. Left line: guessing, 0.5. Dashed: the limit of the policy, {limit}.",
        "任取该组一人与其余一人，标签能指认正确者的比例（AUC）。圆点：测得值；横线：区间；左侧竖线：猜测，0.5；虚线：政策限度 {limit}。",
    ),
    "tags": Words("What single tags tell", "单个标签透露的信息"),
    "tags.how": Words(
        "Bar: bits that the tag says about it. Dashed: the limit of the policy, {limit} bit.",
        "条形：该标签透露的比特数。虚线：政策限度 {limit} 比特。",
    ),
    "tags.first": Words(
        "Shown are {shown} of {count:,}: those over the limit first, then those that say most.",
        "共 {count:,} 项，显示 {shown} 项：先列超限者，再列透露最多者。",
    ),
    "pairs": Words("What two tags tell together", "两个标签合起来透露的信息"),
    "pairs.how": Words(
        "Pairs that together say more than the policy allows: {limit} bit.",
        "合起来超出政策允许（{limit} 比特）的标签对。",
    ),
    "pairs.none": Words(
        "No two tags together say more than the policy allows.", "没有两个标签合起来超出政策允许。"
    ),
    "people": Words(
        "People whose attribute is known, and who were counted: at least {people:,}.",
        "该属性已知并计入者：至少 {people:,} 人。",
    ),
    "head.tag": Words("tag", "标签"),
    "head.both": Words("tags", "标签"),
    "head.bits": Words("bits", "比特"),
    "head.verdict": Words("verdict", "结论"),
    "head.group": Words("group", "群体"),
    "head.auc": Words("AUC", "AUC"),
    "signed": Words(
        "The digest stands in the evidence log, in the entry audit.leak of this report. Whoever has the "
        "JSON file can compute it again: sha256sum FILE.json",
        "该摘要记录在证据日志的 audit.leak 条目中。持有 JSON 文件者可重新计算：sha256sum FILE.json",
    ),
}


def say(code: str, language: str, **values: object) -> str:
    """Return a text of the report in a language."""
    return _SAID[code].of(language).format(**values)


def bits_told(one: Mapping[str, Any], limit: str, *, over: bool) -> str | None:
    """Return the bits of a tag or pair; None where a rounded figure lies on the other side of its limit."""
    found = one["bits"]
    if found is None or (float(found) > float(limit)) != over:
        return None
    return str(found)


def verdict(document: Mapping[str, Any], language: str) -> str:
    """Return the sentence that an officer can send."""
    found = document["verdict"]
    much = found["status"] == "breach"
    return say(
        "verdict",
        language,
        attribute=name_of(document, "attribute", document["identity"]["attribute"], language),
        status=STATUS[found["status"]].of(language),
        reason=say("much", language) if much else REASONS[found["reason"]].of(language),
    )


def sentences(document: Mapping[str, Any], language: str) -> Iterator[str]:
    """Yield the report in sentences."""
    yield verdict(document, language)
    limits = document["identity"]["policy"]
    for one in document["sets"]:
        if one["auc"] is not None:
            over = say("over" if one["over"] else "inside", language)
            yield say(
                "set",
                language,
                **{**one, "value": group_name([one["value"]], language), "over": over},
            )
    for pair in document["pairs"]:
        bits = bits_told(pair, limits["pair_bits"], over=True)
        both = {end: with_code(document, "tag", pair[end], language) for end in ("first", "second")}
        yield say("pair" if bits else "pair.untold", language, **both, bits=bits)
    over_ = [tag for tag in document["tags"] if tag["over"]]
    for tag in over_:
        bits = bits_told(tag, limits["tag_bits"], over=True)
        name = with_code(document, "tag", tag["tag"], language)
        yield say("tag" if bits else "tag.untold", language, tag=name, bits=bits)
    if told := rest(len(document["tags"]) - len(over_), language):
        yield f"{told}{'' if language == 'zh' else ' '}{say('json', language)}"
    between = "" if language == "zh" else " "
    yield between.join(say(code, language) for code in ("note", "model"))


def rest(count: int, language: str) -> str:
    """Return the sentence on tags that are not over the limit; '' where there is none."""
    if not count:
        return ""
    return say("rest.one" if count == 1 else "rest", language, count=count)
