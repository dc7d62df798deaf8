"""The drivers of the sending loop, one of each colour: they perform effects, and decide nothing (design D7)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias, TypeVar

from migma_core.delivery import effects as e
from migma_core.delivery.steps import Steps

from .telling import told

__all__ = ["Watch", "drive", "drive_async"]

T = TypeVar("T")

Watch: TypeAlias = Callable[[e.Effect[Any], Any], None]
"""Called after each effect with its answer, and before a wait, which has none: progress, logs."""


def _nobody(effect: e.Effect[Any], answer: Any) -> None:
    """Nobody watches."""


def drive(steps: Steps[T], perform: Callable[[e.Effect[Any]], Any], watch: Watch | None = None) -> T:
    """
    Run the steps to their end: perform each effect, send its answer back, and return what the steps return. Each effect
    is told to the log, and traced.
    """
    answer: Any = None
    while True:
        try:
            effect = steps.send(answer)
        except StopIteration as end:
            result: T = end.value
            return result
        if isinstance(effect, e.Wait):
            (watch or _nobody)(effect, None)
        with told(effect) as answered:
            answer = perform(effect)
            answered(answer)
        if not isinstance(effect, e.Wait):
            (watch or _nobody)(effect, answer)


async def drive_async(
    steps: Steps[T], perform: Callable[[e.Effect[Any]], Awaitable[Any]], watch: Watch | None = None
) -> T:
    """The same for an event loop: each effect is awaited."""
    answer: Any = None
    while True:
        try:
            effect = steps.send(answer)
        except StopIteration as end:
            result: T = end.value
            return result
        if isinstance(effect, e.Wait):
            (watch or _nobody)(effect, None)
        with told(effect) as answered:
            answer = await perform(effect)
            answered(answer)
        if not isinstance(effect, e.Wait):
            (watch or _nobody)(effect, answer)
