"""Tags, where they are kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ..audience.contact import ProjectId

__all__ = ["Tag", "Tags"]


@dataclass(frozen=True, slots=True)
class Tag:
    """A label, and how many contacts hold it."""

    id: str
    name: str
    holders: int = 0
    description: str = ""


class Tags(Protocol):
    """Labels."""

    def create(self, project: ProjectId, name: str, at: datetime, description: str = "") -> Tag: ...

    def list(self, project: ProjectId) -> Sequence[Tag]: ...

    def find(self, project: ProjectId, id_or_name: str) -> Tag | None: ...
