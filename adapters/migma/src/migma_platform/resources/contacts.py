"""Contacts: the people of a project at Migma, one by one and as lists (§1.2, §3.5)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field
from urllib3.filepost import encode_multipart_formdata

from ..call import Asked, Call, Done, Page, Told, call, done, one, paged, pages

__all__ = [
    "BulkJob",
    "BulkResult",
    "Contact",
    "ContactChanges",
    "ContactStatus",
    "Deleted",
    "DeletedMany",
    "Export",
    "Import",
    "ImportCounts",
    "NewContact",
    "add",
    "add_many",
    "bulk_job",
    "change",
    "change_status",
    "delete",
    "delete_many",
    "export",
    "export_job",
    "get",
    "import_csv",
    "import_job",
    "list_page",
]

_MOST_DELETED = 1_000


class ContactStatus(StrEnum):
    """
    Migma's four, the two of its older answers beside them, and one for what nobody here can read.

    ``active`` is read as subscribed (A2).
    """

    SUBSCRIBED = "subscribed"
    UNSUBSCRIBED = "unsubscribed"
    NON_SUBSCRIBED = "non-subscribed"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    UNREADABLE = "unreadable"


def _status(said: object) -> ContactStatus:
    known = {one.value: one for one in ContactStatus} | {"active": ContactStatus.SUBSCRIBED}
    return known.get(said, ContactStatus.UNREADABLE) if isinstance(said, str) else ContactStatus.UNREADABLE


class Contact(Told):
    """A person of a project."""

    id: str = Field(min_length=1)
    email: str = Field(min_length=1, repr=False)
    status: Annotated[ContactStatus, BeforeValidator(_status)] = ContactStatus.UNREADABLE
    first_name: str | None = None
    last_name: str | None = None
    phone: str | None = None
    country: str | None = None
    language: str | None = None
    tags: tuple[str, ...] = ()
    custom_fields: Mapping[str, Any] = {}
    unsubscribed_at: datetime | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None


class NewContact(Asked):
    """Somebody to add; without a status, Migma makes them subscribed (A3): say it where there is no consent."""

    email: str = Field(repr=False)
    first_name: str | None = None
    last_name: str | None = None
    phone: str | None = Field(None, max_length=30)
    country: str | None = None
    language: str | None = None
    tags: tuple[str, ...] | None = None
    custom_fields: Mapping[str, object] | None = None
    status: ContactStatus | None = None


class ContactChanges(Asked):
    """What to change; what is not said stays, and ``None`` clears. The address is nothing the API changes."""

    first_name: str | None = None
    last_name: str | None = None
    phone: str | None = Field(None, max_length=30)
    country: str | None = None
    language: str | None = None
    tags: tuple[str, ...] | None = None
    custom_fields: Mapping[str, object] | None = None
    status: ContactStatus | None = None


class Deleted(Told):
    """Who was deleted."""

    id: str | None = None
    deleted: bool = False


class DeletedMany(Told):
    """How many were deleted, and whom nobody found."""

    deleted: int = 0
    not_found: tuple[str, ...] = ()


class BulkResult(Told):
    """What became of a list: done at once, or a job to ask about."""

    success: int | None = None
    failed: int | None = None
    updated: int | None = None
    errors: tuple[Any, ...] = ()
    job_id: str | None = None
    status: str | None = None
    total_contacts: int | None = None
    message: str | None = None


class BulkJob(Told):
    """How far a list is."""

    status: str
    total_contacts: int | None = None
    processed: int | None = None
    result: BulkResult | None = None
    error: str | None = None
    created_at: datetime | None = None
    completed_at: datetime | None = None


class ImportCounts(Told):
    """What an import did."""

    total: int = 0
    created: int = 0
    updated: int = 0
    skipped: int = 0
    failed: int = 0


class Import(Told):
    """An import, and how far it is: ``pending``, ``processing``, ``completed`` or ``failed``."""

    id: str
    status: str = "pending"
    counts: ImportCounts = ImportCounts()
    error: str | None = None

    @property
    def is_settled(self) -> bool:
        """Whether nothing more will come of it."""
        return self.status in {"completed", "failed"}


class Export(Told):
    """An export job; its link is valid for an hour."""

    job_id: str | None = None
    status: str | None = None
    url: str | None = None


def list_page(
    project: str,
    *,
    page: int = 1,
    limit: int = 100,
    tags: Iterable[str] = (),
    status: ContactStatus | None = None,
    search: str | None = None,
) -> Call[Page[Contact]]:
    """People of a project, a page of them; read on with `Client.every`."""
    query = {"projectId": project, **pages(page, limit), "tags": ",".join(tags) or None}
    return call("GET", ("contacts",), paged(Contact), query={**query, "status": status, "search": search})


def get(project: str, contact: str) -> Call[Contact]:
    """One person, by id."""
    return call("GET", ("contacts", contact), one(Contact), query={"projectId": project})


def add(project: str, person: NewContact) -> Call[Contact]:
    """Add one person."""
    body = {**person.model_dump(mode="json", by_alias=True, exclude_none=True), "projectId": project}
    return call("POST", ("contacts",), one(Contact), body=body)


def change(project: str, contact: str, changes: ContactChanges) -> Call[Contact]:
    """Change what is said about one person."""
    said = changes.model_dump(mode="json", by_alias=True, exclude_unset=True)
    asked = call("PATCH", ("contacts", contact), one(Contact))
    return replace(asked, body=json.dumps({**said, "projectId": project}, ensure_ascii=False).encode())


def delete(project: str, contact: str) -> Call[Deleted]:
    """Delete one person, and with them Migma's record of what they opted out of."""
    return call("DELETE", ("contacts", contact), one(Deleted), query={"projectId": project})


def change_status(
    project: str, email: str, status: ContactStatus, *, all_lists: bool = True, tags: Sequence[str] = ()
) -> Call[Done]:
    """Set the status of an address, in all lists or those of some tags (their ids)."""
    body = {"email": email, "status": status, "projectId": project, "allLists": all_lists, "tags": list(tags) or None}
    return call("POST", ("contacts", "status"), done, body=body)


def add_many(project: str, people: Sequence[NewContact]) -> Call[BulkResult]:
    """
    Add or update many. Up to 5,000 are done within the request, more by a job.

    Whoever is there is updated, status included: where somebody may have opted out meanwhile, use `import_csv` with
    ``on_conflict="skip"``.
    """
    them = [one.model_dump(mode="json", by_alias=True, exclude_none=True) for one in people]
    if not them:
        raise ValueError("give at least one person")
    return call("POST", ("contacts", "bulk"), one(BulkResult), body={"subscribers": them, "projectId": project})


def bulk_job(job: str) -> Call[BulkJob]:
    """How far such a job is."""
    return call("GET", ("contacts", "bulk", job), one(BulkJob))


def import_csv(
    project: str,
    file: bytes,
    columns: Mapping[str, object],
    *,
    on_conflict: Literal["skip", "upsert"] = "skip",
    delimiter: str = ",",
    tags: Sequence[str] = (),
) -> Call[Import]:
    """
    Import a CSV file, as a job. ``columns`` says for ``email``, ``firstName`` … which header of the file holds it, and
    under ``customFields`` the same for others. ``skip``, the default here, leaves whoever is there as they are.

    The octets are the same for the same file, so that a key can stand for them.
    """
    fields: dict[str, Any] = {
        "projectId": project,
        "columnMap": json.dumps(columns, ensure_ascii=False),
        "onConflict": on_conflict,
        "delimiter": delimiter,
        "file": ("contacts.csv", file, "text/csv"),
    }
    if tags:
        fields["tags"] = json.dumps(list(tags), ensure_ascii=False)
    body, media_type = encode_multipart_formdata(fields, boundary=sha256(file).hexdigest())
    return Call("POST", "contacts/imports", one(Import), body=body, media_type=media_type)


def import_job(job: str) -> Call[Import]:
    """How far an import is."""
    return call("GET", ("contacts", "imports", job), one(Import))


def delete_many(project: str, emails: Sequence[str]) -> Call[DeletedMany]:
    """Delete up to 1,000 people by address."""
    if not 1 <= len(emails) <= _MOST_DELETED:
        raise ValueError(f"1 to {_MOST_DELETED} people are deleted at once, these are {len(emails)}")
    return call(
        "POST", ("contacts", "bulk-delete"), one(DeletedMany), body={"emails": list(emails), "projectId": project}
    )


def export(project: str, *, segment: str | None = None, filters: Mapping[str, object] | None = None) -> Call[Export]:
    """Have everybody, a segment, or those whom filters describe written to a CSV file."""
    return call(
        "POST",
        ("contacts", "exports"),
        one(Export),
        body={"projectId": project, "segmentId": segment, "filters": filters},
    )


def export_job(job: str) -> Call[Export]:
    """How far an export is, and where its file lies."""
    return call("GET", ("contacts", "exports", job), one(Export))
