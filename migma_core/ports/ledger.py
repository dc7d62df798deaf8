"""The ledger: the record of every send, as a protocol."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from ..decision.circumstances import Wanted
from ..decision.record import Decision
from ..delivery.attempt import Attempt, AttemptId
from ..delivery.delivery import SendId
from ..delivery.effects import AudiencePage, Claimed, Decided, Finished, OpenAttempts, Settled
from ..message.token import DeliveryId

__all__ = ["Ledger"]


class Ledger(Protocol):
    """
    The record of every send: who was planned, claimed, attempted, and what became of it (design D10).

    Each method is one transaction, durable when it returns. Leases are timed by the store's own clock. Methods answer
    the effects of the same name in `migma_core.delivery.effects`; see there for what each means.
    """

    def read_audience(self, send: SendId, limit: int, wanted: Wanted, now: datetime) -> AudiencePage: ...

    def write_deliveries(self, send: SendId, rows: Sequence[Decided], after: int | None, now: datetime) -> None: ...

    def claim(self, send: SendId, limit: int, wanted: Wanted, now: datetime) -> Claimed: ...

    def commit_attempt(
        self,
        attempt: Attempt | None,
        fences: Mapping[DeliveryId, int],
        settled: Sequence[Settled],
        decisions: Sequence[Decision],
        now: datetime,
    ) -> bool: ...

    def record(self, attempt: AttemptId, settled: Sequence[Settled], now: datetime) -> None: ...

    def give_back(self, fences: Mapping[DeliveryId, int]) -> None: ...

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
