"""Turns: where a worker can be stopped, and what happens to it there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

__all__ = ["Killed", "Places", "Turn", "dies_before"]


class Turn(Protocol):
    """Called before each effect of a worker and (``done``) before its answer is seen; it may wait, or raise."""

    def __call__(self, effect: str, /, *, done: bool) -> None: ...


class Killed(BaseException):
    """The process is gone: nothing of it catches this, and nothing is written after it."""


class Places:
    """Counts the places where a worker can be stopped, and does something at one of them: it dies, if nothing else."""

    def __init__(self, at: int | None = None, what: Callable[[], object] | None = None) -> None:
        self.passed = 0
        self._at, self._what = at, what or self._die

    def __call__(self, _: str, *, done: bool) -> None:
        if self.passed == self._at:
            self._at = None
            self._what()
        self.passed += 1

    @staticmethod
    def _die() -> None:
        raise Killed


def dies_before(effect: str) -> Turn:
    """Has a worker die before the first effect of this name."""

    def turn(next_one: str, *, done: bool) -> None:
        if next_one == effect:
            raise Killed

    return turn
