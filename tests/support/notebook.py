"""A provider in memory that notes what it takes, and before which a request can be stopped on its way."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from migma_core import Accepted, Attempt, Batch, DeliveryId, NotSent, Outcome, Parcel, Rejected, Scope, Unknown
from migma_core.delivery import Evidence
from migma_core.ports import Capabilities, Clock
from tests.support.ledger_provider import Acceptance

__all__ = ["Notebook", "Way"]

_CAN = Capabilities("notebook", 10)
_KNOWS: Mapping[Evidence, Capabilities] = {
    Evidence.NONE: _CAN,
    Evidence.LISTS: replace(_CAN, lists_deliveries=True),
    Evidence.REPEATS: replace(_CAN, knows_repeats=True),
}


class Way(StrEnum):
    """What becomes of one request: the four outcomes, and the two truths behind an unknown one."""

    TAKEN = "taken"
    TAKEN_UNHEARD = "taken, and the answer lost"
    LOST = "lost on the way there"
    BUSY = "busy"
    BAD_ADDRESS = "bad address"
    SUSPENDED = "account suspended"
    RAISES = "taken, and the adapter raises"


_REFUSALS: Mapping[Way, Outcome] = {
    Way.LOST: Unknown("the connection broke"),
    Way.BUSY: NotSent("too many requests"),
    Way.BAD_ADDRESS: Rejected(Scope.RECIPIENT, "no such mailbox"),
    Way.SUSPENDED: Rejected(Scope.ACCOUNT, "suspended"),
}


def _uninterrupted() -> None:
    """Nobody stops a hand-over."""


@dataclass
class Notebook:
    """
    Implements `Provider`. ``ways`` says what becomes of the request with a number, from 0 on; until ``opens`` all are
    one too many. ``interrupt`` is called
    while a request is on its way, and may raise, or wait.
    """

    evidence: Evidence
    clock: Clock
    ways: Mapping[int, Way] = field(default_factory=dict)
    opens: datetime | None = None
    interrupt: Callable[[], None] = _uninterrupted
    accepted: list[Acceptance] = field(default_factory=list)
    requests: int = 0

    @property
    def capabilities(self) -> Capabilities:
        """As its evidence says."""
        return _KNOWS[self.evidence]

    def encode(self, batch: Batch, /) -> Parcel:
        """Something of every message."""
        words = (f"{one.approval.address} {one.delivery}" for one in batch.messages)
        return Parcel((batch.compiled.digest.encode(), *(one.encode() for one in words)))

    def hand_over(self, batch: Batch, parcel: Parcel, attempt: Attempt, /) -> tuple[Outcome, ...]:
        """Take it, or do as the way says."""
        assert parcel.digest == attempt.body_digest, "other octets were put on record than are handed over"
        self.interrupt()
        number, self.requests = self.requests, self.requests + 1
        way = self.ways.get(number, Way.TAKEN) if self._is_open() else Way.BUSY
        if way not in _REFUSALS:
            self._take(batch, attempt, number)
        if way is Way.RAISES:
            raise ZeroDivisionError("an exception nobody listed")
        outcome = _REFUSALS.get(way, Unknown("no answer") if way is Way.TAKEN_UNHEARD else Accepted(f"n{number}"))
        return (outcome,) * len(batch.messages)

    def holds(self, deliveries: Sequence[DeliveryId], /) -> frozenset[DeliveryId]:
        """Those that it took."""
        assert self.evidence is Evidence.LISTS
        return frozenset(deliveries) & {DeliveryId(one.delivery) for one in self.accepted}

    def _is_open(self) -> bool:
        return self.opens is None or self.clock.now() >= self.opens

    def _take(self, batch: Batch, attempt: Attempt, number: int) -> None:
        key = attempt.idempotency_key if self.evidence is Evidence.REPEATS else None
        if key is not None and any(one.key == key for one in self.accepted):
            return  # the same attempt once more is sent once
        at = self.clock.now().timestamp()
        self.accepted += [
            Acceptance(str(one.approval.address), one.delivery, number, at, key) for one in batch.messages
        ]
