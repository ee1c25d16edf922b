# SPDX-License-Identifier: Apache-2.0
"""The checks: what each looks at, when it is good, and what shows it. The table says which row has which."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Final

from audit.compliance.facts import Facts, Report, TagFact
from audit.compliance.verdict import Found, Run, Said

Values = Mapping[str, str | int]

TELL: Final = 5
"""So many single findings are told in a row; the rest is counted."""
CHILDREN: Final = ("0-12", "13")
MINORS: Final = (*CHILDREN, "14-15", "16-17")
YEAR: Final = 365
ANSWERS: Final = ("extension", "answer", "refusal", "expired")
"""Letters that an answer in time needs."""


def none_here(code: str, facts: Facts, looked_at: int) -> Found:
    """Return that what the row is about is not there, with how much was looked at."""
    papers = tuple(tag.paper for tag in facts.tags)
    return Found(True, (Said(code),), papers, (("looked-at", looked_at),), settled=True)


def told(code: str, values: Sequence[Values]) -> tuple[Said, ...]:
    """Return the first of many findings, and how many more there are."""
    first = tuple(Said(code, value) for value in values[:TELL])
    left = len(values) - TELL
    return (*first, Said("more", {"count": left})) if left > 0 else first


def gate(*reasons: str, among: Callable[[TagFact], bool] = lambda _: True) -> Run:
    """Nobody holds a tag in use that the gate stops for one of these reasons (none named: any)."""

    def run(facts: Facts, _row: str) -> Found:
        tags = [tag for tag in facts.tags if among(tag)]
        bad: list[Values] = [
            {"tag": tag.key, "people": people, "reason": f"reason.{reason}"}
            for tag in tags
            for reason, people in sorted(tag.outside.items())
            if reason in reasons or not reasons
        ]
        papers = tuple(tag.paper for tag in tags)
        figures = (("tags-compared", len(tags)), ("people-under-law", facts.people.get("", 0)))
        if bad:
            return Found(False, told("gate.bad", bad), papers, figures)
        if not tags:
            return Found(None, (Said("gate.none"),), (), figures)
        grounds = ", ".join(f"reason.{reason}" for reason in reasons)
        code = "gate.good" if reasons else "gate.clear"
        said = Said(code, {"tags": len(tags), **({"reason": grounds} if reasons else {})})
        return Found(True, (said,), papers, figures)

    return run


def purposes(facts: Facts, _row: str) -> Found:
    """Every purpose that a tag in use names was applied."""
    if facts.unapplied:
        bad: list[Values] = [{"purpose": key} for key in facts.unapplied]
        return Found(False, told("purposes.bad", bad), facts.purposes)
    return Found(True, (Said("purposes.good", {"count": len(facts.purposes)}),), facts.purposes)


def based(facts: Facts, _row: str) -> Found:
    """Every tag in use claims a basis under the regime, when people are on record under it."""
    bare = [tag for tag in facts.tags if not tag.basis]
    papers = tuple(tag.paper for tag in facts.tags)
    figures = (("people-under-law", facts.people.get("", 0)),)
    if bare and facts.people.get(""):
        bad: list[Values] = [{"tag": tag.key} for tag in bare]
        return Found(False, told("basis.bad", bad), papers, figures)
    return Found(True, (Said("basis.good", {"tags": len(facts.tags)}),), papers, figures)


def consents(facts: Facts, _row: str) -> Found:
    """Each consent in force has the version of the notice that was shown."""
    figures = (("consents", facts.consents), ("consents-unnoticed", facts.unnoticed))
    if not facts.consents:
        return Found(None, (Said("consents.none"),), (), figures)
    if facts.unnoticed:
        return Found(False, (Said("consents.bad", {"count": facts.unnoticed}),), (), figures)
    return Found(True, (Said("consents.good", {"count": facts.consents}),), (), figures)


def sensitive(facts: Facts, row: str) -> Found:
    """Nobody holds a sensitive tag that the gate stops for them; none in use: nothing to ask.

    In China whatever is said of a child under 14 is sensitive, so there a person looks.
    """
    tags = [tag for tag in facts.tags if tag.sensitive]
    young = sum(facts.people.get(band, 0) for band in (*CHILDREN, "unknown"))
    if not tags and young and facts.regime == "pipl_cn":
        papers = tuple(tag.paper for tag in facts.tags)
        return Found(None, (Said("sensitive.young", {"people": young}),), papers)
    if not tags:
        return none_here("sensitive.none", facts, len(facts.tags))
    return gate(among=lambda tag: tag.sensitive)(facts, row)


def weighty(then: Run | None = None) -> Run:
    """No tag in use weighs heavily on people; or else what `then` finds (nothing: a person looks)."""

    def run(facts: Facts, row: str) -> Found:
        tags = [tag for tag in facts.tags if tag.weighty]
        if not tags:
            return none_here("weighty.none", facts, len(facts.tags))
        if then is not None:
            return then(facts, row)
        said = told("weighty.some", [{"tag": tag.key} for tag in tags])
        return Found(None, said, tuple(tag.paper for tag in tags))

    return run


def weighty_gate(facts: Facts, row: str) -> Found:
    """Nobody holds a weighty tag that the gate stops for them."""
    return gate(among=lambda tag: tag.weighty)(facts, row)


def minors(*, bands: Collection[str] = MINORS) -> Run:
    """Nobody under age holds a tag that the gate stops for them; who may be one, is said."""

    def run(facts: Facts, row: str) -> Found:
        found = gate("minor")(facts, row)
        young = sum(facts.people.get(band, 0) for band in bands)
        unknown = facts.people.get("unknown", 0)
        figures = (*found.figures, ("minors", young), ("age-unknown", unknown))
        if found.good and unknown:
            said = (*found.says, Said("minors.unknown", {"people": unknown}))
            return Found(None, said, found.papers, figures)
        if found.good and not young:
            said = (*found.says, Said("minors.none"))
            return Found(True, said, found.papers, figures, settled=True)
        return Found(found.good, found.says, found.papers, figures)

    return run


def assessed(*types: str) -> Run:
    """Every assessment of these types that the law asks for is there, and none is overdue."""

    def run(facts: Facts, row: str) -> Found:
        found = reviewed(*types)(facts, row)
        missing = [one for one in facts.missing if one.type in types]
        if not missing:
            return found
        gone: list[Values] = [
            {"type": f"assessment.{one.type}", "purpose": one.purpose, "tag": one.tag}
            for one in missing
        ]
        said = (*told("assessed.missing", gone), *(found.says if found.good is False else ()))
        if not facts.people.get("") and found.good:
            return Found(None, (*said, Said("nobody")), found.papers, found.figures)
        return Found(False, said, found.papers, found.figures)

    return run


def reviewed(*types: str) -> Run:
    """No assessment of these types is overdue for its review."""

    def run(facts: Facts, _row: str) -> Found:
        mine = [one for one in facts.assessments if one.type in types]
        papers = tuple(one.paper for one in mine)
        figures = (("assessments", len(mine)), ("people-under-law", facts.people.get("", 0)))
        late: list[Values] = [{"assessment": one.key} for one in mine if one.state == "overdue"]
        if late:
            return Found(False, told("assessed.overdue", late), papers, figures)
        return Found(
            True, (Said("assessed.good", {"count": len(mine)}),), papers, figures, timed=True
        )

    return run


def retention(facts: Facts, _row: str) -> Found:
    """Nothing is past its time; and it is set when people of whom nothing is heard go."""
    figures = tuple((f"due.{code}", count) for code, count in sorted(facts.retention.items()))
    due = {code: count for code, count in sorted(facts.retention.items()) if count}
    if due:
        bad: list[Values] = [{"what": f"due.{code}", "count": count} for code, count in due.items()]
        return Found(False, told("retention.bad", bad), facts.purposes, figures)
    if facts.settings.get("retention.people_days", "0") == "0":
        said = (Said("retention.good"), Said("retention.silent"))
        return Found(None, said, facts.purposes, figures)
    return Found(True, (Said("retention.good"),), facts.purposes, figures, timed=True)


def kept_long(facts: Facts, _row: str) -> Found:
    """Every request of the last 24 months that the evidence log knows is still on record."""
    figures = (("requests", facts.requests), ("requests-lost", facts.lost))
    if facts.lost:
        return Found(False, (Said("kept.bad", {"count": facts.lost}),), (), figures)
    return Found(True, (Said("kept.good"),), (), figures, timed=True)


def requests(*acts: str, letters: Collection[str] = ANSWERS, only_letters: bool = False) -> Run:
    """Nothing is overdue for requests of these acts (none named: all); what came late, is said."""

    def mine(act: str, what: str, detail: str) -> bool:
        wanted = detail in letters if what == "letter" else not only_letters
        return wanted and (not acts or act in acts)

    def run(facts: Facts, _row: str) -> Found:
        over = [
            one for one in facts.waiting if one.days < 0 and mine(one.act, one.what, one.detail)
        ]
        late = [one for one in facts.late if (not acts or one.act in acts) and one.what in letters]
        figures = (
            ("requests", facts.requests),
            ("overdue", len(over)),
            ("late-12-months", len(late)),
        )
        if over:
            bad: list[Values] = [{"ref": one.ref, "days": -one.days} for one in over]
            return Found(False, told("requests.bad", bad), (), figures)
        if late:
            some: list[Values] = [{"ref": one.ref, "what": f"missed.{one.what}"} for one in late]
            return Found(None, told("requests.late", some), (), figures)
        good = (Said("requests.good", {"count": facts.requests}),)
        return Found(True, good, (), figures, timed=True)

    return run


def erasures(facts: Facts, _row: str) -> Found:
    """No erasure whose grace is over, or that was begun, is left unfinished."""
    figures = (("erasures-unfinished", facts.erasures),)
    if facts.erasures:
        return Found(False, (Said("erasures.bad", {"count": facts.erasures}),), (), figures)
    return Found(True, (Said("erasures.good"),), (), figures, timed=True)


def holds(facts: Facts, _row: str) -> Found:
    """No legal hold waits for the second officer; each has its ground."""
    figures = (("holds", facts.holds), ("holds-unconfirmed", facts.unconfirmed))
    if facts.unconfirmed:
        return Found(False, (Said("holds.bad", {"count": facts.unconfirmed}),), (), figures)
    return Found(True, (Said("holds.good", {"count": facts.holds}),), (), figures)


def recipients_told(facts: Facts, _row: str) -> Found:
    """No recipient has waited for more than a month to be told."""
    figures = (("untold", facts.untold), ("untold-over-a-month", facts.untold_long))
    if facts.untold_long:
        return Found(False, (Said("untold.bad", {"count": facts.untold_long}),), (), figures)
    if facts.untold:
        return Found(None, (Said("untold.some", {"count": facts.untold}),), (), figures)
    return Found(True, (Said("untold.good"),), (), figures, timed=True)


def recipients(setting: str, codes: Collection[str] = ()) -> Run:
    """Nobody of these codes gets anything; or else the setting says who they are and how."""

    def run(facts: Facts, _row: str) -> Found:
        some = [one for one in facts.recipients if not codes or one.code in codes]
        if not some:
            return none_here("recipients.none", facts, len(facts.purposes))
        listed: list[Values] = [
            {"code": f"recipient.{one.code}", "purpose": one.purpose} for one in some
        ]
        said = told("recipients.some", listed)
        figures = (("recipients", len(some)),)
        if not facts.settings.get(setting):
            bad = (*said, Said("setting.missing", {"setting": setting}))
            return Found(False, bad, facts.purposes, figures)
        good = (*said, Said("setting.stated", {"setting": setting}))
        return Found(True, good, facts.purposes, figures)

    return run


def record(facts: Facts, _row: str) -> Found:
    """No field of the record of processing lacks what a setting would state."""
    figures = (("purposes", len(facts.purposes)), ("fields-missing", len(facts.record)))
    if facts.record:
        bad: list[Values] = [{"setting": key} for key in facts.record]
        return Found(False, told("record.bad", bad), facts.purposes, figures)
    if not facts.purposes:
        return Found(None, (Said("record.empty"),), (), figures)
    good = (Said("record.good", {"count": len(facts.purposes)}),)
    return Found(True, good, facts.purposes, figures)


def audits(facts: Facts, _row: str) -> Found:
    """Every tag in use that is good or bad for people has a bias audit in period, none beyond its limit.

    The period is that of the fairness policy in force; for tags of which it says nothing, that of a setting.
    """
    wanted = [tag for tag in facts.tags if tag.directed or tag.weighty or tag.within]
    limit = int(facts.settings.get("audits.bias_days", YEAR))
    newest = {one.about: one for one in facts.reports if one.kind == "bias"}
    papers = tuple(newest[tag.key].paper for tag in wanted if tag.key in newest)
    figures = (("tags-to-audit", len(wanted)), ("tags-audited", len(papers)))
    said = [problem for tag in wanted for problem in _audit(facts, tag, newest.get(tag.key), limit)]
    if said:
        return Found(False, tuple(said), papers, figures)
    if not wanted:
        return Found(None, (Said("audits.undirected"),), (), figures)
    waived: list[Values] = [{"tag": key} for key in sorted(_found(facts, "waived"))]
    if waived:
        return Found(None, told("audits.waived", waived), papers, figures)
    open_ = [tag.key for tag in wanted if newest[tag.key].status == "insufficient"]
    if open_:
        some: list[Values] = [{"tag": key} for key in open_]
        return Found(None, told("audits.insufficient", some), papers, figures)
    return Found(True, (Said("audits.good", {"count": len(wanted)}),), papers, figures)


def _audit(facts: Facts, tag: TagFact, newest: Report | None, limit: int) -> Iterator[Said]:
    """Yield what is wrong with the audits of a tag."""
    if tag.within and tag.standing == "audit-missing":
        yield Said("audits.missing", {"tag": tag.key, "version": tag.version})
    elif tag.within and tag.standing == "audit-overdue":
        yield Said("audits.overdue", {"tag": tag.key, "within": tag.within})
    elif newest is None or newest.version != tag.version:
        yield Said("audits.none", {"tag": tag.key, "version": tag.version})
    elif not tag.within and newest.days > limit:
        yield Said("audits.old", {"tag": tag.key, "days": newest.days, "limit": limit})
    elif tag.key in _found(facts, "open") or (
        newest.status == "breach" and tag.key not in _found(facts, "waived")
    ):
        yield Said("audits.breach", {"tag": tag.key})


def _found(facts: Facts, state: str) -> set[str]:
    """Return the tags of findings in a state."""
    return {one.tag for one in facts.findings if one.state == state}


def consent_audit(facts: Facts, _row: str) -> Found:
    """No breach in the newest audit of consent, which replays every decision of people."""
    newest = next((one for one in facts.reports if one.kind == "consent"), None)
    if newest is None:
        return Found(None, (Said("consent-audit.none"),))
    good = {"breach": False, "clear": True}.get(newest.status)
    code = "good" if good else "bad" if good is False else "attention"
    said = Said(f"consent-audit.{code}", {"days": newest.days})
    return Found(good, (said,), (newest.paper,))


def prices(facts: Facts, _row: str) -> Found:
    """Prices were compared in the period of audits, and no newest report of a comparison is in breach.

    Nothing says that a shop keeps prices here, so where none were compared a person looks.
    """
    newest = [one for one in facts.reports if one.kind == "price"]
    papers = tuple(one.paper for one in newest)
    figures = (("price-audits", len(newest)),)
    if not newest:
        return Found(None, (Said("prices.none"),), (), figures)
    bad: list[Values] = [{"by": one.about} for one in newest if one.status == "breach"]
    days, limit = min(one.days for one in newest), int(facts.settings.get("audits.bias_days", YEAR))
    old = (Said("prices.old", {"days": days, "limit": limit}),) if days > limit else ()
    if bad or old:
        return Found(False, (*told("prices.bad", bad), *old), papers, figures)
    unsure: list[Values] = [{"by": one.about} for one in newest if one.status != "within"]
    if unsure:
        return Found(None, told("prices.insufficient", unsure), papers, figures)
    return Found(
        True, (Said("prices.good", {"count": len(newest), "days": days}),), papers, figures
    )


def audited(facts: Facts, _row: str) -> Found:
    """When this law was audited here before."""
    before = next((one for one in facts.reports if one.kind == "compliance"), None)
    if before is None:
        return Found(None, (Said("audited.first"),))
    return Found(None, (Said("audited.before", {"days": before.days}),), (before.paper,))


def setting_is(setting: str, value: str, code: str) -> Run:
    """Return a check that a setting says that what the row is about is not there; or else a person looks."""

    def run(facts: Facts, _row: str) -> Found:
        if facts.settings.get(setting) == value:
            return none_here(code, facts, len(facts.tags))
        return Found(None, (Said("setting.other", {"setting": setting, "value": value}),))

    return run


def tested(facts: Facts, row: str) -> Found:
    """The row is about how the product decides, in every workspace alike: its tests show it."""
    tests = facts.tests.get(row, ())
    if not tests:
        return Found(None, (Said("tested.none"),))
    if facts.overlaid:
        return Found(None, (Said("tested.overlaid"),), tests=tests)
    return Found(True, (Said("tested.good", {"count": len(tests)}),), tests=tests)
