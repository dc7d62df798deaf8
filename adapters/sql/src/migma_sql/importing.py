"""Importing lists: as a stream, chunk by chunk, each chunk one transaction; no row ever lifts a denial (A-09)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from typing import Any, Literal

from sqlalchemy import Connection, Engine, bindparam, insert, select, update

from migma_core.audience.address import AddressKey, address_key
from migma_core.audience.consent import ConsentLevel
from migma_core.audience.contact import ProjectId, Status
from migma_core.audience.intake import Admission, ContactDraft, Intake, admit
from migma_core.audience.suppression import DENIAL_OF, Suppression
from migma_core.ports import ImportReport, Incoming, RefusedRow, Row
from migma_core.request.project import AccountId

from .denying import Denial, deny, know_addresses
from .engine import writing
from .people import PROFILE, new_row, write_fields, write_tags, write_values
from .question import account_of
from .schema import addresses, consent_events, contact_tags, contacts, tags

__all__ = ["Import"]

_CHUNK = 1_000
_SOURCE = "import"


class _Undone(Exception):
    """Everything was tried, and nothing is kept."""


@dataclass(slots=True)
class _Person:
    """One address while its chunk is worked on: the row as it is or will be, and what becomes of it."""

    row: dict[str, Any]
    denials: int
    number: int | None
    held: frozenset[str] = frozenset()
    tags: set[str] = field(default_factory=set)
    changed: bool = False
    opted_in: bool = False


@dataclass(slots=True)
class Import:
    """
    One import into one project. ``report_row`` hears of rows refused, and of rows that did not get all they asked for.

    A person known already is updated, or with ``on_conflict="skip"`` left as they are, but for an opt-out or a bounce:
    those are always taken.
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
    report: ImportReport = field(default_factory=ImportReport)

    def run(self, rows: Iterable[Incoming]) -> ImportReport:
        """Import everything; each chunk is durable before the next begins, and repeating it changes nothing."""
        stream = iter(rows)
        while chunk := tuple(islice(stream, _CHUNK)):
            with writing(self.engine) as connection:
                self._take(connection, chunk)
        return self.report

    def rehearse(self, rows: Iterable[Incoming]) -> ImportReport:
        """Find out what `run` would report, and keep nothing."""
        stream = iter(rows)
        try:
            with writing(self.engine) as connection:
                while chunk := tuple(islice(stream, _CHUNK)):
                    self._take(connection, chunk)
                raise _Undone
        except _Undone:
            return self.report

    def _take(self, connection: Connection, chunk: Sequence[Incoming]) -> None:
        account = account_of(connection, self.project)
        readable = [one for one in chunk if isinstance(one, Row)]
        keys = {one.line: address_key(one.draft.address, self.pepper) for one in readable}
        people = _known(connection, account, self.project, list(dict.fromkeys(keys.values())))
        denials: list[Denial] = []
        for one in chunk:
            if isinstance(one, RefusedRow):
                self._refuse(one.line, one.value, one.reason)
            else:
                self._admit(one, keys[one.line], people, denials)
        know_addresses(connection, account, list(people))
        self._write(connection, people)
        deny(connection, account, denials)
        if self.progress is not None:
            self.progress(self.report)

    def _admit(self, one: Row, key: AddressKey, people: dict[AddressKey, _Person], denials: list[Denial]) -> None:
        person = people[key]
        known = Status(person.row["status"]) if person.row.get("status") in set(Status) else None
        admitted = admit(one.draft.status, known, person.denials, self.intake)
        address = str(one.draft.address)
        if admitted.status is None:
            self._refuse(one.line, address, admitted.note or "")
            return
        for reason in {admitted.suppress, one.suppress} - {None}:
            assert reason is not None  # noqa: S101 - narrows the type
            denials.append((key, address, Suppression(reason, self.at, _SOURCE)))
            person.denials |= DENIAL_OF[reason]
        self._place(one, key, person, admitted)
        if admitted.note is not None:
            self.report = replace(self.report, noted=self.report.noted + 1)
            self._tell(one.line, address, admitted.note)

    def _place(self, one: Row, key: AddressKey, person: _Person, admitted: Admission) -> None:
        """Put the row's values on the person: all of a new one's, what is said of a known one's."""
        assert admitted.status is not None  # noqa: S101 - checked by the caller
        report = self.report
        if not person.row:
            person.row = new_row(self.project, key, one.draft, admitted.status, self.at)
            person.tags |= one.draft.tags | self.tags
            person.changed, person.opted_in = True, admitted.status is Status.SUBSCRIBED
            self.report = replace(report, total=report.total + 1, created=report.created + 1)
            return
        before = person.changed
        if self.on_conflict == "skip":
            person.changed = self._set_status(person, admitted) or before
            self.report = replace(report, total=report.total + 1, skipped=report.skipped + 1)
            return
        person.tags |= (one.draft.tags | self.tags) - person.held
        fresh = [self._set_status(person, admitted), _merge(person.row, one.draft), bool(person.tags)]
        person.changed = before or any(fresh)
        if any(fresh):
            self.report = replace(report, total=report.total + 1, updated=report.updated + 1)
        else:
            self.report = replace(report, total=report.total + 1, skipped=report.skipped + 1)

    def _set_status(self, person: _Person, admitted: Admission) -> bool:
        """Take the status admitted; of one skipped, only what denies. Whether it is a new one."""
        assert admitted.status is not None  # noqa: S101 - checked by the caller
        if self.on_conflict == "skip" and admitted.suppress is None:
            return False
        if person.row["status"] == admitted.status.value:
            return False
        person.row["status"] = admitted.status.value
        if admitted.status is Status.SUBSCRIBED:
            person.row["consent"] = ConsentLevel.UNPROVEN.value
            person.opted_in = True
        return True

    def _write(self, connection: Connection, people: Mapping[AddressKey, _Person]) -> None:
        changed = {key: one for key, one in people.items() if one.changed and one.row}
        new = [one.row for one in changed.values() if one.number is None]
        if new:
            connection.execute(insert(contacts), new)
            _number(connection, self.project, changed)
        old = [_changes(one, self.at) for one in changed.values() if "id" in one.row]
        if old:
            connection.execute(_UPDATE, old)
        numbered = {one.number: one for one in changed.values() if one.number is not None}
        write_values(connection, {number: one.row for number, one in numbered.items()})
        write_fields(connection, self.project, {name for one in numbered.values() for name in one.row["fields"]})
        write_tags(connection, self.project, {number: one.tags for number, one in numbered.items()}, self.at)
        events = [_event(number, self.intake, self.at) for number, one in numbered.items() if one.opted_in]
        if events:
            connection.execute(insert(consent_events), events)

    def _refuse(self, line: int, value: str, reason: str) -> None:
        self.report = replace(self.report, total=self.report.total + 1, refused=self.report.refused + 1)
        self._tell(line, value, reason)

    def _tell(self, line: int, value: str, reason: str) -> None:
        if self.report_row is not None:
            self.report_row(line, value, reason)


_UPDATE = (
    update(contacts)
    .where(contacts.c.id == bindparam("number"))
    .values({name: bindparam(f"new_{name}") for name in (*PROFILE, "status", "consent", "fields", "updated_at")})
)


def _changes(person: _Person, at: datetime) -> dict[str, Any]:
    said = {f"new_{name}": person.row[name] for name in (*PROFILE, "status", "consent", "fields")}
    return {"number": person.number, "new_updated_at": at, **said}


def _merge(row: dict[str, Any], draft: ContactDraft) -> bool:
    """What the draft says wins, what it does not say stays. Whether anything is new."""
    said = {name: value for name in PROFILE if (value := getattr(draft, name)) is not None}
    fields = {**row["fields"], **draft.fields}
    fresh = any(row[name] != value for name, value in said.items()) or fields != row["fields"]
    row.update(said, fields=fields)
    return fresh


def _known(
    connection: Connection, account: AccountId, project: ProjectId, keys: Sequence[AddressKey]
) -> dict[AddressKey, _Person]:
    """Everyone of the chunk by key: the rows there are, and the denials that stand."""
    denied = select(addresses.c.address_key, addresses.c.denials).where(
        addresses.c.account_id == account, addresses.c.address_key.in_(keys)
    )
    people = {key: _Person({}, 0, None) for key in keys}
    for key, denials in connection.execute(denied):
        people[key].denials = denials
    there = select(contacts).where(contacts.c.project_id == project, contacts.c.address_key.in_(keys))
    for row in connection.execute(there).mappings():
        person = people[row["address_key"]]
        # what a recorded consent lifted for this project does not stand against it
        person.row, person.number, person.denials = dict(row), row["id"], person.denials & ~row["lifted"]
    numbered = {one.number: one for one in people.values() if one.number is not None}
    for number, held in _held(connection, list(numbered)):
        numbered[number].held = held
    return people


def _held(connection: Connection, numbers: Sequence[int]) -> Iterator[tuple[int, frozenset[str]]]:
    query = select(contact_tags.c.contact_id, tags.c.name).join(tags, tags.c.id == contact_tags.c.tag_id)
    found: dict[int, set[str]] = {}
    for number, name in connection.execute(query.where(contact_tags.c.contact_id.in_(numbers))):
        found.setdefault(number, set()).add(name)
    return ((number, frozenset(names)) for number, names in found.items())


def _number(connection: Connection, project: ProjectId, people: Mapping[AddressKey, _Person]) -> None:
    """Learn the numbers the store gave to new people."""
    query = select(contacts.c.address_key, contacts.c.id).where(
        contacts.c.project_id == project, contacts.c.address_key.in_(people)
    )
    for key, number in connection.execute(query):
        people[key].number = number


def _event(number: int, intake: Intake, at: datetime) -> dict[str, Any]:
    return {
        "contact_id": number,
        "what": "opt_in",
        "level": ConsentLevel.UNPROVEN.value,
        "source": intake.consent_source or _SOURCE,
        "at": at,
    }
