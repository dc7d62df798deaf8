"""Circumstances: what a policy's rules outside the table read of people, gathered for a whole page at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from migma_wire.zones import read_zone
from sqlalchemy import Connection, and_, select

from migma_core.audience.address import Address, AddressKey, InvalidAddress
from migma_core.audience.consent import Consent, ConsentBasis, ConsentLevel
from migma_core.audience.contact import contact_values
from migma_core.audience.values import Scalar
from migma_core.decision.circumstances import Circumstances, Wanted
from migma_core.decision.purpose import Purpose
from migma_core.delivery.delivery import DeliveryState

from .people import consents_of, scalars
from .question import Question
from .schema import contacts, deliveries, projects, sends
from .shapes import AnyRow

__all__ = ["ZONE_FIELD", "circumstances_of_people"]

ZONE_FIELD = "time_zone"
"""The custom field that holds a contact's time zone, under its IANA name."""

# Whoever may have been reached counts as reached: the cap errs on the side of less mail.
_REACHED = (DeliveryState.ACCEPTED.value, DeliveryState.HELD.value)


class _Known(NamedTuple):
    """A fact, or that it could not be read."""

    value: Any
    is_readable: bool = True


def circumstances_of_people(
    connection: Connection,
    question: Question,
    people: Mapping[AddressKey, int | None],
    wanted: Wanted,
    now: datetime,
    strangers: Mapping[AddressKey, Address],
) -> dict[AddressKey, Circumstances]:
    """
    The wanted circumstances of each address, by its key; ``people`` says which contact holds it, if any.

    ``strangers`` are addresses that nobody may have stored, by their keys. At most four queries, however many people
    there are.
    """
    if not wanted.names:
        return {}
    numbers = [number for number in people.values() if number is not None]
    rows = _rows(connection, numbers)
    given = consents_of(connection, numbers) if "consent" in wanted.names else {}
    received = _received(connection, question, list(people), now, wanted) if "received" in wanted.names else {}
    return {
        key: _circumstances(rows.get(number or 0), given.get(number or 0), received.get(key, ()), strangers.get(key))
        for key, number in people.items()  # no contact has the number 0
    }


def _circumstances(
    row: AnyRow | None, event: AnyRow | None, received: Sequence[datetime], stranger: Address | None
) -> Circumstances:
    if row is None:
        return Circumstances(address=stranger, received=tuple(received))
    facts = {"address": _address(row), "zone": _zone(row), "consent": _consent(row, event)}
    return Circumstances(
        **{name: fact.value for name, fact in facts.items()},
        received=tuple(received),
        values=_values(row),
        unreadable=frozenset(name for name, fact in facts.items() if not fact.is_readable),
    )


def _rows(connection: Connection, numbers: Sequence[int]) -> dict[int, AnyRow]:
    found = connection.execute(select(contacts).where(contacts.c.id.in_(numbers)))
    return {row.id: row for row in found}


def _received(
    connection: Connection, question: Question, keys: Sequence[AddressKey], now: datetime, wanted: Wanted
) -> dict[AddressKey, list[datetime]]:
    """When marketing of the whole account was accepted for these addresses: a mailbox does not know our projects."""
    d = deliveries.c
    query = (
        select(d.address_key, d.updated_at)
        .select_from(
            deliveries.join(sends, sends.c.id == d.send_id).join(projects, projects.c.id == sends.c.project_id)
        )
        .where(
            d.address_key.in_(keys),
            d.state.in_(_REACHED),
            d.updated_at > now - wanted.looks_back,
            and_(sends.c.purpose != Purpose.TRANSACTIONAL.word, projects.c.account_id == question.account),
        )
    )
    found: dict[AddressKey, list[datetime]] = defaultdict(list)
    for key, at in connection.execute(query):
        found[AddressKey(key)].append(at)
    return found


def _address(row: AnyRow) -> _Known:
    try:
        return _Known(Address(row.local, row.domain))
    except InvalidAddress:
        return _Known(None, is_readable=False)


def _zone(row: AnyRow) -> _Known:
    named = (row.fields or {}).get(ZONE_FIELD)
    if named is None or named == "":
        return _Known(None)
    zone = read_zone(named) if isinstance(named, str) else None
    return _Known(zone, is_readable=zone is not None)


def _consent(row: AnyRow, event: AnyRow | None) -> _Known:
    """The consent in force; one whose level or basis nobody understands is unreadable, never a guess."""
    if row.consent == ConsentLevel.NONE or event is None:
        return _Known(None, is_readable=row.consent in set(ConsentLevel))
    try:
        basis = ConsentBasis.EXPRESS if event.basis is None else ConsentBasis(event.basis)
        return _Known(Consent(ConsentLevel(row.consent), event.source, event.at, basis))
    except ValueError:
        return _Known(None, is_readable=False)


def _values(row: AnyRow) -> Mapping[str, Scalar]:
    address = _address(row).value
    if address is None:
        return scalars(row.fields)
    return contact_values(
        address, row.first_name, row.last_name, row.phone, row.country, row.language, scalars(row.fields)
    )
