"""Callers' idempotency keys: one run per key, by lease and fence, and its result for every repetition (R63)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, and_, delete, insert, select, update

from migma_core.delivery.delivery import SendId
from migma_core.ports import Begun, CallerKey, Conflicting, Fresh, InProgress, KeyHold, KeyLost, Replayed

from .engine import read_clock, writing
from .functions import write_new
from .schema import idempotency_keys
from .shapes import AnyRow

__all__ = ["SqlIdempotencyKeys", "make_under"]


class SqlIdempotencyKeys:
    """Implements `migma_core.ports.IdempotencyKeys`; a run that says nothing for ``lease`` may be taken over."""

    def __init__(self, engine: Engine, lease: timedelta) -> None:
        self._engine = engine
        self._lease = lease // timedelta(microseconds=1)

    def begin(self, key: CallerKey, digest: str, at: datetime) -> Begun:
        """Take the key, or learn what became of it."""
        with writing(self._engine) as connection:
            clock = read_clock(connection)
            new = _new(key, digest, clock + self._lease, at)
            if write_new(connection, idempotency_keys, [new]) == 1:
                return Fresh(1)
            row = _held(connection, key)
            if row is None:  # released between our two statements: it is free again
                connection.execute(insert(idempotency_keys), new)
                return Fresh(1)
            return self._known(connection, key, row, digest, clock)

    def keep(self, key: CallerKey, fence: int) -> bool:
        """Renew the lease."""
        with writing(self._engine) as connection:
            clock = read_clock(connection)
            return self._hold_until(connection, key, fence, clock + self._lease)

    def finish(self, key: CallerKey, fence: int, result: str, at: datetime) -> bool:
        """Keep the result."""
        ours = update(idempotency_keys).where(_running(key, fence))
        with writing(self._engine) as connection:
            return connection.execute(ours.values(result=result, finished_at=at)).rowcount == 1

    def release(self, key: CallerKey, fence: int) -> bool:
        """Free the key, or, where a send was made under it, whoever repeats the request to carry on."""
        unused = delete(idempotency_keys).where(_running(key, fence), idempotency_keys.c.made.is_(None))
        with writing(self._engine) as connection:
            return connection.execute(unused).rowcount == 1 or self._hold_until(connection, key, fence, 0)

    def forget(self, before: datetime) -> int:
        """Drop what was finished before then."""
        with writing(self._engine) as connection:
            return connection.execute(delete(idempotency_keys).where(idempotency_keys.c.finished_at < before)).rowcount

    def _known(self, connection: Connection, key: CallerKey, row: AnyRow, digest: str, clock: int) -> Begun:
        if row.digest != digest:
            return Conflicting()
        if row.result is not None:
            return Replayed(row.result)
        if row.lease_until > clock:
            return InProgress((row.lease_until - clock) / 1_000_000)
        taken = {"fence": row.fence + 1, "lease_until": clock + self._lease}
        connection.execute(update(idempotency_keys).where(_is(key)).values(taken))
        return Fresh(row.fence + 1, None if row.made is None else SendId(row.made))

    def _hold_until(self, connection: Connection, key: CallerKey, fence: int, until: int) -> bool:
        held = update(idempotency_keys).where(_running(key, fence)).values(lease_until=until)
        return connection.execute(held).rowcount == 1


def make_under(connection: Connection, hold: KeyHold, send: SendId) -> None:
    """Put on record which send a key's run makes, before anything of it is written. Raises `KeyLost`."""
    ours = update(idempotency_keys).where(_running(*hold), idempotency_keys.c.made.is_(None))
    if connection.execute(ours.values(made=send)).rowcount != 1:
        raise KeyLost


def _held(connection: Connection, key: CallerKey) -> AnyRow | None:
    return connection.execute(select(idempotency_keys).where(_is(key)).with_for_update()).first()


def _is(key: CallerKey) -> ColumnElement[bool]:
    k = idempotency_keys.c
    return and_(k.scope == key.scope, k.operation == key.operation, k.key == key.key)


def _running(key: CallerKey, fence: int) -> ColumnElement[bool]:
    return and_(_is(key), idempotency_keys.c.fence == fence, idempotency_keys.c.finished_at.is_(None))


def _new(key: CallerKey, digest: str, until: int, at: datetime) -> dict[str, Any]:
    named = {"scope": key.scope, "operation": key.operation, "key": key.key}
    return {**named, "digest": digest, "fence": 1, "lease_until": until, "begun_at": at}
