"""An installation that has sent one person a mail, and its pages."""

from __future__ import annotations

import re
from collections.abc import Callable
from email import message_from_bytes

import pytest
from fastapi.testclient import TestClient
from migma_runtime import Migma
from migma_web import application

from migma_core import Project
from tests.adapters.conftest import imported, mails, migma, project

__all__ = ["client", "imported", "link", "mails", "migma", "path", "project"]


@pytest.fixture
def link(migma: Migma, project: Project, imported: Callable[[str], None], mails: Callable[[], list[bytes]]) -> str:
    """The one-click link of Ada's mail, byte for byte as it stands in the header."""
    imported("email,first_name,tags\nada@example.com,Ada,news\n")
    answer = migma.sending.send(
        recipient_type="tag",
        recipient_id="news",
        from_="news@mail.example.com",
        from_name="Acme",
        subject="News",
        template="<p>News</p>",
        project_id=project.id,
    )
    assert answer.sent_count == 1
    header = message_from_bytes(mails()[0])["List-Unsubscribe"]
    found = re.fullmatch(r"<(https://[^>]+)>", header)
    assert found is not None
    return found[1]


@pytest.fixture
def path(link: str) -> str:
    """The path of that link."""
    return link.removeprefix("https://mail.example.com")


@pytest.fixture
def client(migma: Migma) -> TestClient:
    """A browser that follows no redirect and remembers no cookie."""
    return TestClient(application(migma), base_url="https://mail.example.com", follow_redirects=False)
