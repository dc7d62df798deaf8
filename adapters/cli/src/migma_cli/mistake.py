"""Mistakes: what a command cannot do as it was asked."""

from __future__ import annotations

__all__ = ["Mistake"]


class Mistake(ValueError):
    """The command cannot be carried out; the text says what, why and how to mend it."""
