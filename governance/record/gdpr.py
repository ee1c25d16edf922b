# SPDX-License-Identifier: Apache-2.0
"""The fields of GDPR Art. 30(1)(a) to (g), exactly those, for one purpose."""

from collections.abc import Iterator

from governance.purpose import Purpose
from governance.record.facts import Facts
from governance.record.fields import Field, Line, said, stated
from governance.record.shared import (
    abroad_lines,
    category_lines,
    limit_lines,
    measure_lines,
    purpose_lines,
    recipient_lines,
)
from policies.vocabulary import label
from tagging.finding import Text

_WHO = (
    ("controller.name", "controller", "控制者"),
    ("controller.contact", "contact", "联系方式"),
    ("controller.joint", "joint controller, where there is one", "共同控制者（如有）"),
    ("controller.representative", "representative, where there is one", "代表（如有）"),
    ("controller.dpo", "data protection officer, where there is one", "数据保护官（如有）"),
)


def fields(facts: Facts, purpose: Purpose) -> tuple[Field, ...]:
    """Return the seven fields of a purpose."""
    return (
        _field("a", "controller and those beside it", "控制者及相关主体", _who(facts)),
        _field("b", "purposes of the processing", "处理目的", purpose_lines(purpose)),
        _field(
            "c",
            "categories of data subjects and of personal data",
            "数据主体类别与个人数据类别",
            (*_subjects(facts), *category_lines(facts, purpose)),
        ),
        _field(
            "d",
            "categories of recipients",
            "接收方类别",
            recipient_lines(facts.recipients(purpose)),
        ),
        _field(
            "e",
            "transfers to third countries, with safeguards",
            "向第三国传输及保障措施",
            abroad_lines(facts, purpose),
        ),
        _field(
            "f",
            "envisaged time limits for erasure of each category",
            "各类数据的预计删除期限",
            limit_lines(facts, purpose),
        ),
        _field(
            "g",
            "general description of security measures",
            "安全措施概述",
            measure_lines(facts),
        ),
    )


def _field(letter: str, en: str, zh: str, lines: "Iterator[Line] | tuple[Line, ...]") -> Field:
    return Field(letter, f"GDPR Art. 30(1)({letter})", Text(en, zh), tuple(lines))


def _who(facts: Facts) -> Iterator[Line]:
    for key, en, zh in _WHO:
        yield stated(Text(en, zh), facts.setting(key), key)


def _subjects(facts: Facts) -> Iterator[Line]:
    if not facts.bands:
        yield said("customers; nobody is on record yet", "顾客；目前尚无人在册")
        return
    en = ", ".join(label("age", band) for band in facts.bands)
    zh = "、".join(label("age", band, "zh") for band in facts.bands)
    yield said(f"customers: {en}", f"顾客：{zh}")
