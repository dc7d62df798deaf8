"""Contacts: added, found, and what they decided about marketing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, func, insert, select

from migma_core.audience.address import Address, AddressKey, address_key
from migma_core.audience.consent import Consent, ConsentEvidence, ConsentLevel
from migma_core.audience.consent_event import NOTHING_SHOWN, ConsentEvent, Shown
from migma_core.audience.contact import Contact, ContactId, ProjectId, Status
from migma_core.audience.fields import FieldIs, Mode
from migma_core.audience.intake import ContactDraft, Intake, admit
from migma_core.audience.segment import AnyOf, Condition, StatusIs, Tagged
from migma_core.audience.suppression import Denials, Suppression, SuppressionReason
from migma_core.message.token import DeliveryId
from migma_core.ports import ContactPage, Erasure, Story
from migma_core.request.project import AccountId

from .condition import matching
from .consent_log import events_of
from .denying import deny, lock_addresses
from .engine import reading, writing
from .erasing import erase
from .people import fault_of, new_row, put_together, write_fields, write_tags, write_values
from .question import account_of
from .schema import consent_events, contacts, field_names, tombstones
from .shapes import AnyRow
from .story import story_of
from .subscribing import DeniedContact, denials_of, opt_in_event, subscribe, unsubscribe, ways

__all__ = ["ContactExists", "Contacts", "DeniedContact", "UnknownAddress"]

_PAGE = 1_000


class ContactExists(ValueError):
    """The project has a contact with this address."""

    def __init__(self, address: Address) -> None:
        super().__init__(f"the project has a contact with the address {address.masked} already; import it to update it")


class UnknownAddress(LookupError):
    """The project has no contact with this address."""

    def __init__(self, address: Address) -> None:
        super().__init__(f"the project has no contact with the address {address.masked}; add them first")


class Contacts:
    """The people of one database; ``pepper`` keys their addresses."""

    def __init__(self, engine: Engine, pepper: bytes) -> None:
        self._engine = engine
        self._pepper = pepper

    def add(self, project: ProjectId, draft: ContactDraft, at: datetime, source: str) -> Contact:
        """
        Add one person: subscribed unless the draft says otherwise, their consent on record as unproven (D13).

        Raises `ContactExists`, `DeniedContact` where a denial stands against what the draft asks, and `ValueError` for
        values that cannot be stored.
        """
        if (fault := fault_of(draft)) is not None:
            raise ValueError(f"{draft.address.masked} cannot be added: {fault}")
        key = address_key(draft.address, self._pepper)
        with writing(self._engine) as connection:
            account = account_of(connection, project)
            denials = lock_addresses(connection, account, [key]).denials[key]
            if _row(connection, project, key) is not None:
                raise ContactExists(draft.address)
            admitted = admit(draft.status, None, denials, Intake(Status.SUBSCRIBED, source))
            if admitted.status is None or (admitted.note and draft.status is Status.SUBSCRIBED):
                raise DeniedContact(f"{draft.address.masked} cannot be subscribed: {ways(denials)}")
            claimed = ConsentLevel.UNPROVEN if admitted.status is Status.SUBSCRIBED else ConsentLevel.NONE
            row = new_row(project, key, draft, admitted.status, claimed, at)
            _write(connection, row, draft.tags, Consent(claimed, source, at))
            if admitted.suppress is not None:
                deny(connection, account, [(key, str(draft.address), Suppression(admitted.suppress, at, source))])
            return _contact(connection, project, key, draft.address)

    def get(self, project: ProjectId, address: Address) -> Contact | None:
        """Find a person by address."""
        with reading(self._engine) as connection:
            row = _row(connection, project, address_key(address, self._pepper))
            return None if row is None else put_together(connection, [row])[0]

    def by_ref(self, contact: ContactId) -> Contact | None:
        """Find a person by their opaque reference."""
        with reading(self._engine) as connection:
            row = connection.execute(select(contacts).where(contacts.c.ref == contact)).first()
            return None if row is None else put_together(connection, [row])[0]

    def list(
        self,
        project: ProjectId,
        *,
        tag: str | None = None,
        status: Status | None = None,
        search: str | None = None,
        after: int = 0,
        limit: int = 50,
    ) -> ContactPage:
        """People in the order they were added, after the number ``after``."""
        query = select(contacts).where(contacts.c.project_id == project, contacts.c.id > after)
        if tag is not None:
            query = query.where(matching(Tagged((tag,)), project))
        if status is not None:
            query = query.where(matching(StatusIs(status), project))
        if search is not None:
            query = query.where(matching(_found(search), project))
        with reading(self._engine) as connection:
            rows = connection.execute(query.order_by(contacts.c.id).limit(limit + 1)).all()
            people = put_together(connection, rows[:limit])
        return ContactPage(people, rows[limit - 1].id if len(rows) > limit else None)

    def count(self, project: ProjectId) -> int:
        """How many people the project has."""
        with reading(self._engine) as connection:
            query = select(func.count()).select_from(contacts).where(contacts.c.project_id == project)
            return connection.execute(query).scalar_one()

    def stream(
        self, project: ProjectId, condition: Condition | None = None, now: datetime | None = None
    ) -> Iterator[Contact]:
        """
        Everyone whom the condition describes, in the order they were added; without one, everybody.

        Read by keyset, each page as of its own moment: whoever is added meanwhile comes last. A condition that looks
        back from the present needs ``now``, and raises `ValueError` without.
        """
        query = select(contacts).where(contacts.c.project_id == project).order_by(contacts.c.id).limit(_PAGE)
        if condition is not None:
            query = query.where(matching(condition, project, now=now))
        after = 0
        while True:
            with reading(self._engine) as connection:
                rows = connection.execute(query.where(contacts.c.id > after)).all()
                people = put_together(connection, rows)
            yield from people
            if len(rows) < _PAGE:
                return
            after = rows[-1].id

    def field_names(self, project: ProjectId) -> frozenset[str]:
        """Names of the custom fields that any contact has had."""
        with reading(self._engine) as connection:
            query = select(field_names.c.name).where(field_names.c.project_id == project)
            return frozenset(connection.scalars(query))

    def subscribe(
        self, project: ProjectId, address: Address, consent: Consent, evidence: ConsentEvidence | None = None
    ) -> Contact:
        """
        Record a consent, with the evidence for it where there is any: it ends an earlier opt-out or erasure, for this
        project alone, and a double opt-in ends a complaint as well (D13).

        Somebody erased comes back by it as a new contact. Raises `UnknownAddress`, and `DeniedContact` where something
        stands that this consent does not end: another denial, an opt-out that is not older, or one that only the
        person's own proven consent may end.
        """
        key = address_key(address, self._pepper)
        with writing(self._engine) as connection:
            denials = lock_addresses(connection, account_of(connection, project), [key]).denials[key]
            row = _row(connection, project, key)
            if row is None:
                row = _come_back(connection, project, address, key, denials, consent)
            subscribe(connection, row, consent, evidence)
            return _contact(connection, project, key, address)

    def unsubscribe(
        self,
        contact: ContactId,
        at: datetime,
        source: str,
        delivery: DeliveryId | None = None,
        shown: Shown = NOTHING_SHOWN,
    ) -> bool:
        """
        Opt a person out of all marketing of the account (D12); durable when it returns.

        ``False`` where nothing changed: the first time is kept.
        """
        with writing(self._engine) as connection:
            row = connection.execute(select(contacts).where(contacts.c.ref == contact)).first()
            entry = Suppression(SuppressionReason.UNSUBSCRIBE, at, source)
            if row is None:
                return _opt_out_erased(connection, contact, entry)
            return unsubscribe(connection, row, entry, shown, None if delivery is None else f"delivery {delivery}")

    def events(self, contact: ContactId) -> Sequence[ConsentEvent]:
        """Everything on record that the person said about mail, oldest first (O-01)."""
        with reading(self._engine) as connection:
            number = connection.scalar(select(contacts.c.id).where(contacts.c.ref == contact))
            return () if number is None else events_of(connection, number)

    def story(self, project: ProjectId, address: Address) -> Story:
        """Everything that is known about one person, as of one moment; empty for a stranger."""
        with reading(self._engine) as connection:
            return story_of(connection, project, address_key(address, self._pepper))

    def erase(self, project: ProjectId, address: Address, at: datetime, source: str) -> Erasure:
        """
        Forget a person in every project of the account; durable when it returns, and repeating it changes nothing.

        What stands against writing to them is kept as a keyed hash, so that no list brings them back (O-06, D13). What
        waits to be sent to them is cancelled; what is with a provider already cannot be called back.
        """
        with writing(self._engine) as connection:
            account = account_of(connection, project)
            return erase(connection, account, address, address_key(address, self._pepper), at, source)


def _opt_out_erased(connection: Connection, contact: ContactId, entry: Suppression) -> bool:
    """
    Take the opt-out of somebody erased, whose link is as good as ever (D-07).

    Should they come back for one project, it stands against the others.
    """
    t = tombstones.c
    buried = connection.execute(select(t.account_id, t.address_key).where(t.contact_ref == contact)).first()
    if buried is None:
        return False
    account, key = AccountId(buried.account_id), AddressKey(buried.address_key)
    if denials_of(connection, account, key) & Denials.UNSUBSCRIBED:
        return False
    deny(connection, account, [(key, None, entry)])
    return True


def _write(connection: Connection, row: dict[str, Any], tags: frozenset[str], consent: Consent) -> None:
    """Everything a new person brings."""
    number = connection.execute(insert(contacts).returning(contacts.c.id), row).scalar_one()
    write_values(connection, {number: row})
    write_fields(connection, row["project_id"], row["fields"])
    write_tags(connection, row["project_id"], {number: tags}, row["created_at"])
    if consent.level is not ConsentLevel.NONE:
        connection.execute(insert(consent_events), opt_in_event(number, consent))


def _row(connection: Connection, project: ProjectId, key: AddressKey) -> AnyRow | None:
    query = select(contacts).where(contacts.c.project_id == project, contacts.c.address_key == key)
    return connection.execute(query).first()


def _contact(connection: Connection, project: ProjectId, key: AddressKey, address: Address) -> Contact:
    row = _row(connection, project, key)
    if row is None:
        raise UnknownAddress(address)
    return put_together(connection, [row])[0]


def _come_back(
    connection: Connection, project: ProjectId, address: Address, key: AddressKey, denials: int, consent: Consent
) -> AnyRow:
    """A new contact for somebody erased, who is subscribed or not by what follows. Raises `UnknownAddress`."""
    if not denials & Denials.ERASED:
        raise UnknownAddress(address)
    draft = ContactDraft(address=address)
    row = new_row(project, key, draft, Status.NON_SUBSCRIBED, ConsentLevel.NONE, consent.at)
    _write(connection, row, frozenset(), Consent(ConsentLevel.NONE, consent.source, consent.at))
    there = _row(connection, project, key)
    assert there is not None  # noqa: S101 - it was just written
    return there


def _found(search: str) -> Condition:
    """Whoever has these letters in their address or name, in any case."""
    return AnyOf(tuple(FieldIs(key, Mode.CONTAINS, (search,)) for key in ("email", "name")))
