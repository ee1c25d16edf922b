# SPDX-License-Identifier: Apache-2.0
"""The headings under which officers of each regime look for a row, in their order.

For China the audit items of the annex to the Audit Measures: their order and their count of 27 are
from knowledge, so each number is marked. A heading without rows is for a person.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple


class Heading(NamedTuple):
    """A heading, and the rows under it; a row may stand under several."""

    en: str
    zh: str
    rows: tuple[str, ...] = ()


_GDPR: Final = (
    Heading(
        "Principles and accountability (Art. 5, 25)",
        "基本原则与问责（第5、25条）",
        ("GDPR-5-1-b", "GDPR-5-1-c", "GDPR-5-1-d", "GDPR-5-1-e", "GDPR-5-2", "GDPR-25"),
    ),
    Heading(
        "Lawful basis and consent (Art. 6-8)",
        "合法性基础与同意（第6至8条）",
        (
            "GDPR-6-1",
            "GDPR-6-1-f",
            "GDPR-6-4",
            "GDPR-7-1",
            "GDPR-7-3",
            "GDPR-7-4",
            "GDPR-8",
            "EU-EPD-5-3",
        ),
    ),
    Heading(
        "Special categories and criminal data (Art. 9-10)",
        "特殊类别与犯罪数据（第9至10条）",
        ("GDPR-9", "GDPR-10"),
    ),
    Heading("Transparency (Art. 13-14)", "透明度（第13至14条）", ("GDPR-13-14",)),
    Heading(
        "Rights of data subjects (Art. 12, 15-21)",
        "数据主体权利（第12、15至21条）",
        (
            "GDPR-12-3",
            "GDPR-12-4",
            "GDPR-12-5",
            "GDPR-12-6",
            "GDPR-15",
            "GDPR-15-1-h",
            "GDPR-16",
            "GDPR-17-1",
            "GDPR-17-3",
            "GDPR-18",
            "GDPR-19",
            "GDPR-20",
            "GDPR-21-1",
            "GDPR-21-2",
            "GDPR-21-4",
        ),
    ),
    Heading(
        "Automated decisions (Art. 22)",
        "自动化决策（第22条）",
        ("GDPR-22-1", "GDPR-22-3", "GDPR-22-4"),
    ),
    Heading(
        "Processors and transfers (Art. 28, 44-49)",
        "受托处理与跨境传输（第28、44至49条）",
        ("GDPR-28", "GDPR-44"),
    ),
    Heading("Record of processing (Art. 30)", "处理活动记录（第30条）", ("GDPR-30",)),
    Heading(
        "Security and breaches (Art. 32-34)", "安全与数据泄露（第32至34条）", ("GDPR-32", "GDPR-33")
    ),
    Heading("Impact assessment (Art. 35)", "数据保护影响评估（第35条）", ("GDPR-35",)),
    Heading(
        "Online platforms (Digital Services Act)",
        "在线平台（《数字服务法》）",
        ("EU-DSA-26-3", "EU-DSA-28-2"),
    ),
)

_PIPL: Final = (
    Heading(
        "Legal basis",
        "合法性基础",
        (
            "CN-PIPL-5-6",
            "CN-PIPL-13",
            "CN-PIPL-14",
            "CN-PIPL-14-2",
            "CN-PIPL-15",
            "CN-PIPL-16",
            "CN-NDSR-22-5",
        ),
    ),
    Heading("Processing rules", "个人信息处理规则", ("CN-ALGO-10-R", "CN-ALGO-16")),
    Heading("Notice", "告知义务", ("CN-PIPL-17",)),
    Heading("Joint processing", "共同处理"),
    Heading("Entrusted processing", "委托处理", ("CN-PIPL-21",)),
    Heading("Transfer on merger or division", "因合并、分立等转移"),
    Heading("Giving to other processors", "向其他个人信息处理者提供", ("CN-PIPL-23",)),
    Heading(
        "Automated decision-making",
        "自动化决策",
        (
            "CN-PIPL-24-1",
            "CN-PIPL-24-2",
            "CN-PIPL-24-3",
            "CN-ALGO-7-8",
            "CN-ALGO-10",
            "CN-ALGO-17-1",
            "CN-ALGO-17-2",
            "CN-ALGO-17-3",
            "CN-ALGO-18-MINOR-24",
            "CN-ALGO-21",
            "CN-NDSR-42",
            "CN-ECOM-18",
        ),
    ),
    Heading("Publication", "公开个人信息", ("CN-PIPL-25",)),
    Heading("Capture in public places", "公共场所采集"),
    Heading("Information that is already public", "处理已公开的个人信息"),
    Heading("Sensitive personal information", "敏感个人信息", ("CN-PIPL-28-29", "CN-PIPL-30")),
    Heading("Minors under 14", "不满十四周岁未成年人", ("CN-PIPL-31",)),
    Heading("Export", "向境外提供", ("CN-PIPL-38-39",)),
    Heading(
        "Deletion",
        "删除",
        ("CN-PIPL-19", "CN-PIPL-47-1", "CN-PIPL-47-2", "CN-NDSR-24", "CN-ECOM-31"),
    ),
    Heading(
        "Rights of individuals",
        "个人权利保障",
        ("CN-PIPL-44-45", "CN-PIPL-46", "CN-PIPL-49", "CN-PIPL-50"),
    ),
    Heading("Answering and explaining", "响应与解释说明", ("CN-PIPL-48", "CN-ALGO-22")),
    Heading("Internal rules", "内部管理制度", ("CN-PIPL-51", "CN-PIPL-54")),
    Heading("Technical measures", "安全技术措施", ("CN-PIPL-51", "CN-PIPL-69")),
    Heading("Training", "教育培训", ("CN-PIPL-51",)),
    Heading("Officer", "个人信息保护负责人", ("CN-PIPL-54",)),
    Heading("Impact assessment", "个人信息保护影响评估", ("CN-PIPL-55",)),
    Heading("Incident plan", "安全事件应急预案", ("CN-PIPL-51",)),
    Heading("Incident response", "安全事件应急处置", ("CN-PIPL-57",)),
    Heading("Independent body (large platforms)", "独立监督机构（大型平台）"),
    Heading("Platform rules (large platforms)", "平台规则（大型平台）"),
    Heading("Report on social responsibility (large platforms)", "社会责任报告（大型平台）"),
)

_CCPA: Final = (
    Heading("Notice at collection", "收集时的告知", ("CA-100-a",)),
    Heading(
        "Purpose, proportion and retention",
        "目的、相称性与保存期限",
        ("CA-100-c", "CA-100-a3", "CA-140-m"),
    ),
    Heading(
        "Requests to know, delete and correct",
        "知情、删除与更正请求",
        (
            "CA-105",
            "CA-105-d",
            "CA-106",
            "CA-110",
            "CA-130",
            "CA-7021-a",
            "CA-7021-b",
            "CA-7060",
            "CA-7063",
        ),
    ),
    Heading(
        "Opt-out of sale and sharing",
        "选择退出出售与共享",
        ("CA-120", "CA-135-b", "CA-7025-c6", "CA-135-c4"),
    ),
    Heading(
        "Sensitive personal information",
        "敏感个人信息",
        ("CA-121", "CA-121-d", "CA-7027", "CA-140-ae", "CA-140-v1K"),
    ),
    Heading("Consumers under 16", "未满十六周岁的消费者", ("CA-120-c",)),
    Heading("Choices and equal treatment", "选择界面与平等对待", ("CA-7004", "CA-125")),
    Heading("Service providers and third parties", "服务提供商与第三方", ("CA-7050",)),
    Heading("Risk assessments", "风险评估", ("CA-7150", "CA-7155", "CA-7157")),
    Heading(
        "Automated decisionmaking technology",
        "自动化决策技术",
        ("CA-7200", "CA-7001-ddd-6", "CA-7220", "CA-7221", "CA-7222"),
    ),
    Heading("Cybersecurity audits", "网络安全审计", ("CA-7120",)),
    Heading("Records and figures of requests", "请求记录与统计", ("CA-7101", "CA-7102")),
)

HEADINGS: Final[Mapping[str, tuple[Heading, ...]]] = {
    "gdpr": _GDPR,
    "pipl_cn": _PIPL,
    "ccpa": _CCPA,
}
"""Regime → its headings in order."""
UNVERIFIED: Final = frozenset({"pipl_cn"})
"""Regimes whose numbering of headings is from knowledge: each number is marked."""
