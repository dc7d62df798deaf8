"""Workers that go on when they are told, one effect at a time: every order of their steps can be played."""

from __future__ import annotations

from collections.abc import Callable
from threading import Semaphore, Thread, current_thread
from typing import Final, cast

from tests.support.turns import Killed, Turn

__all__ = ["WIRE", "Worker", "on_the_way"]

WIRE: Final = "the wire"
"""Where a worker stops whose request is on its way."""

_PATIENCE = 60.0


class Worker(Thread):
    """
    A worker in a thread of its own, which moves from one stop to the next by `move` alone: before each effect, and in
    the middle of a hand-over. ``works`` is given the turn to call at each stop.
    """

    def __init__(self, works: Callable[[Turn], None]) -> None:
        super().__init__(daemon=True)
        self._works = works
        self._go, self._stopped = Semaphore(0), Semaphore(0)
        self._dies = False
        self.at = ""
        self.is_over = False
        self.failed: BaseException | None = None
        self.start()
        self._wait()

    def move(self) -> None:
        """Take one step, to the next stop or to the end. Raises what the worker raised."""
        assert not self.is_over, "who is through takes no steps"
        self._go.release()
        self._wait()
        if self.failed is not None:
            raise self.failed

    def finish(self) -> None:
        """Take all steps that are left."""
        while not self.is_over:
            self.move()

    def die(self) -> None:
        """Be gone, at the stop reached."""
        if not self.is_over:
            self._dies = True
            self.move()

    def stop(self, at: str) -> None:
        """Wait at this place until it is this worker's turn again."""
        self.at = at
        self._stopped.release()
        assert self._go.acquire(timeout=_PATIENCE), "nobody says how it goes on"
        if self._dies:
            raise Killed

    def run(self) -> None:
        """The thread's own part."""
        try:
            self.stop("the start")
            self._works(self._before)
        except Killed:
            pass
        except BaseException as failed:  # noqa: BLE001 - told to whoever moves it
            self.failed = failed
        self.is_over = True
        self._stopped.release()

    def _before(self, effect: str, *, done: bool) -> None:
        if not done:  # nothing can happen between an answer and the next effect: the loop does no I/O
            self.stop(effect)

    def _wait(self) -> None:
        assert self._stopped.acquire(timeout=_PATIENCE), "the worker hangs"


def on_the_way() -> None:
    """For a provider: the worker whose request is on its way stops here."""
    cast("Worker", current_thread()).stop(WIRE)
