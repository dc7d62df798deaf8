"""
Reading a large account from the store: streams, pages, counts and previews, against what one writes by hand.

All at the size that the figures are promised for: a million people (a quarter of an hour, 6 GB of temporary files: let
TMPDIR lie where that is quick). ``python -m tests.benchmarks.storing --people 100000`` is quicker, and says little of
some figures: few who are found by their values are then found fastest by reading everybody.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sqlite3
import sys
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import starmap
from pathlib import Path
from time import perf_counter
from typing import Any

import psycopg
from migma_sql import SqlStore
from migma_sql.audience import Audience, Place, audience_of, page_of
from migma_sql.engine import connect, reading
from migma_sql.question import Question, ask
from migma_sql.shapes import AnySelect
from sqlalchemy import Connection, Engine, text

from migma_core import MIGMA, Address, Brand, Content, Purpose, ReasonKind, SegmentMembers, SendRequest, count
from migma_core.decision.circumstances import Wanted
from migma_core.decision.eligibility import decide_rows
from migma_core.decision.planning import Partition
from migma_core.decision.record import Decision, record
from migma_core.ports import AudiencePage
from tests.benchmarks.by_hand import best_count, best_preview, counted
from tests.benchmarks.databases import fresh_databases
from tests.benchmarks.measuring import Figure, ceiling, floor, median_ms, ratio_of
from tests.benchmarks.store_rows import SEGMENTS, Account, fill, more
from tests.support.sql_rows import NOW

__all__ = ["figures"]

PEOPLE, PAGE, PREVIEW = 1_000_000, 5_000, 50
PEPPER = bytes(range(32))
_NAMED = ("tag", "country", "opened")
_STREAM = {"sqlite": 0.6, "postgresql": 0.35}
_PREVIEW_MS = {"sqlite": 50.0, "postgresql": 150.0}
_ROUNDS = 3  # of what takes seconds


@dataclass(frozen=True, slots=True)
class Large:
    """One large account: its database, and who is in it."""

    kind: str
    url: str
    store: SqlStore
    engine: Engine
    account: Account

    def request(self, segment: str) -> SendRequest:
        """A message to a segment, about the topic, through the provider that refused some."""
        project, topic, segments = self.account.project, self.account.topic, self.account.segments
        return SendRequest(
            project=project.id,
            sender=Address("news", "acme.example.com"),
            sender_name="Acme",
            recipients=SegmentMembers(segments[segment]),
            content=Content("News", "<p>News</p>"),
            topic=topic,
            provider="ses",
        )

    def page(self, segment: str, after: int, limit: int) -> AudiencePage:
        """The next members with their standings."""
        return self.store.sends.audience_page(self.request(segment), Purpose.MARKETING, after, limit, Wanted(), NOW)

    def standings(self, segment: str) -> Partition:
        """Everybody counted by the database, decided by the table."""
        return count(MIGMA, self.store.sends.count_standings(self.request(segment), Purpose.MARKETING, NOW))


def figures(people: int = PEOPLE, only: str | None = None) -> Iterator[Figure]:
    """Of each database, or of one, every figure of reading."""
    with fresh_databases() as databases:
        for kind, fresh in databases.items():
            if only in {None, kind}:
                yield from _figures_of(_large(kind, fresh(), people), people)


def _large(kind: str, url: str, people: int) -> Large:
    store, engine = SqlStore.open(url, pepper=PEPPER), connect(url)
    project = store.projects.create("Acme", Brand("Acme", "1 Main Street", "https://mail.example.com"), NOW)
    start = perf_counter()
    account = fill(store, engine, project, people)
    print(f"{people:,} people written into {kind} in {perf_counter() - start:.0f} s")
    return Large(kind, url, store, engine, account)


def _figures_of(large: Large, people: int) -> Iterator[Figure]:
    kind, size = large.kind, f"{people:,}"
    bare = "for row in cursor" if kind == "sqlite" else "a server cursor"
    faster = ratio_of(partial(_bare, large), partial(_exhausted, large), _ROUNDS)
    yield floor(f"{kind}, {size}: the audience with verdicts, against {bare}", faster, _STREAM[kind])
    yield ceiling(f"{kind}, {size}: the last page against the first", max(_last_to_first(large, people)), 1.5)
    for name in SEGMENTS:
        yield _counting(large, name, size)
    for name in SEGMENTS:
        yield _previewing(large, name, size)
    yield from _memory(large, people)
    large.store.close()
    large.engine.dispose()


def _decided(large: Large, segment: str = "everybody") -> Iterator[tuple[Any, tuple[ReasonKind, ...]]]:
    """Everybody with every reason, page by page."""
    after = 0
    while True:
        page = large.page(segment, after, PAGE)
        yield from decide_rows(((*row.standing, row) for row in page.rows), MIGMA)
        if page.after is None:
            return
        after = page.after


def _exhausted(large: Large) -> None:
    deque(_decided(large), maxlen=0)


def _bare(large: Large) -> None:
    """The same query without an order and without a decision, by the driver alone."""
    rows = 0
    with reading(large.engine) as connection:
        query = _query(connection, large)
    if large.kind == "sqlite":
        with _raw(large.url) as driver:
            for _ in driver.execute(query):
                rows += 1
    else:
        with psycopg.connect(large.url) as server, server.cursor(name="everybody") as cursor:
            cursor.itersize = PAGE
            for _ in cursor.execute(query):
                rows += 1
    assert rows >= PAGE


def _raw(url: str) -> sqlite3.Connection:
    driver = sqlite3.connect(url.removeprefix("sqlite:///"))
    driver.execute("PRAGMA cache_size=-65536")  # as ours
    return driver


def _query(connection: Connection, large: Large) -> str:
    """Everybody at once."""
    return _spelt(connection, _audience(connection, large, "everybody", whole=True).rows)


def _audience(connection: Connection, large: Large, segment: str, *, whole: bool) -> Audience:
    request = large.request(segment)
    return audience_of(connection, _question(connection, request), request.recipients, PEPPER, whole=whole)


def _first_page(connection: Connection, large: Large, segment: str) -> AnySelect:
    """As a preview asks for it."""
    audience = _audience(connection, large, segment, whole=False)
    query, _ = page_of(_question(connection, large.request(segment)), audience, Place(0, PREVIEW))
    return query


def _question(connection: Connection, request: SendRequest) -> Question:
    return ask(connection, request, Purpose.MARKETING, NOW)


def _spelt(connection: Connection, query: AnySelect) -> str:
    """With its values in it, and so without the driver's own marks."""
    return str(query.compile(connection, compile_kwargs={"literal_binds": True})).replace("%%", "%")


def _last_to_first(large: Large, people: int) -> Iterator[float]:
    """Of whole pages at the end against such at the start, for everybody and the named segments."""
    for name in ("everybody", *_NAMED):
        whole = _last_begins(large, name, people)
        yield 1 / ratio_of(partial(large.page, name, 0, 1_000), partial(large.page, name, whole, 1_000))


def _last_begins(large: Large, name: str, people: int) -> int:
    """After whom the last thousand come."""
    places = deque[int](maxlen=1_001)
    after = max(0, people - 50_000)  # nobody's last thousand begin before
    while True:
        page = large.page(name, after, PAGE)
        places.extend(row.contact for row in page.rows if row.contact is not None)
        if page.after is None:
            assert len(places) == places.maxlen
            return places[0]
        after = page.after


def _counting(large: Large, name: str, size: str) -> Figure:
    found = large.standings(name)
    assert _partition(large, name) == found
    with reading(large.engine) as connection:
        query = best_count(connection, large.account, name)
        by_hand = counted(connection, query)
        assert by_hand.pop("mailable", 0) == found.mailable
        assert by_hand == {kind.value: people for kind, people in found.withheld.items()}
        slower = 1 / ratio_of(partial(counted, connection, query), partial(large.standings, name), _ROUNDS)
    return ceiling(f"{large.kind}, {size}: counting by reason {name!r}, of SQL by hand", slower, 1.3)


def _partition(large: Large, name: str) -> Partition:
    """The same, counted in Python."""
    mailable, withheld = 0, Counter[ReasonKind]()
    for _, kinds in _decided(large, name):
        if kinds:
            withheld[kinds[0]] += 1
        else:
            mailable += 1
    return Partition(mailable, dict(withheld))


def _previewing(large: Large, name: str, size: str) -> Figure:
    ours = partial(_preview, large, name)
    with reading(large.engine) as connection:
        query = best_preview(connection, large.account, name, PREVIEW)
        first = [tuple(row) for row in connection.execute(query)]
        assert first == list(starmap(_told, zip(large.page(name, 0, PREVIEW).rows, ours(), strict=True)))
        named = f"{large.kind}, {size}: the first {PREVIEW} of {name!r}, with reasons"
        if name in _NAMED:
            return ceiling(named, median_ms(ours), _PREVIEW_MS[large.kind], "ms")
        own = text(_escaped(_spelt(connection, _first_page(connection, large, name))))
        slower = 1 / ratio_of(lambda: connection.execute(query).all(), lambda: connection.execute(own).all())
    return ceiling(f"{named}: our SQL, of SQL by hand", slower, 1.3)


def _escaped(query: str) -> str:
    return query.replace(":", "\\:")


def _preview(large: Large, name: str) -> list[Decision]:
    return [record(row.standing, MIGMA, NOW) for row in large.page(name, 0, PREVIEW).rows]


def _told(row: Any, decision: Decision) -> tuple[Any, str]:
    return row.contact, decision.reasons[0].value if decision.reasons else "mailable"


def _memory(large: Large, people: int) -> Iterator[Figure]:
    """What streaming and deciding everybody adds to a process of its own, and to one that meets three times as many."""
    rest, peak = _peak(large)
    more(large.engine, large.account, people + 1, 3 * people)
    _, three = _peak(large)
    size = f"{large.kind}, {people:,}"
    yield ceiling(f"{size}: memory that streaming and deciding adds", (peak - rest) / 1024, 100.0, "MB")
    yield ceiling(f"{size}: the whole process where three times as many come", three / peak, 1.1)


def _peak(large: Large) -> tuple[int, int]:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_resident, (large.kind, large.url, large.account))


def _resident(kind: str, url: str, account: Account) -> tuple[int, int]:
    """KiB of a process at rest, and at most while it streams and decides."""
    store, engine = SqlStore.open(url, pepper=PEPPER), connect(url)
    large = Large(kind, url, store, engine, account)
    large.page("everybody", 0, 1)
    rest = _memory_of_this("VmRSS")
    _exhausted(large)
    return rest, _memory_of_this("VmHWM")


def _memory_of_this(what: str) -> int:
    """As the kernel knows it; what `resource` tells begins with the most that the parent ever had."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(what))


def _main() -> int:
    told = argparse.ArgumentParser(prog="python -m tests.benchmarks.storing")
    told.add_argument("--people", type=int, default=PEOPLE)
    told.add_argument("--on", choices=list(_STREAM))
    given = told.parse_args()
    missed = 0
    for figure in figures(given.people, given.on):
        print(figure, flush=True)
        missed += not figure.holds
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(_main())
