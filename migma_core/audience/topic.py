"""Topics: what a person may choose to hear about."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

__all__ = ["DefaultSubscription", "Topic", "TopicId", "Visibility"]

TopicId = NewType("TopicId", str)


class DefaultSubscription(StrEnum):
    """
    The state of everyone who has not chosen.

    The wire keeps the product's words, which name the action that is *needed*; the members name the *state*.

    >>> DefaultSubscription("opt_out") is DefaultSubscription.SUBSCRIBED
    True
    """

    SUBSCRIBED = "opt_out"
    NOT_SUBSCRIBED = "opt_in"


class Visibility(StrEnum):
    """Whether the preference center shows the topic. It never filters anybody (R24)."""

    PUBLIC = "public"
    PRIVATE = "private"


@dataclass(frozen=True, slots=True)
class Topic:
    """A subject of mail with its own subscriptions. ``default`` is fixed at creation (R25)."""

    id: TopicId
    name: str
    default: DefaultSubscription = DefaultSubscription.SUBSCRIBED
    visibility: Visibility = Visibility.PUBLIC
    is_active: bool = True
    display_order: int = 0
    description: str = ""

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise ValueError("a topic needs a name that a subscriber can read")
