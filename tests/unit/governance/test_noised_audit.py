# SPDX-License-Identifier: Apache-2.0
"""An audit for bias by noised counts: paid for before anybody is looked up, and nothing exact is told."""

import json
from contextlib import closing
from pathlib import Path

import jsonschema
import numpy as np
import pytest
import yaml

from audit.bias import noised_schema
from audit.clock import DAY, FixedClock, Micros
from audit.evidence.reading import decode
from audit.ids import SeededIds
from governance import authority, fairness, findings
from governance.actor import Actor
from governance.auditing import kept, noised, noising, waiving
from governance.auditing.examining import Asked
from governance.auditing.noised import Priced
from governance.auditing.telling import lines, written
from governance.budget import auditing, ledger, limits
from governance.budget.verification import verify
from tagging.segmentation import crosstab
from tagging.segmentation.accounting import PrivacyBudget
from tests.auditing import AGES, Planted, a_policy
from tests.segments import NoNoise, Repeatable
from tests.shop import NOW
from tests.workshop import OFFICER, a_folder, as_reviewer, code_of, reopened

GOLDEN = Path(__file__).parents[2] / "golden" / "audits"
SKEWED = {"f": 0.2, "m": 0.5, None: 0.3}
GROUPS = "case when orders() >= 2 then 'many' when orders() >= 1 then 'one' else null end"
EVEN = dict.fromkeys(SKEWED, 0.4)
ORDERS = {"gender": ["f", "m"], "city": ["Bonn", "Ulm"]}


def _built(folder):
    with closing(Planted(folder)) as planted:
        said = planted.genders(unknown=0.1)
        planted.tagged("offer.gold", SKEWED, said)
        planted.tagged("offer.even", EVEN, said)
        limits.set_limit(planted.ws, "all", PrivacyBudget(4))


class Shop(Planted):
    """A planted shop with a budget, and a policy that lists the values of attributes."""

    def __init__(self, folder):
        self.ws = reopened(a_folder(folder, _built), clock=FixedClock(NOW), ids=SeededIds(5))
        self.folder, self.store = folder, self.ws.store
        self.rng = np.random.default_rng(8)
        with self.store.read() as connection:
            rows = connection.exec_driver_sql("SELECT subject_id FROM subject ORDER BY 1")
            self.who = [row[0] for row in rows]
        self.limits = a_policy(orders=ORDERS)

    def noised(self, *tags, epsilon=1.0, population="all", noise=None, **more):
        """Audit tags by noised counts; returns what was made."""
        asked = Asked(tags, **({"by": ("gender",)} | more))
        price = Priced(epsilon, population)
        return noised.bias(self.ws, asked, price, self.file(), noise=noise or Repeatable(3))

    def file(self):
        """The policy as a file."""
        path = self.folder / "fairness.yaml"
        path.write_text(yaml.safe_dump(self.limits.document()), "utf-8")
        return path

    def charges(self):
        with self.ws.store.read() as connection:
            return [one for one in ledger.records(connection) if one["record"] == "reserved"]

    def spent(self):
        with self.ws.store.read() as connection:
            return limits.standings(connection, self.ws.clock.now())["all"].spent

    def log(self):
        return [decode(raw) for raw in self.ws.evidence.entries()]


@pytest.fixture
def shop(tmp_path):
    """1,200 people; one tag favours men, one nobody."""
    opened = Shop(tmp_path)
    yield opened
    opened.close()


def group(made, label="f"):
    (part,) = made.kept.document["comparisons"]
    return next(one for one in part["groups"] if one["labels"] == [label])


def test_a_tag_that_favours_one_group_is_a_breach_and_an_even_one_is_within(shop):
    gold, even = shop.noised("offer.gold", "offer.even")
    assert (gold.kept.status, even.kept.status) == ("breach", "within")
    assert group(gold)["status"] == "breach"
    for one in (gold, even):
        jsonschema.validate(json.loads(one.kept.bytes), noised_schema.schema())


def test_without_noise_the_cells_are_those_of_the_people(shop):
    (made,) = shop.noised("offer.gold", noise=NoNoise())
    exact = {
        part["labels"][0]: part
        for part in shop.audit("offer.gold", by=("gender",))[0].document["comparisons"][0]["groups"]
    }
    for label in "fm":
        told = group(made, label)
        assert (told["people"], told["tagged"]) == (exact[label]["people"], exact[label]["tagged"])
    assert made.kept.document["verdict"]["people"] == len(shop.who)
    assert sum(made.kept.document["noise"]["cells"]) == len(shop.who)


def test_the_charge_is_committed_and_the_opening_on_record_before_anybody_is_counted(
    shop, monkeypatch
):
    seen = []

    def peeking(*_):
        seen.extend(one.act for one in shop.log()[-2:])
        raise RuntimeError

    monkeypatch.setattr(noising, "_counted", peeking)
    with pytest.raises(RuntimeError):
        shop.noised("offer.gold")
    assert seen == ["budget.charged", "attribute.opened"]
    assert shop.spent() == crosstab.price(PrivacyBudget(1.0))
    assert verify(shop.ws).problems == []


def test_the_same_question_has_the_same_counts_and_is_not_charged(shop):
    (first,) = shop.noised("offer.gold")
    entries = len(shop.log())
    (again,) = shop.noised("offer.gold", noise=Repeatable(99))
    assert (first.charged, again.charged) == (True, False)
    assert again.kept.document["noise"] == first.kept.document["noise"]
    assert len(shop.charges()) == 1
    assert [one.act for one in shop.log()[entries:]] == ["audit.bias"]  # nothing was opened


def test_other_limits_or_less_epsilon_are_free_more_epsilon_or_another_day_is_not(shop):
    (first,) = shop.noised("offer.gold")
    shop.limits = a_policy(orders=ORDERS, impact_ratio={"floor": 0.1, "against": "rest"})
    (laxer,) = shop.noised("offer.gold", epsilon=0.5)
    assert (laxer.charged, laxer.kept.status) == (False, "within")
    assert laxer.kept.document["noise"] == first.kept.document["noise"]
    assert shop.noised("offer.gold", epsilon=1.5)[0].charged
    shop.ws.clock.at += DAY
    assert shop.noised("offer.gold", epsilon=0.5)[0].charged
    assert len(shop.charges()) == 3


def test_the_entry_names_the_charge_and_the_ledger_the_purpose(shop):
    (made,) = shop.noised("offer.gold")
    entry, noise = shop.log()[-1], made.kept.document["noise"]
    assert (entry.act, entry.facts["charge"], entry.facts["counts"]) == (
        "audit.bias",
        noise["charge"],
        noise["counts"],
    )
    (charge,) = shop.charges()
    assert (charge["charge"], charge["purpose"]) == (noise["charge"], "analytics")
    assert charge["mechanism"] == crosstab.MECHANISM
    assert verify(shop.ws).problems == []


def test_nothing_exact_is_told(shop):
    """Every number of people in the document is a sum of noised cells: none follows the people."""
    (made,) = shop.noised("offer.gold", noise=Shifted(1000))
    document = made.kept.document
    cells = np.array(document["noise"]["cells"]).reshape(4, 2)
    people = len(shop.who)
    assert document["verdict"]["people"] == cells.sum() == people + 8000
    for row, one in zip(cells, [group(made, v) for v in ("f", "m", "other")], strict=False):
        assert (one["people"], one["tagged"]) == (row.sum(), row[1])
    unknown = document["comparisons"][0]["unknown"]
    assert (unknown["people"], unknown["tagged"]) == (cells[3].sum(), cells[3][1])
    assert not {"left_out", "protection", "leaks", "drift", "causes", "outlook"} & set(document)
    assert not {"consents", "closed"} & set(document["sources"][0])


class Shifted(NoNoise):
    def __init__(self, by):
        self.by = by

    def add(self, values, sigma):  # noqa: ARG002  (the shape of every source)
        return values + self.by


def test_two_shops_whose_cells_came_out_alike_have_the_same_report(tmp_path):
    """All after the cells depends on the cells alone: who was left out or not opened shows nowhere."""
    told = []
    for n, cut in enumerate((0, 300)):
        folder = tmp_path / str(n)
        folder.mkdir()
        with closing(Shop(folder)) as opened:
            opened.chose("restricted", opened.who[:cut])
            opened.chose("object:analytics", opened.who[cut : 2 * cut])
            (made,) = opened.noised("offer.gold", noise=Fixed())
        document = json.loads(made.kept.bytes)
        for part in ("charge", "counts", "digest"):
            document["noise"].pop(part)
        told.append(document)
    assert told[0] == told[1]


class Fixed(NoNoise):
    """Publishes the same cells whoever is there."""

    def add(self, values, sigma):  # noqa: ARG002
        return np.arange(100, 100 + 40 * len(values), 40)


def test_which_values_there_are_does_not_depend_on_people(shop):
    towns = ["Bonn"] * 700 + [f"hamlet {n}" for n in range(len(shop.who) - 700)]
    shop.has("city", towns)  # more values than an audit compares, and none of them is told
    (made,) = shop.noised("offer.gold", by=("city",), noise=NoNoise())
    axis = made.kept.document["noise"]["axes"][0]
    assert axis == {"name": "city", "values": ["Bonn", "Ulm", "other", "unknown"]}
    assert "hamlet" not in made.kept.bytes.decode()
    assert (group(made, "Bonn")["people"], group(made, "other")["people"]) == (700, 500)


@pytest.mark.parametrize(
    ("changes", "more", "code"),
    [
        ({"orders": {}}, {}, "noise-values-open"),
        ({}, {"by": ("gendr",)}, "unknown-attribute"),
        ({}, {"causes": True}, "audit-question"),
        ({}, {"months": 3}, "audit-question"),
        ({}, {"at": NOW}, "audit-question"),
        ({}, {"outcome": "offer.even"}, "no-outcome-rate"),
        ({"rates": ["tpr"]}, {"outcome": "orders(days => 30) >= 1"}, "outcome-to-come"),
        ({}, {"epsilon": 0}, "budget-epsilon"),
        ({}, {"population": "mars"}, "unknown-population"),
        ({}, {"epsilon": 8}, "budget-exhausted"),
        ({"opening": {"purpose": "nothing", "basis": {"gdpr": "consent"}}}, {}, "unknown-purpose"),
    ],
)
def test_what_cannot_be_answered_is_refused_and_not_charged(shop, changes, more, code):
    shop.limits = a_policy(**({"orders": ORDERS} | changes))
    assert code_of(lambda: shop.noised("offer.gold", **more)) == code
    assert shop.charges() == []
    assert "attribute.opened" not in {one.act for one in shop.log()}


def test_tags_whose_values_people_decide_are_refused(shop):
    said = [None] * len(shop.who)
    shop.scored("consumption.tier", {None: 0.5}, said)
    assert code_of(lambda: shop.noised("consumption.tier")) == "noise-not-local"
    shop.tagged("interest.group", {None: 0.5}, said, value=GROUPS)
    assert code_of(lambda: shop.noised("interest.group")) == "noise-values-open"
    assert shop.charges() == []


def test_a_tag_with_labels_is_compared_value_by_value(shop):
    labels = {"many": {"en": "Many", "zh": "多"}, "one": {"en": "One", "zh": "一"}}
    said = ["m" if n % 2 else "f" for n in range(len(shop.who))]
    shop.has("age", said)
    people = shop.tagged(
        "interest.group", SKEWED, said, value=GROUPS, labels=labels, having={"many": "benefit"}
    )
    shop.also("interest.group", people, "many")
    shop.limits = a_policy(orders={"age": ["f", "m"]})
    (made,) = shop.noised("interest.group", by=("age",), noise=NoNoise())
    assert made.kept.document["noise"]["axes"][1]["values"] == ["none", "many", "one"]
    assert made.kept.status == "breach"
    assert sum(made.kept.document["noise"]["cells"]) == len(shop.who)


def test_one_person_less_moves_one_cell_by_one(shop):
    """What the charge rests on, asked of the program that counts: here nobody is in two cells."""
    shop.also("offer.gold", shop.who[:200], "maybe")  # values that no document names
    for n, who in enumerate([*shop.who[:3], *shop.who[-3:]]):
        before = told(shop, epsilon=0.05 * 1.25 ** (2 * n))
        shop.chose("restricted", [who])
        after = told(shop, epsilon=0.05 * 1.25 ** (2 * n + 1))
        assert sorted(np.abs(before - after).tolist())[-2:] == [0, 1]


def told(shop, **more):
    """The cells without noise; each time for so much more epsilon that there would be less noise, so that it is counted anew."""
    (made,) = shop.noised("offer.gold", noise=NoNoise(), **more)
    assert made.charged
    return np.array(made.kept.document["noise"]["cells"])


def test_crossed_attributes_are_sums_of_the_same_cells(shop):
    shop.has("age", [AGES[n % 6] for n in range(len(shop.who))])
    shop.limits = a_policy(
        orders=ORDERS | {"age": list(AGES)}, attributes=["gender", "age"], intersections=2
    )
    (made,) = shop.noised("offer.gold", by=("gender", "age"))
    noise, parts = made.kept.document["noise"], made.kept.document["comparisons"]
    cells = np.array(noise["cells"]).reshape(4, 8, 2)
    assert [part["attributes"] for part in parts] == [["gender"], ["age"], ["gender", "age"]]
    for part, over in zip(parts, (1, 0, ()), strict=True):
        people = cells.sum(axis=2).sum(axis=over)
        known = people[tuple(slice(None, -1) for _ in people.shape)]  # unknown is the last value
        assert [one["people"] for one in part["groups"]] == known.reshape(-1).tolist()
    assert parts[0]["groups"][0]["people_within"] == round(1.96 * noise["sigma"] * 16**0.5)
    assert parts[2]["groups"][0]["people_within"] == round(1.96 * noise["sigma"] * 2**0.5)


def test_rates_of_an_outcome_come_from_the_same_cells(shop):
    shop.limits = a_policy(orders=ORDERS, rates=["selection", "tpr", "precision"])
    (made,) = shop.noised("offer.gold", outcome="offer.even")
    document = made.kept.document
    cells = np.array(document["noise"]["cells"]).reshape(4, 3, 2)  # gender, outcome, tag
    assert [axis["name"] for axis in document["noise"]["axes"]] == ["gender", "outcome", "tag"]
    parts = {part["rate"]: part["groups"][0] for part in document["comparisons"]}
    women = cells[0]
    assert (parts["selection"]["tagged"], parts["selection"]["people"]) == (
        women[:, 1].sum(),
        women.sum(),
    )
    assert (parts["tpr"]["tagged"], parts["tpr"]["people"]) == (women[2, 1], women[2].sum())
    assert (parts["precision"]["tagged"], parts["precision"]["people"]) == (
        women[2, 1],
        women[1:, 1].sum(),
    )
    assert document["identity"]["outcome"] == "offer.even"
    assert {"tpr", "precision"} <= {part["rate"] for part in document["comparisons"]}
    assert "selective-labels" in document["limits"]
    assert shop.noised("offer.gold")[0].charged  # another table, another release


def test_a_tag_that_was_paid_for_before_the_budget_ended_is_there_for_nothing(shop):
    limits.set_limit(shop.ws, "all", PrivacyBudget(1.1))
    assert code_of(lambda: shop.noised("offer.gold", "offer.even")) == "budget-exhausted"
    (made,) = shop.noised("offer.gold")
    assert not made.charged


def test_a_regime_is_charged_alone_and_counts_its_own_people(shop):
    (made,) = shop.noised("offer.gold", population="gdpr", noise=NoNoise())
    assert made.kept.document["verdict"]["people"] == len(shop.who)
    (other,) = shop.noised("offer.gold", population="ccpa", noise=NoNoise())
    assert other.kept.document["verdict"]["people"] == 0
    assert [one["population"] for one in shop.charges()] == ["gdpr", "ccpa"]
    assert shop.spent() == crosstab.price(PrivacyBudget(1.0))  # nobody is in both


def test_a_breach_is_a_finding_of_the_same_name_as_in_a_report_of_exact_counts(shop):
    (made,) = shop.noised("offer.gold")
    with shop.ws.store.read() as connection:
        (found,) = findings.findings(connection)
    (exact,) = shop.audit("offer.gold", by=("gender",), policy=shop.file())
    with shop.ws.store.read() as connection:
        (same,) = findings.findings(connection)
    assert (found.name, exact.status) == (same.name, "breach")
    assert found.name in "\n".join(lines(made.kept, "en"))


def test_a_group_that_noise_alone_could_have_made_has_no_share(shop):
    (made,) = shop.noised("offer.gold", epsilon=0.3, noise=Repeatable(1))
    few, many = group(made, "other"), group(made, "f")
    assert 0 < few["people"] < few["people_within"]
    assert few["rate"]["value"] is None
    assert few["ratio_rest"]["value"] is None
    assert many["rate"]["value"] is not None


def test_a_finding_among_the_people_of_one_regime_is_another_one(shop):
    shop.noised("offer.gold")
    shop.noised("offer.gold", population="gdpr")
    with shop.ws.store.read() as connection:
        names = {one.name: one.what.get("population", "") for one in findings.findings(connection)}
    assert sorted(names.values()) == ["", "gdpr"]


def standing(shop):
    with shop.ws.store.read() as connection:
        (one,) = findings.findings(connection)
    return one.state(shop.ws.clock.now())


def test_a_finding_of_exact_counts_is_resolved_by_noised_ones(shop):
    shop.audit("offer.gold", by=("gender",), policy=shop.file())
    assert standing(shop) == "open"
    shop.limits = a_policy(orders=ORDERS, impact_ratio={"floor": 0.1, "against": "rest"})
    shop.noised("offer.gold")
    assert standing(shop) == "resolved"


def test_a_waiver_does_not_end_because_of_noise_alone(shop):
    shop.audit("offer.gold", by=("gender",), policy=shop.file())
    with shop.ws.store.read() as connection:
        (one,) = findings.findings(connection)
    until = Micros(shop.ws.clock.now() + 30 * DAY)
    how = {"owner": "growth", "reason": "genuine-need", "until": until}
    as_reviewer(shop.ws, lambda: waiving.waive(shop.ws, one.name, **how))
    (made,) = shop.noised("offer.gold", noise=Moved([6, -6]))  # fewer tagged women than there are
    assert float(group(made)["ratio_rest"]["value"]) < float(one.figure)
    assert standing(shop) == "waived"
    assert [part["finding"] for part in made.kept.document["waived"]] == [one.name]
    shop.noised("offer.gold", epsilon=2, noise=Moved([60, -60]))
    assert standing(shop) == "open"


class Moved(NoNoise):
    """Moves the first two cells: women without and with the tag."""

    def __init__(self, by):
        self.by = by

    def add(self, values, sigma):  # noqa: ARG002
        return values + np.array([*self.by, *[0] * (len(values) - 2)])


def test_it_is_the_audit_that_the_policy_in_force_asks_for(shop):
    duty = {
        "tags": {"having": ["benefit"]},
        "within": "90d",
        "overdue": "warn",
        "breach": "suspend",
    }
    shop.limits = a_policy(orders=ORDERS, audits=[duty])
    fairness.apply(shop.ws, shop.limits)

    def by_policy():
        with shop.ws.store.read() as connection:
            rows = connection.exec_driver_sql("SELECT by_policy FROM auditreport ORDER BY id")
            return [row[0] for row in rows]

    shop.noised("offer.even", population="gdpr")
    shop.noised("offer.even")
    assert by_policy() == ["", shop.limits.digest()]


def test_a_report_of_exact_counts_is_not_laid_beside_noise(shop):
    shop.noised("offer.gold")
    (exact,) = shop.audit("offer.gold", by=("gender",), policy=shop.file())
    assert exact.document["identity"]["previous"] is None


def test_who_may_not_audit_may_not_spend(shop):
    authority.add(shop.ws, "ana", ["analyst"])
    shop.ws.actor = Actor("ana")
    assert code_of(lambda: shop.noised("offer.gold")) == "not-permitted"
    shop.ws.actor = OFFICER
    assert shop.charges() == []


def test_it_is_kept_listed_and_given_again(shop):
    (made,) = shop.noised("offer.gold")
    exact = shop.audit("offer.even", by=("gender",))[0]
    assert [(one.name, one.epsilon) for one in kept.reports(shop.ws)] == [
        (exact.name, ""),
        (made.kept.name, "1.0"),
    ]
    assert kept.given(shop.ws, "offer.gold").bytes == made.kept.bytes


def test_what_was_released_is_looked_through_by_the_audit_of_privacy(shop):
    shop.noised("offer.gold")
    with shop.ws.store.read() as connection:
        assert auditing._published(connection) == (1, 0, [])


def test_the_page_says_the_noise_in_both_languages(shop, request):
    (made,) = shop.noised("offer.gold")
    for language in ("en", "zh"):
        page = written([made.kept], ".html", language).decode()
        golden = GOLDEN / f"noised.{language}.html"
        if request.config.getoption("--update-golden"):
            golden.write_text(page, "utf-8")
        assert page == golden.read_text("utf-8")
        assert "±" in page
        assert "epsilon 1.0" in page
