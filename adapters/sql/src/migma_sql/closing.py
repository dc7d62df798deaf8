"""Closing: a send ends when every row is settled, counted from rows (D10), and says why where nobody was reached."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, and_, or_, select, update

from migma_core.delivery.campaign import Action, CampaignStatus, advance
from migma_core.delivery.delivery import SETTLED, DeliveryState, SendId
from migma_core.delivery.effects import Finished

from .accepted import read_accepted
from .delivery_state import count_states, is_in_state
from .schema import deliveries, sends

__all__ = ["cancel_rest", "finish", "pause"]

_REACHED = (DeliveryState.ACCEPTED, DeliveryState.HELD)


def pause(connection: Connection, send: SendId, why: str) -> None:
    """Stop a send that is being sent and say why; one that stands still already keeps its own reason."""
    accepted = read_accepted(connection, send, lock=True)
    if accepted.status is CampaignStatus.SENDING:
        _move(connection, send, advance(accepted.status, Action.PAUSE), why)


def finish(connection: Connection, send: SendId, now: datetime) -> Finished:
    """Close the send if everybody has a row and every row is settled; count the rows in any case."""
    accepted = read_accepted(connection, send, lock=True)
    if accepted.status is CampaignStatus.CANCELLED:
        cancel_rest(connection, send, now)
        _hold_doubt(connection, send, now)
    states = count_states(connection, send)
    if accepted.status is CampaignStatus.SENDING and accepted.fan_out_done and states.keys() <= SETTLED:
        why = _nobody_reached(connection, send, states)
        status = advance(accepted.status, Action.FINISH if why is None else Action.FAIL)
        _move(connection, send, status, why, now)
    return Finished(states)


def cancel_rest(connection: Connection, send: SendId, now: datetime) -> None:
    """Settle what nobody has handed over. A row in flight stays: its outcome is still to come."""
    d = deliveries.c
    waiting = or_(
        d.state == DeliveryState.READY.value, and_(d.state == DeliveryState.CLAIMED.value, d.attempt_id.is_(None))
    )
    rest = update(deliveries).where(d.send_id == send, waiting)
    connection.execute(rest.values(state=DeliveryState.CANCELLED.value, lease_until=None, updated_at=now))


def _hold_doubt(connection: Connection, send: SendId, now: datetime) -> None:
    """Nothing of a cancelled send is handed over again to find out: what is in doubt still waits for a person."""
    why = "cancelled while nobody knew whether it was accepted"
    in_doubt = update(deliveries).where(deliveries.c.send_id == send, is_in_state(DeliveryState.UNKNOWN))
    connection.execute(in_doubt.values(state=DeliveryState.HELD.value, why=why, lease_until=None, updated_at=now))


def _nobody_reached(connection: Connection, send: SendId, states: Mapping[DeliveryState, int]) -> str | None:
    """R58: a send that reached nobody failed, and is never called sent in silence."""
    if any(states.get(state) for state in _REACHED):
        return None
    if rejected := states.get(DeliveryState.REJECTED, 0):
        return f"nobody was reached: {rejected} refused, the first with: {_first_refusal(connection, send)}"
    if dead := states.get(DeliveryState.DEAD, 0):
        return f"nobody was reached: {dead} messages were given up after several attempts"
    if withheld := states.get(DeliveryState.WITHHELD, 0):
        return f"nobody could be mailed: everyone in the audience ({withheld}) is withheld; the log says why for each"
    return "nobody could be mailed: the audience is empty"


def _first_refusal(connection: Connection, send: SendId) -> str:
    d = deliveries.c
    refused = select(d.why).where(d.send_id == send, d.state == DeliveryState.REJECTED.value)
    return connection.scalar(refused.order_by(d.id).limit(1)) or "no reason given"


def _move(
    connection: Connection, send: SendId, status: CampaignStatus, why: str | None, ended: datetime | None = None
) -> None:
    connection.execute(update(sends).where(sends.c.id == send).values(status=status.value, why=why, finished_at=ended))
