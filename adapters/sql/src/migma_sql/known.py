"""Who of a list is known already: one address each, with the row there is or will be, and what stands against it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, select

from migma_core.audience.address import AddressKey
from migma_core.audience.contact import ProjectId, Status
from migma_core.audience.suppression import DENIAL_OF, SuppressionReason
from migma_core.request.project import AccountId

from .bulk import is_one_of
from .denying import STATUS_AFTER, lock_addresses
from .schema import contact_tags, contacts, tags

__all__ = ["Person", "known_people"]

_STATUSES: Mapping[str | None, Status] = {one.value: one for one in Status}


@dataclass(slots=True)
class Person:
    """
    One address while its chunk is worked on. ``row`` is empty for somebody new, ``number`` is the store's own.

    ``denials`` are those in force for this project, ``held`` the tags there are and ``tags`` those to come.
    """

    row: dict[str, Any] = field(default_factory=dict)
    number: int | None = None
    denials: int = 0
    held: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()
    changed: bool = False
    opted_in: bool = False

    @property
    def status(self) -> Status | None:
        """The status as it stands; ``None`` for somebody new, and where it cannot be read."""
        return _STATUSES.get(self.row.get("status"))

    def deny(self, reason: SuppressionReason) -> None:
        """Stand as the database will have it once the denial is recorded: the next row of the list finds them so."""
        self.denials |= DENIAL_OF[reason]
        if reason in STATUS_AFTER and self.status is not Status.BOUNCED:
            self.row["status"] = STATUS_AFTER[reason].value


def known_people(
    connection: Connection, account: AccountId, project: ProjectId, keys: Iterable[AddressKey]
) -> dict[AddressKey, Person]:
    """
    Everyone by key, in the order of the keys, in as many queries however many they are; nobody else can add, deny or
    erase any of them until the transaction ends.
    """
    people = {key: Person() for key in keys}
    addresses = lock_addresses(connection, account, people)
    known = {key: people[key] for key in addresses.denials if key not in addresses.new}
    for key, person in known.items():
        person.denials = addresses.denials[key]
    if known:
        _add_rows(connection, project, known)
        _add_tags(connection, {one.number: one for one in known.values() if one.number is not None})
    return people


def _add_rows(connection: Connection, project: ProjectId, people: Mapping[AddressKey, Person]) -> None:
    c = contacts.c
    there = select(contacts).where(c.project_id == project, is_one_of(connection, c.address_key, people))
    for row in connection.execute(there).mappings():
        person = people[row["address_key"]]
        # what a recorded consent lifted for this project is not in force against it
        person.row, person.number, person.denials = dict(row), row["id"], person.denials & ~row["lifted"]


def _add_tags(connection: Connection, numbered: Mapping[int, Person]) -> None:
    query = select(contact_tags.c.contact_id, tags.c.name).join(tags, tags.c.id == contact_tags.c.tag_id)
    for number, name in connection.execute(query.where(is_one_of(connection, contact_tags.c.contact_id, numbered))):
        numbered[number].held |= {name}
