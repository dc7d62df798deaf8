"""An installation to try things on: SQLite, a local outbox, a brand, a verified domain."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from migma_runtime import Migma
from migma_sql.engine import connect
from sqlalchemy import Engine

from migma_core import Brand, Intake, Project, Status

BRAND = Brand("Acme", "Acme Ltd\n1 Main Street\nSpringfield", "https://mail.example.com")


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation without anything in it: made and migrated once, and copied for each test that wants one."""
    home = tmp_path_factory.mktemp("installation") / "home"
    Migma.create(home=home).close()
    return home


@pytest.fixture
def home(installation: Path, tmp_path: Path) -> Path:
    """The folder of a fresh installation."""
    return Path(shutil.copytree(installation, tmp_path / "home"))


@pytest.fixture
def migma(home: Path) -> Iterator[Migma]:
    """A fresh installation with the project Acme and the verified domain mail.example.com."""
    with Migma.open(home=home) as made:
        start_acme(made, BRAND)
        yield made


@pytest.fixture
def project(migma: Migma) -> Project:
    """The project of that installation."""
    return migma.store.projects.all()[0]


@pytest.fixture
def database(migma: Migma) -> Iterator[Engine]:
    """A way of one's own into that installation's database, past the store."""
    engine = connect(migma.parts.settings.database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def imported(migma: Migma, project: Project, tmp_path: Path) -> Callable[[str], None]:
    """Import people from the text of a CSV file, with the source of their consent on record."""

    def load(text: str) -> None:
        path = tmp_path / "people.csv"
        path.write_text(text, encoding="utf-8")
        migma.contacts.import_csv(project.id, path, Intake(Status.SUBSCRIBED, "checkout"))

    return load


@pytest.fixture
def mails(migma: Migma) -> Callable[[], list[bytes]]:
    """Every mail in the outbox."""

    def read() -> list[bytes]:
        folder = migma.parts.settings.outbox_path / "new"
        return [path.read_bytes() for path in sorted(folder.iterdir())] if folder.exists() else []

    return read


def start_acme(migma: Migma, brand: Brand) -> Project:
    """The project Acme, which may send from mail.example.com."""
    project = migma.start_project("Acme", brand)
    now = migma.parts.clock.now()
    migma.store.domains.add(project.account, "mail.example.com", now)
    migma.store.domains.verify(project.account, "mail.example.com", now)
    return project
