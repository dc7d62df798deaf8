"""Stopping: Ctrl-C, or SIGTERM, ends a send once what is under way is on record."""

from __future__ import annotations

import signal
from threading import Event, current_thread, main_thread
from types import FrameType, TracebackType
from typing import Any, Final, Self

from migma_core.delivery import effects as e

__all__ = ["Stopping"]

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class Stopping:
    """
    Listens to signals within a ``with``. The first one sets ``event``, at which a send ends at its next claim: to break
    off a request to a provider would leave everybody in it in doubt. A second one ends it at once, and so does the
    first where nothing is under way.
    """

    def __init__(self) -> None:
        self.event = Event()
        self._is_idle = True
        self._before: list[tuple[int, Any]] = []

    def watch(self, effect: e.Effect[Any]) -> None:
        """Hear of an effect: nobody is written to while the audience is planned, and while the send waits."""
        self._is_idle = isinstance(effect, e.FanOut | e.Wait)

    def __enter__(self) -> Self:
        if current_thread() is main_thread():  # others hear no signals
            self._before = [(one, signal.signal(one, self._hear)) for one in _SIGNALS]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for one, handler in self._before:
            signal.signal(one, handler)

    def _hear(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        if self._is_idle or self.event.is_set():
            raise KeyboardInterrupt
        self.event.set()
