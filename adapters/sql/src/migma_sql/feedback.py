"""Feedback kept: each event once, summed up where a decision reads it (R59 to R62, §1.5)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, and_, case, select, update
from sqlalchemy.dialects import postgresql, sqlite

from migma_core.audience.address import AddressKey, address_key
from migma_core.audience.contact import ContactId
from migma_core.audience.soft_bounces import SoftBounceCounter
from migma_core.audience.suppression import Denials, Suppression, SuppressionReason
from migma_core.message.token import DeliveryId
from migma_core.ports import EngagementEvent, MailboxEvent, MailboxFact, Recorded
from migma_core.request.project import AccountId

from .denying import Denial, deny, lock_addresses
from .engine import writing
from .functions import insert_new
from .schema import contacts, deliveries, domains, engagement, engagement_events, mailbox_events, sends
from .soft_bounces import latch

__all__ = ["Feedback"]

T = TypeVar("T")
_AT_ONCE = 1_000
_COUNTER = SoftBounceCounter()
_DENIES = {
    MailboxFact.HARD_BOUNCE: SuppressionReason.BOUNCE,
    MailboxFact.COMPLAINT: SuppressionReason.COMPLAINT,
}
_COUNTED = {MailboxFact.HARD_BOUNCE: domains.c.bounced, MailboxFact.COMPLAINT: domains.c.complained}


class Feedback:
    """The feedback of one database; ``pepper`` keys addresses, ``counter`` says how many soft bounces are enough."""

    def __init__(self, engine: Engine, pepper: bytes, counter: SoftBounceCounter = _COUNTER) -> None:
        self._engine = engine
        self._pepper = pepper
        self._counter = counter

    def engaged(self, events: Iterable[EngagementEvent]) -> Recorded:
        """Keep who did what with earlier mail; every thousand are durable before the next are read."""
        return _in_chunks(self._engine, events, _keep_engagement)

    def mailbox(self, account: AccountId, events: Iterable[MailboxEvent]) -> Recorded:
        """Keep what became of messages, count it for the domain, and stop what must be stopped."""

        def keep(connection: Connection, some: Sequence[MailboxEvent]) -> Recorded:
            return _keep_mailbox(connection, account, self._pepper, self._counter, some)

        return _in_chunks(self._engine, events, keep)


def _in_chunks(engine: Engine, events: Iterable[T], keep: Callable[[Connection, Sequence[T]], Recorded]) -> Recorded:
    total = Recorded()
    for some in _chunks(events):
        with writing(engine) as connection:
            total = Recorded(*map(sum, zip(total, keep(connection, some), strict=True)))
    return total


def _chunks(events: Iterable[T]) -> Iterator[Sequence[T]]:
    stream = iter(events)
    while some := tuple(islice(stream, _AT_ONCE)):
        yield some


def _keep_engagement(connection: Connection, events: Sequence[EngagementEvent]) -> Recorded:
    found = _whose(connection, events)
    rows = {
        (contact, one.id): {
            "contact_id": contact,
            "event_id": one.id,
            "action": one.action.value,
            "campaign": campaign or "",
            "at": one.at,
        }
        for one in events
        if (who := found.get(one.delivery or one.contact or "")) is not None
        for contact, campaign in [(who[0], who[1] or one.campaign)]
    }
    fresh = _insert_fresh(connection, engagement_events, list(rows.values()), ("contact_id", "event_id"))
    _sum_up(connection, [rows[key] for key in sorted(fresh)])
    known = sum((one.delivery or one.contact or "") in found for one in events)
    return Recorded(len(fresh), known - len(fresh), len(events) - known)


def _whose(connection: Connection, events: Sequence[EngagementEvent]) -> Mapping[str, tuple[int, str | None]]:
    """The contact behind each reference, and the campaign where a delivery tells it; whoever is gone has none."""
    refs: set[ContactId] = {one.contact for one in events if one.contact is not None}
    sent: set[DeliveryId] = {one.delivery for one in events if one.delivery is not None}
    named = connection.execute(select(contacts.c.ref, contacts.c.id).where(contacts.c.ref.in_(refs)))
    d, s = deliveries.c, sends.c
    # by the key: whoever holds the address in the send's project now
    holds = and_(contacts.c.address_key == d.address_key, contacts.c.project_id == s.project_id)
    people = deliveries.join(sends, s.id == d.send_id).join(contacts, holds)
    of_mail = connection.execute(select(d.ref, contacts.c.id, d.send_id).select_from(people).where(d.ref.in_(sent)))
    return {**{ref: (number, None) for ref, number in named}, **{ref: (number, send) for ref, number, send in of_mail}}


def _insert_fresh(
    connection: Connection, table: Any, rows: Sequence[dict[str, Any]], key: tuple[str, str]
) -> set[tuple[Any, Any]]:
    """Insert the rows that are not there, and say by their keys which these were."""
    if not rows:
        return set()
    inserted = insert_new(connection, table).returning(*(table.c[name] for name in key))
    return {(first, second) for first, second in connection.execute(inserted.values(rows))}


def _sum_up(connection: Connection, events: Sequence[Mapping[str, Any]]) -> None:
    """Add events to the sums: of all mail, and of their campaign."""
    sums: dict[tuple[int, str, str], tuple[int, datetime, datetime]] = {}
    for one in events:
        for campaign in {"", one["campaign"]}:
            key = (one["contact_id"], one["action"], campaign)
            times, first, last = sums.get(key, (0, one["at"], one["at"]))
            sums[key] = (times + 1, min(first, one["at"]), max(last, one["at"]))
    columns = ("contact_id", "action", "campaign", "times", "first_at", "last_at")
    rows = [dict(zip(columns, (*key, *said), strict=True)) for key, said in sorted(sums.items())]
    if rows:
        connection.execute(_added_up(connection), rows)


def _added_up(connection: Connection) -> Any:
    new = (postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert)(engagement)
    old, given = engagement.c, new.excluded
    return new.on_conflict_do_update(
        index_elements=(old.contact_id, old.action, old.campaign),
        set_={
            "times": old.times + given.times,
            "first_at": case((given.first_at < old.first_at, given.first_at), else_=old.first_at),
            "last_at": case((given.last_at > old.last_at, given.last_at), else_=old.last_at),
        },
    )


def _keep_mailbox(
    connection: Connection,
    account: AccountId,
    pepper: bytes,
    counter: SoftBounceCounter,
    events: Sequence[MailboxEvent],
) -> Recorded:
    by_id = {one.id: one for one in events}
    people = {address_key(one.address, pepper): one.address for one in by_id.values()}
    # all at once, so that nobody waits for one who waits for us
    stands = lock_addresses(connection, account, people).denials
    forgotten = {key for key, bits in stands.items() if bits & Denials.ERASED}
    rows = [_mailbox_row(account, address_key(one.address, pepper), one, forgotten) for one in by_id.values()]
    inserted = _insert_fresh(connection, mailbox_events, rows, ("account_id", "event_id"))
    fresh = [by_id[name] for _, name in sorted(inserted)]
    for (domain, what), times in sorted(Counter((one.domain, one.what) for one in fresh).items()):
        if (column := _COUNTED.get(what)) is not None:
            this = update(domains).where(domains.c.account_id == account, domains.c.name == domain)
            connection.execute(this.values({column.name: column + times}))
    deny(connection, account, [_denial(pepper, one, _DENIES[one.what]) for one in fresh if one.what in _DENIES])
    counted = {address_key(one.address, pepper): one.address for one in fresh if one.what not in _DENIES}
    latch(connection, account, counted, counter)
    return Recorded(len(fresh), len(events) - len(fresh))


def _mailbox_row(
    account: AccountId, key: AddressKey, one: MailboxEvent, forgotten: Collection[AddressKey]
) -> dict[str, Any]:
    return {
        "account_id": account,
        "event_id": one.id,
        "address_key": key,
        "what": one.what.value,
        "domain": one.domain,
        "source": one.source,
        "detail": "" if key in forgotten else one.detail,  # it may quote the address (O-06)
        "at": one.at,
        "delivery": one.delivery,
    }


def _denial(pepper: bytes, one: MailboxEvent, reason: SuppressionReason) -> Denial:
    return address_key(one.address, pepper), str(one.address), Suppression(reason, one.at, one.source)
