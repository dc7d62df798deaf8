"""
Many rows at once, the way each database takes them fastest: the driver's own cursor on SQLite, COPY on PostgreSQL.

Rows are tuples in the order of the columns named; what a column's type makes of a value is applied here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from functools import lru_cache
from itertools import chain, islice
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    LargeBinary,
    Table,
    any_,
    cast,
    func,
    literal,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import NullType

from .json_text import json_text
from .schema import Instant
from .shapes import AnySelect

__all__ = ["driver_rows", "insert_all", "insert_missing", "is_one_of", "next_numbers", "rows_of", "update_all"]

_Row = Sequence[Any]
_Rows = Sequence[_Row]
_FEW = 20  # which take less time one by one than it takes to begin a COPY


def driver_rows(connection: Connection, query: AnySelect, given: Mapping[str, Any] | None = None) -> Sequence[Any]:
    """
    The driver's own tuples, which hold what the rows do and cost less (performance §2): of texts, numbers and octets.
    """
    cursor = connection.execute(query, given).cursor
    assert cursor is not None  # noqa: S101 - a query has rows
    with closing(cursor):
        return cursor.fetchall()


def is_one_of(
    connection: Connection, column: ColumnElement[Any], values: Iterable[int] | Iterable[bytes]
) -> ColumnElement[bool]:
    """
    Whether the column holds one of many numbers or keys: on PostgreSQL one array, where thousands of parameters are
    slow, written as the server reads it, since the driver would ask of each element what it is; on SQLite numbers are
    one text of JSON.
    """
    if connection.dialect.name == "postgresql":
        # of no type, for the server to tell from the column
        return column == any_(literal(_array(values), NullType()))
    them = list(values)
    if them and isinstance(them[0], int):
        return column.in_(select(func.json_each(json_text(them)).table_valued("value").c.value))
    return column.in_(them)


def rows_of(keys: Iterable[bytes]) -> ColumnElement[bytes]:
    """Many keys as rows, in their order. To PostgreSQL alone."""
    return func.unnest(cast(literal(_array(keys), NullType()), ARRAY(LargeBinary)))


def _array(values: Iterable[int] | Iterable[bytes]) -> str:
    """An array of numbers or octets as PostgreSQL reads one."""
    return f"{{{','.join(_element(one) for one in values)}}}"


def _element(value: int | bytes) -> str:
    return rf'"\\x{value.hex()}"' if isinstance(value, bytes) else str(value)


def next_numbers(connection: Connection, table: Table, count: int) -> Sequence[int]:
    """Numbers for rows to come, as the database would give them: nobody else is given the same."""
    if connection.dialect.name == "postgresql":
        sequence = connection.scalar(select(func.pg_get_serial_sequence(table.name, "id")))
        numbers = select(func.nextval(sequence)).select_from(func.generate_series(1, count))
        found: Sequence[int] = connection.scalars(select(func.array(numbers.scalar_subquery()))).one()
        return found
    last = connection.scalar(select(func.max(table.c.id))) or 0  # nobody else writes until this transaction ends
    return range(last + 1, last + 1 + count)


def insert_all(connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[_Row]) -> None:
    """Insert rows of which none is there; PostgreSQL takes many in while later ones are still being made."""
    stream = iter(rows)
    first = list(islice(stream, _FEW + 1))
    if connection.dialect.name == "postgresql" and len(first) > _FEW:
        _copy(connection, table.name, columns, _bound(connection, table, columns, chain(first, stream)))
    else:
        rows = chain(first, stream)
        _execute_all(connection, table, columns, rows, f"INSERT INTO {table.name} ({', '.join(map(_quoted, columns))})")


def insert_missing(connection: Connection, table: Table, columns: Sequence[str], rows: _Rows) -> None:
    """Insert rows, and pass over those that are there already."""
    if not rows:
        return
    named = ", ".join(map(_quoted, columns))
    if connection.dialect.name == "postgresql" and len(rows) <= _FEW:
        insert = f"INSERT INTO {table.name} ({named})"
        _execute_all(connection, table, columns, rows, insert, "ON CONFLICT DO NOTHING")
    elif connection.dialect.name == "postgresql":
        stage = _stage(connection, table, columns, rows)
        insert = f"INSERT INTO {table.name} ({named}) SELECT {named} FROM {stage} ON CONFLICT DO NOTHING"  # noqa: S608 - our own names
        connection.exec_driver_sql(insert)
    else:
        _execute_all(connection, table, columns, rows, f"INSERT OR IGNORE INTO {table.name} ({named})")


def update_all(connection: Connection, table: Table, columns: Sequence[str], rows: _Rows) -> None:
    """Set the columns of rows that are there; the first column named is the key that finds each."""
    if not rows:
        return
    key, *rest = columns
    if connection.dialect.name == "postgresql":
        stage = _stage(connection, table, columns, rows)
        changes = ", ".join(f"{_quoted(name)} = stage.{_quoted(name)}" for name in rest)
        update = f"UPDATE {table.name} AS t SET {changes} FROM {stage} AS stage WHERE t.{key} = stage.{key}"  # noqa: S608 - our own names
        connection.exec_driver_sql(update)
    else:
        changes = ", ".join(f"{_quoted(name)} = ?" for name in rest)
        update = f"UPDATE {table.name} SET {changes} WHERE {key} = ?"  # noqa: S608 - our own names
        bound = [(*row[1:], row[0]) for row in _bound(connection, table, columns, rows)]
        connection.exec_driver_sql(update, bound)


def _execute_all(
    connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[_Row], statement: str, rest: str = ""
) -> None:
    bound = list(_bound(connection, table, columns, rows))
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    if bound:
        connection.exec_driver_sql(f"{statement} VALUES ({', '.join([mark] * len(columns))}) {rest}", bound)


def _stage(connection: Connection, table: Table, columns: Sequence[str], rows: _Rows) -> str:
    """Copy the rows into a table of this connection alone, which is empty again once the transaction ends."""
    stage = f"stage_{table.name}_{'_'.join(columns)}"[:60]
    named = ", ".join(map(_quoted, columns))
    shape = f"SELECT {named} FROM {table.name} WITH NO DATA"  # noqa: S608 - our own names
    connection.exec_driver_sql("SET LOCAL client_min_messages = warning")  # that it is there already is no news
    connection.exec_driver_sql(f"CREATE TEMPORARY TABLE IF NOT EXISTS {stage} ON COMMIT DELETE ROWS AS {shape}")
    connection.exec_driver_sql(f"TRUNCATE {stage}")
    _copy(connection, stage, columns, _bound(connection, table, columns, rows))
    return stage


def _copy(connection: Connection, into: str, columns: Sequence[str], rows: Iterable[_Row]) -> None:
    driver: Any = connection.connection.driver_connection
    named = ", ".join(map(_quoted, columns))
    with driver.cursor() as cursor, cursor.copy(f"COPY {into} ({named}) FROM STDIN") as copy:
        write = copy.write_row
        for row in rows:
            write(row)


def _bound(connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[_Row]) -> Iterable[_Row]:
    """The rows as the driver takes them: moments as numbers, JSON as text, for those columns alone that need it."""
    processors = [(place, one) for place, name in enumerate(columns) if (one := _processor(connection, table.c[name]))]
    return rows if not processors else _processed(rows, processors)


def _processed(rows: Iterable[_Row], processors: Sequence[tuple[int, Callable[[Any], Any]]]) -> Iterable[_Row]:
    for row in rows:
        bound = list(row)
        for place, processor in processors:
            bound[place] = processor(bound[place])
        yield tuple(bound)


def _processor(connection: Connection, column: Column[Any]) -> Callable[[Any], Any] | None:
    """What the column's type makes of a value. Both drivers take octets and truths as they are, and JSON as text."""
    if isinstance(column.type, LargeBinary | Boolean):
        return None
    if isinstance(column.type, JSON):
        return json_text
    processor: Callable[[Any], Any] | None = column.type.dialect_impl(connection.dialect).bind_processor(
        connection.dialect
    )
    # many rows are of one moment
    return lru_cache(_FEW)(processor) if processor is not None and isinstance(column.type, Instant) else processor


def _quoted(name: str) -> str:
    """``values`` and ``key`` are words of SQL as well."""
    return f'"{name}"'
