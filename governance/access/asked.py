# SPDX-License-Identifier: Apache-2.0
"""What the person has asked for, and what became of it."""

from collections.abc import Iterator
from typing import Final

from sqlalchemy import text

from audit.clock import iso
from governance.access.section import Lines, Record, Section, Source, field
from policies.rights import rights
from policies.rules import Why
from tagging.finding import Text


def _requests(source: Source) -> Iterator[Record]:
    rows = source.connection.execute(
        text(
            "SELECT ref, kind, target, regime, requester, channel, state, code, received_on, due, "
            "extension, extended_due, said FROM request WHERE subject_id = :s ORDER BY received_at, ref"
        ),
        {"s": source.subject_id},
    )
    for row in rows:
        said = tuple(f"{name}: {value}" for name, value in _said(source, row.ref, row.said))
        yield {
            "request": row.ref,
            "kind": _word(rights().kinds[row.kind].name),
            "target": row.target,
            "by": _word(rights().words.by[row.requester]),
            "channel": row.channel,
            "said": Lines(said, said),
            "state": _word(rights().words.states[row.state]),
            "ground": _ground(row.code),
            "received": row.received_on,
            "due": row.extended_due if row.extension else row.due,
        }


def _steps(source: Source) -> Iterator[Record]:
    rows = source.connection.execute(
        text(
            "SELECT e.ref, e.at, e.step, e.state, e.code, e.operator, e.letter FROM requestevent e "
            "JOIN request r ON r.ref = e.ref WHERE r.subject_id = :s ORDER BY e.id"
        ),
        {"s": source.subject_id},
    )
    for row in rows:
        yield {
            "at": iso(row.at),
            "request": row.ref,
            "step": row.step,
            "state": _word(rights().words.states[row.state]),
            "details": _details(row.step, row.code),
            "who": row.operator,
            "letter": row.letter,
        }


def _details(step: str, code: str) -> Text | str:
    """Return whom outside and what a request waited for in words, else the code of a step."""
    if step != "wait":
        return code
    whom, _, what = code.partition(":")
    one, other = rights().outside[whom], rights().awaited[what]
    return Text(f"{one.en}: {other.en}", f"{one.zh}：{other.zh}")


def _said(source: Source, ref: str, cell: bytes | None) -> list[tuple[str, str]]:
    if cell is None:
        return []
    row = ref.partition("-")[2].encode("ascii")
    return sorted(source.ws.people.open_note(source.subject_id, row, bytes(cell)).items())


def _ground(code: str) -> Text | str:
    found = rights().refusals.get(code)
    return _word(found.text) if found else code


def _word(both: Why) -> Text:
    return Text(both.en, both.zh)


REQUESTS: Final = Section(
    "requests",
    "store.request",
    Text("What you asked for", "您提出的请求"),
    (
        field("request", "number", "编号"),
        field("kind", "what", "类型"),
        field("target", "about", "对象"),
        field("by", "asked by", "提出人"),
        field("channel", "came by", "渠道"),
        field("said", "what you said", "您的说明"),
        field("state", "stands at", "状态"),
        field("ground", "because", "原因"),
        field("received", "received on", "收到日期"),
        field("due", "answered by", "答复期限"),
    ),
    _requests,
    given=True,
)
STEPS: Final = Section(
    "request-steps",
    "store.requestevent",
    Text("What became of it, step by step", "请求的处理过程"),
    (
        field("at", "time", "时间"),
        field("request", "number", "编号"),
        field("step", "step", "步骤"),
        field("state", "stands at", "状态"),
        field("details", "details", "详情"),
        field("who", "name of the operator, coded", "操作者代号"),
        field("letter", "letter", "通知"),
    ),
    _steps,
)
