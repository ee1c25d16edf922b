# SPDX-License-Identifier: Apache-2.0
"""The card of a model: what it is, from what, what is promised, how often it is right, what it is not."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection

from audit.clock import iso
from governance.budget.ledger import cost_of
from governance.learning.training import Trained, named
from governance.learning.trials import Tried, tried
from tagging.segmentation.accounting import NANO

if TYPE_CHECKING:
    from governance.workspace import Workspace

_WORDS: Final = {
    "title": ("# Model card: {name}", "# 模型卡：{name}"),
    "what": (
        "It foretells: {says} ({target}), within {horizon}. Method: {method}. Training: {training}.",
        "预测内容：{says}（{target}），期限{horizon}。方法：{method}。训练编号：{training}。",
    ),
    "purpose": ("## Purpose and ground", "## 目的与依据"),
    "purpose.is": (
        "For {purpose}, owned by {owner}. Ground: {basis}. Only people whom the gate permits for it are in.",
        "用于{purpose}，负责人：{owner}。法律依据：{basis}。仅使用获准用于此目的之人的数据。",
    ),
    "data": ("## Data", "## 数据"),
    "data.is": (
        "Features as of {train_at}, outcomes of the {horizon} after it. Tried with features as of {try_at}.",
        "特征截至{train_at}，结果取其后{horizon}。检验所用特征截至{try_at}。",
    ),
    "data.size": (
        "{people} people, {yes} of them with the outcome.",
        "共{people}人，其中{yes}人出现该结果。",
    ),
    "feature": (
        "- {name}: {rule}, from {lower} to {upper}",
        "- {name}：{rule}，范围{lower}至{upper}",
    ),
    "privacy": ("## Privacy", "## 隐私"),
    "privacy.is": (
        (
            "The parameters are differentially private for each person (one more or less): {promise}; charged rho "
            "{rho}. Noise: {noise}. Floating-point noise is open to attacks on the low bits. The figures below were "
            "charged for themselves (epsilon {trial} at delta {delta}). What the model says of one person is "
            "computed from their own record and is not private towards it."
        ),
        (
            "模型参数对每个人（增减一人）满足差分隐私：{promise}；计费rho为{rho}。噪声：{noise}。浮点噪声的低位可能受到攻击。"
            "下列数字另行计费（epsilon为{trial}，delta为{delta}）。对个人的结论由其本人的记录计算得出，不在此承诺范围内。"
        ),
    ),
    "privacy.not": (
        (
            "**Nothing is promised.** The model was trained without noise: whoever has its parameters may learn "
            "something about people it learned from. Do not give it away."
        ),
        "**没有任何承诺。** 模型训练时未加入噪声：取得其参数者可能得知学习对象的信息。请勿外传。",
    ),
    "figures": ("## How often it is right", "## 准确程度"),
    "figures.none": ("Not tried yet: do not use it.", "尚未检验，请勿使用。"),
    "figures.head": (
        "| above | given and right | given and wrong | not given, yet it came | precision | recall |",
        "| 阈值 | 给予且正确 | 给予但错误 | 未给予但发生 | 精确率 | 召回率 |",
    ),
    "calibration": (
        "Score given, and the share to whom it came (steps with fewer than {least} people are left out):",
        "给出的评分与实际发生的比例（不足{least}人的区间不列出）：",
    ),
    "calibration.row": (
        "- {low} to {high}: {observed} % of {people}",
        "- {low}至{high}：{people}人中的{observed}%",
    ),
    "noise": (
        (
            "A step of the score has noise of about ±{sigma} people for each outcome, sums of steps have more. A share "
            "that noise hides is not told (–)."
        ),
        "每一评分区间、每种结果的人数含噪声，约±{sigma}；累加的人数噪声更大。被噪声掩盖的比例不予显示（–）。",
    ),
    "limits": ("## Limits", "## 局限"),
    "limits.are": (
        (
            "It learned what went together in the past; that is no cause, and it may cease. It is wrong about some "
            "people, and was not examined for fairness: see the audit of bias. No decision with legal or similar "
            "effect may rest on it alone."
        ),
        "模型学到的只是过去的相关性，并非因果，且可能失效。它对部分人会出错，且未作公平性审查：请参阅偏差审计。不得仅凭它作出具有法律或类似影响的决定。",
    ),
    "again": ("## Erasure and training again", "## 删除与再训练"),
    "again.is": (
        (
            "Who erases their data loses the tag at once. Nobody keeps who was in a training: that would be a list "
            "of people. So a training is not undone for one of them; every model is trained again without them, by "
            "{by} at the latest."
        ),
        "删除数据者即刻失去标签。系统不保留参与训练者的名单，因此不会为个别人撤销训练；每个模型最迟于{by}在不含其数据的情况下重新训练。",
    ),
}


def card(ws: "Workspace", name: str, language: str) -> str:
    """Return the card of a training as Markdown; raises NotFound `unknown-model`."""
    with ws.store.read() as connection:
        return "\n".join(_lines(connection, name, language)) + "\n"


def _lines(connection: Connection, name: str, language: str) -> Iterator[str]:
    found = named(connection, name)
    yield _say("title", language, name=_word(found.asked["name"], language))
    yield ""
    yield _say("what", language, **_what(found, language))
    yield from ("", _say("purpose", language), "")
    basis = ", ".join(f"{one}: {how}" for one, how in sorted(found.asked["basis"].items()))
    asked = found.asked
    yield _say("purpose.is", language, purpose=asked["purpose"], owner=asked["owner"], basis=basis)
    yield from _data(found, language)
    yield from ("", _say("privacy", language), "")
    yield _privacy(connection, found, language)
    yield from ("", _say("figures", language), "")
    yield from _figures(tried(connection, found.name), language)
    for part, word in (("limits", "limits.are"), ("again", "again.is")):
        yield from ("", _say(part, language), "")
        yield _say(word, language, by=iso(found.retrain_by)[:10])


def _what(found: Trained, language: str) -> dict[str, str]:
    asked = found.asked
    return {
        "says": _word(asked["says"], language),
        "target": f"`{asked['target']}`",
        "horizon": asked["horizon"],
        "method": asked["method"],
        "training": found.name,
    }


def _data(found: Trained, language: str) -> Iterator[str]:
    asked, artefact = found.asked, found.artefact
    yield from ("", _say("data", language), "")
    times = {key: asked[key] for key in ("train_at", "try_at", "horizon")}
    yield _say("data.is", language, **times)
    if "people" in artefact:
        size = {key: str(artefact[key]) for key in ("people", "yes")}
        yield _say("data.size", language, **size)
    yield ""
    rows = zip(
        found.document["names"],
        found.rules,
        artefact["contract"]["features"],
        strict=True,
    )
    for name, rule, bounds in rows:
        ends = {key: bounds[key] for key in ("lower", "upper")}
        yield _say("feature", language, name=_word(name, language), rule=f"`{rule}`", **ends)


def _privacy(connection: Connection, found: Trained, language: str) -> str:
    budget = found.asked["budget"]
    if found.charge is None or budget is None:
        return _say("privacy.not", language)
    said = {"promise": found.promise(language), "noise": found.artefact["noise"]}
    rho = f"{cost_of(connection, found.charge) / NANO:.9f}"
    return _say(
        "privacy.is", language, rho=rho, trial=budget["trial"], delta=budget["delta"], **said
    )


def _figures(trial: Tried | None, language: str) -> Iterator[str]:
    if trial is None:
        yield _say("figures.none", language)
        return
    yield _say("figures.head", language)
    yield "|---|---|---|---|---|---|"
    for one in trial.figures:
        cells = (
            one.right_yes,
            one.wrong_yes,
            one.wrong_no,
            _cent(one.precision),
            _cent(one.recall),
        )
        mark = "**" if one.threshold == trial.best else ""
        yield f"| {mark}{one.threshold}{mark} | " + " | ".join(map(str, cells)) + " |"
    yield ""
    if trial.charge is not None:
        yield _say("noise", language, sigma=str(trial.artefact["sigma"]))
        yield ""
    yield _say("calibration", language, least=str(trial.least))
    yield ""
    for step in trial.calibration:
        yield _say(
            "calibration.row",
            language,
            low=str(step["from"]),
            high=str(step["to"]),
            observed=str(step["observed"]),
            people=str(step["people"]),
        )


def _cent(share: float | None) -> str:
    return "–" if share is None else f"{share * 100:.1f} %"


def _word(words: Any, language: str) -> str:
    return str(words["zh" if language == "zh" else "en"])


def _say(code: str, language: str, **values: str) -> str:
    return _WORDS[code][language == "zh"].format(**values)
