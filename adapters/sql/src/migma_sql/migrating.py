"""Migrating: bringing a database to the schema this code knows, forward only."""

from __future__ import annotations

from sqlalchemy import Connection, Engine, inspect, text

from .engine import reading, writing

__all__ = ["LATEST", "SchemaTooNew", "migrate", "schema_version"]

LATEST = "0001"
"""The schema this code knows; a test holds it equal to the newest revision in ``migrations/versions``."""

_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(70367744177664)")


class SchemaTooNew(RuntimeError):
    """The database was written by a newer version of this package; going back would lose what it knows."""

    def __init__(self, found: str) -> None:
        super().__init__(
            f"the database has schema {found[:40]!a}, and this version of migma-sql knows schemas up to {LATEST} only: "
            "upgrade migma-sql, or open a database of its own"
        )
        self.found = found


def migrate(engine: Engine) -> None:
    """
    Bring the database up to date, entirely or not at all; one process at a time. Raises `SchemaTooNew`.

    Nothing is written, and Alembic is not even imported, where the database is up to date already.
    """
    if schema_version(engine) == LATEST:
        return
    with writing(engine) as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(_ONE_AT_A_TIME)
        _upgrade(connection)


def schema_version(engine: Engine) -> str | None:
    """The revision the database is at, or ``None`` where it has no tables of ours yet."""
    with reading(engine) as connection:
        return _version(connection)


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", "migma_sql:migrations")
    config.attributes["connection"] = connection
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    found = _version(connection)
    if found is not None and found not in known:
        raise SchemaTooNew(found)
    command.upgrade(config, "head")
