"""Contacts, where they are kept: who they are, and what they said about mail."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ..audience.address import Address
from ..audience.consent import Consent, ConsentEvidence
from ..audience.consent_event import NOTHING_SHOWN, ConsentEvent, Shown
from ..audience.contact import Contact, ContactId, ProjectId, Status
from ..audience.intake import ContactDraft
from ..audience.segment import Condition
from ..message.token import DeliveryId
from .person import Erasure, Story

__all__ = ["ContactPage", "Contacts"]


@dataclass(frozen=True, slots=True)
class ContactPage:
    """Some contacts in the order they were added; ``after`` is where the next page begins, ``None`` at the end."""

    contacts: tuple[Contact, ...]
    after: int | None


class Contacts(Protocol):
    """People. A denial is only ever lifted by `subscribe`, and only the one it may lift (design D13)."""

    def add(self, project: ProjectId, draft: ContactDraft, at: datetime, source: str) -> Contact: ...

    def get(self, project: ProjectId, address: Address) -> Contact | None: ...

    def by_ref(self, contact: ContactId) -> Contact | None: ...

    def list(
        self,
        project: ProjectId,
        *,
        tag: str | None = None,
        status: Status | None = None,
        search: str | None = None,
        after: int = 0,
        limit: int = 50,
    ) -> ContactPage: ...

    def count(self, project: ProjectId) -> int: ...

    def stream(
        self, project: ProjectId, condition: Condition | None = None, now: datetime | None = None
    ) -> Iterator[Contact]:
        """Everyone whom the condition describes, in the order they were added, in memory that stays flat."""
        ...

    def field_names(self, project: ProjectId) -> frozenset[str]:
        """Names of the custom fields that any contact has."""
        ...

    def subscribe(
        self, project: ProjectId, address: Address, consent: Consent, evidence: ConsentEvidence | None = None
    ) -> Contact:
        """Raises `LookupError` for a stranger, `ValueError` where something stands that the consent does not end."""
        ...

    def unsubscribe(
        self,
        contact: ContactId,
        at: datetime,
        source: str,
        delivery: DeliveryId | None = None,
        shown: Shown = NOTHING_SHOWN,
    ) -> bool:
        """Durable when it returns; ``False`` where nothing changed. Links of the erased work too (D-07)."""
        ...

    def story(self, project: ProjectId, address: Address) -> Story:
        """Everything that is known about one person."""
        ...

    def erase(self, project: ProjectId, address: Address, at: datetime, source: str) -> Erasure:
        """Forget a person in the whole account; only what stands against writing to them is kept (O-06)."""
        ...

    def events(self, contact: ContactId) -> Sequence[ConsentEvent]:
        """Everything on record that the person said about mail, oldest first (O-01)."""
        ...
