"""The ledger: the record of every send, as a protocol."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from ..decision.circumstances import Wanted
from ..decision.policy import Policy
from ..decision.record import Decision
from ..delivery.attempt import Attempt, AttemptId
from ..delivery.delivery import DeliveryState, SendId
from ..delivery.effects import Claimed, FannedOut, Finished, OpenAttempts, Reopened, Settled
from ..message.token import DeliveryId

__all__ = ["Ledger"]


class Ledger(Protocol):
    """
    The record of every send: who was planned, claimed, attempted, and what became of it (design D10).

    Each method is one transaction, durable when it returns; pages of deliveries and claims may be so only once the next
    method returns that is, since an attempt is on record before anything leaves. A claim may read its facts in a second
    one, never before the rows are taken. Leases are timed by the store's own clock. Methods answer the effects of the
    same name in `migma_core.delivery.effects`; see there for what each means.
    """

    def fan_out(self, send: SendId, limit: int, policy: Policy, now: datetime) -> FannedOut: ...

    def claim(
        self, send: SendId, limit: int, wanted: Wanted, now: datetime, only: Sequence[DeliveryId] = ()
    ) -> Claimed: ...

    def commit_attempts(
        self,
        attempts: Sequence[Attempt],
        fences: Mapping[DeliveryId, int],
        settled: Sequence[Settled],
        decisions: Sequence[Decision],
        now: datetime,
    ) -> bool: ...

    def renew(self, attempts: Sequence[AttemptId]) -> None:
        """
        Begin the leases of these attempts anew, as far as their rows still wait for the answer: whoever awaits one is
        alive, and nothing of it is in doubt (reliability §6).
        """
        ...

    def record(self, attempts: Sequence[AttemptId], settled: Sequence[Settled], now: datetime) -> None: ...

    def give_back(self, fences: Mapping[DeliveryId, int]) -> None: ...

    def in_flight(self, send: SendId) -> OpenAttempts: ...

    def reconcile(
        self,
        found: Sequence[DeliveryId],
        absent: Sequence[DeliveryId],
        undecided: Sequence[DeliveryId],
        why: str,
        now: datetime,
        resend: Sequence[DeliveryId] = (),
    ) -> None: ...

    def reopen(self, attempt: AttemptId, wanted: Wanted, now: datetime) -> Reopened | None: ...

    def reinstate(self, deliveries: Sequence[DeliveryId], now: datetime) -> None: ...

    def decide_held(
        self, send: SendId, deliveries: Sequence[DeliveryId], state: DeliveryState, why: str, now: datetime
    ) -> int:
        """
        Settle held rows of the send by a person's word: accepted, rejected, or ready to be sent again; how many were.
        """
        ...

    def pause(self, send: SendId, why: str) -> None: ...

    def finish(self, send: SendId, now: datetime) -> Finished: ...
