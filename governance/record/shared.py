# SPDX-License-Identifier: Apache-2.0
"""Lines that the records of several regimes have in common."""

from collections.abc import Iterator

from governance.purpose import Purpose
from governance.record.facts import Facts
from governance.record.fields import Line, said, span, stated
from policies.vocabulary import label
from tagging.finding import Text


def purpose_lines(purpose: Purpose) -> tuple[Line, ...]:
    """Return why data are used."""
    return (said(f"{purpose.name.en}: {purpose.says.en}", f"{purpose.name.zh}：{purpose.says.zh}"),)


def category_lines(facts: Facts, purpose: Purpose) -> Iterator[Line]:
    """Yield the categories of data that tags read, and those that they state or reveal."""
    tags = facts.of(purpose)
    if not tags:
        yield said("no tag in use serves this purpose", "没有在用的标签服务于该目的")
        return
    read = ", ".join(sorted({source for tag in tags for source in tag.sources}))
    stated_ = ", ".join(sorted({category for tag in tags for category in tag.asserts}))
    yield said(f"data read: {read}", f"所用数据：{read}")
    yield said(f"stated by {len(tags)} tags: {stated_}", f"{len(tags)}个标签所表明：{stated_}")


def limit_lines(facts: Facts, purpose: Purpose) -> Iterator[Line]:
    """Yield how long each category is kept."""
    kept = span(purpose.retention)
    yield said(f"{kept.en} for this purpose", f"就该目的保存{kept.zh}")
    for category, (text, is_tag) in facts.limits(purpose).items():
        if is_tag:
            how = span(text)
            yield said(f"{category}: tags end after {how.en}", f"{category}：标签{how.zh}后失效")
        else:
            yield said(f"{category}: {kept.en}", f"{category}：{kept.zh}")


def recipient_lines(codes: tuple[str, ...]) -> Iterator[Line]:
    """Yield the categories of recipients."""
    for code in codes or ("none",):
        yield said(label("recipient", code), label("recipient", code, "zh"))


def measure_lines(facts: Facts) -> Iterator[Line]:
    """Yield what the product does to protect data, and what is stated beyond it."""
    yield said(
        "identities and attributes are sealed with a key per person; the key ring lies outside the "
        "workspace",
        "身份与属性按每人一钥封存，密钥环不在工作区内",
    )
    yield said(
        "events and tags lie under internal numbers without names, and are not encrypted by the product",
        "行为与标签以内部编号存放，不含姓名，产品不对其加密",
    )
    if not facts.setting("store.url"):
        yield said(
            "stores and keys are files for their owner only; deleted rows are overwritten",
            "数据库与密钥文件仅所有者可读，删除的行会被覆写",
        )
    if facts.setting("gate.mode") == "strict":
        yield said(
            "nothing is computed for a person without a basis for the purpose, and every use asks again",
            "没有相应目的的合法性基础时不对个人进行计算，每次使用都重新核验",
        )
    else:
        yield said(
            "results without a basis for the purpose are cut, and every use asks again",
            "没有相应目的合法性基础的结果会被剔除，每次使用都重新核验",
        )
    yield said(
        "operators act in roles; each change and each read of a person is in a signed, append-only log",
        "操作者按角色行事；每次变更和每次读取个人数据都记入签名的只增日志",
    )
    yield stated(
        Text("organisational and other measures", "组织措施及其他措施"),
        facts.setting("controller.measures"),
        "controller.measures",
    )


ABROAD = ("overseas_group_company", "overseas_recipient")


def abroad_lines(facts: Facts, purpose: Purpose) -> Iterator[Line]:
    """Yield who gets data abroad, and where and under which safeguards."""
    codes = tuple(code for code in facts.recipients(purpose) if code in ABROAD)
    if not codes:
        yield said("none: no recipient abroad is declared", "无：未声明境外接收方")
        return
    yield from recipient_lines(codes)
    yield stated(
        Text("countries and safeguards", "所在国家或地区及保障措施"),
        facts.setting("controller.transfers"),
        "controller.transfers",
    )
