"""The clock: the only source of time, as a protocol."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

__all__ = ["Clock"]


class Clock(Protocol):
    """Tells the time. Nothing in the core reads any other."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        ...

    def sleep(self, seconds: float, /) -> None:
        """Let time pass; a simulated clock moves on by itself."""
        ...
