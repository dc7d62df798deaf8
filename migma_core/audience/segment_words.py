"""Segments in words."""

from __future__ import annotations

from .engagement import Engaged, EngagementMode
from .fields import FieldIs
from .segment import AllOf, AnyOf, Condition, Not, StatusIs, Tagged, ValidationIs

__all__ = ["in_words"]


def in_words(condition: Condition) -> str:
    """
    Say whom the condition describes.

    >>> from migma_core.audience.contact import Status
    >>> in_words(AllOf((Tagged(("beta",)), Not(StatusIs(Status.BOUNCED)))))
    'tagged beta and not (status is bounced)'
    """
    match condition:
        case Tagged(tags):
            return f"tagged {' or '.join(tags)}"
        case StatusIs(status):
            return f"status is {status}"
        case ValidationIs(validation):
            return f"address is {validation}"
        case FieldIs(key, mode, values):
            return f"{key} {mode.replace('_', ' ')} {' or '.join(map(str, values))}"
        case Engaged():
            return _engaged(condition)
        case AllOf(parts):
            return " and ".join(_grouped(part) for part in parts) or "everybody"
        case AnyOf(parts):
            return " or ".join(_grouped(part) for part in parts)
        case Not(part):
            return f"not ({in_words(part)})"


def _grouped(part: Condition) -> str:
    words = in_words(part)
    return f"({words})" if isinstance(part, AllOf | AnyOf) and len(part.parts) > 1 else words


def _engaged(asked: Engaged) -> str:
    where = f" in campaign {asked.campaign}" if asked.campaign is not None else ""
    match asked.mode:
        case EngagementMode.WITHIN:
            when = f" within the last {asked.amount} {asked.unit}"
        case EngagementMode.BEFORE:
            when = f", but not in the last {asked.amount} {asked.unit}"
        case EngagementMode.BETWEEN:
            when = f" between {asked.since} and {asked.until}"
        case EngagementMode.NEVER:
            return f"never {asked.action}{where}"
    return f"{asked.action}{where}{when}"
