"""Tags: labels of contacts at Migma (§1.4)."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from ..call import Asked, Call, Page, Told, call, one, paged, pages

__all__ = ["Tag", "TagChanges", "TagDeleted", "change", "create", "delete", "get", "list_page"]


class Tag(Told):
    """A label, and how many hold it."""

    id: str
    name: str
    color: str | None = None
    description: str | None = None
    subscriber_count: int = 0
    created_at: datetime | None = None
    updated_at: datetime | None = None


class TagChanges(Asked):
    """What to change of a tag."""

    name: str | None = Field(None, min_length=1, max_length=100)
    color: str | None = None
    description: str | None = Field(None, max_length=500)


class TagDeleted(Told):
    """Which was deleted."""

    id: str | None = None
    deleted: bool = True


def list_page(
    project: str,
    *,
    page: int = 1,
    limit: int = 100,
    search: str | None = None,
    sort_by: Literal["createdAt", "name"] | None = None,
    sort_order: Literal["asc", "desc"] | None = None,
) -> Call[Page[Tag]]:
    """Tags of a project, a page of them."""
    query = {"projectId": project, **pages(page, limit), "search": search, "sortBy": sort_by, "sortOrder": sort_order}
    return call("GET", ("tags",), paged(Tag), query=query)


def get(project: str, tag: str) -> Call[Tag]:
    """One tag, by id."""
    return call("GET", ("tags", tag), one(Tag), query={"projectId": project})


def create(project: str, name: str, *, color: str | None = None, description: str | None = None) -> Call[Tag]:
    """Make a tag."""
    body = {"name": name, "color": color, "description": description, "projectId": project}
    return call("POST", ("tags",), one(Tag), body=body)


def change(project: str, tag: str, changes: TagChanges) -> Call[Tag]:
    """Change a tag."""
    said = changes.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return call("PATCH", ("tags", tag), one(Tag), body={**said, "projectId": project})


def delete(project: str, tag: str) -> Call[TagDeleted]:
    """Delete a tag; those who held it stay."""
    return call("DELETE", ("tags", tag), one(TagDeleted), query={"projectId": project})
