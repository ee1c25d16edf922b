# SPDX-License-Identifier: Apache-2.0
"""How estimates, releases and fits are printed, in English and Chinese."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from governance.cli.out import table

if TYPE_CHECKING:
    from governance.segments.fits import Fit
    from governance.segments.profiles import Profile
    from governance.segments.releasing import Released
    from tagging.segmentation.estimate import Sight, Utility

_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "good": ("good", "良好"),
    "doubtful": ("doubtful", "存疑"),
    "hopeless": ("hopeless", "不可行"),
    "signal": ("signal {signal}: {verdict}", "信号强度{signal}：{verdict}"),
    "loss": (
        "squared distances about {loss} % above those without noise (nine in ten: below {high} %)",
        "距离平方和比不加噪声时约高{loss}%（十次中有九次低于{high}%）",
    ),
    "refused": (
        "it would be refused: from {rows} people on it would not be",
        "将被拒绝：达到{rows}人即可发布",
    ),
    "again": (
        "the same request was released before: nothing was charged",
        "相同的请求此前已发布：未扣预算",
    ),
    "release": ("{name}: {key}, for {purpose}", "{name}：{key}，用途{purpose}"),
    "promise": (
        "promise    epsilon {epsilon}{delta}; charged rho {rho}",
        "承诺      epsilon {epsilon}{delta}；已扣rho {rho}",
    ),
    "delta": (" at delta {delta}", "（delta为{delta}）"),
    "protects": (
        "protects   one person: with or without any one of them, what is published is nearly as likely",
        "保护对象  单个人：无论是否包含任何一个人，所公布内容出现的可能性几乎相同",
    ),
    "mechanism": ("mechanism  {mechanism}; noise: {noise}", "机制      {mechanism}；噪声：{noise}"),
    "expected": (
        (
            "expected   signal {signal}, {verdict}: squared distances about {loss} % above those without noise "
            "(nine in ten below {high} %)"
        ),
        "预期      信号强度{signal}，{verdict}：距离平方和比不加噪声时约高{loss}%（十次中有九次低于{high}%）",
    ),
    "sight": ("{cells} cells: {verdict}", "{cells}个网格：{verdict}"),
    "seen": (
        "a place is seen to be dense from about {least} people within eps on",
        "eps范围内约有{least}人以上时才能看出该处密集",
    ),
    "expected-sight": (
        "expected   {cells} cells, {verdict}: {seen}",
        "预期      {cells}个网格，{verdict}：{seen}",
    ),
    "baseline": (
        "expected   a baseline: set it beside a synopsis with segment compare",
        "预期      基线方法：请用segment compare与概要发布作比较",
    ),
    "ledger": (
        "ledger     {part}: {spent} of {limit} rho spent, {left} left",
        "账本      {part}：rho已用{spent}，共{limit}，剩余{left}",
    ),
    "contract": ("contract   {contract}, public bounds:", "契约      {contract}，公开的上下限："),
    "bounds": ("feature|lower|upper|fill|scale", "指标|下限|上限|缺省值|刻度"),
    "not": (
        "does not protect  a person's own segment, which is computed from their own record",
        "不保护    个人所属的组：它由其本人的记录计算得出",
    ),
    "written": ("written: {file}", "已写入：{file}"),
    "list": ("release|segmentation|at|epsilon|fits", "发布|分群|时间|epsilon|拟合数"),
    "fit": ("{name}: {count} segments", "{name}：共{count}组"),
    "segments": ("segment|people, with noise|what it is like", "组|人数（含噪声）|特点"),
    "few": ("too few to show", "人数过少，不显示"),
    "unknown": ("not published", "未公布"),
    "measured": ("measured on {home}, which is free", "在{home}上测量，不扣预算"),
    "compared": (
        "#|fit|made by|rho paid|segments|explained|in none",
        "#|拟合|机制|已付rho|组数|解释比例|不属任何组",
    ),
    "like": ("like {number}", "与{number}一致"),
    "explained": (
        "explained: how much of the squared distances to the middle of all the segments account for",
        "解释比例：各组说明了到总体中心距离平方和的多少",
    ),
    "agreement": (
        "like: agreement of who is with whom (adjusted Rand index): 1 the same, 0 by chance",
        "一致：谁与谁同组的一致程度（调整兰德指数）：1为相同，0为随机",
    ),
}


def say(code: str, language: str, **values: object) -> str:
    """Return a sentence in a language (en or zh)."""
    return _WORDS[code][language == "zh"].format(**values)


def estimated(found: "Utility", language: str) -> Iterator[str]:
    """Yield what a release would be worth."""
    verdict = say(found.verdict, language)
    yield say("signal", language, signal=f"{found.signal:.1f}", verdict=verdict)
    if found.loss is None:
        yield say("refused", language, rows=found.rows_needed)
        return
    loss, high = ((one - 1) * 100 for one in (found.loss, found.loss_p90 or 1))
    yield say("loss", language, loss=f"{loss:.1f}", high=f"{high:.1f}")


def seen(found: "Sight", language: str) -> Iterator[str]:
    """Yield what a histogram for DBSCAN would be worth."""
    verdict = say(found.verdict, language)
    yield say("sight", language, cells=f"{found.cells:,}", verdict=verdict)
    yield say("seen", language, least=found.least)
    if found.verdict == "hopeless":
        yield say("refused", language, rows=found.rows_needed)


def listed(found: Sequence[Mapping[str, Any]], language: str) -> Iterator[str]:
    """Yield the releases, and below them the fits made of them."""
    parts = ("release", "segmentation", "at", "epsilon")
    rows = [(*(one[part] for part in parts), len(one["fits"])) for one in found]
    yield from table(say("list", language).split("|"), rows)
    yield from (f"  {name}" for one in found for name in one["fits"])


def statement(found: "Released", language: str) -> Iterator[str]:
    """Yield what a release promises."""
    said = found.statement
    key, purpose = found.segmentation, said["purpose"]
    yield say("release", language, name=found.name, key=key, purpose=purpose)
    delta = "" if said["delta"] == "0" else say("delta", language, delta=said["delta"])
    rho = f"{said['nano_rho'] / 1e9:.9f}"
    yield say("promise", language, epsilon=said["epsilon"], delta=delta, rho=rho)
    yield say("protects", language)
    yield say("mechanism", language, mechanism=said["mechanism"], noise=said["noise"])
    if "cells" in said:
        yield say(
            "expected-sight",
            language,
            cells=f"{said['cells']:,}",
            verdict=say(said["verdict"], language),
            seen=say("seen", language, least=said["seen_from"]),
        )
    elif "verdict" in said:
        yield say(
            "expected",
            language,
            signal=f"{said['signal_tenths'] / 10:.1f}",
            verdict=say(said["verdict"], language),
            loss=said["predicted_loss_percent"],
            high=said["predicted_loss_p90_percent"],
        )
    else:
        yield say("baseline", language)
    for part, state in said["ledger"].items():
        rhos = {name: f"{state[name] / 1e9:.6f}" for name in ("spent", "limit", "left")}
        yield say("ledger", language, part=part, **rhos)
    yield say("contract", language, contract=said["contract_id"][:16])
    pairs = zip(found.document["names"], said["contract"]["features"], strict=True)
    rows = [
        (
            name["zh" if language == "zh" else "en"],
            one["lower"],
            one["upper"],
            one["fill_value"],
            one["scale"],
        )
        for name, one in pairs
    ]
    yield from table(say("bounds", language).split("|"), rows)
    yield say("not", language)


def fitted(done: "Fit", shown: Sequence["Profile"], language: str) -> Iterator[str]:
    """Yield the segments of a fit."""
    yield say("fit", language, name=done.name, count=done.count)
    rows = []
    for one in shown:
        noise = done.document["size_noise"][one.number - 1]
        hidden = say("few" if noise else "unknown", language)
        rows.append((one.number, hidden if one.size is None else one.size, one.words(language)))
    yield from table(say("segments", language).split("|"), rows)


def compared(found: list[dict[str, Any]], language: str) -> Iterator[str]:
    """Yield fits side by side; names are short where they can be."""
    home = found[0]["measured_on"]
    yield say("measured", language, home=home)
    rows = [
        (
            number + 1,
            one["fit"].split("/")[1] if one["release"] == home else one["fit"],
            one["mechanism"].split("/")[0],
            f"{one['nano_rho'] / 1e9:.6f}",
            one["segments"],
            f"{one['explained'] * 100:.1f} %",
            f"{one['outside'] * 100:.1f} %",
            *(f"{x:.2f}" for x in one["agreement"]),
        )
        for number, one in enumerate(found)
    ]
    agree = [say("like", language, number=number + 1) for number in range(len(found))]
    yield from table([*say("compared", language).split("|"), *agree], rows)
    yield say("explained", language)
    yield say("agreement", language)
