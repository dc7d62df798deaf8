"""Exclusions in SQL: whom a request leaves out, as the bit that `Denials.EXCLUDED` is."""

from __future__ import annotations

from migma_wire.json import condition_from_json
from sqlalchemy import ColumnElement, Connection, and_, case, literal, or_, select, true

from migma_core.audience.contact import ProjectId
from migma_core.audience.segment import Condition, SegmentId
from migma_core.audience.suppression import Denials
from migma_core.delivery.delivery import DeliveryState
from migma_core.request.exclusion import EarlierRecipients, ExceptSegment, Exclusion, SendId

from .condition import matching
from .functions import probed
from .question import Question
from .schema import contacts, deliveries, segments
from .search import Search

__all__ = ["condition_of", "excluded_bit"]

# Everyone but those who certainly got nothing: what is in doubt, or on its way, may have arrived.
_NOT_REACHED = (DeliveryState.WITHHELD, DeliveryState.REJECTED, DeliveryState.CANCELLED, DeliveryState.READY)


def excluded_bit(connection: Connection, question: Question, key: ColumnElement[bytes]) -> ColumnElement[int]:
    """The bit for those whom any of the request's exclusions leaves out, for rows that hold `contacts` and this key."""
    if not question.exclusions:
        return case((true(), 0), else_=0)
    left_out = or_(*(_leaves_out(connection, question, one, key) for one in question.exclusions))
    return case((left_out, int(Denials.EXCLUDED)), else_=0)


def condition_of(connection: Connection, project: ProjectId, segment: SegmentId) -> Condition | None:
    """The condition of a segment of the project, or ``None`` where there is none."""
    stored = connection.execute(
        select(segments.c.condition).where(segments.c.project_id == project, segments.c.id == segment)
    ).first()
    return None if stored is None else condition_from_json(stored[0])


def _leaves_out(
    connection: Connection, question: Question, exclusion: Exclusion, key: ColumnElement[bytes]
) -> ColumnElement[bool]:
    match exclusion:
        case ExceptSegment(segment):
            condition = condition_of(connection, question.project, segment)
            if condition is None:
                return true()  # an unknown segment leaves everybody out, never nobody
            described = matching(condition, question.project, Search.PROBED, now=question.now)
            return and_(contacts.c.id.is_not(None), described)
        case EarlierRecipients(send):
            return _reached(send, key)


def _reached(send: SendId, key: ColumnElement[bytes]) -> ColumnElement[bool]:
    earlier = deliveries.alias("earlier")
    row = select(literal(True)).where(
        earlier.c.send_id == send,
        earlier.c.address_key == key,
        earlier.c.state.not_in([state.value for state in _NOT_REACHED]),
    )
    return probed(row)
