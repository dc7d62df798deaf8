"""Opt-ins through a mailed link: asked for, and in force once confirmed (design D12, F-04)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, Engine, insert, select, update

from migma_core.audience.consent_event import Shown
from migma_core.audience.contact import ContactId
from migma_core.audience.opt_in import OptIn, OptInId
from migma_core.audience.topic import TopicId

from .engine import reading, writing
from .schema import contacts, opt_ins, topic_choices
from .shapes import AnyRow
from .subscribing import subscribe
from .topics import UnknownContact, choose

__all__ = ["OptIns"]


class OptIns:
    """The opt-ins of one database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def ask(self, opt_in: OptIn) -> None:
        """Write down what somebody asked for; nothing else changes. Raises `UnknownContact`."""
        with writing(self._engine) as connection:
            number = connection.scalar(select(contacts.c.id).where(contacts.c.ref == opt_in.contact))
            if number is None:
                raise UnknownContact
            connection.execute(insert(opt_ins), _row(opt_in, number))

    def get(self, opt_in: OptInId) -> OptIn | None:
        """Read one."""
        with reading(self._engine) as connection:
            found = _found(connection, opt_in)
        return None if found is None else _opt_in(found)

    def confirm(self, opt_in: OptInId, at: datetime) -> bool:
        """
        Put it in force, all of it or nothing, with its evidence on record; durable when it returns.

        ``False`` where it was confirmed before: nothing changes then, also where the person left meanwhile. A topic
        that the person has decided about since stays as it is. Raises `DeniedContact` where something stands against
        marketing that this does not end, such as a later opt-out, and `LookupError` for an opt-in that is gone.
        """
        with writing(self._engine) as connection:
            row = _found(connection, opt_in, lock=True)
            if row is None:
                raise LookupError("there is no such opt-in, or the person was erased")
            if row.confirmed_at is not None:
                return False
            connection.execute(update(opt_ins).where(opt_ins.c.id == opt_in).values(confirmed_at=at))
            _put_in_force(connection, row, _opt_in(row), at)
            return True


def _put_in_force(connection: Connection, row: AnyRow, opt_in: OptIn, at: datetime) -> None:
    evidence = opt_in.evidence(at)
    if opt_in.marketing:
        person = connection.execute(select(contacts).where(contacts.c.id == row.contact_id)).one()
        subscribe(connection, person, evidence.consent, evidence)
    event = {
        "source": evidence.how,
        "at": opt_in.asked_at,
        "wording": evidence.wording or None,
        "version": evidence.version or None,
        "confirmed_at": at,
        "reference": evidence.reference,
    }
    for topic in opt_in.topics:
        if not _has_chosen_since(connection, row.contact_id, topic, opt_in.asked_at):
            choose(connection, row.contact_id, topic, True, event)


def _has_chosen_since(connection: Connection, number: int, topic: TopicId, asked_at: datetime) -> bool:
    c = topic_choices.c
    later = select(c.at).where(c.contact_id == number, c.topic_id == topic, c.at > asked_at)
    return connection.execute(later).first() is not None


def _found(connection: Connection, opt_in: OptInId, *, lock: bool = False) -> AnyRow | None:
    query = select(opt_ins, contacts.c.ref).join(contacts, contacts.c.id == opt_ins.c.contact_id)
    query = query.where(opt_ins.c.id == opt_in)
    return connection.execute(query.with_for_update(of=opt_ins) if lock else query).first()


def _row(opt_in: OptIn, number: int) -> dict[str, object]:
    return {
        "id": opt_in.id,
        "contact_id": number,
        "marketing": opt_in.marketing,
        "topics": list(opt_in.topics),
        "source": opt_in.source,
        "wording": opt_in.shown.wording,
        "version": opt_in.shown.version,
        "asked_at": opt_in.asked_at,
        "confirmed_at": opt_in.confirmed_at,
    }


def _opt_in(row: AnyRow) -> OptIn:
    return OptIn(
        OptInId(row.id),
        ContactId(row.ref),
        row.asked_at,
        row.source,
        Shown(row.wording, row.version),
        bool(row.marketing),
        tuple(TopicId(topic) for topic in row.topics),
        row.confirmed_at,
    )
