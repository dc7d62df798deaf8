"""The three code samples of the product's guide, in Python."""

from __future__ import annotations

from collections.abc import Callable
from email import message_from_bytes

from migma_runtime import Migma

from migma_core import Project, Purpose

Import = Callable[[str], None]
Mails = Callable[[], list[bytes]]

PEOPLE = "email,firstName,status,tags\nin@example.com,Ada,subscribed,renewal\nout@example.com,Bo,unsubscribed,renewal\n"


def test_one_recipient_without_a_flag_is_transactional(
    migma: Migma, project: Project, imported: Import, mails: Mails
) -> None:
    """A send to one address is transactional: it reaches someone who unsubscribed, without list headers (R1, S15)."""
    imported(PEOPLE)

    answer = migma.sending.send(
        recipient_type="email",
        recipient_email="out@example.com",
        from_="hello@mail.example.com",
        from_name="Acme",
        subject="Your receipt",
        template="<p>Thank you, {{firstName}}.</p>",
        project_id=project.id,
    )

    assert (answer.purpose, answer.status, answer.sent_count) == (Purpose.TRANSACTIONAL, "sent", 1)
    assert b"List-Unsubscribe" not in mails()[0]


def test_the_flag_that_says_the_usual_changes_nothing(
    migma: Migma, project: Project, imported: Import, mails: Mails
) -> None:
    """The same send with ``transactional=True`` is the same send, without a warning (R6)."""
    imported(PEOPLE)

    answer = migma.sending.send(
        recipient_type="email",
        recipient_email="out@example.com",
        from_="hello@mail.example.com",
        from_name="Acme",
        subject="Your receipt",
        template="<p>Thank you, {{firstName}}.</p>",
        project_id=project.id,
        transactional=True,
    )

    assert (answer.purpose, answer.warning, answer.sent_count) == (Purpose.TRANSACTIONAL, None, 1)
    assert b"List-Unsubscribe" not in mails()[0]


def test_a_tag_with_the_flag_reaches_everyone_and_warns(
    migma: Migma, project: Project, imported: Import, mails: Mails
) -> None:
    """A tag sent as transactional reaches those who opted out as well, and the answer says so loudly (R4, R7)."""
    imported(PEOPLE)

    answer = migma.sending.send(
        recipient_type="tag",
        recipient_id="renewal",
        from_="hello@mail.example.com",
        from_name="Acme",
        subject="Your subscription renews",
        template="<p>It renews on the 1st, {{firstName}}.</p>",
        project_id=project.id,
        transactional=True,
    )

    assert answer.sent_count == 2
    assert answer.warning is not None
    assert {message_from_bytes(mail)["To"] for mail in mails()} == {"in@example.com", "out@example.com"}


def test_a_tag_without_the_flag_is_marketing(migma: Migma, project: Project, imported: Import, mails: Mails) -> None:
    """A tag without the flag is marketing: who opted out is withheld, the others can leave in one click (R2, R28)."""
    imported(PEOPLE)

    answer = migma.sending.send(
        recipient_type="tag",
        recipient_id="renewal",
        from_="hello@mail.example.com",
        from_name="Acme",
        subject="News",
        template="<p>Hello {{firstName}}.</p>",
        project_id=project.id,
    )

    assert (answer.purpose, answer.sent_count, sum(answer.withheld.values())) == (Purpose.MARKETING, 1, 1)
    assert b"\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\n" in mails()[0]
