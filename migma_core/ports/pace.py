"""Pace: how fast a stream of messages may go, shared by all workers, as a protocol (design D11)."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import NamedTuple, Protocol

__all__ = ["Breaker", "Granted", "Pace", "Rate", "Stream"]


class Stream(NamedTuple):
    """What a provider counts together: the account's messages through it, of one sending domain or (empty) of all."""

    account: str
    provider: str
    domain: str = ""


@dataclass(frozen=True, slots=True)
class Rate:
    """A token bucket: so many messages a second in the long run, and at most ``burst`` at once."""

    per_second: float
    burst: int

    def __post_init__(self) -> None:
        if not (isfinite(self.per_second) and self.per_second > 0 and self.burst > 0):
            raise ValueError(
                f"a rate is above 0 per second with a burst of 1 or more; {self.per_second} and {self.burst} were given"
            )


@dataclass(frozen=True, slots=True)
class Breaker:
    """Open after ``failures`` in a row, for ``rest`` seconds the first time and twice as long each time after."""

    failures: int
    rest: float
    longest: float = 3600.0

    def __post_init__(self) -> None:
        if not (self.failures > 0 and 0 < self.rest <= self.longest and isfinite(self.longest)):
            raise ValueError(
                f"a breaker opens after 1 or more failures, for a rest above 0 and at most the longest; "
                f"{self.failures}, {self.rest} and {self.longest} were given"
            )


class Granted(NamedTuple):
    """How many messages may go now; if fewer than asked, in how many seconds it is worth asking again."""

    messages: int
    wait: float = 0.0


class Pace(Protocol):
    """
    Token bucket and breaker of each stream, by the store's own clock (reliability §6, §8).

    ``Retry-After`` slows the stream, not the row it was told for. An open breaker lets nothing through; once its
    rest is over, one message goes as a probe, of all workers together.
    """

    def take(self, stream: Stream, messages: int, rate: Rate) -> Granted:
        """Ask to send so many messages now."""
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
