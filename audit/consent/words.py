# SPDX-License-Identifier: Apache-2.0
"""The words of a consent report, English and Chinese, and the sentences that an officer can send.

Both languages are made from the same facts of the document. What codes of law and catalogue are called
stands in the document itself.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from audit.words import Words, name_of

TITLE: Final = Words("Consent report", "同意审计报告")
STATUS: Final[Mapping[str, Words]] = {
    "breach": Words("breach", "违反"),
    "attention": Words("to be looked at", "需要关注"),
    "clear": Words("in order", "正常"),
}
SEVERITY: Final[Mapping[str, Words]] = {
    "breach": Words("breach", "违反"),
    "attention": Words("attention", "关注"),
    "note": Words("note", "提示"),
}
VERDICT: Final[Mapping[str, Words]] = {
    "breach": Words(
        "Consent from {since} to {until}: breaches found: {breaches}. Something was done with tags that "
        "nothing on record permitted.",
        "{since} 至 {until} 的同意情况：发现 {breaches} 项违反。存在无记录依据的标签处理。",
    ),
    "attention": Words(
        "Consent from {since} to {until}: no breach was found. Some things are to be looked at.",
        "{since} 至 {until} 的同意情况：没有发现违反。另有事项需要关注。",
    ),
    "clear": Words(
        "Consent from {since} to {until}: no tag was computed or kept without a basis, and every no "
        "took effect in time once it was on record.",
        "{since} 至 {until} 的同意情况：没有标签在无依据的情况下被计算或保留，每一次拒绝自登记起均及时生效。",
    ),
}
FINDINGS: Final[Mapping[str, Words]] = {
    "computed-without-basis": Words(
        "{tag}, version {version}: assignments computed although nothing on record permitted it "
        "({reason}): {count}.",
        "标签 {tag} 第 {version} 版：在无记录依据的情况下被计算的赋值（{reason}）：{count} 条。",
    ),
    "kept-without-basis": Words(
        "{tag}, version {version}: assignments kept by a run over everybody, or through the whole period, "
        "although nothing on record permitted it ({reason}): {count}.",
        "标签 {tag} 第 {version} 版：在无记录依据的情况下被全量运行保留、或在整个期间内存在的赋值（{reason}）：{count} 条。",
    ),
    "stop-late": Words(
        "{stop}: assignments that ended later than {limit} s after the entry: {count}.",
        "{stop}：登记后超过 {limit} 秒才终止的赋值：{count} 条。",
    ),
    "stop-recorded-late": Words(
        "{stop}: assignments that stood on while it was said and not on record for more than {days} days: {count}.",
        "{stop}：本人已表示、但超过 {days} 天未登记期间仍然有效的赋值：{count} 条。",
    ),
    "stop-standing": Words(
        "{stop}: assignments that still stand although their ground is gone: {count}.",
        "{stop}：依据消失后仍然有效的赋值：{count} 条。",
    ),
    "signal-broken": Words(
        "People for whom a tag was computed or kept that their opt-out of sale and sharing stops: {count}.",
        "已拒绝出售与共享、但相关标签仍被计算或保留的人数：{count}。",
    ),
    "purpose-barred": Words(
        "{purpose}, {regime}: tags in use name this purpose, and the law stops it ({reason}); people: "
        "{count}.",
        "{purpose}，{regime}：在用标签声明了该目的，但法律不允许（{reason}）；涉及人数：{count}。",
    ),
    "consent-missing": Words(
        "{purpose}, {regime}: people who have not answered: {count}. Needed is one of: {needs}.",
        "{purpose}，{regime}：尚未表示的人数：{count}。须取得其一：{needs}。",
    ),
    "consent-expired": Words(
        "{purpose}: people whose consent has expired and was not renewed: {count}.",
        "{purpose}：同意已过期且未更新的人数：{count}。",
    ),
    "consent-too-old": Words(
        "{purpose}: people whose consent is older than {age} days: {count}.",
        "{purpose}：同意已超过 {age} 天的人数：{count}。",
    ),
    "consent-old-notice": Words(
        "{purpose}: people who agreed to an older version of the notice: {count}.",
        "{purpose}：所同意的是旧版告知书的人数：{count}。",
    ),
    "consent-no-notice": Words(
        "{purpose}: people of whose consent no version of the notice is on record: {count}.",
        "{purpose}：同意没有告知书版本记录的人数：{count}。",
    ),
    "guardian-missing": Words(
        "{regime}, {band}: people who said yes themselves, where a guardian's consent is needed and there "
        "is none: {count}.",
        "{regime}，{band}：由本人表示同意、但须监护人同意而没有记录的人数：{count}。",
    ),
    "guardian-outgrown": Words(
        "People of age for whom a guardian's consent stands, which no longer counts: {count}.",
        "已成年而记录中有监护人同意（不再有效）的人数：{count}。",
    ),
    "people-unplaced": Words(
        "People whose law or age band is not known, so that the gate lets nothing through: {count}.",
        "适用法域或年龄段不明、闸口一律不放行的人数：{count}。",
    ),
    "signal-conflict": Words(
        "People who opted out of sale and sharing, and whose consent to it stands beside that: {count}. "
        "The opt-out holds.",
        "已拒绝出售与共享而其同意仍在记录中的人数：{count}。以拒绝为准。",
    ),
    "rows-waiting": Words(
        "{stop}: assignments that are stored although nothing permits them now: {count}. No read shows "
        "them; the next run ends them.",
        "{stop}：目前无依据但仍存储的赋值：{count} 条。任何读取均不显示，下次运行将其终止。",
    ),
    "earlier-law": Words(
        "Assignments made before the law of this workspace was changed, which the present one cannot "
        "judge: {count}.",
        "在本工作区规则变更之前作出、不能按现行规则判断的赋值：{count} 条。",
    ),
    "earlier-regime": Words(
        "Assignments of people who are under another law since, which cannot be judged: {count}.",
        "相关个人此后适用其他法域、因而不能判断的赋值：{count} 条。",
    ),
}
LIMITS: Final[Mapping[str, Words]] = {
    "present-law": Words(
        "All of the period is judged by the law and the purposes of today.",
        "整个期间均按今日的规则与处理目的判断。",
    ),
    "present-person": Words(
        "Law and age band of a person are those of today.", "个人的适用法域与年龄段以今日为准。"
    ),
    "no-assessments": Words(
        "Whether the assessments that the law asks for are there is a matter of audit compliance.",
        "法律要求的评估是否齐备由合规审计另行说明。",
    ),
    "ledger-only": Words(
        "What was never written down is not seen: a no that nobody recorded, or data outside of this "
        "workspace.",
        "未登记的内容无法看到：无人登记的拒绝，或本工作区之外的数据。",
    ),
    "what-people-meant": Words(
        "A consent on record is a record. Whether people understood what they agreed to, it does not "
        "say.",
        "同意记录只是记录，不能说明个人是否理解其所同意的内容。",
    ),
}
TOOK: Final = Words(
    "{stop}: entries {entries}; assignments that stood on it: {rested}. From entry to end: median {median}, "
    "95 % {p95}, longest {longest}.",
    "{stop}：登记 {entries} 条；所依赋值：{rested}。自登记至终止：中位 {median}，95% {p95}，最长 {longest}。",
)
ENTERED: Final = Words(
    "{stop}: entries {entries}; assignments that stood on it: {rested}. None of them has ended.",
    "{stop}：登记 {entries} 条；所依赋值：{rested}。尚无终止。",
)
UNTOUCHED: Final = Words(
    "{stop}: entries {entries}; no assignment stood on it.",
    "{stop}：登记 {entries} 条；没有赋值依赖于此。",
)
COVERED: Final = Words(
    "{purpose}, {regime}: {covered} of {people} people are covered; needed: {needed}.",
    "{purpose}，{regime}：{people} 人中 {covered} 人有依据；所需：{needed}。",
)
NO_CONSENT: Final = Words("no consent ({bases})", "无需同意（{bases}）")
ONE_OF: Final = Words("one of {kinds}", "{kinds}之一")
PROTECTED: Final = Words(
    "Counts of people are rounded down to a multiple of {k}, and under {k} only that there is somebody "
    "is told. Exact are 0, and the counts of breaches: they say what was done here, not what a person "
    "said, and a single one must be seen until it is mended.",
    "人数向下取整到 {k} 的倍数，少于 {k} 时只说明有人。精确给出的是 0 以及违反的数量：它们说明本方的行为，"
    "而非个人的表示，且每一项在纠正之前都必须可见。",
)
EXACT: Final = Words(
    "All counts are exact: this report stays in the house.",
    "所有计数均为精确值：本报告仅供内部使用。",
)
FEW: Final = Words("fewer than {k}", "少于 {k}")
SOURCES: Final[Mapping[str, Words]] = {
    "withdrawn": Words("withdrawal of consent", "撤回同意"),
    "refused": Words("refusal of consent", "拒绝同意"),
}
_KINDS: Final = {
    "purpose": "purpose",
    "regime": "regime",
    "band": "age",
    "reason": "reason",
    "stop": "choice",
}


def sentences(document: Mapping[str, Any], language: str) -> list[str]:
    """Return the plain sentences of a report: verdict, findings with their commands, effects, coverage."""
    found = [verdict(document, language)]
    for one in document["findings"]:
        severity = SEVERITY[one["severity"]].of(language)
        command = f" → {one['command']}" if one["command"] else ""
        found.append(f"[{severity}] {told(document, one, language)}{command}")
    found += [_took(document, one, language) for one in document["effects"]]
    found += [
        COVERED.of(language).format(
            purpose=name(document, "purpose", line["purpose"], language),
            regime=name(document, "regime", line["regime"], language),
            needed=needed(document, line, language),
            covered=people(line["covered"], document["k"], language),
            people=people(line["people"], document["k"], language),
        )
        for line in document["coverage"]
        if not line["barred_by"]
    ]
    found.append(protected(document, language))
    return found


def _took(document: Mapping[str, Any], one: Mapping[str, Any], language: str) -> str:
    ended = {code: lasting(seconds, language) for code, seconds in one["ended"].items()}
    said = UNTOUCHED if one["rested"] == 0 else ENTERED if ended["median"] == "" else TOOK
    return said.of(language).format(
        stop=name(document, "choice", one["stop"], language),
        entries=people(one["entries"], document["k"], language),
        rested=people(one["rested"], document["k"], language),
        **ended,
    )


def verdict(document: Mapping[str, Any], language: str) -> str:
    """Return the sentence on the whole."""
    facts = {**document["identity"], **document["verdict"]}
    return VERDICT[facts["status"]].of(language).format(**facts)


def told(document: Mapping[str, Any], one: Mapping[str, Any], language: str) -> str:
    """Return the sentence of one finding."""
    policy = document["identity"]["policy"]
    about = {
        key: name(document, _KINDS.get(key, key), v, language) for key, v in one["about"].items()
    }
    if "needs" in about:
        about["needs"] = _listed(document, "consent", one["about"]["needs"].split(), language)
    return (
        FINDINGS[one["code"]]
        .of(language)
        .format(
            **about,
            count=people(one["count"], document["k"], language),
            reason=name(document, "reason", one["reason"], language),
            limit=policy["at_once_seconds"],
            age=policy["max_age_days"],
            days=policy["recorded_days"],
        )
    )


def needed(document: Mapping[str, Any], line: Mapping[str, Any], language: str) -> str:
    """Return what a line of coverage that the law does not stop needs: which consent, or which basis."""
    if not line["needs"]:
        bases = _listed(document, "basis", line["bases"], language)
        return NO_CONSENT.of(language).format(bases=bases)
    kinds = _listed(document, "consent", line["needs"], language)
    return kinds if len(line["needs"]) == 1 else ONE_OF.of(language).format(kinds=kinds)


def _listed(document: Mapping[str, Any], kind: str, codes: Iterable[str], language: str) -> str:
    between = "、" if language == "zh" else ", "
    return between.join(name(document, kind, code, language) for code in codes)


def protected(document: Mapping[str, Any], language: str) -> str:
    """Return the sentence on what is exact and what is not."""
    said = EXACT if document["k"] == 1 else PROTECTED
    return said.of(language).format(k=document["k"])


def people(count: int | None, k: int, language: str) -> str:
    """Return a count as it is read; None is fewer than k."""
    return FEW.of(language).format(k=k) if count is None else f"{count:,}"


def name(document: Mapping[str, Any], kind: str, code: str, language: str) -> str:
    """Return what people read for a code; the code itself where nothing is known."""
    if kind == "choice" and code in SOURCES:
        return SOURCES[code].of(language)
    return name_of(document, kind, code, language)


_UNITS: Final = ((86_400, "d", "天"), (3600, "h", "小时"), (60, "min", "分钟"), (1, "s", "秒"))


def lasting(seconds: str | None, language: str) -> str:
    """Return how long something took, as it is read; '' where there was no case."""
    if seconds is None:
        return ""
    value = float(seconds)
    if value <= 0:
        return "当即" if language == "zh" else "at once"
    for size, en, zh in _UNITS:
        if value >= size:
            return f"{value / size:.4g} {zh if language == 'zh' else en}"
    return f"{value:.3f} {'秒' if language == 'zh' else 's'}"
