"""One person: everything that is kept about them as one value, and what is left of them once they are erased."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ..audience.consent_event import ConsentEvent
from ..audience.contact import Contact, ContactId
from ..audience.engagement import EngagementAction
from ..audience.suppression import SuppressionReason
from ..audience.topic import TopicId
from ..decision.reasons import ReasonKind
from ..delivery.delivery import DeliveryState, SendId
from ..message.token import DeliveryId

__all__ = [
    "EndedSuppression",
    "EngagementSummary",
    "Erasure",
    "PersonalDelivery",
    "Story",
    "SuppressionRecord",
    "TopicChoice",
]


@dataclass(frozen=True, slots=True)
class SuppressionRecord:
    """One entry of the suppression list, for people; ``address`` is ``None`` once the person was erased."""

    address: str | None
    reason: SuppressionReason
    source: str
    at: datetime
    provider: str | None = None


@dataclass(frozen=True, slots=True)
class EndedSuppression:
    """An entry that was lifted: when, and who decided it (A-09)."""

    reason: SuppressionReason
    source: str
    at: datetime
    ended_at: datetime
    ended_by: str
    provider: str | None = None


@dataclass(frozen=True, slots=True)
class TopicChoice:
    """What the person chose about a topic, last of all; ``joined`` is ``None`` where nobody can read it."""

    topic: TopicId
    name: str
    joined: bool | None
    at: datetime
    source: str


@dataclass(frozen=True, slots=True)
class PersonalDelivery:
    """One message to the person, sent or withheld, and what became of it; ``name`` is its campaign's, if it has one."""

    id: DeliveryId
    send: SendId
    name: str | None
    subject: str
    state: DeliveryState
    reasons: tuple[ReasonKind, ...]
    why: str
    provider_id: str | None
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class EngagementSummary:
    """How often and when the person did something with earlier mail; ``campaign`` is ``None`` for all mail together."""

    action: EngagementAction
    campaign: str | None
    times: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """
    Everything that one project knows about a person, and their account about their address (GDPR Art. 15).

    ``contact`` is ``None`` for somebody erased, or known by their address alone. ``in_force`` is what stands against
    them in this project now: less than the entries, where a later consent ended some. Events and deliveries are told
    from the first to the last.
    """

    contact: Contact | None
    added_at: datetime | None = None
    updated_at: datetime | None = None
    unsubscribed_at: datetime | None = None
    in_force: tuple[SuppressionReason, ...] = ()
    choices: tuple[TopicChoice, ...] = ()
    consents: tuple[ConsentEvent, ...] = ()
    suppressions: tuple[SuppressionRecord, ...] = ()
    ended: tuple[EndedSuppression, ...] = ()
    deliveries: tuple[PersonalDelivery, ...] = ()
    engagement: tuple[EngagementSummary, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all is known."""
        return self.contact is None and not (self.suppressions or self.ended or self.deliveries)


@dataclass(frozen=True, slots=True)
class Erasure:
    """
    What an erasure removed: how many ``contacts`` of the account, how many ``deliveries`` lost what they held about the
    person, how many of them were ``cancelled`` before anything was sent.

    ``references`` are those that stand in links already sent: each still opts the person out.
    """

    contacts: int = 0
    deliveries: int = 0
    cancelled: int = 0
    references: tuple[ContactId, ...] = ()
