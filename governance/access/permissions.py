# SPDX-License-Identifier: Apache-2.0
"""What the person said: consents, refusals, withdrawals and choices, in the order in which they hold."""

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import text

from audit.clock import iso
from governance import choice, consent
from governance.access.section import Record, Section, Source, field, word
from policies.vocabulary import Choice
from tagging.finding import Text

_EVERY: Final = Text("every kind", "所有类型")


def _consents(source: Source) -> Iterator[Record]:
    for said in consent.history(source.connection, source.subject_id):
        yield {
            **_said(source, said),
            "notice": said.notice,
            "language": said.language,
            "surface": said.surface,
            "source": said.source,
            "recorded": iso(said.recorded_at),
        }


def _consents_now(source: Source) -> Iterator[Record]:
    rows = source.connection.execute(
        text(
            "SELECT purpose, kind, state, at, expires_at FROM consentstate "
            "WHERE subject_id = :s ORDER BY purpose, kind"
        ),
        {"s": source.subject_id},
    )
    for row in rows:
        yield _said(source, row)


def _said(source: Source, said: Any) -> dict[str, str | Text]:
    return {
        "at": iso(said.at),
        "purpose": source.purpose(said.purpose),
        "state": word("state", said.state),
        "kind": word("consent", said.kind) if said.kind else _EVERY,
        "until": iso(said.expires_at),
    }


def _choices(source: Source) -> Iterator[Record]:
    for decided in choice.history(source.connection, source.subject_id):
        yield {
            "at": iso(decided.at),
            "kind": word("choice", decided.kind),
            "target": _target(source, decided.kind, decided.target),
            "in_force": decided.active,
            "source": decided.source,
            "recorded": iso(decided.recorded_at),
        }


def _choices_now(source: Source) -> Iterator[Record]:
    for held in choice.choices(source.connection, source.subject_id):
        yield {
            "at": iso(held.since),
            "kind": word("choice", held.kind),
            "target": _target(source, held.kind, held.target),
        }


def _target(source: Source, kind: str, target: str) -> str | Text:
    if not target:
        return ""
    return source.tag(target) if kind in {Choice.BLOCK, Choice.CONTEST} else source.purpose(target)


_SAID: Final = (
    field("at", "time", "时间"),
    field("purpose", "purpose", "处理目的"),
    field("state", "what you said", "您的表示"),
    field("kind", "kind of consent", "同意类型"),
    field("until", "until", "有效期至"),
)
_WHERE: Final = (
    field("source", "came by", "来源"),
    field("recorded", "recorded", "登记时间"),
)
_CHOSEN: Final = (
    field("at", "time", "时间"),
    field("kind", "choice", "选择"),
    field("target", "about", "对象"),
)
CONSENTS: Final = Section(
    "consents",
    "store.consentevent",
    Text("What you agreed to, refused and withdrew", "您的同意、拒绝与撤回"),
    (
        *_SAID,
        field("notice", "notice shown", "所示告知"),
        field("language", "language", "语言"),
        field("surface", "where", "场景"),
        *_WHERE,
    ),
    _consents,
    given=True,
)
CONSENTS_NOW: Final = Section(
    "consents-now",
    "store.consentstate",
    Text("How your consents stand now", "您当前的同意状态"),
    _SAID,
    _consents_now,
)
CHOICES: Final = Section(
    "choices",
    "store.choiceevent",
    Text("What you objected to, blocked and switched off", "您的反对、屏蔽与关闭"),
    (*_CHOSEN, field("in_force", "switched on", "开启"), *_WHERE),
    _choices,
    given=True,
)
CHOICES_NOW: Final = Section(
    "choices-now",
    "store.choicestate",
    Text("Which choices are in force now", "您当前生效的选择"),
    _CHOSEN,
    _choices_now,
)
