"""Holding: what is ours for the length of a lease is renewed while we work on it, and let go where it is another's."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from math import inf
from threading import Event
from time import monotonic
from typing import Final

from migma_core.ports import StoreFault

from .performing import Ports

__all__ = ["Hold"]

_PARTS_OF_A_LEASE: Final = 3


class Hold:
    """
    Something in hand. ``keep`` renews its lease and is asked in time, by the process's own steady clock; it is over
    where that says that another took over, or where it is to ``stop``. What needs no lease is only stopped.
    """

    def __init__(
        self, keep: Callable[[], bool] = lambda: True, lease_seconds: float = inf, stop: Event | None = None
    ) -> None:
        self._keep = keep
        self._every = lease_seconds / _PARTS_OF_A_LEASE
        self._stop = stop
        self._kept = monotonic()
        self._ours = True

    def is_over(self) -> bool:
        """Whether to claim nothing more."""
        return not self._ours or (self._stop is not None and self._stop.is_set())

    def beat(self) -> None:
        """
        Renew the lease, if it is time. A store that cannot is asked again at the next beat: what is in hand is to be
        recorded, whoever holds what by then.
        """
        if self._ours and monotonic() - self._kept >= self._every:
            with suppress(StoreFault):
                self._ours = self._keep()
                self._kept = monotonic()

    def of(self, ports: Ports) -> Ports:
        """The outside of a send that is carried out for as long as this is ours."""
        return replace(ports, beat=self.beat, stopping=self.is_over)
