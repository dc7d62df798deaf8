"""Importing lists: as a stream, chunk by chunk, each chunk one transaction; no row ever lifts a denial (A-09)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any, Literal, TypeGuard

from sqlalchemy import Connection, Engine

from migma_core.audience.address import AddressKey, address_key
from migma_core.audience.consent import ConsentLevel
from migma_core.audience.contact import ProjectId, Status
from migma_core.audience.intake import Admission, ContactDraft, Intake, admit
from migma_core.audience.suppression import DENIAL_OF, Suppression
from migma_core.ports import ImportReport, Incoming, RefusedRow, Row

from .bulk import insert_all, next_numbers, update_all
from .denying import Denial, deny
from .engine import writing
from .known import Person, known_people
from .people import PROFILE, clear_values, fault_of, kept_fields, new_row, write_fields, write_tags, write_values
from .question import account_of
from .schema import consent_events, contacts

__all__ = ["Import"]

_CHUNK = 5_000
_SOURCE = "import"


@dataclass(slots=True)
class Import:
    """
    One import into one project. ``report_row`` hears of rows refused, and of rows that did not get all they asked for.

    A person known already is updated, or with ``on_conflict="skip"`` left as they are, but for an opt-out or a bounce:
    those are always taken. A row that says nothing new counts as skipped.
    """

    engine: Engine
    pepper: bytes
    project: ProjectId
    intake: Intake
    at: datetime
    on_conflict: Literal["upsert", "skip"] = "upsert"
    tags: frozenset[str] = frozenset()
    report_row: Callable[[int, str, str], None] | None = None
    progress: Callable[[ImportReport], None] | None = None
    _counts: Counter[str] = field(default_factory=Counter)

    def run(self, rows: Iterable[Incoming]) -> ImportReport:
        """Import everything; each chunk is durable before the next begins, and repeating it changes nothing."""
        for chunk in _chunks(rows):
            with writing(self.engine) as connection:
                self._take(connection, chunk)
        return self._report()

    def rehearse(self, rows: Iterable[Incoming]) -> ImportReport:
        """Find out what `run` would report, and keep nothing. Whoever else wants to write waits meanwhile."""
        with writing(self.engine) as connection:
            for chunk in _chunks(rows):
                self._take(connection, chunk)
            connection.rollback()
        return self._report()

    def _take(self, connection: Connection, chunk: Sequence[Incoming]) -> None:
        account = account_of(connection, self.project)
        good = [(one, address_key(one.draft.address, self.pepper)) for one in chunk if self._is_good(one)]
        people = known_people(connection, account, self.project, [key for _, key in good])
        denials = [denial for one, key in good for denial in self._admit(one, key, people[key])]
        self._write(connection, [one for one in people.values() if one.changed])
        deny(connection, account, denials)
        if self.progress is not None:
            self.progress(self._report())

    def _is_good(self, one: Incoming) -> TypeGuard[Row]:
        """Whether the row can be stored; it is refused if not, and stops no other."""
        if isinstance(one, RefusedRow):
            self._refuse(one.line, one.value, one.reason)
            return False
        if (fault := fault_of(one.draft)) is not None:
            self._refuse(one.line, str(one.draft.address), fault)
            return False
        return True

    def _admit(self, one: Row, key: AddressKey, person: Person) -> list[Denial]:
        """Decide what becomes of the row; what it says against the person, as far as it is new."""
        address = str(one.draft.address)
        admitted = admit(one.draft.status, person.status, person.denials, self.intake)
        if admitted.status is None:
            self._refuse(one.line, address, admitted.note or "")
            return []
        fresh = [
            reason for reason in (admitted.suppress, one.suppress) if reason and not DENIAL_OF[reason] & person.denials
        ]
        for reason in fresh:
            person.denials |= DENIAL_OF[reason]
        self._count(self._place(one.draft, key, person, admitted))
        if admitted.note is not None:
            self._counts["noted"] += 1
            self._tell(one.line, address, admitted.note)
        return [(key, address, Suppression(reason, self.at, _SOURCE)) for reason in dict.fromkeys(fresh)]

    def _place(
        self, draft: ContactDraft, key: AddressKey, person: Person, admitted: Admission
    ) -> Literal["created", "updated", "skipped"]:
        """Put the row's values on the person: all of a new one's, what is said of a known one's."""
        if not person.row:
            assert admitted.status is not None  # noqa: S101 - checked by the caller
            claimed = ConsentLevel.UNPROVEN if admitted.status is Status.SUBSCRIBED else ConsentLevel.NONE
            person.row = new_row(self.project, key, draft, admitted.status, claimed, self.at)
            person.tags |= draft.tags | self.tags
            person.changed, person.opted_in = True, claimed is ConsentLevel.UNPROVEN
            return "created"
        fresh = _set_status(person, admitted, only_denied=self.on_conflict == "skip")
        if self.on_conflict == "upsert":
            missing = (draft.tags | self.tags) - person.held - person.tags
            person.tags |= missing
            fresh = _merge(person.row, draft) or bool(missing) or fresh
        person.changed = person.changed or fresh
        return "updated" if fresh and self.on_conflict == "upsert" else "skipped"

    def _write(self, connection: Connection, people: Sequence[Person]) -> None:
        known = [one for one in people if one.number is not None]
        update_all(connection, contacts, ("id", "updated_at", *_CHANGING), [_changes(one, self.at) for one in known])
        clear_values(connection, [one.number for one in known if one.number is not None])
        new = [one for one in people if one.number is None]
        for one, number in zip(new, next_numbers(connection, contacts, len(new)), strict=True):
            one.number = number
        insert_all(connection, contacts, ("id", *_KEPT), ((one.number, *_values(one.row, _KEPT)) for one in new))
        numbered = {one.number: one for one in people if one.number is not None}
        write_values(connection, {number: one.row for number, one in numbered.items()})
        write_fields(connection, self.project, {name for one in numbered.values() for name in one.row["fields"]})
        write_tags(connection, self.project, {number: one.tags for number, one in numbered.items()}, self.at)
        events = [self._opt_in(number) for number, one in numbered.items() if one.opted_in]
        insert_all(connection, consent_events, ("contact_id", "what", "level", "source", "at"), events)

    def _opt_in(self, number: int) -> tuple[Any, ...]:
        return number, "opt_in", ConsentLevel.UNPROVEN.value, self.intake.consent_source or _SOURCE, self.at

    def _report(self) -> ImportReport:
        return ImportReport(**self._counts)

    def _count(self, what: str) -> None:
        self._counts["total"] += 1
        self._counts[what] += 1

    def _refuse(self, line: int, value: str, reason: str) -> None:
        self._count("refused")
        self._tell(line, value, reason)

    def _tell(self, line: int, value: str, reason: str) -> None:
        if self.report_row is not None:
            self.report_row(line, value, reason)


def _chunks(rows: Iterable[Incoming]) -> Iterator[Sequence[Incoming]]:
    stream = iter(rows)
    while chunk := tuple(islice(stream, _CHUNK)):
        yield chunk


def _set_status(person: Person, admitted: Admission, *, only_denied: bool) -> bool:
    """Take the status admitted, of one who is skipped only what denies. Whether it is a new one."""
    assert admitted.status is not None  # noqa: S101 - checked by the caller
    if person.row["status"] == admitted.status.value or (only_denied and admitted.suppress is None):
        return False
    person.row["status"] = admitted.status.value
    if admitted.status is Status.SUBSCRIBED:
        person.row["consent"] = ConsentLevel.UNPROVEN.value
        person.opted_in = True
    return True


def _merge(row: dict[str, Any], draft: ContactDraft) -> bool:
    """What the draft says wins, what it does not say stays. Whether anything is new."""
    said = {name: value for name in PROFILE if (value := getattr(draft, name)) is not None}
    fields = {**row["fields"], **kept_fields(draft.fields)}
    fresh = any(row[name] != value for name, value in said.items()) or fields != row["fields"]
    row.update(said, fields=fields)
    return fresh


_CHANGING = (*PROFILE, "status", "consent", "fields")
_KEPT = tuple(column.name for column in contacts.c if column.name not in {"id", "lifted"})


def _values(row: Mapping[str, Any], names: Sequence[str]) -> tuple[Any, ...]:
    return tuple(row[name] for name in names)


def _changes(person: Person, at: datetime) -> tuple[Any, ...]:
    return person.number, at, *_values(person.row, _CHANGING)
