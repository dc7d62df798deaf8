"""Clocks: the system's, and one that moves only when told."""

from __future__ import annotations

from .simulated import SimulatedClock
from .system import SystemClock

__all__ = ["SimulatedClock", "SystemClock"]
