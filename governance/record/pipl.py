# SPDX-License-Identifier: Apache-2.0
"""What PIPL and NDSR ask to be told and recorded, for one purpose. They have no one list of fields."""

from collections.abc import Iterator

from audit.clock import iso
from governance.assessment import Assessment
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
from policies.assessments import RULES, years_after
from policies.vocabulary import label
from tagging.finding import Text

_OTHERS = ("group_company", "third_party_ads")
_NAMES = Text(
    "name, contact, purpose, method and categories of each", "各方名称、联系方式、目的、方式与种类"
)


def fields(facts: Facts, purpose: Purpose) -> tuple[Field, ...]:
    """Return the fields of a purpose."""
    return (*_what(facts, purpose), *_to_whom(facts, purpose), *_shown(facts, purpose))


def _what(facts: Facts, purpose: Purpose) -> tuple[Field, ...]:
    return (
        Field("handler", "PIPL Art. 17, 52", Text("who handles it", "个人信息处理者"), _who(facts)),
        Field(
            "purpose",
            "PIPL Art. 17",
            Text("purpose and method", "处理目的与处理方式"),
            (*purpose_lines(purpose), *_method(facts, purpose)),
        ),
        Field(
            "categories",
            "PIPL Art. 17",
            Text("categories of personal information", "个人信息的种类"),
            tuple(category_lines(facts, purpose)),
        ),
        Field(
            "retention",
            "PIPL Art. 17, 19",
            Text("retention", "保存期限"),
            tuple(limit_lines(facts, purpose)),
        ),
    )


def _to_whom(facts: Facts, purpose: Purpose) -> tuple[Field, ...]:
    return (
        Field(
            "entrusted",
            "PIPL Art. 21; NDSR Art. 12",
            Text("entrusted parties", "受托人"),
            tuple(_given(facts, purpose, ("processor",))),
        ),
        Field(
            "provided",
            "PIPL Art. 23; NDSR Art. 12",
            Text("information given to other handlers", "向其他个人信息处理者提供"),
            tuple(_given(facts, purpose, _OTHERS)),
        ),
        Field(
            "abroad",
            "PIPL Art. 38-39",
            Text("cross-border provision", "向境外提供"),
            tuple(abroad_lines(facts, purpose)),
        ),
    )


def _shown(facts: Facts, purpose: Purpose) -> tuple[Field, ...]:
    return (
        Field(
            "assessment",
            "PIPL Art. 55-56",
            Text("impact assessment", "个人信息保护影响评估"),
            tuple(_assessment(facts, purpose)),
        ),
        Field(
            "processing",
            "PIPL Art. 56",
            Text("record of processing", "处理情况记录"),
            tuple(_processing(facts)),
        ),
        Field(
            "measures",
            "PIPL Art. 51",
            Text("security measures", "安全措施"),
            tuple(measure_lines(facts)),
        ),
    )


def _who(facts: Facts) -> tuple[Line, ...]:
    names = (
        ("controller.name", "name", "名称"),
        ("controller.contact", "contact", "联系方式"),
        ("controller.dpo", "officer, above the official volume", "负责人（达到规定数量的）"),
    )
    return tuple(stated(Text(en, zh), facts.setting(key), key) for key, en, zh in names)


def _method(facts: Facts, purpose: Purpose) -> Iterator[Line]:
    tags = facts.of(purpose)
    if tags:
        yield said(
            f"method: {len(tags)} tags, computed automatically by the rules in their definitions",
            f"方式：按标签定义中的规则自动计算{len(tags)}个标签",
        )
    if purpose.personalised:
        yield said(
            "people can switch it off, delete tags and refuse", "个人可关闭、可删除标签、可拒绝"
        )


def _given(facts: Facts, purpose: Purpose, wanted: tuple[str, ...]) -> Iterator[Line]:
    codes = tuple(code for code in facts.recipients(purpose) if code in wanted)
    if not codes:
        yield said("none declared", "未声明")
        return
    yield from recipient_lines(codes)
    yield stated(_NAMES, facts.setting("controller.recipients"), "controller.recipients")


def _assessment(facts: Facts, purpose: Purpose) -> Iterator[Line]:
    here = [
        one
        for one in facts.assessments
        if one.type == "pipia" and purpose.key in one.covers.purposes
    ]
    for one in here:
        yield _about(facts, one)
    lacking = [tag for kind, tag in facts.missing.get(purpose.key, ()) if kind == "pipia"]
    if lacking:
        names = ", ".join(lacking)
        yield Line(
            Text(
                f"not stated for {names} (tagwarden assessment apply FILE)",
                f"以下标签未评估：{names}（tagwarden assessment apply FILE）",
            ),
            "tagwarden assessment apply FILE",
        )
    elif not facts.of(purpose):
        yield said("no tag in use serves this purpose", "没有在用的标签服务于该目的")
    elif not here:
        yield said("the packs ask for none here", "规则包在此不要求评估")


def _about(facts: Facts, one: Assessment) -> Line:
    state = one.state(facts.day)
    keep = years_after(one.approved, RULES["pipia"].keep_years or 0)
    return said(
        f"{one.key}: approved {one.approved}, review by {one.review_by}, "
        f"{label('assessment_state', state)}, keep until {keep} at least",
        f"{one.key}：{one.approved}批准，应于{one.review_by}前复审，"
        f"{label('assessment_state', state, 'zh')}，至少保存至{keep}",
    )


def _processing(facts: Facts) -> Iterator[Line]:
    if facts.runs:
        day = iso(facts.last_run)[:10]
        yield said(
            f"{facts.runs} runs over all purposes, the last on {day}, each in the evidence log",
            f"各目的合计运行{facts.runs}次，最近一次为{day}，均记入证据日志",
        )
    else:
        yield said("no run yet", "尚未运行")
    yield said("keep it for three years at least", "至少保存三年")
