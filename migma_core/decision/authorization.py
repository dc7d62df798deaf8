"""Authorization: may this request go out? Asked at acceptance, at fan-out and in every claim (R36 to R46, R62)."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from ..audience.address import is_reserved_name
from ..audience.topic import Topic
from ..request.domain import BUILT_IN_PROVIDER, SendingDomain
from ..request.exclusion import EarlierRecipients, ExceptSegment
from ..request.provider import Capabilities
from ..request.send_request import SendRequest
from ..request.sync import Sync
from .faults import (
    AudienceUnknown,
    CannotCarry,
    DomainSuspended,
    DomainUnhealthy,
    DomainUnverified,
    ExclusionUnknown,
    Fault,
    JustificationMissing,
    LoopbackLinks,
    ManagedDomainElsewhere,
    MarketingAheadOfTime,
    PostalAddressMissing,
    ProviderNotConnected,
    ReservedName,
    SyncOverdue,
    TopicMissing,
    TopicUnusable,
)
from .policy import MIGMA, Policy
from .purpose import Purpose, classify

__all__ = ["Authorized", "Health", "Refused", "Sender", "authorize", "health"]

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
class Sender:
    """
    What is known of the sender's side: the ``from`` domain, the topic named, the connected providers.

    ``domain`` and ``topic`` are ``None`` where the account or project has none of that name. ``missing_exclusions`` are
    the segments and sends to leave out that do not exist, ``capabilities`` what the provider can carry, where known.
    ``loopback_links`` is set where the brand's links lead to this machine only. ``overdue`` are the account's connected
    syncs that are older than their bound.
    """

    domain: SendingDomain | None
    topic: Topic | None = None
    connected: frozenset[str] = frozenset({BUILT_IN_PROVIDER})
    postal_address: str | None = None
    audience_exists: bool = True
    missing_exclusions: frozenset[str] = frozenset()
    capabilities: Capabilities | None = None
    loopback_links: bool = False
    overdue: tuple[Sync, ...] = ()


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
        *_name_faults(request, policy),
        *_carrying_faults(request, sender),
        *_audience_faults(request, sender),
        *(_marketing_faults(request, sender, policy) if classified.purpose is Purpose.MARKETING else ()),
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


def _name_faults(request: SendRequest, policy: Policy) -> tuple[Fault, ...]:
    if not policy.refuses_reserved_names:
        return ()
    faults: list[Fault] = []
    if is_reserved_name(request.sender.domain):
        faults.append(ReservedName("sender", request.sender.domain))
    faults += [ReservedName("recipient", one.domain) for one in request.addressees if is_reserved_name(one.domain)]
    return tuple(faults)


def _carrying_faults(request: SendRequest, sender: Sender) -> tuple[Fault, ...]:
    can, faults = sender.capabilities, list[Fault]()
    if can is None:
        return ()
    if request.content.attachments and not can.attachments:
        faults.append(CannotCarry(can.name, "attachments"))
    if request.deliver_at is not None and not can.schedules:
        faults.append(CannotCarry(can.name, "time of delivery"))
    if request.headers and not can.own_headers:
        faults.append(CannotCarry(can.name, "headers of your own"))
    if request.content.text is not None and not can.own_text:
        html = request.content.html.strip()
        faults.append(CannotCarry(can.name, "a text of your own" if html else "a message without HTML"))
    if (request.labels or request.metadata) and not can.marks:
        faults.append(CannotCarry(can.name, "labels and metadata"))
    elif len(request.labels) > can.most_labels:
        faults.append(CannotCarry(can.name, "so many labels"))
    if request.copies and not can.copies:
        faults.append(CannotCarry(can.name, "copies"))
    if any(one.is_international for one in request.addressees) and not can.international_local_parts:
        faults.append(CannotCarry(can.name, "international recipient"))  # RFC 6531 §3.4
    if sender.loopback_links and not can.stays_here:  # C-02: a link that only works here must not leave
        faults.append(LoopbackLinks(can.name))
    return tuple(faults)


def _audience_faults(request: SendRequest, sender: Sender) -> tuple[Fault, ...]:
    faults: list[Fault] = []
    if not sender.audience_exists:
        recipients = request.recipients
        name = str(getattr(recipients, "tag", getattr(recipients, "segment", "")))
        faults.append(AudienceUnknown(recipients.kind, name))
    for one in request.exclusions:
        match one:
            case ExceptSegment(segment) if segment in sender.missing_exclusions:
                faults.append(ExclusionUnknown("segment", segment))
            case EarlierRecipients(send) if send in sender.missing_exclusions:
                faults.append(ExclusionUnknown("send", send))
            case _:
                pass
    return tuple(faults)


def _marketing_faults(request: SendRequest, sender: Sender, policy: Policy) -> tuple[Fault, ...]:
    faults: list[Fault] = []
    if policy.needs_topic and request.topic is None:
        faults.append(TopicMissing())
    topic = sender.topic if sender.topic is not None and sender.topic.id == request.topic else None
    if request.topic is not None and not (topic and topic.is_active):  # R19: transactional mail has no topic to respect
        faults.append(TopicUnusable(request.topic, known=topic is not None))
    if request.deliver_at is not None:
        faults.append(MarketingAheadOfTime())
    if not (sender.postal_address or "").strip():
        faults.append(PostalAddressMissing())
    # D16: who left there in the meantime must not be written to from here, through whatever provider
    faults += [SyncOverdue(one.provider, one.as_of, one.bound) for one in dict.fromkeys(sender.overdue)]
    return tuple(faults)


def _override_faults(request: SendRequest, policy: Policy) -> tuple[Fault, ...]:
    lacking = policy.needs_justification and not (request.justification or "").strip()
    return (JustificationMissing(),) if lacking else ()
