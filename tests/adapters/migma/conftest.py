"""A stand-in for Migma, fresh for each test."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from migma_platform.testing import Counterpart, counterpart
from migma_sql import SqlStore

from tests.adapters.migma.sides import PEPPER, Sides


@pytest.fixture
def there() -> Iterator[Counterpart]:
    """A server with a verified domain, mail.example.com."""
    with counterpart() as running:
        running.world.domain("mail.example.com")
        yield running


@pytest.fixture
def project(there: Counterpart) -> str:
    """A project of that account."""
    return there.world.start_project()


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database of this version, made once and copied for each test."""
    path = tmp_path_factory.mktemp("migrated") / "empty.db"
    SqlStore.open(f"sqlite:///{path}", pepper=PEPPER).close()
    return path


@pytest.fixture
def sides(migrated: Path, tmp_path: Path) -> Iterator[Sides]:
    """Both sides of a sync, empty."""
    shutil.copy(migrated, tmp_path / "here.db")
    made = Sides(store=SqlStore.open(f"sqlite:///{tmp_path / 'here.db'}", pepper=PEPPER))
    yield made
    made.store.close()
