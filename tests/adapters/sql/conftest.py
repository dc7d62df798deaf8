"""Databases for tests, each law and example on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from migma_sql import SqlStore
from migma_sql.engine import connect, writing
from migma_sql.schema import metadata
from sqlalchemy import Engine

from tests.support.postgresql import empty_database
from tests.support.sql_rows import PEPPER, small_account

BOTH = ("sqlite", "postgresql")


@pytest.fixture(params=BOTH)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database, for one test."""
    yield from _database(request, tmp_path)


@pytest.fixture(scope="module", params=BOTH)
def shared_database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a database that the tests of a module share."""
    yield from _database(request, tmp_path_factory.mktemp("shared"))


@pytest.fixture
def engine(database: str) -> Iterator[Engine]:
    """An account without people, for one test."""
    made = small_account(database)
    yield made
    made.dispose()


@pytest.fixture(scope="module")
def shared(shared_database: str) -> Iterator[Engine]:
    """An account for laws, which leave it as they found it or bring people of their own."""
    made = small_account(shared_database)
    yield made
    made.dispose()


@pytest.fixture(scope="module")
def empty_store(shared_database: str) -> Iterator[Callable[[], SqlStore]]:
    """Call it for a store without anything in it: each example of a law begins so. Whoever had it before loses it."""
    store = SqlStore.open(shared_database, pepper=PEPPER)
    engine = connect(shared_database)

    yield lambda: emptied(engine, store)
    engine.dispose()
    store.close()


def emptied(engine: Engine, store: SqlStore) -> SqlStore:
    """The store without anything in it."""
    deletes = [f"DELETE FROM {table.name}" for table in reversed(metadata.sorted_tables)]  # noqa: S608 - our own names
    with writing(engine) as connection:
        # all at once where the server takes them so: thirty questions would be most of a small example
        for statement in ["; ".join(deletes)] if engine.dialect.name == "postgresql" else deletes:
            connection.exec_driver_sql(statement)
    return store


def _database(request: pytest.FixtureRequest, folder: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{folder / 'migma.db'}"
        return
    with empty_database(request.getfixturevalue("postgres_server")) as url:
        yield url
