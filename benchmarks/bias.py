# SPDX-License-Identifier: Apache-2.0
"""Audits of tags: `python -m benchmarks.bias [--full]`. Ours beside fairlearn in one run, on one machine.

Each measurement is one line of JSON. "Share" rows are probabilities over planted worlds: the goal stands
beside them. `--full` adds ten million people, and more worlds.
"""

import argparse
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from statistics import median
from typing import Any

import numpy as np
import yaml
from scipy import stats

from audit.bias import (
    compatible,
    intervals,
    leak,
    merging,
    mitigation,
    protection,
    significance,
    statements,
    whatif,
)
from audit.bias.cube import Axis, Kind, cube_of, tally, tally_members
from audit.bias.policy import FairnessPolicy
from audit.bias.rates import groups, strict, trials_of
from audit.bias.successive import merged_again
from audit.bias.verdict import Status, judge, judge_all, rate_interval
from benchmarks import bias_noised
from benchmarks.measure import ROOT, Result, peak
from tests.attacking import attack

SIZES = (3, 6, 5)
BOTH = ["gender", "age"]
DRAWS = 2_000
FIVE = ("selection", "tpr", "fpr", "accuracy", "precision")
STARTER = ROOT / "audit" / "bias" / "starter_policy.yaml"


def policy(**changes: Any) -> FairnessPolicy:
    document = yaml.safe_load(STARTER.read_text("utf-8"))
    return FairnessPolicy.model_validate(
        document | {"attributes": ["group"], "intersections": 1} | changes
    )


def cpu(work: Callable[[], Any]) -> tuple[float, Any]:
    started = time.process_time()
    found = work()
    return time.process_time() - started, found


def rows(people: int, seed: int = 1) -> tuple[list[Any], Any, Any]:
    rng = np.random.default_rng(seed)
    columns = [
        rng.choice(size, people, p=rng.dirichlet(np.full(size, 2.0))).astype(np.uint8)
        for size in SIZES
    ]
    due = (rng.random(people) < 0.3).astype(np.uint8)
    tag = (rng.random(people) < 0.2 + 0.2 * due).astype(np.uint8)
    return columns, due, tag


def ours(columns: list[Any], due: Any, tag: Any, boots: int) -> Any:
    cells = tally([*columns, due, tag], (*SIZES, 2, 2)).reshape(-1, 2, 2)
    rng = np.random.default_rng(1)
    drawn = significance.resample(cells, boots, rng)
    by_group = [strict(*trials_of(cells, rate)) for rate in FIVE]
    boot = [strict(*trials_of(drawn, rate)) for rate in FIVE]
    return by_group, boot


def fairlearn(columns: list[Any], due: Any, tag: Any, metrics: dict[str, Any]) -> Any:
    import pandas as pd
    from fairlearn.metrics import MetricFrame

    features = pd.DataFrame({f"a{n}": column for n, column in enumerate(columns)})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return MetricFrame(metrics=metrics, y_true=due, y_pred=tag, sensitive_features=features)


def five() -> dict[str, Any]:
    import fairlearn.metrics as fm
    import sklearn.metrics as skm

    return {
        "selection": fm.selection_rate,
        "tpr": fm.true_positive_rate,
        "fpr": fm.false_positive_rate,
        "accuracy": skm.accuracy_score,
        "precision": skm.precision_score,
    }


def patched(work: Callable[[], Any]) -> Any:
    """Do the work with fairlearn's own hot spot (a stack over every row) taken out."""
    import narwhals.stable.v1 as nw
    from fairlearn.metrics._annotated_metric_function import (
        AnnotatedMetricFunction as Annotated,
    )

    def call(self: Any, data: Any) -> Any:
        frame = nw.from_native(data, eager_only=True, pass_through=False)
        first = [frame.get_column(name).to_numpy() for name in self.postional_argument_names]
        named = {k: frame.get_column(v).to_numpy() for k, v in self.kw_argument_mapping.items()}
        return self.func(*first, **named)

    before = Annotated.__call__
    Annotated.__call__ = call
    try:
        return work()
    finally:
        Annotated.__call__ = before


def speed(people: int) -> Iterator[Result]:
    """Bar 2: five metrics over ninety groups with 200 bootstraps, against fairlearn without any.

    Both get the same columns of integer codes; ours is the median of three, theirs is done once.
    """
    columns, due, tag = rows(people)
    mine = median(cpu(lambda: ours(columns, due, tag, 200))[0] for _ in range(3))
    theirs, _ = cpu(lambda: fairlearn(columns, due, tag, five()))
    quick, _ = cpu(lambda: patched(lambda: fairlearn(columns, due, tag, five())))
    name = f"5 metrics, 90 groups, {people:,} people, 200 bootstraps"
    goal = "<= 0.10 s, 180x" if people <= 1_000_000 else "<= 0.6 s"
    times = {"times": round(theirs / mine)}
    yield Result(name, mine, theirs, "CPU s", "fairlearn, no bootstrap", goal, times)
    times = {"times": round(quick / mine)}
    yield Result(name, mine, quick, "CPU s", "fairlearn patched, no bootstrap", ">= 40x", times)


def many_tags(people: int, tags: int = 200, cells: int = 180) -> Result:
    """Bar 2: 200 tags over 180 cells, counted, with intervals, tests and verdicts."""
    rng = np.random.default_rng(2)
    code = rng.integers(0, cells, people).astype(np.uint8)
    members = [np.flatnonzero(rng.random(people) < 0.1).astype(np.uint32) for _ in range(tags)]
    limits = policy()
    names = tuple(f"g{n}" for n in range(cells // 2))
    axes = [
        Axis("group", Kind.ATTRIBUTE, names),
        Axis("due", Kind.OUTCOME, ("no", "yes")),
        Axis("tag", Kind.TAG, ("no", "yes")),
    ]
    before = peak()

    def work() -> Any:
        everybody = np.bincount(code, minlength=cells)
        held = tally_members(code, cells, members)
        found = []
        for n, row in enumerate(held):
            counts = np.stack([everybody - row, row], axis=-1).reshape(cells // 2, 2, 2)
            verdict = judge(cube_of(f"t.{n}", 1, axes, counts), limits, {"yes": True})
            rate_interval(verdict.judgements[0], limits)
            found.append(verdict)
        return judge_all(found, limits)

    used, _ = cpu(work)
    facts = {"peak_over_input_mib": round(peak() - before)}
    return Result(
        f"{tags} tags, {people:,} people, {cells} cells, verdicts",
        used,
        None,
        "CPU s",
        "",
        "<= 6 s",
        facts,
    )


def exactness() -> Result:
    """Bar 1: every figure of further metrics on counted rows equals fairlearn's on rows."""
    import sklearn.metrics as skm

    columns, due, tag = rows(100_000)
    names = [
        "balanced_accuracy_score",
        "recall_score",
        "f1_score",
        "zero_one_loss",
        "matthews_corrcoef",
        "cohen_kappa_score",
        "jaccard_score",
        "hamming_loss",
        "brier_score_loss",
        "roc_auc_score",
        "average_precision_score",
        "mean_absolute_error",
        "mean_squared_error",
        "root_mean_squared_error",
        "hinge_loss",
        "median_absolute_error",
    ]
    metrics = five() | {name: getattr(skm, name) for name in names}
    theirs = fairlearn(columns, due, tag, metrics)
    cells = tally([*columns, due, tag], (*SIZES, 2, 2))
    labels = {f"a{n}": [str(v) for v in range(size)] for n, size in enumerate(SIZES)}
    mine = compatible.metric_frame(cells, labels, metrics)
    kernel = compatible.frames(cells.reshape(-1, 2, 2), FIVE)
    compared = wrong = 0

    def check(one: Any, other: Any) -> None:
        nonlocal compared, wrong
        one, other = np.atleast_1d(np.asarray(one, float)), np.atleast_1d(np.asarray(other, float))
        compared += one.size
        wrong += int((~((one == other) | (np.isnan(one) & np.isnan(other)))).sum())

    for frame, of in ((mine, list(metrics)), *((kernel[rate], [rate]) for rate in FIVE)):
        for name in of:
            pick = (
                (lambda value, name=name: value[name]) if frame is mine else (lambda value: value)
            )
            check(pick(frame.by_group), theirs.by_group[name])
            check(pick(frame.overall), theirs.overall[name])
            for part in ("group_min", "group_max"):
                check(pick(getattr(frame, part)()), getattr(theirs, part)()[name])
            for how in ("difference", "ratio"):
                for method in ("between_groups", "to_overall"):
                    check(
                        pick(getattr(frame, how)(method=method)),
                        getattr(theirs, how)(method=method)[name],
                    )
    facts = {"figures": compared, "metrics": len(metrics)}
    return Result("figures unlike fairlearn's", wrong, None, "figures", "fairlearn", "0", facts)


def same_bootstrap() -> Result:
    """Bar 3: draws of cells against fairlearn's way of drawing rows, Kolmogorov and Smirnov.

    Besides, each end of a 95 % interval by ours lies among theirs within three standard errors of both.
    """
    import pandas as pd

    columns, due, tag = rows(3_000)
    cells = tally([*columns, due, tag], (*SIZES, 2, 2))
    frame = pd.DataFrame({"cell": np.ravel_multi_index((*columns, due, tag), cells.shape)})
    theirs = np.array(
        [
            np.bincount(
                frame.sample(frac=1, replace=True, random_state=n)["cell"], minlength=cells.size
            )
            for n in range(DRAWS)
        ]
    )
    mine = significance.resample(cells, DRAWS, np.random.default_rng(3)).reshape(DRAWS, -1)

    def rate(drawn: Any) -> Any:
        return strict(*trials_of(drawn.reshape(DRAWS, -1, 2, 2), "selection"))

    one, other = rate(theirs), rate(mine)
    varies = (
        (np.nanstd(one, axis=0) > 0) & ~np.isnan(one).any(axis=0) & ~np.isnan(other).any(axis=0)
    )
    p = [stats.ks_2samp(one[:, n], other[:, n]).pvalue for n in np.flatnonzero(varies)]
    apart = 0
    for end in (0.025, 0.975):
        off = 3 * np.sqrt(2 * end * (1 - end) / DRAWS)
        low, high = (
            np.quantile(one[:, varies], end + side, axis=0, method="inverted_cdf")
            for side in (-off, off)
        )
        middle = np.quantile(other[:, varies], end, axis=0, method="inverted_cdf")
        apart += int(((middle < low) | (middle > high)).sum())
    facts = {"groups": len(p), "smallest_p": round(float(min(p)), 4), "ends_apart": apart}
    return Result(
        "KS p < .05, ours against rows",
        float(np.mean(np.array(p) < 0.05)),
        None,
        "share",
        "",
        "<= 0.10",
        facts,
    )


def coverage() -> Iterator[Result]:
    """Bar 4: the exact coverage of the published interval, and its width."""
    low_cover, widest = 1.0, 0.0
    for n in (5, 10, 20, 50, 200, 2000):
        k = np.arange(n + 1)
        low, high = intervals.of_rate(k, np.full(n + 1, n))
        narrow = intervals.wilson(k, np.full(n + 1, n))
        for p in (0.02, 0.1, 0.3, 0.5):
            chance = stats.binom.pmf(k, n, p)
            low_cover = min(low_cover, float(chance[(low <= p) & (p <= high)].sum()))
            width = (chance * (high - low)).sum() / (chance * (narrow[1] - narrow[0])).sum()
            widest = max(widest, float(width))
    yield Result("lowest coverage of a 95 % interval", low_cover, None, "share", "", ">= 0.93")
    yield Result("widest against Wilson's", widest, None, "times", "", "<= 1.35")


def drawn(rng: Any, people: int, shares: Any, rates: Any) -> Any:
    n = rng.multinomial(people, np.asarray(shares) / np.sum(shares))
    a = rng.binomial(n, rates)
    names = tuple(f"g{i}" for i in range(len(n)))
    axes = [Axis("group", Kind.ATTRIBUTE, names), Axis("tag", Kind.TAG, ("no", "yes"))]
    return cube_of("t.x", 1, axes, np.stack([n - a, a], axis=1))


def no_wolf(worlds: int) -> Iterator[Result]:
    """Bar 5: equal groups raise no alarm; a planted ratio is found, and nobody else is blamed."""
    limits, rng = policy(), np.random.default_rng(5)
    for count in (18, 90):
        shares = np.geomspace(0.001, 0.17, count)
        for people in (3_000, 20_000, 100_000):
            alarms = different = theirs = 0
            for _ in range(worlds):
                cube = drawn(rng, people, shares, 0.2)
                found = judge(cube, limits, {"yes": True})
                alarms += found.status is Status.BREACH
                different += np.nanmin(found.judgements[0].p_difference, initial=1.0) < limits.alpha
                counted = groups(cube, ["group"])
                rates = strict(counted.successes, counted.trials)
                theirs += np.nanmin(rates) < 0.8 * np.nanmax(rates)
            facts = {"difference": different / worlds, "goal_difference": "<= 0.06"}
            yield Result(
                f"false breach, {count} equal groups, {people:,} people",
                alarms / worlds, theirs / worlds, "share", "least below 0.8 of largest rate", "<= 0.01", facts,
            )  # fmt: skip
    hit = wrong = 0
    rates = np.full(18, 0.2)
    rates[12] = 0.12
    shares = np.full(18, 1.0)
    shares[12] = 1.85
    for _ in range(worlds):
        found = judge(drawn(rng, 20_000, shares, rates), limits, {"yes": True}).judgements[0]
        breach = found.statuses == Status.BREACH
        hit += breach[12]
        wrong += np.delete(breach, 12).any()
    facts = {"wrong_group": float(wrong / worlds)}
    yield Result("ratio 0.6 found, n = 2,000", hit / worlds, None, "share", "", ">= 0.95", facts)
    called = [
        judge_all(
            [
                judge(
                    drawn(
                        rng, 20_000, np.ones(9), np.where((np.arange(9) == 4) & (n < 20), 0.12, 0.2)
                    ),
                    limits,
                    {"yes": True},
                )
                for n in range(200)
            ],
            limits,
        )
        for _ in range(max(worlds // 100, 3))
    ]
    bad = np.array([[v.status is Status.BREACH for v in one] for one in called])
    false = (bad[:, 20:].sum(axis=1) / np.maximum(bad.sum(axis=1), 1)).mean()
    facts = {"power": float(bad[:, :20].mean()), "goal_power": ">= 0.9"}
    yield Result("false discoveries, 200 tags", float(false), None, "share", "", "<= 0.06", facts)


def leaks(worlds: int, people: int) -> Iterator[Result]:
    """Bar 7: a pair that only together tells, all pairs in time, and no alarm where there is nothing."""
    limits, rng = policy(), np.random.default_rng(6)
    code = rng.integers(0, 2, 50_000)
    bits = (rng.random((50_000, 100)) < 0.3).astype(np.uint8)
    odds = np.zeros(50_000)
    for tag in range(20):
        bits[:, tag] = rng.random(50_000) < np.where(code == 1, 0.32, 0.28)
        odds += np.where(bits[:, tag] == 1, np.log(0.32 / 0.28), np.log(0.68 / 0.72))
    bits[:, 98] = rng.random(50_000) < 0.5
    bits[:, 99] = bits[:, 98] ^ code ^ (rng.random(50_000) < 0.08)
    odds += np.where(bits[:, 98] ^ bits[:, 99], 1, -1) * np.log(0.92 / 0.08)
    best = leak.auc(odds, np.stack([1 - code, code], axis=1))

    def whole() -> Any:
        return leak.joint_auc(bits, np.stack([1 - code, code], axis=1), limits)

    used, found = cpu(whole)
    yield Result("joint AUC below the best possible", best - found.auc, None, "AUC", "", "<= 0.01", {"cpu": round(used, 2), "best": round(best, 4)})  # fmt: skip
    used, worst = cpu(lambda: leak.over_pairs(leak.gram(bits, code, 2), np.bincount(code), limits))
    top = (worst[0].first, worst[0].second) == (98, 99)
    yield Result("XOR pair on top of 4,950, 50,000 people", float(top), None, "share", "", "1", {"cpu": round(used, 2)})  # fmt: skip
    many = (rng.random((people, 200), dtype=np.float32) < 0.1).astype(np.uint8)
    code = rng.integers(0, 2, people)
    started = time.perf_counter()
    used, _ = cpu(lambda: leak.over_pairs(leak.gram(many, code, 2), np.bincount(code), limits))
    wall = round(time.perf_counter() - started, 2)
    yield Result(
        f"19,900 pairs, {people:,} people", used, None, "CPU s", "", "<= 10 s", {"wall": wall}
    )
    strict_limits = policy(leak={"tag_bits": 0.0005, "pair_bits": 0.0005, "auc": 0.51, "folds": 5})
    alarms = 0
    for _ in range(worlds):
        noise = (rng.random((5_000, 30)) < 0.3).astype(np.uint8)
        code = rng.integers(0, 2, 5_000)
        held, sizes = leak.gram(noise, code, 2), np.bincount(code)
        joint = leak.joint_auc(noise, np.stack([1 - code, code], axis=1), strict_limits)
        alarms += bool(
            leak.over_single(held, sizes, strict_limits)
            or leak.over_pairs(held, sizes, strict_limits)
            or joint.above
        )
    yield Result("alarms where nothing leaks", alarms / worlds, None, "share", "", "<= 0.05")


def releases(tables: int) -> Iterator[Result]:
    """Bar 8: random tables with all their margins, attacked; then the next report beside the first.

    Both reports are attacked with all that is shown in both: what either hides, and each small change.
    """
    rng = np.random.default_rng(7)
    tally_of = {"one": Attacked(), "naive": Attacked(), "two": Attacked()}
    shown = np.zeros(5, dtype=np.int64)
    made = 0.0
    for _ in range(tables):
        cube = random_table(rng)
        merged, into = merging.merge(cube, BOTH, 10)
        wanted = stated(merged)
        plain = stated(cube)
        small = (plain.values > 0) & (plain.values < 10)
        used, first = cpu(lambda wanted=wanted: protection.protect(wanted, 10))
        later = stated(merged_again(moved_on(rng, cube), into))
        more, second = cpu(lambda later=later, first=first: protection.protect(later, 10, [first]))
        made += used + more
        tally_of["one"].add([first])
        tally_of["naive"].add([protection.Release(plain, ~small, 10)])
        tally_of["two"].add([first, second])
        either = first.shown | second.shown
        step = np.abs(later.values - wanted.values)
        must = (later.values > 0) & (later.values < 10) | first.shown & (step > 0) & (step < 10)
        shown += [x.sum() for x in (first.shown, second.shown, either, either | True, must)]
    one, naive, two = tally_of.values()
    facts = {"tables": tables, "attacked": one.tried, "recovered": one.exact}
    yield Result(
        "numbers narrowed below k, one report", one.narrow, None, "numbers", "", "0", facts
    )
    facts = {"hidden": naive.tried, "recovered": naive.exact}
    yield Result(
        "the same when only the small are hidden", naive.narrow, None, "numbers", "", "", facts
    )
    facts = {"pairs": tables, "attacked": two.tried, "recovered": two.exact}
    yield Result(
        "numbers narrowed below k, two reports", two.narrow, None, "numbers", "", "0", facts
    )
    share = (shown / shown[3]).tolist()
    yield Result("numbers shown after merging", share[0], None, "share", "", ">= 0.6")
    facts = {"in_the_second": round(share[1], 3), "could_not_be": round(share[4], 3)}
    yield Result(
        "shown in the second or, dated, the first", share[2], None, "share", "", ">= 0.6", facts
    )
    yield Result("to protect both reports, each pair", made / tables, None, "CPU s", "", "")


class Attacked:
    """What attacks found."""

    def __init__(self) -> None:
        self.tried = self.narrow = self.exact = 0

    def add(self, reports: list[protection.Release]) -> None:
        """Attack reports that stand beside each other."""
        widths = [high - low for low, high in attack(reports).values()]
        self.tried += len(widths)
        self.narrow += sum(width < reports[-1].k for width in widths)
        self.exact += sum(width == 0 for width in widths)


def stated(cube: Any) -> statements.Statements:
    return statements.statements(cube, BOTH, 2)


def random_table(rng: Any) -> Any:
    ages = int(rng.integers(3, 7))
    shares = np.outer(rng.dirichlet([5, 5, 0.5]), rng.dirichlet(np.full(ages, 1.2)))
    n = rng.multinomial(int(rng.choice([300, 1000, 3000, 10_000])), shares.ravel())
    a = rng.binomial(n, float(rng.choice([0.03, 0.1, 0.3])))
    axes = [
        Axis("gender", Kind.ATTRIBUTE, ("f", "m", "x")),
        Axis("age", Kind.ATTRIBUTE, tuple(f"a{n}" for n in range(ages)), ordered=True),
        Axis("tag", Kind.TAG, ("no", "yes")),
    ]
    return cube_of("t.x", 1, axes, np.stack([n - a, a], axis=-1).reshape(3, ages, 2))


def moved_on(rng: Any, cube: Any) -> Any:
    """Return the world some time after: some joined; and some left, or lost or gained the tag, or not."""
    counts = cube.counts + rng.poisson(cube.counts * 0.05)
    life = rng.random()
    moved = rng.binomial(counts, 0.03)
    if life < 0.5:
        counts -= moved
    elif life < 0.75:
        counts += moved[..., ::-1] - moved
    return cube_of("t.x", 2, cube.axes, counts)


def what_if() -> Iterator[Result]:
    """Bar 9: all pairs of thresholds from counts, against fairlearn's one point on the same scores.

    Both are medians, after a first go that loads what they need.
    """
    rng = np.random.default_rng(8)
    people = 1_000_000
    group, due = rng.integers(0, 2, people), rng.integers(0, 2, people)
    score = np.clip(rng.normal(430 + 120 * due + 60 * group, 150, people), 0, 1023).astype(np.int64)
    histogram = tally([group, due, score], (2, 2, 1024))

    def work() -> Any:
        outlook = whatif.evaluate(histogram, whatif.candidates(histogram))
        return outlook, whatif.front(outlook)

    outlook, best = work()
    mine = median(cpu(work)[0] for _ in range(15))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        point = mitigation.simulate(histogram, seed=1)
        theirs = median(cpu(lambda: mitigation.simulate(histogram, seed=1))[0] for _ in range(5))
    wrong = 0
    for n in rng.integers(0, len(outlook.reach), 100):
        tag = score >= outlook.thresholds[n][group]
        wrong += (outlook.reach[n], outlook.correct[n]) != (tag.sum(), (tag == due).sum())
    parity = best.correct[np.searchsorted(best.gap, max(point.gap, 0.002), side="right") - 1]
    facts = {
        "policies": len(outlook.reach),
        "front": len(best.reach),
        "times": round(theirs / mine),
        "correct": int(parity),
        "their_correct": point.correct,
        "answered_by_lot": point.by_lot,
    }
    yield Result("what-if, all pairs of 1,024 thresholds", mine, theirs, "CPU s", "ThresholdOptimizer, one point", "<= 0.3 s, 50x", facts)  # fmt: skip
    yield Result("policies unlike a recount of rows", wrong, None, "of 100", "", "0")


def results(*, full: bool) -> Iterator[Result]:
    """Yield all measurements, one after the other."""
    yield exactness()
    yield from speed(1_000_000)
    if full:
        yield from speed(10_000_000)
    yield many_tags(10_000_000 if full else 1_000_000)
    yield same_bootstrap()
    yield from coverage()
    yield from bias_noised.intervals(20_000 if full else 4_000)
    yield from no_wolf(1000 if full else 200)
    yield from bias_noised.verdicts(1000 if full else 200, policy())
    yield from leaks(100 if full else 40, 1_000_000 if full else 200_000)
    yield from releases(500 if full else 100)
    yield from what_if()


def main() -> int:
    """Run the measurements and print them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bias", description=__doc__)
    parser.add_argument("--full", action="store_true", help="larger inputs, more worlds")
    given = parser.parse_args()
    for found in results(full=given.full):
        print(found.line(), flush=True)
        theirs = "" if found.theirs is None else f"{found.theirs:.4g}"
        sys.stderr.write(
            f"{found.name:<56} {found.ours:10.4g} {theirs:>10} {found.unit:<8} {found.goal:<16}"
            f" {dict(found.facts)}\n"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
