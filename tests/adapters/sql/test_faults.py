"""What the world does to a database: a typed fault or a safe repetition, and nothing half-written (reliability §13)."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Event
from time import sleep
from typing import TypeAlias

import psycopg
import pytest
from migma_sql import SchemaTooNew, SqlStore, importing
from migma_sql import engine as engines
from migma_sql.engine import connect, reading, writing
from sqlalchemy import event, make_url, text

from migma_core import Address, ContactDraft, Project, Status
from migma_core.ports import Rate, StoreBusy, StoreFault, StoreFull, StoreUnreachable, StoreUnusable, Stream
from migma_core.testing.storage import NOW, everybody, put, some_project
from tests.adapters.sql.conftest import emptied
from tests.support.examples import is_thorough
from tests.support.lossy import Wire, lossy_wire
from tests.support.postgresql import empty_database, own_server, server_user, start, stop
from tests.support.sql_rows import PEPPER

Wired: TypeAlias = tuple[Wire, Callable[[], tuple[SqlStore, Project]]]
PEOPLE = tuple(
    ContactDraft(
        address=Address(f"p{number}", "customers.migma.email"),
        status=Status.SUBSCRIBED if number % 3 else Status.UNSUBSCRIBED,
        tags=frozenset({"all"}),
        fields={"plan": "x" * 200},
    )
    for number in range(12)
)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits for locks are short: what is tested is what comes after them."""
    monkeypatch.setattr(engines, "_SECONDS_TO_WAIT", 0.05)
    monkeypatch.setattr(engines, "_SESSION", (*engines._SESSION, "SET lock_timeout = '50ms'"))


@contextmanager
def opened(url: str) -> Iterator[tuple[SqlStore, Project]]:
    """A store with a project."""
    with closing(SqlStore.open(url, pepper=PEPPER)) as store:
        yield store, some_project(store)


def people(store: SqlStore, project: Project) -> list[object]:
    """Everybody and what stands against them, in an order of their own; ids differ from one try to the next."""
    found = [(str(one.address), one.status, one.tags, dict(one.fields)) for one in everybody(store, project.id)]
    listed = [(one.address, one.reason) for one in store.suppressions.list(project.account)]
    return [sorted(map(str, found)), sorted(map(str, listed))]


def test_a_newer_schema_is_refused_when_a_store_is_opened(database: str) -> None:
    """Nothing is read or written by code that does not know what the rows mean."""
    SqlStore.open(database, pepper=PEPPER).close()
    engine = connect(database)
    with writing(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SchemaTooNew, match="install a newer migma-sql"):
        SqlStore.open(database, pepper=PEPPER)
    engine.dispose()


@pytest.mark.usefixtures("impatient")
def test_rows_that_others_hold_are_a_fault_that_says_to_repeat(database: str) -> None:
    """A locked file or row gives `StoreBusy` after a while; once it is free the same call works, once."""
    other = connect(database)
    with opened(database) as (store, project):
        stream = Stream(project.account, "ses")
        store.pace.take(stream, 1, Rate(0.001, 5))
        with writing(other) as connection:
            connection.execute(text("UPDATE pace SET tokens = tokens"))
            with pytest.raises(StoreBusy) as held:
                store.pace.take(stream, 1, Rate(0.001, 5))
        assert not held.value.in_doubt
        assert store.pace.take(stream, 9, Rate(0.001, 5)).messages == 4
    other.dispose()


def test_who_waited_in_vain_waits_the_next_time_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite's own patience is put aside for the write lock alone, and is there again whether it was had or not."""
    url = f"sqlite:///{tmp_path / 'held.db'}"
    monkeypatch.setattr(engines, "_SECONDS_TO_WAIT", 0.05)
    engine, other = connect(url), connect(url)
    with writing(other):
        with pytest.raises(StoreBusy), writing(engine):
            pytest.fail("two hold the one lock")
        with reading(engine) as connection:
            assert connection.execute(text("PRAGMA busy_timeout")).scalar_one() == 50
    with writing(engine) as connection:
        assert connection.execute(text("PRAGMA busy_timeout")).scalar_one() == 50
    engine.dispose()
    other.dispose()


def test_the_write_lock_is_had_soon_after_it_is_free(tmp_path: Path) -> None:
    """Who waits does not sleep through the pauses of a worker that writes again and again."""
    url = f"sqlite:///{tmp_path / 'held.db'}"
    engine, other, stop = connect(url), connect(url), Event()

    def write_again_and_again() -> int:
        written = 0
        while not stop.is_set():
            with writing(other):
                sleep(0.01)
            sleep(0.005)
            written += 1
        return written

    with ThreadPoolExecutor(1) as pool:
        writes = pool.submit(write_again_and_again)
        for _ in range(20):
            sleep(0.004)
            with writing(engine):
                pass
        stop.set()
        written = writes.result()
    assert written <= 35  # by turns, where SQLite's own waiting lets three of the other's pass for each of ours
    engine.dispose()
    other.dispose()


def test_serialization_failures_are_repeated_safely(postgres_server: str) -> None:
    """On a server that serializes, workers who collide are told so; with repetitions the burst is granted once."""
    with empty_database(postgres_server) as url:
        serializing = f"ALTER DATABASE {make_url(url).database} SET default_transaction_isolation = 'serializable'"
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(serializing)
        with opened(url) as (store, project):
            stream, collided = Stream(project.account, "ses"), list[StoreFault]()

            def work(_: int) -> int:
                while True:
                    try:
                        return store.pace.take(stream, 1, Rate(0.001, 20)).messages
                    except StoreBusy as busy:
                        collided.append(busy)

            with ThreadPoolExecutor(8) as pool:
                granted = list(pool.map(work, range(60)))
            assert sum(granted) == 20
            assert collided


@pytest.fixture(scope="module")
def wired(postgres_server: str) -> Iterator[Wired]:
    """A store at the end of a wire that breaks; call for it empty, with a project."""
    if "host" not in make_url(postgres_server).query:
        pytest.skip("the wire breaks a socket's file, and the server given is reached over the network")
    folder = Path(tempfile.mkdtemp(prefix="migma-wire."))  # the path of a socket must be short
    with empty_database(postgres_server) as url, lossy_wire(url, folder) as wire:
        store, engine = SqlStore.open(wire.url, pepper=PEPPER), connect(url)

        def fresh() -> tuple[SqlStore, Project]:
            wire.breaks_at = lambda number, packet: False
            emptied(engine, store)
            return store, some_project(store)

        yield wire, fresh
        store.close()
        engine.dispose()
    shutil.rmtree(folder)


@pytest.mark.parametrize("heard", [False, True], ids=["before the server hears it", "after the server has done it"])
def test_wherever_the_connection_is_lost_an_import_can_be_repeated(wired: Wired, heard: bool) -> None:
    """Cut at each of its packets in turn, an import keeps all or nothing, and repeated leaves what it would."""
    wire, fresh = wired
    store, project = fresh()
    put(store, project.id, *PEOPLE)
    expected = people(store, project)
    for cut in range(1, 10_000):
        store, project = fresh()
        begin, wire.broken, wire.heard = wire.packets, 0, heard
        wire.breaks_at = lambda number, packet, at=begin + cut: number == at  # type: ignore[misc]  # its default is the third
        try:
            put(store, project.id, *PEOPLE)
        except StoreUnreachable:
            assert people(store, project) in ([[], []], expected)
        if not wire.broken:
            break
        put(store, project.id, *PEOPLE)
        assert people(store, project) == expected
    assert cut > 5


@pytest.mark.parametrize("heard", [False, True], ids=["before the server hears it", "after the server has done it"])
def test_wherever_the_connection_is_lost_no_chunk_is_kept_without_those_before(
    wired: Wired, heard: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chunks overlap, and cut at any packet of either connection the list is kept up to the end of a chunk."""
    monkeypatch.setattr(importing, "_CHUNK", 12)
    wire, fresh = wired
    many = [replace(one, address=Address(f"{one.address.local}{n}", "x.io")) for n in range(3) for one in PEOPLE]
    store, project = fresh()
    put(store, project.id, *many)
    expected = people(store, project)
    for cut in range(1, 10_000, 1 if is_thorough() else 4):
        store, project = fresh()
        begin, wire.broken, wire.heard = wire.packets, 0, heard
        wire.breaks_at = lambda number, packet, at=begin + cut: number == at  # type: ignore[misc]  # its default is the third
        try:
            put(store, project.id, *many)
        except StoreUnreachable:
            kept = [one.address for one in everybody(store, project.id)]
            assert kept == [one.address for one in many[: len(kept)]]
            assert len(kept) in {0, 12, 24, 36}
        if not wire.broken:
            break
        put(store, project.id, *many)
        assert people(store, project) == expected
    assert cut > 15


def test_on_a_server_that_serializes_a_list_is_taken_without_collisions(
    postgres_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chunks that overlapped there would refuse each other; one after the other they do not."""
    monkeypatch.setattr(importing, "_CHUNK", 2)
    with empty_database(postgres_server) as url:
        serializing = f"ALTER DATABASE {make_url(url).database} SET default_transaction_isolation = 'serializable'"
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(serializing)
        with opened(url) as (store, project):
            put(store, project.id, *PEOPLE)
            assert store.contacts.count(project.id) == len(PEOPLE)


@pytest.mark.parametrize("heard", [False, True], ids=["lost", "kept"])
def test_a_commit_whose_answer_is_lost_is_in_doubt_and_can_be_read_back(wired: Wired, heard: bool) -> None:
    """The fault says that nobody knows; what is there is all or nothing, and repeating an opt-out does no harm."""
    wire, fresh = wired
    store, project = fresh()
    put(store, project.id, PEOPLE[1])
    (ada,) = everybody(store, project.id)
    wire.heard, wire.breaks_at = heard, lambda number, packet: b"COMMIT\0" in packet
    with pytest.raises(StoreUnreachable) as lost:
        store.contacts.unsubscribe(ada.id, NOW, "link")
    wire.breaks_at = lambda number, packet: False

    assert lost.value.in_doubt
    assert len(store.suppressions.list(project.account)) == int(heard)
    assert store.contacts.unsubscribe(ada.id, NOW, "link") is not heard
    assert len(store.suppressions.list(project.account)) == 1


@pytest.mark.parametrize("heard", [False, True], ids=["lost", "kept"])
def test_an_import_whose_commit_is_in_doubt_is_repeated_without_harm(wired: Wired, heard: bool) -> None:
    """Everybody or nobody was kept; the second import creates whoever is missing, and nobody twice."""
    wire, fresh = wired
    store, project = fresh()
    wire.heard, wire.breaks_at = heard, lambda number, packet: b"COMMIT\0" in packet
    with pytest.raises(StoreUnreachable) as lost:
        put(store, project.id, *PEOPLE)
    wire.breaks_at = lambda number, packet: False
    assert lost.value.in_doubt
    assert store.contacts.count(project.id) == (len(PEOPLE) if heard else 0)
    put(store, project.id, *PEOPLE)
    assert store.contacts.count(project.id) == len(PEOPLE)


def test_a_server_that_restarts_costs_no_more_than_the_calls_it_was_away_for() -> None:
    """While it is down every call is `StoreUnreachable`; afterwards the same store goes on, with what was committed."""
    with own_server() as (url, place), opened(url) as (store, project):
        put(store, project.id, *PEOPLE[:2])
        stop(place)
        for _ in range(2):
            with pytest.raises(StoreUnreachable) as away:
                store.contacts.count(project.id)
            assert not away.value.in_doubt
        start(place)
        assert store.contacts.count(project.id) == 2
        put(store, project.id, *PEOPLE)
        assert store.contacts.count(project.id) == len(PEOPLE)


def test_a_server_that_is_not_there_is_told_when_a_store_is_opened(tmp_path: Path) -> None:
    """Nobody is left to guess from a driver's words."""
    with pytest.raises(StoreUnreachable, match="does not answer"):
        SqlStore.open(f"postgresql://nobody@/nothing?host={tmp_path}", pepper=PEPPER)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 24 MB, where this machine lets us mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=24m", "none", str(folder)]
    mounted = subprocess.run(mount, check=False, capture_output=True)
    if mounted.returncode != 0:
        pytest.skip(f"a small disk cannot be mounted here: {mounted.stderr.decode().strip()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill_up(store: SqlStore, project: Project) -> int:
    """Import until there is no room left; how many calls succeeded."""
    for call in range(2_000):
        many = [
            ContactDraft(address=Address(f"c{call}n{number}", "customers.migma.email"), fields={"x": "y" * 2_000})
            for number in range(50)
        ]
        try:
            put(store, project.id, *many)
        except StoreFull:
            return call
    raise AssertionError("the disk was never full")


def test_a_full_disk_is_told_and_leaves_whole_calls(small_disk: Path) -> None:
    """SQLite on a disk without room: `StoreFull`, every call all or nothing, and once there is room it goes on."""
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(8 * 2**20))
    with opened(f"sqlite:///{small_disk / 'migma.db'}") as (store, project):
        kept = fill_up(store, project)
        assert store.contacts.count(project.id) == kept * 50
        ballast.unlink()
        put(store, project.id, *PEOPLE)
        assert store.contacts.count(project.id) == kept * 50 + len(PEOPLE)


def test_a_full_file_is_told_and_leaves_whole_calls(tmp_path: Path) -> None:
    """The same where the file may not grow any more, which needs no disk of its own."""
    with opened(f"sqlite:///{tmp_path / 'migma.db'}") as (store, project):
        event.listen(store._engine, "begin", lambda one: one.exec_driver_sql("PRAGMA max_page_count=300"))
        kept = fill_up(store, project)
        assert store.contacts.count(project.id) == kept * 50


def test_a_full_disk_of_the_server_is_told_and_leaves_whole_calls(postgres_server: str, small_disk: Path) -> None:
    """PostgreSQL with its tables on a disk without room: the same."""
    folder, ballast = small_disk / "tables", small_disk / "ballast"
    folder.mkdir()
    if os.geteuid() == 0:
        shutil.chown(folder, *server_user())
        _let_in(small_disk)
    server = connect(postgres_server)
    with server.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"CREATE TABLESPACE small LOCATION '{folder}'"))
        with empty_database(postgres_server) as url:
            connection.execute(text(f"ALTER DATABASE {make_url(url).database} SET default_tablespace = small"))
            with opened(url) as (store, project):
                ballast.write_bytes(bytes(18 * 2**20))
                kept = fill_up(store, project)
                assert store.contacts.count(project.id) == kept * 50
                ballast.unlink()
                put(store, project.id, *PEOPLE)
                assert store.contacts.count(project.id) == kept * 50 + len(PEOPLE)
        connection.execute(text("DROP TABLESPACE small"))
    server.dispose()


def _let_in(folder: Path) -> None:
    """The server's user may pass through every folder above this one."""
    for one in (folder, *folder.parents[:-2]):
        one.chmod(one.stat().st_mode | 0o011)


def test_a_read_only_database_needs_a_person(database: str) -> None:
    """What may be read and not written says so, and what was there stays."""
    read_only = {"sqlite": "PRAGMA query_only=ON", "postgresql": "SET TRANSACTION READ ONLY"}
    with opened(database) as (store, project):
        put(store, project.id, *PEOPLE[:2])
        event.listen(store._engine, "begin", lambda one: one.exec_driver_sql(read_only[one.dialect.name]))
        with pytest.raises(StoreUnusable, match="read-only"):
            put(store, project.id, *PEOPLE)
        assert store.contacts.count(project.id) == 2


def test_a_damaged_file_needs_a_person(tmp_path: Path) -> None:
    """What is no database is told as such, and so is a folder that is not there; nothing is made up in its place."""
    path = tmp_path / "migma.db"
    path.write_bytes(b"no database at all, but long enough to look like one" * 100)
    with pytest.raises(StoreUnusable):
        SqlStore.open(f"sqlite:///{path}", pepper=PEPPER)
    assert path.read_bytes().startswith(b"no database")
    with pytest.raises(StoreUnreachable, match="its folder must be there"):
        SqlStore.open(f"sqlite:///{tmp_path / 'no' / 'such' / 'folder.db'}", pepper=PEPPER)
    assert not (tmp_path / "no").exists()
