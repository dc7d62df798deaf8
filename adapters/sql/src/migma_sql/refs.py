"""Opaque references: random, so that nothing about anybody can be read from one (E-02)."""

from __future__ import annotations

import secrets
from datetime import datetime

from migma_core.audience.values import microseconds

__all__ = ["new_ref", "new_series"]

_WITHIN_48_BITS = (1 << 48) - 1


def new_ref() -> str:
    """32 random hex digits."""
    return secrets.token_hex(16)


def new_series(at: datetime) -> str:
    """
    How references of rows that are written together begin: 48 bits of the moment in milliseconds, as in RFC 9562 §5.7,
    then 48 random ones. Eight hex digits that count the rows end each.

    They lie beside each other in an index, where random ones would rewrite all of it for every page.
    """
    return f"{microseconds(at) // 1_000 & _WITHIN_48_BITS:012x}{secrets.token_hex(6)}"
