"""The wire: Resend's own JSON, as far as we read it. Lenient in what it does not need."""

from __future__ import annotations

from pydantic import BaseModel

__all__ = ["BatchSent", "Domain", "DomainCapabilities", "Domains", "Fault", "Refused", "Sent"]


class Sent(BaseModel):
    """The answer to one mail, and each part of the answer to a batch."""

    id: str | None = None


class Refused(BaseModel):
    """One mail of a batch that was not taken, by its place in the request."""

    index: int
    message: str | None = None


class BatchSent(BaseModel):
    """The answer to a batch: ids of those taken, in order, and those refused."""

    data: list[Sent] = []
    errors: list[Refused] = []


class Fault(BaseModel):
    """An answer other than success. The name decides, not the status."""

    name: str
    message: str | None = None


class DomainCapabilities(BaseModel):
    """What a domain is for."""

    sending: str | None = None


class Domain(BaseModel):
    """A domain of the team."""

    id: str
    name: str
    status: str = ""
    capabilities: DomainCapabilities = DomainCapabilities()


class Domains(BaseModel):
    """A page of the team's domains."""

    data: list[Domain] = []
    has_more: bool = False
