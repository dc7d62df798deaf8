"""Engines: how SQLite and PostgreSQL are opened, and the two kinds of transaction everything runs in."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum, auto
from time import monotonic, sleep
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Engine,
    RootTransaction,
    create_engine,
    event,
    make_url,
    select,
)
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.pool import StaticPool
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from migma_core.ports import StoreUnreachable

from .faults import told_as_faults
from .json_text import json_text

__all__ = ["Durable", "connect", "now_us", "read_clock", "reading", "writing"]

_WRITES, _DURABLE = "migma_writes", "migma_durable"
_SNAPSHOT = {"postgresql": {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}}  # SQLite has it anyway
_PRAGMAS = ("synchronous=FULL", "foreign_keys=ON", "cache_size=-65536")
_SECONDS_TO_WAIT = 10.0
_LOOKS_EVERY = 0.0005
_SESSION = (
    # a server that answers before it has written would lose what prevents a double send (reliability §13)
    """
    SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') IN ('off', 'local')
    """,
    "SET lock_timeout = '10s'",  # as patient as SQLite is above
)
_SECONDS_TO_CONNECT = 10


def connect(url: str) -> Engine:
    """
    Open a database: ``sqlite:///path/to/file.db``, ``sqlite://`` (in memory, for tests) or ``postgresql://…``.

    Raises `ValueError` for any other kind, and for what is no URL. Either is durable when `writing` says so, and waits
    ten seconds for another writer.
    PostgreSQL is spoken to by psycopg, through a pool that notices when a connection has died.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        # not shown: it may hold a password
        raise ValueError("the database is named by a URL: sqlite:///file.db or postgresql://host/name") from None
    match parsed.get_backend_name():
        case "sqlite":
            return _sqlite(parsed)
        case "postgresql":
            return _postgresql(parsed)
        case other:
            raise ValueError(f"there is no store for {other!a}; use sqlite:///file.db or postgresql://host/name")


class Durable(Enum):
    """
    When a transaction survives a machine that loses its power; a process may die at any time, and loses none.

    ``NOW``: when the block ends. ``SOON``: when the next transaction does that is durable at once, for what such a one
    always follows before anything leaves the machine.
    """

    NOW = auto()
    SOON = auto()


# in WAL mode NORMAL skips the wait for the disk, nothing else: whoever waits next, waits for all that was written
_SYNCHRONOUS = {Durable.NOW: "FULL", Durable.SOON: "NORMAL"}


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One transaction that only reads: everything it sees is of one moment. Raises `StoreFault`."""
    options = _SNAPSHOT.get(engine.dialect.name, {})
    with told_as_faults(), engine.connect().execution_options(**options) as connection, connection.begin():
        yield connection


@contextmanager
def writing(engine: Engine, durable: Durable = Durable.NOW) -> Iterator[Connection]:
    """
    One transaction that writes: ``durable`` when the block ends, undone where it raises. Raises `StoreFault`.

    SQLite takes its one write lock at the start, so that two writers wait for each other instead of failing half-way.
    """
    options = {_WRITES: True, _DURABLE: durable}
    with (
        told_as_faults(),
        engine.connect().execution_options(**options) as connection,
        connection.begin() as transaction,
    ):
        yield connection
        if transaction.is_active:  # the block may have taken everything back
            _commit(connection, transaction)


def _commit(connection: Connection, transaction: RootTransaction) -> None:
    try:
        with told_as_faults(committing=True):
            transaction.commit()
    except StoreUnreachable:
        connection.invalidate()  # there is nothing to roll back on, and trying would hide the doubt
        raise


def now_us() -> ColumnElement[int]:
    """The database's own clock in whole microseconds since 1970: the only clock that all workers share."""
    return _Clock()


def read_clock(connection: Connection) -> int:
    """What `now_us` is at this moment."""
    return connection.execute(_CLOCK).scalar_one()


class _Clock(FunctionElement[int]):
    inherit_cache = True
    type = BigInteger()


@compiles(_Clock, "sqlite")
def _clock_of_sqlite(element: _Clock, compiler: SQLCompiler, **options: Any) -> str:
    del element, compiler, options
    # SQLite reads its clock once per statement, in milliseconds: both halves are of the same moment.
    seconds, fraction = "CAST(strftime('%s', 'now') AS INTEGER)", "CAST(substr(strftime('%f', 'now'), 4) AS INTEGER)"
    return f"({seconds} * 1000000 + {fraction} * 1000)"


@compiles(_Clock, "postgresql")
def _clock_of_postgresql(element: _Clock, compiler: SQLCompiler, **options: Any) -> str:
    del element, compiler, options
    return "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)"


_CLOCK = select(now_us())


def _postgresql(url: URL) -> Engine:
    known = {"connect_timeout": _SECONDS_TO_CONNECT, "application_name": "migma"}
    engine = create_engine(
        url.set(drivername="postgresql+psycopg"),
        json_serializer=json_text,
        # a pooled connection that a restarted server forgot is replaced before anybody writes on it
        pool_pre_ping=True,
        connect_args={name: value for name, value in known.items() if name not in url.query},
    )
    event.listen(engine, "connect", _begin_session)
    event.listen(engine, "begin", _begin_on_postgresql)
    return engine


def _begin_session(connection: Any, record: object) -> None:
    del record
    connection.autocommit = True  # settings of the session need no transaction
    for statement in _SESSION:
        connection.execute(statement)
    connection.autocommit = False


def _sqlite(url: URL) -> Engine:
    if url.database in {None, "", ":memory:"}:
        # one connection for everybody: each further one would be an empty database of its own
        engine = create_engine(
            url, poolclass=StaticPool, connect_args={"check_same_thread": False}, json_serializer=json_text
        )
    else:
        engine = create_engine(url, json_serializer=json_text)
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: Any, record: object) -> None:
    """Take transactions away from the driver, which would begin them late and never IMMEDIATE."""
    del record
    connection.isolation_level = None
    _let_sqlite_wait(connection, _SECONDS_TO_WAIT)
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}").close()
    # SQLite itself does not wait here: two processes that open a new file at once would wait for each other
    _once_free(connection, "PRAGMA journal_mode=WAL")


def _let_sqlite_wait(connection: Any, seconds: float) -> None:
    connection.execute(f"PRAGMA busy_timeout={round(seconds * 1_000)}").close()


def _once_free(connection: Any, statement: str) -> None:
    """
    Execute as soon as nobody is in the way.

    SQLite's own waiting sleeps ten times as long as a transaction here takes, and up to a hundred milliseconds: two
    workers at one campaign would sleep more than they work.
    """
    until = monotonic() + _SECONDS_TO_WAIT
    while True:
        try:
            connection.execute(statement).close()
        except sqlite3.OperationalError as fault:
            if fault.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or monotonic() > until:
                raise
            sleep(_LOOKS_EVERY)
        else:
            return


def _begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    durable = options.get(_DURABLE, Durable.NOW)
    if durable is not connection.info.get(_DURABLE, Durable.NOW):  # a pragma holds for the connection
        connection.exec_driver_sql(f"PRAGMA synchronous={_SYNCHRONOUS[durable]}")
        connection.info[_DURABLE] = durable
    if options.get(_WRITES, False):
        _take_write_lock(connection.connection.driver_connection)
    else:
        connection.exec_driver_sql("BEGIN")


def _take_write_lock(connection: Any) -> None:
    try:
        _let_sqlite_wait(connection, 0)
        _once_free(connection, "BEGIN IMMEDIATE")
    finally:
        _let_sqlite_wait(connection, _SECONDS_TO_WAIT)


def _begin_on_postgresql(connection: Connection) -> None:
    if connection.get_execution_options().get(_DURABLE, Durable.NOW) is Durable.SOON:
        connection.exec_driver_sql("SET LOCAL synchronous_commit = off")
