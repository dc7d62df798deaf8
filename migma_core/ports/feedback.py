"""Feedback: what became of mail after it left, as providers tell it, each event kept once however often it is told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, Protocol

from ..audience.address import Address
from ..audience.contact import ContactId
from ..audience.engagement import EngagementAction
from ..message.token import DeliveryId
from ..request.project import AccountId

__all__ = ["EngagementEvent", "Feedback", "MailboxEvent", "MailboxFact", "Recorded"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EngagementEvent:
    """
    Somebody opened or clicked: who is named by the ``delivery``, which knows its campaign, or by the ``contact``.

    ``id`` is the provider's own: an event that is told twice counts once. ``at`` is aware.
    """

    id: str
    action: EngagementAction
    at: datetime
    delivery: DeliveryId | None = None
    contact: ContactId | None = None
    campaign: str | None = None

    def __post_init__(self) -> None:
        if not self.id:
            raise ValueError("an event needs an id: without one, telling it twice would count it twice")
        if self.at.tzinfo is None:
            raise ValueError("an event's time needs a zone: pass an aware datetime")
        if (self.delivery is None) is (self.contact is None):
            raise ValueError("name who it was by the delivery or by the contact, and not by both")
        if self.campaign is not None and (self.delivery is not None or not self.campaign):
            raise ValueError("name the campaign of a contact's event, or leave it out; a delivery knows its own")


class MailboxFact(StrEnum):
    """What a mailbox, or who reads it, made of a message."""

    DELIVERED = "delivered"
    SOFT_BOUNCE = "soft_bounce"
    """Not now: a full mailbox, a server that is down; or nobody can tell (R60)."""
    HARD_BOUNCE = "hard_bounce"
    """Never: there is no such address (R59)."""
    COMPLAINT = "complaint"
    """Reported as spam (R61)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxEvent:
    """
    What became of a message at ``address``, sent from ``domain``; where the provider says of which, ``delivery`` names
    it: stats count it then, and several soft bounces of it once (K-05). ``source`` is who says so, ``detail`` in which
    words.

    ``id`` is the provider's own: an event that is told twice counts once. ``at`` is aware.
    """

    id: str
    what: MailboxFact
    address: Address
    domain: str
    source: str
    at: datetime
    detail: str = ""
    delivery: DeliveryId | None = None

    def __post_init__(self) -> None:
        if not self.id:
            raise ValueError("an event needs an id: without one, telling it twice would count it twice")
        if self.at.tzinfo is None:
            raise ValueError("an event's time needs a zone: pass an aware datetime")


class Recorded(NamedTuple):
    """How many events were new, how many known already, and how many are about nobody that is known."""

    fresh: int = 0
    known: int = 0
    unknown: int = 0


class Feedback(Protocol):
    """Events, in any order and however often: what is kept in the end is the same."""

    def engaged(self, events: Iterable[EngagementEvent]) -> Recorded:
        """Keep who did what with earlier mail, for segments to ask about."""
        ...

    def mailbox(self, account: AccountId, events: Iterable[MailboxEvent]) -> Recorded:
        """
        Keep what became of messages. A hard bounce and a complaint stop further mail at once (R59, R61), no other
        event does (R60); both are counted for the domain, whose health they decide (R62). Soft bounces that reach the
        limit of `SoftBounceCounter` stop marketing under a policy that asks for it, until a delivery succeeds (K-05).
        """
        ...
