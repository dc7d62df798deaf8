"""Opt-ins that wait for their confirmation, where they are kept."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from ..audience.opt_in import OptIn, OptInId

__all__ = ["OptIns"]


class OptIns(Protocol):
    """What people asked for through a mailed link, until they confirm it from their mailbox (F-04)."""

    def ask(self, opt_in: OptIn) -> None:
        """Write it down; nothing else changes. Raises `LookupError` for nobody's wish."""
        ...

    def get(self, opt_in: OptInId) -> OptIn | None: ...

    def confirm(self, opt_in: OptInId, at: datetime) -> bool:
        """
        Put it in force, all or nothing, with its evidence; ``False`` where it was before, and nothing changes then.

        Raises `ValueError` where something stands that it does not end, `LookupError` where it is gone.
        """
        ...
