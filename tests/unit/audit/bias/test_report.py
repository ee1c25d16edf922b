"""The report: same counts, same bytes; one count more, another digest; no number that is not shown."""

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest
import yaml

from audit import canon
from audit.bias import comparing, drift, leak, report, schema, whatif, words
from audit.bias import policy as policy_module
from audit.bias.causes import Rule, causes
from audit.bias.cube import Axis, Kind, cube_of
from audit.bias.page import page
from audit.bias.policy import FairnessPolicy
from audit.bias.report import Further, Head, LeakFound, examine
from audit.bias.statements import PEOPLE, Key
from audit.bias.successive import Before, widened
from audit.bias.verdict import REASONS, Status, judge, judge_all
from audit.errors import BadInput
from tests.bias import STARTER, YESNO, binary, policy, two_way

HEAD = Head(
    rule="0" * 64,
    owner="growth-team",
    purposes=("first_party_recommendation",),
    basis={"gdpr": "legitimate_interest", "pipl_cn": "consent"},
    since="2026-01-01T00:00:00Z",
    until="2026-11-01T00:00:00Z",
    made="2026-11-27T00:00:00Z",
    auditor="wei",
    reviewer="ana",
    program="0.1.0",
    sources=(
        {"attribute": "gender", "origin": "sign-up form", "basis": "consent", "consents": 5100},
    ),
    limits=("household",),
)
TWO = {"attributes": ["gender", "age_band"], "intersections": 2}
AGES = [0.02, 0.2, 0.25, 0.2, 0.2, 0.1, 0.03]


def world(seed=1, rate=0.2, people=6000):
    return two_way(np.random.default_rng(seed), people, [0.45, 0.45, 0.1], AGES, rate)


def written(cube, **changes):
    limits = policy(**(TWO | changes))
    return report.report(HEAD, examine(cube, limits, {"yes": True}), limits)


def test_the_same_counts_give_the_same_bytes_and_fit_the_schema():
    first, second = written(world()), written(world())
    assert canon.canonical(first) == canon.canonical(second)
    jsonschema.validate(json.loads(canon.canonical(first)), schema.schema())
    schema.BiasReport.model_validate(first)


def test_one_count_more_is_another_report():
    cube = world()
    more = cube.counts.copy()
    more[0, 3, 1] += 1
    changed = written(cube_of("t.x", 1, cube.axes, more))
    assert report.digest(changed) != report.digest(written(cube))
    assert written(cube)["identity"]["counts"] == cube.digest()


def test_another_policy_or_seed_is_another_report():
    assert report.digest(written(world(), seed=2)) != report.digest(written(world()))
    assert report.digest(written(world(), alpha=0.01)) != report.digest(written(world()))


def test_no_small_number_of_people_is_printed():
    for seed in range(4):
        for comparison in written(world(seed, rate=0.02, people=2000))["comparisons"]:
            for group in [*comparison["groups"], comparison["unknown"]]:
                for number in ("people", "tagged"):
                    found = (group or {}).get(number)
                    assert found is None or found == 0 or found >= 10


def test_a_hidden_group_shows_no_figure():
    found = [
        group
        for comparison in written(world(2, rate=0.02, people=2000))["comparisons"]
        for group in comparison["groups"]
        if group["hidden"]
    ]
    assert found
    for group in found:
        assert set(group) == {"labels", "hidden", "status", "reason", "last"}
        assert group["last"] is None
        assert group["reason"] in {"hidden", "beyond-limit", "shown-within"}


def test_no_ratio_to_others_is_printed_when_their_number_is_hidden():
    limits = policy()
    cube = binary([900, 800, 300], [300, 250, 90], names=["a", "b", "unknown"])
    examined = examine(cube, limits, {"yes": True})
    (judgement,) = examined.printed.judgements
    full = comparing.comparison(judgement, examined.cube, examined.release, limits)
    assert full["groups"][0]["ratio_rest"]
    shown = np.array([key.labels != ("*known",) for key in examined.release.statements.keys])
    part = comparing.comparison(
        judgement, examined.cube, replace(examined.release, shown=shown), limits
    )
    assert part["groups"][0]["people"] == 900
    for figure in ("ratio_rest", "difference", "share", "p_breach", "p_difference"):
        assert figure not in part["groups"][0]
    assert part["extremes"] is None


def test_the_verdict_is_that_of_the_finest_groups_even_when_they_are_merged():
    people = [4000, 4000, 60, 4000]
    cube = binary(people, [800, 800, 1, 800], names=["a", "b", "c", "d"])
    limits = policy(exclude_share_below=0, release={"k": 40})
    examined = examine(cube, limits, {"yes": True})
    assert examined.fine.status is Status.BREACH
    assert report.report(HEAD, examined, limits)["verdict"]["status"] == "breach"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_sentences_carry_the_same_facts_in_both_languages(language):
    document = written(world())
    ours, other = (words.sentences(document, code) for code in (language, "en"))
    numbers = [
        [sorted(re.findall(r"\d+(?:\.\d+)?", text)) for text in one] for one in (ours, other)
    ]
    assert numbers[0] == numbers[1]
    assert len(ours) == len(other)
    assert not any("{" in text for text in ours)


def before(cube, examined, *, at="2026-10-01T00:00:00Z"):
    shown = frozenset(examined.release.visible())
    return Before(cube, examined.merged, shown, examined.release.k, at)


def test_the_next_report_stands_beside_the_last_one():
    limits = policy(**TWO)
    first = world(4, rate=0.05, people=2000)
    old = examine(first, limits, {"yes": True})
    assert old.merged
    more = first.counts.copy()
    more[0, 2, 1] += 1
    new = examine(cube_of("t.x", 1, first.axes, more), limits, {"yes": True}, [before(first, old)])
    assert new.merged == old.merged
    assert new.narrowest >= 10
    was, now = old.release.visible(), new.release.visible()
    moved = {key: now[key] - was[key] for key in now.keys() & was.keys()}
    assert moved
    assert not any(0 < abs(step) < 10 for step in moved.values())
    with pytest.raises(BadInput):
        examine(first, policy(), {"yes": True}, [before(first, old)])


def test_what_moved_too_little_stands_with_the_figures_and_the_date_of_the_last_report():
    limits = policy()
    first = binary([600, 600], [180, 300])
    old = examine(first, limits, {"yes": True})
    second = binary([600, 620], [184, 330])
    new = examine(second, limits, {"yes": True}, [before(first, old)])
    document = report.report(replace(HEAD, sources=()), new, limits)
    schema.BiasReport.model_validate(document)
    one = document["comparisons"][0]["groups"][0]
    assert one["hidden"]
    assert (one["last"]["people"], one["last"]["tagged"]) == (600, 180)
    assert one["last"]["at"] == "2026-10-01T00:00:00Z"
    assert "184" not in str(document["comparisons"])
    for language, said in (("en", "180 of 600"), ("zh", "600 人中 180 人")):
        assert said in page([document], language)
        assert any(said in text for text in words.sentences(document, language))
    rewritten = replace(new.cube, version=2)  # another rule: its old figures say nothing about it
    part = comparing.comparison(
        new.printed.judgements[0], rewritten, new.release, limits, new.earlier
    )
    assert part["groups"][0]["last"] is None


def test_a_group_that_was_not_named_before_stays_in_other_and_one_that_is_gone_stays_in_the_list():
    limits = policy()
    first = binary([600, 600, 60], [180, 300, 20], names=["a", "b", "c"])
    old = examine(first, limits, {"yes": True})
    second = binary([640, 640, 50], [180, 300, 20], names=["a", "b", "d"])
    second = widened(second, [before(first, old)])
    new = examine(second, limits, {"yes": True}, [before(first, old)])
    assert new.merged == {"group": {"d": "other"}}
    assert new.cube.axis("group").values == ("a", "b", "c", "other")
    found = new.release.visible()
    assert found[Key(PEOPLE, ("group",), ("c",))] == 0
    assert found[Key(PEOPLE, ("group",), ("other",))] == 50
    third = examine(second, limits, {"yes": True}, [before(first, old), before(second, new)])
    assert third.cube.axis("group").values == new.cube.axis("group").values
    assert third.release.visible() == found


def test_a_breach_that_all_tags_together_correct_away_says_so():
    limits = policy()
    close = examine(binary([20_000, 1000], [4000, 129]), limits, {"yes": True})
    assert close.fine.status is Status.BREACH
    calm = judge(binary([20_000, 1000], [4000, 200]), limits, {"yes": True})
    fine = judge_all([close.fine, *[calm] * 400], limits)[0]
    document = report.report(HEAD, report.with_status(close, fine), limits)
    assert document["verdict"]["status"] == "insufficient"
    assert document["verdict"]["reason"] == "not-after-all-tags"
    assert "one such tag among all" in words.sentences(document, "en")[0]


def test_several_values_and_an_outcome_are_printed_and_protected():
    rng = np.random.default_rng(5)
    axes = [
        Axis("group", Kind.ATTRIBUTE, ("a", "b")),
        Axis("redeemed", Kind.OUTCOME, ("no", "yes", "unknown")),
        Axis("tag", Kind.TAG, ("low", "middle", "high")),
    ]
    cube = cube_of("t.tier", 1, axes, rng.integers(0, 400, (2, 3, 3)))
    limits = policy(rates=["selection", "tpr", "for"])
    examined = examine(cube, limits, {"high": True, "low": False})
    document = report.report(HEAD, examined, limits)
    assert len(document["comparisons"]) == 6
    assert "selective-labels" in document["limits"]
    jsonschema.validate(document, schema.schema())
    tpr = document["comparisons"][1]
    assert tpr["groups"][0]["people"] == cube.counts[0, 1].sum()
    assert tpr["groups"][0]["tagged"] == cube.counts[0, 1, 2]


def test_every_code_has_its_words():
    assert set(REASONS) <= set(words.REASONS)
    assert set(words.STATUS) == {status.value for status in Status} == set(words.TAG)
    for table in (words.STATUS, words.REASONS, words.RATES, words.LIMITS, words.TAG):
        assert all(text.en and text.zh for text in table.values())


def test_insufficient_never_reads_as_fair():
    document = written(world(people=300))
    assert document["verdict"]["status"] == "insufficient"
    assert "does not say that the tag is fair" in words.sentences(document, "en")[0]
    assert "并不表示该标签是公平的" in words.sentences(document, "zh")[0]


def test_all_parts_together_fit_the_schema():
    limits = policy()
    rng = np.random.default_rng(3)
    names = ("f", "m")
    axes = [
        Axis("group", Kind.ATTRIBUTE, names),
        Axis("month", Kind.PERIOD, ("2026-09", "2026-10", "2026-11")),
        Axis("tag", Kind.TAG, YESNO),
    ]
    counts = rng.integers(400, 600, (2, 3, 2))
    by_month = cube_of("t.x", 1, axes, counts)
    table = counts.sum(axis=1).T
    rule = Rule(("spend", "night"), (True, True), np.array([[False, False], [False, True]]))
    histogram = rng.integers(0, 9, (2, 2, 20))
    further = Further(
        drift=drift.drift_of_all(drift.drift(by_month, limits)),
        leaks=[
            LeakFound(
                "group",
                leak.information(table),
                over=False,
                pairs=[("t.a", "t.b", leak.Pair(0, 1, 0.1, 0.09, 0.001))],
                auc=leak.Auc(0.71, 0.01, above=True),
            )
        ],
        causes=causes(rng.integers(50, 90, (2, 2, 2)), rule),
        cause_groups=[["f"], ["m"]],
        outlook=whatif.front(whatif.evaluate(histogram, whatif.candidates(histogram))),
    )
    examined = examine(by_month.subset(["group", "tag"]), limits, {"yes": True})
    document = report.report(HEAD, examined, limits, further)
    jsonschema.validate(document, schema.schema())
    canon.canonical(document)
    for part in ("drift", "leaks", "causes", "outlook"):
        assert document[part], part


def test_the_starter_policy_is_one_and_no_limit_is_a_default():
    document = yaml.safe_load(STARTER.read_text("utf-8"))
    FairnessPolicy.model_validate(document)
    jsonschema.validate(
        json.loads(canon.canonical(FairnessPolicy.model_validate(document).document())),
        policy_module.schema(),
    )
    for field in set(document) - {"apiVersion", "kind", "names"}:
        with pytest.raises(ValueError, match=field):
            FairnessPolicy.model_validate({k: v for k, v in document.items() if k != field})


def test_everything_after_counting_runs_without_access_to_people(tmp_path):
    """Bar 12: in a process that can import neither store nor engine, from a file of counts."""
    (tmp_path / "cube.json").write_bytes(canon.canonical(world().document()))
    script = f"""
import json, sys
for name in ("governance", "tagging", "policies", "sqlmodel", "sqlalchemy", "duckdb", "pyarrow", "sqlite3"):
    sys.modules[name] = None
from audit.bias.cube import read_cube
from audit.bias import report
from tests.bias import policy
from tests.unit.audit.bias.test_report import HEAD, TWO
cube = read_cube(json.load(open({str(tmp_path / "cube.json")!r})))
limits = policy(**TWO)
found = report.report(HEAD, report.examine(cube, limits, {{"yes": True}}), limits)
print(report.digest(found))
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=Path(__file__).parents[4],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == report.digest(written(world()))
