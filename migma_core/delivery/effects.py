"""Effects: what the sending loop asks the outside to do, each with the type of its answer (design D7)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, NamedTuple, TypeVar

from ..audience.address import AddressKey
from ..audience.values import Scalar
from ..decision.authorization import Sender
from ..decision.circumstances import Circumstances, Wanted
from ..decision.facts import Facts
from ..decision.record import Decision
from ..decision.standing import Standing
from ..message.message import Batch
from ..message.token import DeliveryId
from .attempt import Attempt, AttemptId, Parcel
from .delivery import DeliveryState, SendId
from .outcome import Outcome

__all__ = [
    "AskProvider",
    "AudiencePage",
    "AudienceRow",
    "Claim",
    "Claimed",
    "ClaimedRow",
    "CommitAttempt",
    "Decided",
    "Effect",
    "Finish",
    "Finished",
    "GiveBack",
    "HandOver",
    "InFlight",
    "OpenAttempts",
    "Pause",
    "ReadAudience",
    "Reconcile",
    "Record",
    "Settled",
    "Wait",
    "WriteDeliveries",
]

T_co = TypeVar("T_co", covariant=True)


class Effect(Generic[T_co]):
    """Something to be done outside; ``T_co`` is what comes back."""

    __slots__ = ()


class AudienceRow(NamedTuple):
    """
    One member of the audience as the store packs it. ``contact`` is the store's own number, or ``None``;
    ``circumstances`` are there where some were wanted.
    """

    contact: int | None
    address_key: AddressKey
    standing: Standing
    circumstances: Circumstances | None = None


class Decided(NamedTuple):
    """A member and the decision for the numbers. The claim decides again."""

    row: AudienceRow
    decision: Decision


class AudiencePage(NamedTuple):
    """
    The next members in a fixed order, as they were ``at`` this moment of the clock; ``after`` is where the next page
    begins, ``None`` at the end.
    """

    at: datetime
    rows: tuple[AudienceRow, ...]
    after: int | None


class ClaimedRow(NamedTuple):
    """A delivery that is ours for the length of a lease, with facts as fresh as the claim itself."""

    delivery: DeliveryId
    fence: int
    attempts: int
    facts: Facts
    values: Mapping[str, Scalar]


@dataclass(frozen=True, slots=True)
class Claimed:
    """
    The answer to a claim, all read in one transaction. ``at`` is the clock's time of it.

    Without rows, ``busy_seconds`` says when some may come free; ``None`` says that none are left. ``stopped`` is true
    where the send was paused or cancelled meanwhile.
    """

    at: datetime
    sender: Sender
    rows: tuple[ClaimedRow, ...]
    busy_seconds: float | None = None
    stopped: bool = False


class Settled(NamedTuple):
    """A delivery's way after a step: its new state, why, for how many seconds it rests, and what was decided anew."""

    delivery: DeliveryId
    fence: int
    state: DeliveryState
    why: str = ""
    wait: float = 0.0
    keeps_attempt: bool = True
    provider_id: str | None = None
    decision: Decision | None = None


@dataclass(frozen=True, slots=True)
class OpenAttempts:
    """Attempts on record without an outcome whose lease has expired: what a crash left behind."""

    deliveries: Mapping[DeliveryId, AttemptId]


@dataclass(frozen=True, slots=True)
class Finished:
    """The send's rows by state, once all are settled."""

    states: Mapping[DeliveryState, int]


@dataclass(frozen=True, slots=True)
class ReadAudience(Effect[AudiencePage]):
    """
    Read the next page of the audience of a send, with the circumstances wanted; empty and ended once the fan-out is
    complete.
    """

    send: SendId
    limit: int
    wanted: Wanted


@dataclass(frozen=True, slots=True)
class WriteDeliveries(Effect[None]):
    """Write a page of deliveries and the place reached, in one transaction; repeating it changes nothing."""

    send: SendId
    rows: tuple[Decided, ...]
    after: int | None


@dataclass(frozen=True, slots=True)
class Claim(Effect[Claimed]):
    """Take up to ``limit`` ready deliveries for the length of a lease, with the circumstances wanted."""

    send: SendId
    limit: int
    wanted: Wanted


@dataclass(frozen=True, slots=True)
class CommitAttempt(Effect[bool]):
    """
    Put an attempt on record with the ``decisions`` that let it be made, in the order of its deliveries, and settle
    those of the claim who are not in it, in one transaction.

    ``False`` where a fence was stale: nothing is written, nothing may be handed over.
    """

    attempt: Attempt | None
    fences: Mapping[DeliveryId, int]
    settled: tuple[Settled, ...]
    decisions: tuple[Decision, ...] = ()


@dataclass(frozen=True, slots=True)
class HandOver(Effect[tuple[Outcome, ...]]):
    """Give the parcel to the provider, unless the batch has expired; one outcome per message."""

    batch: Batch
    parcel: Parcel
    attempt: Attempt


@dataclass(frozen=True, slots=True)
class Record(Effect[None]):
    """Write the outcomes of an attempt."""

    attempt: AttemptId
    settled: tuple[Settled, ...]


@dataclass(frozen=True, slots=True)
class GiveBack(Effect[None]):
    """Return claimed rows untouched."""

    fences: Mapping[DeliveryId, int]


@dataclass(frozen=True, slots=True)
class InFlight(Effect[OpenAttempts]):
    """Find what a crash left without an outcome."""

    send: SendId


@dataclass(frozen=True, slots=True)
class AskProvider(Effect[frozenset[DeliveryId] | None]):
    """Which of these the provider has; ``None`` where it cannot say."""

    deliveries: tuple[DeliveryId, ...]


@dataclass(frozen=True, slots=True)
class Reconcile(Effect[None]):
    """Settle doubt on the evidence given in ``why``."""

    found: tuple[DeliveryId, ...]
    absent: tuple[DeliveryId, ...]
    undecided: tuple[DeliveryId, ...]
    why: str


@dataclass(frozen=True, slots=True)
class Pause(Effect[None]):
    """Stop the stream and say why."""

    send: SendId
    why: str


@dataclass(frozen=True, slots=True)
class Wait(Effect[None]):
    """Let this many seconds pass."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Finish(Effect[Finished]):
    """Close the send if every row is settled, and count them."""

    send: SendId
