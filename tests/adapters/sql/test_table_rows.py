"""A table of one's own, read in place on both databases, is decided about as the core decides about it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import pytest
from hypothesis import strategies as st
from migma_sql import TableRows
from sqlalchemy import (
    Boolean,
    Column,
    Engine,
    Integer,
    MetaData,
    Table,
    Text,
    create_engine,
    exists,
    insert,
    make_url,
    select,
)

from migma_core import Denials, Mailable, OwnRow, OwnRows, Withheld
from migma_core.testing import OwnRowsLaws
from migma_core.testing.own_rows_laws import crowds
from tests.support.examples import few

ours = MetaData()
users = Table(
    "users",
    ours,
    Column("id", Integer, primary_key=True),
    Column("email", Text),
    Column("news", Boolean),
    Column("word", Text),
    Column("checked", Text),
    Column("consent", Text),
    Column("complained", Boolean),
)
bounces = Table("bounces", ours, Column("user_id", Integer))
FEW = few(12)
HELD = crowds(denials=st.sampled_from((0, Denials.HARD_BOUNCE, Denials.COMPLAINT, Denials.UNREADABLE)).map(int))


@pytest.fixture(scope="module")
def users_engine(shared_database: str) -> Iterator[Engine]:
    """The database of a service that knows nothing of us."""
    url = make_url(shared_database)
    made = create_engine(url.set(drivername="postgresql+psycopg") if url.get_backend_name() == "postgresql" else url)
    ours.create_all(made)
    yield made
    made.dispose()


def filled(engine: Engine, people: Sequence[OwnRow]) -> None:
    """The table with exactly these people. An unreadable complaint is a null."""
    with engine.begin() as connection:
        connection.execute(users.delete())
        connection.execute(bounces.delete())
        for one in people:
            said = {"news" if isinstance(one.subscribed, bool) else "word": one.subscribed}
            known = {"checked": one.validation, "consent": one.consent}
            complained = None if one.denials & Denials.UNREADABLE else bool(one.denials & Denials.COMPLAINT)
            row = {"id": int(one.ref), "email": one.address, "complained": complained, **said, **known}
            connection.execute(insert(users), row)
            if one.denials & Denials.HARD_BOUNCE:
                connection.execute(insert(bounces), [{"user_id": int(one.ref)}] * 2)


class _OnUsers(OwnRowsLaws):
    """The hook, on that database."""

    examples = FEW
    people = HELD
    engine: ClassVar[Engine]
    words: ClassVar[dict[str, Any]]

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def _engine(cls, users_engine: Engine) -> None:
        cls.engine = users_engine

    def table_of(self, people: Sequence[OwnRow]) -> OwnRows:
        filled(self.engine, people)
        return TableRows(
            self.engine,
            ref=users.c.id,
            address=users.c.email,
            validation=users.c.checked,
            consent=users.c.consent,
            bounced=exists(select(1).where(bounces.c.user_id == users.c.id)),
            complained=users.c.complained,
            **self.words,
        )


class TestBooleans(_OnUsers):
    """Two booleans and a table of bounces."""

    people = crowds(
        subscribed=st.none() | st.booleans(),
        denials=st.sampled_from((0, Denials.HARD_BOUNCE, Denials.COMPLAINT, Denials.UNREADABLE)).map(int),
    )
    words: ClassVar[dict[str, Any]] = {"subscribed": users.c.news}


class TestWords(_OnUsers):
    """A status in words."""

    people = crowds(
        subscribed=st.none() | st.sampled_from(("subscribed", "unsubscribed", "non-subscribed", "bounced", "yes", "")),
        denials=st.sampled_from((0, Denials.COMPLAINT)).map(int),
    )
    words: ClassVar[dict[str, Any]] = {"subscribed": users.c.word}


def test_an_index_is_used_where_every_address_is_plain(users_engine: Engine) -> None:
    """With ``plain`` nothing looks for odd addresses, and the audience may be any part of the table."""
    filled(users_engine, [OwnRow(str(n), f"P{n}@migma.email", n != 3) for n in range(1, 5)])
    rows = TableRows(
        users_engine,
        ref=users.c.id,
        address=users.c.email,
        subscribed=users.c.news,
        where=users.c.id > 1,
        plain=True,
    )

    assert list(rows.odd_rows()) == []
    assert (rows.count().mailable, rows.count().total) == (2, 3)
    assert rows.decide("p2@migma.email") == Mailable()
    assert all(isinstance(rows.decide(f"p{n}@migma.email"), Withheld) for n in (1, 3))
