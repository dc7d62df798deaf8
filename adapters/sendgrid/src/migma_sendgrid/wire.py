"""The wire: SendGrid's own JSON, as far as we read it. Lenient in what it does not need."""

from __future__ import annotations

from pydantic import BaseModel, RootModel

__all__ = ["AuthenticatedDomain", "AuthenticatedDomains", "Complaint", "Complaints"]


class Complaint(BaseModel):
    """One of the errors of an answer; ``field`` is such as ``personalizations.0.to.0.email``."""

    message: str | None = None
    field: str | None = None


class Complaints(BaseModel):
    """An answer other than success: several errors at once."""

    errors: list[Complaint]


class AuthenticatedDomain(BaseModel):
    """A domain of the account; mail is signed for ``domain``."""

    domain: str
    valid: bool = False


class AuthenticatedDomains(RootModel[list[AuthenticatedDomain]]):
    """The answer to a search for domains."""
