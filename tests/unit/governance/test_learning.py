# SPDX-License-Identifier: Apache-2.0
"""From a document to a tag that a model gives: who is learned from, what is charged, what is told."""

import json
import os
import signal
import sys
from importlib.util import find_spec

import numpy as np
import pytest
from pyarrow import parquet
from sqlalchemy import text

from audit.clock import DAY
from audit.errors import BadInput
from governance import catalogue, choice, consent, purpose
from governance.assignments import held_by
from governance.budget import auditing, ledger, limits
from governance.budget.verification import verify
from governance.doctor import examine
from governance.explaining import explain
from governance.intake import events
from governance.learning import documents, training, trials
from governance.learning.card import card
from governance.learning.examples import examples, sources
from governance.learning.tags import tag_document
from governance.running.live import Live
from governance.running.run import run_all
from policies.document import parse_documents
from policies.vocabulary import Choice
from tagging.explain.answer import render
from tagging.learning.trial import price
from tagging.lints import check_paths
from tagging.segmentation.accounting import PrivacyBudget
from tests.intake import a_map, an_order_file
from tests.segments import NoNoise
from tests.workshop import a_folder, a_workspace, applied, code_of, reopened

PEOPLE = 60
LOYAL = 30
"""People with this number or above buy in every month; the others bought once, long ago."""
NEW = 3
"""So many of the others begin to buy after the training."""
PURPOSES = """
apiVersion: tagwarden/v1
kind: Purpose
key: recommendation
name: {en: Recommendations, zh: 推荐}
says: {en: We show what suits you., zh: 我们展示适合您的商品。}
use: first_party_recommendation
personalised: true
retention: 365d
"""
DOCUMENT = {
    "apiVersion": "tagwarden/v1",
    "kind": "Model",
    "key": "again",
    "name": {"en": "Likely to order", "zh": "可能下单"},
    "says": {"en": "is likely to order within 30 days", "zh": "很可能在30天内下单"},
    "owner": "analytics-team",
    "purpose": "recommendation",
    "basis": {"gdpr": "consent", "pipl_cn": "consent", "ccpa": "notice"},
    "sources": ["user.behavior.purchase_history"],
    "asserts": ["user.behavior.purchase_history"],
    "method": "tree",
    "target": "orders(days => 30) >= 1",
    "horizon": "30d",
    "train_at": "2025-12-01",
    "try_at": "2026-01-15",
    "depth": 2,
    "features": [
        {
            "name": {"en": "Orders", "zh": "订单数"},
            "value": "orders(days => 60)",
            "lower": 0,
            "upper": 10,
            "fill": 0,
        },
        {
            "name": {"en": "Spend", "zh": "消费"},
            "value": "spend(days => 60)",
            "lower": 0,
            "upper": 1000,
            "fill": 0,
            "scale": "log",
        },
    ],
}
PRIVATE = {"method": "naive-bayes-dp", "budget": {"epsilon": 1.0, "trial": 0.5}}
METHODS = [{"method": "tree"}, {"method": "random-forest"}, {"method": "svm"}, PRIVATE]
METHODS.append({**PRIVATE, "method": "random-forest-dp"})
if find_spec("interpret"):  # an extra: tagwarden[dp-ebm]
    METHODS.append({**PRIVATE, "method": "ebm-dp"})


def document(folder, name="model.yaml", **parts):
    path = folder / name
    path.write_text(json.dumps({**DOCUMENT, **parts}), "utf-8")  # JSON is YAML
    return path


def say(ws, who, state):
    now = ws.clock.now()
    consent.submit(
        ws,
        consent.ConsentFact(
            who, "recommendation", state, "ordinary", now, None, "v1", "en", "test", "test"
        ),
    )


def a_shop(folder):
    """Half of the people order in every month, most others once, in the summer; all agreed but one."""
    opened = a_workspace(folder)
    (folder / "purposes.yaml").write_text(PURPOSES, "utf-8")
    purpose.apply(opened, [folder / "purposes.yaml"])
    lines = []
    for number in range(PEOPLE):
        months = ["2025-07"]
        if number >= LOYAL - NEW:
            months += ["2025-12", "2026-01", "2026-02"]
        if number >= LOYAL:
            months += ["2025-10", "2025-11"]
        lines += [
            f"P{number:02},{month}-{1 + number % 20:02} 10:00:00,{number}-{month},milk,1,{20 + number % 7}.00"
            for month in months
        ]
    events.ingest(opened, [an_order_file(folder, *lines)], a_map())
    for number in range(1, PEOPLE):
        say(opened, number, "given")
    limits.set_limit(opened, "all", PrivacyBudget(10))
    opened.close()


@pytest.fixture
def ws(tmp_path):
    """The shop, for one test."""
    opened = reopened(a_folder(tmp_path, a_shop))
    yield opened
    opened.close()


def trained(ws, tmp_path, **parts):
    return training.train(ws, document(tmp_path, **parts))


def charges(ws):
    with ws.store.read() as connection:
        return [one["record"] for one in ledger.records(connection)]


def examples_of(ws, tmp_path, at=None, **parts):
    with ws.store.read() as connection:
        checked = documents.read(connection, document(tmp_path, **parts), ws.clock.now())
        found = sources(ws, connection, checked, at or checked.document.train_from)
    return examples(ws, checked, found)


def test_rows_know_nothing_of_what_comes_and_outcomes_nothing_of_what_was(ws, tmp_path):
    rows, outcomes = examples_of(ws, tmp_path)
    orders = np.rint((rows[:, 0] / 2**20 + 1) * 5)
    assert set(orders.tolist()) == {0, 1, 2}  # of five orders until today
    assert not np.any((orders > 0) & ~outcomes)
    assert NEW - 1 <= np.sum((orders == 0) & outcomes) <= NEW  # somebody never agreed


def test_only_who_is_permitted_is_learned_from(ws, tmp_path):
    assert len(examples_of(ws, tmp_path)[0]) == PEOPLE - 1
    say(ws, 1, "withdrawn")
    choice.submit(ws, choice.ChoiceFact(2, Choice.RESTRICT, "", True, ws.clock.now(), "test"))
    assert len(examples_of(ws, tmp_path)[0]) == PEOPLE - 3


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ({"try_at": "2025-12-20"}, "model-time-split"),
        ({"try_at": "2026-02-20"}, "model-future"),
        ({"target": "orders(days => 31) >= 1"}, "target-window"),
        ({"target": "orders() >= 1"}, "target-window"),
        ({"target": "orders(days => 30)"}, "target-condition"),
        ({"budget": {"epsilon": 1}}, "model-budget"),
        ({"method": "naive-bayes-dp"}, "model-budget"),
        ({**PRIVATE, "budget": {"epsilon": 1, "delta": 0.5}}, "budget-delta"),
        ({**PRIVATE, "budget": {"epsilon": 1, "trial": 1e-9}}, "budget-epsilon"),
        ({"purpose": "nothing"}, "unknown-purpose"),
        (
            {"features": [{**DOCUMENT["features"][0], "value": "tier(orders(days => 9), 3)"}]},
            "feature-not-local",
        ),
        ({"features": [{**DOCUMENT["features"][0], "upper": 0}]}, "feature-bounds-order"),
    ],
)
def test_a_document_that_would_deceive_is_refused_with_its_place(ws, tmp_path, parts, code):
    with pytest.raises(Exception, match="cannot be used") as fault:
        trained(ws, tmp_path, **parts)
    found = {problem.code: problem for problem in fault.value.problems}
    assert code in found
    assert found[code].line > 0
    assert charges(ws) == []


def test_the_same_request_is_trained_once(ws, tmp_path):
    first, again = trained(ws, tmp_path), trained(ws, tmp_path)
    assert (first.new, again.new, again.name) == (True, False, first.name)
    assert trained(ws, tmp_path, depth=3).name != first.name
    for depth in (4, 5, 6, 7):  # in one instant: the last one is the newest
        last = trained(ws, tmp_path, depth=depth)
        with ws.store.read() as connection:
            assert training.named(connection, "again").name == last.name
    assert charges(ws) == []


def test_a_private_training_and_its_trial_are_charged_once_each(ws, tmp_path):
    first, again = trained(ws, tmp_path, **PRIVATE), trained(ws, tmp_path, **PRIVATE)
    assert again.name == first.name
    assert charges(ws) == ["reserved", "released"]
    tried = trials.evaluate(ws, "again")
    assert trials.evaluate(ws, first.name).name == tried.name
    assert charges(ws) == ["reserved", "released"] * 2
    with ws.store.read() as connection:
        paid = [one["nano_rho"] for one in ledger.records(connection)][::2]
    assert paid == [5 * 10**8, price(PrivacyBudget(0.5))]
    assert verify(ws).problems == []


def test_boosting_is_charged_as_noise_is_and_promises_a_delta(ws, tmp_path):
    pytest.importorskip("interpret", reason="ebm-dp IS NOT TESTED: pip install interpret-core")
    found = trained(ws, tmp_path, **{**PRIVATE, "method": "ebm-dp"})
    assert not {"people", "yes"} & set(found.artefact)
    with ws.store.read() as connection:
        first = ledger.records(connection)[0]
    assert (first["measure"], first["nano_rho"]) == ("zCDP", PrivacyBudget(1.0).nano_rho)
    assert verify(ws).problems == []
    assert "epsilon 1 at delta 1e-06; charged rho 0.024355957" in card(ws, "again", "en")
    assert "epsilon 1，delta为1e-06；计费rho为0.024355957" in card(ws, "again", "zh")


def test_where_the_library_of_boosting_is_missing_nothing_is_charged(ws, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "interpret", None)
    asked = {**PRIVATE, "method": "ebm-dp"}
    assert code_of(lambda: trained(ws, tmp_path, **asked)) == "ebm-not-installed"
    assert charges(ws) == []


def test_a_private_model_keeps_no_exact_number_of_people(ws, tmp_path):
    found = trained(ws, tmp_path, **PRIVATE)
    tried = trials.evaluate(ws, found.name)
    assert not {"people", "yes"} & set(found.artefact)
    with ws.store.read() as connection:
        assert auditing._published(connection) == (2, 1, [])  # training and trial
    assert tried.artefact["sigma"] >= 1
    cells = [cell for row in tried.artefact["table"] for cell in row]
    assert sum(cell != 0 for cell in cells) > 20  # exactly, they are in a few of them
    assert tried.artefact["queries"][0]["sensitivity_squared"] == 1
    exact = trials.evaluate(ws, trained(ws, tmp_path).name)
    assert sum(map(sum, exact.artefact["table"])) == PEOPLE - 1
    assert exact.artefact["sigma"] == 0


def test_without_budget_nothing_is_read(ws, tmp_path, monkeypatch):
    monkeypatch.setattr(training, "examples", lambda *_: pytest.fail("read before the charge"))
    dear = {**PRIVATE, "budget": {"epsilon": 9.0}}
    assert code_of(lambda: trained(ws, tmp_path, **dear)) == "budget-exhausted"
    assert charges(ws) == []


@pytest.mark.parametrize("step", ["sources", "examples", "_stored"])
def test_killed_at_any_step_the_charge_stands(ws, tmp_path, step):
    path = document(tmp_path, **PRIVATE)
    ws.store.close()
    child = os.fork()
    if not child:
        setattr(training, step, lambda *_: os.kill(os.getpid(), signal.SIGKILL))
        training.train(ws, path)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL
    assert charges(ws) == ["reserved"]
    assert training.train(ws, path).new
    assert charges(ws) == ["reserved", "failed", "reserved", "released"]


def test_a_changed_model_is_seen_by_the_check_of_the_ledger(ws, tmp_path):
    found = trained(ws, tmp_path, **PRIVATE)
    with ws.store.write() as unit:
        unit.connection.execute(text("DROP TRIGGER IF EXISTS training_no_update"))
        for row in unit.connection.execute(
            text("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'training'")
        ).all():
            unit.connection.execute(text(f"DROP TRIGGER {row.name}"))
        changed = json.dumps({**found.artefact, "method": "tree"})
        unit.connection.execute(text("UPDATE training SET artefact = :a"), {"a": changed})
    assert "ledger-artefact" in {one.code for one in verify(ws).problems}


@pytest.mark.parametrize("parts", METHODS, ids=lambda parts: parts["method"])
def test_a_model_becomes_a_tag_that_runs_and_explains(ws, tmp_path, parts):
    found = trained(ws, tmp_path, **parts)
    tried = trials.evaluate(ws, found.name, noise=NoNoise())
    key = tagged(ws, tmp_path, found, tried)
    has = {who for who in range(1, PEOPLE + 1) if value_of(ws, who)}
    loyal = who_orders(ws)
    assert PEOPLE - LOYAL + NEW - 1 <= len(loyal) <= PEOPLE - LOYAL + NEW
    assert has == loyal or parts is not METHODS[0]
    assert len(has ^ loyal) < PEOPLE // 10 or "dp" in parts["method"]
    for who in (min(loyal), min(set(range(1, PEOPLE)) - loyal)):
        (answer,) = explain(ws, who, [key], depth="engineer")
        assert answer.model.given == (who in has)
        assert answer.replays in (True, None)
        for language in ("en", "zh"):
            said = "\n".join(render(answer, "subject", language))
            assert "{" not in said
            assert ("noise" in said) == (language == "en")
    if parts["method"] == "tree":
        assert [fact.name[0] for fact in answer.model.facts]
    elif parts["method"] in ("svm", "naive-bayes-dp", "ebm-dp"):
        total = answer.model.base + sum(part.part for part in answer.model.parts)
        assert total == answer.model.margin


def who_orders(ws):
    """People who agreed and of whom there is an order in the last 60 days, whatever a model needs."""
    since = ws.clock.now() - 60 * DAY
    rows = [
        row
        for path in ws.paths.lake.rglob("*.parquet")
        for row in parquet.read_table(
            path, columns=["subject_id", "ts"], partitioning=None
        ).to_pylist()
    ]
    return {row["subject_id"] for row in rows if row["ts"] >= since} - {PEOPLE}


def tagged(ws, tmp_path, found, tried, threshold=None):
    (tmp_path / "tag.yaml").write_text(tag_document(found, tried, threshold), "utf-8")
    applied(ws, tmp_path / "tag.yaml")
    run_all(ws)
    return "behaviour.again"


def value_of(ws, who):
    with ws.store.read() as connection:
        held = held_by(connection, who, catalogue.active(connection), ws.clock.now())
    return held["behaviour.again"].value if "behaviour.again" in held else None


def test_one_person_at_once_is_what_a_run_of_everybody_gives(ws, tmp_path):
    found = trained(ws, tmp_path)
    tagged(ws, tmp_path, found, trials.evaluate(ws, found.name))
    live = Live(ws)
    with ws.store.read() as connection:
        alone = {
            who: live.evaluate(connection, who, ws.clock.now()).tags.get("behaviour.again")
            for who in range(1, PEOPLE + 1)
        }
    live.close()
    assert alone == {who: value_of(ws, who) for who in range(1, PEOPLE + 1)}


def test_who_withdraws_loses_the_tag(ws, tmp_path):
    found = trained(ws, tmp_path)
    tagged(ws, tmp_path, found, trials.evaluate(ws, found.name))
    who = min(who_orders(ws))
    assert value_of(ws, who)
    say(ws, who, "withdrawn")
    assert value_of(ws, who) is None


def test_a_tag_needs_a_trial_and_a_threshold_that_was_tried(ws, tmp_path):
    found = trained(ws, tmp_path)
    with ws.store.read() as connection:
        untried = code_of(lambda: trials.trial_of(connection, found.name))
    assert untried == "model-untried"
    tried = trials.evaluate(ws, found.name)
    assert code_of(lambda: tag_document(found, tried, 42)) == "model-threshold"


@pytest.mark.parametrize(("word", "errors"), [("inferred", 0), ("observed", 1), ("declared", 2)])
def test_a_model_tag_is_inferred(ws, tmp_path, word, errors):
    found = trained(ws, tmp_path)
    stated = tag_document(found, trials.evaluate(ws, found.name))
    path = tmp_path / "tag.yaml"
    path.write_text(stated.replace("derivation: inferred", f"derivation: {word}"), "utf-8")
    with ws.store.read() as connection:
        report = check_paths([path], catalogue.known(connection))
    assert report.errors == errors
    assert parse_documents(stated, "tag.yaml")


def test_the_sentence_names_the_horizon(ws, tmp_path):
    found = trained(ws, tmp_path)
    stated = tag_document(found, trials.evaluate(ws, found.name))
    path = tmp_path / "tag.yaml"
    path.write_text(stated.replace("30 days", "60 days").replace("30天", "60天"), "utf-8")
    with ws.store.read() as connection:
        report = check_paths([path], catalogue.known(connection))
    assert {finding.code for finding in report.findings} == {"says-wrong-window"}


@pytest.mark.parametrize("parts", [{}, PRIVATE], ids=["plain", "private"])
def test_the_card_says_what_is_promised_and_when_it_is_trained_again(ws, tmp_path, parts):
    found = trained(ws, tmp_path, **parts)
    assert "Not tried yet" in card(ws, "again", "en")
    trials.evaluate(ws, found.name)
    english, chinese = card(ws, "again", "en"), card(ws, "again", "zh")
    assert ("**Nothing is promised.**" in english) == (not parts)
    assert ("没有任何承诺" in chinese) == (not parts)
    assert ("differentially private" in english) == bool(parts)
    for part in (english, chinese):
        assert "2026-05-30" in part
        assert "{" not in part


@pytest.mark.law("GDPR-5-1-d")
def test_the_doctor_tells_of_models_that_are_due(ws, tmp_path):
    trained(ws, tmp_path)
    assert result(ws) == "ok"
    ws.clock.at += 91 * DAY
    assert result(ws) == "warn"


def test_a_training_past_its_date_is_told_as_long_as_a_tag_names_it(ws, tmp_path):
    old = trained(ws, tmp_path, retrain_every="30d")
    tagged(ws, tmp_path, old, trials.evaluate(ws, old.name))
    ws.clock.at += 31 * DAY
    new = trained(ws, tmp_path, train_at="2025-12-20", try_at="2026-01-25")
    assert result(ws) == "warn"
    (check,) = [check for check in examine(ws) if check.code == "models"]
    assert old.name in check.what
    tagged(ws, tmp_path, new, trials.evaluate(ws, new.name))
    assert result(ws) == "ok"


def result(ws):
    (check,) = [check for check in examine(ws) if check.code == "models"]
    return check.result


def test_an_unknown_model_is_refused_by_its_name(ws, tmp_path):
    with ws.store.read() as connection:
        assert code_of(lambda: training.named(connection, "nothing")) == "unknown-model"
    found = trained(ws, tmp_path)
    tried = trials.evaluate(ws, found.name)
    wrong = tag_document(found, tried).replace(found.name, "training-0000000000000000")
    (tmp_path / "tag.yaml").write_text(wrong, "utf-8")
    with pytest.raises(BadInput) as fault:
        applied(ws, tmp_path / "tag.yaml")
    assert "unknown-model" in {problem.code for problem in fault.value.problems}
