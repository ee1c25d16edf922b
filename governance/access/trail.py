# SPDX-License-Identifier: Apache-2.0
"""Who did what with the person's data: entries of the evidence log under their pseudonyms.

A person has another pseudonym in each request, so that nobody can link two of them; who has the
person's secret computes it for each entry and compares. That is one pass over the whole log.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from sqlalchemy import text

from audit.clock import iso
from governance.access.section import Lines, Record, Section, Source, field
from governance.evidence.log import inconsistent
from tagging.finding import Text

ACTS: Final = {
    "request.opened": Text("a request of yours came in", "收到您的请求"),
    "request.notified": Text("you were told about your request", "已就您的请求通知您"),
    "request.moved": Text("your request went on", "您的请求有进展"),
    "identity.challenged": Text("proof was asked for that it is you", "要求核验您的身份"),
    "identity.messaged": Text("a message went to a contact of yours", "向您的联系方式发送了消息"),
    "identity.proved": Text("it was shown that it is you", "您的身份已核验"),
    "identity.refused": Text("somebody did not show to be you", "有人未能证明其为您本人"),
    "identity.cancelled": Text("you stopped what was planned", "您取消了计划中的操作"),
    "access.exported": Text("a copy of your data was made for you", "为您制作了数据副本"),
    "choice.recorded": Text("your choice was recorded", "登记了您的选择"),
    "consent.recorded": Text("what you said was recorded", "登记了您的意思表示"),
    "erasure.begun": Text("the erasure of your data was begun", "开始删除您的数据"),
    "erasure.cancelled": Text("the erasure of your data was cancelled", "撤销了数据删除"),
    "erasure.previewed": Text(
        "it was looked at what an erasure would do", "查看了删除您的数据将涉及的内容"
    ),
    "hold.placed": Text("it was ordered that something be kept", "决定保留您的部分数据"),
    "hold.confirmed": Text("that order was confirmed", "确认了该保留决定"),
    "hold.lifted": Text("that order was lifted", "解除了该保留决定"),
    "read.consent": Text("your consents were looked at", "查看了您的同意记录"),
    "read.explained": Text("your tags were explained", "说明了您的标签"),
    "read.subject": Text("your data were looked at", "查看了您的数据"),
    "run.live": Text("your tags were updated by an event", "根据新行为更新了您的标签"),
    "subject.corrected": Text("an attribute of yours was corrected", "更正了您的属性"),
    "subject.regime": Text("another law was set for you", "变更了对您适用的法律"),
    "tag.contest-settled": Text(
        "your objection to the accuracy of a tag was settled", "对标签准确性的异议已处理"
    ),
}
"""The acts whose entries name a person."""
_ROLES: Final = {
    "admin": Text("administrator", "管理员"),
    "tagger": Text("writer of tags", "标签管理员"),
    "analyst": Text("analyst", "分析员"),
    "dsr": Text("officer for requests", "个人请求处理员"),
    "dpo": Text("data protection officer", "个人信息保护负责人"),
    "custodian": Text("custodian of keys", "密钥保管员"),
    "auditor": Text("auditor", "审计员"),
}


def entries_of(source: Source, entries: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """Yield those of some entries that are about the person, as plain data; raises Tampered."""
    pseudonyms = source.ws.people.references(source.subject_id)
    for entry in entries:
        if b'"sub":' in entry:
            try:
                said = json.loads(entry)
            except ValueError:
                raise inconsistent() from None
            if said.get("sub") in pseudonyms(said["req"]):
                yield said


def _logged(source: Source) -> Iterator[Record]:
    found = entries_of(source, source.ws.evidence.entries())
    yield from (_record(source, said) for said in found)


def _waiting(source: Source) -> Iterator[Record]:
    rows = source.connection.execute(text("SELECT entry FROM outbox ORDER BY id"))
    found = entries_of(source, (bytes(row.entry) for row in rows))
    yield from (_record(source, said) for said in found)


def _record(source: Source, said: Mapping[str, Any]) -> Record:
    facts = dict(said.get("obj", {}))
    purpose = facts.pop("purpose", "")
    role = said["role"]
    details = tuple(f"{name}: {value}" for name, value in facts.items())
    return {
        "at": iso(said["t"] * 1000),
        "act": ACTS.get(said["act"], Text(said["act"], said["act"])),
        "role": _ROLES.get(role, Text(role, role)),
        "purpose": source.purpose(purpose) if purpose else "",
        "details": Lines(details, details),
        "who": said["actor"],
        "request": said["req"],
    }


_FIELDS: Final = (
    field("at", "time", "时间"),
    field("act", "what", "事项"),
    field("role", "by whom", "操作角色"),
    field("purpose", "for which purpose", "处理目的"),
    field("details", "details", "详情"),
    field("who", "name of the operator, coded", "操作者代号"),
    field("request", "request", "请求编号"),
)
LOGGED: Final = Section(
    "trail",
    "log.entry",
    Text("Who looked at your data or changed them", "何人查看或更改了您的数据"),
    _FIELDS,
    _logged,
    note=Text(
        "Only what was done with you alone. Imports and computations for many people are on record as "
        "totals that name nobody.",
        "仅列出针对您个人的操作。面向多人的导入与计算仅以不指名的合计数记录。",
    ),
)
WAITING: Final = Section(
    "trail-waiting",
    "store.outbox",
    Text("The same, on its way to the log", "待写入日志的操作"),
    _FIELDS,
    _waiting,
)
