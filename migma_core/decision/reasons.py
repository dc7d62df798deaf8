"""Reasons: why somebody gets no mail, each a value that says what caused it and how it may lawfully end."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal, TypeAlias

from ..audience.contact import ContactId
from ..audience.topic import TopicId
from .standing import ConsentFact, StatusFact

__all__ = [
    "STRENGTH",
    "AlreadySent",
    "Complaint",
    "ConsentLapsed",
    "ConsentUnproven",
    "Duplicate",
    "Erased",
    "Excluded",
    "FrequencyCap",
    "HardBounce",
    "InvalidAddressFound",
    "LocalTime",
    "Manual",
    "NotSubscribed",
    "Objection",
    "ProviderSuppressed",
    "QuietHours",
    "Reason",
    "ReasonKind",
    "RiskyAddress",
    "RoleAddress",
    "SoftBounceLimit",
    "TopicLeft",
    "TopicNotJoined",
    "Unreadable",
    "Unsubscribed",
]


class ReasonKind(StrEnum):
    """The stable names of all reasons, strongest first (design D18). Adding is allowed, renaming is not."""

    HARD_BOUNCE = "hard_bounce"
    COMPLAINT = "complaint"
    MANUAL = "manual"
    INVALID_ADDRESS = "invalid_address"
    ERASED = "erased"
    PROVIDER_SUPPRESSED = "provider_suppressed"
    UNSUBSCRIBED = "unsubscribed"
    OBJECTION = "objection"
    NOT_SUBSCRIBED = "not_subscribed"
    CONSENT_LAPSED = "consent_lapsed"
    CONSENT_UNPROVEN = "consent_unproven"
    TOPIC_LEFT = "topic_left"
    TOPIC_NOT_JOINED = "topic_not_joined"
    SOFT_BOUNCE_LIMIT = "soft_bounce_limit"
    RISKY_ADDRESS = "risky_address"
    ROLE_ADDRESS = "role_address"
    EXCLUDED = "excluded"
    DUPLICATE = "duplicate"
    ALREADY_SENT = "already_sent"
    UNREADABLE = "unreadable"
    QUIET_HOURS = "quiet_hours"
    LOCAL_TIME = "local_time"
    FREQUENCY_CAP = "frequency_cap"


STRENGTH = {kind: place for place, kind in enumerate(ReasonKind)}
"""A reason's place in the order; 0 is the strongest."""


@dataclass(frozen=True, slots=True)
class HardBounce:
    """The address does not exist; nothing lifts this but an audited reinstatement (R12)."""

    at: datetime | None = None
    source: str | None = None
    kind: Literal[ReasonKind.HARD_BOUNCE] = field(default=ReasonKind.HARD_BOUNCE, kw_only=True, repr=False)


@dataclass(frozen=True, slots=True)
class Complaint:
    """The person reported the mail as spam (L-01)."""

    at: datetime | None = None
    source: str | None = None
    kind: Literal[ReasonKind.COMPLAINT] = field(default=ReasonKind.COMPLAINT, kw_only=True, repr=False)


@dataclass(frozen=True, slots=True)
class Manual:
    """An operator put the address on the suppression list (R17)."""

    at: datetime | None = None
    source: str | None = None
    kind: Literal[ReasonKind.MANUAL] = field(default=ReasonKind.MANUAL, kw_only=True, repr=False)


@dataclass(frozen=True, slots=True)
class InvalidAddressFound:
    """
    No mail can be delivered there: checking found so (R13), or, with ``reserved``, the domain is a name that no mail
    ever reaches (I-02).
    """

    reserved: bool = False
    kind: Literal[ReasonKind.INVALID_ADDRESS] = field(default=ReasonKind.INVALID_ADDRESS, kw_only=True, repr=False)


@dataclass(frozen=True, slots=True)
class Erased:
    """The person asked to be forgotten; what is kept stops us from writing again (O-06)."""

    at: datetime | None = None
    source: str | None = None
    kind: Literal[ReasonKind.ERASED] = field(default=ReasonKind.ERASED, kw_only=True, repr=False)


@dataclass(frozen=True, slots=True)
class ProviderSuppressed:
    """The provider of this send refuses the address."""

    at: datetime | None = None
    source: str | None = None
    kind: Literal[ReasonKind.PROVIDER_SUPPRESSED] = field(
        default=ReasonKind.PROVIDER_SUPPRESSED, kw_only=True, repr=False
    )


@dataclass(frozen=True, slots=True)
class Unsubscribed:
    """The person opted out of marketing (R9, R16)."""

    at: datetime | None = None
    source: str | None = None
    kind: Literal[ReasonKind.UNSUBSCRIBED] = field(default=ReasonKind.UNSUBSCRIBED, kw_only=True, repr=False)


@dataclass(frozen=True, slots=True)
class Objection:
    """The person objected to direct marketing (O-05)."""

    at: datetime | None = None
    source: str | None = None
    kind: Literal[ReasonKind.OBJECTION] = field(default=ReasonKind.OBJECTION, kw_only=True, repr=False)


@dataclass(frozen=True, slots=True)
class NotSubscribed:
    """Marketing needs the status *subscribed*, and this is not it (R10, R49)."""

    status: StatusFact
    kind: Literal[ReasonKind.NOT_SUBSCRIBED] = field(default=ReasonKind.NOT_SUBSCRIBED, kw_only=True, repr=False)


@dataclass(frozen=True, slots=True)
class ConsentLapsed:
    """An implied consent ran out (P-01)."""

    at: datetime | None = None
    kind: Literal[ReasonKind.CONSENT_LAPSED] = field(default=ReasonKind.CONSENT_LAPSED, kw_only=True, repr=False)


@dataclass(frozen=True, slots=True)
class ConsentUnproven:
    """The policy asks for consent that can be shown, and there is only this (O-01)."""

    consent: ConsentFact
    kind: Literal[ReasonKind.CONSENT_UNPROVEN] = field(default=ReasonKind.CONSENT_UNPROVEN, kw_only=True, repr=False)


@dataclass(frozen=True, slots=True)
class TopicLeft:
    """The person left this topic (R20, R23)."""

    topic: TopicId | None = None
    kind: Literal[ReasonKind.TOPIC_LEFT] = field(default=ReasonKind.TOPIC_LEFT, kw_only=True, repr=False)


@dataclass(frozen=True, slots=True)
class TopicNotJoined:
    """The topic is for those who joined it, and the person has not (R22)."""

    topic: TopicId | None = None
    kind: Literal[ReasonKind.TOPIC_NOT_JOINED] = field(default=ReasonKind.TOPIC_NOT_JOINED, kw_only=True, repr=False)


@dataclass(frozen=True, slots=True)
class SoftBounceLimit:
    """Mail to the address kept failing (K-05)."""

    at: datetime | None = None
    source: str | None = None
    kind: Literal[ReasonKind.SOFT_BOUNCE_LIMIT] = field(default=ReasonKind.SOFT_BOUNCE_LIMIT, kw_only=True, repr=False)


@dataclass(frozen=True, slots=True)
class RiskyAddress:
    """Checking found the address risky, and the account leaves such addresses out (R14)."""

    kind: Literal[ReasonKind.RISKY_ADDRESS] = field(default=ReasonKind.RISKY_ADDRESS, kw_only=True, repr=False)


@dataclass(frozen=True, slots=True)
class RoleAddress:
    """The mailbox belongs to a function, not to a person (I-08)."""

    kind: Literal[ReasonKind.ROLE_ADDRESS] = field(default=ReasonKind.ROLE_ADDRESS, kw_only=True, repr=False)


@dataclass(frozen=True, slots=True)
class Excluded:
    """The request left this person out."""

    kind: Literal[ReasonKind.EXCLUDED] = field(default=ReasonKind.EXCLUDED, kw_only=True, repr=False)


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Another contact with the same canonical address is already in this send (A-08)."""

    of: ContactId | None = None
    kind: Literal[ReasonKind.DUPLICATE] = field(default=ReasonKind.DUPLICATE, kw_only=True, repr=False)


@dataclass(frozen=True, slots=True)
class AlreadySent:
    """This send has reached the address before (R57)."""

    at: datetime | None = None
    kind: Literal[ReasonKind.ALREADY_SENT] = field(default=ReasonKind.ALREADY_SENT, kw_only=True, repr=False)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A fact this purpose depends on is missing or not understood; never mailed on a guess (A-01)."""

    facts: tuple[str, ...] = ()
    kind: Literal[ReasonKind.UNREADABLE] = field(default=ReasonKind.UNREADABLE, kw_only=True, repr=False)


@dataclass(frozen=True, slots=True)
class QuietHours:
    """It is night where the person is."""

    kind: Literal[ReasonKind.QUIET_HOURS] = field(default=ReasonKind.QUIET_HOURS, kw_only=True, repr=False)


@dataclass(frozen=True, slots=True)
class LocalTime:
    """The send waits for a time of day where the person is."""

    kind: Literal[ReasonKind.LOCAL_TIME] = field(default=ReasonKind.LOCAL_TIME, kw_only=True, repr=False)


@dataclass(frozen=True, slots=True)
class FrequencyCap:
    """The person has had enough mail for now."""

    kind: Literal[ReasonKind.FREQUENCY_CAP] = field(default=ReasonKind.FREQUENCY_CAP, kw_only=True, repr=False)


Reason: TypeAlias = (
    HardBounce
    | Complaint
    | Manual
    | InvalidAddressFound
    | Erased
    | ProviderSuppressed
    | Unsubscribed
    | Objection
    | NotSubscribed
    | ConsentLapsed
    | ConsentUnproven
    | TopicLeft
    | TopicNotJoined
    | SoftBounceLimit
    | RiskyAddress
    | RoleAddress
    | Excluded
    | Duplicate
    | AlreadySent
    | Unreadable
    | QuietHours
    | LocalTime
    | FrequencyCap
)
