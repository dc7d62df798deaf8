"""Syncs: what is kept in step with whom, how far, and who is who there (the port `migma_core.ports.Syncs`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Engine, bindparam, delete, exists, insert, select, update

from migma_core.audience.contact import Contact, ContactId, ProjectId, Status
from migma_core.audience.topic import TopicId
from migma_core.ports import Link, SyncPass
from migma_core.request.project import AccountId
from migma_core.request.sync import Sync

from .engine import reading, writing
from .functions import insert_new
from .people import put_together
from .schema import contacts, projects, sync_contacts, sync_topics, syncs, topics

__all__ = ["Syncs"]

_MICROSECOND = timedelta(microseconds=1)
_ours = select(projects.c.id).where(projects.c.account_id == bindparam("account"))
_OF_ACCOUNT = select(syncs).where(syncs.c.project_id.in_(_ours)).order_by(syncs.c.provider, syncs.c.project_id)


class Syncs:
    """The syncs of one database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def begin(self, project: ProjectId, provider: str, bound: timedelta, at: datetime) -> SyncPass:
        """Begin a pass, or go on with one that is younger than half the bound; from now on the sync is connected."""
        fresh = {"began_at": at, "position": ""}
        row = {"project_id": project, "provider": provider, "bound": bound // _MICROSECOND}
        with writing(self._engine) as connection:
            connection.execute(insert_new(connection, syncs), {**row, **fresh})
            found = connection.execute(select(syncs).where(*_this(project, provider))).one()
            goes_on = found.began_at is not None and abs(at - found.began_at) <= bound / 2
            changes = {"bound": row["bound"], **({} if goes_on else fresh)}
            connection.execute(update(syncs).where(*_this(project, provider)).values(**changes))
        return SyncPass(found.began_at, found.position) if goes_on else SyncPass(at)

    def reach(self, project: ProjectId, provider: str, position: str) -> None:
        """Record how far the pass came."""
        with writing(self._engine) as connection:
            connection.execute(update(syncs).where(*_this(project, provider)).values(position=position))

    def complete(self, project: ProjectId, provider: str) -> None:
        """The pass is whole."""
        whole = {"as_of": syncs.c.began_at, "began_at": None, "position": ""}
        under_way = (*_this(project, provider), syncs.c.began_at.is_not(None))
        with writing(self._engine) as connection:
            connection.execute(update(syncs).where(*under_way).values(whole))

    def of(self, account: AccountId) -> Sequence[Sync]:
        """Every connected sync of the account's projects."""
        with reading(self._engine) as connection:
            rows = connection.execute(_OF_ACCOUNT, {"account": account}).all()
        return tuple(Sync(row.provider, row.as_of, row.bound * _MICROSECOND) for row in rows)

    def end(self, project: ProjectId, provider: str) -> bool:
        """Disconnect, and forget who is who there."""
        people = select(contacts.c.id).where(contacts.c.project_id == project)
        ours = select(topics.c.id).where(topics.c.project_id == project)
        s, t = sync_contacts.c, sync_topics.c
        with writing(self._engine) as connection:
            connection.execute(delete(sync_contacts).where(s.provider == provider, s.contact_id.in_(people)))
            connection.execute(delete(sync_topics).where(t.provider == provider, t.topic_id.in_(ours)))
            return connection.execute(delete(syncs).where(*_this(project, provider))).rowcount > 0

    def link(self, provider: str, links: Mapping[ContactId, Link]) -> None:
        """Record who these are there; somebody gone meanwhile is nobody to record."""
        with writing(self._engine) as connection:
            known = select(contacts.c.ref, contacts.c.id).where(contacts.c.ref.in_(links))
            numbers = {row.id: links[ContactId(row.ref)] for row in connection.execute(known)}
            s = sync_contacts.c
            connection.execute(delete(sync_contacts).where(s.provider == provider, s.contact_id.in_(numbers)))
            rows = [
                {
                    "contact_id": number,
                    "provider": provider,
                    "theirs": link.theirs,
                    "told": sorted(link.told),
                }
                for number, link in numbers.items()
            ]
            if rows:
                connection.execute(insert(sync_contacts), rows)

    def linked(self, provider: str, people: Sequence[ContactId]) -> Mapping[ContactId, Link]:
        """Who these are there, as far as they are known there."""
        s = sync_contacts.c
        query = (
            select(contacts.c.ref, s.theirs, s.told)
            .join(contacts, contacts.c.id == s.contact_id)
            .where(s.provider == provider, contacts.c.ref.in_(people))
        )
        with reading(self._engine) as connection:
            rows = connection.execute(query).all()
        return {ContactId(row.ref): Link(row.theirs, frozenset(map(TopicId, row.told))) for row in rows}

    def unlinked(self, project: ProjectId, provider: str, after: int, limit: int) -> tuple[tuple[Contact, ...], int]:
        """Subscribed people not known there, and where to go on."""
        s, c = sync_contacts.c, contacts.c
        known = exists().where(s.contact_id == c.id, s.provider == provider)
        wanted = (c.project_id == project, c.id > after, c.status == Status.SUBSCRIBED.value, ~known)
        with reading(self._engine) as connection:
            rows = connection.execute(select(contacts).where(*wanted).order_by(c.id).limit(limit)).all()
            return put_together(connection, rows), rows[-1].id if rows else after

    def link_topics(self, project: ProjectId, provider: str, known: Mapping[TopicId, str]) -> None:
        """Record which topics are which there, in place of what was recorded."""
        ours = select(topics.c.id).where(topics.c.project_id == project)
        t = sync_topics.c
        with writing(self._engine) as connection:
            connection.execute(delete(sync_topics).where(t.provider == provider, t.topic_id.in_(ours)))
            _insert_topics(connection, provider, known.items())

    def topics(self, project: ProjectId, provider: str) -> Mapping[TopicId, str]:
        """The topics that are known there, by the other side's ids."""
        t = sync_topics.c
        query = (
            select(t.topic_id, t.theirs)
            .join(topics, topics.c.id == t.topic_id)
            .where(topics.c.project_id == project, t.provider == provider)
        )
        with reading(self._engine) as connection:
            return {TopicId(ours): theirs for ours, theirs in connection.execute(query)}


def _this(project: ProjectId, provider: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return syncs.c.project_id == project, syncs.c.provider == provider


def _insert_topics(connection: Connection, provider: str, known: Iterable[tuple[TopicId, str]]) -> None:
    rows = [{"topic_id": ours, "provider": provider, "theirs": theirs} for ours, theirs in known]
    if rows:
        connection.execute(insert(sync_topics), rows)
