"""Pace: how fast a stream of messages may go, shared by all workers, as a protocol (design D11)."""

from __future__ import annotations

from typing import Protocol

from ..delivery.pace import Breaker, Granted, Rate, Stream

__all__ = ["Breaker", "Granted", "Pace", "Rate", "Stream"]


class Pace(Protocol):
    """
    Token bucket and breaker of each stream, by the store's own clock (reliability §6, §8).

    ``Retry-After`` slows the stream, not the row it was told for. An open breaker lets nothing through; once its
    rest is over, one message goes as a probe, of all workers together.
    """

    def take(self, stream: Stream, messages: int, rate: Rate) -> Granted:
        """Ask to send so many messages now."""
        ...

    def put_back(self, stream: Stream, messages: int) -> None:
        """Return what was granted and not sent; a probe that was not made may be made by another."""
        ...

    def rest(self, stream: Stream, seconds: float) -> None:
        """Let nothing through for so long; a longer rest that was asked for already stands."""
        ...

    def failed(self, stream: Stream, breaker: Breaker) -> bool:
        """A hand-over failed for a reason that is nobody's in particular. Whether the breaker is open now."""
        ...

    def succeeded(self, stream: Stream) -> None:
        """A hand-over went through: failures are counted anew, and the breaker closes."""
        ...
