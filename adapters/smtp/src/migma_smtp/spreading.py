"""Spreading: letters over as many connections as there may be, and one outcome for each, in order."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from threading import Lock, Thread
from time import monotonic

from migma_core.delivery import NotSent, Outcome, Rejected, Scope

from .letter import Letter
from .opening import CannotOpen
from .pool import Pool

__all__ = ["spread"]


def spread(letters: Sequence[Letter], pool: Pool, width: int, seconds: float) -> tuple[Outcome, ...]:
    """
    Send each letter once, over ``width`` connections at most, in as many threads.

    No letter is begun after so many seconds: their approvals would grow old. Where the account is refused, nobody else
    is tried; where there is no connection at all, it was tried once, so that a wrong password is not told eight times.
    """
    return _Round(letters, pool, monotonic() + seconds).run(width)


class _Round:
    def __init__(self, letters: Sequence[Letter], pool: Pool, until: float) -> None:
        self._letters, self._pool, self._until = letters, pool, until
        self._outcomes: list[Outcome | None] = [None] * len(letters)
        self._lock = Lock()
        self._next = 0
        self._no_connection: Outcome | None = None
        self._refused: Outcome | None = None

    def run(self, width: int) -> tuple[Outcome, ...]:
        width = min(width, len(self._letters))
        others = [Thread(target=self._work, daemon=True) for _ in range(width - 1)]
        try:
            if not others or self._knock():
                for one in others:
                    with suppress(RuntimeError):  # where no more threads are to be had, fewer send
                        one.start()
                self._work()
        except BaseException:
            self._until = 0.0  # the others finish what they have begun, and no more
            raise
        for one in others:
            if one.ident is not None:
                one.join()
        rest = self._refused or self._no_connection or NotSent("there was no time left to begin", 0.0)
        return tuple(one or rest for one in self._outcomes)

    def _knock(self) -> bool:
        """Open one connection first; where that fails, nobody tries another."""
        try:
            self._pool.give(self._pool.take())
        except CannotOpen as fault:
            self._no_connection = fault.outcome
        return self._no_connection is None

    def _work(self) -> None:
        """Send what is left, letter by letter, until nothing is, or there is no connection for it."""
        while self._goes_on:
            try:
                session = self._pool.take()
            except CannotOpen as fault:
                self._no_connection = fault.outcome
                return
            try:
                if (place := self._draw()) is None:
                    return
                self._put(place, session.transact(self._letters[place]))
            finally:
                self._pool.give(session)

    @property
    def _goes_on(self) -> bool:
        return self._next < len(self._letters) and self._refused is None and monotonic() < self._until

    def _draw(self) -> int | None:
        """The next letter's place, only once there is a connection for it."""
        with self._lock:
            if not self._goes_on:
                return None
            self._next += 1
            return self._next - 1

    def _put(self, place: int, outcome: Outcome) -> None:
        self._outcomes[place] = outcome
        if isinstance(outcome, Rejected) and outcome.scope is Scope.ACCOUNT:
            self._refused = outcome
