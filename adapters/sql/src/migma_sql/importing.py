"""Importing lists: as a stream, chunk by chunk, each chunk one transaction; no row ever lifts a denial (A-09)."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from operator import itemgetter

from sqlalchemy import Connection, Engine, insert, literal, select

from migma_core.audience.address import AddressKey
from migma_core.audience.consent import ConsentLevel
from migma_core.ports import ImportReport, Incoming

from .bulk import insert_all, is_one_of, next_numbers, update_all
from .denying import deny
from .engine import writing
from .import_chunk import SOURCE, Chunk, ImportTerms
from .known import Person, known_people
from .people import PROFILE, clear_values, write_fields, write_tags, write_values
from .pipeline import pipeline
from .question import account_of
from .schema import consent_events, contacts

__all__ = ["Import"]

_CHUNK = 2_000


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
                keys = {key for _, key in chunk.good}
                if not held.isdisjoint(keys):
                    transactions.wait()  # else it would wait for people whom the chunk before still holds
                held = keys
                transactions.run(partial(self._take, chunk), partial(self._tell, chunk))
        return self._report()

    def rehearse(self, rows: Iterable[Incoming]) -> ImportReport:
        """Find out what `run` would report, and keep nothing. Whoever else wants to write waits meanwhile."""
        with writing(self.engine) as connection:
            for chunk in self._chunks(rows):
                deque(self._take(chunk, connection), maxlen=0)
                self._tell(chunk)
            connection.rollback()
        return self._report()

    def _chunks(self, rows: Iterable[Incoming]) -> Iterator[Chunk]:
        stream = iter(rows)
        while some := tuple(islice(stream, _CHUNK)):
            yield Chunk.of(some, self.terms)

    def _take(self, chunk: Chunk, connection: Connection) -> Iterator[None]:
        """One transaction, in three parts: hold and decide; keep the people; keep what other chunks write as well."""
        account = account_of(connection, self.terms.project)
        people = known_people(connection, account, self.terms.project, [key for _, key in chunk.good])
        denials = chunk.decide(people)
        known = {one.number: one for one in people.values() if one.changed and one.number is not None}
        new = self._number(connection, [one for one in people.values() if one.changed and one.number is None])
        yield
        self._write(connection, known, new)
        yield
        self._complete(connection, {**known, **new})
        deny(connection, account, denials)

    def _number(self, connection: Connection, new: Sequence[Person]) -> Mapping[int, Person]:
        return dict(zip(next_numbers(connection, contacts, len(new)), new, strict=True))

    def _write(self, connection: Connection, known: Mapping[int, Person], new: Mapping[int, Person]) -> None:
        changes = [(number, self.terms.at, *_changing(one.row)) for number, one in known.items()]
        update_all(connection, contacts, ("id", "updated_at", *_CHANGING), changes)
        clear_values(connection, known)
        insert_all(connection, contacts, ("id", *_KEPT), ((number, *_kept(one.row)) for number, one in new.items()))
        people = {**known, **new}
        write_values(connection, {number: one.row for number, one in people.items()})
        self._write_opt_ins(connection, [number for number, one in people.items() if one.opted_in])

    def _write_opt_ins(self, connection: Connection, numbers: Sequence[int]) -> None:
        """Put on record that people opted in, all of them where and when the list says."""
        if numbers:
            said = ("opt_in", ConsentLevel.UNPROVEN.value, self.terms.intake.consent_source or SOURCE)
            at = literal(self.terms.at, consent_events.c.at.type)
            them = is_one_of(connection, contacts.c.id, numbers)
            rows = select(contacts.c.id, *map(literal, said), at).where(them).order_by(contacts.c.id)
            names = ["contact_id", "what", "level", "source", "at"]
            connection.execute(insert(consent_events).from_select(names, rows, include_defaults=False))

    def _complete(self, connection: Connection, people: Mapping[int, Person]) -> None:
        fields = {name for one in people.values() for name in one.row["fields"]} - self._fields
        write_fields(connection, self.terms.project, fields)
        self._fields |= fields
        held = {number: one.tags for number, one in people.items()}
        write_tags(connection, self.terms.project, held, self.terms.at)

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
