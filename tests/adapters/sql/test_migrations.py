"""Migrations: forward only, equal to the schema, and safe."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from migma_sql import SchemaTooNew
from migma_sql.engine import connect, reading, writing
from migma_sql.erasing import erase
from migma_sql.migrate import alembic_config, migrate, schema_version
from migma_sql.schema import attempt_members, attempts, metadata
from sqlalchemy import Engine, select, text

from migma_core import Address, AddressKey
from migma_core.request import AccountId
from tests.support.sql_rows import NOW

NEWEST = "0090"
AS_OF_0001 = (
    "INSERT INTO accounts (id, name, created_at) VALUES ('a', 'a', 1)",
    (
        "INSERT INTO projects (id, account_id, name, brand_name, postal_address, base_url, created_at)"
        " VALUES ('p', 'a', 'p', 'p', '', 'https://mail.example.com', 1)"
    ),
    (
        "INSERT INTO contacts (id, ref, project_id, address_key, local, domain, is_role, fields, created_at,"
        " updated_at) VALUES (1, 'c', 'p', '', 'ada', 'example.com', false, '{}', 1, 1)"
    ),
    "INSERT INTO consent_events (contact_id, what, level, source, at) VALUES (1, 'opt_in', 'proven', 'form', 7)",
    "INSERT INTO addresses (account_id, address_key, denials, epoch) VALUES ('a', '1', 5, 2), ('a', '0', 1, 0)",
)
AS_OF_0080 = (
    *AS_OF_0001[:2],
    (
        "INSERT INTO sends (id, project_id, request, purpose, policy, status, fan_out_done, created_at)"
        " VALUES ('s', 'p', '{}', 'marketing', 't', 'sending', true, 1)"
    ),
    (
        "INSERT INTO attempts (id, send_id, provider, deliveries, content, compiler, token_key, composed_at,"
        """ idempotency_key, body_digest, "values", started_at)"""
        """ VALUES ('t', 's', 'migma', '["d", "e"]', 'c', 1, 1, 1, 'k', 'b', '[{"name": "K\\u00f6ln"}, {}]', 1)"""
    ),
    (
        "INSERT INTO deliveries (ref, send_id, address_key, cell, denials, decided_at, policy, state, attempt_id,"
        " updated_at) VALUES ('d', 's', '1', 0, 0, 1, 't', 'claimed', 't', 1)"
    ),
)


@pytest.fixture
def bare(database: str) -> Iterator[Engine]:
    """A database without a table."""
    made = connect(database)
    yield made
    made.dispose()


def as_of(bare: Engine, revision: str, statements: Iterable[str]) -> None:
    """A database as that revision made it, with these rows in it."""
    with writing(bare) as connection:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    with writing(bare) as connection:
        for statement in statements:
            connection.execute(text(statement))


def test_the_migrations_make_the_schema(bare: Engine) -> None:
    """A migrated database is the schema that the code knows, to the last column."""
    migrate(bare)

    with reading(bare) as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    assert schema_version(bare) == NEWEST


def test_what_the_first_revision_wrote_stays(bare: Engine) -> None:
    """
    It stays word for word, denials first of all; its consents have no basis, which means express, and its projects no
    advertisement.
    """
    as_of(bare, "0001", AS_OF_0001)

    migrate(bare)

    with reading(bare) as connection:
        kept = connection.execute(text("SELECT what, level, source, at, basis FROM consent_events")).all()
        brands = connection.execute(text("SELECT name, advertisement FROM projects")).all()
        denied = connection.execute(text("SELECT account_id, denials, epoch FROM addresses ORDER BY denials")).all()
    assert [tuple(row) for row in kept] == [("opt_in", "proven", "form", 7, None)]
    assert [tuple(row) for row in brands] == [("p", "")]
    assert [tuple(row) for row in denied] == [("a", 1, 0), ("a", 5, 2)]


def test_what_has_people_in_it_can_be_erased_from(bare: Engine) -> None:
    """People that the first revision wrote are erased after migrating, and leave their tombstone (O-06)."""
    as_of(bare, "0001", AS_OF_0001)
    with writing(bare) as connection:
        connection.execute(text("UPDATE contacts SET address_key = :key"), {"key": b"\0"})
    migrate(bare)

    with writing(bare) as connection:
        erase(connection, AccountId("a"), Address("ada", "example.com"), AddressKey(b"\0"), NOW, "test")

    with reading(bare) as connection:
        assert connection.scalars(text("SELECT contact_ref FROM tombstones")).all() == ["c"]
        assert connection.scalar(text("SELECT count(*) FROM contacts")) == 0
        assert connection.scalar(text("SELECT count(*) FROM consent_events")) == 0


def test_an_attempt_keeps_its_members(bare: Engine) -> None:
    """One that the schema before held with its members and their values has both beside it, and its deliveries."""
    as_of(bare, "0080", AS_OF_0080)

    migrate(bare)

    with reading(bare) as connection:
        kept = connection.execute(select(attempt_members)).all()
        attempt = connection.execute(select(attempts.c.id, attempts.c.send_id, attempts.c.finished_at)).all()
        delivery = connection.execute(text("SELECT ref, attempt_id FROM deliveries")).all()
    assert [tuple(row) for row in kept] == [("t", ["d", "e"], [{"name": "Köln"}, {}])]
    assert [tuple(row) for row in attempt] == [("t", "s", None)]
    assert [tuple(row) for row in delivery] == [("d", "t")]


def test_migrating_twice_changes_nothing(bare: Engine) -> None:
    """A second call finds nothing to do and keeps what is stored."""
    migrate(bare)
    with writing(bare) as connection:
        connection.execute(text("INSERT INTO accounts (id, name, created_at) VALUES ('a', 'a', 1)"))

    migrate(bare)

    with reading(bare) as connection:
        assert connection.scalar(text("SELECT count(*) FROM accounts")) == 1


def test_processes_that_start_together_migrate_once(database: str) -> None:
    """Whoever comes second waits for the first and finds nothing to do."""
    engines = [connect(database) for _ in range(4)]

    with ThreadPoolExecutor(len(engines)) as pool:
        list(pool.map(migrate, engines))

    assert {schema_version(one) for one in engines} == {NEWEST}
    for one in engines:
        one.dispose()


def test_processes_that_open_a_new_file_together_all_get_in(tmp_path: Path) -> None:
    """None of them is told that the file is locked, however often they meet at its first moment."""

    def look(engine: Engine) -> int:
        with reading(engine) as connection:
            return len(connection.execute(text("SELECT 1")).all())

    with ThreadPoolExecutor(4) as pool:
        for meeting in range(100):
            engines = [connect(f"sqlite:///{tmp_path / str(meeting)}.db") for _ in range(4)]
            assert list(pool.map(look, engines)) == [1, 1, 1, 1]
            for one in engines:
                one.dispose()


def test_a_newer_schema_is_left_untouched(bare: Engine) -> None:
    """A database that a newer version migrated is refused, with what to do, and not touched."""
    migrate(bare)
    with writing(bare) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(SchemaTooNew, match="9999"):
        migrate(bare)

    assert schema_version(bare) == "9999"


def test_an_unknown_kind_of_database_is_refused() -> None:
    """A URL of another database names the kinds that work."""
    with pytest.raises(ValueError, match="sqlite"):
        connect("mysql://localhost/x")


def test_what_is_no_url_is_refused_without_being_shown() -> None:
    """The error says how a database is named, and repeats nothing: a password may have been in it."""
    with pytest.raises(ValueError, match="named by a URL: sqlite:///file") as refused:
        connect("me:hunter2@localhost")
    assert "hunter2" not in str(refused.value)
    assert refused.value.__cause__ is None
