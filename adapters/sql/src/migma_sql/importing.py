"""Importing lists: as a stream, chunk by chunk, each chunk one transaction; no row ever lifts a denial (A-09)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Engine

from migma_core.audience.address import AddressKey
from migma_core.audience.consent import ConsentLevel
from migma_core.ports import ImportReport, Incoming
from migma_core.request.project import AccountId

from .bulk import insert_all, next_numbers, update_all
from .denying import Denial, deny
from .engine import writing
from .import_chunk import SOURCE, Chunk, ImportTerms
from .known import Person, known_people
from .people import PROFILE, clear_values, write_fields, write_tags, write_values
from .pipeline import pipeline
from .question import account_of
from .schema import consent_events, contacts

__all__ = ["Import"]

_CHUNK = 2_500


@dataclass(slots=True)
class Import:
    """
    One import into one project. ``report_row`` hears of rows refused, and of rows that did not get all they asked for.

    A person known already is updated, or with ``on_conflict="skip"`` left as they are, but for an opt-out or a bounce:
    those are always taken. A row that says nothing new counts as skipped.
    """

    engine: Engine
    terms: ImportTerms
    report_row: Callable[[int, str, str], None] | None = None
    progress: Callable[[ImportReport], None] | None = None
    _counts: Counter[str] = field(default_factory=Counter)
    _fields: set[str] = field(default_factory=set)

    def run(self, rows: Iterable[Incoming]) -> ImportReport:
        """
        Import everything; each chunk is durable before the next one is, and repeating it changes nothing.

        Rows are taken, and told of, in the caller's own thread; of a chunk is told once it is durable.
        """
        held: Set[AddressKey] = frozenset()
        with pipeline(self.engine) as transactions:
            for chunk in self._chunks(rows):
                if not held.isdisjoint(chunk.keys):
                    transactions.wait()  # else it would wait for people whom the chunk before still holds
                held = chunk.keys
                transactions.run(partial(self._begin, chunk), partial(self._tell, chunk))
        return self._report()

    def rehearse(self, rows: Iterable[Incoming]) -> ImportReport:
        """Find out what `run` would report, and keep nothing. Whoever else wants to write waits meanwhile."""
        with writing(self.engine) as connection:
            for chunk in self._chunks(rows):
                self._begin(chunk, connection)()
                self._tell(chunk)
            connection.rollback()
        return self._report()

    def _chunks(self, rows: Iterable[Incoming]) -> Iterator[Chunk]:
        stream = iter(rows)
        while some := tuple(islice(stream, _CHUNK)):
            yield Chunk.of(some, self.terms)

    def _begin(self, chunk: Chunk, connection: Connection) -> Callable[[], None]:
        """Decide about everyone and keep the people; what is returned keeps what is said of them."""
        account = account_of(connection, self.terms.project)
        people = known_people(connection, account, self.terms.project, [key for _, key in chunk.good])
        denials = chunk.decide(people)
        changed = self._write(connection, [one for one in people.values() if one.changed])
        return partial(self._complete, connection, account, changed, denials)

    def _write(self, connection: Connection, people: Sequence[Person]) -> Mapping[int, Person]:
        known = [one for one in people if one.number is not None]
        changes = [(one.number, self.terms.at, *_changing(one.row)) for one in known]
        update_all(connection, contacts, ("id", "updated_at", *_CHANGING), changes)
        clear_values(connection, [one.number for one in known if one.number is not None])
        new = [one for one in people if one.number is None]
        for one, number in zip(new, next_numbers(connection, contacts, len(new)), strict=True):
            one.number = number
        insert_all(connection, contacts, ("id", *_KEPT), ((one.number, *_kept(one.row)) for one in new))
        return {one.number: one for one in people if one.number is not None}

    def _complete(
        self, connection: Connection, account: AccountId, people: Mapping[int, Person], denials: Sequence[Denial]
    ) -> None:
        project, at = self.terms.project, self.terms.at
        fields = {name for one in people.values() for name in one.row["fields"]}
        write_fields(connection, project, fields - self._fields)
        self._fields |= fields
        write_tags(connection, project, {number: one.tags for number, one in people.items()}, at)
        events = (self._opt_in(number) for number, one in people.items() if one.opted_in)
        insert_all(connection, consent_events, ("contact_id", "what", "level", "source", "at"), events)
        deny(connection, account, denials)
        write_values(connection, {number: one.row for number, one in people.items()})

    def _opt_in(self, number: int) -> tuple[Any, ...]:
        terms = self.terms
        return number, "opt_in", ConsentLevel.UNPROVEN.value, terms.intake.consent_source or SOURCE, terms.at

    def _tell(self, chunk: Chunk) -> None:
        self._counts += chunk.counts
        if self.report_row is not None:
            for line, value, reason in sorted(chunk.notes):
                self.report_row(line, value, reason)
        if self.progress is not None:
            self.progress(self._report())

    def _report(self) -> ImportReport:
        return ImportReport(**self._counts)


_CHANGING = (*PROFILE, "status", "consent", "fields")
_KEPT = tuple(column.name for column in contacts.c if column.name not in {"id", "lifted"})
_changing, _kept = itemgetter(*_CHANGING), itemgetter(*_KEPT)
