"""
Importing, against a bare loop: the same parse, prepared rows, upsert and indexes, by the driver's executemany.

Against PostgreSQL also the ceiling is measured: the same prepared rows, copied straight into the same tables by
somebody who asks nothing, decides nothing and gives up at the first row that is there. What is left to it is the parse,
which the loop shares, and the server's own work on keys, indexes and foreign keys, which no client can spare it: half
of it is the check that each of seven values belongs to a contact, which is also what takes the values away when
somebody is erased. One such copy works alone, so an import that keeps two transactions under way may be faster.

The list is long enough that opening connections and compiling statements, which happen once, are no part of the speed.
"""

from __future__ import annotations

import io
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import islice
from statistics import median
from time import perf_counter
from typing import Any, TypeAlias

from migma_sql import SqlStore, schema
from migma_sql.bulk import _bound, insert_all
from migma_sql.engine import connect, writing
from migma_sql.people import _canonical_rows, fault_of, new_row
from migma_wire import read_contacts
from sqlalchemy import Connection, Engine, Table, select

from migma_core import Brand, Intake, Project, Status, address_key
from migma_core.audience import ConsentLevel
from migma_core.ports import Row
from tests.benchmarks.databases import fresh_databases
from tests.benchmarks.measuring import Figure, ceiling, floor

__all__ = ["figures"]

PEOPLE, CHUNK, ROUNDS = 60_000, 5_000, 3
PEPPER = bytes(range(32))
NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
_Put: TypeAlias = Callable[[Connection, Table, tuple[str, ...], list[Any], str], None]
_KEPT = tuple(column.name for column in schema.contacts.c if column.name not in {"id", "lifted"})


def figures() -> Iterator[Figure]:
    """Of each database: how many times as fast as the bare loop, and that memory does not grow with the list."""
    with fresh_databases() as databases:
        yield _against_executemany(databases["sqlite"])
        if "postgresql" in databases:
            yield from _against_copy(databases["postgresql"])
        peaks = [_peak(databases["sqlite"](), people) for people in (PEOPLE, 3 * PEOPLE)]
        yield ceiling("import: peak memory of three times the list against one", peaks[1] / peaks[0], 1.1)


def _against_executemany(fresh: Callable[[], str]) -> Figure:
    ratio = median(_seconds(_bare, fresh()) / _seconds(_ours, fresh()) for _ in range(ROUNDS))
    return floor("import into sqlite: speed against a bare executemany", ratio, 0.5)


def _against_copy(fresh: Callable[[], str]) -> Iterator[Figure]:
    """Three times the loop is asked for; what one COPY after another makes of it is told beside it."""
    rounds = [[_seconds(way, fresh()) for way in (_bare, _ours, _copied)] for _ in range(ROUNDS)]
    reached = median(bare / copied for bare, _, copied in rounds)
    against = f"import into postgresql: against executemany, of which COPY alone is {reached:.2f}"
    yield floor(against, median(bare / ours for bare, ours, _ in rounds), 3.0)


def _file(people: int = PEOPLE) -> Iterator[bytes]:
    yield b"email,first_name,last_name,country,plan,signed_up\n"
    for i in range(people):
        country, plan = ("DE", "FR")[i % 2], ("pro", "free", "free")[i % 3]
        words = f"person{i}@mail{i % 500}.net,Ada{i % 997},Love{i % 701},{country},{plan},2026-0{i % 9 + 1}-01\n"
        yield words.encode()


def _seconds(work: Callable[[SqlStore, Engine, Project, io.BytesIO], None], url: str) -> float:
    store, engine = SqlStore.open(url, pepper=PEPPER), connect(url)
    project = store.projects.create("Acme", Brand("Acme", "1 Main Street", "https://mail.example.com"), NOW)
    file = io.BytesIO(b"".join(_file()))
    start = perf_counter()
    work(store, engine, project, file)
    passed = perf_counter() - start
    assert store.contacts.count(project.id) == PEOPLE
    store.close()
    engine.dispose()
    return passed


def _ours(store: SqlStore, engine: Engine, project: Project, file: io.BytesIO) -> None:
    del engine
    store.import_contacts(project.id, read_contacts(file), Intake(Status.SUBSCRIBED, "checkout"), at=NOW)


def _bare(store: SqlStore, engine: Engine, project: Project, file: io.BytesIO) -> None:
    """What one writes who knows that everybody is new, subscribed and denied nothing: no look-ups, no decisions."""
    del store
    _by_hand(engine, project, file, _many)


def _copied(store: SqlStore, engine: Engine, project: Project, file: io.BytesIO) -> None:
    """The same by COPY, for which a row that is there already is the end."""
    del store
    _by_hand(
        engine, project, file, lambda connection, table, columns, rows, _: insert_all(connection, table, columns, rows)
    )


def _by_hand(engine: Engine, project: Project, file: io.BytesIO, put: _Put) -> None:
    rows = read_contacts(file)
    while chunk := list(islice(rows, CHUNK)):
        with writing(engine) as connection:
            _write(connection, project, [one for one in chunk if isinstance(one, Row)], put)


def _write(connection: Connection, project: Project, chunk: list[Row], put: _Put) -> None:
    people, keys = [], []
    for one in chunk:
        assert fault_of(one.draft) is None
        key = address_key(one.draft.address, PEPPER)
        people.append(new_row(project.id, key, one.draft, Status.SUBSCRIBED, ConsentLevel.UNPROVEN, NOW))
        keys.append((project.account, key))
    address = "(account_id, address_key) DO UPDATE SET epoch = addresses.epoch"
    put(connection, schema.addresses, ("account_id", "address_key"), keys, address)
    person = "(project_id, address_key) DO UPDATE SET updated_at = excluded.updated_at"
    put(connection, schema.contacts, _KEPT, [tuple(row[name] for name in _KEPT) for row in people], person)
    newest = select(schema.contacts.c.address_key, schema.contacts.c.id).order_by(schema.contacts.c.id.desc())
    found = connection.execute(newest.limit(len(chunk)))
    numbers = {bytes(key): number for key, number in found}
    said = [value for row in people for value in _canonical_rows(numbers[row["address_key"]], row)]
    value = "(contact_id, key) DO UPDATE SET text = excluded.text, number = excluded.number, instant = excluded.instant"
    put(connection, schema.contact_values, ("contact_id", "key", "text", "number", "instant"), said, value)
    names = {name for row in people for name in row["fields"]}
    field = "(project_id, name) DO NOTHING"
    _many(connection, schema.field_names, ("project_id", "name"), [(project.id, name) for name in names], field)
    events = [(numbers[row["address_key"]], "opt_in", "unproven", "checkout", NOW) for row in people]
    put(connection, schema.consent_events, ("contact_id", "what", "level", "source", "at"), events, "DO NOTHING")


def _many(connection: Connection, table: Table, columns: tuple[str, ...], rows: list[Any], conflict: str) -> None:
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    named, marks = ", ".join(f'"{name}"' for name in columns), ", ".join([mark] * len(columns))
    statement = f"INSERT INTO {table.name} ({named}) VALUES ({marks}) ON CONFLICT {conflict}"  # noqa: S608 - our own names
    driver: Any = connection.connection.driver_connection
    driver.cursor().executemany(statement, list(_bound(connection, table, columns, rows)))


class _Lines(io.RawIOBase):
    """A file that is made as it is read, so that its own size is not measured."""

    def __init__(self, people: int) -> None:
        self._people = people
        self.seek(0)

    def seek(self, offset: int, whence: int = 0) -> int:
        """Back to the start: the importer looks at the whole file once before it reads it."""
        assert (offset, whence) == (0, 0)
        self._lines, self._rest = _file(self._people), b""
        return 0

    def tell(self) -> int:
        """The start, which is all that is asked for."""
        return 0

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is, as far as needed."""
        return True

    def read(self, size: int = -1) -> bytes:
        """The next octets."""
        while len(self._rest) < size and (line := next(self._lines, b"")):
            self._rest += line
        out, self._rest = self._rest[:size], self._rest[size:]
        return out

    read1 = read


def _peak(url: str, people: int) -> float:
    """The most that Python held at once while importing."""
    store = SqlStore.open(url, pepper=PEPPER)
    project = store.projects.create("Acme", Brand("Acme", "1 Main Street", "https://mail.example.com"), NOW)
    tracemalloc.start()
    rows = read_contacts(_Lines(people), encoding="utf-8")  # type: ignore[arg-type]  # as much of a stream as is used
    store.import_contacts(project.id, rows, Intake(Status.SUBSCRIBED, "checkout"), at=NOW)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    store.close()
    return peak
