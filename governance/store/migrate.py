# SPDX-License-Identifier: Apache-2.0
"""Brings the control database to the schema of this version. The only importer of alembic."""

from importlib.resources import files
from pathlib import Path

from alembic.command import upgrade as alembic_upgrade
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine


def scripts() -> Path:
    """Return the folder of the migrations, in a wheel or in a checkout."""
    packed = Path(str(files("governance") / "_migrations"))
    return packed if packed.is_dir() else Path(__file__).parents[2] / "alembic"


def upgrade(engine: Engine) -> None:
    """Bring the database to the newest schema; nothing happens when it is there."""
    config = _config()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        alembic_upgrade(config, "head")


def current_and_head(engine: Engine) -> tuple[str | None, str | None]:
    """Return the schema revision of the database, and the newest one of this version."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    with engine.connect().execution_options(reading=True) as connection:
        return MigrationContext.configure(connection).get_current_revision(), head


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(scripts()).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
