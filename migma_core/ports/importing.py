"""An import: rows that were read of a list, and what became of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from ..audience.intake import ContactDraft
from ..audience.suppression import SuppressionReason

__all__ = ["ImportReport", "Incoming", "RefusedRow", "Row"]


class Row(NamedTuple):
    """A row of a list that can be read; ``suppress`` where it claims more than a status can say (a complaint)."""

    line: int
    draft: ContactDraft
    suppress: SuppressionReason | None = None


class RefusedRow(NamedTuple):
    """A row of a list that cannot be used, and why."""

    line: int
    value: str
    reason: str


Incoming: TypeAlias = Row | RefusedRow


@dataclass(frozen=True, slots=True)
class ImportReport:
    """
    An import so far. ``total`` rows = created + updated + skipped + refused; ``noted`` of them did not get all they
    asked for, such as a status.
    """

    total: int = 0
    created: int = 0
    updated: int = 0
    skipped: int = 0
    refused: int = 0
    noted: int = 0
