"""Stopping: Ctrl-C, SIGTERM or SIGHUP ends a send once what is under way is on record."""

from __future__ import annotations

import signal
from threading import Event, current_thread, main_thread
from time import monotonic
from types import FrameType, TracebackType
from typing import Any, Final, Self

from migma_core.delivery import effects as e

__all__ = ["SIGNALS", "Stopping"]

SIGNALS: Final = tuple(
    signal.Signals[name] for name in ("SIGINT", "SIGTERM", "SIGHUP") if name in signal.Signals.__members__
)
"""By which people, service managers and terminals that close ask a program to end."""

_INSISTS_AFTER: Final = 0.5  # seconds; what comes sooner is the same wish, sent to a process and to its group


class Stopping:
    """
    Listens to signals within a ``with``. The first one sets ``event``, at which a send ends at its next claim: to break
    off a request to a provider would leave everybody in it in doubt. A second one ends it at once, and so does the
    first where nothing is under way.
    """

    def __init__(self) -> None:
        self.event = Event()
        self._is_idle = True
        self._heard: float | None = None
        self._before: dict[int, Any] = {}

    def watch(self, effect: e.Effect[Any]) -> None:
        """Hear of an effect: nothing is under way while the audience is planned, and while the send merely waits."""
        self._is_idle = isinstance(effect, e.FanOut) or (isinstance(effect, e.Wait) and not effect.in_hand)

    def __enter__(self) -> Self:
        if current_thread() is main_thread():  # others hear no signals
            for one in SIGNALS:
                if (before := signal.getsignal(one)) is not signal.SIG_IGN:  # nohup, or a script's own background
                    self._before[one] = before
                    signal.signal(one, self._hear)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for one, before in self._before.items():
            signal.signal(one, before or signal.SIG_DFL)  # one that was not Python's cannot be put back

    def _hear(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        first, self._heard = self._heard, self._heard or monotonic()
        if first is None:
            self.event.set()
        if self._is_idle or monotonic() - self._heard >= _INSISTS_AFTER:
            raise KeyboardInterrupt
