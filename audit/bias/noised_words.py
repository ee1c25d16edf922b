# SPDX-License-Identifier: Apache-2.0
"""The words of a bias report of noised counts, English and Chinese, and the sentences that an officer can send."""

from collections.abc import Mapping
from typing import Any, Final

from audit.bias.words import (
    LIMITS,
    NOT_DEFINED,
    REASONS,
    STATUS,
    compared,
    group_name,
    outcome,
    told,
    waived,
)
from audit.words import Words

TITLE: Final = Words("Bias report, with noise", "偏差审计报告（加噪）")
COUNTED: Final = Words(
    "About {people:,} people were counted, {tagged:,} of them with the tag: every number here carries noise.",
    "计入约 {people:,} 人，其中约 {tagged:,} 人带有该标签：本报告中的每个数字都带有噪声。",
)
COUNTED_VALUES: Final = Words(
    "About {people:,} people were counted: every number here carries noise.",
    "计入约 {people:,} 人：本报告中的每个数字都带有噪声。",
)
GROUP: Final = Words(
    "{group}: about {tagged:,} (±{tagged_within:,}) of {people:,} (±{people_within:,}); share {value}, {low} to "
    "{high}; ratio to the others {ratio} ({ratio_low} to {ratio_high}); {status}; {reason}.",
    "{group}：约 {people:,}（±{people_within:,}）人中约 {tagged:,}（±{tagged_within:,}）人；比例 {value}，{low} 至 "
    "{high}；与其他人的比率 {ratio}（{ratio_low} 至 {ratio_high}）；{status}；{reason}。",
)
UNKNOWN: Final = Words(
    "Unknown: about {tagged:,} (±{tagged_within:,}) of {people:,} (±{people_within:,}).",
    "未知：约 {people:,}（±{people_within:,}）人中约 {tagged:,}（±{tagged_within:,}）人。",
)
PAID: Final = Words(
    "Nothing is hidden, and nothing is exact. The counts were released once with discrete Gaussian noise (sigma "
    "{sigma} in each of {cells} cells) for epsilon {epsilon} at delta {delta} (rho {rho}), charged on the "
    "population {population} before anybody was counted: {charge}. With or without any one person this report "
    "is nearly as likely.",
    "没有隐藏任何数字，也没有任何数字是精确的。计数只发布一次，带离散高斯噪声（{cells} 个单元格，每格 sigma "
    "{sigma}），代价为 epsilon {epsilon}、delta {delta}（rho {rho}），在统计任何人之前即记入人群 {population}："
    "{charge}。有无任何一个人，得到本报告的可能性几乎相同。",
)
NEGATIVE: Final = Words(
    "A number below zero is noise on few or no people; it stays in sums, and counts as zero in a share.",
    "负数表示人数很少或为零时的噪声；求和时保留，计算比例时按零计。",
)
SAID: Final[Mapping[str, Words]] = {
    "noised": Words(
        "± is how far noise moves a number, nineteen times in twenty. The intervals and the tests count with it.",
        "±表示噪声使数字移动的范围（二十次中有十九次在此之内）。区间与检验均已计入噪声。",
    ),
    "noised-sample": Words(
        "Everybody was counted, with noise. The verdict and the intervals speak of the process that will tag "
        "tomorrow's people.",
        "已对全部人员加噪计数。结论与区间针对的是今后为人打标签的过程。",
    ),
    "noised-census": Words(
        "Everybody was counted, with noise. The verdict speaks of those counted, as far as the noise lets it; "
        "the intervals speak of the process that will tag tomorrow's people.",
        "已对全部人员加噪计数。结论在噪声允许的范围内针对被统计的人；区间针对的是今后为人打标签的过程。",
    ),
    "exact-beside": Words(
        "The privacy budget covers what is released with noise. Reports of exact counts on the same tag protect "
        "themselves by what they hide; the budget does not cover them, nor do they protect this one.",
        "隐私预算只涵盖加噪发布的内容。同一标签的精确计数报告靠隐藏数字自行保护；预算不涵盖它们，它们也不保护本报告。",
    ),
    "left-out": Words(
        "How many people were not counted is not told: they are in no cell.",
        "未计入的人数不予说明：他们不在任何单元格中。",
    ),
    "not-opened": Words(
        "How many people's attribute was not opened is told only with those who gave no answer, as unknown.",
        "未开启属性的人数仅与未作答者一并计为未知。",
    ),
    "leak": Words(
        "Bits that the tag tells about the attribute are not told: they would mostly be noise.",
        "标签透露的属性信息量不予说明：其中大部分会是噪声。",
    ),
    "causes": Words(
        "Causes and what-if are not told: they need counts that were not released.",
        "原因与假设分析不予说明：它们需要未发布的计数。",
    ),
    "drift": Words(
        "Months are not told: each would be a release of its own.",
        "不按月说明：每个月都是一次单独的发布。",
    ),
    "extremes": Words(
        "The largest less the smallest share is not told: noise alone makes it large.",
        "最大与最小比例之差不予说明：仅噪声就会使其变大。",
    ),
}


def sentences(document: Mapping[str, Any], language: str) -> list[str]:
    """Return the plain sentences of a report: the tag, each comparison with its groups, the noise."""
    found = [told(document, language), counted(document["verdict"], language)]
    found += outcome(document, language)
    for comparison in document["comparisons"]:
        found.append(compared(document, comparison, language))
        found += [_group(group, language) for group in comparison["groups"]]
        if comparison["unknown"] is not None:
            found.append(UNKNOWN.of(language).format(**comparison["unknown"]))
    found += waived(document, language)
    found += [say(code, language) for code in (*document["limits"], *document["omitted"])]
    return [*found, NEGATIVE.of(language), paid(document["noise"], language)]


def counted(verdict: Mapping[str, Any], language: str) -> str:
    """Return the sentence on how many people were counted, with noise."""
    return (COUNTED_VALUES if verdict["tagged"] is None else COUNTED).of(language).format(**verdict)


def paid(noise: Mapping[str, Any], language: str) -> str:
    """Return the sentence on the noise and what it cost."""
    rho = f"{noise['nano_rho'] / 1e9:.9f}"
    return PAID.of(language).format(**{**noise, "cells": len(noise["cells"]), "rho": rho})


def say(code: str, language: str) -> str:
    """Return the sentence on a limit of the report, or on a part that is not in it."""
    return (SAID[code] if code in SAID else LIMITS[code]).of(language)


def _group(group: Mapping[str, Any], language: str) -> str:
    nothing = NOT_DEFINED.of(language)
    rate = {key: value or nothing for key, value in group["rate"].items()}
    ratio = {key: value or nothing for key, value in group["ratio_rest"].items()}
    return GROUP.of(language).format(
        group=group_name(group["labels"], language),
        **{key: group[key] for key in ("people", "people_within", "tagged", "tagged_within")},
        **rate,
        ratio=ratio["value"],
        ratio_low=ratio["low"],
        ratio_high="∞" if ratio["high"] == "inf" else ratio["high"],
        status=STATUS[group["status"]].of(language),
        reason=REASONS[group["reason"]].of(language),
    )
