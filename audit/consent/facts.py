# SPDX-License-Identifier: Apache-2.0
"""What an audit of consent has counted, exactly. Instants and durations are microseconds.

Nothing here names anybody: numbers of people and of tag assignments, by purpose, law, tag and reason.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Span:
    """How long something took, over all cases; None: there was no case."""

    median: int | None = None
    p95: int | None = None
    longest: int | None = None


@dataclass(frozen=True, slots=True)
class Unfounded:
    """Assignments of one tag version that were made or kept although nothing on record permitted it."""

    tag: str
    version: int
    how: str
    """computed: opened by a run; kept: still there after a later run over everybody."""
    reason: str
    """A code of `policies.vocabulary.Reason`."""
    assignments: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """People of one law for whom tags in use serve a purpose, by how they stand to it at the end.

    The parts sum to `people`: barred (the law stops it), stopped (by a choice), covered, withdrawn,
    refused, expired, never.
    """

    purpose: str
    regime: str
    needs: tuple[str, ...]
    """Kinds of consent of which one is needed, the plain one first; none: another basis carries it."""
    barred_by: str
    """Why the law stops it, a code of Reason; '' where it does not."""
    bases: tuple[str, ...]
    tags: int
    people: int
    stopped: int = 0
    covered: int = 0
    withdrawn: int = 0
    refused: int = 0
    expired: int = 0
    never: int = 0


@dataclass(frozen=True, slots=True)
class Stale:
    """People whose consent to a purpose stands, or stood until it expired, by what is wrong with it."""

    purpose: str
    given: int
    expired: int
    too_old: int
    old_notice: int
    no_notice: int
    notices: tuple[str, ...]
    """Versions of the notice that count as the present one."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What came of one way of saying no in the period."""

    stop: str
    """withdrawn, refused, or a kind of choice."""
    at_once: bool
    """Whether tags must end with the entry itself; else reads stop, and rows go with the next run."""
    entries: int
    recorded: Span
    """From when it was said to when it was on record."""
    rested: int
    """Assignments that stood on it when it came."""
    ended: Span
    """From the entry to the end of these assignments."""
    late: int
    """Assignments that ended later than the policy allows, where tags must end at once."""
    recorded_late: int
    """Assignments that stood on it, where it came on record later than the policy allows."""
    standing: int
    """Assignments that stand although nothing permits them now."""


@dataclass(frozen=True, slots=True)
class Signals:
    """Opt-outs of sale and sharing that came in the period, in people."""

    signals: int
    """By a preference signal (GPC)."""
    asked: int
    """In another way."""
    taken_back: int
    broken: int
    """People for whom a tag was computed or kept that their opt-out stops."""
    conflicts: int
    """People who opted out and whose consent to sharing stands beside it."""


@dataclass(frozen=True, slots=True)
class Minors:
    """People under 18 of one law and age band."""

    regime: str
    band: str
    people: int
    needing: int
    """For whom tags in use need a guardian's consent."""
    guardian: int
    """Of these: whose guardian has agreed."""
    alone: int
    """Of these: who said yes themselves, and whose guardian has not."""


@dataclass(frozen=True, slots=True)
class Facts:
    """All that was counted over a period."""

    start: int
    end: int
    people: int
    unplaced: int
    """People of an unknown law or age band: the gate lets nothing through for them."""
    age_unknown: int
    assignments: int
    """Assignments that were made, kept by a run, or stood when somebody said no."""
    unfounded: tuple[Unfounded, ...]
    earlier_law: int
    """Assignments that cannot be judged: the law was changed after they were made."""
    earlier_regime: int
    """Assignments that cannot be judged: the person is under another law since."""
    coverage: tuple[Coverage, ...]
    stale: tuple[Stale, ...]
    effects: tuple[Effect, ...]
    signals: Signals
    minors: tuple[Minors, ...]
    outgrown: int
    """Consents of guardians that stand for people of age."""
    packs: Mapping[str, str]
    """Version of the pack of each law."""

    def document(self) -> dict[str, Any]:
        """Return the facts as plain data."""
        return asdict(self)
