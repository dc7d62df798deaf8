"""The inbox: providers' events, kept once each, in the order they came (reliability §10)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, delete, select, update

from migma_core.ports import InboxEvent, ReceivedEvent

from .engine import reading, writing
from .functions import write_new
from .schema import inbox
from .shapes import AnyRow

__all__ = ["SqlInbox"]

_WAITING, _HANDLED, _ASIDE = "waiting", "handled", "quarantined"


class SqlInbox:
    """Implements `migma_core.ports.Inbox` in one database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def receive(self, provider: str, events: Sequence[ReceivedEvent], at: datetime) -> int:
        """Keep those not seen before; how many were new."""
        if not events:
            return 0
        with writing(self._engine) as connection:
            return write_new(connection, inbox, [_row(provider, one, at) for one in events])

    def waiting(self, limit: int = 100, *, after: int = 0) -> Sequence[InboxEvent]:
        """The next events nobody has handled."""
        return self._in(_WAITING, limit, after)

    def handled(self, number: int, at: datetime) -> None:
        """Remember the key and drop the octets, which may name people (O-06)."""
        self._move(number, state=_HANDLED, body=b"", why=None, handled_at=at)

    def quarantine(self, number: int, why: str, at: datetime) -> None:
        """Set the event aside."""
        self._move(number, state=_ASIDE, why=why, handled_at=at)

    def quarantined(self, limit: int = 100, *, after: int = 0) -> Sequence[InboxEvent]:
        """The next events set aside."""
        return self._in(_ASIDE, limit, after)

    def release(self, number: int) -> bool:
        """Let an event wait again."""
        aside = update(inbox).where(inbox.c.id == number, inbox.c.state == _ASIDE)
        with writing(self._engine) as connection:
            return connection.execute(aside.values(state=_WAITING, handled_at=None)).rowcount == 1

    def forget(self, before: datetime) -> int:
        """Drop what was handled before then."""
        with writing(self._engine) as connection:
            old = delete(inbox).where(inbox.c.state == _HANDLED, inbox.c.handled_at < before)
            return connection.execute(old).rowcount

    def _in(self, state: str, limit: int, after: int) -> Sequence[InboxEvent]:
        query = select(inbox).where(inbox.c.state == state, inbox.c.id > after).order_by(inbox.c.id).limit(limit)
        with reading(self._engine) as connection:
            return tuple(_event(row) for row in connection.execute(query))

    def _move(self, number: int, **values: Any) -> None:
        with writing(self._engine) as connection:
            connection.execute(update(inbox).where(inbox.c.id == number, inbox.c.state != _HANDLED).values(values))


def _row(provider: str, one: ReceivedEvent, at: datetime) -> dict[str, Any]:
    return {"provider": provider, "key": one.key, "body": one.body, "state": _WAITING, "received_at": at}


def _event(row: AnyRow) -> InboxEvent:
    return InboxEvent(row.id, row.provider, ReceivedEvent(row.key, row.body), row.received_at, row.why)
