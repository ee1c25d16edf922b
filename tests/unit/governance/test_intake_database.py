# SPDX-License-Identifier: Apache-2.0
"""A database as a source: read only, in text, and silent about its URL."""

import sqlite3
from contextlib import closing

import pytest

from audit.errors import BadInput
from governance.intake import events
from governance.intake.database import Database, has_password, label_of
from tests.intake import a_map, e4, lake_rows
from tests.workshop import a_workspace


@pytest.fixture
def ws(tmp_path):
    opened = a_workspace(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def shop(tmp_path):
    path = tmp_path / "shop.db"
    with closing(sqlite3.connect(path)) as db:
        db.execute(
            'CREATE TABLE orders (customer TEXT, "at" TEXT, "order" TEXT, item TEXT, '
            "quantity INTEGER, price NUMERIC)"
        )
        db.executemany(
            "INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?)",
            [
                ("007", "2026-01-05 10:00:00", "o1", "milk", 2, 1.25),
                ("B", "2026-01-06 10:00:00", "o2", None, 1, 3),
                (None, "2026-01-06 10:00:00", "o3", "milk", 1, 3),
            ],
        )
        db.commit()
    return f"sqlite:///{path}"


def bring(ws, url, **source):
    mapping = a_map(source={"format": "database", **source})
    (report,) = events.ingest(ws, [Database(url)], mapping)
    return report


def test_a_table_comes_in_like_a_file(ws, shop):
    report = bring(ws, shop, table="orders")
    assert (report.rows, report.added, report.no_subject) == (3, 2, 1)
    assert report.label == "sqlite:shop.db"
    assert sorted(row["amount"] for row in lake_rows(ws)) == [e4(2.5), e4(3)]
    assert "007" in ws.people.find("customer", ["007"])


def test_the_same_rows_again_change_nothing(ws, shop):
    bring(ws, shop, table="orders")
    assert bring(ws, shop, table="orders").state == "nothing-to-do"


def test_a_query_comes_in_like_a_table(ws, shop):
    query = 'SELECT customer, "at", "order", item, quantity, price FROM orders WHERE quantity > 1'
    assert bring(ws, shop, query=query).added == 1


@pytest.mark.parametrize(
    ("url", "source", "code"),
    [
        ("shop", {"query": "DELETE FROM orders"}, "bad-query"),
        ("shop", {"table": "nothing"}, "database-unreadable"),
        ("shop", {"query": "SELECT nothing FROM orders"}, "database-unreadable"),
        ("shop", {"query": "SELECT * FROM orders WHERE 1 = 0"}, "file-empty"),
        ("shop", {"query": "SELECT item AS a, item AS A FROM orders"}, "duplicate-column"),
        ("sqlite:////nowhere/at/all.db", {"table": "orders"}, "database-unreadable"),
        ("no url at all", {"table": "orders"}, "bad-url"),
        ("oracle+none://u:Pa55@h/x", {"table": "orders"}, "bad-url"),
    ],
)
def test_what_cannot_be_read_is_refused_without_a_word_of_the_driver(ws, shop, url, source, code):
    with pytest.raises(BadInput) as caught:
        bring(ws, shop if url == "shop" else url, **source)
    assert caught.value.code == code
    assert "Pa55" not in f"{caught.value.message}{caught.value.hint}"


def test_a_mapping_of_a_file_is_not_used_on_a_database(ws, shop):
    with pytest.raises(BadInput) as caught:
        events.ingest(ws, [Database(shop)], a_map())
    assert caught.value.code == "not-a-database"


def test_a_password_is_recognised_and_never_shown():
    url = "postgresql://shop:Pa55@host/orders"
    assert has_password(url)
    assert not has_password("sqlite:///x.db")
    assert "Pa55" not in label_of(url)
    assert "Pa55" not in repr(Database(url))
