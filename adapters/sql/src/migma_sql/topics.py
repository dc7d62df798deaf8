"""Topics, and what people chose."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Engine, delete, insert, or_, select

from migma_core.audience.contact import ContactId, ProjectId
from migma_core.audience.topic import DefaultSubscription, Topic, TopicId, Visibility

from .engine import reading, writing
from .refs import new_ref
from .schema import consent_events, contacts, topic_choices, topics
from .shapes import AnyRow

__all__ = ["Topics", "UnknownContact"]


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

    def choose(self, contact: ContactId, topic: TopicId, joined: bool, at: datetime, source: str) -> None:
        """Record that a person joined or left a topic; a choice beats the default (R23). Raises `UnknownContact`."""
        with writing(self._engine) as connection:
            number = connection.scalar(select(contacts.c.id).where(contacts.c.ref == contact))
            if number is None:
                raise UnknownContact
            this = (topic_choices.c.contact_id == number, topic_choices.c.topic_id == topic)
            connection.execute(delete(topic_choices).where(*this))
            choice = {"contact_id": number, "topic_id": topic, "joined": joined, "at": at, "source": source}
            connection.execute(insert(topic_choices), choice)
            what = "joined" if joined else "left"
            event = {"contact_id": number, "what": what, "topic_id": topic, "source": source, "at": at}
            connection.execute(insert(consent_events), event)


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
