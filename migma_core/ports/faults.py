"""Faults of a store: what the world does to it, told apart by what helps, in no database's own words."""

from __future__ import annotations

__all__ = ["StoreBusy", "StoreFault", "StoreFull", "StoreUnreachable", "StoreUnusable"]


class StoreFault(RuntimeError):
    """
    A store could not do what it was asked. What was begun was undone: nothing is ever half-written.

    ``in_doubt`` is true where the connection was lost while the store was committing, so that nobody can say whether it
    did. Every step of every port may be repeated, and says by its answer whether it had happened (reliability §13).
    """

    def __init__(self, what: str, *, in_doubt: bool = False) -> None:
        doubt = "; whether the last step was kept is not known, and repeating it does no harm" if in_doubt else ""
        super().__init__(what + doubt)
        self.in_doubt = in_doubt


class StoreBusy(StoreFault):
    """Others held it for too long, or stood in each other's way: repeat the call."""


class StoreFull(StoreFault):
    """There is no room left to write in: free some, then repeat the call."""


class StoreUnreachable(StoreFault):
    """Nobody answers, or the connection broke: repeat the call once the server is back."""


class StoreUnusable(StoreFault):
    """It cannot be written or read as it is (read-only, damaged, or no database): a person has to look."""
