"""The inbox: what providers report, kept as it came before anybody reads it, as a protocol."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ..audience.address import hidden_characters

__all__ = ["Inbox", "InboxEvent", "ReceivedEvent"]

_LONGEST = 255


@dataclass(frozen=True, slots=True)
class ReceivedEvent:
    """
    One event in a provider's own octets, and the key by which the provider tells it from all others.

    The octets are kept unread: what nobody can parse today can be read after a mend (reliability §9).
    """

    key: str
    body: bytes

    def __post_init__(self) -> None:
        if not 0 < len(self.key) <= _LONGEST or hidden_characters(self.key):
            raise ValueError(f"an event's key has 1 to {_LONGEST} visible characters; {len(self.key)} were given")


@dataclass(frozen=True, slots=True)
class InboxEvent:
    """An event that waits, under the store's own number; ``why`` says what kept it from being handled before."""

    number: int
    provider: str
    event: ReceivedEvent
    received_at: datetime
    why: str | None = None


class Inbox(Protocol):
    """
    Events of providers, each once however often it is delivered (reliability §10).

    An event is kept first and handled later. Its effects merge by a join, so whoever dies between handling one and
    saying so does no harm: it is handled again.
    """

    def receive(self, provider: str, events: Sequence[ReceivedEvent], at: datetime) -> int:
        """Keep those not seen before, in their order; how many were new. Durable when it returns."""
        ...

    def waiting(self, limit: int = 100, *, after: int = 0) -> Sequence[InboxEvent]:
        """The next events nobody has handled, in the order they came; those in quarantine are not among them."""
        ...

    def handled(self, number: int, at: datetime) -> None:
        """The event has had its effect. Its key is remembered, its octets need not be."""
        ...

    def quarantine(self, number: int, why: str, at: datetime) -> None:
        """Set an event aside that cannot be understood, so that it holds up no other."""
        ...

    def quarantined(self, limit: int = 100, *, after: int = 0) -> Sequence[InboxEvent]:
        """The next events set aside, each with why."""
        ...

    def release(self, number: int) -> bool:
        """Let an event wait again, after a mend; ``False`` where it is not in quarantine."""
        ...

    def forget(self, before: datetime) -> int:
        """
        Drop what was handled before then; how many. Providers repeat themselves: keep 35 days and more (reliability
        §10).
        """
        ...
