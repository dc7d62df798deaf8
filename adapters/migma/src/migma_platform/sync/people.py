"""People there: read page by page, new ones taken in, and what stands against anybody carried both ways."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from migma_wire import to_address

from migma_core.audience import (
    Address,
    ConsentLevel,
    Contact,
    ContactDraft,
    ContactId,
    Intake,
    InvalidAddress,
    Scalar,
    Status,
    Suppression,
    SuppressionReason,
    TopicId,
)
from migma_core.ports import Link, Row

from ..resources import contacts as api
from ..resources import topics
from ..resources.contacts import Contact as TheirContact
from ..resources.contacts import ContactStatus
from .join import Ours, Theirs, settle
from .task import Pass

__all__ = ["Unsettled", "keep_people"]

_SOURCE = "Migma"
_MOST_ROUNDS = 5
# a provider's own list and soft bounces say nothing about what the person wants
_NOT_CARRIED = frozenset({SuppressionReason.PROVIDER, SuppressionReason.SOFT_BOUNCE_LIMIT})
# what a consent may have ended for this project, which the status of its contact shows
_LIFTABLE = frozenset(
    {
        SuppressionReason.UNSUBSCRIBE,
        SuppressionReason.COMPLAINT,
        SuppressionReason.OBJECTION,
        SuppressionReason.ERASED,
    }
)
_SHOWN = {Status.UNSUBSCRIBED: SuppressionReason.UNSUBSCRIBE, Status.BOUNCED: SuppressionReason.BOUNCE}


class Unsettled(RuntimeError):
    """People were deleted there while they were read, so often that nobody knows whether all were seen."""

    def __init__(self) -> None:
        super().__init__("people are being deleted at Migma while they are read; run migma sync again later")


class _Person(NamedTuple):
    """Somebody there, with their address as it is written here."""

    theirs: TheirContact
    address: Address


def keep_people(task: Pass, phase: str, status: ContactStatus | None, page: int, count: int) -> None:
    """
    Read everybody of a status there, or everybody, from a page on; each page is settled before the next is read.

    Pages are numbered, so somebody deleted meanwhile moves others to pages that were read already. Where there are
    fewer in the end than there were, it is read again.
    """
    for _ in range(_MOST_ROUNDS):
        for found in task.every(api.list_page(task.there, page=page, limit=task.page_size, status=status)):
            count = count or found.count or 0
            _take(task, list(_readable(task, found.rows)))
            page += 1
            left = found.count or 0
            task.reach(phase, page=page, count=count)
        if left >= count:
            return
        page, count = 1, 0
        task.reach(phase)
    raise Unsettled


def _readable(task: Pass, rows: Sequence[TheirContact]) -> Iterator[_Person]:
    for one in rows:
        task.counts["people_seen"] += 1
        try:
            yield _Person(one, to_address(one.email))
        except InvalidAddress as wrong:
            task.notes.append(f"somebody at Migma has no address that can be written to: {wrong}")


def _take(task: Pass, people: Sequence[_Person]) -> None:
    """
    Take in whom nobody knows here, and settle what stands against each. Whoever is known keeps what is said of them.

    They come in as not subscribed where something stands against them, which is recorded right after.
    """
    rows = [Row(number, _draft(one)) for number, one in enumerate(people, 1)]
    intake = Intake(Status.NON_SUBSCRIBED, _SOURCE)
    done = task.store.import_contacts(
        task.project.id, rows, intake, on_conflict="skip", at=task.clock.now(), report_row=_noted(task)
    )
    task.counts["people_added_here"] += done.created
    ours = {one.address: task.store.contacts.get(task.project.id, one.address) for one in people}
    known = task.store.syncs.linked(task.provider, [one.id for one in ours.values() if one is not None])
    fresh: dict[ContactId, Link] = {}
    for one in people:
        contact = ours[one.address]
        _settle(task, one, contact)
        if contact is not None:
            before = known.get(contact.id)
            link = Link(one.theirs.id, _tell_choices(task, one, contact, before.told if before else frozenset()))
            fresh |= {} if link == before else {contact.id: link}
    task.store.syncs.link(task.provider, fresh)


def _settle(task: Pass, one: _Person, contact: Contact | None) -> None:
    """Carry what stands against somebody to where it is not known yet."""
    here = _ours(task, one.address, contact)
    settlement = settle(here, Theirs(one.theirs.status, one.theirs.unsubscribed_at))
    if settlement.here is not None:
        _deny_here(task, one, settlement.here)
    if settlement.there is not None:
        task.ask(api.change_status(task.there, one.theirs.email, settlement.there))
        task.counts["denied_there"] += 1
    task.counts["returned"] += settlement.returned


def _ours(task: Pass, address: Address, contact: Contact | None) -> Ours:
    """What stands against somebody here, as far as no consent has ended it for this project."""
    entries = task.store.suppressions.of(task.project.id, task.key_of(address))
    denied = frozenset(one.reason for one in entries) - _NOT_CARRIED
    if contact is None:
        return Ours(denied)
    shown = frozenset({_SHOWN[contact.status]} if contact.status in _SHOWN else ())
    in_force = denied | shown if shown else denied - _LIFTABLE
    consent = contact.consent
    proven = consent is not None and consent.level is ConsentLevel.PROVEN
    return Ours(in_force, consent.at if proven and consent is not None else None)


def _deny_here(task: Pass, one: _Person, reason: SuppressionReason) -> None:
    now = task.clock.now()
    at = one.theirs.unsubscribed_at if reason is SuppressionReason.UNSUBSCRIBE else None
    moment = now if at is None or at.tzinfo is None else min(at, now)
    task.store.suppressions.add(task.project.account, one.address, Suppression(reason, moment, _SOURCE))
    task.counts["denied_here"] += 1


def _tell_choices(task: Pass, one: _Person, contact: Contact, told: frozenset[TopicId]) -> frozenset[TopicId]:
    """Tell Migma which topics somebody left, each once; not which they joined: they may have left them there."""
    left = frozenset(topic for topic, joined in contact.topics.items() if not joined and topic in task.topics)
    for topic in sorted(left - told):
        task.ask(topics.unsubscribe(task.there, task.topics[topic], one.theirs.id))
        task.counts["topics_left_there"] += 1
    return left


def _draft(one: _Person) -> ContactDraft:
    """Somebody as they come in; tags and fields that cannot be kept here are left aside."""
    theirs = one.theirs
    wanted = theirs.status is ContactStatus.SUBSCRIBED
    fields: dict[str, Scalar] = {
        name: value for name, value in theirs.custom_fields.items() if isinstance(value, str | int | float | bool)
    }
    return ContactDraft(
        address=one.address,
        status=Status.SUBSCRIBED if wanted else None,
        first_name=theirs.first_name,
        last_name=theirs.last_name,
        phone=theirs.phone,
        country=theirs.country,
        language=theirs.language,
        tags=frozenset(theirs.tags),
        fields=fields,
    )


def _noted(task: Pass) -> Callable[[int, str, str], None]:
    def note(line: int, value: str, reason: str) -> None:
        del line, value, reason
        task.counts["people_held_back"] += 1

    return note
