"""Schedules: when campaigns start, and who has them in hand, by the database's own clock (R52 to R55)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Engine,
    and_,
    case,
    delete,
    func,
    insert,
    select,
    type_coerce,
    update,
)

from migma_core.delivery.campaign import Action, CampaignStatus
from migma_core.delivery.delivery import DeliveryState, SendId
from migma_core.delivery.schedule import Fold, Gap, Reading, Schedule, StartTime, due_action, explain_miss
from migma_core.ports import Due, Scheduled

from .accepted import read_accepted
from .engine import read_clock, reading, writing
from .schema import deliveries, schedules, sends
from .shapes import AnyRow, AnySelect
from .stepping import take_step

__all__ = ["SqlSchedules"]

_MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class SqlSchedules:
    """Implements `migma_core.ports.Schedules`; who says nothing for ``lease`` has lost what they took."""

    def __init__(self, engine: Engine, lease: timedelta) -> None:
        self._engine = engine
        self._lease = lease // _MICROSECOND

    def put(self, send: SendId, schedule: Schedule, start: StartTime, at: datetime) -> None:
        """Write it down, in place of the one before."""
        with writing(self._engine) as connection:
            take_step(connection, read_accepted(connection, send, lock=True), Action.SCHEDULE, at)
            connection.execute(delete(schedules).where(schedules.c.send_id == send))
            connection.execute(insert(schedules), {"send_id": send, **_said(schedule), **_found(start)})

    def of(self, send: SendId) -> Scheduled | None:
        """The schedule of one campaign."""
        with reading(self._engine) as connection:
            row = connection.execute(select(schedules).where(schedules.c.send_id == send)).first()
        return None if row is None else _scheduled(row)

    def waiting(self) -> Sequence[Scheduled]:
        """Those that have not started, soonest first."""
        query = _with_status(schedules).where(sends.c.status == CampaignStatus.SCHEDULED.value)
        with reading(self._engine) as connection:
            rows = connection.execute(query.order_by(schedules.c.starts_at, schedules.c.send_id)).all()
        return tuple(map(_scheduled, rows))

    def move(self, seen: Scheduled, start: StartTime) -> bool:
        """Compare and set: only what is still as it was seen is moved."""
        with writing(self._engine) as connection:
            if read_accepted(connection, seen.send, lock=True).status is not CampaignStatus.SCHEDULED:
                return False
            row = connection.execute(select(schedules).where(schedules.c.send_id == seen.send)).one()
            if _scheduled(row) != seen:
                return False
            connection.execute(update(schedules).where(schedules.c.send_id == seen.send).values(_found(start)))
            return True

    def take(self, grace: timedelta, at: datetime) -> Due | None:
        """Hand out the one that has waited longest, and start it if it has not been."""
        with writing(self._engine) as connection:
            clock = read_clock(connection)
            row = connection.execute(_free(clock)).first()
            return None if row is None else self._handed_out(connection, row, clock, grace, at)

    def keep(self, send: SendId, fence: int) -> bool:
        """Renew the lease."""
        ours = and_(schedules.c.send_id == send, schedules.c.fence == fence)
        with writing(self._engine) as connection:
            clock = read_clock(connection)
            return (
                connection.execute(update(schedules).where(ours).values(lease_until=clock + self._lease)).rowcount == 1
            )

    def leave(self, send: SendId, fence: int, least: timedelta) -> None:
        """Let it rest until its first row may be claimed."""
        ours = and_(schedules.c.send_id == send, schedules.c.fence == fence)
        with writing(self._engine) as connection:
            clock = read_clock(connection)
            wakes = max(clock + least // _MICROSECOND, _first_row(connection, send, clock))
            connection.execute(update(schedules).where(ours).values(lease_until=wakes))

    def next_due(self) -> float | None:
        """How long the soonest of all still has."""
        query = _with_status(func.min(_due_at())).where(_waits())
        with reading(self._engine) as connection:
            first = connection.scalar(query)
            clock = read_clock(connection)
        return None if first is None else max(0.0, (first - clock) / 1_000_000)

    def _handed_out(self, connection: Connection, row: AnyRow, clock: int, grace: timedelta, at: datetime) -> Due:
        send, found = SendId(row.send_id), _scheduled(row)
        action = Action.SEND
        accepted = read_accepted(connection, send)
        if accepted.status is CampaignStatus.SCHEDULED:
            now = _EPOCH + clock * _MICROSECOND
            action = due_action(found.start.instant, now, grace) or Action.SEND
            why = explain_miss(found.schedule, now - found.start.instant) if action is Action.MISS else None
            take_step(connection, accepted, action, at, why)
        taken = {"fence": row.fence + 1, "lease_until": clock + self._lease}
        connection.execute(update(schedules).where(schedules.c.send_id == send).values(taken))
        return Due(send, action, row.fence + 1)


def _free(clock: int) -> AnySelect:
    """What is due and nobody's. Both rows are locked, so that no two workers read the same lease."""
    due = _with_status(schedules).where(_waits(), _due_at() <= clock)
    return due.order_by(_due_at(), schedules.c.send_id).limit(1).with_for_update(skip_locked=True, key_share=True)


def _with_status(what: Any) -> AnySelect:
    return select(what).select_from(schedules.join(sends, sends.c.id == schedules.c.send_id))


def _waits() -> ColumnElement[bool]:
    return sends.c.status.in_((CampaignStatus.SCHEDULED.value, CampaignStatus.SENDING.value))


def _due_at() -> ColumnElement[int]:
    """When there is something to do: its start, or, once started, the end of a lease or rest."""
    s = schedules.c
    started = func.coalesce(s.lease_until, 0)
    return case((sends.c.status == CampaignStatus.SCHEDULED.value, type_coerce(s.starts_at, BigInteger)), else_=started)


def _first_row(connection: Connection, send: SendId, clock: int) -> int:
    """When the first row that is not settled may be claimed; now, where that cannot be said."""
    d = deliveries.c
    free = case((d.state == DeliveryState.READY.value, func.coalesce(d.not_before, clock)), else_=d.lease_until)
    unsettled = d.state.in_((DeliveryState.READY.value, DeliveryState.CLAIMED.value))
    first: int | None = connection.scalar(select(func.min(free)).where(d.send_id == send, unsettled))
    return clock if first is None else first


def _said(schedule: Schedule) -> dict[str, Any]:
    return {
        "at": schedule.at.isoformat(),
        "zone": schedule.zone,
        "gap": schedule.gap.value,
        "fold": schedule.fold.value,
    }


def _found(start: StartTime) -> dict[str, Any]:
    return {"starts_at": start.instant, "reading": start.reading.value, "zone_data": start.zone_data}


def _scheduled(row: AnyRow) -> Scheduled:
    schedule = Schedule(datetime.fromisoformat(row.at), row.zone, Gap(row.gap), Fold(row.fold))
    return Scheduled(SendId(row.send_id), schedule, StartTime(row.starts_at, Reading(row.reading), row.zone_data))
