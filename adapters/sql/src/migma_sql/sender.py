"""The sender's side of a request, read as it is now: what authorization is asked about."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, select

from migma_core.audience.contact import ProjectId
from migma_core.audience.topic import DefaultSubscription, Topic, TopicId, Visibility
from migma_core.decision.authorization import Sender
from migma_core.request.domain import BUILT_IN_PROVIDER, SendingDomain
from migma_core.request.exclusion import EarlierRecipients, ExceptSegment
from migma_core.request.project import AccountId
from migma_core.request.recipients import OneAddress, Recipients, SegmentMembers, TagHolders
from migma_core.request.send_request import SendRequest

from .question import account_of
from .schema import connections, domains, projects, segments, sends, tags, topics

__all__ = ["read_sender"]


def read_sender(connection: Connection, request: SendRequest) -> Sender:
    """Gather what `authorize` reads. Raises `LookupError` for an unknown project."""
    account = account_of(connection, request.project)
    brand = select(projects.c.postal_address, projects.c.loopback).where(projects.c.id == request.project)
    postal, loopback = connection.execute(brand).one()
    connected = connection.scalars(select(connections.c.provider).where(connections.c.account_id == account))
    return Sender(
        _domain(connection, account, request.sender.domain),
        None if request.topic is None else _topic(connection, request.project, request.topic),
        frozenset({BUILT_IN_PROVIDER, *connected}),
        postal,
        _exists(connection, request.project, request.recipients),
        frozenset(_missing(connection, request)),
        loopback_links=bool(loopback),
    )


def _domain(connection: Connection, account: AccountId, name: str) -> SendingDomain | None:
    d = domains.c
    columns = (
        d.name,
        d.is_verified,
        d.is_suspended,
        d.sent,
        d.bounced,
        d.complained,
        d.open_tracking,
        d.click_tracking,
    )
    row = connection.execute(select(*columns).where(d.account_id == account, d.name == name)).first()
    return None if row is None else SendingDomain(*row)


def _topic(connection: Connection, project: ProjectId, topic: TopicId) -> Topic | None:
    row = connection.execute(select(topics).where(topics.c.project_id == project, topics.c.id == topic)).first()
    if row is None or row.default_subscription not in set(DefaultSubscription):
        return None  # a default nobody can read is no topic to send on
    return Topic(
        topic,
        row.name,
        DefaultSubscription(row.default_subscription),
        Visibility.PUBLIC if row.visibility == Visibility.PUBLIC else Visibility.PRIVATE,
        row.is_active,
        row.display_order,
        row.description,
    )


def _exists(connection: Connection, project: ProjectId, recipients: Recipients) -> bool:
    match recipients:
        case OneAddress():
            return True
        case TagHolders(tag):
            query = select(tags.c.id).where(tags.c.project_id == project, tags.c.name == tag)
        case SegmentMembers(segment):
            query = select(segments.c.id).where(segments.c.project_id == project, segments.c.id == segment)
    return connection.execute(query).first() is not None


def _missing(connection: Connection, request: SendRequest) -> Iterator[str]:
    """The segments and sends that the request would leave out, and that the project does not have."""
    for one in request.exclusions:
        match one:
            case ExceptSegment(segment):
                query = select(segments.c.id).where(segments.c.project_id == request.project, segments.c.id == segment)
            case EarlierRecipients(send):
                query = select(sends.c.id).where(sends.c.project_id == request.project, sends.c.id == send)
        if connection.execute(query).first() is None:
            yield one.segment if isinstance(one, ExceptSegment) else one.send
