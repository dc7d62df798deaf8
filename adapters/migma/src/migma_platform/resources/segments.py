"""Segments: audiences described by filters at Migma (§1.5); `migma_wire.filter_to_json` writes a condition as such."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import Field

from ..call import Asked, Call, Page, Told, call, one, paged, pages

__all__ = ["Segment", "SegmentChanges", "SegmentDeleted", "change", "create", "delete", "get", "list_page"]


class Segment(Told):
    """An audience, and how many are in it now."""

    id: str
    name: str
    description: str | None = None
    filters: Mapping[str, Any] = {}
    count: int | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None


class SegmentChanges(Asked):
    """What to change of a segment."""

    name: str | None = Field(None, min_length=1, max_length=200)
    description: str | None = Field(None, max_length=500)
    filters: Mapping[str, Any] | None = None


class SegmentDeleted(Told):
    """Which was deleted."""

    id: str | None = None
    deleted: bool = True


def list_page(project: str, *, page: int = 1, limit: int = 100, search: str | None = None) -> Call[Page[Segment]]:
    """Segments of a project, a page of them."""
    query = {"projectId": project, **pages(page, limit), "search": search}
    return call("GET", ("segments",), paged(Segment), query=query)


def get(project: str, segment: str) -> Call[Segment]:
    """One segment, by id."""
    return call("GET", ("segments", segment), one(Segment), query={"projectId": project})


def create(
    project: str, name: str, filters: Mapping[str, Any] | None = None, *, description: str | None = None
) -> Call[Segment]:
    """Make a segment; without filters it holds everybody."""
    body = {"name": name, "filters": dict(filters or {}), "description": description, "projectId": project}
    return call("POST", ("segments",), one(Segment), body=body)


def change(project: str, segment: str, changes: SegmentChanges) -> Call[Segment]:
    """Change a segment."""
    said = changes.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return call("PATCH", ("segments", segment), one(Segment), body={**said, "projectId": project})


def delete(project: str, segment: str) -> Call[SegmentDeleted]:
    """Delete a segment; those who are in it stay."""
    return call("DELETE", ("segments", segment), one(SegmentDeleted), query={"projectId": project})
