# SPDX-License-Identifier: Apache-2.0
"""From a document to a person's segment: who is in, what is charged, what is refused, what is told."""

import json
import math
import os
import re
import signal
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import yaml
from sqlalchemy import text
from typer.testing import CliRunner

from audit.clock import DAY
from governance import audience, catalogue, choice, consent, purpose
from governance.assignments import held_by
from governance.budget import auditing, ledger, limits
from governance.budget.verification import verify
from governance.changing import comparing
from governance.changing.telling import about
from governance.cli.app import app, run
from governance.cli.run import report_lines
from governance.explaining import explain
from governance.intake import events
from governance.running.live import Live
from governance.running.run import run_all
from governance.segments import fits, matrix, releasing
from governance.segments.comparing import compare, model_of
from governance.segments.documents import read
from governance.segments.profiles import profiles
from governance.segments.releasing import resolved
from governance.segments.report import page
from governance.segments.tags import tag_document
from policies.vocabulary import Choice
from tagging.explain.answer import render
from tagging.segmentation.accounting import PrivacyBudget
from tagging.segmentation.clustering import DPGaussianMixture
from tests.intake import NOW, a_map, an_order_file
from tests.segments import NoNoise
from tests.workshop import OFFICER, a_folder, a_workspace, applied, code_of, reopened

GOLDEN = Path(__file__).parents[2] / "golden" / "segments"
PEOPLE = 240
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
    "kind": "Segmentation",
    "key": "habits",
    "name": {"en": "Habits", "zh": "习惯"},
    "owner": "analytics-team",
    "purpose": "recommendation",
    "basis": {"gdpr": "consent", "pipl_cn": "consent", "ccpa": "notice"},
    "sources": ["user.behavior.purchase_history"],
    "asserts": ["user.behavior.purchase_history"],
    "budget": {"epsilon": 4},
    "rows": 240,
    "segments": 2,
    "features": [
        {
            "name": {"en": "Orders", "zh": "订单数"},
            "value": "orders(days => 90)",
            "lower": 0,
            "upper": 10,
            "fill": 0,
        },
        {
            "name": {"en": "Spend", "zh": "消费"},
            "value": "spend(days => 90)",
            "lower": 0,
            "upper": 1000,
            "fill": 0,
            "scale": "log",
        },
    ],
}


def document(folder, name="habits.yaml", **parts):
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


def chooses(ws, who, kind, target=""):
    choice.submit(ws, choice.ChoiceFact(who, kind, target, True, ws.clock.now(), "test"))


def a_shop(folder):
    """Half of the people buy once for little, half buy eight times for much; all agreed but one."""
    opened = a_workspace(folder)
    (folder / "purposes.yaml").write_text(PURPOSES, "utf-8")
    purpose.apply(opened, [folder / "purposes.yaml"])
    lines = []
    for number in range(PEOPLE):
        for order in range(1 if number % 2 else 8):
            day = 1 + (number + 3 * order) % 27
            price = 2 + number % 3 if number % 2 else 60 + number % 7
            lines.append(f"P{number},2026-02-{day:02} 10:00:00,{number}-{order},milk,1,{price}.00")
    events.ingest(opened, [an_order_file(folder, *lines)], a_map())
    for number in range(1, PEOPLE):
        say(opened, number, "given")
    limits.set_limit(opened, "all", PrivacyBudget(10))
    opened.close()


@pytest.fixture
def ws(tmp_path):
    opened = reopened(a_folder(tmp_path, a_shop))
    yield opened
    opened.close()


def released(ws, tmp_path, **parts):
    return releasing.release(ws, document(tmp_path, **parts))


def people_in(ws, tmp_path):
    """How many rows a release would have."""
    with ws.store.read() as connection:
        checked = read(connection, document(tmp_path))
        source = matrix.source(ws, connection, checked, matrix.day_of(ws.clock.now()))
    return len(matrix.rows(ws, checked, source))


def charges(ws):
    with ws.store.read() as connection:
        return [one["record"] for one in ledger.records(connection)]


def test_only_who_agreed_to_the_purpose_and_is_not_restricted_is_in_the_matrix(ws, tmp_path):
    assert people_in(ws, tmp_path) == PEOPLE - 1
    say(ws, 1, "withdrawn")
    assert people_in(ws, tmp_path) == PEOPLE - 2
    chooses(ws, 2, Choice.RESTRICT)
    assert people_in(ws, tmp_path) == PEOPLE - 3
    chooses(ws, 3, Choice.OBJECT, "recommendation")
    assert people_in(ws, tmp_path) == PEOPLE - 4


def test_a_release_is_charged_once_and_the_same_request_gets_the_same(ws, tmp_path):
    first = released(ws, tmp_path)
    again = released(ws, tmp_path)
    assert (first.charged, again.charged, again.name) == (True, False, first.name)
    assert charges(ws) == ["reserved", "released"]
    assert first.artefact["noise"] == "opendp discrete gaussian"
    ws.clock.at += DAY
    assert released(ws, tmp_path).name != first.name
    assert verify(ws).problems == []


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("tier(spend(days => 90), 5)", "feature-not-local"),
        ("orders(days => 90) >= 3", "feature-not-number"),
        ("orders(days => 90) >", "rule-syntax"),
    ],
)
def test_what_breaks_the_sensitivity_claim_is_refused_with_its_place(ws, tmp_path, value, code):
    feature = {**DOCUMENT["features"][0], "value": value}
    with pytest.raises(Exception, match="cannot be used") as fault:
        released(ws, tmp_path, features=[feature])
    found = {problem.code: problem for problem in fault.value.problems}
    assert code in found
    assert found[code].line > 0
    assert charges(ws) == []


@pytest.mark.parametrize(
    ("part", "code"),
    [
        ({"upper": 0}, "feature-bounds-order"),
        ({"fill": 99}, "feature-fill-outside"),
        ({"lower": -1, "scale": "log"}, "feature-log-negative"),
    ],
)
def test_bounds_that_bound_nothing_are_refused(ws, tmp_path, part, code):
    feature = {**DOCUMENT["features"][0], **part}
    with pytest.raises(Exception, match="cannot be used") as fault:
        released(ws, tmp_path, features=[feature])
    assert code in {problem.code for problem in fault.value.problems}


@pytest.mark.parametrize(
    ("parts", "code"),
    [({"population": "mars"}, "unknown-population"), ({"rows": 10**400}, "bad-value")],
)
def test_what_cannot_be_released_is_not_estimated(ws, tmp_path, parts, code):
    with pytest.raises(Exception, match="cannot be used") as fault:
        releasing.estimate(ws, document(tmp_path, **parts))
    assert {problem.code for problem in fault.value.problems} == {code}


def test_a_hopeless_release_is_refused_and_not_charged(ws, tmp_path):
    refused = code_of(lambda: released(ws, tmp_path, rows=20))
    assert (refused, charges(ws)) == ("release-hopeless", [])


def test_a_release_that_fails_stays_charged_and_says_so(ws, tmp_path, monkeypatch):
    def broken(*_):
        assert charges(ws) == ["reserved"]  # committed before the first row is read
        raise MemoryError

    monkeypatch.setattr(matrix, "source", broken)
    with pytest.raises(MemoryError):
        released(ws, tmp_path)
    assert charges(ws) == ["reserved", "failed"]
    assert verify(ws).problems == []


def test_the_baseline_of_too_few_people_is_refused_and_the_charge_said_to_stay(
    ws, tmp_path, monkeypatch
):
    path = document(tmp_path, rows=1)  # by the public figure: before the charge
    assert code_of(lambda: releasing.release(ws, path, method="diffprivlib-kmeans")) == (
        "release-hopeless"
    )
    assert charges(ws) == []
    path = str(document(tmp_path, budget={"epsilon": 0.5}, rows=2000))
    where = ["-w", str(ws.paths.root)]
    monkeypatch.setenv("TAGWARDEN_ACTOR", OFFICER.name)
    ask = ["segment", "release", path, "--method", "diffprivlib-kmeans", *where]
    monkeypatch.setattr(matrix, "rows", lambda *_: np.zeros((1, 2), dtype=np.int32))
    said = CliRunner().invoke(app, ask)
    assert (said.exit_code, said.stdout) == (3, "")
    first, hint, note = said.stderr.splitlines()
    assert first.endswith("[baseline-people]")
    assert "release a synopsis" in hint
    assert note == f"note: {ledger.STAYS}"
    as_json = json.loads(CliRunner().invoke(app, [*ask, "--json"]).stdout)
    assert as_json["error"]["notes"] == [ledger.STAYS]
    assert charges(ws) == ["reserved", "failed"] * 2
    assert released(ws, tmp_path).charged  # a synopsis takes any number of people


STOPS = {"bug: MemoryError": MemoryError, "interrupted": KeyboardInterrupt}


@pytest.mark.parametrize("says", STOPS)
def test_whatever_stops_a_release_after_its_charge_says_that_it_stays(
    ws, tmp_path, monkeypatch, capsys, says
):
    def stopped(*_):
        raise STOPS[says]

    monkeypatch.setattr(matrix, "rows", stopped)
    path, where = str(document(tmp_path)), ["-w", str(ws.paths.root)]
    monkeypatch.setenv("TAGWARDEN_ACTOR", OFFICER.name)
    monkeypatch.setattr("sys.argv", ["tagwarden", "segment", "release", path, *where])
    with pytest.raises(SystemExit):
        run()
    said = capsys.readouterr().err.splitlines()
    assert said[0].startswith(says)
    assert said[1] == f"note: {ledger.STAYS}"
    assert charges(ws) == ["reserved", "failed"]


def test_a_release_over_midnight_counts_the_day_that_it_says(ws, tmp_path, monkeypatch):
    reserve, source, asked = ledger.reserve, matrix.source, []

    def slowly(*args):
        ws.clock.at += DAY
        return reserve(*args)

    def noted(*args):
        asked.append(args[-1])
        return source(*args)

    monkeypatch.setattr(ledger, "reserve", slowly)
    monkeypatch.setattr(matrix, "source", noted)
    assert asked == [released(ws, tmp_path).document["as_of"]]


def test_what_is_stopped_after_it_is_stored_has_been_released(ws, tmp_path):
    carry = ws.store.after_commit

    def stopped():
        carry()
        if charges(ws)[-1:] == ["released"]:
            raise KeyboardInterrupt

    ws.store.after_commit = stopped
    with pytest.raises(KeyboardInterrupt):
        released(ws, tmp_path)
    ws.store.after_commit = carry
    assert charges(ws) == ["reserved", "released"]
    assert verify(ws).problems == []
    assert not released(ws, tmp_path).charged


STEPS = ("source", "rows", "stored")


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_any_step_the_charge_stands_and_the_next_start_says_so(ws, tmp_path, step):
    path = document(tmp_path)
    ws.store.close()
    child = os.fork()
    if not child:
        where = releasing if step == "stored" else matrix
        name = "_stored" if step == "stored" else step
        setattr(where, name, lambda *_: os.kill(os.getpid(), signal.SIGKILL))
        releasing.release(ws, path)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL
    assert charges(ws) == ["reserved"]
    assert releasing.release(ws, path).charged
    assert charges(ws) == ["reserved", "failed", "reserved", "released"]


@pytest.fixture
def two(ws, tmp_path):
    found = releasing.release(ws, document(tmp_path), noise=NoNoise())
    return found, fits.fit(ws, found.name, clusters=2)


def test_fits_are_free_and_always_the_same(ws, two):
    found, fit = two
    before = charges(ws)
    assert fits.fit(ws, found.name, clusters=2).digest == fit.digest
    tree = fits.fit(ws, found.name, "hierarchical", clusters=2)
    dense = fits.fit(ws, found.name, "dbscan", eps=0.5)
    mixture = fits.fit(ws, found.name, "gmm", clusters=2)
    assert charges(ws) == before
    for one in compare(ws, [fit.name, tree.name, dense.name, mixture.name]):
        assert one["agreement"] == [1.0] * 4  # the two groups are far apart
        assert one["explained"] > 0.95


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"clusters": 0}, "segment-count"),
        ({"clusters": 1}, "segment-count"),
        ({"clusters": 10**20}, "segment-count"),
        ({"method": "gmm", "clusters": 0}, "segment-count"),
        ({"method": "dbscan", "eps": 0.0}, "segment-density"),
        ({"method": "dbscan", "eps": math.inf}, "segment-density"),
        ({"method": "dbscan", "eps": math.nan}, "segment-density"),
        ({"method": "dbscan", "eps": 1e300}, "segment-density"),
        ({"method": "dbscan", "min_samples": 10**30}, "segment-density"),
    ],
)
def test_a_fit_is_what_was_asked_for_or_refused(ws, two, asked, code):
    found, _ = two
    assert code_of(lambda: fits.fit(ws, found.name, **asked)) == code


def test_fits_of_other_distances_have_other_names(ws, two):
    found, _ = two
    names = {fits.fit(ws, found.name, "dbscan", eps=eps).name for eps in (0.5, 0.5000001)}
    assert len(names) == 2


def test_a_stored_mixture_assigns_as_the_fitted_one(ws, two):
    found, _ = two
    synopsis = fits.synopsis_of(found)
    points, _ = synopsis.sample()
    for count in (2, 3):
        stored = model_of(fits.fit(ws, found.name, "gmm", clusters=count))
        fresh = DPGaussianMixture(count).fit(synopsis)
        assert (stored.predict(points) == fresh.predict(points)).mean() > 0.99
        assert np.allclose(stored.variances_, fresh.variances_, rtol=1e-4)
        assert np.allclose(stored.shares_, fresh.shares_, atol=1e-6)


def test_the_baseline_stands_beside_the_others_as_a_yardstick_with_its_price(
    ws, tmp_path, two, monkeypatch
):
    _, fit = two
    little = {"budget": {"epsilon": 0.5}, "rows": 2000}
    other = releasing.release(ws, document(tmp_path, **little), method="diffprivlib-kmeans")
    with ws.store.read() as connection:
        assert resolved(connection, "habits/kmeans-2") == fit.name  # a key is no baseline
        with monkeypatch.context() as later:
            later.setattr(
                "tagging.segmentation.synopsis.MECHANISM", "synopsis/99"
            )  # nor when releases are older
            assert resolved(connection, "habits/kmeans-2") == fit.name
    theirs = fits.fit(ws, other.name)
    ours, yardstick = compare(ws, [fit.name, theirs.name])
    assert yardstick["measured_on"] == ours["measured_on"] == fit.release
    assert yardstick["nano_rho"] == 0.125e9  # of 0.0061 for the same epsilon and a synopsis
    assert yardstick["explained"] <= ours["explained"] + 0.01
    assert code_of(lambda: compare(ws, [theirs.name])) == "release-baseline"
    features = [{**DOCUMENT["features"][0], "upper": 11}, DOCUMENT["features"][1]]
    apart = releasing.release(ws, document(tmp_path, features=features, **little))
    again = releasing.release(ws, document(tmp_path, segments=3, **little))
    mixed = [fit.name, fits.fit(ws, apart.name, clusters=2).name]
    for one in (mixed[1], fits.fit(ws, again.name, clusters=2).name):
        assert code_of(lambda it=one: compare(ws, [fit.name, it])) == "fits-apart"
    assert code_of(lambda: compare(ws, [theirs.name, mixed[1]])) == "fits-apart"


@pytest.mark.usefixtures("two")
def test_the_key_of_a_segmentation_stands_for_its_newest_release(ws, tmp_path):
    newer = released(ws, tmp_path, segments=3)
    assert fits.fit(ws, "habits", clusters=3).name == f"{newer.name}/kmeans-3"
    with ws.store.read() as connection:
        assert fits.fit_named(connection, "habits/kmeans-3").release == newer.name
        assert [fit.release for fit in fits.fits(connection, newer.name)] == [newer.name]


def test_profiles_tell_apart_who_buys_much_and_who_little(two):
    found, fit = two
    shown = sorted(profiles(found, fit), key=lambda one: one.values[0])
    assert [round(one.values[0]) for one in shown] == [1, 8]
    assert [one.size for one in shown] == [123, 121]
    assert "low: Orders (about 1)" in shown[0].words("en")
    assert "订单数较高（约8）" in shown[1].words("zh")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_opens_offline_and_holds_nothing_but_what_was_published(ws, two, language):
    _, fit = two
    found = page(ws, fit.name, language)
    assert "<script" not in found
    assert "http://" not in found.replace("http://www.w3.org", "")
    assert "https://" not in found
    assert found.count("<circle") == 4  # on the map, and below the tree
    assert found.count("<path") == 1


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_of_segments_is_as_it_was(ws, two, request, language):
    found, fit = two
    text = page(ws, fit.name, language).replace(found.name, "release-…")
    golden = GOLDEN / f"page.{language}.html"
    if request.config.getoption("--update-golden"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(text, "utf-8")
    assert text == golden.read_text("utf-8")


def test_a_release_of_before_units_were_kept_is_told_in_plain_numbers(two):
    found, fit = two
    old = replace(found, document={k: v for k, v in found.document.items() if k != "units"})
    shown = sorted(profiles(old, fit), key=lambda one: one.values[0])
    assert shown[0].told(0) == "1"
    assert found.document["units"] == ["count", "money"]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_label_is_short_and_what_the_segment_is_like_stands_above_it(two, language):
    found, fit = two
    found.document["names"][1]["en"] = "Spend\nfor: food"  # a name of two lines stays a comment
    written = tag_document(found, fit, language).splitlines()
    assert ("personal data" in written[1], "个人信息" in written[1]) == (
        language == "en",
        language == "zh",
    )
    document = yaml.safe_load("\n".join(written))
    for one in profiles(found, fit):
        line = written.index(f"  '{one.number}':")
        assert written[line - 1] == f"  # {' '.join(one.words(language).split())}"
        assert document["labels"][str(one.number)] == {"en": one.label("en"), "zh": one.label("zh")}
    much = max(profiles(found, fit), key=lambda one: one.values[0])
    assert much.label("en") == f"segment {much.number} (high: Orders, Spend\nfor: food)"
    assert much.label("zh") == f"第{much.number}组（订单数、消费较高）"
    apart = replace(much, places=(0.5, -0.4))
    assert apart.label("en").endswith("(high: Orders; low: Spend\nfor: food)")
    assert apart.label("zh").endswith("（订单数较高；消费较低）")
    among = replace(much, places=(0.1, 0.0))
    assert "about as the middle of all" in among.label("en")
    assert "中间水平" in among.label("zh")


@pytest.mark.parametrize(
    ("language", "lines"),
    [
        ("en", ["Orders: 1 speaks for it (… % of what counts)", "Spend: 3.00 speaks for it (…"]),
        ("zh", ["订单数：1 支持本组（占全部影响的…%）", "消费：3.00 支持本组（占"]),
    ],
)
def test_a_person_reads_shares_and_no_steps_of_the_lattice(ws, tmp_path, two, language, lines):
    key = tagged(ws, tmp_path, two)
    (answer,) = explain(ws, 2, [key], depth="subject")
    said = "\n".join(render(answer, "subject", language))
    assert all(line in re.sub(r"[\d.]+(?= ?%)", "…", said) for line in lines)
    assert not any(str(abs(part.part)) in said for part in answer.segment.parts)


def tagged(ws, tmp_path, two):
    found, fit = two
    (tmp_path / "tag.yaml").write_text(tag_document(found, fit), "utf-8")
    applied(ws, tmp_path / "tag.yaml")
    run_all(ws)
    return "behaviour.habits"


def segment_of(ws, who):
    with ws.store.read() as connection:
        held = held_by(connection, who, catalogue.active(connection), ws.clock.now())
    return held["behaviour.habits"].value if "behaviour.habits" in held else None


def test_a_fit_becomes_a_tag_that_runs_assigns_and_explains(ws, tmp_path, two):
    key = tagged(ws, tmp_path, two)
    assert segment_of(ws, PEOPLE) is None  # never agreed
    found = {segment_of(ws, who) for who in range(1, PEOPLE)}
    assert found == {"1", "2"}
    (answer,) = explain(ws, 1, [key], depth="engineer")
    reason = answer.segment
    assert str(reason.value) == segment_of(ws, 1)
    assert answer.replays
    assert reason.margin == sum(part.part for part in reason.parts) > 0
    assert charges(ws) == ["reserved", "released"]


SECOND = """
apiVersion: tagwarden/v1
kind: Tag
key: behaviour.second
name: {en: Second, zh: 第二}
says: {en: is in segment two, zh: 属于第二分群}
owner: analytics-team
dimension: behaviour
derivation: inferred
sources: [user.behavior.purchase_history]
asserts: [user.behavior.purchase_history]
purposes: [recommendation]
basis: {gdpr: consent, pipl_cn: consent, ccpa: notice}
ttl: 30d
value: "tag('behaviour.habits') = 2"
purge_on_withdrawal: immediately
"""


def test_no_exact_size_of_a_segment_is_told(ws, tmp_path, two):
    """Neither by a run, nor by the list of runs, nor by a plan; not by a tag that refers to it either."""
    key = tagged(ws, tmp_path, two)
    (tmp_path / "second.yaml").write_text(SECOND, "utf-8")
    (item,) = comparing.make(ws, [tmp_path / "second.yaml"]).items
    assert {item.people.before, item.people.after, item.people.gained} == {"not told"}
    assert "not told" in " ".join(about(item, "en"))
    applied(ws, tmp_path / "second.yaml")
    report = run_all(ws).to_dict()
    assert set(report["tags"]) >= {key, "behaviour.second"}
    assert (report["opened"], report["closed"]) == (0, 0)
    for tag in (report["tags"][key], report["tags"]["behaviour.second"]):
        assert (tag["tagged"], tag["opened"], tag["closed"], tag["values"]) == (
            None,
            None,
            None,
            {},
        )
        assert tag["permitted"] == PEOPLE - 1
    assert "not told" in "\n".join(report_lines(report))
    limits.set_limit(ws, "all", PrivacyBudget(10))
    found = audience.size(ws, f"{key} = 2", "recommendation", epsilon=2)
    assert abs(found.people - PEOPLE / 2) < 30
    assert verify(ws).problems == []


def test_the_margin_is_exact(ws, tmp_path, two):
    key = tagged(ws, tmp_path, two)
    (answer,) = explain(ws, 2, [key], depth="subject")
    model, node = answer.root.model, answer.root
    values = [answer.facts[part] for part in node.of]
    point = [int(x) for x in model.contract.points(model.rows([[v] for v in values]))[0]]
    away = sorted(
        sum((a - int(b)) ** 2 for a, b in zip(point, anchor, strict=True))
        for anchor in model.anchors.points
    )
    assert answer.segment.margin == away[1] - away[0]
    assert all(a <= b for a, b in pairwise(away))


def test_one_person_at_once_is_what_a_run_of_everybody_gives(ws, tmp_path, two):
    tagged(ws, tmp_path, two)
    live = Live(ws)
    with ws.store.read() as connection:
        alone = {
            who: live.evaluate(connection, who, ws.clock.now()).tags.get("behaviour.habits")
            for who in range(1, PEOPLE + 1)
        }
    live.close()
    assert alone == {who: segment_of(ws, who) for who in range(1, PEOPLE + 1)}


def test_who_withdraws_loses_the_segment_at_once_and_who_agrees_gets_one_without_charge(
    ws, tmp_path, two
):
    tagged(ws, tmp_path, two)
    say(ws, 1, "withdrawn")
    assert segment_of(ws, 1) is None
    say(ws, PEOPLE, "given")
    run_all(ws)
    assert segment_of(ws, PEOPLE) in {"1", "2"}
    assert charges(ws) == ["reserved", "released"]


def test_a_segment_lapses_when_the_orders_leave_the_window(ws, tmp_path, two):
    tagged(ws, tmp_path, two)
    with ws.store.read() as connection:
        held = held_by(connection, 1, catalogue.active(connection), ws.clock.now())
    assert held["behaviour.habits"].lapses_at <= NOW + 7 * DAY
    ws.clock.at += 8 * DAY
    assert segment_of(ws, 1) is None


def test_the_baseline_is_charged_at_its_true_spend_and_keeps_no_labels(ws, tmp_path):
    path = document(tmp_path, budget={"epsilon": 0.4}, rows=2000, features=DOCUMENT["features"] * 4)
    limits.set_limit(ws, "all", PrivacyBudget(10))
    found = releasing.release(ws, path, method="diffprivlib-kmeans")
    assert set(found.artefact) == {
        "format", "contract", "contract_id", "mechanism", "noise", "queries", "told_epsilon",
        "centres",
    }  # fmt: skip
    assert np.array(found.artefact["centres"]).shape == (2, 8)
    assert found.statement["nano_rho"] > 0.1e9
    assert 0.45 < float(found.statement["epsilon"]) < 0.46  # it was told 0.4
    assert found.statement["delta"] == "0"
    assert "predicted_loss_percent" not in found.statement
    fit = fits.fit(ws, found.name)
    assert fit.name.endswith("kmeans-2")
    assert page(ws, fit.name, "en").count("how many people was not published") == 2
    assert page(ws, fit.name, "zh").count("未公布人数") == 2
    assert code_of(lambda: fits.fit(ws, found.name, "hierarchical", clusters=2)) == (
        "release-baseline"
    )
    assert verify(ws).problems == []


def test_the_audit_looks_through_what_is_kept_of_a_library(ws, tmp_path, monkeypatch):
    little = {"budget": {"epsilon": 0.5}, "rows": 2000}
    releasing.release(ws, document(tmp_path, **little), method="diffprivlib-kmeans")
    released(ws, tmp_path, **little)

    def seen():
        with ws.store.read() as connection:
            records, floating, problems = auditing._published(connection)
        assert (records, floating) == (2, 1)
        return [problem.code for problem in problems]

    assert seen() == []
    honest = auditing.true_epsilon
    monkeypatch.setattr(auditing, "true_epsilon", lambda *of: 1.1 * honest(*of))
    assert seen() == ["audit-baseline-spend"]
    known = auditing._LIBRARY["tagwarden/baseline/v1"]
    monkeypatch.setitem(auditing._LIBRARY, "tagwarden/baseline/v1", known - {"centres"})
    assert seen() == ["audit-kept-more", "audit-baseline-spend"]


def test_nothing_of_a_release_holds_a_subject_or_a_row_each(ws, tmp_path):
    found = released(ws, tmp_path)
    with ws.store.read() as connection:
        whole = connection.execute(text("SELECT artefact, document, statement FROM release")).one()
    for part in whole:
        assert "subject_id" not in part
    arrays = [value for value in found.artefact.values() if isinstance(value, list)]
    assert all(len(value) < PEOPLE - 1 for value in arrays)
