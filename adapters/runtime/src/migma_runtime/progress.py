"""Progress: how far a send has come, how fast it goes, and how long it may still take."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from time import monotonic
from typing import Any, Final

from migma_core.delivery import DeliveryState
from migma_core.delivery import effects as e
from migma_core.delivery.delivery import SETTLED

__all__ = ["Progress"]

_WINDOW: Final = 30.0
"""Seconds that the rate looks back: it follows a provider that slows down, and no single batch."""


class Progress:
    """
    A `Watch` that counts: pass it to ``migma.sending.send(watch=…)``, and read it, from any thread, meanwhile.

    ``before`` are the rows by state that an earlier run has left, so that a send that is taken up again begins where it
    stood. It counts what this process does, and what is `add`-ed: rows that other workers settle meanwhile are met once
    it ends.

    >>> seen = Progress({DeliveryState.ACCEPTED: 30, DeliveryState.READY: 70, DeliveryState.WITHHELD: 5})
    >>> seen.settled, seen.planned, seen.rate, seen.seconds_left
    (30, 100, 0.0, None)
    """

    def __init__(
        self, before: Mapping[DeliveryState, int] | None = None, clock: Callable[[], float] = monotonic
    ) -> None:
        going = {state: rows for state, rows in (before or {}).items() if state is not DeliveryState.WITHHELD}
        self.planned = sum(going.values())
        """Everybody who is to be written to, as far as the audience has been read."""
        self.settled = sum(rows for state, rows in going.items() if state in SETTLED)
        """Those of them whose message is accepted, refused, given up or held."""
        self.waiting: str | None = None
        """What is waited for at this moment, if anything is."""
        self._clock = clock
        self._seen = deque([(clock(), self.settled)])

    def __call__(self, effect: e.Effect[Any], answer: Any) -> None:
        """Hear of an effect."""
        self.waiting = effect.why if isinstance(effect, e.Wait) else None
        match effect:
            case e.FanOut():
                self.planned += answer.planned
            case e.CommitAttempts(settled=settled) if answer:
                self.add(_ended(settled))
            case e.Record(settled=settled) if answer is None:
                self.add(_ended(settled))
            case e.Reconcile(found, _, undecided):
                self.add(len(found) + len(undecided))
            case e.Reinstate(deliveries=deliveries):
                self.add(-len(deliveries))
            case _:
                pass  # the other effects settle nobody

    def add(self, rows: int) -> None:
        """Count rows that were settled, here or by another worker."""
        self.settled = max(0, min(self.planned, self.settled + rows))
        now = self._clock()
        self._seen.append((now, self.settled))
        while len(self._seen) > 2 and self._seen[1][0] <= now - _WINDOW:  # noqa: PLR2004 - both ends stay
            self._seen.popleft()

    @property
    def rate(self) -> float:
        """Rows settled in a second, over the last half minute."""
        (since, then), now = self._seen[0], self._clock()
        return max(0, self.settled - then) / (now - since) if now > since else 0.0

    @property
    def seconds_left(self) -> float | None:
        """How long the rest takes at this rate; ``None`` while nobody can tell."""
        rate = self.rate
        return (self.planned - self.settled) / rate if rate > 0 else None


def _ended(settled: Iterable[e.Settled]) -> int:
    return sum(one.state in SETTLED for one in settled)
