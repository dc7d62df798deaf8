"""``migma tags``, ``migma segments``, ``migma topics``: how an audience is divided."""

from __future__ import annotations

from typing import Annotated

from cyclopts import App, Parameter
from migma_wire import filter_from_json, from_json

from migma_core.audience import AllOf, Condition, DefaultSubscription, Status, StatusIs, Tagged, Visibility, in_words

from .common import USUAL, Mistake, Options

__all__ = ["segments", "tags", "topics"]

tags = App(name="tags", help="Labels that contacts hold.")
segments = App(name="segments", help="Audiences described as data.")
topics = App(name="topics", help="What people may choose to hear about.")


@tags.command(name="list")
def list_tags(*, common: Options = USUAL) -> int:
    """List tags and how many people hold each."""
    with common.open() as migma:
        found = migma.store.tags.list(common.project_of(migma).id)
    common.screen.table(
        ("tag", "people", "id"), ((one.name, f"{one.holders:,}", one.id) for one in found), "There are no tags."
    )
    common.screen.json(found)
    return 0


@tags.command(name="create")
def create_tag(name: str, /, *, description: str = "", common: Options = USUAL) -> int:
    """Create a tag. Imports and new contacts create theirs by themselves."""
    with common.open() as migma:
        tag = migma.store.tags.create(common.project_of(migma).id, name, migma.parts.clock.now(), description)
    common.screen.say(f"Created the tag {tag.name}.")
    common.screen.json(tag)
    return 0


@segments.command(name="create")
def create_segment(
    name: str,
    /,
    *,
    tags: Annotated[str, Parameter(help="People who hold any of these tags, separated by commas.")] = "",
    status: Annotated[Status | None, Parameter(help="People with this status.")] = None,
    filters: Annotated[str | None, Parameter(help="A filter object as JSON, for everything else.")] = None,
    common: Options = USUAL,
) -> int:
    """Create a segment; several conditions must all hold, and none means everybody."""
    condition = _condition(tags, status, filters)
    with common.open() as migma:
        segment = migma.store.segments.create(common.project_of(migma).id, name, condition, migma.parts.clock.now())
    common.screen.say(f"Created the segment {segment.name}: {in_words(segment.condition)}.")
    common.screen.json(segment)
    return 0


@segments.command(name="list")
def list_segments(*, common: Options = USUAL) -> int:
    """List segments in words."""
    with common.open() as migma:
        found = migma.store.segments.list(common.project_of(migma).id)
    rows = ((one.name, in_words(one.condition), one.id) for one in found)
    common.screen.table(("segment", "who", "id"), rows, "There are no segments.")
    common.screen.json(found)
    return 0


@topics.command(name="create")
def create_topic(
    name: str,
    /,
    *,
    default: Annotated[
        DefaultSubscription,
        Parameter(help="Who is subscribed without a choice: everyone until they leave, or nobody until they join."),
    ] = DefaultSubscription.SUBSCRIBED,
    private: Annotated[bool, Parameter(help="Keep it off the preference center.", negative=())] = False,
    description: str = "",
    common: Options = USUAL,
) -> int:
    """Create a topic. Its default cannot be changed later."""
    visibility = Visibility.PRIVATE if private else Visibility.PUBLIC
    with common.open() as migma:
        topic = migma.store.topics.create(
            common.project_of(migma).id,
            name,
            migma.parts.clock.now(),
            default=default,
            visibility=visibility,
            description=description,
        )
    common.screen.say(f"Created the topic {topic.name} ({_starts(topic.default)}).")
    common.screen.json(topic)
    return 0


@topics.command(name="list")
def list_topics(*, common: Options = USUAL) -> int:
    """List topics."""
    with common.open() as migma:
        found = migma.store.topics.list(common.project_of(migma).id)
    rows = ((one.name, _starts(one.default), one.visibility, "yes" if one.is_active else "no", one.id) for one in found)
    common.screen.table(("topic", "by default", "visibility", "active", "id"), rows, "There are no topics.")
    common.screen.json(found)
    return 0


def _condition(tags: str, status: Status | None, filters: str | None) -> Condition:
    if filters is not None and (tags or status):
        raise Mistake("give --filters, or --tags and --status, not both")
    if filters is not None:
        return _read(filters)
    names = tuple(name.strip() for name in tags.split(",") if name.strip())
    parts: list[Condition] = [Tagged(names)] if names else []
    return AllOf((*parts, *((StatusIs(status),) if status else ())))


def _read(filters: str) -> Condition:
    """Our own JSON says its ``kind``; anything else is the product's filter object."""
    condition: Condition = from_json(Condition, filters) if '"kind"' in filters else filter_from_json(filters)
    return condition


def _starts(default: DefaultSubscription) -> str:
    return "everyone is subscribed" if default is DefaultSubscription.SUBSCRIBED else "nobody is subscribed"
