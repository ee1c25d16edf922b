# SPDX-License-Identifier: Apache-2.0
"""The engine of an intake: it stops when it is told to, and its failures name no values."""

import time

import pytest

from audit.errors import BadInput, Conflict
from tagging.intake.duck import opened

ENDLESS = "SELECT count(*) FROM range(1000000000000) t(i) WHERE md5(CAST(i AS VARCHAR)) = 'x'"


def test_an_interruption_stops_every_statement_at_once(tmp_path):
    def interrupt(_share):
        raise KeyboardInterrupt

    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt), opened(tmp_path, threads=2) as duck:
        duck.run_all([ENDLESS, ENDLESS], interrupt)
    assert time.monotonic() - start < 5


def test_the_first_failure_stops_the_others(tmp_path):
    import duckdb

    with opened(tmp_path, threads=2) as duck, pytest.raises(duckdb.Error):
        duck.run_all([ENDLESS, "SELECT nothing FROM nowhere"])


def test_statements_tell_how_far_they_are(tmp_path):
    told = []
    with opened(tmp_path, threads=2) as duck:
        duck.run_all(["SELECT sum(i) FROM range(30000000) t(i)"] * 3, told.append)
        assert duck.one("SELECT 1") == (1,)
    assert all(0 <= share <= 1 for share in told)


def test_an_engine_without_memory_says_so_and_quotes_nothing(tmp_path):
    with pytest.raises(Conflict) as caught, opened(tmp_path, memory="20MB", threads=1) as duck:
        duck.rows("SELECT list(i || 'secret') FROM range(5000000) t(i)")
    assert caught.value.code == "engine-memory"


def test_a_conversion_that_fails_does_not_quote_the_value(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("a\nsecret\n", "utf-8")
    with pytest.raises(BadInput) as caught, opened(tmp_path) as duck:
        duck.rows(
            f"SELECT * FROM read_csv('{path}', columns = {{'a': 'INTEGER'}}, auto_detect = false, "
            "header = true)"
        )
    assert caught.value.code == "file-unreadable"
    assert "secret" not in f"{caught.value.message}{caught.value.hint}"


def test_scratch_is_where_it_spills(tmp_path):
    with opened(tmp_path) as duck:
        assert duck.one("SELECT current_setting('temp_directory')") == (str(tmp_path / "spill"),)
        made = duck.folder("x")
    assert made.stat().st_mode & 0o777 == 0o700
