"""Topics, where they are kept, with what people chose."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from ..audience.consent_event import NOTHING_SHOWN, Shown
from ..audience.contact import ContactId, ProjectId
from ..audience.topic import DefaultSubscription, Topic, TopicId, Visibility

__all__ = ["Topics"]


class Topics(Protocol):
    """What people may choose to hear about, and what they chose."""

    def create(
        self,
        project: ProjectId,
        name: str,
        at: datetime,
        *,
        default: DefaultSubscription = DefaultSubscription.SUBSCRIBED,
        visibility: Visibility = Visibility.PUBLIC,
        description: str = "",
    ) -> Topic: ...

    def list(self, project: ProjectId) -> Sequence[Topic]: ...

    def find(self, project: ProjectId, id_or_name: str) -> Topic | None: ...

    def choose(
        self,
        contact: ContactId,
        topic: TopicId,
        joined: bool,
        at: datetime,
        source: str,
        *,
        shown: Shown = NOTHING_SHOWN,
        reference: str = "",
    ) -> bool:
        """Durable when it returns; ``False`` where the choice on record is the same. Raises `LookupError`."""
        ...
