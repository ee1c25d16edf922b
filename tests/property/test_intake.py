# SPDX-License-Identifier: Apache-2.0
"""Laws of reading files: exact numbers, the same clock as the calendar's, ids that people's keys take."""

import tempfile
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from audit.clock import to_micros
from governance.vault.people import normalise
from tagging.intake import zones
from tagging.intake.duck import MOST_E4, opened
from tagging.intake.rows import UNUSABLE

ZONES = (
    "America/New_York",
    "Asia/Shanghai",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "America/Sao_Paulo",
    "Pacific/Apia",
    "Europe/Dublin",
    "UTC",
)
LIMIT = 2**63 - 1


@contextmanager
def an_engine():
    with tempfile.TemporaryDirectory() as folder, opened(Path(folder), threads=1) as duck:
        yield duck


@pytest.fixture(scope="module")
def duck():
    with an_engine() as engine:
        yield engine


decimals = st.decimals(
    allow_nan=False, allow_infinity=False, min_value=-(10**13), max_value=10**13, places=9
) | st.integers(-(10**17), 10**17).map(lambda n: Decimal(n).scaleb(-5))


@settings(deadline=None, max_examples=60)
@given(st.lists(decimals, min_size=1, max_size=20))
def test_a_number_in_text_is_exact_and_half_even(duck, numbers):
    texts = [format(number, "f") for number in numbers]
    found = duck.db.execute(
        "SELECT e4(t) FROM (SELECT unnest($1::VARCHAR[]) t)", [texts]
    ).fetchall()
    wanted = [int((n * 10000).quantize(Decimal(1), ROUND_HALF_EVEN)) for n in numbers]
    assert [row[0] for row in found] == [w if abs(w) <= LIMIT else None for w in wanted]


@settings(deadline=None, max_examples=60)
@given(st.integers(-(10**14), 10**14), st.integers(-(10**9), 10**9).filter(bool))
def test_products_and_ratios_are_half_even(duck, left, right):
    product, ratio = duck.one(f"SELECT product_e4({left}, {right}), ratio_e4({left}, {right})")
    exact = (Decimal(left) * right / 10000).quantize(Decimal(1), ROUND_HALF_EVEN)
    assert product == (exact if abs(exact) <= MOST_E4 else None)
    exact = int(Decimal(left) * 10000 // 1)
    quotient, rest = divmod(abs(exact), abs(right))
    quotient += rest * 2 > abs(right) or (rest * 2 == abs(right) and quotient % 2)
    quotient = quotient if (exact < 0) == (right < 0) else -quotient
    assert ratio == (quotient if abs(quotient) <= MOST_E4 else None)


instants = st.datetimes(datetime(2000, 1, 2), datetime(2029, 12, 30))  # noqa: DTZ001


@settings(deadline=None, max_examples=40)
@given(st.sampled_from(ZONES), st.lists(instants, min_size=1, max_size=30))
def test_the_shops_clock_is_the_calendars(duck, name, moments):
    clock, zone = zones.clock(name, 2000, 2030), ZoneInfo(name)
    edges = [
        datetime.fromtimestamp((c.at + side) / 1e6, UTC).replace(tzinfo=None)
        + timedelta(microseconds=off)
        for c in clock.changes
        for side in (-1800_000_000, 0, 1800_000_000)
        for off in (0, c.before, c.after)
    ]
    shown = [*moments, *edges]
    for local, found in zip(shown, seen(duck, clock, shown), strict=True):
        early = to_micros(local.replace(tzinfo=zone, fold=0))
        late = to_micros(local.replace(tzinfo=zone, fold=1))
        there = datetime.fromtimestamp(early / 1e6, zone).replace(tzinfo=None)
        skipped = abs(there - local) > timedelta(milliseconds=1)
        assert found[0] == early
        assert found[3] == skipped
        assert found[2] == (early != late and not skipped)
        if not skipped:
            assert found[1] == late
        assert found[4:] == (local.hour, local.isoweekday())


def seen(duck, clock, moments):
    """What SQL makes of local times: instants (earlier, later), doubled, skipped, hour, weekday."""
    shown = [to_micros(moment.replace(tzinfo=UTC)) for moment in moments]
    sql = (
        f"SELECT t - {clock.offset_of_local('t', later=False)}, "
        f"t - {clock.offset_of_local('t', later=True)}, "
        f"{clock.is_twice('t')}, {clock.is_skipped('t')}, {zones.hour('t')}, {zones.weekday('t')} "
        "FROM (SELECT unnest($1::BIGINT[]) t)"
    )
    return duck.db.execute(sql, [shown]).fetchall()


@settings(deadline=None, max_examples=100)
@example(["\U00031350"])  # assigned after the tables of Python 3.11 were made
@given(
    st.lists(st.text(st.characters(exclude_characters="\0", codec="utf-8"), min_size=1), min_size=1)
)
def test_an_id_that_passes_is_one_that_peoples_keys_take(duck, words):
    sql = f"SELECT subject, {UNUSABLE} FROM (SELECT clean(w) AS subject FROM (SELECT unnest($1) w))"
    for subject, unusable in duck.db.execute(sql, [words]).fetchall():
        if subject is not None and not unusable and len(subject) <= 20:
            assert normalise(subject), ascii(subject)
