"""
Opaque references: random, so that they say nothing about anybody (E-02) but, roughly, at what place of its page a row
was written.
"""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Final

from migma_core.audience.values import microseconds

__all__ = ["OWN_OCTETS", "new_ref", "new_refs", "own_octets", "series_of"]

_WITHIN_48_BITS = (1 << 48) - 1
OWN_OCTETS: Final = 10


def new_ref() -> str:
    """32 random hex digits."""
    return secrets.token_hex(16)


def new_refs(at: datetime, rows: int) -> list[str]:
    """
    References of rows that are written together: 12 hex digits of their moment in milliseconds, as in RFC 9562 §5.7,
    and 20 random ones for each, in their order. They lie in an index as their rows do, where wholly random ones would
    rewrite all of it for every page, and who knows one cannot guess another.
    """
    series, own = series_of(at), own_octets(rows).hex()
    digits = 2 * OWN_OCTETS
    return [series + own[begin : begin + digits] for begin in range(0, rows * digits, digits)]


def series_of(at: datetime) -> str:
    """What the references of one moment have in common."""
    return f"{microseconds(at) // 1_000 & _WITHIN_48_BITS:012x}"


def own_octets(rows: int) -> bytes:
    """What each of so many references has of its own, one after the other, in their order."""
    octets = secrets.token_bytes(rows * OWN_OCTETS)
    return b"".join(sorted(octets[begin : begin + OWN_OCTETS] for begin in range(0, len(octets), OWN_OCTETS)))
