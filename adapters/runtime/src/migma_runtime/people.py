"""People: contacts, their lists, their choices, and what they opted out of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

from migma_wire import read_contacts, to_address

from migma_core.audience import (
    Consent,
    ConsentEvent,
    ConsentLevel,
    Contact,
    ContactDraft,
    ContactId,
    Intake,
    Suppression,
    SuppressionReason,
)
from migma_core.ports import ImportReport

from .parts import Parts

__all__ = ["Contacts", "Suppressions"]


class Contacts:
    """The people of a project."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def add(self, project_id: str, draft: ContactDraft, source: str = "api") -> Contact:
        """Add one person; without a status they are subscribed, on record as unproven (D13). Raises `ValueError`."""
        project = self._parts.project(project_id)
        return self._parts.store.contacts.add(project.id, draft, self._parts.clock.now(), source)

    def get(self, project_id: str, email: str) -> Contact | None:
        """Find a person by address, in any spelling of it."""
        project = self._parts.project(project_id)
        return self._parts.store.contacts.get(project.id, to_address(email))

    def import_csv(  # noqa: PLR0913 - what an import must be told
        self,
        project_id: str,
        path: Path,
        intake: Intake,
        *,
        on_conflict: Literal["upsert", "skip"] = "upsert",
        tags: frozenset[str] = frozenset(),
        dry_run: bool = False,
        report_row: Callable[[int, str, str], None] | None = None,
        progress: Callable[[ImportReport], None] | None = None,
    ) -> ImportReport:
        """
        Import a CSV file of any size. ``report_row(line, value, reason)`` hears of every row refused or held back.

        Raises `ValueError` for a file without a column of addresses; nothing is written then.
        """
        project = self._parts.project(project_id)
        with path.open("rb") as stream:
            return self._parts.store.import_contacts(
                project.id,
                read_contacts(stream),
                intake,
                on_conflict=on_conflict,
                tags=tags,
                dry_run=dry_run,
                at=self._parts.clock.now(),
                report_row=report_row,
                progress=progress,
            )

    def subscribe(self, project_id: str, email: str, source: str) -> Contact:
        """Record a consent given now by the person, which ends an earlier opt-out for this project alone (D13)."""
        project = self._parts.project(project_id)
        consent = Consent(ConsentLevel.PROVEN, source, self._parts.clock.now())
        return self._parts.store.contacts.subscribe(project.id, to_address(email), consent)

    def events(self, contact: ContactId) -> Sequence[ConsentEvent]:
        """Everything on record that a person said about mail, oldest first (O-01)."""
        return self._parts.store.contacts.events(contact)


class Suppressions:
    """The account's list of addresses not to be mailed."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def add(self, project_id: str, email: str, reason: SuppressionReason, source: str) -> None:
        """Put an address on the list."""
        project = self._parts.project(project_id)
        entry = Suppression(reason, self._parts.clock.now(), source)
        self._parts.store.suppressions.add(project.account, to_address(email), entry)

    def remove(self, project_id: str, email: str, reason: SuppressionReason, by: str) -> None:
        """Take an entry off the list, on record. Raises `ValueError` for one that ends another way (D13)."""
        project = self._parts.project(project_id)
        self._parts.store.suppressions.remove(project.account, to_address(email), reason, by, self._parts.clock.now())
