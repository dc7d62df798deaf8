"""Scheduling: from what a person says about when a campaign starts to the instant on record (R52, R53)."""

from __future__ import annotations

from dataclasses import dataclass

from migma_wire.zones import read_zone_anew, zone_data

from migma_core.delivery import Schedule, SendId, StartTime, start_time
from migma_core.delivery.schedule import explain_start
from migma_core.ports import Scheduled, SendRecord

from .parts import Parts

__all__ = ["Appointment", "appointment", "read_zones_anew", "schedule"]


@dataclass(frozen=True, slots=True)
class Appointment:
    """
    When a campaign starts: as it was said, the instant that is, and both in ``words``, with how a time was read that
    the clock skips or repeats.
    """

    id: SendId
    schedule: Schedule
    start: StartTime
    words: str


def schedule(parts: Parts, campaign: SendRecord, said: Schedule) -> Appointment:
    """Put a campaign's start on record. Raises `ValueError` for an unknown zone and a time that is past."""
    zone = read_zone_anew(said.zone)
    if zone is None:
        raise ValueError(f"no time zone is named {said.zone!r}; use an IANA name, such as Europe/Berlin")
    start, now = start_time(said, zone, zone_data(zone)), parts.clock.now()
    words = explain_start(said, start, zone)
    if start.instant <= now:
        raise ValueError(f"{words} is past; give a time to come, or send it now")
    parts.store.schedules.put(campaign.id, said, start, now)
    return Appointment(campaign.id, said, start, words)


def appointment(found: Scheduled) -> Appointment:
    """What is on record, in words; in UTC alone where this machine does not know the zone."""
    zone = read_zone_anew(found.schedule.zone)
    start = found.start
    told = f"{start.instant:%Y-%m-%d %H:%M} UTC" if zone is None else explain_start(found.schedule, start, zone)
    return Appointment(found.send, found.schedule, start, told)


def read_zones_anew(parts: Parts) -> int:
    """Find every start to come anew whose zone's data have changed; how many were (reliability §12)."""
    moved = 0
    for seen in parts.store.schedules.waiting():
        zone = read_zone_anew(seen.schedule.zone)
        if zone is not None and seen.start.is_outdated_by(data := zone_data(zone)):
            moved += parts.store.schedules.move(seen, start_time(seen.schedule, zone, data))
    return moved
