# SPDX-License-Identifier: Apache-2.0
"""How limits, the ledger and the audit of privacy are printed, in English and Chinese."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from governance.cli.out import table

if TYPE_CHECKING:
    from governance.budget.auditing import Report
    from governance.budget.limits import Limit
    from governance.budget.verification import Checked

_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "limit": (
        "{population}: epsilon {epsilon} for life at delta {delta} (rho {rho})",
        "{population}：终身上限为epsilon {epsilon}，delta为{delta}（rho {rho}）",
    ),
    "none": ("no limit is set: nothing can be released", "尚未设置上限：无法发布任何结果"),
    "limits": (
        "population|epsilon|delta|rho|spent|left|period",
        "人群|epsilon|delta|rho|已用|剩余|周期",
    ),
    "period": ("{used} of {most} in {period}", "{period}内已用{used}，上限{most}"),
    "guarantee": (
        "the guarantee is the limit: every release that fits into it is covered by it",
        "上限即保证：未超出上限的每次发布都在保证之内",
    ),
    "ledger": ("at|record|charge|population|rho|what", "时间|记录|扣减|人群|rho|内容"),
    "reserved": ("reserved", "已扣"),
    "released": ("released", "已发布"),
    "failed": ("failed", "失败"),
    "verified": (
        "{records} records, {charges} charges, as they were written",
        "共{records}条记录、{charges}笔扣减，均与写入时一致",
    ),
    "worst": ("mechanism|used of its charge at most", "机制|至多用去所扣预算的比例"),
    "pairs": (
        "{pairs} pairs of neighbours: nobody moved an answer more than was charged",
        "{pairs}对相邻数据：没有人使答案的变化超出所扣预算",
    ),
    "sampler": (
        "noise: p {p} that it is the discrete Gaussian; two processes differ",
        "噪声：符合离散高斯分布的检验p值为{p}；两个进程的噪声互不相同",
    ),
    "attacker": (
        "attacker with every answer: epsilon {seen} of {claimed}",
        "掌握全部答案的攻击者：达到epsilon {seen}，承诺为{claimed}",
    ),
    "here": (
        "{charges} charges and {published} records here: in order",
        "本工作区的{charges}笔扣减和{published}条公布记录：无异常",
    ),
    "floating": (
        "{floating} of them by a library: floating-point noise, no exact promise",
        "其中{floating}条由第三方库产生：噪声为浮点数，没有精确的承诺",
    ),
    "unheard": ("not seen whole: {name}: {why}", "未能完全检查：{name}：{why}"),
}
_UNHEARD: Final[Mapping[str, str]] = {
    "diffprivlib-kmeans": "其步数与空组取决于精确数字：若某个人使其改变，则该对相邻数据不受任何承诺保护",
    "diffprivlib-random-forest": "决策树在库内部抽取：只检查了其保留的内容",
    "interpret-ebm": "其累加值按库交出的样子重放：未检查其低位",
}
"""By mechanism, without its version: what the audit does not see of it, in Chinese."""


def say(code: str, language: str, **values: object) -> str:
    """Return a sentence in a language (en or zh)."""
    return _WORDS[code][language == "zh"].format(**values)


def limit(found: "Limit", language: str) -> Iterator[str]:
    """Yield what was set."""
    told = {name: getattr(found, name) for name in ("population", "epsilon", "delta")}
    yield say("limit", language, rho=_rho(found.nano_rho), **told)


def limits(found: Sequence[Mapping[str, Any]], language: str) -> Iterator[str]:
    """Yield every limit with what is spent and left of it."""
    if not found:
        yield say("none", language)
        return
    rows = [
        (
            one["population"],
            one["epsilon"],
            one["delta"],
            _rho(one["nano_rho"]),
            _rho(one["spent_nano_rho"]),
            _rho(one["left_nano_rho"]),
            _period(one, language) if one["period"] else "",
        )
        for one in found
    ]
    yield from table(say("limits", language).split("|"), rows)
    yield say("guarantee", language)


def ledger(found: Sequence[Mapping[str, Any]], language: str) -> Iterator[str]:
    """Yield the records of the ledger."""
    from audit.clock import iso

    rows = [
        (
            iso(one["at"]),
            say(one["record"], language),
            one["charge"],
            one["population"],
            _rho(one["nano_rho"]) if one["record"] == "reserved" else "",
            one.get("release") or one.get("purpose") or one["code"],
        )
        for one in found
    ]
    yield from table(say("ledger", language).split("|"), rows)


def verified(found: "Checked", language: str) -> Iterator[str]:
    """Yield how much of the ledger was counted again."""
    yield say("verified", language, records=found.records, charges=found.charges)


def audited(found: "Report", language: str) -> Iterator[str]:
    """Yield what the audit of privacy tried, and what it did not see."""
    done = found.mechanisms
    rows = [(name, f"{part:.4f}") for name, part in done.worst.items()]
    yield from table(say("worst", language).split("|"), rows)
    yield say("pairs", language, pairs=f"{done.pairs:,}")
    yield say("sampler", language, p=f"{done.sampler_p:.4f}")
    seen, claimed = done.epsilon_seen, f"{done.epsilon_claimed:g}"
    yield say("attacker", language, seen=seen, claimed=claimed)
    yield say("here", language, charges=found.ledger.charges, published=found.published)
    if found.floating:
        yield say("floating", language, floating=found.floating)
    for name, why in done.unheard.items():
        yield say("unheard", language, name=name, why=unheard(name, why, language))


def unheard(mechanism: str, why: str, language: str) -> str:
    """Return what the audit does not see of a mechanism."""
    name, _, _ = mechanism.partition("/")
    return _UNHEARD.get(name, why) if language == "zh" else why


def _period(one: Mapping[str, Any], language: str) -> str:
    used, most = _rho(one["spent_in_period_nano_rho"]), _rho(one["period_nano_rho"])
    return say("period", language, used=used, most=most, period=one["period"])


def _rho(nano: int) -> str:
    return f"{nano / 1e9:.9f}"
