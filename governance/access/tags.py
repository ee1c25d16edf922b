# SPDX-License-Identifier: Apache-2.0
"""The tags of the person: what each says, why, for what it is used, and how to get rid of it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import text

from audit.clock import iso
from governance.access.person import category
from governance.access.section import Lines, Record, Section, Source, field, word
from governance.explaining import explanations
from governance.purpose import recipients
from governance.record.fields import span
from tagging.document import Tag
from tagging.explain.amounts import Language
from tagging.explain.answer import Explanation, render
from tagging.explain.explanation import ACTIONS
from tagging.explain.template import label
from tagging.explain.wording import DERIVATIONS
from tagging.finding import Text

_ROWS: Final = (
    "SELECT d.id, d.key, d.version, d.document, v.value, a.valid_from, a.valid_to, a.lapses_at, "
    "a.closed_by FROM assignment a JOIN tagvalue v ON v.tv = a.tv "
    "JOIN definition d ON d.id = v.definition_id WHERE a.subject_id = :s "
)
_NOW: Final = _ROWS + "AND a.valid_to IS NULL ORDER BY d.key, a.valid_from, a.tv"
_BEFORE: Final = _ROWS + "AND a.valid_to IS NOT NULL ORDER BY d.key, a.valid_from, a.tv"
_ENDED: Final = {
    "rule": Text("it held no longer", "条件不再成立"),
    "lapsed": Text("its time was over", "已到期"),
    "gate": Text("its use was permitted no longer", "不再允许使用"),
    "version": Text("the tag was given a new meaning", "标签含义已变更"),
    "archived": Text("the tag was given up", "标签已停用"),
    "regime": Text("another law applies to you", "适用法律已变更"),
    "choice": Text("you decided so", "根据您的选择"),
    "consent": Text("you withdrew or refused consent", "您撤回或拒绝了同意"),
}
_USED: Final = Text("yes", "是")
_UNUSED: Final = Text(
    "no: it is out of date, or is not permitted; it ends at the next computation",
    "否：已过期或不再允许，将在下次计算时结束",
)
_STOPPED: Final = Text(
    "no: the shop has stopped it for everybody until an audit of it is in order",
    "否：商店已对所有人停用，直至其审计合格",
)
_SIGNIFICANT: Final = {
    "none": Text("none: it decides nothing about you", "无：不据此对您作出决定"),
    "legal_or_similarly_significant": Text(
        "legal or similarly significant: you may have a person decide, and contest it",
        "具有法律效力或类似重大影响：您可要求人工处理并提出异议",
    ),
}


def _now(source: Source) -> Iterator[Record]:
    rows = source.connection.execute(text(_NOW), {"s": source.subject_id}).all()
    if not rows:
        return
    answers = explanations(
        source.connection, source.live, source.subject_id, source.tags, source.at
    )
    for row in rows:
        tag = _tag(row.document)
        answer = answers.get(row.key)
        mine = answer is not None and source.tags[row.key].id == row.id
        used = answer is not None and mine and answer.has and answer.value == row.value
        yield {
            **_said(row, tag),
            "until": iso(row.lapses_at),
            "used": _USED if used else _STOPPED if answer and answer.stopped else _UNUSED,
            "why": _why(source, answer) if answer is not None and mine else "",
            **_facts(source, tag),
        }


def _before(source: Source) -> Iterator[Record]:
    for row in source.connection.execute(text(_BEFORE), {"s": source.subject_id}):
        ended = row.closed_by or ""
        yield {
            **_said(row, _tag(row.document)),
            "until": iso(row.valid_to),
            "ended": _ENDED.get(ended, Text(ended, ended)),
        }


def _said(row: Any, tag: Tag) -> dict[str, str | int | Text]:
    return {
        "name": Text(tag.name.en, tag.name.zh),
        "value": _value(tag, row.value),
        "since": iso(row.valid_from),
        "tag": row.key,
        "version": row.version,
    }


def _value(tag: Tag, value: str) -> Text:
    if value == "true" and value not in tag.labels:
        return _USED
    return Text(label(tag, value, "en"), label(tag, value, "zh"))


def _why(source: Source, answer: Explanation) -> Lines:
    """Return the explanation in words; whoever reads it writes to the shop, and types no commands."""
    contact = source.ws.settings.text("controller.contact").strip()

    def lines(language: Language, ask: str) -> tuple[str, ...]:
        told = replace(answer, actions=dict.fromkeys(ACTIONS, ask))
        return tuple(render(told, "subject", language))

    return Lines(lines("en", contact or "tell the shop"), lines("zh", contact or "请联系商店"))


def _facts(source: Source, tag: Tag) -> Mapping[str, Text | Lines]:
    kept = span(tag.ttl)
    codes = recipients(tag, source.purposes)
    return {
        "purposes": Lines.of(_purpose(source, tag, key) for key in tag.purposes),
        "sources": Lines.of(category(key) for key in tag.sources),
        "kind": Text(*DERIVATIONS[tag.derivation]),
        "states": Lines.of(category(key) for key in tag.asserts),
        "recipients": Lines.of(
            word("recipient", code) for code in sorted(codes - {"none"}) or ["none"]
        ),
        "kept": Text(
            f"{kept.en} after it was last computed, then it is not used",
            f"最近一次计算后{kept.zh}，此后不再使用",
        ),
        "effect": _SIGNIFICANT[tag.effect],
    }


def _purpose(source: Source, tag: Tag, key: str) -> Text:
    name = source.purpose(key)
    basis = next((basis for regime, basis in tag.basis.items() if regime == source.regime), None)
    if basis is None:
        return name
    said = word("basis", basis)
    return Text(f"{name.en} (on the basis of: {said.en})", f"{name.zh}（基础：{said.zh}）")


@lru_cache(maxsize=512)
def _tag(document: str) -> Tag:
    return Tag.model_validate(json.loads(document))


_FIELDS: Final = (
    field("name", "tag", "标签"),
    field("value", "value", "内容"),
    field("since", "since", "开始时间"),
    field("until", "until", "结束时间"),
)
_NAMED: Final = (field("tag", "key", "标签键"), field("version", "version", "版本"))
TAGS: Final = Section(
    "tags",
    "store.assignment",
    Text("Tags you have now", "您当前的标签"),
    (
        *_FIELDS,
        field("used", "in use", "正在使用"),
        field("why", "why you have it, and what you can do", "依据，以及您可以怎么做"),
        field("purposes", "used for", "用途"),
        field("sources", "data it comes from", "来源数据"),
        field("kind", "how it came about", "产生方式"),
        field("states", "what it reveals", "所揭示的信息"),
        field("recipients", "who gets it", "接收方"),
        field("kept", "how long it is kept", "保存期限"),
        field("effect", "consequences for you", "对您的影响"),
        *_NAMED,
    ),
    _now,
    cards=True,
)
PAST: Final = Section(
    "past-tags",
    "store.assignment",
    Text("Tags you had", "您曾有的标签"),
    (*_FIELDS, field("ended", "why it ended", "结束原因"), *_NAMED),
    _before,
)
