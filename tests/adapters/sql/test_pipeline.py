"""A pipeline of transactions: they overlap where the database lets them, and are durable in their order alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from threading import Event, current_thread
from typing import TypeAlias

import pytest
from migma_sql.engine import connect, reading
from migma_sql.pipeline import pipeline
from sqlalchemy import Connection, Engine, make_url, text

from tests.support.postgresql import empty_database

PATIENCE = 10.0
_Parts: TypeAlias = Callable[[Connection], Iterator[None]]
_Done: TypeAlias = Callable[[], object]


class _Broken(Exception):
    """Something went wrong."""


@pytest.fixture
def numbers(engine: Engine) -> Engine:
    """A database with an empty table of numbers."""
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE numbers (number INTEGER)"))
    return engine


def _kept(engine: Engine) -> list[int]:
    with reading(engine) as connection:
        return list(connection.scalars(text("SELECT number FROM numbers ORDER BY number")))


def _done() -> None:
    """Nothing happens, and nobody wants to be told."""


def _insert(connection: Connection, number: int) -> None:
    connection.execute(text("INSERT INTO numbers VALUES (:number)"), {"number": number})


def _transaction(number: int, first: _Done = _done, second: _Done = _done, third: _Done = _done) -> _Parts:
    """Writes its number in the first part, and the negative one in the third."""

    def parts(connection: Connection) -> Iterator[None]:
        _insert(connection, number)
        first()
        yield
        second()
        yield
        third()
        _insert(connection, -number)

    return parts


def _broken() -> None:
    raise _Broken


def _run_all(engine: Engine, all_of_them: Iterable[_Parts], told: Callable[[int], None] = lambda _: None) -> None:
    with pipeline(engine) as transactions:
        for number, parts in enumerate(all_of_them):
            transactions.run(parts, partial(told, number))


def test_everything_is_durable_at_the_end(numbers: Engine) -> None:
    """All that every transaction writes is kept."""
    with pipeline(numbers) as transactions:
        for number in range(1, 6):
            transactions.run(_transaction(number), _done)
    assert _kept(numbers) == [*range(-5, 0), *range(1, 6)]


def test_what_is_waited_for_is_durable(numbers: Engine) -> None:
    """After waiting, others see all that was begun."""
    with pipeline(numbers) as transactions:
        transactions.run(_transaction(1), _done)
        transactions.wait()
        assert _kept(numbers) == [-1, 1]


def test_of_each_is_told_in_order_once_it_is_durable_and_in_the_callers_thread(numbers: Engine) -> None:
    """Whoever is told finds kept what they are told of, and needs no lock of their own."""
    told = list[int]()

    def tell(number: int) -> None:
        assert current_thread() is caller
        assert {number, -number} <= set(_kept(numbers))
        told.append(number)

    caller = current_thread()
    with pipeline(numbers) as transactions:
        for number in range(1, 6):
            transactions.run(_transaction(number), partial(tell, number))
    assert told == [1, 2, 3, 4, 5]


def test_of_what_is_not_kept_nobody_is_told(numbers: Engine) -> None:
    """What failed is raised, and what came after it is not told of either."""
    told = list[int]()
    with pytest.raises(_Broken):
        _run_all(numbers, [_transaction(1), _transaction(2, third=_broken), _transaction(3)], told=told.append)
    assert told == [0]


def test_a_last_part_that_fails_takes_the_next_transaction_back_as_well(numbers: Engine) -> None:
    """Nothing is kept behind a gap: the fault is told by the next call, and what that one wrote is gone too."""
    with pytest.raises(_Broken):
        _run_all(numbers, [_transaction(1), _transaction(2, third=_broken), _transaction(3)])
    assert _kept(numbers) == [-1, 1]


def test_a_last_transaction_that_fails_is_told_at_the_end(numbers: Engine) -> None:
    """Nobody leaves the block believing that everything is kept."""
    with pytest.raises(_Broken), pipeline(numbers) as transactions:
        transactions.run(_transaction(1, third=_broken), _done)
    assert _kept(numbers) == []


def test_what_fails_in_between_leaves_what_was_begun(numbers: Engine) -> None:
    """A fault of the caller's own ends the block once the transaction before is durable."""

    def begun() -> Iterator[_Parts]:
        yield _transaction(1)
        _broken()

    with pytest.raises(_Broken):
        _run_all(numbers, begun())
    assert _kept(numbers) == [-1, 1]


def test_a_first_part_that_fails_is_taken_back_alone(numbers: Engine) -> None:
    """The transaction before it is durable all the same."""

    with pytest.raises(_Broken):
        _run_all(numbers, [_transaction(1), _transaction(2, first=_broken)])
    assert _kept(numbers) == [-1, 1]


@pytest.mark.parametrize("isolation", ["read committed", "repeatable read", "serializable"])
def test_transactions_overlap_where_the_server_lets_them(postgres_server: str, isolation: str) -> None:
    """On PostgreSQL the next one begins before the one before has ended, unless that could make it fail."""
    with empty_database(postgres_server) as url:
        engine, began = connect(url), Event()
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("CREATE TABLE numbers (number INTEGER)"))
            name = make_url(url).database
            connection.execute(text(f"ALTER DATABASE {name} SET default_transaction_isolation = '{isolation}'"))
        engine.dispose()
        engine = connect(url)
        overlapped = list[bool]()

        def beginning(connection: Connection) -> Iterator[None]:
            began.set()
            yield from _transaction(2)(connection)

        with pipeline(engine) as transactions:
            patience = PATIENCE if isolation == "read committed" else 0.1
            transactions.run(_transaction(1, second=lambda: overlapped.append(began.wait(patience))), _done)
            transactions.run(beginning, _done)
        assert overlapped == [isolation == "read committed"]
        assert _kept(engine) == [-2, -1, 1, 2]
        engine.dispose()
