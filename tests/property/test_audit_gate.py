# SPDX-License-Identifier: Apache-2.0
"""Whatever officers, auditors and time do in whatever order: a reader is given people of a tag exactly when
a slow model of the policy, written here, says so."""

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from audit.clock import DAY
from governance import catalogue, fairness, findings
from governance.assignments import audience
from governance.auditing import waiving
from governance.auditing.examining import Asked, bias
from tests.auditing import Gated, a_duty, a_policy
from tests.shop import NOW
from tests.workshop import as_reviewer

PURPOSE = "first_party_recommendation"
WITHIN = 12
STEPS = st.one_of(
    st.sampled_from(["audit", "audit", "own limits", "revoke", "version", "suspend", "warn"]).map(
        lambda name: (name, 0)
    ),
    st.tuples(st.just("women"), st.sampled_from([0.2, 0.3, 0.6])),
    st.tuples(st.just("waive"), st.integers(1, 15)),
    st.tuples(st.just("later"), st.integers(1, 8)),
)


@dataclass
class Model:
    """What must be so, told in the words of the policy."""

    now: int = NOW
    version: int = 1
    suspends: bool = True
    women: float = 0.3
    audited: tuple[int, int] = (0, 0)
    found: float = 0.0
    found_in: int = 0
    waiver: tuple[int, int, float] | None = None

    @property
    def stopped(self):
        if not self.suspends:
            return False
        version, at = self.audited
        current = version == self.version and self.now < at + WITHIN * DAY
        return not current or (bool(self.found) and not self.waived)

    @property
    def waived(self):
        if self.waiver is None:
            return False
        until, version, _ = self.waiver
        return version == self.version and self.now < until

    def audit(self):
        self.audited = (self.version, self.now)
        if self.women < 0.6:
            if self.waiver and self.women < self.waiver[2]:
                self.waiver = None
            self.found, self.found_in = self.women, self.version
        else:
            self.found, self.waiver = 0.0, None

    def waive(self, days):
        if self.found and self.found_in == self.version:
            self.waiver = (self.now + days * DAY, self.version, self.found)


class Played:
    """The same steps in a real workspace."""

    def __init__(self, shop, folder):
        self.shop, self.ws, self.model = shop, shop.ws, Model()
        self.policies = 0
        self.own = folder / "own.yaml"
        own = a_policy(impact_ratio={"floor": "0.01", "against": "rest"})
        self.own.write_text(yaml.safe_dump(own.document()), "utf-8")
        self.women(0.3)
        self.policy("suspend")

    def step(self, name, number):
        model = self.model
        if name == "audit":
            bias(self.ws, Asked((Gated.GOLD,)))
            model.audit()
        elif name == "own limits":
            bias(self.ws, Asked((Gated.GOLD,)), self.own)
        elif name == "women":
            self.women(number)
        elif name == "later":
            self.shop.later(number * DAY)
            model.now += number * DAY
        elif name == "version":
            model.version += 1
            with self.shop.store.write() as unit:
                unit.connection.exec_driver_sql(
                    "UPDATE definition SET version = version + 1 WHERE key = ?", (Gated.GOLD,)
                )
        elif name in ("suspend", "warn"):
            self.policy(name)
        else:
            self.waiver(name, number)

    def women(self, share):
        self.model.women = share
        self.shop.held(Gated.GOLD, share, 0.6)

    def policy(self, what):
        self.policies += 1
        duty = a_duty(within=f"{WITHIN}d", overdue=what, breach=what)
        done = fairness.apply(self.ws, a_policy(version=self.policies, audits=[duty]))
        if done.what == "proposed":
            as_reviewer(self.ws, lambda: fairness.approve(self.ws, done.version.digest))
        self.model.suspends = what == "suspend"

    def waiver(self, name, days):
        model = self.model
        with self.shop.read() as connection:
            here = [f for f in findings.findings(connection) if f.what["labels"] == ["f"]]
        if name == "waive" and model.found and model.found_in == model.version:
            until = model.now + days * DAY
            as_reviewer(
                self.ws,
                lambda: waiving.waive(
                    self.ws, here[0].name, owner="team", reason="genuine-need", until=until
                ),
            )
            model.waive(days)
        elif name == "revoke" and model.found and model.waived:
            waiving.revoke(self.ws, here[0].name)
            model.waiver = None

    def read(self):
        """Return how many people a reader is given."""
        with self.shop.read() as connection:
            tag = catalogue.active(connection)[Gated.GOLD]
            return len(audience(connection, tag, PURPOSE, self.ws.clock.now()))


FOUND = [("audit", 0), ("waive", 15)]


@settings(max_examples=10, deadline=None)
@example(steps=[*FOUND, ("version", 0), ("audit", 0)])
@example(steps=[*FOUND, ("women", 0.2), ("audit", 0), ("women", 0.3), ("audit", 0)])
@example(steps=[*FOUND, ("women", 0.6), ("audit", 0), ("women", 0.2), ("audit", 0)])
@example(steps=[("women", 0.6), ("audit", 0), ("version", 0)])
@example(steps=[("audit", 0), ("women", 0.6), ("own limits", 0), ("later", 8), ("later", 8)])
@given(steps=st.lists(STEPS, min_size=4, max_size=9))
def test_people_are_read_exactly_when_the_policy_lets_them(steps):
    with TemporaryDirectory() as place:
        folder = Path(place)
        with closing(Gated(folder)) as shop:
            played = Played(shop, folder)
            for name, number in steps:
                played.step(name, number)
                assert (played.read() == 0) is played.model.stopped, (name, number, played.model)
                if played.model.waiver:
                    around(played, played.model.waiver[0])


def around(played, end):
    """The last microsecond before the end of a waiver, and the end itself."""
    clock, model, was = played.ws.clock, played.model, played.model.now
    for at in (end - 1, end):
        if at > was:
            clock.at = model.now = at
            assert (played.read() == 0) is model.stopped, (at, model)
    clock.at = model.now = was
