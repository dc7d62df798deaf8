"""Domains: where mail may come from at Migma, with the DNS records each asks for (§1.10, §3.7)."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias

from pydantic import AliasChoices, Field

from ..call import Asked, Call, Told, call, one, rows

__all__ = [
    "Availability",
    "DnsRecord",
    "Domain",
    "DomainDeleted",
    "Region",
    "Tracking",
    "add",
    "add_managed",
    "available",
    "delete",
    "delete_managed",
    "get",
    "list_all",
    "list_managed",
    "track",
    "verify",
]

Region: TypeAlias = Literal["us-east-1", "eu-west-1"]


class DnsRecord(Told):
    """A record to publish."""

    type: str
    name: str
    value: str
    priority: int | None = None
    status: str | None = None


class Domain(Told):
    """A sending domain and how far its checks are."""

    id: str | None = Field(None, validation_alias=AliasChoices("_id", "id"))
    domain: str
    region: str | None = None
    status: str | None = None
    is_verified: bool = False
    ownership_verified: bool | None = None
    dkim_status: str | None = None
    mail_from_status: str | None = None
    mail_from_domain: str | None = None
    dns_records: tuple[DnsRecord, ...] = ()
    open_tracking: bool | None = None
    click_tracking: bool | None = None
    branded_tracking: bool | None = None
    connect_url: str | None = None
    is_managed_domain: bool = False
    created_at: datetime | None = None
    verified_at: datetime | None = None

    @property
    def is_suspended(self) -> bool:
        """Whether Migma has stopped sending from it (R46)."""
        return (self.status or "").lower() == "suspended"

    @property
    def may_send(self) -> bool:
        """Whether mail may come from it: verified, and not suspended (R38, R43, R46)."""
        return (self.is_verified or self.is_managed_domain) and not self.is_suspended


class Tracking(Asked):
    """What Migma tracks in mail from a domain; what is not said stays."""

    open_tracking: bool | None = None
    click_tracking: bool | None = None
    branded_tracking: bool | None = None


class DomainDeleted(Told):
    """Which was deleted."""

    domain: str | None = None
    deleted: bool = True


class Availability(Told):
    """Whether a prefix of a managed domain is free; ``reason`` where it is not."""

    available: bool
    prefix: str | None = None
    full_domain: str | None = None
    reason: str | None = None


def list_all() -> Call[tuple[Domain, ...]]:
    """Every domain of the account of one's own."""
    return call("GET", ("domains",), rows(Domain))


def get(domain: str) -> Call[Domain]:
    """One domain, by its name."""
    return call("GET", ("domains", domain), one(Domain))


def add(domain: str, *, region: Region | None = None) -> Call[Domain]:
    """Add a domain of one's own; the answer holds the records to publish."""
    return call("POST", ("domains",), one(Domain), body={"domain": domain, "region": region})


def verify(domain: str) -> Call[Domain]:
    """Have its records checked now."""
    return call("POST", ("domains", domain, "verify"), one(Domain))


def track(domain: str, what: Tracking) -> Call[Domain]:
    """Switch tracking on or off."""
    return call("PATCH", ("domains", domain), one(Domain), body=what)


def delete(domain: str) -> Call[DomainDeleted]:
    """Remove a domain."""
    return call("DELETE", ("domains", domain), one(DomainDeleted))


def list_managed() -> Call[tuple[Domain, ...]]:
    """The account's domains below migma.email."""
    return call("GET", ("domains", "managed"), rows(Domain))


def add_managed(prefix: str, *, region: Region | None = None) -> Call[Domain]:
    """Take a domain below migma.email; it is verified at once (R43)."""
    return call("POST", ("domains", "managed"), one(Domain), body={"prefix": prefix, "region": region})


def available(prefix: str) -> Call[Availability]:
    """Whether a prefix is free."""
    return call("GET", ("domains", "managed", "check", prefix), one(Availability))


def delete_managed(domain: str) -> Call[DomainDeleted]:
    """Give a managed domain back."""
    return call("DELETE", ("domains", "managed", domain), one(DomainDeleted))
