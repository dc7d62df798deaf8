"""Stepping: a campaign or direct send takes one legal step, with everything that goes with it (R51, R55)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, literal, update

from migma_core.delivery.campaign import Action, CampaignStatus, advance

from .accepted import AcceptedSend
from .closing import cancel_rest
from .schema import Instant, schedules, sends

__all__ = ["take_step"]

_ENDED = frozenset({CampaignStatus.SENT, CampaignStatus.FAILED, CampaignStatus.CANCELLED})
_UNSCHEDULED = frozenset({CampaignStatus.DRAFT, CampaignStatus.CANCELLED})


def take_step(
    connection: Connection, accepted: AcceptedSend, action: Action, at: datetime, why: str | None = None
) -> CampaignStatus:
    """Take the step; whoever calls has locked the send. Raises `CampaignConflict`: nothing has changed then."""
    status = advance(accepted.status, action)
    changes: dict[str, Any] = {"status": status.value, "why": why}
    if status is CampaignStatus.SENDING:
        changes["started_at"] = func.coalesce(sends.c.started_at, literal(at, Instant))
    if status in _ENDED:
        changes["finished_at"] = at
    connection.execute(update(sends).where(sends.c.id == accepted.id).values(changes))
    if status in _UNSCHEDULED:
        connection.execute(delete(schedules).where(schedules.c.send_id == accepted.id))
    if status is CampaignStatus.CANCELLED:
        cancel_rest(connection, accepted.id, at)
    return status
