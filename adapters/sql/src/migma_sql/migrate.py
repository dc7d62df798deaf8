"""Migrations: forward only, run by the code that needs them."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, func, select

from .engine import reading, writing

__all__ = ["SchemaTooNew", "alembic_config", "migrate", "schema_version"]

_LOCK = 0x6D69676D61  # "migma": any number will do that others do not take


class SchemaTooNew(RuntimeError):
    """The database was migrated by a newer version of this package; nothing was touched."""

    def __init__(self, found: str) -> None:
        super().__init__(
            f"the database is at schema {found}, which this version does not know; install a newer migma-sql"
        )
        self.found = found


def migrate(engine: Engine) -> None:
    """Bring the schema to this version. Raises `SchemaTooNew`; a second call changes nothing."""
    config = alembic_config()
    scripts = ScriptDirectory.from_config(config)
    found = schema_version(engine)
    if found == scripts.get_current_head():
        return
    if found is not None and found not in {script.revision for script in scripts.walk_revisions()}:
        raise SchemaTooNew(found)
    with writing(engine) as connection:
        _wait_for_others(connection)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _wait_for_others(connection: Connection) -> None:
    """Two processes that start at once migrate one after the other; SQLite's write lock sees to that by itself."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))


def schema_version(engine: Engine) -> str | None:
    """The revision the database is at; ``None`` for an empty one."""
    with reading(engine) as connection:
        return _version(connection)


def _version(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def alembic_config() -> Config:
    """Where the revisions lie, for Alembic's own commands."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config
