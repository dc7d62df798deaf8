"""The sender's side of a request, read as it is now: what authorization is asked about."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, and_, bindparam, select

from migma_core.audience.contact import ProjectId
from migma_core.audience.topic import DefaultSubscription, Topic, TopicId, Visibility
from migma_core.decision.authorization import Sender
from migma_core.request.domain import BUILT_IN_PROVIDER, SendingDomain
from migma_core.request.exclusion import EarlierRecipients, ExceptSegment
from migma_core.request.recipients import OneAddress, Recipients, SegmentMembers, TagHolders
from migma_core.request.send_request import SendRequest

from .question import no_project
from .schema import connections, domains, projects, segments, sends, tags, topics

__all__ = ["read_sender"]


def read_sender(connection: Connection, request: SendRequest) -> Sender:
    """Gather what `authorize` reads. Raises `LookupError` for an unknown project."""
    row = connection.execute(_PROJECT, {"project": request.project, "domain": request.sender.domain}).first()
    if row is None:
        raise no_project(request.project)
    account, postal, loopback, *domain = row
    connected = connection.scalars(_CONNECTED, {"account": account})
    return Sender(
        None if domain[0] is None else SendingDomain(*domain),
        None if request.topic is None else _topic(connection, request.project, request.topic),
        frozenset({BUILT_IN_PROVIDER, *connected}),
        postal,
        _exists(connection, request.project, request.recipients),
        frozenset(_missing(connection, request)),
        loopback_links=bool(loopback),
    )


_p, _d = projects.c, domains.c
_DOMAIN = (
    *(_d.name, _d.is_verified, _d.is_suspended),
    *(_d.sent, _d.bounced, _d.complained, _d.open_tracking, _d.click_tracking),
)
_PROJECT = (
    select(_p.account_id, _p.postal_address, _p.loopback, *_DOMAIN)
    .select_from(projects.outerjoin(domains, and_(_d.account_id == _p.account_id, _d.name == bindparam("domain"))))
    .where(_p.id == bindparam("project"))
)
_CONNECTED = select(connections.c.provider).where(connections.c.account_id == bindparam("account"))
_SEGMENT = select(segments.c.id).where(
    segments.c.project_id == bindparam("project"), segments.c.id == bindparam("segment")
)
_SEND = select(sends.c.id).where(sends.c.project_id == bindparam("project"), sends.c.id == bindparam("send"))
_TAG = select(tags.c.id).where(tags.c.project_id == bindparam("project"), tags.c.name == bindparam("tag"))


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
            return connection.execute(_TAG, {"project": project, "tag": tag}).first() is not None
        case SegmentMembers(segment):
            return connection.execute(_SEGMENT, {"project": project, "segment": segment}).first() is not None


def _missing(connection: Connection, request: SendRequest) -> Iterator[str]:
    """The segments and sends that the request would leave out, and that the project does not have."""
    for one in request.exclusions:
        match one:
            case ExceptSegment(segment):
                query, given = _SEGMENT, {"project": request.project, "segment": segment}
            case EarlierRecipients(send):
                query, given = _SEND, {"project": request.project, "send": send}
        if connection.execute(query, given).first() is None:
            yield one.segment if isinstance(one, ExceptSegment) else one.send
