# SPDX-License-Identifier: Apache-2.0
"""How trainings and trials are printed, in English and Chinese."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from governance.cli.out import table

if TYPE_CHECKING:
    from governance.learning.training import Trained
    from governance.learning.trials import Tried

_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "trained": (
        "the same request was trained before: nothing was charged",
        "相同的请求此前已训练：未扣预算",
    ),
    "tried": (
        "it was tried before: nothing was read or charged",
        "此前已检验：未读取数据，未扣预算",
    ),
    "training": (
        "{name}: {key} by {method}, for {purpose}",
        "{name}：{key}，方法{method}，用途{purpose}",
    ),
    "foretells": (
        "foretells    {target}, within {horizon} after {at}",
        "预测内容    {target}，自{at}起{horizon}内",
    ),
    "promise": (
        "promise      {promise} for each person it learned from",
        "承诺        {promise}，对每个学习对象",
    ),
    "noise": ("noise        {noise}", "噪声        {noise}"),
    "plain": (
        "NOT PRIVATE  it was trained without noise: do not give its parameters away",
        "没有隐私保护  训练时未加入噪声：请勿外传其参数",
    ),
    "people": (
        "learned from {people} people, {yes} of them with the outcome",
        "学习对象    共{people}人，其中{yes}人出现该结果",
    ),
    "again": ("train again  by {day}", "再次训练    最迟{day}"),
    "bounds": ("measure|lower|upper|fill|scale", "指标|下限|上限|缺省值|刻度"),
    "list": ("training|model|method|at|train again by", "训练|模型|方法|日期|再次训练期限"),
    "trial": (
        "{name}: how {training} did at the later time",
        "{name}：{training}在较晚时间的表现",
    ),
    "noisy": (
        "noise of about ±{sigma} people in each step, more in sums of steps; it was charged",
        "每一区间的人数含噪声，约±{sigma}；累加的人数噪声更大；已扣预算",
    ),
    "hidden": (
        "a share that noise hides is not told (-)",
        "被噪声掩盖的比例不予显示（-）",
    ),
    "figures": (
        "above|right yes|wrong yes|wrong no|right no|precision|recall",
        "阈值|给予且正确|给予但错误|未给予但发生|未给予且未发生|精确率|召回率",
    ),
    "best": (
        "* the best balance (F1); --threshold of model tag chooses another",
        "* 最佳平衡（F1）；model tag的--threshold可另选",
    ),
    "steps": ("score|people|to whom it came", "评分|人数|实际发生"),
}


def say(code: str, language: str, **values: object) -> str:
    """Return a sentence in a language (en or zh)."""
    return _WORDS[code][language == "zh"].format(**values)


def about(found: "Trained", language: str) -> Iterator[str]:
    """Yield what a training is, and what it promises."""
    from audit.clock import iso

    asked, artefact = found.asked, found.artefact
    told = {part: asked[part] for part in ("key", "method", "purpose")}
    yield say("training", language, name=found.name, **told)
    at, horizon = asked["train_at"], asked["horizon"]
    yield say("foretells", language, target=asked["target"], horizon=horizon, at=at)
    if found.charge is not None:
        yield say("promise", language, promise=found.promise(language))
        yield say("noise", language, noise=artefact["noise"])
    else:
        yield say("plain", language)
        yield say("people", language, people=artefact["people"], yes=artefact["yes"])
    yield say("again", language, day=iso(found.retrain_by)[:10])
    rules = zip(found.rules, artefact["contract"]["features"], strict=True)
    rows = [
        (rule, one["lower"], one["upper"], one["fill_value"], one["scale"]) for rule, one in rules
    ]
    yield from table(say("bounds", language).split("|"), rows)


def tried(found: "Tried", language: str) -> Iterator[str]:
    """Yield how a training did at the later time."""
    yield say("trial", language, name=found.name, training=found.training)
    if found.charge is not None:
        yield say("noisy", language, sigma=found.artefact["sigma"])
        yield say("hidden", language)
    rows = [
        (
            f"{one.threshold}{' *' if one.threshold == found.best else ''}",
            one.right_yes,
            one.wrong_yes,
            one.wrong_no,
            one.right_no,
            _cent(one.precision),
            _cent(one.recall),
        )
        for one in found.figures
    ]
    yield from table(say("figures", language).split("|"), rows)
    yield say("best", language)
    steps = [
        (f"{one['from']}-{one['to']}", one["people"], f"{one['observed']} %")
        for one in found.calibration
    ]
    yield from table(say("steps", language).split("|"), steps)


def _cent(share: float | None) -> str:
    return "-" if share is None else f"{share * 100:.1f} %"
