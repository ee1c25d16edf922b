# SPDX-License-Identifier: Apache-2.0
"""Runs migrations: on the connection that the program hands over, or on `-x url=…`."""

from typing import Any

from alembic import context
from sqlalchemy import Connection
from sqlmodel.sql.sqltypes import AutoString

from governance.store.engine import open_engine
from governance.store.tables import METADATA


def render_item(kind: str, item: Any, _context: Any) -> str | bool:
    """Write SQLModel's string type as plain SQLAlchemy, so that old migrations need no SQLModel."""
    if kind == "type" and isinstance(item, AutoString):
        return "sa.String()"
    return False


def migrate(connection: Connection) -> None:
    """Run the migrations on an open connection."""
    context.configure(
        connection=connection,
        target_metadata=METADATA,
        render_as_batch=True,
        render_item=render_item,
        compare_type=True,
        compare_server_default=True,
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    migrate(given)
else:
    url = context.get_x_argument(as_dictionary=True).get("url") or "sqlite://"
    with open_engine(url).connect() as opened:
        migrate(opened)
        opened.commit()
