"""Forgetting a person: nothing of them is left in any table, and nothing brings them back but they themselves."""

from __future__ import annotations

from collections.abc import Callable
from email import message_from_bytes
from typing import Any

import pytest
from migma_runtime import Migma
from migma_sql import DeniedContact, UnknownAddress
from migma_sql.schema import metadata
from migma_wire import from_json, to_address, to_json
from sqlalchemy import create_engine, select

from migma_core import ContactDraft, Project, Status, SuppressionReason
from migma_core.audience import Consent, ConsentLevel
from migma_core.delivery import DeliveryState
from migma_core.ports import Story

ADA = "Zyxwada@example.com"
CSV = "email,first_name,plan,tags\nZyxwada@example.com,Zyxwfirst,zyxwplan,news\nb@example.com,Bo,free,news\n"
WORDS: dict[str, Any] = {
    "from_": "hi@mail.example.com",
    "from_name": "Acme",
    "subject": "Hello {{first_name|you}}",
    "template": "<p>Hi {{plan|you}}</p>",
}


@pytest.fixture
def known(migma: Migma, project: Project, imported: Callable[[str], None]) -> Migma:
    """An installation that knows a lot about Ada: a campaign, a receipt, a choice, an entry on the list."""
    imported(CSV)
    migma.sending.send(recipient_type="tag", recipient_id="news", project_id=project.id, **WORDS)
    receipt = {**WORDS, "subject": "zyxwreceipt {{code}}", "variables": {"code": "zyxwcode"}}
    direct: dict[str, Any] = {"recipient_type": "email", "recipient_email": ADA, "project_id": project.id, **receipt}
    migma.sending.send(**direct)
    migma.sending.send(**direct, queue_only=True)
    topic = migma.store.topics.create(project.id, "Product news", migma.parts.clock.now())
    person = migma.contacts.get(project.id, ADA)
    assert person is not None
    migma.store.topics.choose(person.id, topic.id, False, migma.parts.clock.now(), "page")
    migma.suppressions.add(project.id, ADA, SuppressionReason.MANUAL, "operator")
    return migma


def _everything(migma: Migma) -> str:
    """Every cell of every table."""
    engine = create_engine(migma.parts.settings.database_url)
    with engine.connect() as connection:
        rows = [repr(row) for table in metadata.sorted_tables for row in connection.execute(select(table))]
    engine.dispose()
    return "\n".join(rows).casefold()


def _link(mails: list[bytes]) -> str:
    """The opt-out link of the one marketing mail to Ada."""
    (link,) = (
        found
        for mail in map(message_from_bytes, mails)
        if "zyxw" in str(mail["To"]).casefold() and (found := mail["List-Unsubscribe"])
    )
    return str(link).strip("<>")


def test_nothing_of_the_erased_is_left_in_any_table(known: Migma, project: Project) -> None:
    """Address, name, fields, variables and bodies are gone from every table; that there were messages stays (O-06)."""
    assert "zyxwada" in _everything(known)

    done = known.contacts.erase(project.id, ADA)

    left = _everything(known)
    assert "zyxw" not in left
    assert "b@example.com" in left and "'first_name': 'bo'" in left
    assert (done.contacts, done.deliveries, len(done.references)) == (1, 2, 1)


def test_erasing_twice_changes_nothing(known: Migma, project: Project) -> None:
    """The second time finds nobody, and the day of the first one stays on the list."""
    known.contacts.erase(project.id, ADA)
    before = _everything(known)

    assert known.contacts.erase(project.id, "zyxwADA@example.com").contacts == 0
    assert _everything(known) == before


def test_what_waits_for_the_erased_is_not_sent(known: Migma, project: Project, mails: Callable[[], Any]) -> None:
    """A direct send accepted before the erasure is cancelled, and carrying it out afterwards sends nothing."""
    direct: dict[str, Any] = {"recipient_type": "email", "recipient_email": ADA, "project_id": project.id, **WORDS}
    queued = known.sending.send(**direct, queue_only=True)
    known.contacts.erase(project.id, ADA)
    before = len(mails())

    answer = known.sending.deliver(queued.id)

    assert (answer.status, len(mails())) == ("cancelled", before)


def test_no_list_form_or_call_brings_the_erased_back(
    known: Migma, project: Project, imported: Callable[[str], None]
) -> None:
    """Erase, import, add, send: refused each time; and marketing to the bare address is withheld (O-06, D13)."""
    known.contacts.erase(project.id, ADA)

    imported(CSV)
    assert known.contacts.get(project.id, ADA) is None
    draft = ContactDraft(address=to_address(ADA), status=Status.SUBSCRIBED)
    with pytest.raises(DeniedContact, match="asked to be forgotten"):
        known.contacts.add(project.id, draft)
    answer = known.sending.send(
        recipient_type="email", recipient_email=ADA, project_id=project.id, transactional=False, **WORDS
    )
    assert dict(answer.states) == {DeliveryState.WITHHELD: 1}


def test_the_link_of_the_erased_still_opts_them_out(
    known: Migma, project: Project, mails: Callable[[], list[bytes]]
) -> None:
    """A genuine link puts the opt-out beside the erasure, once, and shows nobody's address (D-07)."""
    link = _link(mails())
    known.contacts.erase(project.id, ADA)

    first, second = known.opt_outs.leave(link), known.opt_outs.leave(link)

    assert (first.changed, second.changed, first.address) == (True, False, "")
    story = known.contacts.story(project.id, ADA)
    reasons = {SuppressionReason.MANUAL, SuppressionReason.ERASED, SuppressionReason.UNSUBSCRIBE}
    assert set(story.in_force) == reasons
    assert {entry.address for entry in story.suppressions} == {None}


def test_what_becomes_known_later_names_nobody(known: Migma, project: Project) -> None:
    """A complaint that arrives after the erasure is kept against the hash, without the address."""
    known.contacts.erase(project.id, ADA)

    known.suppressions.add(project.id, ADA, SuppressionReason.COMPLAINT, "feedback loop")

    assert SuppressionReason.COMPLAINT in known.contacts.story(project.id, ADA).in_force
    assert "zyxw" not in _everything(known)


def test_only_the_person_comes_back(migma: Migma, project: Project, imported: Callable[[str], None]) -> None:
    """A later, proven consent makes them a new contact, subscribed in this project; nothing less does (D13)."""
    imported(CSV)
    before = migma.parts.clock.now()
    migma.contacts.erase(project.id, ADA)
    contacts, address = migma.store.contacts, to_address(ADA)

    for level, at in ((ConsentLevel.UNPROVEN, migma.parts.clock.now()), (ConsentLevel.PROVEN, before)):
        with pytest.raises(DeniedContact):
            contacts.subscribe(project.id, address, Consent(level, "form", at))
    assert contacts.get(project.id, address) is None
    back = migma.contacts.subscribe(project.id, ADA, "form, confirmed by mail")

    assert (back.status, back.first_name, dict(back.fields)) == (Status.SUBSCRIBED, None, {})
    assert migma.contacts.story(project.id, ADA).in_force == ()
    imported(CSV)
    again = migma.contacts.get(project.id, ADA)
    assert again is not None and again.first_name == "Zyxwfirst"


def test_a_stranger_cannot_come_back(migma: Migma, project: Project) -> None:
    """A consent of somebody never known is still refused."""
    with pytest.raises(UnknownAddress):
        migma.contacts.subscribe(project.id, "nobody@example.com", "form")


def test_a_story_tells_everything(known: Migma, project: Project) -> None:
    """Contact, tags, fields, choices, consents with source, entries and deliveries are all in it, and in its JSON."""
    story = known.contacts.story(project.id, ADA)

    assert story.contact is not None and story.contact.tags == {"news"} and story.contact.fields == {"plan": "zyxwplan"}
    assert [(one.name, one.joined, one.source) for one in story.choices] == [("Product news", False, "page")]
    assert [(one.act, one.source) for one in story.consents] == [("opt_in", "checkout"), ("left", "page")]
    assert [(one.reason, one.source) for one in story.suppressions] == [(SuppressionReason.MANUAL, "operator")]
    assert [(one.subject, one.state) for one in story.deliveries] == [
        ("Hello {{first_name|you}}", DeliveryState.ACCEPTED),
        ("zyxwreceipt {{code}}", DeliveryState.ACCEPTED),
    ]
    assert from_json(Story, to_json(story, Story)) == story


def test_what_was_lifted_is_part_of_the_story(known: Migma, project: Project) -> None:
    """An entry that an operator removed is told with who removed it (A-09)."""
    known.suppressions.remove(project.id, ADA, SuppressionReason.MANUAL, "support")

    story = known.contacts.story(project.id, ADA)

    assert (story.in_force, story.suppressions) == ((), ())
    assert [(one.reason, one.ended_by) for one in story.ended] == [(SuppressionReason.MANUAL, "support")]


def test_nothing_is_told_of_a_stranger(known: Migma, project: Project) -> None:
    """Of somebody nobody knows the story is empty."""
    assert known.contacts.story(project.id, "nobody@example.com").is_empty
