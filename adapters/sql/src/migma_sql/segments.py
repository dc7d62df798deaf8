"""Segments, stored as data."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from migma_wire.json import condition_from_json, condition_to_json
from sqlalchemy import Engine, insert, or_, select

from migma_core.audience.contact import ProjectId
from migma_core.audience.segment import Condition, Segment, SegmentId

from .condition import matching
from .engine import reading, writing
from .refs import new_ref
from .schema import segments
from .shapes import AnyRow

__all__ = ["Segments"]


class Segments:
    """The segments of one database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def create(self, project: ProjectId, name: str, condition: Condition, at: datetime) -> Segment:
        """Create a segment. Raises `ValueError` for a name that is taken, or a condition that cannot be kept."""
        segment = Segment(SegmentId(new_ref()), name, condition)
        matching(condition, project, now=at)  # refused now, not when a campaign is sent
        if self.find(project, name) is not None:
            raise ValueError(f"there is a segment named {name!r} already")
        row = {
            "id": segment.id,
            "project_id": project,
            "name": name,
            "condition": condition_to_json(condition),
            "created_at": at,
        }
        with writing(self._engine) as connection:
            connection.execute(insert(segments), row)
        return segment

    def list(self, project: ProjectId) -> Sequence[Segment]:
        """Every segment of the project, by name."""
        query = select(segments).where(segments.c.project_id == project).order_by(segments.c.name)
        with reading(self._engine) as connection:
            return tuple(_segment(row) for row in connection.execute(query))

    def find(self, project: ProjectId, id_or_name: str) -> Segment | None:
        """A segment by id or name."""
        named = or_(segments.c.id == id_or_name, segments.c.name == id_or_name)
        with reading(self._engine) as connection:
            row = connection.execute(select(segments).where(segments.c.project_id == project, named)).first()
        return None if row is None else _segment(row)


def _segment(row: AnyRow) -> Segment:
    return Segment(SegmentId(row.id), row.name, condition_from_json(row.condition))
