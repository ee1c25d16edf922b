# SPDX-License-Identifier: Apache-2.0
"""What a person decides holds at the very next read, whichever read that is, and never permits more."""

from contextlib import closing

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyroaring import BitMap
from sqlalchemy import text

from audit.canon import canonical, digest
from audit.clock import DAY, HOUR, FixedClock, Micros
from governance import choice, correcting, gate, purpose, subject
from governance.assignments import audience
from governance.catalogue import active
from governance.choice import ChoiceFact
from governance.explaining import explain
from governance.intake.people import enrol
from governance.purpose import purposes
from governance.running import run as running
from governance.running.live import Live
from governance.running.run import run_all
from tests.shop import an_assessment
from tests.workshop import NOON, a_workspace, applied

E4 = 10_000
USES = {
    "offers": "first_party_recommendation",
    "sharing": "cross_context_advertising",
    "credit": "credit_decision",
    "counting": "analytics",
}
PURPOSE = """
apiVersion: tagwarden/v1
kind: Purpose
key: {key}
name: {{en: {key}, zh: 目的}}
says: {{en: words, zh: 文字}}
use: {use}
personalised: {personalised}
retention: 365d
"""
TAG = """
apiVersion: tagwarden/v1
kind: Tag
key: {key}
name: {{en: A tag, zh: 标签}}
says: {{en: words, zh: 文字}}
owner: growth-team
dimension: {dimension}
derivation: inferred
sources: [user.behavior.purchase_history]
asserts: [{asserts}]
purposes: [{purpose}]
basis: {{ccpa: notice}}
effect: {effect}
ttl: 60d
refresh: {{every: 1d, on: [purchase]}}
value: "orders(days => 30) >= {least}"
purge_on_withdrawal: immediately
"""
HEAVY = "legal_or_similarly_significant"
PLAIN = "user.demographic.profile"
TAGS = {  # purpose, what it reveals, effect
    "interest.tea": ("offers", PLAIN, "none"),
    "interest.baby": ("offers", "x.health.reproductive", "none"),
    "interest.shared": ("sharing", PLAIN, "none"),
    "credit.safe": ("credit", PLAIN, HEAVY),
    "behaviour.counted": ("counting", PLAIN, "none"),
}
STOPS = {
    ("depersonalise", ""): {"interest.tea", "interest.baby", "interest.shared"},
    ("block-tag", "interest.tea"): {"interest.tea"},
    ("contest-tag", "interest.tea"): {"interest.tea"},
    ("object", "offers"): {"interest.tea", "interest.baby"},
    ("opt-out", ""): {"interest.shared"},
    ("limit", ""): {"interest.baby"},
    ("admt-opt-out", ""): {"credit.safe"},
    ("restrict", ""): set(TAGS),
}
"""What each choice stops, written by hand."""
READS = ("audience", "show", "explain", "event", "run", "begun")


class World:
    """A shop under Californian law whose people have every tag."""

    def __init__(self, folder):
        self.ws = a_workspace(folder, clock=FixedClock(NOON))
        texts = [
            PURPOSE.format(key=key, use=use, personalised=str(key in ("offers", "sharing")).lower())
            for key, use in USES.items()
        ]
        (folder / "purposes.yaml").write_text("---".join(texts), "utf-8")
        purpose.apply(self.ws, [folder / "purposes.yaml"])
        self._assess()
        tags = [
            TAG.format(
                key=key,
                dimension={"credit": "credit", "behaviour": "behaviour"}.get(
                    key.partition(".")[0], "interest"
                ),
                purpose=of,
                asserts=asserts,
                effect=effect,
                least=number,
            )
            for number, (key, (of, asserts, effect)) in enumerate(TAGS.items(), start=1)
        ]
        (folder / "tags.yaml").write_text("---".join(tags), "utf-8")
        applied(self.ws, folder / "tags.yaml")
        self.count = 0

    def _assess(self):
        kinds = ("risk_assessment",)
        covers = [{"purposes": list(USES)}, {"purposes": list(USES), "tags": list(TAGS)}]
        with self.ws.store.write() as unit:
            for kind in kinds:
                for number, over in enumerate(covers):
                    one = an_assessment(kind, key=f"{kind}.n{number}", covers=over)
                    plain = one.model_dump(mode="json", by_alias=True)
                    unit.connection.exec_driver_sql(
                        "INSERT INTO assessment (key, digest, document, applied_at) VALUES (?, ?, ?, 0)",
                        (one.key, digest(plain), canonical(plain).decode()),
                    )

    def newcomers(self, number):
        """Admit people who have bought enough for every tag, and compute nothing yet."""
        names = [f"C{self.count + n}" for n in range(number)]
        self.count += number
        found = self.ws.people.admit("customer", names)
        people = [found[name] for name in names]
        with self.ws.store.write() as unit:
            enrol(self.ws, unit, BitMap(people), regime="ccpa")
            for who in people:
                for day in range(1, len(TAGS) + 1):
                    unit.connection.execute(
                        text(
                            "INSERT INTO liveevent (subject_id, ts, dedup, event_type, fields) "
                            "VALUES (:s, :t, :d, 'purchase', :f)"
                        ),
                        {
                            "s": who,
                            "t": NOON - day * DAY,
                            "d": day,
                            "f": f'{{"event_type": "purchase", "session": "o-{day}", "amount": {E4}}}',
                        },
                    )
        return people

    def later(self):
        self.ws.clock.at = Micros(self.ws.clock.at + HOUR // 60)

    def chooses(self, who, kind, target, *, on=True):
        """Decide, as the command does it."""
        self.later()
        if kind == "contest-tag" and on:
            correcting.contest(self.ws, who, target)
        else:
            now = self.ws.evidence.now()
            choice.submit(self.ws, ChoiceFact(who, kind, target, on, now, "test"))

    def permitted(self, who):
        with self.ws.store.read() as connection:
            known, tags = purposes(connection), active(connection)
            now = self.ws.clock.now()
            return {
                key
                for key in TAGS
                if gate.permit(connection, who, tags[key].effective, now, known).allowed
            }

    def open(self, who):
        """What is stored as holding now: what a run or an event left."""
        with self.ws.store.read() as connection:
            rows = connection.execute(
                text(
                    "SELECT d.key FROM assignment a JOIN tagvalue v ON v.tv = a.tv "
                    "JOIN definition d ON d.id = v.definition_id JOIN run r ON r.id = a.run_id "
                    "WHERE a.subject_id = :s AND a.valid_to IS NULL AND r.state = 'published'"
                ),
                {"s": who},
            )
            return {row.key for row in rows}

    def read(self, how, who):
        """Read the tags of a person in one of the ways in which they are read or made."""
        match how:
            case "audience":
                with self.ws.store.read() as connection:
                    tags, now = active(connection), self.ws.clock.now()
                    return {
                        key
                        for key, (of, *_) in TAGS.items()
                        if who in audience(connection, tags[key], of, now, value="true")
                    }
            case "show":
                return {tag.key for of in USES for tag in subject.show(self.ws, who, of).tags}
            case "explain":
                return {item.tag.key for item in explain(self.ws, who, None, depth="subject")}
            case "event":
                self.count += 1
                event = {
                    "ts": self.ws.clock.now() - HOUR,
                    "event_type": "purchase",
                    "session": f"e-{self.count}",
                    "amount": E4,
                }
                with closing(Live(self.ws)) as live:
                    live.record(who, event)
                return self.open(who)
            case _:
                run_all(self.ws)
                return self.open(who)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    opened = World(tmp_path_factory.mktemp("choices"))
    yield opened
    opened.ws.close()


@pytest.fixture(scope="module")
def people(world):
    """One person for each choice and read; each has every tag."""
    pairs = [(what, how) for what in STOPS for how in READS if how != "begun"]
    found = dict(zip(pairs, world.newcomers(len(pairs)), strict=True))
    run_all(world.ws)
    return found


@pytest.mark.law(
    "GDPR-18", "GDPR-21-1", "CN-ALGO-17-1", "CN-ALGO-17-2", "CA-120", "CA-121", "CA-7027", "CA-7221"
)
@pytest.mark.parametrize("how", [how for how in READS if how != "begun"])
@pytest.mark.parametrize("what", STOPS, ids=":".join)
def test_the_very_next_read_obeys(world, people, what, how):
    who = people[what, how]
    assert world.open(who) == set(TAGS)
    world.chooses(who, *what)
    assert world.read(how, who) == set(TAGS) - STOPS[what]


@pytest.mark.law("CN-ALGO-17-1", "CA-7027", "CA-7221")
@pytest.mark.parametrize("what", STOPS, ids=":".join)
def test_a_run_that_had_begun_before_publishes_nothing_of_it(world, monkeypatch, what):
    who, other = world.newcomers(2)
    compute = running.Evaluation.go

    def go(evaluation):
        compute(evaluation)
        world.chooses(who, *what)

    monkeypatch.setattr(running.Evaluation, "go", go)
    assert world.read("run", who) == set(TAGS) - STOPS[what]
    assert world.open(other) == set(TAGS)


switches = st.tuples(st.sampled_from(sorted(STOPS)), st.booleans(), st.sampled_from(READS[:4]))
QUICK = settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@QUICK
@given(st.lists(switches, min_size=1, max_size=5))
def test_whatever_was_decided_before_a_choice_never_permits_more(world, decided):
    check(world, decided)


@pytest.mark.slow
@settings(QUICK, max_examples=150)
@given(st.lists(switches, min_size=1, max_size=12))
def test_it_is_so_for_many_more(world, decided):
    check(world, decided)


def check(world, decided):
    (who,) = world.newcomers(1)
    run_all(world.ws)
    held = {}
    for what, on, how in decided:
        before = world.permitted(who)
        world.chooses(who, *what, on=on)
        held[what] = on
        after = world.permitted(who)
        assert after == set(TAGS) - set().union(*(STOPS[w] for w, yes in held.items() if yes))
        assert not on or after <= before
        assert world.read(how, who) <= after
    world.later()
    assert world.read("run", who) == world.permitted(who)
