"""What a provider can carry decides how many messages of a request go together."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from migma_core import Address, Attachment, Content, ProjectId, SendRequest, TagHolders
from migma_core.request.provider import Capabilities

PDF = Attachment("a.pdf", b"", "application/pdf")
LOGO = Attachment("logo.png", b"", "image/png", "logo.png")
OTHER = Attachment("logo.png", b"", "image/png", "logo")


def request(*attachments: Attachment, deliver_at: datetime | None = None) -> SendRequest:
    """A request with these files."""
    return SendRequest(
        project=ProjectId("a" * 32),
        sender=Address("hello", "acme.example.com"),
        sender_name="Acme",
        recipients=TagHolders("all"),
        content=Content("Hi", "<p>Hi</p>", attachments=attachments),
        transactional=True,
        deliver_at=deliver_at,
    )


@pytest.mark.parametrize(
    ("sent", "fussy"),
    [
        (request(), 9),
        (request(PDF), 9),
        (request(PDF, LOGO), 9),
        (request(PDF, OTHER), 1),
        (request(LOGO, OTHER), 1),
        (request(deliver_at=datetime(2026, 5, 1, tzinfo=UTC)), 1),
    ],
    ids=["plain", "file", "image by its name", "image by another", "both", "later"],
)
def test_what_a_batch_cannot_hold_goes_alone(sent: SendRequest, fussy: int) -> None:
    """A time of delivery, and images that a provider would rename, keep the messages of a request apart."""
    assert Capabilities("fussy", 9, images_by_name=True).together(sent) == fussy
    assert Capabilities("easy", 9, schedules_batches=True).together(sent) == 9
    bare = Capabilities("bare", 9, attachments_in_batches=False, schedules_batches=True)
    assert bare.together(sent) == (1 if sent.content.attachments else 9)
