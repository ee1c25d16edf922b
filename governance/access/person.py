# SPDX-License-Identifier: Apache-2.0
"""Who the person is: identities, law and age band, attributes, and the sets they are in."""

from collections.abc import Iterator
from typing import Final

from pyroaring import BitMap
from sqlalchemy import text

from audit.clock import iso
from governance.access.section import Record, Section, Source, field, word
from tagging.explain.wording import source_words
from tagging.finding import Text

_IDENTITIES: Final = {"customer": Text("customer number", "客户编号")}
_CLASSES: Final = {1: Text("ordinary", "一般")}
_SENSITIVE: Final = Text("sensitive", "敏感")
_SETS: Final = {
    "restricted": Text("processing restricted", "限制处理"),
    "optout": Text("opted out of sale and sharing", "拒绝出售与共享"),
    "limited": Text("sensitive information limited", "已限制敏感个人信息的使用"),
    "admt-optout": Text("no decisions by automated technology", "不接受自动化技术的决定"),
    "depersonalised": Text("personalisation off", "已关闭个性化"),
}
_OF_TAGS: Final = {
    "block": Text("tag blocked", "已屏蔽标签"),
    "contest": Text("tag contested", "已对标签提出异议"),
}
_CONSENTS: Final = {
    "consent": Text("agreed", "已同意"),
    "refused": Text("refused", "已拒绝"),
    "withdrawn": Text("withdrew", "已撤回"),
    "object": Text("objected", "已反对"),
}


def category(key: str) -> Text:
    """Return a category of data in words, with its key."""
    return Text(f"{source_words(key, {}, 'en')} ({key})", f"{source_words(key, {}, 'zh')}（{key}）")


def _identities(source: Source) -> Iterator[Record]:
    for kind, value in source.ws.people.names(source.subject_id):
        yield {"kind": _IDENTITIES.get(kind, Text(kind, kind)), "value": value}


def _subject(source: Source) -> Iterator[Record]:
    rows = source.connection.execute(
        text("SELECT regime, age_class, admitted_at FROM subject WHERE subject_id = :s"),
        {"s": source.subject_id},
    )
    for row in rows:
        yield {
            "law": word("regime", row.regime),
            "age": word("age", row.age_class),
            "since": iso(row.admitted_at),
        }


def _attributes(source: Source) -> Iterator[Record]:
    rows = source.connection.execute(
        text(
            "SELECT subject_id, class_id, cell, sealed_at FROM sealedblob "
            "WHERE subject_id = :s ORDER BY class_id"
        ),
        {"s": source.subject_id},
    ).all()
    rows_of = source.connection.execute(text("SELECT key, category FROM attribute"))
    known = {row.key: row.category for row in rows_of}
    opened = source.ws.people.unseal((row.subject_id, row.class_id, row.cell) for row in rows)
    for row, (_, class_id, values) in zip(rows, opened, strict=True):
        for key, value in sorted(values.items()):
            yield {
                "attribute": key,
                "value": value,
                "category": category(known.get(key, "")),
                "class": _CLASSES.get(class_id, _SENSITIVE),
                "stored": iso(row.sealed_at),
            }


def _corrections(source: Source) -> Iterator[Record]:
    rows = source.connection.execute(
        text("SELECT attribute, kind, at FROM correction WHERE subject_id = :s ORDER BY attribute"),
        {"s": source.subject_id},
    )
    for row in rows:
        yield {
            "attribute": row.attribute,
            "what": word("correction", row.kind),
            "at": iso(row.at),
        }


def _sets(source: Source) -> Iterator[Record]:
    for row in source.connection.execute(text("SELECT name, members FROM bitmap ORDER BY name")):
        if source.subject_id in BitMap.deserialize(row.members):
            yield {"set": row.name, "meaning": _meaning(source, row.name)}


def _changes(source: Source) -> Iterator[Record]:
    rows = source.connection.execute(
        text("SELECT name, present FROM bitmapdelta WHERE subject_id = :s ORDER BY name"),
        {"s": source.subject_id},
    )
    for row in rows:
        meaning = _meaning(source, row.name)
        yield {"set": row.name, "meaning": meaning, "member": bool(row.present)}


def _meaning(source: Source, name: str) -> Text:
    """Return what it means to be in a set of people."""
    kind, _, rest = name.partition(":")
    if kind in ("regime", "age"):
        return word(kind, rest)
    if kind in _CONSENTS:
        what, purpose = _CONSENTS[kind], source.purpose(rest.partition(":")[0])
        return Text(f"{what.en}: {purpose.en}", f"{what.zh}：{purpose.zh}")
    if kind in _OF_TAGS:
        what, tag = _OF_TAGS[kind], source.tag(rest)
        return Text(f"{what.en}: {tag.en}", f"{what.zh}：{tag.zh}")
    if kind == "touched":
        return Text(
            f"to be computed anew after new events: {rest}", f"因新的行为待重新计算：{rest}"
        )
    if kind == "tv":
        return _tag_value(source, int(rest))
    return _SETS.get(kind, Text(name, name))


def _tag_value(source: Source, number: int) -> Text:
    row = source.connection.execute(
        text(
            "SELECT d.key, v.value FROM tagvalue v JOIN definition d ON d.id = v.definition_id "
            "WHERE v.tv = :t"
        ),
        {"t": number},
    ).one()
    tag = source.tag(row.key)
    return Text(f"has the tag: {tag.en} ({row.value})", f"具有标签：{tag.zh}（{row.value}）")


IDENTITIES: Final = Section(
    "identities",
    "keystore.name",
    Text("Under which numbers you are known", "您的身份编号"),
    (field("kind", "kind", "类型"), field("value", "value", "内容")),
    _identities,
    given=True,
)
SUBJECT: Final = Section(
    "person",
    "store.subject",
    Text("Which law applies to you", "对您适用的法律"),
    (
        field("law", "law", "适用法律"),
        field("age", "age", "年龄段"),
        field("since", "known since", "建档时间"),
    ),
    _subject,
)
ATTRIBUTES: Final = Section(
    "attributes",
    "store.sealedblob",
    Text("What you or the shop said about you", "您的个人属性"),
    (
        field("attribute", "attribute", "属性"),
        field("value", "value", "内容"),
        field("category", "category of data", "数据类别"),
        field("class", "sensitivity", "敏感程度"),
        field("stored", "stored", "保存时间"),
    ),
    _attributes,
    given=True,
)
CORRECTIONS: Final = Section(
    "corrections",
    "store.correction",
    Text("What you had corrected or deleted", "您要求更正或删除的属性"),
    (
        field("attribute", "attribute", "属性"),
        field("what", "what holds", "处理结果"),
        field("at", "time", "时间"),
    ),
    _corrections,
)
_SET_FIELDS: Final = (field("meaning", "meaning", "含义"), field("set", "name inside", "内部名称"))
_SET_NOTE: Final = Text(
    "Lists that follow from what stands above; they are kept so that your choices hold at once.",
    "由上述内容推导出的名单，用于使您的选择立即生效。",
)
SETS: Final = Section(
    "sets",
    "store.bitmap",
    Text("Lists you are on", "您所在的名单"),
    _SET_FIELDS,
    _sets,
    note=_SET_NOTE,
)
CHANGES: Final = Section(
    "set-changes",
    "store.bitmapdelta",
    Text("Latest changes of these lists", "名单的最近变动"),
    (*_SET_FIELDS, field("member", "on the list", "是否在名单内")),
    _changes,
)
