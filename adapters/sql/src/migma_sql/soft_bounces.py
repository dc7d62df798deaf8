"""The soft-bounce limit, latched by what mailboxes told: any order of the same events ends alike (K-05, D4, D13)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from migma_core.audience.address import Address, AddressKey
from migma_core.audience.soft_bounces import SoftBounceCounter
from migma_core.audience.suppression import Suppression, SuppressionReason
from migma_core.ports import MailboxFact
from migma_core.request.project import AccountId

from .bulk import is_one_of
from .denying import Denial, deny, end_entry
from .schema import mailbox_events, suppressions, suppressions_ended
from .shapes import AnyRow

__all__ = ["latch"]

_LIMIT = SuppressionReason.SOFT_BOUNCE_LIMIT
_SOURCE = "soft bounces"
_AGES_AGO = datetime(1, 1, 1, tzinfo=UTC)


class _Told(NamedTuple):
    """One event, about a message; where nobody knows which, about one of its own."""

    message: str
    what: MailboxFact
    at: datetime


def latch(
    connection: Connection, account: AccountId, people: dict[AddressKey, Address], counter: SoftBounceCounter
) -> None:
    """
    Put those on the list who have reached the limit since mail last arrived, or since somebody reinstated them, and
    take off those to whom mail has arrived since. The caller holds the addresses' rows.
    """
    stands = {AddressKey(row.address_key): row for row in _entries(connection, account, people)}
    since = _reinstated(connection, account, people)
    denials: list[Denial] = []
    for key, told in _events(connection, account, people):
        arrived = max((one.at for one in told if one.what is MailboxFact.DELIVERED), default=_AGES_AGO)
        start = max(arrived, since.get(key, _AGES_AGO))
        soft = ((one.message, one.at) for one in told if one.what is MailboxFact.SOFT_BOUNCE and one.at > start)
        reached = counter.reached(soft)
        entry = stands.get(key)
        if reached is not None and (entry is None or entry.source == _SOURCE):
            denials.append((key, str(people[key]), Suppression(_LIMIT, reached, _SOURCE)))
        elif entry is not None and (arrived > entry.at or (reached is None and entry.source == _SOURCE)):
            end_entry(connection, entry, "a delivery", arrived)
    deny(connection, account, denials)


def _entries(connection: Connection, account: AccountId, keys: Collection[AddressKey]) -> Collection[AnyRow]:
    s = suppressions.c
    query = select(suppressions).where(s.account_id == account, s.reason == _LIMIT.value)
    return connection.execute(query.where(is_one_of(connection, s.address_key, keys))).all()


def _reinstated(connection: Connection, account: AccountId, keys: Collection[AddressKey]) -> dict[AddressKey, datetime]:
    s = suppressions_ended.c
    query = select(s.address_key, func.max(s.ended_at)).where(s.account_id == account, s.reason == _LIMIT.value)
    found = connection.execute(query.where(is_one_of(connection, s.address_key, keys)).group_by(s.address_key))
    return {AddressKey(key): at for key, at in found}


def _events(
    connection: Connection, account: AccountId, keys: Collection[AddressKey]
) -> Iterator[tuple[AddressKey, list[_Told]]]:
    m = mailbox_events.c
    kinds = (MailboxFact.SOFT_BOUNCE.value, MailboxFact.DELIVERED.value)
    ours = (m.account_id == account, m.what.in_(kinds), is_one_of(connection, m.address_key, keys))
    query = select(m.address_key, m.delivery, m.event_id, m.what, m.at).where(*ours)
    told = defaultdict[AddressKey, list[_Told]](list)
    for key, delivery, event, what, at in connection.execute(query):
        told[AddressKey(key)].append(
            _Told(f"delivery {delivery}" if delivery else f"event {event}", MailboxFact(what), at)
        )
    yield from told.items()
