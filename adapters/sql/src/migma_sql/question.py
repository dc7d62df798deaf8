"""The question a send asks about everybody in its audience, in the store's own terms."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, select

from migma_core.audience.contact import ProjectId
from migma_core.audience.topic import DefaultSubscription, TopicId
from migma_core.decision.purpose import Purpose
from migma_core.request.exclusion import Exclusion
from migma_core.request.project import AccountId
from migma_core.request.send_request import SendRequest

from .schema import projects, topics

__all__ = ["Question", "account_of", "ask", "no_project"]


@dataclass(frozen=True, slots=True)
class Question:
    """
    What a standing depends on besides the person. ``topic`` is set for marketing only (R19).

    ``topic_default`` is ``None`` where there is no topic, and where there is one that nobody can read: the topic digit
    is unreadable then, which withholds. ``now`` is the present for segments that look back from it.
    """

    account: AccountId
    project: ProjectId
    provider: str
    purpose: Purpose
    topic: TopicId | None = None
    topic_default: DefaultSubscription | None = None
    exclusions: tuple[Exclusion, ...] = ()
    now: datetime | None = None


def ask(connection: Connection, request: SendRequest, purpose: Purpose, now: datetime | None = None) -> Question:
    """Put a request into the store's terms. Raises `LookupError` for an unknown project."""
    account = account_of(connection, request.project)
    topic = request.topic if purpose is Purpose.MARKETING else None
    default = None if topic is None else _default_of(connection, request.project, topic)
    return Question(account, request.project, request.provider, purpose, topic, default, request.exclusions, now)


def account_of(connection: Connection, project: ProjectId) -> AccountId:
    """The account a project belongs to. Raises `LookupError`."""
    account = connection.scalar(_ACCOUNT, {"this": project})
    if account is None:
        raise no_project(project)
    return AccountId(account)


def no_project(project: ProjectId) -> LookupError:
    """What is raised for a project that nobody has."""
    return LookupError(f"there is no project {project!a}")


_ACCOUNT = select(projects.c.account_id).where(projects.c.id == bindparam("this"))


def _default_of(connection: Connection, project: ProjectId, topic: TopicId) -> DefaultSubscription | None:
    default = connection.scalar(
        select(topics.c.default_subscription).where(topics.c.project_id == project, topics.c.id == topic)
    )
    return DefaultSubscription(default) if default in set(DefaultSubscription) else None
