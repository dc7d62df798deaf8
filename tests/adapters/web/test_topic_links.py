"""Links about one topic, where the policy says so: they leave that topic, and the page offers everything (D-11)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from migma_outbox import Outbox
from migma_runtime import Migma, SendRefused, SendWords
from migma_web import application

from migma_core import MIGMA, Brand, Contact, Intake, Status
from migma_core.audience import ConsentAct
from migma_core.ports import Capabilities
from tests.adapters.conftest import BRAND, start_acme
from tests.adapters.web.conftest import BASE, parsed


@pytest.fixture
def migma(home: Path) -> Iterator[Migma]:
    """An installation under such a policy, with a topic."""
    with Migma.open(home=home, policy=replace(MIGMA, topic_links=True)) as made:
        project = start_acme(made, BRAND)
        made.store.topics.create(project.id, "Offers & <more>", made.parts.clock.now())
        yield made


@pytest.fixture
def client(migma: Migma) -> TestClient:
    """A browser that follows no redirect."""
    return TestClient(application(migma), base_url=BASE, follow_redirects=False)


def sent(migma: Migma, tmp_path: Path, topic: str | None) -> str:
    """The path of the one-click link of a mail to Ada."""
    project = migma.store.projects.all()[0]
    people = tmp_path / "people.csv"
    people.write_text("email,tags\nada@example.com,news\n")
    migma.contacts.import_csv(project.id, people, Intake(Status.SUBSCRIBED, "checkout"))
    migma.sending.send(
        recipient_type="tag",
        recipient_id="news",
        topic_id=topic,
        from_="news@mail.example.com",
        from_name="Acme",
        subject="Offers",
        template="<p>Offers</p>",
        project_id=project.id,
    )
    (mail,) = (migma.parts.settings.outbox_path / "new").iterdir()
    return str(parsed(mail.read_bytes())["List-Unsubscribe"]).strip("<>").removeprefix(BASE)


def ada(migma: Migma) -> Contact:
    """Ada, as she is now."""
    found = migma.contacts.get(migma.store.projects.all()[0].id, "ada@example.com")
    assert found is not None
    return found


def test_one_click_leaves_the_topic_alone(migma: Migma, client: TestClient, tmp_path: Path) -> None:
    """The mail program's POST ends that topic, once, and the answer offers everything."""
    path = sent(migma, tmp_path, "Offers & <more>")
    answers = [client.post(path, content=b"List-Unsubscribe=One-Click") for _ in range(3)]
    assert all("no more mail about “Offers &amp; &lt;more&gt;”" in one.text for one in answers)
    assert all('value="all"' in one.text for one in answers)
    assert ada(migma).status is Status.SUBSCRIBED
    assert list(ada(migma).topics.values()) == [False]
    event = migma.contacts.events(ada(migma).id)[-1]
    assert (event.act, event.source, event.shown.wording) == (ConsentAct.LEFT, "one-click", "")
    assert [one.act for one in migma.contacts.events(ada(migma).id)] == [ConsentAct.OPT_IN, ConsentAct.LEFT]


def test_the_page_offers_both(migma: Migma, client: TestClient, tmp_path: Path) -> None:
    """One button for the topic and one for everything; each does what it says."""
    path = sent(migma, tmp_path, "Offers & <more>")
    page = client.get(path).text
    assert page.count("<button") == 2
    assert 'value="topic"' in page and 'value="all"' in page
    client.post(path, data={"page": "en-1", "scope": "topic"})
    assert ada(migma).status is Status.SUBSCRIBED
    client.post(path, data={"page": "en-1", "scope": "all"})
    assert ada(migma).status is Status.UNSUBSCRIBED
    event = migma.contacts.events(ada(migma).id)[-1]
    assert (event.act, event.source) == (ConsentAct.OPT_OUT, "unsubscribe page")
    assert event.shown.wording == "Which mail from Acme to a***@example.com should stop?"


def test_a_mail_without_a_topic_leaves_everything(migma: Migma, client: TestClient, tmp_path: Path) -> None:
    """Such a link has no topic to leave."""
    path = sent(migma, tmp_path, None)
    assert client.get(path).text.count("<button") == 1
    client.post(path)
    assert ada(migma).status is Status.UNSUBSCRIBED


def test_a_topic_that_is_gone_means_everything(migma: Migma, client: TestClient, tmp_path: Path) -> None:
    """A link must always be a way out: without its topic it ends all marketing."""
    path = sent(migma, tmp_path, "Offers & <more>")
    with sqlite3.connect(migma.parts.settings.database_url.removeprefix("sqlite:///")) as connection:
        connection.execute("DELETE FROM topics")
    assert client.get(path).status_code == 200
    client.post(path)
    assert ada(migma).status is Status.UNSUBSCRIBED


class Elsewhere(Outbox):
    """An outbox that says it delivers to the world."""

    @property
    def capabilities(self) -> Capabilities:
        """Those of the outbox, but for where mail goes."""
        return replace(super().capabilities, name="elsewhere", stays_here=False)


def test_links_that_lead_here_stay_here(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the loopback switch the outbox takes the mail, and a provider that delivers elsewhere does not (C-02)."""
    with Migma.open(home=home) as made:
        project = start_acme(made, Brand("Acme", "1 Main Street", "http://127.0.0.1:8025", loopback=True))
        words = SendWords(
            project_id=project.id,
            recipient_type="email",
            recipient_email="ada@example.com",
            from_="a@mail.example.com",
            from_name="Acme",
            subject="Hi",
            template="<p>Hi</p>",
        )
        assert made.sending.send(**words).sent_count == 1
        monkeypatch.setattr(type(made.parts.connections), "get", lambda _self, _name: Elsewhere(tmp_path / "elsewhere"))
        with pytest.raises(SendRefused, match="this machine only, and elsewhere delivers elsewhere"):
            made.sending.send(**words)
        assert not (tmp_path / "elsewhere").exists()
