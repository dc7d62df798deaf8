"""Ports: what the outside must offer the core, as small protocols. Adapters implement them; the core only names them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from .delivery.attempt import Attempt, AttemptId, Parcel
from .delivery.delivery import SendId
from .delivery.effects import AudiencePage, Claimed, Decided, Finished, OpenAttempts, Settled
from .delivery.outcome import Outcome
from .message.message import Batch
from .message.token import DeliveryId

__all__ = ["Capabilities", "Clock", "Ledger", "ListingProvider", "Provider"]


class Clock(Protocol):
    """Tells the time. Nothing in the core reads any other."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        ...


@dataclass(frozen=True, slots=True)
class Capabilities:
    """
    What a provider can carry. What it cannot is refused before sending, never dropped in silence (design D9).

    ``most_messages`` is per hand-over. ``lists_deliveries`` says that it can tell which deliveries it holds.
    """

    name: str
    most_messages: int
    international_local_parts: bool = False
    attachments: bool = True
    lists_deliveries: bool = False


class Provider(Protocol):
    """
    Takes batches to where they go. A refusal or an outage is an answer, not an exception: see `Outcome`.
    """

    @property
    def capabilities(self) -> Capabilities:
        """What it can carry."""
        ...

    def encode(self, batch: Batch, /) -> Parcel:
        """The octets that will leave; pure, and the same for the same batch."""
        ...

    def hand_over(self, batch: Batch, parcel: Parcel, attempt: Attempt, /) -> tuple[Outcome, ...]:
        """Hand the parcel over once, and answer for every message, in the batch's order. Never raises for the world's faults."""
        ...


class ListingProvider(Provider, Protocol):
    """A provider that can say what it holds, so that doubt after a crash can be settled."""

    def holds(self, deliveries: Sequence[DeliveryId], /) -> frozenset[DeliveryId]:
        """Those of the deliveries that it has accepted; absence is proof that it has not."""
        ...


class Ledger(Protocol):
    """
    The record of every send: who was planned, claimed, attempted, and what became of it (design D10).

    Each method is one transaction, durable when it returns. Leases are timed by the store's own clock. Methods answer
    the effects of the same name in `migma_core.delivery.effects`; see there for what each means.
    """

    def read_audience(self, send: SendId, limit: int) -> AudiencePage: ...

    def write_deliveries(self, send: SendId, rows: Sequence[Decided], after: int | None, policy: str) -> None: ...

    def claim(self, send: SendId, limit: int, now: datetime) -> Claimed: ...

    def commit_attempt(
        self, attempt: Attempt | None, fences: dict[DeliveryId, int], settled: Sequence[Settled], now: datetime
    ) -> bool: ...

    def record(self, attempt: AttemptId, settled: Sequence[Settled], now: datetime) -> None: ...

    def give_back(self, fences: dict[DeliveryId, int]) -> None: ...

    def in_flight(self, send: SendId) -> OpenAttempts: ...

    def reconcile(
        self,
        found: Sequence[DeliveryId],
        absent: Sequence[DeliveryId],
        undecided: Sequence[DeliveryId],
        why: str,
        now: datetime,
    ) -> None: ...

    def pause(self, send: SendId, why: str) -> None: ...

    def finish(self, send: SendId, now: datetime) -> Finished: ...
