# SPDX-License-Identifier: Apache-2.0
"""A plan in words: lines for a terminal and Markdown for a review, in English and Chinese."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from governance.changing.plan import Item, People, Plan, VerdictChange
from governance.changing.review import ChangeSet
from policies.vocabulary import label

_WORDS: Final = {
    "none": ("nothing to do: the catalogue is as the documents say", "无需操作：目录与文件一致"),
    "head": (
        "Definitions that would change: {n}. Nothing has changed yet.",
        "该计划将更改{n}项定义；目前尚未更改任何内容。",
    ),
    "new": ("new {kind}", "新增{kind}"),
    "new version": (
        "{kind}, version {version}: its meaning changes",
        "{kind}，第{version}版：含义变更",
    ),
    "reworded": ("{kind}: words only, needs nobody's approval", "{kind}：仅文字修改，无需审批"),
    "tag": ("tag", "标签"),
    "feature": ("feature", "特征"),
    "people": (
        (
            "would reach {after} people (now {before}): {gained} gain it, {lost} lose it; "
            "the gate permits {permitted} of {known} ({share})"
        ),
        "将覆盖{after}人（现有{before}人）：新增{gained}人，减少{lost}人；闸口放行{known}人中的{permitted}人（{share}）",
    ),
    "people.hidden": (
        (
            "rests on segments or a model: how many have it is not told; "
            "the gate permits {permitted} of {known} ({share})"
        ),
        "取决于分群或模型，拥有该标签的人数不予公布；闸口放行{known}人中的{permitted}人（{share}）",
    ),
    "was": ("was", "原为"),
    "unclaimed": ("no basis claimed: nobody is tagged there", "未声明合法性基础：该法域不打标"),
    "cannot": ("the claimed basis cannot carry it", "所声明的合法性基础不成立"),
    "sensitive": ("newly sensitive under {names}", "在以下法域新属敏感：{names}"),
    "recipients": ("new recipients: {names}", "新增接收方：{names}"),
    "dependants": ("these refer to it: {names}", "以下标签引用它：{names}"),
    "duplicates": ("has the same meaning as {names}", "与以下定义含义相同：{names}"),
    "missing": ("not on record: {names}", "尚无记录：{names}"),
    "again": (
        "These go out of use until they are reviewed, because an input becomes sensitive: {names}",
        "因输入变为敏感，以下标签在复核前停用：{names}",
    ),
    "over.lost": (
        "{key} would lose {share} of its people; the limit is {limit}",
        "{key}将失去{share}的人；上限为{limit}",
    ),
    "over.gained": (
        "{key} would gain {share} of its people; the limit is {limit}",
        "{key}将新增{share}的人；上限为{limit}",
    ),
    "leak.tag": (
        "{key} tells {figure} bit about {attribute}; the limit is {limit} ({source})",
        "{key}透露{attribute}的信息{figure}比特；上限为{limit}（{source}）",
    ),
    "leak.pair": (
        "{key} and {other} together tell {figure} bit about {attribute}; the limit is {limit} ({source})",
        "{key}与{other}合起来透露{attribute}的信息{figure}比特；上限为{limit}（{source}）",
    ),
    "leak.set": (
        (
            "with {key}, all tags together tell {other} ({attribute}) from the rest with AUC {figure}; "
            "the limit is {limit} ({source})"
        ),
        "加上{key}后，全部标签合起来区分{other}（{attribute}）的 AUC 为{figure}；上限为{limit}（{source}）",
    ),
    "leak.counted": ("counted for this plan", "按本计划统计"),
    "leak.reported": ("{report}, on the version before", "{report}，针对上一版"),
    "leak.hidden": ("(not told, to protect people)", "（为保护个人不予显示）"),
    "refused": ("findings against it: {n}; it cannot be submitted", "有{n}项问题：不能提交"),
    "uncounted": ("people were not counted", "未统计人数"),
    "name": ("change set {name}, digest {digest}", "变更集{name}，摘要{digest}"),
    "next.submit": (
        "next: tagwarden tag submit PLAN, then another operator: tagwarden tag approve {name}",
        "下一步：tagwarden tag submit PLAN，然后由另一位操作者执行 tagwarden tag approve {name}",
    ),
    "next.approve": (
        "next: another operator: tagwarden tag review {name}, tagwarden tag approve {name}",
        "下一步：由另一位操作者执行 tagwarden tag review {name} 与 tagwarden tag approve {name}",
    ),
    "next.apply": ("next: tagwarden tag apply PLAN", "下一步：tagwarden tag apply PLAN"),
}


def word(code: str, language: str, **values: object) -> str:
    """Return a sentence about a plan in a language."""
    return _WORDS[code][language == "zh"].format(**values)


def lines(plan: Plan, language: str) -> Iterator[str]:
    """Yield a plan as lines for a terminal; long texts are not cut."""
    if not plan.items:
        yield word("none", language)
        return
    yield word("head", language, n=len(plan.items))
    for item in plan.items:
        yield ""
        yield f"{_SIGNS[item.what]} {item.key}  {_what(item, language)}"
        yield from (f"    {line}" for line in about(item, language))
    yield ""
    yield from closing(plan, language)


COLUMNS: Final = (
    *("", "definition", "kind", "permitted", "now", "gained", "lost"),
    *("gdpr", "pipl_cn", "ccpa", "to look at"),
)


def rows(plan: Plan, language: str) -> Iterator[tuple[object, ...]]:
    """Yield one row per definition: for plans of more than a screen."""
    for item in plan.items:
        people = item.people
        counts = ("", "", "", "")
        if people is not None:
            found = (people.permitted, people.before, people.gained, people.lost)
            counts = tuple(map(str, found))  # type: ignore[assignment]  # four, as above
        law = [_worst(item, regime, language) for regime in COLUMNS[7:10]]
        kind = word(item.kind, language)
        yield (_SIGNS[item.what], item.key, kind, *counts, *law, "; ".join(_notes(item, language)))


def _worst(item: Item, regime: str, language: str) -> str:
    """Return the strictest answer of a regime that the tag claims a basis for."""
    found = [c.after for c in item.verdicts if c.after.regime == regime and c.after.claimed]
    if not found:
        return "–" if item.kind == "tag" else ""
    order = ("allowed", "needs_consent", "gap", "prohibited")
    worst = max(found, key=lambda verdict: order.index(verdict.verdict))
    return _answer(worst.verdict, worst.consent, language)


def _notes(item: Item, language: str) -> Iterator[str]:
    if item.newly_sensitive:
        yield word("sensitive", language, names=", ".join(item.newly_sensitive))
    if item.new_recipients:
        yield word("recipients", language, names=", ".join(item.new_recipients))
    if item.duplicates:
        yield word("duplicates", language, names=", ".join(item.duplicates))
    if item.missing:
        yield word("missing", language, names=", ".join(sorted({m.duty for m in item.missing})))
    for finding in item.findings:
        yield f"{finding.severity}: {finding.code}"


def closing(plan: Plan, language: str) -> Iterator[str]:
    """Yield what holds for the plan as a whole, and the way on."""
    if plan.reviewed_again:
        yield word("again", language, names=", ".join(plan.reviewed_again))
    for over in plan.over:
        yield word(
            f"over.{over.measure}",
            language,
            key=over.key,
            share=_share(over.per_mille),
            limit=_share(over.limit),
        )
    for leak in plan.leaks:
        source = "leak.reported" if leak.report else "leak.counted"
        yield word(
            f"leak.{leak.what}",
            language,
            **{
                **leak.model_dump(),
                "figure": leak.figure or word("leak.hidden", language),
                "source": word(source, language, report=leak.report),
            },
        )
    if not plan.counted:
        yield word("uncounted", language)
    yield word("name", language, name=plan.name, digest=plan.digest)
    if plan.errors:
        yield word("refused", language, n=plan.errors)
    else:
        yield word("next.submit" if plan.needs_approval else "next.apply", language, name=plan.name)


def markdown(plan: Plan, language: str) -> Iterator[str]:
    """Yield a plan as Markdown, for a review beside the code."""
    yield f"# {word('head', language, n=len(plan.items))}" if plan.items else word("none", language)
    for item in plan.items:
        yield ""
        yield f"## `{item.key}`"
        yield ""
        yield f"{_what(item, language)}"
        yield ""
        yield from (f"- {line.strip()}" for line in about(item, language))
    if plan.items:
        yield ""
        yield from (f"> {line}" for line in closing(plan, language))


def states(items: Iterable[ChangeSet], names: dict[str, str]) -> list[tuple[Any, ...]]:
    """Return the rows of a table of change sets; `names` are those of operators."""
    return [
        (
            item.name,
            item.state,
            names.get(item.author, item.author),
            len(item.plan.items),
            sum(one.what != "reworded" for one in item.plan.items),
            names.get(item.decided_by, item.decided_by),
            item.reason,
        )
        for item in items
    ]


_SIGNS: Final = {"new": "+", "new version": "~", "reworded": "="}


def _what(item: Item, language: str) -> str:
    kind = word(item.kind, language)
    return word(item.what, language, kind=kind, version=item.version)


def about(item: Item, language: str) -> Iterator[str]:
    """Yield what a plan says of one definition."""
    zh = language == "zh"
    if item.what != "new":
        for field in item.fields:
            yield f"{field.path}: {_value(field.before)}  →  {_value(field.after)}"
    if item.people is not None:
        yield _people(item.people, language)
    for change in item.verdicts:
        yield from _verdict(change, language)
    if item.newly_sensitive:
        regimes = [label("regime", regime, language) for regime in item.newly_sensitive]
        yield word("sensitive", language, names=("、" if zh else ", ").join(regimes))
    for key, names in (
        ("recipients", item.new_recipients),
        ("dependants", item.dependants),
        ("duplicates", item.duplicates),
    ):
        if names:
            yield word(key, language, names=", ".join(names))
    if item.missing:
        duties = [
            f"{label('duty', one.duty, language)} ({label('regime', one.regime, language)})"
            for one in item.missing
        ]
        yield word("missing", language, names=("；" if zh else "; ").join(duties))
    for finding in item.findings:
        code = ", ".join((finding.code, *finding.cites))
        yield f"{finding.severity}: {finding.message[language]} [{code}]"
        yield f"    {finding.fix[language]}"


def _people(people: People, language: str) -> str:
    def number(count: int | str) -> str:
        return f"{count:,}" if isinstance(count, int) else count

    return word(
        "people.hidden" if people.after == "not told" else "people",
        language,
        after=number(people.after),
        before=number(people.before),
        gained=number(people.gained),
        lost=number(people.lost),
        permitted=number(people.permitted),
        known=number(people.known),
        share=_share(people.permitted_per_mille),
    )


def _verdict(change: VerdictChange, language: str) -> Iterator[str]:
    after = change.after
    text = _answer(after.verdict, after.consent, language)
    if change.before is not None and (change.before.verdict, change.before.consent) != (
        after.verdict,
        after.consent,
    ):
        before = _answer(change.before.verdict, change.before.consent, language)
        text += f" ({word('was', language)}: {before})"
    if not after.claimed:
        text += f"; {word('unclaimed', language)}"
    elif after.carries is False:
        text += f"; {word('cannot', language)}"
    yield f"{label('regime', after.regime, language)}, {after.purpose}: {text}"
    if after.claimed:
        yield f"    {after.why[language]} [{'; '.join(after.cites)}]"
        known = set(change.before.requires) if change.before else set()
        duties = [duty for duty in after.requires if duty not in known]
        if duties:
            words = [label("duty", duty, language) for duty in duties]
            yield "    + " + ("；" if language == "zh" else "; ").join(words)


def _answer(verdict: str, consent: str, language: str) -> str:
    text = label("verdict", verdict, language)
    return text if consent == "none" else f"{text} ({label('consent', consent, language)})"


def _value(value: Any) -> str:
    if value is None:
        return "–"
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value).strip()


def _share(per_mille: int) -> str:
    return f"{per_mille / 10:.1f} %"
