"""People as rows: laid out for writing, and put together again for reading."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import chain, starmap
from math import isfinite
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, delete, func, select

from migma_core.audience.address import Address, AddressKey
from migma_core.audience.consent import Consent, ConsentBasis, ConsentLevel
from migma_core.audience.contact import Contact, ContactId, ProjectId, Status, Validation, contact_values
from migma_core.audience.intake import ContactDraft
from migma_core.audience.topic import TopicId
from migma_core.audience.values import Scalar, canonical
from migma_core.message.template import lone_surrogate

from .bulk import insert_all, insert_missing, is_one_of
from .functions import insert_new
from .refs import new_ref
from .schema import consent_events, contact_tags, field_names, tags, topic_choices
from .schema import contact_values as values_table
from .shapes import AnyRow
from .tags import tag_ids

__all__ = [
    "PROFILE",
    "clear_values",
    "consents_of",
    "fault_of",
    "kept_fields",
    "new_row",
    "put_together",
    "scalars",
    "write_fields",
    "write_tags",
    "write_values",
]

PROFILE = ("first_name", "last_name", "phone", "country", "language")
_profile = attrgetter(*PROFILE)
_NOBODY, _NOWHERE = ContactId("0" * 32), ProjectId("0" * 32)
_ALIASES = frozenset({"firstName", "lastName"})


def fault_of(draft: ContactDraft) -> str | None:
    """Why this person cannot be stored, or ``None``: a row that could not be read back would hide its whole page."""
    said = (*_profile(draft), *draft.fields, *draft.fields.values())
    texts = [one for one in said if isinstance(one, str)]
    if not draft.tags and "".join(texts).isprintable():
        return None  # as nearly everybody is: what all can see hides nothing
    try:
        Contact(
            id=_NOBODY,
            project=_NOWHERE,
            address=draft.address,
            tags=draft.tags,
            **{name: getattr(draft, name) for name in PROFILE},
        )
    except ValueError as wrong:
        return str(wrong)
    if any("\0" in text or lone_surrogate(text) is not None for text in texts):
        return "a custom field holds octets that are no text"
    return None


def kept_fields(fields: Mapping[str, Scalar]) -> dict[str, Scalar]:
    """Custom fields as JSON can hold them; their canonical form stays the same. What is ``None`` is not said."""
    return {
        key: value if isinstance(value, str) else _kept(value) for key, value in fields.items() if value is not None
    }


def _kept(value: Scalar) -> Scalar:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, float) and not isfinite(value) else value


def new_row(
    project: ProjectId, key: AddressKey, draft: ContactDraft, status: Status, consent: ConsentLevel, at: datetime
) -> dict[str, Any]:
    """A new contact's row."""
    return {
        "ref": new_ref(),
        "project_id": project,
        "address_key": key,
        "local": draft.address.local,
        "domain": draft.address.domain,
        "status": status.value,
        "validation": Validation.UNKNOWN.value,
        "consent": consent.value,
        "is_role": draft.address.is_role,
        "first_name": draft.first_name,
        "last_name": draft.last_name,
        "phone": draft.phone,
        "country": draft.country,
        "language": draft.language,
        "fields": kept_fields(draft.fields),
        "created_at": at,
        "updated_at": at,
        "unsubscribed_at": at if status is Status.UNSUBSCRIBED else None,
    }


def write_values(connection: Connection, people: Mapping[int, Mapping[str, Any]]) -> None:
    """Keep the canonical form of everything segments may compare (D6), of people of whom none is kept."""
    rows = chain.from_iterable(starmap(_canonical_rows, people.items()))
    insert_all(connection, values_table, ("contact_id", "key", "text", "number", "instant"), rows)


def clear_values(connection: Connection, numbers: Collection[int]) -> None:
    """Forget what was kept of people whose values have changed, before they are written anew."""
    if numbers:
        connection.execute(delete(values_table).where(is_one_of(connection, values_table.c.contact_id, numbers)))


def _canonical_rows(number: int, row: Mapping[str, Any]) -> Iterable[tuple[Any, ...]]:
    said = contact_values(
        f"{row['local']}@{row['domain']}",
        row["first_name"],
        row["last_name"],
        row["phone"],
        row["country"],
        row["language"],
        row["fields"],
    )
    return [
        (number, key, *folded)
        for key, value in said.items()
        if value is not None and key not in _ALIASES and (folded := canonical(value)) is not None
    ]


def write_tags(connection: Connection, project: ProjectId, held: Mapping[int, Iterable[str]], at: datetime) -> None:
    """Give people tags, created where missing; none is taken away."""
    names = {name for some in held.values() for name in some}
    numbers = tag_ids(connection, project, names, at)
    rows = [(numbers[name], number) for number, some in held.items() for name in some]
    insert_missing(connection, contact_tags, ("tag_id", "contact_id"), rows)


def write_fields(connection: Connection, project: ProjectId, names: Iterable[str]) -> None:
    """Remember which custom fields there are."""
    rows = [{"project_id": project, "name": name} for name in sorted(set(names))]
    if rows:
        connection.execute(insert_new(connection, field_names), rows)


def put_together(connection: Connection, rows: Sequence[AnyRow]) -> tuple[Contact, ...]:
    """Contacts from their rows, with tags, choices and consent; three queries, however many they are."""
    numbers = [row.id for row in rows]
    held, chosen, given = _tags(connection, numbers), _choices(connection, numbers), consents_of(connection, numbers)
    return tuple(_contact(row, held[row.id], chosen[row.id], given.get(row.id)) for row in rows)


def _contact(row: AnyRow, held: set[str], chosen: dict[TopicId, bool], event: AnyRow | None) -> Contact:
    consent = None
    if event is not None and row.consent in set(ConsentLevel) and row.consent != ConsentLevel.NONE:
        basis = ConsentBasis(event.basis) if event.basis in set(ConsentBasis) else ConsentBasis.EXPRESS
        consent = Consent(ConsentLevel(row.consent), event.source, event.at, basis)
    return Contact(
        id=ContactId(row.ref),
        project=ProjectId(row.project_id),
        address=Address(row.local, row.domain),
        # for people to look at; a decision reads the column itself, where the unreadable withholds
        status=Status(row.status) if row.status in set(Status) else Status.NON_SUBSCRIBED,
        validation=Validation(row.validation) if row.validation in set(Validation) else Validation.UNKNOWN,
        **{name: getattr(row, name) for name in PROFILE},
        tags=frozenset(held),
        fields=scalars(row.fields),
        topics=chosen,
        consent=consent,
    )


def scalars(fields: Mapping[str, Any] | None) -> dict[str, Scalar]:
    """Custom fields as they are stored; what no field may hold is left out."""
    return {str(key): value for key, value in (fields or {}).items() if isinstance(value, str | int | float | None)}


def _tags(connection: Connection, numbers: Sequence[int]) -> dict[int, set[str]]:
    found: dict[int, set[str]] = defaultdict(set)
    query = select(contact_tags.c.contact_id, tags.c.name).join(tags, tags.c.id == contact_tags.c.tag_id)
    for number, name in connection.execute(query.where(contact_tags.c.contact_id.in_(numbers))):
        found[number].add(name)
    return found


def _choices(connection: Connection, numbers: Sequence[int]) -> dict[int, dict[TopicId, bool]]:
    found: dict[int, dict[TopicId, bool]] = defaultdict(dict)
    query = select(topic_choices.c.contact_id, topic_choices.c.topic_id, topic_choices.c.joined)
    for number, topic, joined in connection.execute(query.where(topic_choices.c.contact_id.in_(numbers))):
        found[number][TopicId(topic)] = bool(joined)
    return found


def consents_of(connection: Connection, numbers: Sequence[int]) -> dict[int, AnyRow]:
    """The latest opt-in on record of each of these contacts, if any."""
    latest = select(func.max(consent_events.c.id)).where(
        consent_events.c.contact_id.in_(numbers), consent_events.c.what == "opt_in"
    )
    query = select(consent_events).where(consent_events.c.id.in_(latest.group_by(consent_events.c.contact_id)))
    return {row.contact_id: row for row in connection.execute(query)}
