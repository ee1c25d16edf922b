# SPDX-License-Identifier: Apache-2.0
"""The gate: the only way from a profile to a tag, and from a tag to a reader.

`table` answers for everybody by sets of people, `permit` for one person by point queries; both ask
the same requirement, and a test holds them against each other. A person is let through when one
purpose of the tag permits it: the law does, the consent that it asks for is given and has not
expired, the assessments that it asks for are in force, and nothing that the person decided stands
against it. Whatever is unknown is refused.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pyroaring import BitMap
from sqlalchemy import Connection, text

from audit.clock import Micros
from governance.assessment import Assessments, valid
from governance.law import law_over
from governance.purpose import Purpose
from governance.purpose import purposes as all_purposes
from governance.requirement import STOPS, Requirement, requirement, requirements
from governance.store import bitmaps
from policies.law import Law
from policies.vocabulary import AGE_BANDS, Choice, Kind, Reason, State
from tagging.document import Tag

__all__ = [
    "Gate",
    "GateTable",
    "Permission",
    "Requirement",
    "Verdict",
    "permissions",
    "permit",
    "permitted_people",
    "requirements",
    "table",
]


@dataclass(frozen=True, slots=True)
class GateTable:
    """Who is let through, for many tags at once. Tags with the same people share one class."""

    classes: list[BitMap]
    class_of: dict[str, int]
    refused: dict[str, dict[str, int]]
    """Per tag: how many people were gated out, by the first reason that stops them."""
    universe: int
    age_unknown: int = 0
    """How many people were treated as adults because their age is not known."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate says to one purpose of a tag for one person."""

    purpose: str
    allowed: bool
    reasons: tuple[str, ...]
    regime: str
    basis: str = ""
    consent_event_id: int | None = None
    cites: tuple[str, ...] = ()
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Permission:
    """What the gate says to a tag for one person."""

    allowed: bool
    verdicts: tuple[Verdict, ...]

    @property
    def reason(self) -> str:
        """Return the first reason that stops the tag; '' when it is allowed."""
        if self.allowed or not self.verdicts:
            return ""
        return self.verdicts[0].reasons[0]

    @property
    def carrying(self) -> Verdict | None:
        """Return the first verdict that lets the tag through, if one does."""
        return next((verdict for verdict in self.verdicts if verdict.allowed), None)


def table(
    connection: Connection,
    definitions: Sequence[Tag],
    at: Micros,
    purposes: Mapping[str, Purpose],
) -> GateTable:
    """Return whom the gate lets through for each tag, and how many it does not, with the reason.

    Definitions have different keys: two versions of one tag are two tables.
    """
    gate = Gate(connection, at, purposes)
    found = GateTable([], {}, {}, len(gate.everyone), len(gate.members("age:unknown")))
    for definition in definitions:
        people = gate.people(definition)
        found.refused[definition.key] = gate.refused(definition, people)
        number = next((n for n, known in enumerate(found.classes) if known == people), None)
        if number is None:
            number = len(found.classes)
            found.classes.append(people)
        found.class_of[definition.key] = number
    return found


def permitted_people(
    connection: Connection,
    definition: Tag,
    purpose: str,
    at: Micros,
    purposes: Mapping[str, Purpose] | None = None,
) -> BitMap:
    """Return the people whose tag may be read for one purpose; purposes are read when not given."""
    known = all_purposes(connection) if purposes is None else purposes
    return Gate(connection, at, known).people(definition, purpose)


@dataclass(slots=True)
class Gate:
    """The sets of people that the gate knows at one instant, each read once."""

    connection: Connection
    at: Micros
    purposes: Mapping[str, Purpose]
    _assessments: Assessments | None = None
    under: Law | None = None
    """Another law than the one under which the store is read: what would be if."""
    _sets: dict[str, BitMap] = field(default_factory=dict)
    _cells: dict[tuple[str, str], BitMap] = field(default_factory=dict)
    _known: dict[tuple[Requirement, ...], BitMap] = field(default_factory=dict)

    @property
    def law(self) -> Law:
        """Return the law under which the gate answers."""
        self.under = self.under or law_over(self.connection)
        return self.under

    def asked(self, definition: Tag, purpose: str) -> tuple[Requirement, ...]:
        """Return what must hold for a tag and a purpose, for each regime and age band."""
        if self._assessments is None:
            self._assessments = valid(self.connection, self.at)
        return requirements(
            definition, self.purposes, purpose, assessments=self._assessments, law=self.law
        )

    @property
    def everyone(self) -> BitMap:
        """Return everybody whose regime is on record."""
        if "*" not in self._sets:
            found = [self.members(name) for name in bitmaps.names(self.connection, "regime:")]
            self._sets["*"] = BitMap.union(*found) if found else BitMap()
        return self._sets["*"]

    @property
    def _settled(self) -> BitMap:
        """Return everybody whose regime has a pack and whose age band is one that we know."""
        if "+" not in self._sets:
            found = [self._cell(regime, band) for regime in self.law.packs for band in AGE_BANDS]
            self._sets["+"] = BitMap.union(*found)
        return self._sets["+"]

    def members(self, name: str) -> BitMap:
        """Return a set of people by its name."""
        if name not in self._sets:
            self._sets[name] = bitmaps.members(self.connection, name)
        return self._sets[name]

    def people(self, definition: Tag, purpose: str | None = None) -> BitMap:
        """Return whom the gate lets through for a tag, for any of its purposes or for one."""
        keys = definition.purposes if purpose is None else (purpose,)
        found = BitMap()
        for key in keys:
            found |= self._for(key, self.asked(definition, key))
        found -= self.members("restricted")
        found -= self.members(f"block:{definition.key}")
        found -= self.members(f"contest:{definition.key}")
        return found

    def refused(self, definition: Tag, allowed: BitMap) -> dict[str, int]:
        """Return how many people are gated out, by the first reason of the first purpose."""
        left = self.everyone - allowed
        counts: dict[str, int] = {}
        for reason, people in self.stops(definition, definition.purposes[0]):
            stopped = left & people
            if stopped:
                counts[str(reason)] = counts.get(str(reason), 0) + len(stopped)
                left -= stopped
        return counts

    def _for(self, key: str, asked: tuple[Requirement, ...]) -> BitMap:
        """Return whom one purpose lets through, tags apart."""
        if asked not in self._known:
            found = BitMap()
            for what in asked:
                if what.reason is not None:
                    continue
                here = self._cell(what.regime, what.band)
                if what.kinds:
                    here = here & self._given(key, what.kinds)  # a cell is shared: never in place
                for choice in what.stopped_by:
                    here = here - self.members(STOPS[choice].people)
                found |= here
            found -= self.members(f"object:{key}")
            if key in self.purposes and self.purposes[key].personalised:
                found -= self.members("depersonalised")
            self._known[asked] = found
        return self._known[asked]

    def stops(self, definition: Tag, key: str) -> Iterator[tuple[Reason, BitMap]]:
        """Give what stops people, in the order of reasons, for one purpose of a tag."""
        yield Reason.RESTRICTED, self.members("restricted")
        yield Reason.TAG_BLOCKED, self.members(f"block:{definition.key}")
        yield Reason.TAG_CONTESTED, self.members(f"contest:{definition.key}")
        asked = self.asked(definition, key)
        for what in asked:
            if what.reason is not None:
                yield what.reason, self._cell(what.regime, what.band)
        unknown = Reason.GAP if key in self.purposes else Reason.UNKNOWN_PURPOSE
        yield unknown, self.everyone - self._settled
        for choice, stop in STOPS.items():
            for what in asked:
                if choice in what.stopped_by:
                    here = self._cell(what.regime, what.band)
                    yield stop.reason, here & self.members(stop.people)
        yield Reason.OBJECTED, self.members(f"object:{key}")
        if key in self.purposes and self.purposes[key].personalised:
            yield Reason.PERSONALISATION_OFF, self.members("depersonalised")
        for what in asked:
            if what.reason is None and what.kinds:
                yield from self._no_consent(key, what)

    def _no_consent(self, key: str, what: Requirement) -> Iterator[tuple[Reason, BitMap]]:
        here = self._cell(what.regime, what.band)
        kinds = sorted(what.kinds)
        for reason, state in (
            (Reason.CONSENT_WITHDRAWN, "withdrawn"),
            (Reason.CONSENT_REFUSED, "refused"),
        ):
            said = BitMap.union(*(self.members(f"{state}:{key}:{kind}") for kind in kinds))
            yield reason, here & said
        yield Reason.CONSENT_EXPIRED, here & BitMap.union(*(self._expired(key, k) for k in kinds))
        yield Reason.NO_CONSENT, here

    def _cell(self, regime: str, band: str) -> BitMap:
        if (regime, band) not in self._cells:
            here = self.members(f"regime:{regime}") & self.members(f"age:{band}")
            self._cells[regime, band] = here
        return self._cells[regime, band]

    def _given(self, key: str, kinds: frozenset[Kind]) -> BitMap:
        name = f"given:{key}:{','.join(sorted(kinds))}"
        if name not in self._sets:
            self._sets[name] = BitMap.union(
                *(self.members(f"consent:{key}:{k}") - self._expired(key, k) for k in sorted(kinds))
            )
        return self._sets[name]

    def _expired(self, key: str, kind: Kind) -> BitMap:
        name = f"expired:{key}:{kind}"
        if name not in self._sets:
            rows = self.connection.execute(
                text(
                    "SELECT subject_id FROM consentstate WHERE purpose = :p AND kind = :k "
                    "AND expires_at <= :at AND state = 'given'"
                ),
                {"p": key, "k": str(kind), "at": self.at},
            )
            self._sets[name] = BitMap(row[0] for row in rows)
        return self._sets[name]


def permit(
    connection: Connection,
    subject_id: int,
    definition: Tag,
    at: Micros,
    purposes: Mapping[str, Purpose],
    *,
    purpose: str | None = None,
) -> Permission:
    """Return whether the gate lets a tag through for one person, purpose by purpose, and why not."""
    return _Person.read(connection, subject_id, at).permission(definition, purposes, purpose)


def permissions(
    connection: Connection,
    subject_id: int,
    definitions: Iterable[Tag],
    at: Micros,
    purposes: Mapping[str, Purpose],
) -> dict[str, Permission]:
    """Return what the gate says to many tags of one person, whose record is read once."""
    person = _Person.read(connection, subject_id, at)
    return {definition.key: person.permission(definition, purposes) for definition in definitions}


@dataclass(frozen=True, slots=True)
class _Person:
    """What is on record about one person, as far as the gate must know."""

    regime: str
    band: str
    at: Micros
    choices: frozenset[tuple[str, str]]
    consents: Mapping[tuple[str, str], tuple[str, int]]
    law: Law
    assessments: Assessments

    @classmethod
    def read(cls, connection: Connection, subject_id: int, at: Micros) -> "_Person":
        who = {"s": subject_id}
        row = connection.execute(
            text("SELECT regime, age_class FROM subject WHERE subject_id = :s"), who
        ).one_or_none()
        choices = connection.execute(
            text("SELECT kind, target FROM choicestate WHERE subject_id = :s"), who
        )
        consents = connection.execute(
            text(
                "SELECT purpose, kind, event_id, CASE WHEN state = 'given' AND expires_at <= :at "
                "THEN 'expired' ELSE state END AS state FROM consentstate WHERE subject_id = :s"
            ),
            {**who, "at": at},
        )
        return cls(
            row.regime if row else "",
            row.age_class if row else "",
            at,
            frozenset((choice.kind, choice.target) for choice in choices),
            {(said.purpose, said.kind): (said.state, said.event_id) for said in consents},
            law_over(connection),
            valid(connection, at),
        )

    def permission(
        self, definition: Tag, purposes: Mapping[str, Purpose], purpose: str | None = None
    ) -> Permission:
        """Return what the gate says to a tag, for all of its purposes or for one."""
        keys = definition.purposes if purpose is None else (purpose,)
        verdicts = tuple(self.verdict(definition, key, purposes.get(key)) for key in keys)
        return Permission(any(verdict.allowed for verdict in verdicts), verdicts)

    def verdict(self, definition: Tag, key: str, purpose: Purpose | None) -> Verdict:
        """Return what the gate says to one purpose, with every reason against it."""
        people = self.regime, self.band
        what = requirement(definition, key, purpose, people, self.law, assessments=self.assessments)
        reasons = list(self._own(definition.key, key, purpose, what))
        event_id = None
        if what.reason is None and what.kinds:
            event_id = self._consent(key, what.kinds)
            if event_id is None:
                reasons.append(self._missing(key, what.kinds))
        said = tuple(str(reason) for reason in reasons)
        more = (what.basis, event_id, what.cites, what.rule)
        return Verdict(key, not reasons, said, self.regime, *more)

    def _own(
        self, tag: str, key: str, purpose: Purpose | None, what: Requirement
    ) -> Iterator[Reason]:
        if (Choice.RESTRICT, "") in self.choices:
            yield Reason.RESTRICTED
        if (Choice.BLOCK, tag) in self.choices:
            yield Reason.TAG_BLOCKED
        if (Choice.CONTEST, tag) in self.choices:
            yield Reason.TAG_CONTESTED
        if what.reason is not None:
            yield what.reason
        for choice in what.stopped_by:
            if (choice, "") in self.choices:
                yield STOPS[choice].reason
        if (Choice.OBJECT, key) in self.choices:
            yield Reason.OBJECTED
        if purpose and purpose.personalised and (Choice.DEPERSONALISE, "") in self.choices:
            yield Reason.PERSONALISATION_OFF

    def _consent(self, key: str, kinds: frozenset[Kind]) -> int | None:
        for kind in sorted(kinds):
            state, event_id = self.consents.get((key, kind), ("", 0))
            if state == State.GIVEN:
                return event_id
        return None

    def _missing(self, key: str, kinds: frozenset[Kind]) -> Reason:
        said = {self.consents.get((key, kind), ("", 0))[0] for kind in kinds}
        for state, reason in (
            ("withdrawn", Reason.CONSENT_WITHDRAWN),
            ("refused", Reason.CONSENT_REFUSED),
            ("expired", Reason.CONSENT_EXPIRED),
        ):
            if state in said:
                return reason
        return Reason.NO_CONSENT
