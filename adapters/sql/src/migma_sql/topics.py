"""Topics, and what people chose."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, Engine, delete, insert, or_, select

from migma_core.audience.consent_event import NOTHING_SHOWN, ConsentAct, Shown
from migma_core.audience.contact import ContactId, ProjectId
from migma_core.audience.topic import DefaultSubscription, Topic, TopicId, Visibility

from .engine import reading, writing
from .refs import new_ref
from .schema import consent_events, contacts, topic_choices, topics
from .shapes import AnyRow

__all__ = ["Topics", "UnknownContact", "choose"]


class UnknownContact(LookupError):
    """There is no contact with this reference."""

    def __init__(self) -> None:
        super().__init__("there is no such contact")


class Topics:
    """The topics of one database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def create(
        self,
        project: ProjectId,
        name: str,
        at: datetime,
        *,
        default: DefaultSubscription = DefaultSubscription.SUBSCRIBED,
        visibility: Visibility = Visibility.PUBLIC,
        description: str = "",
    ) -> Topic:
        """Create a topic; its default is fixed from then on (R25). Raises `ValueError` for a name that is taken."""
        topic = Topic(TopicId(new_ref()), name, default, visibility, description=description)
        if self.find(project, name) is not None:
            raise ValueError(f"there is a topic named {name!r} already")
        row = {
            "id": topic.id,
            "project_id": project,
            "name": name,
            "description": description,
            "default_subscription": default.value,
            "visibility": visibility.value,
            "is_active": True,
            "created_at": at,
        }
        with writing(self._engine) as connection:
            connection.execute(insert(topics), row)
        return topic

    def list(self, project: ProjectId) -> Sequence[Topic]:
        """Every topic of the project in display order."""
        query = select(topics).where(topics.c.project_id == project).order_by(topics.c.display_order, topics.c.name)
        with reading(self._engine) as connection:
            return tuple(_topic(row) for row in connection.execute(query))

    def find(self, project: ProjectId, id_or_name: str) -> Topic | None:
        """A topic by id or name."""
        named = or_(topics.c.id == id_or_name, topics.c.name == id_or_name)
        with reading(self._engine) as connection:
            row = connection.execute(select(topics).where(topics.c.project_id == project, named)).first()
        return None if row is None else _topic(row)

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
        """
        Record that a person joined or left a topic; a choice beats the default (R23). Durable when it returns.

        ``False`` where the choice on record is the same: its first time is kept. Raises `UnknownContact`.
        """
        with writing(self._engine) as connection:
            number = connection.scalar(select(contacts.c.id).where(contacts.c.ref == contact))
            if number is None:
                raise UnknownContact
            event = {"source": source, "at": at, "wording": shown.wording or None, "version": shown.version or None}
            return choose(connection, number, topic, joined, event | {"reference": reference or None})


def choose(connection: Connection, number: int, topic: TopicId, joined: bool, event: dict[str, object]) -> bool:
    """Write a choice and what is on record about it; ``False`` where nothing changes."""
    this = (topic_choices.c.contact_id == number, topic_choices.c.topic_id == topic)
    if connection.scalar(select(topic_choices.c.joined).where(*this)) is joined:
        return False
    connection.execute(delete(topic_choices).where(*this))
    choice = {"contact_id": number, "topic_id": topic, "joined": joined, "at": event["at"], "source": event["source"]}
    connection.execute(insert(topic_choices), choice)
    act = ConsentAct.JOINED if joined else ConsentAct.LEFT
    connection.execute(insert(consent_events), {"contact_id": number, "what": act.value, "topic_id": topic, **event})
    return True


def _topic(row: AnyRow) -> Topic:
    return Topic(
        TopicId(row.id),
        row.name,
        DefaultSubscription(row.default_subscription),
        Visibility(row.visibility),
        row.is_active,
        row.display_order,
        row.description,
    )
