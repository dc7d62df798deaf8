"""What the law books of storage share: how a store is opened, and the smallest account that a law is about."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, ClassVar

from ..audience.address import Address
from ..audience.contact import Contact, ProjectId, Status
from ..audience.intake import ContactDraft, Intake
from ..delivery.delivery import SendId
from ..ports import Row, Store
from ..request.brand import Brand
from ..request.content import Content
from ..request.project import Project
from ..request.recipients import Recipients
from ..request.send_request import SendRequest
from .law import LawBook

__all__ = ["FORM", "LONG", "NOW", "OVER", "StorageLaws", "everybody", "put", "request_to", "some_project", "some_send"]

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
LONG, OVER = timedelta(hours=1), timedelta(0)
FORM = Intake(Status.SUBSCRIBED, "a form")

_numbers = count(1)


class StorageLaws(LawBook):
    """Subclass a book of these with the two hooks, and pytest runs its laws against your store."""

    now: ClassVar[datetime] = NOW

    def open(self) -> Store:
        """Hook: a store without anything in it, whose leases last an hour. Called for every example."""
        raise NotImplementedError("say how an empty store is opened: def open(self) -> Store")

    def again(self, lease: timedelta) -> Store:
        """Hook: a further store on the rows of the one opened last, as another process has it, with this lease."""
        raise NotImplementedError("say how a second process opens the store: def again(self, lease) -> Store")


def some_project(store: Store, name: str = "Acme") -> Project:
    """A project with the verified domain mail.example.com."""
    project = store.projects.create(name, Brand(name, "1 Main Street", "https://mail.example.com"), NOW)
    if store.domains.get(project.account, "mail.example.com") is None:
        store.domains.add(project.account, "mail.example.com", NOW)
        store.domains.verify(project.account, "mail.example.com", NOW)
    return project


def some_send() -> SendId:
    """An id that no other send has."""
    return SendId(f"{next(_numbers):032x}")


def request_to(project: ProjectId, recipients: Recipients, **more: Any) -> SendRequest:
    """A request to them."""
    sender = Address("hi", "mail.example.com")
    content = Content("Hello", "<p>Hello</p>")
    return SendRequest(project=project, sender=sender, sender_name="Us", recipients=recipients, content=content, **more)


def put(store: Store, project: ProjectId, *drafts: ContactDraft, intake: Intake = FORM) -> None:
    """Import these people; whoever is subscribed was so by a form."""
    store.import_contacts(project, [Row(line, one) for line, one in enumerate(drafts, 2)], intake, at=NOW)


def everybody(store: Store, project: ProjectId, limit: int = 50) -> Iterator[Contact]:
    """Everyone in the project, page by page."""
    after: int | None = 0
    while after is not None:
        page = store.contacts.list(project, after=after, limit=limit)
        yield from page.contacts
        after = page.after
