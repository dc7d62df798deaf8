"""Suppressions: recorded reasons not to mail an address, kept per account and never forgotten by accident."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import IntFlag, StrEnum
from types import MappingProxyType

__all__ = ["DENIAL_OF", "Denials", "Suppression", "SuppressionReason", "that_follow_the_person"]


class Denials(IntFlag):
    """
    What stands against mailing an address, one independent bit each, strongest first.

    The first eight are kept with the address; ``EXCLUDED`` comes from the request, ``UNREADABLE`` from a record nobody
    could read, ``RESERVED_NAME`` from the address itself. Every bit only ever adds a reason to withhold.
    """

    HARD_BOUNCE = 1 << 0
    COMPLAINT = 1 << 1
    MANUAL = 1 << 2
    ERASED = 1 << 3
    PROVIDER_SUPPRESSED = 1 << 4
    UNSUBSCRIBED = 1 << 5
    OBJECTION = 1 << 6
    SOFT_BOUNCE_LIMIT = 1 << 7
    EXCLUDED = 1 << 8
    UNREADABLE = 1 << 9
    RESERVED_NAME = 1 << 10


class SuppressionReason(StrEnum):
    """Why an address is on the list; the first four under the product's names (R16)."""

    BOUNCE = "bounce"
    COMPLAINT = "complaint"
    UNSUBSCRIBE = "unsubscribe"
    MANUAL = "manual"
    OBJECTION = "objection"
    ERASED = "erased"
    PROVIDER = "provider"
    SOFT_BOUNCE_LIMIT = "soft_bounce_limit"


DENIAL_OF = MappingProxyType(
    {
        SuppressionReason.BOUNCE: Denials.HARD_BOUNCE,
        SuppressionReason.COMPLAINT: Denials.COMPLAINT,
        SuppressionReason.UNSUBSCRIBE: Denials.UNSUBSCRIBED,
        SuppressionReason.MANUAL: Denials.MANUAL,
        SuppressionReason.OBJECTION: Denials.OBJECTION,
        SuppressionReason.ERASED: Denials.ERASED,
        SuppressionReason.PROVIDER: Denials.PROVIDER_SUPPRESSED,
        SuppressionReason.SOFT_BOUNCE_LIMIT: Denials.SOFT_BOUNCE_LIMIT,
    }
)
"""The denial that each entry of the list means."""


@dataclass(frozen=True, slots=True)
class Suppression:
    """
    One entry of the list: the evidence behind a denial.

    ``source`` says who put it there (``"link"``, ``"import"``, ``"operator"``, a provider's name); ``at`` is aware;
    ``provider`` is set for `SuppressionReason.PROVIDER` only, since such an entry stops that provider alone.
    """

    reason: SuppressionReason
    at: datetime
    source: str
    provider: str | None = None

    def __post_init__(self) -> None:
        if self.at.tzinfo is None:
            raise ValueError("a suppression's time needs a zone: pass an aware datetime")
        if (self.provider is not None) is not (self.reason is SuppressionReason.PROVIDER):
            raise ValueError("name a provider for a provider's suppression, and for no other")

    @property
    def denial(self) -> Denials:
        """The bit this entry sets."""
        return DENIAL_OF[self.reason]


_OF_THE_MAILBOX = Denials.HARD_BOUNCE | Denials.PROVIDER_SUPPRESSED | Denials.SOFT_BOUNCE_LIMIT | Denials.RESERVED_NAME


def that_follow_the_person(denials: Denials) -> Denials:
    """
    The denials that go along when somebody changes their address; the others stay with the old mailbox (J-06).

    >>> that_follow_the_person(Denials.UNSUBSCRIBED | Denials.HARD_BOUNCE)
    <Denials.UNSUBSCRIBED: 32>
    """
    return denials & ~_OF_THE_MAILBOX
