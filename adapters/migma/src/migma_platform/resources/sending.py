"""Sending: one message, or one for everybody in a segment or with a tag at Migma; how far a batch is (§3.4, §1.13)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal, Self, TypeAlias

from pydantic import AliasChoices, Field, model_validator

from ..call import Asked, Call, Told, call, one

__all__ = ["Batch", "ProviderType", "Send", "Sent", "TestSend", "TestSent", "Throttle", "batch", "send", "test_send"]

ProviderType: TypeAlias = Literal["migma", "ses", "resend", "sendgrid", "mailgun"]


class Send(Asked):
    """
    A direct send. ``transactional`` has no default here: what a shape of recipients implies is nothing to rely on
    (R1 to R5).

    Raises `ValueError` for recipients or a body that are given twice, or not at all (R37, R48).
    """

    recipient_type: Literal["email", "audience", "segment", "tag"]
    recipient_email: str | None = Field(None, repr=False)
    recipient_id: str | None = None
    from_: str = Field(alias="from")
    from_name: str
    subject: str
    transactional: bool
    reply_to: str | None = None
    bcc: tuple[str, ...] | None = None
    template: str | None = Field(None, repr=False)
    project_id: str | None = None
    conversation_id: str | None = None
    email_id: str | None = None
    variables: Mapping[str, object] | None = Field(None, repr=False)
    provider_type: ProviderType | None = None
    topic_id: str | None = None

    @model_validator(mode="after")
    def _has_recipients_once(self) -> Self:
        single = self.recipient_type == "email"
        wanted, other = (
            (self.recipient_email, self.recipient_id) if single else (self.recipient_id, self.recipient_email)
        )
        if not wanted or other:
            field = "recipient_email" if single else "recipient_id"
            raise ValueError(f"a send to {self.recipient_type} needs {field}, and no other recipient (R37)")
        return self

    @model_validator(mode="after")
    def _has_a_body(self) -> Self:
        if not (self.conversation_id or self.email_id or (self.template and self.project_id)):
            raise ValueError("give template and project_id, or conversation_id, or email_id (R48)")
        return self


class Sent(Told):
    """What became of it: ``queued``, and the ids to follow it by."""

    id: str | None = None
    provider: str | None = None
    status: str = "queued"
    sent_count: int | None = None
    message: str | None = None
    send_id: str | None = None
    batch_id: str | None = None
    email_id: str | None = None
    conversation_id: str | None = None

    @property
    def reference(self) -> str | None:
        """The id of this send in Migma's logs."""
        return self.send_id or self.id or self.batch_id


class Throttle(Told):
    """Why a batch waits, and until when."""

    throttled_at: datetime | None = None
    expires_at: datetime | None = None
    resume_count: int = 0
    reason: str = ""
    remaining_count: int = 0
    resume_message: str = ""


class Batch(Told):
    """How far a batch is: ``queued``, ``processing``, ``completed``, ``failed``, ``partial`` or ``throttled``."""

    batch_id: str
    status: str
    recipient_type: str | None = None
    recipient_id: str | None = None
    provider: str | None = None
    total_count: int = 0
    queued_count: int = 0
    sent_count: int = 0
    failed_count: int = 0
    from_: str | None = Field(None, validation_alias=AliasChoices("from", "from_"))
    from_name: str | None = None
    subject: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    error: str | None = None
    throttle: Throttle | None = None

    @property
    def is_settled(self) -> bool:
        """Whether nothing more will come of it."""
        return self.status in {"completed", "failed", "partial"}


class TestSend(Asked):
    """A generated email, sent to one's own mailbox to look at."""

    __test__ = False  # it is none of pytest's

    to: str
    conversation_id: str | None = None
    email_id: str | None = None

    @model_validator(mode="after")
    def _has_a_body(self) -> Self:
        if not (self.conversation_id or self.email_id):
            raise ValueError("say which email: give conversation_id or email_id")
        return self


class TestSent(Told):
    """What was sent to look at."""

    __test__ = False

    message_id: str | None = None
    conversation_id: str | None = None
    sent_to: str | None = None
    sent_at: datetime | None = None
    subject: str | None = None


def send(what: Send, *, key: str | None = None) -> Call[Sent]:
    """Send. Under a ``key``, the same asked again within a day is sent once (R63)."""
    asked = call("POST", ("sending",), one(Sent), body=what)
    return asked if key is None else asked.keyed(key)


def batch(batch_id: str) -> Call[Batch]:
    """How far a batch is."""
    return call("GET", ("sending", "batches", batch_id), one(Batch))


def test_send(what: TestSend) -> Call[TestSent]:
    """Send a generated email to a mailbox of one's own."""
    return call("POST", ("emails", "test", "send"), one(TestSent), body=what)


test_send.__test__ = False  # type: ignore[attr-defined]  # it is none of pytest's
