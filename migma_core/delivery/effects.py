"""Effects: what the sending loop asks the outside to do, each with the type of its answer (design D7)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Generic, NamedTuple, TypeVar

from ..audience.values import Scalar
from ..decision.authorization import Sender
from ..decision.circumstances import Wanted
from ..decision.facts import Facts
from ..decision.policy import Policy
from ..decision.record import Decision
from ..message.token import DeliveryId
from .attempt import Attempt, AttemptId, Lot
from .delivery import DeliveryState, SendId
from .outcome import Outcome
from .pace import Granted

__all__ = [
    "AskProvider",
    "Claim",
    "Claimed",
    "ClaimedRow",
    "CommitAttempts",
    "Effect",
    "FanOut",
    "FannedOut",
    "Finish",
    "Finished",
    "GiveBack",
    "HandOver",
    "Hear",
    "InFlight",
    "OpenAttempts",
    "Pause",
    "PutBack",
    "Reconcile",
    "Record",
    "Reinstate",
    "Reopen",
    "Reopened",
    "Settled",
    "Take",
    "Wait",
]

T_co = TypeVar("T_co", covariant=True)


class Effect(Generic[T_co]):
    """Something to be done outside; ``T_co`` is what comes back."""

    __slots__ = ()


class FannedOut(NamedTuple):
    """
    What one page of a fan-out came to: how many ``people`` it was about, each of whom has a delivery now, how many of
    them are to be written to, now or later, and whether others may follow.
    """

    people: int
    planned: int
    goes_on: bool


class ClaimedRow(NamedTuple):
    """
    A delivery that is ours for the length of a lease, with facts as fresh as the claim itself. ``doubts`` counts
    earlier attempts of which nobody knows what became.
    """

    delivery: DeliveryId
    fence: int
    attempts: int
    facts: Facts
    values: Mapping[str, Scalar]
    doubts: int = 0


@dataclass(frozen=True, slots=True)
class Claimed:
    """
    The answer to a claim. ``at`` is the clock's time of it; facts are of one moment, and none is older than the claim.

    Without rows, ``busy_seconds`` says when some come free at the latest; ``None`` says that none are left. ``shared``
    is true where another worker has some, who may be done with them long before. ``stopped`` is true where the send was
    paused or cancelled meanwhile.
    """

    at: datetime
    sender: Sender
    rows: tuple[ClaimedRow, ...]
    busy_seconds: float | None = None
    stopped: bool = False
    shared: bool = False

    def with_rows(self, rows: tuple[ClaimedRow, ...]) -> Claimed:
        """The same claim of these rows."""
        return replace(self, rows=rows)


class Settled(NamedTuple):
    """
    A delivery's way after a step: its new state, why, for how many seconds it rests, and what was decided anew.

    ``spends`` says whether the attempt counts against the row, ``doubts`` whether its outcome stays unknown. In the
    state ``UNKNOWN`` the attempt stays open, and is settled on evidence after the wait.
    """

    delivery: DeliveryId
    fence: int
    state: DeliveryState
    why: str = ""
    wait: float = 0.0
    keeps_attempt: bool = True
    provider_id: str | None = None
    decision: Decision | None = None
    spends: bool = False
    doubts: bool = False


@dataclass(frozen=True, slots=True)
class OpenAttempts:
    """
    Deliveries in doubt, by their attempts: on record without an outcome, and the lease has expired. That is what a
    crash leaves behind, or an answer nobody understands. ``doubts`` counts earlier ones of the same row, where there
    are any.
    """

    deliveries: Mapping[DeliveryId, AttemptId]
    doubts: Mapping[DeliveryId, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reopened:
    """
    An attempt in doubt, ours for the length of a lease: those of its deliveries that still are, in its order, with
    facts as fresh as a claim's.
    """

    claimed: Claimed
    attempt: Attempt


@dataclass(frozen=True, slots=True)
class Finished:
    """The send's rows by state, once all are settled."""

    states: Mapping[DeliveryState, int]


@dataclass(frozen=True, slots=True)
class FanOut(Effect[FannedOut]):
    """
    Write a delivery for each of the next members of the audience, with what the policy decides about them, and the
    place reached, in one transaction. Nobody is left once the fan-out is complete, or while the send stands still.
    """

    send: SendId
    limit: int
    policy: Policy


@dataclass(frozen=True, slots=True)
class Take(Effect[Granted]):
    """Ask the stream's pace to let so many messages through now."""

    messages: int


@dataclass(frozen=True, slots=True)
class PutBack(Effect[None]):
    """Return what was granted and is not sent."""

    messages: int


@dataclass(frozen=True, slots=True)
class Hear(Effect[None]):
    """Tell the pace how a hand-over went; with ``rest`` (seconds), the provider asked for it."""

    went_through: bool
    rest: float = 0.0


@dataclass(frozen=True, slots=True)
class Claim(Effect[Claimed]):
    """
    Take up to ``limit`` ready deliveries for the length of a lease, with the circumstances wanted. Where ``only`` names
    some, just those of them that nobody else has, whether or not they rest.
    """

    send: SendId
    limit: int
    wanted: Wanted
    only: tuple[DeliveryId, ...] = ()


@dataclass(frozen=True, slots=True)
class CommitAttempts(Effect[bool]):
    """
    Put attempts on record with the ``decisions`` that let them be made, in the order of their deliveries, and settle
    those of the claim who are in none, in one transaction.

    ``False`` where a fence was stale: nothing is written, nothing may be handed over.
    """

    attempts: tuple[Attempt, ...]
    fences: Mapping[DeliveryId, int]
    settled: tuple[Settled, ...]
    decisions: tuple[Decision, ...] = ()


@dataclass(frozen=True, slots=True)
class HandOver(Effect[tuple[tuple[Outcome, ...] | None, ...]]):
    """
    Give each lot to the provider, several at once where that is possible; one outcome per delivery of each. ``None``
    for a lot that came too late: its approvals or its lease had ended before the first byte, and nothing left.
    """

    lots: tuple[Lot, ...]


@dataclass(frozen=True, slots=True)
class Record(Effect[str | None]):
    """
    Write the outcomes of attempts, in one transaction; repeating it changes nothing. A delivery is settled once in it.
    Where the store cannot, it says why, and is asked again; ``None`` once it is written. At the ``last`` try its fault
    is raised, as everywhere else.
    """

    attempts: tuple[AttemptId, ...]
    settled: tuple[Settled, ...]
    last: bool = False


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
    """
    Settle doubt on the evidence given in ``why``: ``found`` are accepted, ``absent`` ready again, ``undecided`` held,
    and ``resend`` ready again by the policy for what is unknown.
    """

    found: tuple[DeliveryId, ...]
    absent: tuple[DeliveryId, ...]
    undecided: tuple[DeliveryId, ...]
    why: str
    resend: tuple[DeliveryId, ...] = ()


@dataclass(frozen=True, slots=True)
class Reopen(Effect[Reopened | None]):
    """Take an attempt in doubt for a lease, to hand it over once more; ``None`` where another worker has it."""

    attempt: AttemptId
    wanted: Wanted


@dataclass(frozen=True, slots=True)
class Reinstate(Effect[None]):
    """Make rows ready again that were refused for a fault which turned out to be the request's (design D8)."""

    deliveries: tuple[DeliveryId, ...]


@dataclass(frozen=True, slots=True)
class Pause(Effect[None]):
    """Stop the stream and say why."""

    send: SendId
    why: str


@dataclass(frozen=True, slots=True)
class Wait(Effect[None]):
    """
    Let this many seconds pass, for the reason given. Where answers are ``in_hand`` that are nowhere on record yet, it
    is not cut short for anybody who wants the loop to end: it ends once they are.
    """

    seconds: float
    why: str = ""
    in_hand: bool = False


@dataclass(frozen=True, slots=True)
class Finish(Effect[Finished]):
    """Close the send if every row is settled, and count them."""

    send: SendId
