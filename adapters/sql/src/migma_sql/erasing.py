"""
Erasing a person: everything about them goes, and what stands against writing to them stays (GDPR Art. 17; O-06).

Kept are the keyed hash of the address and the references in links already sent, so that no import brings the person
back and a link of theirs still counts, and the rows that say how many were written to, without what they said.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from migma_wire.json import request_from_json, request_to_json
from sqlalchemy import Connection, Text, cast, delete, literal, or_, select, update

from migma_core.audience.address import Address, AddressKey
from migma_core.audience.contact import ContactId
from migma_core.audience.suppression import Denials, Suppression, SuppressionReason
from migma_core.delivery.campaign import CampaignStatus
from migma_core.delivery.delivery import DeliveryState, SendId
from migma_core.ports import Erasure
from migma_core.request.content import Content
from migma_core.request.project import AccountId
from migma_core.request.recipients import OneAddress
from migma_core.request.send_request import SendRequest

from .accepted import NOBODY
from .closing import cancel_rest
from .denying import deny, lock_addresses
from .functions import insert_new, position
from .schema import (
    addresses,
    attachments,
    attempt_members,
    attempts,
    campaigns,
    contacts,
    deliveries,
    mailbox_events,
    projects,
    sends,
    suppressions,
)
from .schema import tombstones as tombstones_table
from .settling import FORGOTTEN
from .shapes import AnyRow

__all__ = ["erase"]

_REDACTED = Content("(erased)", "(erased)")


def erase(
    connection: Connection, account: AccountId, address: Address, key: AddressKey, at: datetime, source: str
) -> Erasure:
    """Forget the person in every project of the account. Repeating it finds nothing left to remove."""
    lock_addresses(connection, account, [key])  # a list that brings them in right now is done first, or comes after
    people = connection.execute(select(contacts.c.id, contacts.c.ref).where(*_ours(account, key))).all()
    _await_fan_outs(connection, account)
    rows = _deliveries_of(connection, account, key)
    cancelled = _cancel_unsent(connection, rows, at)
    _empty_deliveries(connection, rows)
    _empty_attempts(connection, rows)
    _redact_direct_sends(connection, account, address, {row.send_id for row in rows}, at)
    _bury(connection, account, key, [row.ref for row in people], at)
    _deny(connection, account, key, Suppression(SuppressionReason.ERASED, at, source), is_new=bool(people))
    # what hangs on the contact goes with it: values, tags, choices, the record of consent, engagement
    connection.execute(delete(contacts).where(*_ours(account, key)))
    return Erasure(len(people), len(rows), cancelled, tuple(ContactId(row.ref) for row in people))


def _ours(account: AccountId, key: AddressKey) -> tuple[Any, ...]:
    ours = select(projects.c.id).where(projects.c.account_id == account)
    return contacts.c.address_key == key, contacts.c.project_id.in_(ours)


def _await_fan_outs(connection: Connection, account: AccountId) -> None:
    """Direct sends whose rows are being written have them by the time we look, and those that have none begin later."""
    s = sends.c
    ours = select(projects.c.id).where(projects.c.account_id == account)
    begun = select(s.id).where(s.project_id.in_(ours), s.fan_out_done.is_(False), ~s.id.in_(select(campaigns.c.id)))
    connection.execute(begun.order_by(s.id).with_for_update(key_share=True)).all()


def _deliveries_of(connection: Connection, account: AccountId, key: AddressKey) -> Sequence[AnyRow]:
    """Rows about this address, kept from changing until all is done: a claim that comes in between finds nobody."""
    d = deliveries.c
    ours = (
        select(sends.c.id).join(projects, projects.c.id == sends.c.project_id).where(projects.c.account_id == account)
    )
    query = select(d.id, d.ref, d.send_id, d.state, d.attempt_id, d.outside).where(d.address_key == key)
    return connection.execute(query.where(d.send_id.in_(ours)).order_by(d.ref).with_for_update()).all()


def _cancel_unsent(connection: Connection, rows: Sequence[AnyRow], at: datetime) -> int:
    """Settle what nobody has handed over. The fence moves on, so that a worker who holds the row cannot send it."""
    waiting = {DeliveryState.READY.value, DeliveryState.CLAIMED.value}
    unsent = [row.id for row in rows if row.state in waiting and row.attempt_id is None]
    cancelled = {"state": DeliveryState.CANCELLED.value, "lease_until": None, "not_before": None, "updated_at": at}
    this = update(deliveries).where(deliveries.c.id.in_(unsent))
    connection.execute(this.values(fence=deliveries.c.fence + 1, **cancelled))
    return len(unsent)


def _empty_deliveries(connection: Connection, rows: Sequence[AnyRow]) -> None:
    """Take what rules outside the table read, and texts of providers, which may quote the address."""
    numbers = [row.id for row in rows]
    connection.execute(update(deliveries).where(deliveries.c.id.in_(numbers)).values(outside=None, why=FORGOTTEN))


def _empty_attempts(connection: Connection, rows: Sequence[AnyRow]) -> None:
    """Take the person's frozen values out of every request they were part of, also those given up since."""
    members: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        members[row.send_id].add(row.ref)
    m = attempt_members.c
    every = select(m.attempt_id, m.deliveries, m["values"]).select_from(attempt_members.join(attempts))
    # in one order, and locked: two who are erased at once may be of one attempt
    every = every.order_by(m.attempt_id).with_for_update(of=attempt_members)
    for send, refs in members.items():
        holds = or_(*(position(cast(m.deliveries, Text), literal(ref)) > 0 for ref in sorted(refs)))
        of_send = every.where(attempts.c.send_id == send)
        for attempt, those, kept in connection.execute(of_send.where(holds)).all():
            bare = [{} if ref in refs else one for ref, one in zip(those, kept, strict=True)]
            connection.execute(update(attempt_members).where(m.attempt_id == attempt).values({"values": bare}))


def _redact_direct_sends(
    connection: Connection, account: AccountId, address: Address, written: set[str], at: datetime
) -> None:
    """A direct send is about the person: nothing stays of its words and addressee, and what waits is not sent."""
    s = sends.c
    ours = select(projects.c.id).where(projects.c.account_id == account)
    direct = (
        select(s.id, s.request, s.status).outerjoin(campaigns, campaigns.c.id == s.id).where(campaigns.c.id.is_(None))
    )
    # a send that was accepted and not yet fanned out has no row to be found by
    theirs = direct.where(s.project_id.in_(ours), or_(s.id.in_(written), s.fan_out_done.is_(False)))
    for row in connection.execute(theirs.with_for_update(of=sends)).all():
        request = request_from_json(row.request)
        to, *copied = [one.canonical for one in request.addressees] or [""]
        if to == address.canonical:
            _redact(connection, row, request, at)
        elif address.canonical in copied:
            _take_out_copy(connection, row, request, address)


def _redact(connection: Connection, row: AnyRow, request: SendRequest, at: datetime) -> None:
    bare = replace(request, recipients=OneAddress(NOBODY), cc=(), bcc=(), content=_REDACTED, variables={}, headers={})
    changes: dict[str, Any] = {"request": request_to_json(bare)}
    if row.status == CampaignStatus.SENDING.value and not _has_unanswered(connection, row.id):
        changes |= {"status": CampaignStatus.CANCELLED.value, "why": FORGOTTEN, "finished_at": at}
        cancel_rest(connection, SendId(row.id), at)  # copies go nowhere without their mail
    connection.execute(delete(attachments).where(attachments.c.send_id == row.id))
    connection.execute(update(sends).where(sends.c.id == row.id).values(changes))


def _take_out_copy(connection: Connection, row: AnyRow, request: SendRequest, address: Address) -> None:
    """The mail is about somebody else, and goes on without the copy."""
    cc, bcc = (tuple(one for one in named if one.canonical != address.canonical) for named in (request.cc, request.bcc))
    changes = {"request": request_to_json(replace(request, cc=cc, bcc=bcc))}
    connection.execute(update(sends).where(sends.c.id == row.id).values(changes))


def _has_unanswered(connection: Connection, send: str) -> bool:
    """Whether something is under way that only its answer, or its lease, will settle."""
    d = deliveries.c
    query = select(d.id).where(d.send_id == send, d.state == DeliveryState.CLAIMED.value)
    return connection.execute(query).first() is not None


def _bury(connection: Connection, account: AccountId, key: AddressKey, refs: Sequence[str], at: datetime) -> None:
    rows = [{"contact_ref": ref, "account_id": account, "address_key": key, "at": at} for ref in refs]
    if rows:
        connection.execute(insert_new(connection, tombstones_table), rows)


def _deny(connection: Connection, account: AccountId, key: AddressKey, entry: Suppression, *, is_new: bool) -> None:
    """Put the denial on the list, once for each time somebody was there, and take the address off every entry."""
    a, s = addresses.c, suppressions.c
    stands = connection.scalar(select(a.denials).where(a.account_id == account, a.address_key == key)) or 0
    if is_new or not stands & Denials.ERASED:
        deny(connection, account, [(key, None, entry)])
    theirs = update(suppressions).where(s.account_id == account, s.address_key == key)
    connection.execute(theirs.values(address=None, detail=""))
    # a provider's words may quote the address
    m = mailbox_events.c
    told = update(mailbox_events).where(m.account_id == account, m.address_key == key)
    connection.execute(told.values(detail=""))
