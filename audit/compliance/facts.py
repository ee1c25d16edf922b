# SPDX-License-Identifier: Apache-2.0
"""What a compliance audit knows of a workspace at one instant. No person is in it, only counts and codes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple


class Paper(NamedTuple):
    """A document that stands as evidence: of which kind, its name, and the SHA-256 of its bytes."""

    kind: str
    name: str
    digest: str


class Seen(NamedTuple):
    """An act in the evidence log: how often, the number of its newest entry, and when (ISO)."""

    times: int
    entry: int
    at: str


@dataclass(frozen=True, slots=True)
class TagFact:
    """A tag in use, as the law of the regime sees it for adults."""

    key: str
    version: int
    digest: str
    basis: str
    """Claimed under the regime; '' when none is."""
    sensitive: bool
    weighty: bool
    """Whether it has a legal or similarly significant effect."""
    directed: bool
    """Whether its document says for whom it is good or bad."""
    within: str = ""
    """How old the fairness policy in force lets its audit be, such as 90d; '' when it asks for none."""
    standing: str = ""
    """What that policy says of it now: audit-missing, audit-overdue, …; '' for nothing."""
    outside: Mapping[str, int] = field(default_factory=dict)
    """People of the regime who hold it although the gate stops it for them: reason → how many."""

    @property
    def paper(self) -> Paper:
        """The document of the tag."""
        return Paper("tag", f"{self.key} {self.version}", self.digest)


@dataclass(frozen=True, slots=True)
class Assessed:
    """An assessment on record, and whether it stands."""

    key: str
    type: str
    state: str
    """in-force, to-come or overdue."""
    digest: str

    @property
    def paper(self) -> Paper:
        """The document of the assessment."""
        return Paper("assessment", self.key, self.digest)


class Missing(NamedTuple):
    """An assessment that the law asks for, and that nothing in force covers."""

    type: str
    purpose: str
    tag: str


class Waiting(NamedTuple):
    """Something that a request of a person waits for."""

    ref: str
    act: str
    """What is asked for: package, erase, correct, … (policies.rights)."""
    what: str
    """letter, decision, execution, … (governance.requests.doctor)."""
    detail: str
    days: int
    """Days that are left; fewer than 0: overdue."""


class Late(NamedTuple):
    """An answer or letter of the last twelve months that came late, or has not come."""

    ref: str
    act: str
    what: str
    """acknowledgement, extension or answer."""


class Recipient(NamedTuple):
    """Who gets what serves a purpose: a code of the policies, and the purpose."""

    code: str
    purpose: str


class Report(NamedTuple):
    """The newest report of a kind about something."""

    kind: str
    about: str
    status: str
    days: int
    """How old it is."""
    version: int
    """Of the tag that it is about."""
    paper: Paper


class Finding(NamedTuple):
    """A group that a tag treats beyond the limit: open, or waived for a time."""

    tag: str
    state: str


@dataclass(frozen=True, slots=True)
class Keys:
    """How the keys stand."""

    level: str
    epoch: int
    age: int
    """Days since the key of the epoch was made."""
    limit: int
    """Days after which it must be changed (keys.rotate_days)."""
    unfinished: bool
    backup: str
    """ok, none, old, copies or nothing-yet."""
    keyless: int
    """People in the control store who have no key."""


@dataclass(frozen=True, slots=True)
class Log:
    """How the evidence log stands."""

    size: int
    root: str
    problems: tuple[str, ...]
    """Codes of what a full check found."""
    waiting: int
    anchors: int
    unreachable: int
    hours: int | None
    """How old the newest checkpoint outside is; None: none has left."""
    covered: bool
    """Whether that checkpoint is over all entries."""


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that the checks of one regime look at."""

    regime: str
    people: Mapping[str, int]
    """Age band → people of the regime; '' → all of them."""
    tags: tuple[TagFact, ...]
    purposes: tuple[Paper, ...]
    unapplied: tuple[str, ...]
    """Purposes that tags in use name and that were never applied."""
    assessments: tuple[Assessed, ...]
    missing: tuple[Missing, ...]
    settings: Mapping[str, str]
    """Settings that checks name; of those about the controller only `stated` or ''."""
    retention: Mapping[str, int]
    """Kind of thing → how many are past their time and still there."""
    requests: int
    """Requests on record under the regime."""
    waiting: tuple[Waiting, ...]
    late: tuple[Late, ...]
    lost: int
    """Requests of the last 24 months that the evidence log knows and the store has not."""
    erasures: int
    """Erasures that could go on, or are not finished."""
    holds: int
    unconfirmed: int
    """Legal holds that wait for a second officer."""
    untold: int
    """Times a recipient has to be told of something."""
    untold_long: int
    """Of those, since more than a month."""
    consents: int
    unnoticed: int
    """Consents in force without the version of the notice that was shown."""
    recipients: tuple[Recipient, ...]
    record: tuple[str, ...]
    """Settings that would state what the record of processing lacks."""
    reports: tuple[Report, ...]
    findings: tuple[Finding, ...]
    """Of bias audits; what was resolved is not among them."""
    models_overdue: tuple[str, ...]
    keys: Keys
    log: Log
    acts: Mapping[str, Seen]
    overlaid: bool
    """Whether an overlay changes the law of the regime here."""
    tests: Mapping[str, tuple[str, ...]]
    """Obligation → the tests of this version that exercise it."""
