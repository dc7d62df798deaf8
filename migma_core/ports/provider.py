"""Providers: what takes messages to where they go, as a protocol."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ..delivery.attempt import Attempt, Parcel
from ..delivery.outcome import Outcome
from ..message.message import Batch
from ..message.token import DeliveryId
from ..request.provider import Capabilities
from .quota import Quota

__all__ = ["Capabilities", "ListingProvider", "MeteredProvider", "Provider", "VerifyingProvider"]


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
        """
        Hand the parcel over once; one answer for each of ``batch.deliveries``, in order. Never raises for the world's
        faults.
        """
        ...


class ListingProvider(Provider, Protocol):
    """A provider that can say what it holds, so that doubt after a crash can be settled."""

    def holds(self, deliveries: Sequence[DeliveryId], /) -> frozenset[DeliveryId]:
        """Those of the deliveries that it has accepted; absence is proof that it has not."""
        ...


class VerifyingProvider(Provider, Protocol):
    """A provider that knows which domains may send through it."""

    def domain_fault(self, name: str, /) -> str | None:
        """Why mail from this domain cannot leave there, or why that cannot be told; ``None`` where it can."""
        ...


class MeteredProvider(Provider, Protocol):
    """A provider that says how much its account may send."""

    def quota(self) -> Quota | str:
        """What the account may send and has sent, or why nobody can tell."""
        ...
