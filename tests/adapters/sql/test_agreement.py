"""SQLite, PostgreSQL and Python say the same of everybody, whatever trouble the rows hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from migma_sql import SqlStore, mirror, schema
from migma_sql.engine import connect, writing
from migma_sql.mirror import copy_rows
from sqlalchemy import Connection, Engine, insert, select, update

from migma_core import Address, ContactDraft, Purpose, Status
from migma_core.audience import AllOf, Condition, DefaultSubscription
from migma_core.ports import Store
from migma_core.request import SegmentMembers
from migma_core.testing import AgreementLaws, disagreements, disagreements_with_python
from migma_core.testing import strategies as some
from migma_core.testing.storage import NOW, put, request_to, some_project
from tests.adapters.sql.conftest import emptied
from tests.support.examples import few
from tests.support.postgresql import empty_database
from tests.support.sql_rows import PEPPER

# every example is two databases emptied and filled: few by default, all of them in the thorough profile
FEW = few(15)
Opened = tuple[str, Engine, SqlStore]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory, postgres_server: str) -> Iterator[tuple[Opened, Opened]]:
    """A database of either kind, with its store."""
    with ExitStack() as opened:
        urls = (
            f"sqlite:///{tmp_path_factory.mktemp('pair') / 'migma.db'}",
            opened.enter_context(empty_database(postgres_server)),
        )
        engines = [connect(url) for url in urls]
        stores = [SqlStore.open(url, pepper=PEPPER) for url in urls]
        for engine, store in zip(engines, stores, strict=True):
            opened.callback(engine.dispose)
            opened.callback(store.close)
        yield (urls[0], engines[0], stores[0]), (urls[1], engines[1], stores[1])


class TestSqliteAndPostgresql(AgreementLaws):
    """The laws on the pair that this package is."""

    examples = FEW
    empty: tuple[Callable[[], SqlStore], Callable[[], SqlStore]]

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def _databases(cls, pair: tuple[Opened, Opened]) -> None:
        (_, engine, store), (_, other_engine, other) = pair
        cls.empty = partial(emptied, engine, store), partial(emptied, other_engine, other)

    def open(self) -> Store:
        return self.empty[0]()

    def other(self) -> Store:
        return self.empty[1]()


def broken(*known: str) -> st.SearchStrategy[str | None]:
    """A word as a foreign hand may have left it."""
    garbage = st.sampled_from((None, "", "Subscribed", "subscribed ", "unreadable", "0")) | st.text(max_size=5)
    return st.sampled_from(known) | garbage.filter(lambda word: word is None or "\0" not in word)


ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "status": broken("subscribed", "unsubscribed", "bounced"),
            "validation": broken("valid", "invalid", "risky"),
            "consent": broken("proven", "unproven", "none"),
            "is_role": st.booleans(),
            "lifted": st.integers(-2, 2100) | st.integers(-(2**31), 2**31 - 1),
            "fields": st.recursive(
                st.none() | st.integers(-9, 9) | st.text("ab", max_size=2),
                lambda inner: (
                    st.lists(inner, max_size=2) | st.dictionaries(st.text("ab", max_size=2), inner, max_size=2)
                ),
                max_leaves=4,
            ),
            "domain": st.sampled_from(
                ("x.example", "mail.test", "test", "a.onion", "example.com", "nearly-example.com")
            ),
        }
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=FEW)
@given(
    rows=ROWS,
    denials=st.lists(st.none() | st.integers(-2, 2100) | st.integers(-(2**31), 2**31 - 1), min_size=4, max_size=4),
    joined=st.lists(st.sampled_from((None, True, False, "no row")), min_size=4, max_size=4),
    purpose=st.sampled_from(Purpose),
    condition=st.just(AllOf(())) | some.conditions(levels=2),
)
def test_rows_of_a_foreign_hand_are_read_alike(
    pair: tuple[Opened, Opened],
    rows: list[dict[str, Any]],
    denials: list[int | None],
    joined: list[Any],
    purpose: Purpose,
    condition: Condition,
) -> None:
    """Nulls, words nobody knows, nested JSON, numbers out of range: copied over, they give the same standings."""
    (_, engine, store), (_, other_engine, copied) = pair
    emptied(engine, store), emptied(other_engine, copied)
    project = some_project(store)
    topic = store.topics.create(project.id, "News", NOW, default=DefaultSubscription.SUBSCRIBED)
    segment = store.segments.create(project.id, "Some", condition, NOW)
    put(store, project.id, *(some_draft(f"p{at}") for at in range(len(rows))))
    with writing(engine) as connection:
        for number, (row, bits, choice) in enumerate(zip(rows, denials, joined, strict=False)):
            _spoil(connection, f"p{number}", row, bits)
            if choice != "no row":
                which = connection.scalar(select(schema.contacts.c.id).where(schema.contacts.c.local == f"p{number}"))
                chosen = {"contact_id": which, "topic_id": topic.id, "joined": choice, "at": NOW, "source": "?"}
                connection.execute(insert(schema.topic_choices), chosen)

    assert copy_rows(engine, other_engine) > len(rows)

    request = request_to(project.id, SegmentMembers(segment.id), topic=topic.id)
    assert list(disagreements(store, copied, request, purpose, NOW)) == []
    assert store.sends.count_standings(request, purpose) == copied.sends.count_standings(request, purpose)


def _spoil(connection: Connection, local: str, row: dict[str, Any], bits: int | None) -> None:
    this = schema.contacts.c.local == local
    connection.execute(update(schema.contacts).where(this).values(row))
    key = select(schema.contacts.c.address_key).where(this).scalar_subquery()
    if bits is not None:
        denied = update(schema.addresses).where(schema.addresses.c.address_key == key)
        connection.execute(denied.values(denials=bits))


def test_a_mirror_is_told_apart_once_it_differs(pair: tuple[Opened, Opened]) -> None:
    """One denial more on one side is found, with both standings; a mirror is never laid over rows that are there."""
    (source, engine, store), (target, other_engine, copied) = pair
    emptied(engine, store), emptied(other_engine, copied)
    project = some_project(store)
    put(store, project.id, some_draft("ada"), some_draft("bob"))
    mirror(source, target)
    segment = store.segments.create(project.id, "All", AllOf(()), NOW)
    other = copied.segments.create(project.id, "All", AllOf(()), NOW)
    request, same = (request_to(project.id, SegmentMembers(one.id)) for one in (segment, other))
    assert list(disagreements(store, copied, request, Purpose.MARKETING, NOW, other_request=same)) == []

    bob = copied.contacts.list(project.id).contacts[1]
    assert copied.contacts.unsubscribe(bob.id, NOW, "link")

    (found,) = disagreements(store, copied, request, Purpose.MARKETING, NOW, other_request=same)
    assert found.one is not None
    assert found.other is not None
    assert found.one.denials != found.other.denials
    assert list(disagreements_with_python(copied, same, Purpose.MARKETING, NOW)) == []
    with pytest.raises(ValueError, match="holds rows already"):
        mirror(source, target)
    assert copied.contacts.add(project.id, some_draft("eve"), NOW, "api").address.local == "eve"  # numbers go on


def some_draft(local: str) -> ContactDraft:
    """A subscriber of that name."""
    return ContactDraft(address=Address(local, "customers.migma.email"), status=Status.SUBSCRIBED)
