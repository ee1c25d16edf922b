# SPDX-License-Identifier: Apache-2.0
"""What an audit of consent holds against a shop, from facts and limits: code, severity, count, way out.

A breach is an act of the house against what was on record. Its count is exact, since a single one must
be seen until it is mended, and it says what the house did, not what a person said. Everything else is a
count of people, and is shown as such.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from audit.consent.facts import Coverage, Effect, Facts, Stale

BREACH: Final = "breach"
ATTENTION: Final = "attention"
NOTE: Final = "note"
_ORDER: Final = (BREACH, ATTENTION, NOTE)

CITES: Final[Mapping[str, tuple[str, ...]]] = {
    "computed-without-basis": ("GDPR Art. 6(1)", "PIPL Art. 13", "Civ. Code 1798.120"),
    "kept-without-basis": ("GDPR Art. 6(1), 17(1)", "PIPL Art. 13, 47"),
    "stop-late": ("GDPR Art. 7(3), 21(3)", "PIPL Art. 15", "Algorithm Provisions Art. 17"),
    "stop-recorded-late": ("GDPR Art. 7(3), 12(3)", "PIPL Art. 15, 50", "11 CCR 7026(f)"),
    "stop-standing": ("GDPR Art. 7(3), 17(1), 21(3)", "PIPL Art. 15, 47"),
    "signal-broken": ("Civ. Code 1798.120, 1798.135(e)", "11 CCR 7025"),
    "purpose-barred": ("GDPR Art. 6(1)", "PIPL Art. 13"),
    "consent-expired": ("GDPR Art. 7", "PIPL Art. 14"),
    "consent-too-old": ("GDPR Art. 7", "PIPL Art. 14"),
    "consent-old-notice": ("GDPR Art. 4(11), 13", "PIPL Art. 14(2), 17"),
    "consent-no-notice": ("GDPR Art. 7(1)", "PIPL Art. 69"),
    "guardian-missing": ("GDPR Art. 8", "PIPL Art. 31", "Civ. Code 1798.120(c)"),
    "signal-conflict": ("11 CCR 7025(c)",),
}


@dataclass(frozen=True, slots=True)
class Found:
    """One thing that was found."""

    code: str
    severity: str
    count: int
    about: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""
    command: str = ""

    @property
    def exact(self) -> bool:
        """Return whether its count is of what the house did, and not of people."""
        return self.code in _EXACT


_EXACT: Final = frozenset(
    {
        "computed-without-basis",
        "kept-without-basis",
        "stop-late",
        "stop-recorded-late",
        "stop-standing",
        "signal-broken",
        "earlier-law",
        "earlier-regime",
    }
)


def findings(facts: Facts) -> list[Found]:
    """Return what was found, breaches first."""
    found = [one for one in _all(facts) if one.count]
    return sorted(found, key=lambda one: _ORDER.index(one.severity))


def _all(facts: Facts) -> Iterator[Found]:
    for one in facts.unfounded:
        about = {"tag": one.tag, "version": str(one.version)}
        mend = f"tagwarden run all --tag {one.tag}"
        if one.how == "kept":
            mend = f"tagwarden tag suspend {one.tag}"
        code = f"{one.how}-without-basis"
        yield Found(code, BREACH, one.assignments, about, one.reason, mend)
    for effect in facts.effects:
        yield from _of_effect(effect)
    yield Found("signal-broken", BREACH, facts.signals.broken, command="tagwarden run all")
    for line in facts.coverage:
        yield from _of_line(line)
    for stale in facts.stale:
        yield from _of_consents(stale)
    for minors in facts.minors:
        about = {"regime": minors.regime, "band": minors.band}
        ask = "tagwarden consent record --subject WHO --purpose PURPOSE --kind guardian"
        yield Found("guardian-missing", ATTENTION, minors.alone, about, command=ask)
    yield Found(
        "people-unplaced",
        ATTENTION,
        facts.unplaced,
        command="tagwarden subject regime --subject WHO --set REGIME",
    )
    yield Found(
        "guardian-outgrown",
        NOTE,
        facts.outgrown,
        command="tagwarden consent record --subject WHO --purpose PURPOSE",
    )
    yield Found(
        "signal-conflict",
        NOTE,
        facts.signals.conflicts,
        command="tagwarden consent may-ask --subject WHO --purpose PURPOSE",
    )
    yield Found("earlier-law", ATTENTION, facts.earlier_law, command="tagwarden policy overlays")
    yield Found("earlier-regime", ATTENTION, facts.earlier_regime)


def _of_effect(effect: Effect) -> Iterator[Found]:
    about = {"stop": effect.stop}
    yield Found("stop-late", BREACH, effect.late, about, command="tagwarden doctor")
    file = "tagwarden ingest consents FILE --map MAP"
    yield Found("stop-recorded-late", ATTENTION, effect.recorded_late, about, command=file)
    if effect.at_once:
        yield Found("stop-standing", BREACH, effect.standing, about, command="tagwarden run all")
    else:
        yield Found("rows-waiting", NOTE, effect.standing, about, command="tagwarden run all")


def _of_line(line: Coverage) -> Iterator[Found]:
    about = {"purpose": line.purpose, "regime": line.regime}
    if line.barred_by:
        severity = NOTE if line.barred_by == "minor" else ATTENTION
        mend = "tagwarden tag plan FILE"
        if line.barred_by == "unknown-purpose":
            mend = "tagwarden purpose apply FILE"
        yield Found("purpose-barred", severity, line.people, about, line.barred_by, mend)
    elif line.needs:
        about["needs"] = " ".join(line.needs)
        yield Found(
            "consent-missing",
            NOTE,
            line.never,
            about,
            command=f"tagwarden consent may-ask --subject WHO --purpose {line.purpose}",
        )


def _of_consents(stale: Stale) -> Iterator[Found]:
    about = {"purpose": stale.purpose}
    again = f"tagwarden consent record --subject WHO --purpose {stale.purpose} --notice VERSION"
    for code, count in (
        ("consent-expired", stale.expired),
        ("consent-too-old", stale.too_old),
        ("consent-old-notice", stale.old_notice),
        ("consent-no-notice", stale.no_notice),
    ):
        yield Found(code, ATTENTION, count, about, command=again)
