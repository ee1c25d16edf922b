# SPDX-License-Identifier: Apache-2.0
"""What must be kept of the person's data, and which recipients were told of their requests."""

from collections.abc import Iterator
from typing import Final

from sqlalchemy import text

from audit.clock import iso
from governance.access.section import Lines, Record, Section, Source, field
from governance.holds import CATEGORIES, GROUNDS, STATES, of_person
from governance.notifying import GROUNDS as REASONS
from governance.notifying import STATES as TOLD
from governance.notifying import WHAT
from policies.vocabulary import label
from tagging.finding import Text


def _holds(source: Source) -> Iterator[Record]:
    for one in of_person(source.connection, source.subject_id, source.at):
        ground = GROUNDS[one.ground]
        yield {
            "hold": one.id,
            "what": CATEGORIES[one.category],
            "ground": ground.text,
            "articles": Lines(ground.articles, ground.articles),
            "since": iso(one.placed_at),
            "until": one.until.isoformat(),
            "state": STATES[one.state],
            "who": one.placed_by,
        }


def _told(source: Source) -> Iterator[Record]:
    rows = source.connection.execute(
        text(
            "SELECT * FROM notification WHERE ref IN (SELECT ref FROM request WHERE subject_id = :s "
            "UNION SELECT ref FROM erasure WHERE subject_id = :s) ORDER BY made_at, ref, recipient"
        ),
        {"s": source.subject_id},
    )
    for row in rows:
        yield {
            "request": row.ref,
            "recipient": Text(
                label("recipient", row.recipient), label("recipient", row.recipient, "zh")
            ),
            "what": WHAT[row.what],
            "state": TOLD[row.state],
            "code": REASONS.get(row.code, row.code),
            "since": iso(row.made_at),
            "at": iso(row.moved_at),
            "reference": row.reference,
        }


HOLDS: Final = Section(
    "holds",
    "store.hold",
    Text("What must be kept, and why", "依法须保留的内容及原因"),
    (
        field("hold", "number", "编号"),
        field("what", "what", "内容"),
        field("ground", "because", "原因"),
        field("articles", "law", "法律依据"),
        field("since", "since", "开始时间"),
        field("until", "until", "截止日期"),
        field("state", "stands at", "状态"),
        field("who", "name of the operator, coded", "操作者代号"),
    ),
    _holds,
)
NOTIFICATIONS: Final = Section(
    "notifications",
    "store.notification",
    Text("Which recipients were told", "已通知的接收方"),
    (
        field("request", "because of", "请求编号"),
        field("recipient", "recipient", "接收方"),
        field("what", "what they must do", "应采取的措施"),
        field("state", "stands at", "状态"),
        field("code", "receipt or reason", "回执或原因"),
        field("since", "since", "开始时间"),
        field("at", "last change", "最近变更"),
        field("reference", "your name there, coded", "您在接收方的代号"),
    ),
    _told,
)
