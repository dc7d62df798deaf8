"""Opaque references: 128 random bits, so that nothing about anybody can be read from one (E-02)."""

from __future__ import annotations

import secrets

__all__ = ["new_ref"]


def new_ref() -> str:
    """32 random hex digits."""
    return secrets.token_hex(16)
