"""An installation that has sent one person a mail, and its pages."""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from migma_runtime import Migma
from migma_web import application

from migma_core import Contact, Intake, Project, Status
from migma_core.audience import DefaultSubscription, Topic, Visibility
from tests.adapters.conftest import BRAND, imported, mails, project, start_acme

__all__ = [
    "ada",
    "client",
    "database",
    "imported",
    "link",
    "mails",
    "migma",
    "path",
    "preferences",
    "project",
    "topics",
]

BASE = "https://mail.example.com"


@pytest.fixture
def topics(migma: Migma, project: Project) -> dict[str, Topic]:
    """Four topics: one that people hear of unless they leave, one that they join, a private and a hostile one."""
    now = migma.parts.clock.now()
    create = migma.store.topics.create
    return {
        "news": create(project.id, "News", now, description="Once a month"),
        "offers": create(project.id, "Offers", now, default=DefaultSubscription.NOT_SUBSCRIBED),
        "secret": create(project.id, "Secret", now, visibility=Visibility.PRIVATE),
        "hostile": create(project.id, '<script>alert("{brand}")</script>', now),
    }


@pytest.fixture(scope="session")
def mailed(installation: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation that has sent Ada a mail with a link to her preferences, to be copied for each test."""
    folder = tmp_path_factory.mktemp("mailed")
    people = folder / "people.csv"
    people.write_text("email,first_name,tags\nada@example.com,Ada,news\n")
    home = Path(shutil.copytree(installation, folder / "home"))
    with Migma.open(home=home) as migma:
        project = start_acme(migma, BRAND)
        migma.contacts.import_csv(project.id, people, Intake(Status.SUBSCRIBED, "checkout"))
        answer = migma.sending.send(
            recipient_type="tag",
            recipient_id="news",
            from_="news@mail.example.com",
            from_name="Acme",
            subject="News",
            template='<p>News</p><p><a href="{{preferences_url}}">What I want to hear about</a></p>',
            project_id=project.id,
        )
    assert answer.sent_count == 1
    return home


@pytest.fixture
def migma(mailed: Path, tmp_path: Path) -> Iterator[Migma]:
    """That installation."""
    with Migma.open(home=shutil.copytree(mailed, tmp_path / "home")) as made:
        yield made


@pytest.fixture
def mail(mails: Callable[[], list[bytes]]) -> EmailMessage:
    """The mail to Ada."""
    (octets,) = mails()
    return parsed(octets)


@pytest.fixture
def link(mail: EmailMessage) -> str:
    """The one-click link of that mail, byte for byte as it stands in the header."""
    found = re.fullmatch(r"<(https://[^>]+)>", str(mail["List-Unsubscribe"]))
    assert found is not None
    return found[1]


@pytest.fixture
def path(link: str) -> str:
    """The path of that link."""
    return link.removeprefix(BASE)


@pytest.fixture
def preferences(topics: dict[str, Topic], mail: EmailMessage) -> str:
    """The path of Ada's link to her preferences."""
    return link_in(mail, "p")


@pytest.fixture
def client(migma: Migma) -> TestClient:
    """A browser that follows no redirect and remembers no cookie."""
    return TestClient(application(migma), base_url=BASE, follow_redirects=False)


@pytest.fixture
def ada(migma: Migma, project: Project) -> Callable[[], Contact]:
    """Ada, as she is now."""

    def read() -> Contact:
        found = migma.contacts.get(project.id, "ada@example.com")
        assert found is not None
        return found

    return read


@pytest.fixture
def database(migma: Migma) -> Callable[[], str]:
    """Every row of the database, as SQL."""
    file = migma.parts.settings.database_url.removeprefix("sqlite:///")

    def dump() -> str:
        with sqlite3.connect(file) as connection:
            return "\n".join(connection.iterdump())

    return dump


def parsed(octets: bytes) -> EmailMessage:
    """A mail, read by a parser that is not ours."""
    return message_from_bytes(octets, _class=EmailMessage, policy=policy.default)


def link_in(mail: EmailMessage, room: str) -> str:
    """The path of the link into a room of our pages, from the text that a reader sees."""
    body = mail.get_body(("plain",))
    assert body is not None
    found = re.search(rf"{BASE}(/{room}/[\w-]+)", body.get_content())
    assert found is not None, body.get_content()
    return found[1]
