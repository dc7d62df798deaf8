"""The few SQL functions that each database spells in its own way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Insert,
    Integer,
    Table,
    TableValuedAlias,
    Text,
    bindparam,
    cast,
    column,
    literal,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from .json_text import json_text
from .shapes import AnySelect

__all__ = [
    "bytewise",
    "ends_with",
    "insert_new",
    "is_listed",
    "is_numbered",
    "list_of",
    "numbers_by_text",
    "position",
    "probed",
    "tail",
    "write_new",
]


class position(FunctionElement[int]):  # noqa: N801 - it reads as an SQL function
    """Where a text begins within another, from 1 on; 0 where it does not occur. ``%`` and ``_`` mean themselves."""

    inherit_cache = True
    type = Integer()


@compiles(position, "sqlite")
def _instr(element: position, compiler: SQLCompiler, **options: Any) -> str:
    return f"instr({compiler.process(element.clauses, **options)})"


@compiles(position, "postgresql")
def _strpos(element: position, compiler: SQLCompiler, **options: Any) -> str:
    return f"strpos({compiler.process(element.clauses, **options)})"


class _tail(FunctionElement[str]):  # noqa: N801 - it reads as an SQL function
    """The last characters of a text: (text, how many characters, how many octets in UTF-8)."""

    inherit_cache = True
    type = Text()


@compiles(_tail, "sqlite")
def _octets_from_the_right(element: _tail, compiler: SQLCompiler, **options: Any) -> str:
    text, _, octets = (compiler.process(part, **options) for part in element.clauses)
    # SQLite's substr ends a text at its first NUL; of octets it takes all.
    return f"CAST(substr(CAST({text} AS BLOB), -{octets}) AS TEXT)"


@compiles(_tail, "postgresql")
def _right(element: _tail, compiler: SQLCompiler, **options: Any) -> str:
    text, characters, _ = (compiler.process(part, **options) for part in element.clauses)
    return f"right({text}, {characters})"


class tail(FunctionElement[str]):  # noqa: N801 - it reads as an SQL function
    """The last characters of a text without a NUL: (text, how many)."""

    inherit_cache = True
    type = Text()


@compiles(tail, "sqlite")
def _substr_from_the_right(element: tail, compiler: SQLCompiler, **options: Any) -> str:
    text, characters = (compiler.process(part, **options) for part in element.clauses)
    return f"substr({text}, -{characters})"


@compiles(tail, "postgresql")
def _right_of(element: tail, compiler: SQLCompiler, **options: Any) -> str:
    return f"right({compiler.process(element.clauses, **options)})"


class bytewise(FunctionElement[str]):  # noqa: N801 - it reads as an SQL function
    """A text compared octet by octet, whatever the database's language is."""

    inherit_cache = True
    type = Text()


@compiles(bytewise, "sqlite")
def _binary(element: bytewise, compiler: SQLCompiler, **options: Any) -> str:
    return f"{compiler.process(element.clauses, **options)} COLLATE BINARY"


@compiles(bytewise, "postgresql")
def _in_c(element: bytewise, compiler: SQLCompiler, **options: Any) -> str:
    return f'{compiler.process(element.clauses, **options)} COLLATE "C"'


def ends_with(text: ColumnElement[str], ending: str) -> ColumnElement[bool]:
    """Whether the text ends so; every text ends with nothing."""
    if not ending:
        return text.is_not(None)
    return _tail(text, literal(len(ending)), literal(len(ending.encode()))) == cast(literal(ending), Text)


def probed(query: AnySelect) -> ColumnElement[bool]:
    """
    Whether the query finds a row, asked for each row of the outer one by itself.

    PostgreSQL may answer an ``EXISTS`` that stands under ``OR`` or in a select list by reading the whole table, on
    every page (performance §2).
    """
    return query.limit(1).scalar_subquery().is_not(None)


class _items(FunctionElement[str]):  # noqa: N801 - it reads as an SQL function
    """The texts of a list in JSON, as rows."""

    inherit_cache = True
    type = Text()


@compiles(_items, "sqlite")
def _json_each(element: _items | _numbers, compiler: SQLCompiler, **options: Any) -> str:
    return f"(SELECT value FROM json_each({compiler.process(element.clauses, **options)}))"  # noqa: S608 - a parameter


@compiles(_items, "postgresql")
def _jsonb_elements(element: _items, compiler: SQLCompiler, **options: Any) -> str:
    return f"(SELECT jsonb_array_elements_text(CAST({compiler.process(element.clauses, **options)} AS jsonb)))"


def is_listed(text: ColumnElement[str], name: str) -> ColumnElement[bool]:
    """
    Whether a text is one of a list, which `list_of` makes into the value of one parameter of this name: to render and
    bind hundreds of them takes longer than to find their rows.
    """
    return text.bool_op("IN")(_items(bindparam(name, type_=Text)))


class _numbers(FunctionElement[int]):  # noqa: N801 - it reads as an SQL function
    """The numbers of a list in JSON, as rows."""

    inherit_cache = True
    type = BigInteger()


compiles(_numbers, "sqlite")(_json_each)


@compiles(_numbers, "postgresql")
def _array_elements(element: _numbers, compiler: SQLCompiler, **options: Any) -> str:
    array = f"translate({compiler.process(element.clauses, **options)}, '[]', '{{}}')"
    return f"(SELECT unnest(CAST({array} AS bigint[])))"


def is_numbered(number: ColumnElement[int], name: str) -> ColumnElement[bool]:
    """Whether a number is one of a list, which `list_of` makes into the value of one parameter of this name."""
    return number.bool_op("IN")(_numbers(bindparam(name, type_=Text)))


def list_of(them: Sequence[str] | Sequence[int]) -> str:
    """A list as one parameter."""
    return json_text(them)


class _members(FunctionElement[Any]):  # noqa: N801 - it reads as an SQL function
    """The members of an object of numbers in JSON, as rows of ``key`` and ``value``."""

    inherit_cache = True


@compiles(_members, "sqlite")
def _json_members(element: _members, compiler: SQLCompiler, **options: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **options)})"


@compiles(_members, "postgresql")
def _jsonb_members(element: _members, compiler: SQLCompiler, **options: Any) -> str:
    object_ = f"CAST({compiler.process(element.clauses, **options)} AS jsonb)"
    return f"(SELECT key, CAST(value AS bigint) AS value FROM jsonb_each_text({object_}))"  # noqa: S608 - a parameter


def numbers_by_text(name: str) -> TableValuedAlias:
    """Texts, each with a number, as rows of ``key`` and ``value``: an object in JSON as one parameter of this name."""
    given = _members(bindparam(name, type_=Text))
    return given.table_valued(column("key", Text), column("value", BigInteger), name=name)


def insert_new(connection: Connection, table: Table) -> Insert:
    """An insert that passes over rows that are there already."""
    return _insert_new(connection.dialect.name, table)


@cache
def _insert_new(dialect: str, table: Table) -> Insert:
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return insert(table).on_conflict_do_nothing()


def write_new(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> int:
    """Insert rows in their order, passing over those that are there already; how many were new."""
    counted = insert_new(connection, table).execution_options(preserve_rowcount=True)
    return connection.execute(counted, rows).rowcount
