"""Topics: what subscribers choose to hear of at Migma (§1.6). The API says nobody's choices; it takes them."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from ..call import Asked, Call, Told, call, one, rows

__all__ = [
    "Topic",
    "TopicChanges",
    "TopicChoice",
    "TopicDeleted",
    "change",
    "create",
    "delete",
    "get",
    "list_all",
    "subscribe",
    "unsubscribe",
]


class Topic(Told):
    """A topic. ``opt_out``: everybody is subscribed until they leave; ``opt_in``: nobody until they choose it (A7)."""

    id: str
    name: str
    description: str | None = None
    default_subscription: Literal["opt_in", "opt_out"] = "opt_in"
    visibility: str = "public"
    display_order: int = 0
    is_active: bool = True
    created_at: datetime | None = None
    updated_at: datetime | None = None


class TopicChanges(Asked):
    """What to change of a topic; its default is fixed."""

    name: str | None = Field(None, min_length=1)
    description: str | None = None
    visibility: Literal["public", "private"] | None = None
    display_order: int | None = None
    is_active: bool | None = None


class TopicChoice(Told):
    """What a subscriber has chosen now."""

    topic_id: str | None = None
    subscriber_id: str | None = None
    subscribed: bool


class TopicDeleted(Told):
    """Which was deleted."""

    id: str | None = None
    deleted: bool = True


def list_all(project: str, *, include_inactive: bool = True) -> Call[tuple[Topic, ...]]:
    """Every topic of a project, by default also those that are switched off."""
    return call("GET", ("topics",), rows(Topic), query={"projectId": project, "includeInactive": include_inactive})


def get(project: str, topic: str) -> Call[Topic]:
    """One topic, by id."""
    return call("GET", ("topics", topic), one(Topic), query={"projectId": project})


def create(
    project: str,
    name: str,
    *,
    default: Literal["opt_in", "opt_out"],
    visibility: Literal["public", "private"] = "public",
    description: str | None = None,
    display_order: int | None = None,
) -> Call[Topic]:
    """Make a topic. Its default never changes, so it is always said."""
    body = {
        "name": name,
        "defaultSubscription": default,
        "visibility": visibility,
        "description": description,
        "displayOrder": display_order,
        "projectId": project,
    }
    return call("POST", ("topics",), one(Topic), body=body)


def change(project: str, topic: str, changes: TopicChanges) -> Call[Topic]:
    """Change a topic."""
    said = changes.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return call("PATCH", ("topics", topic), one(Topic), body={**said, "projectId": project})


def delete(project: str, topic: str) -> Call[TopicDeleted]:
    """Delete a topic."""
    return call("DELETE", ("topics", topic), one(TopicDeleted), query={"projectId": project})


def subscribe(project: str, topic: str, subscriber: str) -> Call[TopicChoice]:
    """Record that somebody (the id of a contact) joined a topic."""
    return _choose("subscribe", project, topic, subscriber)


def unsubscribe(project: str, topic: str, subscriber: str) -> Call[TopicChoice]:
    """Record that somebody (the id of a contact) left a topic."""
    return _choose("unsubscribe", project, topic, subscriber)


def _choose(what: str, project: str, topic: str, subscriber: str) -> Call[TopicChoice]:
    body = {"subscriberId": subscriber, "projectId": project}
    return call("POST", ("topics", topic, what), one(TopicChoice), body=body)
