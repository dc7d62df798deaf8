"""The stand-in's routes about tags, segments and topics."""

from __future__ import annotations

from typing import Any

from .routes import Asked, listed, route
from .world import Refusal, Row, World

__all__ = ["tags"]


@route("GET", "tags", "audience:read")
def tags(world: World, asked: Asked) -> Any:
    """A page of tags."""
    found = [_counted(world, one) for one in _of(world, world.tags, asked)]
    return listed(found, asked.query)


@route("POST", "tags", "audience:write")
def add_tag(world: World, asked: Asked) -> Any:
    """Make a tag."""
    project, name = asked.project(world), asked.required("name", most=100)
    if any(one["name"] == name for one in _of(world, world.tags, asked)):
        raise Refusal(409, "there is a tag of this name")
    return 201, world.tag(project, name, **asked.said("color", "description"))


@route("POST", "segments", "audience:write")
def add_segment(world: World, asked: Asked) -> Any:
    """Make a segment."""
    made: Row = {"id": world.new_id(), "projectId": asked.project(world), "name": asked.required("name", most=200)}
    made |= {"filters": asked.body.get("filters") or {}, **asked.said("description"), "createdAt": world.stamp()}
    world.segments[made["id"]] = made
    return 201, made


@route("GET", "segments", "audience:read")
def segments(world: World, asked: Asked) -> Any:
    """A page of segments."""
    return listed(_of(world, world.segments, asked), asked.query)


@route("GET", "topics", "audience:read")
def topics(world: World, asked: Asked) -> Any:
    """Every topic, by their order; those switched off only where asked for."""
    everything = asked.query.get("includeInactive") == "true"
    found = [one for one in _of(world, world.topics, asked) if one["isActive"] or everything]
    return 200, sorted(found, key=lambda one: one["displayOrder"]), {"count": len(found)}


@route("POST", "topics", "audience:write")
def add_topic(world: World, asked: Asked) -> Any:
    """Make a topic."""
    made = {
        "id": world.new_id(),
        "projectId": asked.project(world),
        "name": asked.required("name", most=200),
        "defaultSubscription": asked.body.get("defaultSubscription") or "opt_out",
        "visibility": asked.body.get("visibility") or "public",
        "displayOrder": asked.body.get("displayOrder") or 0,
        "isActive": True,
        **asked.said("description"),
        "createdAt": world.stamp(),
    }
    world.topics[made["id"]] = made
    return 201, made


@route("POST", "topics/{id}/subscribe", "audience:write")
@route("POST", "topics/{id}/unsubscribe", "audience:write")
def choose(world: World, asked: Asked) -> Any:
    """Record somebody's choice."""
    who, joined = asked.required("subscriberId"), asked.path.endswith("/subscribe")
    if asked.id not in world.topics or who not in world.contacts:
        raise Refusal(404, "there is no such topic or contact")
    world.choices[asked.id, who] = joined
    return {"topicId": asked.id, "subscriberId": who, "subscribed": joined}


def _kept(kind: str) -> None:
    """The routes that every table of a project has in common."""

    def table(world: World) -> dict[str, Row]:
        found: dict[str, Row] = getattr(world, kind)
        return found

    def row(world: World, asked: Asked) -> Row:
        found = table(world).get(asked.id)
        if found is None:
            raise Refusal(404, f"there is no such thing among {kind}")
        return found

    @route("GET", f"{kind}/{{id}}", "audience:read")
    def get_one(world: World, asked: Asked) -> Any:
        return row(world, asked)

    @route("PATCH", f"{kind}/{{id}}", "audience:write")
    def change_one(world: World, asked: Asked) -> Any:
        if kind == "topics" and "defaultSubscription" in asked.body:
            raise Refusal(400, "defaultSubscription is fixed when a topic is made")
        said = {name: value for name, value in asked.body.items() if name != "projectId"}
        found = row(world, asked)
        found.update(said, updatedAt=world.stamp())
        return found

    @route("DELETE", f"{kind}/{{id}}", "audience:write")
    def delete_one(world: World, asked: Asked) -> Any:
        del table(world)[row(world, asked)["id"]]
        return {"id": asked.id, "deleted": True}


for _name in ("tags", "segments", "topics"):
    _kept(_name)


def _of(world: World, table: dict[str, Row], asked: Asked) -> list[Row]:
    project = asked.project(world)
    return [one for one in table.values() if one["projectId"] == project]


def _counted(world: World, tag: Row) -> Row:
    holders = [one for one in world.people(tag["projectId"]) if tag["name"] in one["tags"]]
    return {**tag, "subscriberCount": len(holders)}
