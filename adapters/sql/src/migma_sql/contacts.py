"""Contacts: added, found, and what they decided about marketing."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, func, insert, or_, select, update

from migma_core.audience.address import Address, AddressKey, address_key
from migma_core.audience.consent import Consent, ConsentLevel
from migma_core.audience.contact import Contact, ContactId, ProjectId, Status
from migma_core.audience.intake import ContactDraft, Intake, admit
from migma_core.audience.suppression import Denials, Suppression, SuppressionReason
from migma_core.message.token import DeliveryId
from migma_core.ports import ContactPage
from migma_core.request.project import AccountId

from .denying import deny, know_addresses
from .engine import reading, writing
from .people import new_row, put_together, write_fields, write_tags, write_values
from .question import account_of
from .schema import addresses, consent_events, contact_tags, contacts, field_names, suppressions, tags
from .shapes import AnyRow

__all__ = ["ContactExists", "Contacts", "DeniedContact", "UnknownAddress"]

_LIFTED_BY_CONSENT = Denials.UNSUBSCRIBED
_WAYS = {
    Denials.HARD_BOUNCE: "it hard-bounced, which only an audited reinstatement ends",
    Denials.COMPLAINT: "the person complained, which only a fresh double opt-in ends",
    Denials.ERASED: "the person asked to be forgotten; only they can come back",
    Denials.OBJECTION: "the person objected to marketing; record a consent that names the objection",
    Denials.UNSUBSCRIBED: "the person unsubscribed; record their consent with contacts.subscribe",
}


class ContactExists(ValueError):
    """The project has a contact with this address."""

    def __init__(self, address: Address) -> None:
        super().__init__(f"the project has a contact with the address {address} already; import or update it instead")


class DeniedContact(ValueError):
    """Something stands against subscribing this address; the message names it and the right call (design D13)."""


class UnknownAddress(LookupError):
    """The project has no contact with this address."""

    def __init__(self, address: Address) -> None:
        super().__init__(f"the project has no contact with the address {address}; add them first")


class Contacts:
    """The people of one database; ``pepper`` keys their addresses."""

    def __init__(self, engine: Engine, pepper: bytes) -> None:
        self._engine = engine
        self._pepper = pepper

    def add(self, project: ProjectId, draft: ContactDraft, at: datetime, source: str) -> Contact:
        """
        Add one person: subscribed unless the draft says otherwise, their consent on record as unproven (D13).

        Raises `ContactExists`, and `DeniedContact` where a denial stands against what the draft asks.
        """
        key = address_key(draft.address, self._pepper)
        with writing(self._engine) as connection:
            account = account_of(connection, project)
            if _row(connection, project, key) is not None:
                raise ContactExists(draft.address)
            denials = _denials(connection, account, key)
            admitted = admit(draft.status, None, denials, Intake(Status.SUBSCRIBED, source))
            if admitted.status is None or (admitted.note and draft.status is Status.SUBSCRIBED):
                raise DeniedContact(f"{draft.address} cannot be subscribed: {_way(denials)}")
            know_addresses(connection, account, [key])
            _insert(connection, new_row(project, key, draft, admitted.status, at), draft.tags, at, source)
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
            holds = (
                select(1)
                .join(tags, tags.c.id == contact_tags.c.tag_id)
                .where(contact_tags.c.contact_id == contacts.c.id, tags.c.project_id == project, tags.c.name == tag)
            )
            query = query.where(holds.exists())
        if status is not None:
            query = query.where(contacts.c.status == status.value)
        if search:
            query = query.where(_found(search))
        with reading(self._engine) as connection:
            rows = connection.execute(query.order_by(contacts.c.id).limit(limit)).all()
            people = put_together(connection, rows)
        return ContactPage(people, rows[-1].id if rows and len(rows) == limit else None)

    def count(self, project: ProjectId) -> int:
        """How many people the project has."""
        with reading(self._engine) as connection:
            query = select(func.count()).select_from(contacts).where(contacts.c.project_id == project)
            return connection.execute(query).scalar_one()

    def field_names(self, project: ProjectId) -> frozenset[str]:
        """Names of the custom fields that any contact has had."""
        with reading(self._engine) as connection:
            query = select(field_names.c.name).where(field_names.c.project_id == project)
            return frozenset(connection.scalars(query))

    def subscribe(self, project: ProjectId, address: Address, consent: Consent) -> Contact:
        """
        Record a consent: it ends an earlier opt-out, for this project alone, and nothing else (D13).

        Raises `UnknownAddress`, and `DeniedContact` where something stands that a consent does not end, or where the
        opt-out is later than the consent.
        """
        key = address_key(address, self._pepper)
        with writing(self._engine) as connection:
            row = _row(connection, project, key)
            if row is None:
                raise UnknownAddress(address)
            account = account_of(connection, project)
            self._check_consent(connection, account, row, key, address, consent)
            lifted = {"lifted": row.lifted | int(_LIFTED_BY_CONSENT), "status": Status.SUBSCRIBED.value}
            values = {**lifted, "consent": consent.level.value, "unsubscribed_at": None, "updated_at": consent.at}
            connection.execute(update(contacts).where(contacts.c.id == row.id).values(**values))
            connection.execute(insert(consent_events), _opt_in(row.id, consent))
            return _contact(connection, project, key, address)

    def unsubscribe(self, contact: ContactId, at: datetime, source: str, delivery: DeliveryId | None = None) -> bool:
        """
        Opt a person out of all marketing of the account (D12); durable when it returns.

        ``False`` where nothing changed: the first time is kept.
        """
        with writing(self._engine) as connection:
            row = connection.execute(select(contacts).where(contacts.c.ref == contact)).first()
            if row is None:
                return False
            account = account_of(connection, ProjectId(row.project_id))
            stands = _denials(connection, account, row.address_key) & ~row.lifted & Denials.UNSUBSCRIBED
            if stands and row.status in {Status.UNSUBSCRIBED.value, Status.BOUNCED.value}:
                return False
            entry = Suppression(SuppressionReason.UNSUBSCRIBE, at, source)
            deny(connection, account, [(row.address_key, f"{row.local}@{row.domain}", entry)])
            wording = None if delivery is None else f"delivery {delivery}"
            event = {"contact_id": row.id, "what": "opt_out", "source": source, "wording": wording, "at": at}
            connection.execute(insert(consent_events), event)
            return True

    def _check_consent(
        self,
        connection: Connection,
        account: AccountId,
        row: AnyRow,
        key: AddressKey,
        address: Address,
        consent: Consent,
    ) -> None:
        stands = _denials(connection, account, key) & ~row.lifted
        beyond = stands & ~int(_LIFTED_BY_CONSENT) & int(sum(_WAYS))
        if beyond or row.status == Status.BOUNCED.value:
            raise DeniedContact(f"{address} cannot be subscribed: {_way(beyond or Denials.HARD_BOUNCE)}")
        s = suppressions.c
        opted_out = connection.scalar(
            select(s.at).where(
                s.account_id == account, s.address_key == key, s.reason == SuppressionReason.UNSUBSCRIBE.value
            )
        )
        if opted_out is not None and consent.at <= opted_out:
            raise DeniedContact(f"{address} opted out on {opted_out:%Y-%m-%d %H:%M}, later than this consent")


def _insert(connection: Connection, row: dict[str, Any], held: frozenset[str], at: datetime, source: str) -> None:
    number = connection.execute(insert(contacts).returning(contacts.c.id), row).scalar_one()
    write_values(connection, {number: row})
    write_fields(connection, row["project_id"], row["fields"])
    write_tags(connection, row["project_id"], {number: held}, at)
    if row["consent"] == ConsentLevel.UNPROVEN.value:
        connection.execute(insert(consent_events), _opt_in(number, Consent(ConsentLevel.UNPROVEN, source, at)))


def _row(connection: Connection, project: ProjectId, key: AddressKey) -> AnyRow | None:
    query = select(contacts).where(contacts.c.project_id == project, contacts.c.address_key == key)
    return connection.execute(query).first()


def _contact(connection: Connection, project: ProjectId, key: AddressKey, address: Address) -> Contact:
    row = _row(connection, project, key)
    if row is None:
        raise UnknownAddress(address)
    return put_together(connection, [row])[0]


def _denials(connection: Connection, account: AccountId, key: AddressKey) -> int:
    query = select(addresses.c.denials).where(addresses.c.account_id == account, addresses.c.address_key == key)
    return connection.scalar(query) or 0


def _way(denials: int) -> str:
    return "; ".join(way for bit, way in _WAYS.items() if denials & bit) or "its status says so"


def _found(search: str) -> Any:
    needle = search.lower()
    whole = func.lower(contacts.c.local + "@" + contacts.c.domain)
    name = func.lower(func.coalesce(contacts.c.first_name, "") + " " + func.coalesce(contacts.c.last_name, ""))
    return or_(whole.contains(needle, autoescape=True), name.contains(needle, autoescape=True))


def _opt_in(number: int, consent: Consent) -> dict[str, object]:
    return {
        "contact_id": number,
        "what": "opt_in",
        "level": consent.level.value,
        "source": consent.source,
        "at": consent.at,
    }
