# SPDX-License-Identifier: Apache-2.0
"""The people of a statement as a table of the connection: `leaving`, in memory, never in a file."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import Connection, text

AMONG: Final = "subject_id IN (SELECT subject_id FROM leaving)"


@contextmanager
def leaving(connection: Connection, people: Iterable[int]) -> Iterator[None]:
    """Give the table `leaving` with some people, for the length of a transaction's part."""
    connection.execute(
        text("CREATE TEMPORARY TABLE IF NOT EXISTS leaving (subject_id BIGINT PRIMARY KEY)")
    )
    connection.execute(text("DELETE FROM leaving"))
    rows = [{"s": subject_id} for subject_id in people]
    if rows:
        connection.execute(text("INSERT INTO leaving VALUES (:s)"), rows)
    yield
    connection.execute(text("DELETE FROM leaving"))
