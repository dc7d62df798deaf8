"""Schedules on record, and whose campaign is started or carried on now, as a protocol (R52 to R55)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from ..delivery.campaign import Action
from ..delivery.delivery import SendId
from ..delivery.schedule import Schedule, StartTime

__all__ = ["Due", "Scheduled", "Schedules"]


@dataclass(frozen=True, slots=True)
class Scheduled:
    """What was said about when a campaign starts, and the instant that comes to."""

    send: SendId
    schedule: Schedule
    start: StartTime


class Due(NamedTuple):
    """
    A campaign whose moment has come. With `Action.SEND` it is yours to carry out for the length of a lease, under this
    fence; with `Action.MISS` it was too late: it is a draft again, and says why.
    """

    send: SendId
    action: Action
    fence: int = 0


class Schedules(Protocol):
    """
    When campaigns start, by the store's own clock, whatever clocks the machines around it have.

    A campaign is started once: the step from *scheduled* to *sending* is taken in the transaction that hands it out.
    From then on it is handed out again whenever there is something to do for it and nobody holds it: after a crash, and
    when people who had to wait may be written to.
    """

    def put(self, send: SendId, schedule: Schedule, start: StartTime, at: datetime) -> None:
        """
        Schedule a draft, or a scheduled campaign at another time. Raises `CampaignConflict` from any other state, and
        `LookupError`.
        """
        ...

    def of(self, send: SendId) -> Scheduled | None:
        """A campaign's schedule; kept once it has started, gone once it is cancelled or a draft again."""
        ...

    def waiting(self) -> Sequence[Scheduled]:
        """The schedules of all campaigns that have not started, soonest first."""
        ...

    def move(self, seen: Scheduled, start: StartTime) -> bool:
        """Start it then, as newer zone data say; ``False`` where it is no longer as it was seen."""
        ...

    def take(self, grace: timedelta, at: datetime) -> Due | None:
        """The next campaign that is due and nobody's, now yours; ``None`` where there is none."""
        ...

    def keep(self, send: SendId, fence: int) -> bool:
        """Hold it for another lease; ``False`` where another took over."""
        ...

    def leave(self, send: SendId, fence: int, least: timedelta) -> None:
        """Let it go, until there is something to do for it again, and for so long at least."""
        ...

    def next_due(self) -> float | None:
        """In how many seconds something is due; ``None`` where nothing waits."""
        ...
