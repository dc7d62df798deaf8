"""Laws of a whole send, on a real database and a real Maildir."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from datetime import UTC, datetime
from email import message_from_bytes
from pathlib import Path
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st
from migma_runtime import Migma, SendAnswer

from migma_core import (
    MIGMA,
    Address,
    Brand,
    Contact,
    ContactDraft,
    DefaultSubscription,
    Mailable,
    Project,
    Purpose,
    Status,
    Suppression,
    SuppressionReason,
    Topic,
    decide,
    facts_about,
)
from tests.support.examples import few

NOW = datetime(2026, 5, 1, tzinfo=UTC)
REASONS = (
    SuppressionReason.BOUNCE,
    SuppressionReason.COMPLAINT,
    SuppressionReason.MANUAL,
    SuppressionReason.OBJECTION,
    SuppressionReason.UNSUBSCRIBE,
)


class Person(NamedTuple):
    """One member of a random audience."""

    status: Status
    suppressed: frozenset[SuppressionReason]
    joined: bool | None
    tagged: bool


people = st.lists(
    st.builds(
        Person,
        st.sampled_from(Status),
        st.frozensets(st.sampled_from(REASONS), max_size=2),
        st.sampled_from((None, True, False)),
        st.booleans(),
    ),
    max_size=12,
)


def _open(installation: Path, home: Path) -> tuple[Migma, Project]:
    migma = Migma.open(home=Path(shutil.copytree(installation, home, dirs_exist_ok=True)))
    project = migma.start_project("Acme", Brand("Acme", "1 Main Street", "https://mail.example.com"))
    migma.store.domains.add(project.account, "mail.example.com", NOW)
    migma.store.domains.verify(project.account, "mail.example.com", NOW)
    migma.store.tags.create(project.id, "news", NOW)
    return migma, project


def _fill(migma: Migma, project: Project, audience: list[Person], topic: Topic) -> None:
    for number, person in enumerate(audience):
        tags = frozenset({"news"}) if person.tagged else frozenset()
        draft = ContactDraft(address=Address(f"p{number}", "example.com"), status=person.status, tags=tags)
        contact = migma.contacts.add(project.id, draft)
        if person.joined is not None:
            migma.store.topics.choose(contact.id, topic.id, person.joined, NOW, "test")
        for reason in person.suppressed:
            migma.store.suppressions.add(project.account, draft.address, Suppression(reason, NOW, "test"))


def _send(migma: Migma, project: Project, topic: Topic, transactional: bool | None) -> SendAnswer:
    return migma.sending.send(
        recipient_type="tag",
        recipient_id="news",
        from_="a@mail.example.com",
        from_name="Acme",
        subject="Hello",
        template="<p>Hello</p>",
        project_id=project.id,
        topic_id=topic.id,
        transactional=transactional,
    )


@settings(max_examples=few(15))
@given(audience=people, default=st.sampled_from(DefaultSubscription), transactional=st.sampled_from((None, True)))
def test_partition_ledger_and_outbox_agree(
    installation: Path, audience: list[Person], default: DefaultSubscription, transactional: bool | None
) -> None:
    """Accepted deliveries are the mails in the Maildir, everyone has one delivery, and nobody withheld has a mail."""
    with tempfile.TemporaryDirectory() as folder:
        migma, project = _open(installation, Path(folder))
        with migma:
            topic = migma.store.topics.create(project.id, "Product", NOW, default=default)
            _fill(migma, project, audience, topic)

            answer = _send(migma, project, topic, transactional)

            log = {row.address: row for row in migma.store.sends.log(answer.id, limit=100)}
            mails = (
                [path.read_bytes() for path in (Path(folder) / "outbox" / "new").iterdir()] if answer.sent_count else []
            )
        reached = Counter(str(message_from_bytes(mail)["To"]) for mail in mails)
        assert sum(answer.states.values()) == sum(person.tagged for person in audience)
        assert len(mails) == answer.sent_count
        assert reached == Counter({address: 1 for address, row in log.items() if row.state == "accepted"})
        assert all(row.reasons for row in log.values() if row.state == "withheld")
        _agrees_with_the_core(audience, log.keys() & reached.keys(), topic, answer.purpose)


def _agrees_with_the_core(audience: list[Person], reached: set[str], topic: Topic, purpose: Purpose) -> None:
    """The database reached exactly those whom the core alone, asked one by one, finds mailable."""
    from migma_core import ContactId, ProjectId

    expected = set()
    for number, person in enumerate(audience):
        contact = Contact(
            id=ContactId("c"),
            project=ProjectId("p"),
            address=Address(f"p{number}", "example.com"),
            status=person.status,
            topics={} if person.joined is None else {topic.id: person.joined},
        )
        suppressions = [Suppression(reason, NOW, "test") for reason in person.suppressed]
        verdict = decide(facts_about(contact, purpose, topic=topic, suppressions=suppressions), MIGMA)
        if person.tagged and isinstance(verdict, Mailable):
            expected.add(str(contact.address))
    assert reached == expected
