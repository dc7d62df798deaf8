"""The codec: all that is a provider's own. Pure, and total over whatever the world answers (design D7)."""

from __future__ import annotations

from typing import Protocol

from migma_core.delivery import Attempt, Outcome, Parcel
from migma_core.message import Batch
from migma_core.ports import Capabilities

from .domains import DomainCodec
from .exchange import Answer, HttpRequest

__all__ = ["Codec", "VerifyingCodec"]


class Codec(Protocol):
    """Between a batch and one HTTP request, and between its answer and one outcome per message."""

    @property
    def capabilities(self) -> Capabilities:
        """What the provider can carry."""
        ...

    def encode(self, batch: Batch, /) -> Parcel:
        """
        The body that will leave, the same octets for the same batch. Raises `ValueError` for what the provider cannot
        carry, and says how to mend it.
        """
        ...

    def request(self, batch: Batch, parcel: Parcel, attempt: Attempt, /) -> HttpRequest:
        """The one request of this attempt, credentials and idempotency key included."""
        ...

    def decode(self, batch: Batch, answer: Answer, /) -> tuple[Outcome, ...]:
        """One outcome per message, in order, for any status, any octets, and no answer at all. Never raises."""
        ...


class VerifyingCodec(Codec, DomainCodec, Protocol):
    """A codec that can also ask whether a domain may send."""
