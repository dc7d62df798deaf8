"""Imports: repeatable, and no row ever lifts a denial."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from migma_sql import SqlStore, importing

from migma_core import (
    Address,
    Brand,
    Contact,
    ContactDraft,
    ContactId,
    Intake,
    Project,
    ProjectId,
    Status,
    SuppressionReason,
)
from migma_core.ports import Erasure, ImportReport, Incoming, RefusedRow, Row
from migma_core.testing.storage import some_project
from tests.support.examples import few
from tests.support.sql_rows import PEPPER

NOW = datetime(2026, 5, 1, tzinfo=UTC)
_ANY_ID, _ANY = ContactId("0" * 32), ProjectId("0" * 32)
SHOP = Intake(Status.SUBSCRIBED, "checkout")

drafts = st.builds(
    ContactDraft,
    address=st.sampled_from(("a", "A", "b", "c")).map(lambda local: Address(local, "example.com")),
    status=st.none() | st.sampled_from(Status),
    first_name=st.none() | st.sampled_from(("Ada", "Bo")),
    tags=st.frozensets(st.sampled_from(("x", "y")), max_size=2),
    fields=st.dictionaries(st.sampled_from(("plan", "city")), st.sampled_from(("1", "x")), max_size=2),
)
lists = st.lists(st.tuples(drafts, st.none() | st.just(SuppressionReason.COMPLAINT)), max_size=8).map(
    lambda rows: [Row(line, draft, reason) for line, (draft, reason) in enumerate(rows, 2)]
)


def _open(empty_store: Callable[[], SqlStore]) -> tuple[SqlStore, Project]:
    store = empty_store()
    return store, store.projects.create("Acme", Brand("Acme", "1 Main Street", "https://mail.example.com"), NOW)


def _import(store: SqlStore, project: Project, rows: list[Incoming], intake: Intake = SHOP) -> ImportReport:
    return store.import_contacts(project.id, rows, intake, at=NOW)


def _state(store: SqlStore, project: Project) -> tuple[Sequence[Contact], object]:
    people = store.contacts.list(project.id).contacts
    listed = {(entry.address, entry.reason) for entry in store.suppressions.list(project.account)}
    return people, listed


def _denied(rows: list[Row]) -> set[str]:
    """Who any row says has left or bounced."""
    gone = {Status.UNSUBSCRIBED, Status.BOUNCED}
    return {row.draft.address.canonical for row in rows if row.draft.status in gone or row.suppress}


@settings(max_examples=few(20))
@given(rows=lists)
def test_every_row_is_counted_once(empty_store: Callable[[], SqlStore], rows: list[Row]) -> None:
    """Total is created plus updated plus skipped plus refused, and creates one person per address."""
    store, project = _open(empty_store)

    report = _import(store, project, [*rows, RefusedRow(99, "x", "bad")])

    assert report.total == len(rows) + 1 == report.created + report.updated + report.skipped + report.refused
    assert report.created == store.contacts.count(project.id) == len({row.draft.address.canonical for row in rows})


@settings(max_examples=few(20))
@given(first=lists, second=lists)
def test_no_import_lifts_a_denial(empty_store: Callable[[], SqlStore], first: list[Row], second: list[Row]) -> None:
    """Whoever left or bounced in one list is not subscribed by any later one (A-09)."""
    store, project = _open(empty_store)
    _import(store, project, list(first))
    _import(store, project, list(second))

    subscribed = {
        person.address.canonical
        for person in store.contacts.list(project.id).contacts
        if person.status is Status.SUBSCRIBED
    }
    assert subscribed.isdisjoint(_denied(first) | _denied(second))


@settings(max_examples=few(12))
@given(rows=lists.filter(lambda rows: len({row.draft.address.canonical for row in rows}) == len(rows)))
def test_importing_a_list_again_changes_nothing(empty_store: Callable[[], SqlStore], rows: list[Row]) -> None:
    """The second import of the same list creates and updates nobody."""
    store, project = _open(empty_store)
    _import(store, project, list(rows))
    before = _state(store, project)

    again = store.import_contacts(project.id, rows, SHOP, at=NOW + timedelta(days=1))

    assert (again.created, again.updated) == (0, 0)
    assert _state(store, project) == before


@settings(max_examples=few(12))
@given(rows=lists)
def test_a_dry_run_reports_and_keeps_nothing(empty_store: Callable[[], SqlStore], rows: list[Row]) -> None:
    """A dry run gives the report of the real one, and leaves the database as it was."""
    store, project = _open(empty_store)
    before = _state(store, project)

    rehearsed = store.import_contacts(project.id, rows, SHOP, dry_run=True, at=NOW)

    assert _state(store, project) == before
    assert rehearsed == _import(store, project, list(rows))


@settings(max_examples=few(12))
@given(rows=lists, size=st.integers(1, 4))
def test_in_chunks_of_any_size_a_list_is_the_same_people(
    empty_store: Callable[[], SqlStore], rows: list[Row], size: int
) -> None:
    """Report, notes, people and denials do not depend on where a list is divided, nor on chunks that overlap."""

    def imported() -> object:
        store, project = _open(empty_store)
        told: list[tuple[int, str, str]] = []
        report = store.import_contacts(project.id, rows, SHOP, at=NOW, report_row=lambda *one: told.append(one))
        people, listed = _state(store, project)
        return report, sorted(told), [replace(one, id=_ANY_ID, project=_ANY) for one in people], listed

    whole = imported()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(importing, "_CHUNK", size)
        assert imported() == whole


def test_without_a_source_nobody_new_is_subscribed(empty_store: Callable[[], SqlStore]) -> None:
    """A list that says *subscribed* without saying where consent was given makes people non-subscribed, with a note."""
    store, project = _open(empty_store)
    notes: list[tuple[int, str, str]] = []
    row = Row(2, ContactDraft(address=Address("a", "example.com"), status=Status.SUBSCRIBED))

    report = store.import_contacts(project.id, [row], Intake(), at=NOW, report_row=lambda *told: notes.append(told))

    assert [person.status for person in store.contacts.list(project.id).contacts] == [Status.NON_SUBSCRIBED]
    assert report.noted == len(notes) == 1


def test_skipping_known_people_still_takes_their_opt_out(empty_store: Callable[[], SqlStore]) -> None:
    """With ``skip`` a known person keeps name and tags, and an opt-out in the list is taken all the same."""
    store, project = _open(empty_store)
    ada = Address("a", "example.com")
    _import(store, project, [Row(2, ContactDraft(address=ada, first_name="Ada"))])
    left = Row(2, ContactDraft(address=ada, first_name="Changed", status=Status.UNSUBSCRIBED))

    report = store.import_contacts(project.id, [left], SHOP, on_conflict="skip", at=NOW)

    (person,) = store.contacts.list(project.id).contacts
    assert (report.skipped, person.first_name, person.status) == (1, "Ada", Status.UNSUBSCRIBED)
    assert store.suppressions.list(project.account)[0].reason is SuppressionReason.UNSUBSCRIBE


def test_a_complaint_in_a_list_is_a_complaint(empty_store: Callable[[], SqlStore]) -> None:
    """A row that says *complained* leaves a complaint on the list, not merely an opt-out (A2)."""
    store, project = _open(empty_store)
    gone = ContactDraft(address=Address("a", "example.com"), status=Status.UNSUBSCRIBED)

    _import(store, project, [Row(2, gone, SuppressionReason.COMPLAINT)])

    listed = {entry.reason for entry in store.suppressions.list(project.account)}
    assert listed == {SuppressionReason.COMPLAINT, SuppressionReason.UNSUBSCRIBE}


def test_an_erasure_that_comes_during_an_import_has_the_last_word(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever is erased while a list brings them in is gone afterwards, and the list does not bring them again."""
    ada = Address("ada", "customers.migma.email")
    row = Row(2, ContactDraft(address=ada, status=Status.SUBSCRIBED, first_name="Ada"))
    with closing(SqlStore.open(database, pepper=PEPPER)) as store, ThreadPoolExecutor(1) as other:
        project = some_project(store)
        erasing: list[Future[Erasure]] = []

        def in_the_middle(*_: object) -> None:
            erasing.append(other.submit(store.contacts.erase, project.id, ada, NOW, "ada"))
            assert wait(erasing, timeout=0.3).not_done  # it waits for the chunk

        monkeypatch.setattr(importing, "write_tags", in_the_middle)  # which there are none of
        store.import_contacts(project.id, [row], Intake(), at=NOW)
        monkeypatch.undo()
        assert erasing[0].result().contacts == 1
        assert store.contacts.get(project.id, ada) is None
        assert store.import_contacts(project.id, [row], SHOP, at=NOW).refused == 1


class _Killed(Exception):
    """The process ended here."""


def test_an_import_that_was_killed_is_run_again(empty_store: Callable[[], SqlStore]) -> None:
    """What was durable stays, and the second run brings the rest, each person once, as if nothing had happened."""
    store, project = _open(empty_store)
    rows = [Row(n, ContactDraft(address=Address(f"p{n}", "example.com"), fields={"n": n})) for n in range(2, 7_002)]

    def killed() -> Iterator[Incoming]:
        yield from rows[:6_500]
        raise _Killed

    with pytest.raises(_Killed):
        store.import_contacts(project.id, killed(), SHOP, at=NOW)
    assert store.contacts.count(project.id) == 6_000

    again = store.import_contacts(project.id, rows, SHOP, at=NOW)

    assert (again.total, again.skipped, again.created) == (7_000, 6_000, 1_000)
    assert [one.fields["n"] for one in store.contacts.stream(project.id)] == list(range(2, 7_002))
