"""The wire: Mailgun's own JSON, as far as we read it. Lenient in what it does not need."""

from __future__ import annotations

from pydantic import BaseModel

__all__ = ["DomainAnswer", "Fault", "SendingDomain", "Sent", "Toggle", "Tracking"]


class Sent(BaseModel):
    """The answer to a request that was taken: one id for everybody in it, in angle brackets."""

    id: str | None = None


class Fault(BaseModel):
    """An answer other than success."""

    message: str


class SendingDomain(BaseModel):
    """A domain of the account: ``active``, ``unverified`` or ``disabled``."""

    state: str = ""
    is_disabled: bool = False


class Toggle(BaseModel):
    """Whether one kind of tracking is on."""

    active: bool


class Tracking(BaseModel):
    """What Mailgun tracks in the mail of a domain."""

    unsubscribe: Toggle


class DomainAnswer(BaseModel):
    """The answer to either question about a domain: what it is, or what is tracked in its mail."""

    domain: SendingDomain | None = None
    tracking: Tracking | None = None
