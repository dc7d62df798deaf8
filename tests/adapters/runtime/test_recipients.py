"""Recipients: when a request is taken down, and when it is settled who they are."""

from __future__ import annotations

from collections.abc import Callable
from email import message_from_bytes

from migma_runtime import Migma, SendWords

from migma_core import FieldIs, Mode, Project

Import = Callable[[str], None]
Mails = Callable[[], list[bytes]]

BEFORE = "email,country,tags\nstays@example.com,de,news\nleaves@example.com,de,news\n"
AFTER = "email,country,tags\nleaves@example.com,at,news\ncomes@example.com,de,news\n"


def _request(project: Project, recipient_type: str, recipient_id: str) -> SendWords:
    return SendWords(
        recipient_type=recipient_type,
        recipient_id=recipient_id,
        from_="news@mail.example.com",
        from_name="Acme",
        subject="News",
        template="<p>News</p>",
        project_id=project.id,
    )


def _reached(mails: Mails) -> set[str]:
    return {str(message_from_bytes(mail)["To"]).partition("@")[0] for mail in mails()}


def test_a_request_is_taken_down_before_anything_is_sent(
    migma: Migma, project: Project, imported: Import, mails: Mails
) -> None:
    """Accepting answers at once with ``queued`` and an id under which the send is followed (R57)."""
    imported(BEFORE)

    queued = migma.sending.send(queue_only=True, **_request(project, "tag", "news"))

    assert (queued.status, queued.states, mails()) == ("queued", {}, [])
    assert migma.sending.deliver(queued.id).sent_count == len(mails()) == 2


def test_a_segment_has_its_members_when_sending_starts(
    migma: Migma, project: Project, imported: Import, mails: Mails
) -> None:
    """Who enters a segment after the request was accepted is written to, and who left it is not (R54)."""
    imported(BEFORE)
    germans = FieldIs("country", Mode.IS, ("de",))
    segment = migma.store.segments.create(project.id, "Germans", germans, migma.parts.clock.now())
    queued = migma.sending.send(queue_only=True, **_request(project, "audience", segment.id))

    imported(AFTER)
    migma.sending.deliver(queued.id)

    assert _reached(mails) == {"stays", "comes"}


def test_a_tag_has_its_holders_when_a_campaign_is_sent(
    migma: Migma, project: Project, imported: Import, mails: Mails
) -> None:
    """A draft settles nobody: whoever holds the tag on the day is written to (R54)."""
    imported(BEFORE)
    draft = migma.campaigns.create(name="News", **_request(project, "tag", "news"))

    imported(AFTER)
    migma.campaigns.send(draft)

    assert _reached(mails) == {"stays", "leaves", "comes"}
