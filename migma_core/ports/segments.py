"""Segments, where they are kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from ..audience.contact import ProjectId
from ..audience.segment import Condition, Segment

__all__ = ["Segments"]


class Segments(Protocol):
    """Audiences described as data."""

    def create(self, project: ProjectId, name: str, condition: Condition, at: datetime) -> Segment: ...

    def list(self, project: ProjectId) -> Sequence[Segment]: ...

    def find(self, project: ProjectId, id_or_name: str) -> Segment | None: ...
