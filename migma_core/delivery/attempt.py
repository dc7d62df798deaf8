"""Attempts: one provider request, on record before its first byte leaves (design D10; reliability §3)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, NewType

from ..message.approval import APPROVAL_LIFE
from ..message.compile import COMPILER
from ..message.message import Batch
from ..message.token import DeliveryId
from .delivery import SendId

__all__ = ["Attempt", "AttemptId", "Lot", "Parcel", "attempt_of"]

AttemptId = NewType("AttemptId", str)


@dataclass(frozen=True, slots=True)
class Parcel:
    """A batch encoded for one provider: the octets that will leave, in one or several bodies."""

    bodies: tuple[bytes, ...]

    @property
    def digest(self) -> str:
        """SHA-256 of all bodies, in order, as hex."""
        digest = hashlib.sha256()
        for body in self.bodies:
            digest.update(len(body).to_bytes(8, "big") + body)
        return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class Attempt:
    """
    What is written down before the provider is asked: enough to repeat the very same bytes, and to settle doubt.

    ``deliveries`` keeps the order of the batch; ``values`` are the recipients' values as they were, empty for copies.
    """

    id: AttemptId
    send: SendId
    provider: str
    deliveries: tuple[DeliveryId, ...]
    content: str
    compiler: int
    token_key: int
    composed_at: datetime
    body_digest: str
    values: tuple[Mapping[str, str], ...]

    @property
    def idempotency_key(self) -> str:
        """For providers that know such keys: derived from our row, versioned, never used for another."""
        return f"migma/v1/{self.id}"


class Lot(NamedTuple):
    """What is handed over at once: a batch, its octets, and the attempt on record for it."""

    batch: Batch
    parcel: Parcel
    attempt: Attempt

    @property
    def members(self) -> tuple[DeliveryId, ...]:
        """The deliveries in it, in the order of the batch and of the outcomes."""
        return self.attempt.deliveries

    @property
    def claimed_at(self) -> datetime:
        """The claim's moment, from which its approvals live."""
        return self.batch.expires - APPROVAL_LIFE


def attempt_of(
    send: SendId, provider: str, batch: Batch, parcel: Parcel, fences: Sequence[int], token_key: int
) -> Attempt:
    """Describe the attempt to hand over this batch; ``fences`` are those of its deliveries, in order."""
    deliveries = batch.deliveries
    identity = hashlib.sha256(repr((send, tuple(zip(deliveries, fences, strict=True)))).encode()).hexdigest()[:32]
    return Attempt(
        AttemptId(identity),
        send,
        provider,
        deliveries,
        batch.compiled.digest,
        COMPILER,
        token_key,
        batch.moment,
        parcel.digest,
        tuple(_values(batch)),
    )


def _values(batch: Batch) -> Iterable[Mapping[str, str]]:
    for message in batch.messages:
        yield message.values
        yield from ({} for _ in message.copies)
