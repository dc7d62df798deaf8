"""
Rules outside the table: those that read the clock, or are the user's own code. They only ever withhold or defer.

All are off by default; ``policy.with_rules(QuietHours(...))`` switches one on. A policy that holds one is counted and
previewed person by person, never from standings alone (design D4).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Protocol, TypeAlias
from zoneinfo import ZoneInfo

from . import reasons as why
from .circumstances import READABLE, Circumstances
from .purpose import Purpose
from .reasons import Reason
from .rules import MARKETING_ONLY
from .verdict import Deferred
from .wall_clock import first_instant

__all__ = ["Answer", "ConsentLapse", "FrequencyCap", "LocalTime", "OutsideRule", "OwnRule", "QuietHours"]

Answer: TypeAlias = Reason | Deferred | None
"""What a rule outside the table says: withheld for this reason, not before that moment, or nothing against it."""

_DAY = timedelta(days=1)


class OutsideRule(Protocol):
    """
    What a policy asks beside its table. ``reads`` names the circumstances it looks at: where one of them could not be
    read, the rule is not asked and the recipient is withheld as unreadable. ``looks_back`` is how far into the past
    the mail received matters.
    """

    @property
    def name(self) -> str: ...

    @property
    def source(self) -> str: ...

    @property
    def purposes(self) -> frozenset[Purpose]: ...

    @property
    def reads(self) -> frozenset[str]: ...

    @property
    def looks_back(self) -> timedelta: ...

    @property
    def terms(self) -> str:
        """Its parameters in a few words: part of the policy's fingerprint, and of its printed form."""
        ...

    @property
    def judge(self) -> Callable[[Circumstances, datetime], Answer]:
        """Called with the circumstances and the aware present; pure, and the same for the same input."""
        ...


@dataclass(frozen=True, slots=True)
class QuietHours:
    """
    No mail between two times of day on the recipient's wall, ``start`` included, ``end`` not; ``start`` may be later
    than ``end`` and then spans midnight. Who has no time zone on record is taken to live in ``otherwise``.

    >>> rule = QuietHours(time(21), time(8), otherwise=ZoneInfo("Europe/Berlin"))
    >>> rule.judge(Circumstances(), datetime(2026, 5, 1, 22, tzinfo=UTC)).until.isoformat()
    '2026-05-02T06:00:00+00:00'
    """

    start: time
    end: time
    otherwise: ZoneInfo
    purposes: frozenset[Purpose] = MARKETING_ONLY
    name: str = field(default="quiet_hours", kw_only=True)
    source: str = field(default="design D4", kw_only=True)
    reads: frozenset[str] = field(default=frozenset({"zone"}), init=False, repr=False)
    looks_back: timedelta = field(default=timedelta(), init=False, repr=False)

    def __post_init__(self) -> None:
        if self.start.tzinfo is not None or self.end.tzinfo is not None:
            raise ValueError("quiet hours are times on the recipient's wall: leave their zones out")
        if self.start == self.end:
            raise ValueError("quiet hours that begin and end at the same time leave no time to send, or all of it")

    @property
    def terms(self) -> str:
        """The hours, and the zone of those who have none on record."""
        return f"{self.start.isoformat()} to {self.end.isoformat()}, otherwise {self.otherwise}"

    def judge(self, circumstances: Circumstances, now: datetime) -> Answer:
        """Deferred to the first moment that is not quiet."""
        until = first_instant(now, circumstances.zone or self.otherwise, self._waiting)
        return Deferred(until, why.QuietHours()) if until > now else None

    def _waiting(self, reading: datetime) -> timedelta:
        return _until(self.end, reading) if self._is_quiet(reading.time()) else timedelta()

    def _is_quiet(self, at: time) -> bool:
        if self.start < self.end:
            return self.start <= at < self.end
        return at >= self.start or at < self.end


@dataclass(frozen=True, slots=True)
class LocalTime:
    """
    Nobody hears of it before the clock on their own wall reads ``at``, a date and time without a zone. Who has no time
    zone on record is taken to live in ``otherwise``.

    >>> rule = LocalTime(datetime(2026, 5, 1, 9), otherwise=ZoneInfo("America/New_York"))
    >>> rule.judge(Circumstances(), datetime(2026, 5, 1, 9, tzinfo=UTC)).until.isoformat()
    '2026-05-01T13:00:00+00:00'
    """

    at: datetime
    otherwise: ZoneInfo
    purposes: frozenset[Purpose] = MARKETING_ONLY
    name: str = field(default="local_time", kw_only=True)
    source: str = field(default="design D4", kw_only=True)
    reads: frozenset[str] = field(default=frozenset({"zone"}), init=False, repr=False)
    looks_back: timedelta = field(default=timedelta(), init=False, repr=False)

    def __post_init__(self) -> None:
        if self.at.tzinfo is not None:
            raise ValueError("a local time is read on each recipient's wall: leave its zone out")

    @property
    def terms(self) -> str:
        """The time, and the zone of those who have none on record."""
        return f"{self.at.isoformat(' ')}, otherwise {self.otherwise}"

    def judge(self, circumstances: Circumstances, now: datetime) -> Answer:
        """Deferred to the moment the recipient's clock reads it, for the first time."""
        until = first_instant(now, circumstances.zone or self.otherwise, lambda reading: self.at - reading)
        return Deferred(until, why.LocalTime()) if until > now else None


@dataclass(frozen=True, slots=True)
class FrequencyCap:
    """
    At most ``most`` marketing messages to an address within any span of ``within``.

    >>> rule = FrequencyCap(1, timedelta(days=7))
    >>> monday = datetime(2026, 5, 4, 9, tzinfo=UTC)
    >>> rule.judge(Circumstances(received=(monday,)), monday + timedelta(days=2)).until.isoformat()
    '2026-05-11T09:00:00+00:00'
    """

    most: int
    within: timedelta
    purposes: frozenset[Purpose] = MARKETING_ONLY
    name: str = field(default="frequency_cap", kw_only=True)
    source: str = field(default="design D4", kw_only=True)
    reads: frozenset[str] = field(default=frozenset({"received"}), init=False, repr=False)

    def __post_init__(self) -> None:
        if self.most < 1 or self.within <= timedelta():
            raise ValueError("a frequency cap allows at least one message, within a span longer than nothing")

    @property
    def looks_back(self) -> timedelta:
        """The span itself."""
        return self.within

    @property
    def terms(self) -> str:
        """How many in how long."""
        return f"{self.most} in {self.within}"

    def judge(self, circumstances: Circumstances, now: datetime) -> Answer:
        """Deferred until so many have left the span that one more fits."""
        recent = sorted((at for at in circumstances.received if now - at < self.within), reverse=True)
        if len(recent) < self.most:
            return None
        return Deferred(_later(recent[self.most - 1], self.within), why.FrequencyCap())


@dataclass(frozen=True, slots=True)
class ConsentLapse:
    """
    An implied consent ends by itself: two years after a purchase, six months after an inquiry (CASL s. 10; P-01).

    >>> from migma_core.audience import Consent, ConsentBasis, ConsentLevel
    >>> asked = Consent(ConsentLevel.UNPROVEN, "shop", datetime(2026, 1, 5, tzinfo=UTC), ConsentBasis.INQUIRY)
    >>> ConsentLapse().judge(Circumstances(consent=asked), datetime(2026, 7, 5, tzinfo=UTC))
    ConsentLapsed(at=datetime.datetime(2026, 7, 5, 0, 0, tzinfo=datetime.timezone.utc))
    """

    purposes: frozenset[Purpose] = MARKETING_ONLY
    name: str = field(default="consent_lapse", kw_only=True)
    source: str = field(default="P-01", kw_only=True)
    reads: frozenset[str] = field(default=frozenset({"consent"}), init=False, repr=False)
    looks_back: timedelta = field(default=timedelta(), init=False, repr=False)
    terms: str = field(default="two years after a purchase, six months after an inquiry", init=False, repr=False)

    def judge(self, circumstances: Circumstances, now: datetime) -> Answer:
        """Withheld from the moment it lapsed on; no consent at all is another rule's business."""
        lapses_at = circumstances.consent.lapses_at if circumstances.consent else None
        return why.ConsentLapsed(lapses_at) if lapses_at is not None and lapses_at <= now else None


@dataclass(frozen=True, slots=True)
class OwnRule:
    """
    A rule of your own. ``version`` is yours to raise whenever the function answers differently: recorded decisions name
    it. ``judge`` is pure; it may withhold with any reason or defer, and ``None`` is no objection.

    >>> def no_free_plan(circumstances: Circumstances, now: datetime) -> Answer:
    ...     return why.Excluded() if circumstances.values.get("plan") == "free" else None
    >>> rule = OwnRule("no_free_plan", 1, "our product team", no_free_plan, reads=frozenset({"values"}))
    >>> rule.judge(Circumstances(values={"plan": "free"}), datetime(2026, 5, 1, tzinfo=UTC))
    Excluded()
    """

    name: str
    version: int
    source: str
    judge: Callable[[Circumstances, datetime], Answer] = field(repr=False)
    purposes: frozenset[Purpose] = MARKETING_ONLY
    reads: frozenset[str] = frozenset()
    looks_back: timedelta = timedelta()

    def __post_init__(self) -> None:
        if unknown := self.reads - READABLE:
            names = ", ".join(sorted(READABLE))
            raise ValueError(f"rule {self.name} reads {', '.join(sorted(unknown))}; the circumstances are {names}")

    @property
    def terms(self) -> str:
        """Its version."""
        return f"version {self.version}"


def _until(end: time, reading: datetime) -> timedelta:
    """How long until the clock next reads ``end``; a whole day where it reads just that."""
    today = datetime.combine(reading.date(), end)
    return today - reading if today > reading else today + _DAY - reading


def _later(moment: datetime, span: timedelta) -> datetime:
    try:
        return moment.astimezone(UTC) + span
    except OverflowError:  # mail from the end of the calendar caps all there is left of it
        return datetime.max.replace(tzinfo=UTC)
