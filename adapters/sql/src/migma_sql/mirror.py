"""A mirror: the rows of one database in another, so that both can be asked about the same people (design §2.5)."""

from __future__ import annotations

from sqlalchemy import Connection, Engine, Table, func, insert, select

from .engine import connect, reading, writing
from .migrate import migrate
from .schema import metadata

__all__ = ["copy_rows", "mirror"]

_AT_ONCE = 5_000


def mirror(source: str, target: str) -> int:
    """
    Copy every row of the database ``source`` into the empty database ``target``, of either kind; how many there were.

    For comparing the two (`migma_core.testing.disagreements`), and for moving from one to the other while nobody
    writes.
    Both are brought to this version's schema. Raises `ValueError` where the target holds rows already.
    """
    origin, copy = connect(source), connect(target)
    try:
        migrate(origin)
        migrate(copy)
        return copy_rows(origin, copy)
    finally:
        origin.dispose()
        copy.dispose()


def copy_rows(origin: Engine, copy: Engine) -> int:
    """The same between databases that are open and of this version's schema."""
    with reading(origin) as there, writing(copy) as here:
        for table in metadata.sorted_tables:
            if here.execute(select(table).limit(1)).first() is not None:
                raise ValueError(f"the table {table.name} of the target holds rows already; name an empty database")
        return sum(_copy(there, here, table) for table in metadata.sorted_tables)


def _copy(there: Connection, here: Connection, table: Table) -> int:
    rows = 0
    for some in there.execution_options(yield_per=_AT_ONCE).execute(select(table)).mappings().partitions():
        here.execute(insert(table), [dict(row) for row in some])
        rows += len(some)
    if rows and here.dialect.name == "postgresql" and table.autoincrement_column is not None:
        # rows that come later are numbered after those that came with their numbers
        sequence = func.pg_get_serial_sequence(table.name, table.autoincrement_column.name)
        here.execute(select(func.setval(sequence, select(func.max(table.autoincrement_column)).scalar_subquery())))
    return rows
