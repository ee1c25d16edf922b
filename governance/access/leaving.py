# SPDX-License-Identifier: Apache-2.0
"""Erasures of the person's data that are on their way."""

from collections.abc import Iterator
from typing import Final

from sqlalchemy import text

from audit.clock import iso
from governance.access.person import category
from governance.access.section import Record, Section, Source, field
from tagging.finding import Text

_SCOPES: Final = {
    "everything": Text("everything", "全部数据"),
    "tag": Text("one tag", "一个标签"),
    "purpose": Text("one purpose", "一个处理目的"),
    "category": Text("one category of data", "一类数据"),
}


def _read(source: Source) -> Iterator[Record]:
    rows = source.connection.execute(
        text(
            "SELECT ref, scope, target, begun_at, grace_until FROM erasure "
            "WHERE subject_id = :s ORDER BY begun_at, ref"
        ),
        {"s": source.subject_id},
    )
    for row in rows:
        yield {
            "request": row.ref,
            "scope": _SCOPES[row.scope],
            "target": _target(source, row.scope, row.target),
            "since": iso(row.begun_at),
            "until": iso(row.grace_until),
        }


def _target(source: Source, scope: str, key: str) -> Text:
    if scope == "everything":
        return Text("", "")
    return {"tag": source.tag, "purpose": source.purpose, "category": category}[scope](key)


ERASURES: Final = Section(
    "erasures",
    "store.erasure",
    Text("Erasures that are on their way", "正在进行的删除"),
    (
        field("request", "request", "请求编号"),
        field("scope", "what", "范围"),
        field("target", "of it", "对象"),
        field("since", "since", "开始时间"),
        field("until", "can be cancelled until", "可撤销至"),
    ),
    _read,
)
