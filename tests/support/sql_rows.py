"""A small account in a database, written row by row, for tests of what is read from it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from itertools import count
from typing import Any

from migma_sql import schema
from migma_sql.audience import Audience, row_of
from migma_sql.engine import connect, writing
from migma_sql.people import PROFILE, fault_of, kept_fields, write_values
from migma_sql.question import Question
from sqlalchemy import Connection, Engine, Table, func, insert, literal, select

from migma_core import Address, AddressKey, Contact, ContactDraft, ProjectId, Standing, address_key
from migma_core.decision.circumstances import Wanted
from migma_core.request import AccountId

ACCOUNT, PROJECT = AccountId("a" * 32), ProjectId("b" * 32)
PEPPER = b"pepper for tests, 32 octets long"
NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)

_numbers = count(1)


class _Undo(Exception):
    """Raised to roll back."""


def ref() -> str:
    """The next opaque id."""
    return f"{next(_numbers):032x}"


def small_account(url: str) -> Engine:
    """A database with one account, one project and the verified domain example.com."""
    engine = connect(url)
    schema.metadata.create_all(engine)
    with writing(engine) as connection:
        add(connection, schema.accounts, id=ACCOUNT, name="Acme", created_at=NOW)
        add_project(connection, PROJECT)
        checks = {"is_verified": True, "is_suspended": False, "open_tracking": True, "click_tracking": True}
        add(connection, schema.domains, account_id=ACCOUNT, name="example.com", created_at=NOW, **checks)
    return engine


@contextmanager
def undone(engine: Engine) -> Iterator[Connection]:
    """A transaction that leaves nothing behind."""
    with suppress(_Undo), writing(engine) as connection:
        yield connection
        raise _Undo


def is_kept(contact: Contact) -> bool:
    """Whether a store takes this person as they are: a text that no database can hold is refused at the door."""
    said = {name: getattr(contact, name) for name in (*PROFILE, "address", "tags", "fields")}
    return fault_of(ContactDraft(**said)) is None


def add(connection: Connection, table: Table, **values: Any) -> Any:
    """Insert one row and return its key."""
    return connection.execute(insert(table).values(**values)).inserted_primary_key


def add_project(connection: Connection, project: ProjectId) -> None:
    """A project of the account."""
    words = {"name": "Acme", "brand_name": "Acme", "postal_address": "1 Main St", "base_url": "https://example.com"}
    add(connection, schema.projects, id=project, account_id=ACCOUNT, created_at=NOW, **words)


def add_contact(connection: Connection, contact: Contact, **columns: Any) -> int:
    """A contact with its values, tags and choices, as the store keeps them; ``columns`` override."""
    row = {
        "ref": contact.id,
        "project_id": contact.project,
        "address_key": address_key(contact.address, PEPPER),
        "local": contact.address.local,
        "domain": contact.address.domain,
        "status": contact.status.value,
        "validation": contact.validation.value,
        "consent": "none" if contact.consent is None else contact.consent.level.value,
        "is_role": contact.address.is_role,
        **{name: getattr(contact, name) for name in PROFILE},
        "fields": kept_fields(contact.fields),
        "created_at": NOW,
        "updated_at": NOW,
    }
    number: int = add(connection, schema.contacts, **{**row, **columns})[0]
    write_values(connection, {number: {**row, "fields": contact.fields}})
    for tag in contact.tags:
        add(connection, schema.contact_tags, contact_id=number, tag_id=tag_number(connection, contact.project, tag))
    return number


def add_people(connection: Connection, people: int, *, tag: str = "all", project: ProjectId = PROJECT) -> None:
    """That many plain subscribers at ``n@example.org``, all with the tag; in bulk."""
    first = connection.scalar(select(func.coalesce(func.max(schema.contacts.c.id), 0))) or 0
    addresses = [Address(str(number), "example.org") for number in range(first + 1, first + people + 1)]
    plain = {"status": "subscribed", "validation": "unknown", "consent": "none", "is_role": False, "fields": {}}
    common = {**plain, "project_id": project, "domain": "example.org", "created_at": NOW, "updated_at": NOW}
    rows = [{"ref": ref(), "address_key": address_key(one, PEPPER), "local": one.local, **common} for one in addresses]
    if rows:
        connection.execute(insert(schema.contacts), rows)
    mine = select(literal(tag_number(connection, project, tag)), schema.contacts.c.id).where(
        schema.contacts.c.id > first
    )
    connection.execute(insert(schema.contact_tags).from_select(["tag_id", "contact_id"], mine))


def tag_number(connection: Connection, project: ProjectId, name: str) -> int:
    """The tag's number; it is made where there is none."""
    tags = schema.tags.c
    found = connection.scalar(select(tags.id).where(tags.project_id == project, tags.name == name))
    if found is None:
        found = add(connection, schema.tags, ref=ref(), project_id=project, name=name, created_at=NOW)[0]
    return int(found)


def deny(connection: Connection, address: Address, denials: int) -> None:
    """Put denials against an address."""
    add(connection, schema.addresses, account_id=ACCOUNT, address_key=address_key(address, PEPPER), denials=denials)


def standing_of(connection: Connection, question: Question, audience: Audience, key: AddressKey) -> Standing | None:
    """One member's standing, or ``None`` where nobody in the audience has this key."""
    row = row_of(connection, question, audience, key, Wanted(), NOW)
    return None if row is None else row.standing
