"""A database's clock that jumps: everything it will be compared with is moved the other way, which is the same."""

from __future__ import annotations

from datetime import timedelta

from migma_sql.engine import writing
from sqlalchemy import Engine, text

__all__ = ["jump"]

_COMPARED = (
    ("schedules", "starts_at"),
    ("schedules", "lease_until"),
    ("deliveries", "lease_until"),
    ("deliveries", "not_before"),
    ("idempotency_keys", "lease_until"),
    ("pace", "counted_at"),
    ("pace", "rests_until"),
)


def jump(engine: Engine, span: timedelta) -> None:
    """Set the database's clock on by so much, or back: whatever it times comes so much sooner, or later."""
    with writing(engine) as connection:
        for table, column in _COMPARED:
            connection.execute(
                text(f"UPDATE {table} SET {column} = {column} - :span"),  # noqa: S608 - our own names
                {"span": span // timedelta(microseconds=1)},
            )
