# SPDX-License-Identifier: Apache-2.0
"""When somebody was asked to show that they are this person, and whether they did."""

from collections.abc import Iterator
from typing import Final

from sqlalchemy import text

from audit.clock import iso
from governance.access.section import Record, Section, Source, field
from tagging.finding import Text

_PURPOSES: Final = {
    "proof": Text("a code to a contact of yours", "向您的联系方式发送验证码"),
    "data": Text("what was stated about you", "核对所陈述的信息"),
    "cancel": Text("a notice with which you can stop it", "可用于取消操作的通知"),
}
_CONTACTS: Final = {
    "": Text("", ""),
    "email": Text("e-mail", "电子邮件"),
    "phone": Text("telephone", "电话"),
}


def _proofs(source: Source) -> Iterator[Record]:
    rows = source.connection.execute(
        text(
            "SELECT ref, purpose, contact, tries, made_at, expires_at, used_at FROM challenge "
            "WHERE subject_id = :s ORDER BY made_at, id"
        ),
        {"s": source.subject_id},
    )
    for row in rows:
        yield {
            "at": iso(row.made_at),
            "request": row.ref,
            "how": _PURPOSES[row.purpose],
            "contact": _CONTACTS[row.contact],
            "left": row.tries,
            "until": iso(row.expires_at),
            "confirmed": iso(row.used_at),
        }


PROOFS: Final = Section(
    "identity-proofs",
    "store.challenge",
    Text("How it was checked that it is you", "身份核验记录"),
    (
        field("at", "time", "时间"),
        field("request", "request", "请求编号"),
        field("how", "how", "方式"),
        field("contact", "kind of contact", "联系方式类型"),
        field("left", "attempts left", "剩余次数"),
        field("until", "valid until", "有效期至"),
        field("confirmed", "confirmed", "确认时间"),
    ),
    _proofs,
)
