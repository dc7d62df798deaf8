"""The state of a delivery, read in SQL from its row and its attempt as `migma_core.delivery` reads it (D10)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from sqlalchemy import ColumnElement, Connection, Select, and_, case, func, select, union_all

from migma_core.delivery.delivery import DeliveryState, SendId

from .engine import now_us
from .schema import deliveries

__all__ = ["count_states", "is_in_state", "state_now"]

_DERIVED = frozenset({DeliveryState.READY, DeliveryState.CLAIMED, DeliveryState.IN_FLIGHT, DeliveryState.UNKNOWN})


def state_now() -> ColumnElement[str]:
    """The state by the database's clock: what `read_state` says of the row."""
    committed, expired = deliveries.c.attempt_id.is_not(None), deliveries.c.lease_until <= now_us()
    return case(
        (deliveries.c.state != DeliveryState.CLAIMED.value, deliveries.c.state),
        (and_(committed, expired), DeliveryState.UNKNOWN.value),
        (committed, DeliveryState.IN_FLIGHT.value),
        (expired, DeliveryState.READY.value),
        else_=DeliveryState.CLAIMED.value,
    )


def is_in_state(state: DeliveryState) -> ColumnElement[bool]:
    """Whether the row is in this state; by index wherever the row alone says so."""
    if state not in _DERIVED:
        return deliveries.c.state == state.value
    stored = (DeliveryState.READY.value, DeliveryState.CLAIMED.value)
    return and_(deliveries.c.state.in_(stored), state_now() == state.value)


def count_states(connection: Connection, send: SendId) -> Mapping[DeliveryState, int]:
    """
    The rows of a send by state, counted from rows, in one statement: by index but for the claimed ones, of which there
    are few. To group all of them by `state_now` would sort a million rows.
    """
    of_send, claimed = deliveries.c.send_id == send, deliveries.c.state == DeliveryState.CLAIMED.value
    stored, in_hand = (
        _counted(deliveries.c.state, and_(of_send, ~claimed)),
        _counted(state_now(), and_(of_send, claimed)),
    )
    counts = Counter[DeliveryState]()
    for row in connection.execute(union_all(stored, in_hand)):
        counts[DeliveryState(row.state)] += row.rows
    return dict(counts)


def _counted(state: ColumnElement[str], which: ColumnElement[bool]) -> Select[tuple[str, int]]:
    rows = select(state.label("state")).where(which).subquery()
    return select(rows.c.state, func.count().label("rows")).group_by(rows.c.state)
