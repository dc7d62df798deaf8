"""Authorization: may this request go out? Asked at acceptance, at fan-out and in every claim (R36 to R46, R62)."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, TypeAlias

from ..audience.topic import Topic, TopicId
from ..request.domain import BUILT_IN_PROVIDER, SendingDomain
from ..request.send_request import SendRequest
from .policy import MIGMA, Policy
from .purpose import Purpose, classify

__all__ = [
    "AudienceUnknown",
    "Authorized",
    "DomainSuspended",
    "DomainUnhealthy",
    "DomainUnverified",
    "Fault",
    "Health",
    "JustificationMissing",
    "ManagedDomainElsewhere",
    "PostalAddressMissing",
    "ProviderNotConnected",
    "Refused",
    "Sender",
    "TopicUnusable",
    "authorize",
    "health",
]

_COUNTED_FROM = 100


class Health(StrEnum):
    """A domain's reputation by its own counts (R62)."""

    HEALTHY = "healthy"
    WARNING = "warning"
    CRITICAL = "critical"


def health(domain: SendingDomain) -> Health:
    """
    Judge bounces and complaints per message sent. Counts from 100 sent on; above the upper bound is critical, from the
    lower bound on a warning (R62, A10, A11).

    >>> health(SendingDomain("example.com", sent=1000, bounced=101))
    <Health.CRITICAL: 'critical'>
    """
    if domain.sent < _COUNTED_FROM:
        return Health.HEALTHY
    warn, stop = (2, 4) if domain.is_managed else (5, 10)
    bounced, complained = domain.bounced * 100, domain.complained * 1000
    # integers only: 10 % of 100 is exactly 10, in binary floating point it is not
    if bounced > stop * domain.sent or complained > 5 * domain.sent:
        return Health.CRITICAL
    if bounced >= warn * domain.sent or complained >= domain.sent:
        return Health.WARNING
    return Health.HEALTHY


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
)


@dataclass(frozen=True, slots=True)
class Sender:
    """
    What is known of the sender's side: the ``from`` domain, the topic named, the connected providers.

    ``domain`` and ``topic`` are ``None`` where the account or project has none of that name.
    """

    domain: SendingDomain | None
    topic: Topic | None = None
    connected: frozenset[str] = frozenset({BUILT_IN_PROVIDER})
    postal_address: str | None = None
    audience_exists: bool = True


@dataclass(frozen=True, slots=True)
class Authorized:
    """The request may go out."""

    purpose: Purpose
    warning: str | None = None
    kind: Literal["authorized"] = field(default="authorized", kw_only=True, repr=False)


@dataclass(frozen=True, slots=True)
class Refused:
    """The request may not go out; every fault together."""

    faults: tuple[Fault, ...]
    kind: Literal["refused"] = field(default="refused", kw_only=True, repr=False)


def authorize(request: SendRequest, sender: Sender, policy: Policy = MIGMA) -> Authorized | Refused:
    """
    Answer for the request as a whole. In a running campaign a refusal pauses the stream.

    >>> from migma_core import Address, Content, OneAddress, ProjectId
    >>> request = SendRequest(project=ProjectId("p"), sender=Address("hi", "example.com"), sender_name="Us",
    ...     recipients=OneAddress(Address("ada", "example.org")), content=Content("Hello", "<p>Hello</p>"))
    >>> authorize(request, Sender(domain=None))
    Refused(faults=(DomainUnverified(domain='example.com'),))
    """
    classified = classify(request)
    faults = (
        *_domain_faults(request, sender),
        *_provider_faults(request, sender),
        *_audience_faults(request, sender),
        *(_marketing_faults(request, sender) if classified.purpose is Purpose.MARKETING else ()),
        *(_override_faults(request, policy) if classified.warning else ()),
    )
    return Refused(faults) if faults else Authorized(classified.purpose, classified.warning)


def _domain_faults(request: SendRequest, sender: Sender) -> tuple[Fault, ...]:
    domain = sender.domain
    # R40: exact match only; a subdomain inherits nothing
    if domain is None or domain.name != request.sender.domain or not (domain.is_verified or domain.is_managed):
        return (DomainUnverified(request.sender.domain),)
    faults: list[Fault] = []
    if domain.is_suspended:
        faults.append(DomainSuspended(domain.name))
    if health(domain) is Health.CRITICAL:
        faults.append(DomainUnhealthy(domain.name, domain.bounced, domain.complained, domain.sent))
    return tuple(faults)


def _provider_faults(request: SendRequest, sender: Sender) -> tuple[Fault, ...]:
    faults: list[Fault] = []
    if request.provider not in {BUILT_IN_PROVIDER, *sender.connected}:  # A30: the built-in one always is
        faults.append(ProviderNotConnected(request.provider))
    if sender.domain is not None and sender.domain.is_managed and request.provider != BUILT_IN_PROVIDER:
        faults.append(ManagedDomainElsewhere(sender.domain.name, request.provider))
    return tuple(faults)


def _audience_faults(request: SendRequest, sender: Sender) -> tuple[Fault, ...]:
    if sender.audience_exists:
        return ()
    recipients = request.recipients
    return (AudienceUnknown(recipients.kind, str(getattr(recipients, "tag", getattr(recipients, "segment", "")))),)


def _marketing_faults(request: SendRequest, sender: Sender) -> tuple[Fault, ...]:
    faults: list[Fault] = []
    topic = sender.topic if sender.topic is not None and sender.topic.id == request.topic else None
    if request.topic is not None and not (topic and topic.is_active):  # R19: transactional mail has no topic to respect
        faults.append(TopicUnusable(request.topic, known=topic is not None))
    if not (sender.postal_address or "").strip():
        faults.append(PostalAddressMissing())
    return tuple(faults)


def _override_faults(request: SendRequest, policy: Policy) -> tuple[Fault, ...]:
    lacking = policy.needs_justification and not (request.justification or "").strip()
    return (JustificationMissing(),) if lacking else ()
