"""Migrations: forward only, run by the code that needs them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, Text, func, inspect, literal_column, select, table

from .engine import reading, writing

if TYPE_CHECKING:
    from alembic.config import Config

__all__ = ["SchemaTooNew", "alembic_config", "migrate", "schema_version"]

_MIGRATIONS = Path(__file__).parent / "migrations"

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
    known = sorted(path.name.partition("_")[0] for path in _MIGRATIONS.glob("versions/*.py"))
    found = schema_version(engine)
    if found == known[-1]:
        return
    if found is not None and found not in known:
        raise SchemaTooNew(found)
    with writing(engine) as connection:
        _wait_for_others(connection)
        _upgrade(connection)


def _upgrade(connection: Connection) -> None:
    from alembic import command  # here, since it takes a tenth of a second that only a first start needs

    config = alembic_config()
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
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.scalar(select(literal_column("version_num", Text)).select_from(table("alembic_version")))


def alembic_config() -> Config:
    """Where the revisions lie, for Alembic's own commands."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    return config
