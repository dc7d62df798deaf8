"""Projects, where they are kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from ..audience.contact import ProjectId
from ..request.brand import Brand
from ..request.project import Project

__all__ = ["Projects"]


class Projects(Protocol):
    """Projects and their brands."""

    def create(self, name: str, brand: Brand, at: datetime) -> Project: ...

    def get(self, project: ProjectId) -> Project: ...

    def find(self, id_or_name: str) -> Project:
        """Raises `LookupError`."""
        ...

    def all(self) -> Sequence[Project]: ...
