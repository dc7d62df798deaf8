"""Pacing: the streams one send goes through, its provider's and its domain's, asked and told as one (design D11)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from migma_core.delivery.pace import UNLIMITED, Breaker, Granted, Rate, Stream, WarmUp
from migma_core.ports import MeteredProvider, Pace, Provider, Quota

__all__ = ["BREAKER", "Limits", "Pacing", "rate_of"]

BREAKER: Final = Breaker(failures=5, rest=30.0)
"""Five failures in a row, and the provider rests for half a minute, a minute, two … at most an hour."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a send must keep to: the rate of its provider's account, and of its domain while that is warming up."""

    provider: Rate = UNLIMITED
    warm_up: WarmUp | None = None


def rate_of(provider: Provider) -> Rate:
    """
    What a provider says that its account may send in a second, where it says so (`MeteredProvider`); else no limit of
    ours. Of a day's quota the provider itself tells when it is used up, and the stream pauses with its words.
    """
    if not hasattr(provider, "quota"):
        return UNLIMITED
    metered: MeteredProvider = provider  # type: ignore[assignment]  # it has what makes it one
    told = metered.quota()
    return told.rate if isinstance(told, Quota) else UNLIMITED


class Pacing:
    """
    The streams of one send. What goes must be granted by each; the breaker is the provider's.

    ``today`` tells the day of UTC, for the caps of a warm-up.
    """

    def __init__(
        self, pace: Pace, account: str, provider: str, domain: str, limits: Limits, today: Callable[[], date]
    ) -> None:
        self._pace = pace
        self._provider = Stream(account, provider)
        self._domain = Stream(account, provider, domain)
        self._limits = limits
        self._today = today

    def take(self, messages: int) -> Granted:
        """Ask every stream; what one grants and another does not is put back."""
        granted = Granted(messages)
        asked: list[tuple[Stream, int]] = []
        for stream, rate in self._streams():
            given = self._pace.take(stream, granted.messages, rate)
            self._return(asked, granted.messages - given.messages)
            asked = [*((one, given.messages) for one, _ in asked), (stream, given.messages)]
            granted = _both(granted, given)
            if not given.messages:
                break
        return granted

    def put_back(self, messages: int) -> None:
        """Return what was granted and is not sent."""
        self._return([(stream, messages) for stream, _ in self._streams()], messages)

    def hear(self, *, went_through: bool, rest: float) -> None:
        """Tell the provider's stream how a hand-over went."""
        if rest > 0:
            self._pace.rest(self._provider, rest)
        if went_through:
            self._pace.succeeded(self._provider)
        else:
            self._pace.failed(self._provider, BREAKER)

    def _streams(self) -> Sequence[tuple[Stream, Rate]]:
        warm_up = self._limits.warm_up
        cap = None if warm_up is None else warm_up.cap(self._today())
        domain = () if cap is None else ((self._domain, replace(UNLIMITED, per_day=cap)),)
        return ((self._provider, self._limits.provider), *domain)

    def _return(self, asked: Sequence[tuple[Stream, int]], messages: int) -> None:
        for stream, given in asked:
            if given and messages > 0:
                self._pace.put_back(stream, messages)


def _both(one: Granted, other: Granted) -> Granted:
    return Granted(
        min(one.messages, other.messages),
        max(one.wait, other.wait) if other.messages < one.messages else one.wait,
        one.probe or other.probe,
        one.troubled or other.troubled,
    )
