"""Transports: any callable from a request to its answer will do; limits that ours share."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

from .exchange import Answer, HttpRequest, NoAnswer, Sent

__all__ = ["AsyncTransport", "Limits", "Transport", "unforeseen"]

Transport: TypeAlias = Callable[[HttpRequest], Answer]
"""Makes exactly one HTTP request, follows no redirect, and answers. What it raises counts as `Sent.MAYBE`."""

AsyncTransport: TypeAlias = Callable[[HttpRequest], Awaitable[Answer]]
"""The same, awaited."""


@dataclass(frozen=True, slots=True)
class Limits:
    """
    How long, in seconds, and how much, in octets, a transport puts up with; ``connections`` are kept open at most.

    ``whole`` ends an exchange, answer read or not. It is well below the minute an approval lives (design D10).
    """

    connect: float = 5.0
    whole: float = 20.0
    body: int = 1_000_000
    connections: int = 32

    def __post_init__(self) -> None:
        if not 0 < self.connect <= self.whole <= 60:  # noqa: PLR2004 - D10: a claim lives for a minute
            raise ValueError("limits in seconds go up: 0 < connect <= whole <= 60")
        if self.body < 1 or self.connections < 1:
            raise ValueError("a body holds at least one octet, and there is at least one connection")


def unforeseen(fault: BaseException) -> NoAnswer:
    """An exception that nobody listed: it may have come after the bytes left (design D7)."""
    return NoAnswer(Sent.MAYBE, f"{type(fault).__name__} during the request")
