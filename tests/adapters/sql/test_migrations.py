"""Migrations: forward only, equal to the schema, and safe."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from migma_sql import SchemaTooNew
from migma_sql.engine import connect, reading, writing
from migma_sql.erasing import erase
from migma_sql.migrate import alembic_config, migrate, schema_version
from migma_sql.schema import metadata
from sqlalchemy import text

from migma_core import Address, AddressKey
from migma_core.request import AccountId
from tests.support.sql_rows import NOW

AS_OF_0001 = (
    "INSERT INTO accounts (id, name, created_at) VALUES ('a', 'a', 1)",
    (
        "INSERT INTO projects (id, account_id, name, brand_name, postal_address, base_url, created_at)"
        " VALUES ('p', 'a', 'p', 'p', '', 'https://mail.example.com', 1)"
    ),
    (
        "INSERT INTO contacts (id, ref, project_id, address_key, local, domain, is_role, fields, created_at,"
        " updated_at) VALUES (1, 'c', 'p', x'00', 'ada', 'example.com', 0, '{}', 1, 1)"
    ),
    "INSERT INTO consent_events (contact_id, what, level, source, at) VALUES (1, 'opt_in', 'proven', 'form', 7)",
)


def test_the_migrations_make_the_schema(tmp_path: Path) -> None:
    """A migrated database is the schema that the code knows, to the last column."""
    engine = connect(f"sqlite:///{tmp_path / 'a.db'}")
    migrate(engine)

    with reading(engine) as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    assert schema_version(engine) == "0010"


def test_what_the_first_revision_wrote_stays(tmp_path: Path) -> None:
    """It stays word for word; its consents have no basis, which means express, and its projects no advertisement."""
    engine = connect(f"sqlite:///{tmp_path / 'a.db'}")
    with writing(engine) as connection:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    with writing(engine) as connection:
        for statement in AS_OF_0001:
            connection.execute(text(statement))

    migrate(engine)

    with reading(engine) as connection:
        kept = connection.execute(text("SELECT what, level, source, at, basis FROM consent_events")).all()
        brands = connection.execute(text("SELECT name, advertisement FROM projects")).all()
    assert [tuple(row) for row in kept] == [("opt_in", "proven", "form", 7, None)]
    assert [tuple(row) for row in brands] == [("p", "")]


def test_what_has_people_in_it_can_be_erased_from(tmp_path: Path) -> None:
    """People that the first revision wrote are erased after migrating, and leave their tombstone (O-06)."""
    engine = connect(f"sqlite:///{tmp_path / 'a.db'}")
    with writing(engine) as connection:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    with writing(engine) as connection:
        for statement in AS_OF_0001:
            connection.execute(text(statement))
    migrate(engine)

    with writing(engine) as connection:
        erase(connection, AccountId("a"), Address("ada", "example.com"), AddressKey(b"\0"), NOW, "test")

    with reading(engine) as connection:
        assert connection.execute(text("SELECT contact_ref, address_key FROM tombstones")).all() == [("c", b"\0")]
        assert connection.scalar(text("SELECT count(*) FROM contacts")) == 0
        assert connection.scalar(text("SELECT count(*) FROM consent_events")) == 0


def test_migrating_twice_changes_nothing(tmp_path: Path) -> None:
    """A second call finds nothing to do and keeps what is stored."""
    engine = connect(f"sqlite:///{tmp_path / 'a.db'}")
    migrate(engine)
    with writing(engine) as connection:
        connection.execute(text("INSERT INTO accounts (id, name, created_at) VALUES ('a', 'a', 1)"))

    migrate(engine)

    with reading(engine) as connection:
        assert connection.scalar(text("SELECT count(*) FROM accounts")) == 1


def test_a_newer_schema_is_left_untouched(tmp_path: Path) -> None:
    """A database that a newer version migrated is refused, with what to do, and not touched."""
    engine = connect(f"sqlite:///{tmp_path / 'a.db'}")
    migrate(engine)
    with writing(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(SchemaTooNew, match="9999"):
        migrate(engine)

    assert schema_version(engine) == "9999"


def test_an_unknown_kind_of_database_is_refused() -> None:
    """A URL of another database names the kinds that work."""
    with pytest.raises(ValueError, match="sqlite"):
        connect("mysql://localhost/x")
