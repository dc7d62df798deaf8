"""Measuring: two ways of doing the same, by turns in one process, and the median of their ratios run by run."""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import Any

__all__ = ["ROUNDS", "Figure", "ceiling", "floor", "median_ms", "ratio_of"]

ROUNDS = 15


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure and what is asked of it."""

    name: str
    measured: float
    bound: float
    is_floor: bool
    unit: str = "×"

    @property
    def holds(self) -> bool:
        """Whether it is what was asked."""
        return self.measured >= self.bound if self.is_floor else self.measured <= self.bound

    def __str__(self) -> str:
        sign = "at least" if self.is_floor else "at most"
        verdict = "holds" if self.holds else "MISSED"
        return f"{self.name:<74} {self.measured:8.2f} {self.unit:<2} {sign} {self.bound:6.2f} {self.unit:<2} {verdict}"


def floor(name: str, measured: float, bound: float) -> Figure:
    """A figure that must not fall below its bound."""
    return Figure(name, measured, bound, is_floor=True)


def ceiling(name: str, measured: float, bound: float, unit: str = "×") -> Figure:
    """A figure that must not rise above its bound."""
    return Figure(name, measured, bound, is_floor=False, unit=unit)


def ratio_of(peer: Callable[[], Any], ours: Callable[[], Any], rounds: int = ROUNDS) -> float:
    """How many times faster ours is than the peer: above 1 it is faster. The first round of each warms up."""
    peer(), ours()
    ratios = []
    for turn in range(rounds):
        first, second = (peer, ours) if turn % 2 == 0 else (ours, peer)
        one, other = _seconds(first), _seconds(second)
        ratios.append(one / other if turn % 2 == 0 else other / one)
    return median(ratios)


def median_ms(work: Callable[[], Any], rounds: int = ROUNDS) -> float:
    """The median time of one call, in milliseconds."""
    return median(_seconds(work) for _ in range(rounds)) * 1000


def _seconds(work: Callable[[], Any]) -> float:
    gc.collect()
    gc.disable()
    try:
        start = perf_counter()
        work()
        return perf_counter() - start
    finally:
        gc.enable()
