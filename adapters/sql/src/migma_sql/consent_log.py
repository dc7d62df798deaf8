"""The record of what people said about mail, read back (O-01)."""

from __future__ import annotations

from sqlalchemy import Connection, select

from migma_core.audience.consent import ConsentBasis, ConsentLevel
from migma_core.audience.consent_event import ConsentAct, ConsentEvent, Shown
from migma_core.audience.topic import TopicId

from .schema import consent_events
from .shapes import AnyRow

__all__ = ["events_of"]


def events_of(connection: Connection, contact: int) -> tuple[ConsentEvent, ...]:
    """Everything on record about a contact, by their number, oldest first."""
    e = consent_events.c
    rows = connection.execute(select(consent_events).where(e.contact_id == contact).order_by(e.at, e.id))
    return tuple(map(_event, rows))


def _event(row: AnyRow) -> ConsentEvent:
    return ConsentEvent(
        ConsentAct(row.what),
        row.at,
        row.source,
        None if row.topic_id is None else TopicId(row.topic_id),
        Shown(row.wording or "", row.version or ""),
        ConsentLevel(row.level) if row.level in set(ConsentLevel) else None,  # what nobody can read proves nothing
        ConsentBasis(row.basis) if row.basis in set(ConsentBasis) else None,
        row.confirmed_at,
        row.reference or "",
    )
