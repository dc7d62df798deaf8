"""People: contacts, their lists, their choices, and what they opted out of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal, TextIO

from migma_wire import read_contacts, to_address, write_contacts_csv, write_contacts_ndjson

from migma_core.audience import (
    AllOf,
    Condition,
    Consent,
    ConsentEvent,
    ConsentLevel,
    Contact,
    ContactDraft,
    ContactId,
    Intake,
    ProjectId,
    Suppression,
    SuppressionReason,
    Tagged,
)
from migma_core.ports import Erasure, ImportReport, Story

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
        columns: Mapping[str, str] | None = None,
        encoding: str | None = None,
        delimiter: str | None = None,
        dry_run: bool = False,
        report_row: Callable[[int, str, str], None] | None = None,
        progress: Callable[[ImportReport], None] | None = None,
    ) -> ImportReport:
        """
        Import a CSV file of any size. ``report_row(line, value, reason)`` hears of every row refused or held back.

        ``columns`` maps what is meant (``email``, ``first_name``, a custom field …) to the header in the file, where
        guessing is not good enough. A run that was killed is repeated from the start: what it had done is skipped.
        Raises `ValueError` for a file without a column of addresses; nothing is written then.
        """
        project = self._parts.project(project_id)
        with path.open("rb") as stream:
            return self._parts.store.import_contacts(
                project.id,
                read_contacts(stream, encoding=encoding, delimiter=delimiter, columns=columns),
                intake,
                on_conflict=on_conflict,
                tags=tags,
                dry_run=dry_run,
                at=self._parts.clock.now(),
                report_row=report_row,
                progress=progress,
            )

    def export(
        self,
        project_id: str,
        stream: TextIO,
        *,
        tag: str | None = None,
        segment: str | None = None,
        as_json: bool = False,
    ) -> int:
        """
        Write everyone, the holders of a tag or the members of a segment, as CSV that imports again, or NDJSON.

        Whoever opted out is among them, with their status: see that it goes along (N-05). Return how many were written.
        Raises `LookupError` for a tag or segment that is not there. Open the stream with ``newline=""``.
        """
        project = self._parts.project(project_id).id
        condition = self._condition(project, tag, segment)
        people = self._parts.store.contacts.stream(project, condition, self._parts.clock.now())
        if as_json:
            return write_contacts_ndjson(people, stream)
        return write_contacts_csv(people, stream, self._parts.store.contacts.field_names(project))

    def _condition(self, project: ProjectId, tag: str | None, segment: str | None) -> Condition:
        parts: list[Condition] = []
        if tag is not None:
            held = self._parts.store.tags.find(project, tag)
            if held is None:
                raise LookupError(f"there is no tag {tag[:80]!a}; list the tags to see their names")
            parts.append(Tagged((held.name,)))
        if segment is not None:
            found = self._parts.store.segments.find(project, segment)
            if found is None:
                raise LookupError(f"there is no segment {segment[:80]!a}; list the segments to see their names")
            parts.append(found.condition)
        return AllOf(tuple(parts))

    def subscribe(self, project_id: str, email: str, source: str) -> Contact:
        """Record a consent given now by the person, which ends an earlier opt-out for this project alone (D13)."""
        project = self._parts.project(project_id)
        consent = Consent(ConsentLevel.PROVEN, source, self._parts.clock.now())
        return self._parts.store.contacts.subscribe(project.id, to_address(email), consent)

    def events(self, contact: ContactId) -> Sequence[ConsentEvent]:
        """Everything on record that a person said about mail, oldest first (O-01)."""
        return self._parts.store.contacts.events(contact)

    def story(self, project_id: str, email: str) -> Story:
        """Everything that is known about one person, for them to be told (GDPR Art. 15); empty for a stranger."""
        project = self._parts.project(project_id)
        return self._parts.store.contacts.story(project.id, to_address(email))

    def erase(self, project_id: str, email: str, source: str = "api") -> Erasure:
        """
        Forget a person in the whole account (GDPR Art. 17). What stands against writing to them is kept as a hash.

        What waits to be sent to them is cancelled. No import brings them back; their own proven consent does.
        """
        project = self._parts.project(project_id)
        return self._parts.store.contacts.erase(project.id, to_address(email), self._parts.clock.now(), source)


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
        """
        Take a manual entry off the list, or reinstate an address that bounced: on record. After a hard bounce nobody is
        subscribed by it. Raises `ValueError` for an entry that ends another way (D13), and `LookupError` where there is
        none.
        """
        project = self._parts.project(project_id)
        self._parts.store.suppressions.remove(project.account, to_address(email), reason, by, self._parts.clock.now())
