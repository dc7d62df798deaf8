"""Faults: what is wrong with a request as a whole, each a value that says so with its evidence."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

from ..audience.topic import TopicId

__all__ = [
    "AudienceUnknown",
    "CannotCarry",
    "DomainSuspended",
    "DomainUnhealthy",
    "DomainUnverified",
    "ExclusionUnknown",
    "Fault",
    "JustificationMissing",
    "LoopbackLinks",
    "ManagedDomainElsewhere",
    "MarketingAheadOfTime",
    "PostalAddressMissing",
    "ProviderNotConnected",
    "ReservedName",
    "SyncOverdue",
    "TopicMissing",
    "TopicUnusable",
]


@dataclass(frozen=True, slots=True)
class DomainUnverified:
    """The ``from`` domain is not one of the account's verified domains (R38, R40)."""

    domain: str
    kind: Literal["domain_unverified"] = field(default="domain_unverified", kw_only=True, repr=False)


@dataclass(frozen=True, slots=True)
class DomainSuspended:
    """The domain has been suspended (R46)."""

    domain: str
    kind: Literal["domain_suspended"] = field(default="domain_suspended", kw_only=True, repr=False)


@dataclass(frozen=True, slots=True)
class DomainUnhealthy:
    """The domain's bounces or complaints are beyond the critical line (R62)."""

    domain: str
    bounced: int
    complained: int
    sent: int
    kind: Literal["domain_unhealthy"] = field(default="domain_unhealthy", kw_only=True, repr=False)


@dataclass(frozen=True, slots=True)
class ProviderNotConnected:
    """The provider named has no connection; there is no silent fallback (R44)."""

    provider: str
    kind: Literal["provider_not_connected"] = field(default="provider_not_connected", kw_only=True, repr=False)


@dataclass(frozen=True, slots=True)
class ManagedDomainElsewhere:
    """A managed domain sends through the built-in provider only (R45)."""

    domain: str
    provider: str
    kind: Literal["managed_domain_elsewhere"] = field(default="managed_domain_elsewhere", kw_only=True, repr=False)


@dataclass(frozen=True, slots=True)
class TopicUnusable:
    """The topic is unknown to the project or no longer active (R25)."""

    topic: TopicId
    known: bool
    kind: Literal["topic_unusable"] = field(default="topic_unusable", kw_only=True, repr=False)


@dataclass(frozen=True, slots=True)
class AudienceUnknown:
    """The tag or segment does not exist in the project: an error, never an empty send."""

    what: str
    name: str
    kind: Literal["audience_unknown"] = field(default="audience_unknown", kw_only=True, repr=False)


@dataclass(frozen=True, slots=True)
class PostalAddressMissing:
    """Marketing carries the sender's postal address, and none is set (N-01, P-02)."""

    kind: Literal["postal_address_missing"] = field(default="postal_address_missing", kw_only=True, repr=False)


@dataclass(frozen=True, slots=True)
class JustificationMissing:
    """The policy wants a reason in words for mailing an audience as transactional (B-03)."""

    kind: Literal["justification_missing"] = field(default="justification_missing", kw_only=True, repr=False)


@dataclass(frozen=True, slots=True)
class ReservedName:
    """The policy refuses names set aside for documents and tests, here the sender's or the recipient's (I-02)."""

    whose: Literal["sender", "recipient"]
    domain: str
    kind: Literal["reserved_name"] = field(default="reserved_name", kw_only=True, repr=False)


@dataclass(frozen=True, slots=True)
class ExclusionUnknown:
    """A segment or an earlier send that the request leaves out does not exist: nobody is left out by mistake."""

    what: Literal["segment", "send"]
    name: str
    kind: Literal["exclusion_unknown"] = field(default="exclusion_unknown", kw_only=True, repr=False)


@dataclass(frozen=True, slots=True)
class TopicMissing:
    """The policy wants every marketing send to be on a topic (A-06)."""

    kind: Literal["topic_missing"] = field(default="topic_missing", kw_only=True, repr=False)


@dataclass(frozen=True, slots=True)
class CannotCarry:
    """The provider cannot carry something that the request holds; it is never dropped in silence (design D9)."""

    provider: str
    what: Literal[
        "attachments",
        "international recipient",
        "time of delivery",
        "headers of your own",
        "a text of your own",
        "a message without HTML",
        "labels and metadata",
        "so many labels",
        "copies",
    ]
    kind: Literal["cannot_carry"] = field(default="cannot_carry", kw_only=True, repr=False)


@dataclass(frozen=True, slots=True)
class LoopbackLinks:
    """The brand's links lead to the sender's own machine only, and the provider delivers elsewhere (C-02)."""

    provider: str
    kind: Literal["loopback_links"] = field(default="loopback_links", kw_only=True, repr=False)


@dataclass(frozen=True, slots=True)
class MarketingAheadOfTime:
    """Marketing that a provider is to keep until its time: an opt-out in between would come too late (R9)."""

    kind: Literal["marketing_ahead_of_time"] = field(default="marketing_ahead_of_time", kw_only=True, repr=False)


@dataclass(frozen=True, slots=True)
class SyncOverdue:
    """People's choices that a provider keeps have not been fetched for longer than is allowed (design D16)."""

    provider: str
    as_of: datetime | None
    bound: timedelta
    kind: Literal["sync_overdue"] = field(default="sync_overdue", kw_only=True, repr=False)


Fault: TypeAlias = (
    DomainUnverified
    | DomainSuspended
    | DomainUnhealthy
    | ProviderNotConnected
    | ManagedDomainElsewhere
    | TopicUnusable
    | AudienceUnknown
    | PostalAddressMissing
    | JustificationMissing
    | ReservedName
    | ExclusionUnknown
    | TopicMissing
    | CannotCarry
    | LoopbackLinks
    | MarketingAheadOfTime
    | SyncOverdue
)
