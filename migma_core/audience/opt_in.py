"""Opting in through a mailed link: asked for on a page, in force once confirmed from the mailbox (design D12, F-04)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NewType

from .consent import ConsentEvidence
from .consent_event import Shown
from .contact import ContactId
from .topic import TopicId

__all__ = ["CONFIRM_WITHIN", "OptIn", "OptInId"]

OptInId = NewType("OptInId", str)
"""32 random hex digits."""

CONFIRM_WITHIN: Final = timedelta(days=7)
"""For how long the link of a confirmation works (E-04)."""


@dataclass(frozen=True, slots=True)
class OptIn:
    """
    What somebody who holds a link asked for: all marketing again, some topics, or both.

    Whoever holds a forwarded mail holds its links, so that asking alone changes nothing. Raises `ValueError` for a
    wish that asks for nothing, and for moments without a zone.
    """

    id: OptInId
    contact: ContactId
    asked_at: datetime
    source: str
    shown: Shown
    marketing: bool = False
    topics: tuple[TopicId, ...] = ()
    confirmed_at: datetime | None = None

    def __post_init__(self) -> None:
        if not self.marketing and not self.topics:
            raise ValueError("an opt-in asks for marketing, for topics, or both")
        if any(moment is not None and moment.tzinfo is None for moment in (self.asked_at, self.confirmed_at)):
            raise ValueError("the times of an opt-in need a zone: pass aware datetimes")

    @property
    def expires_at(self) -> datetime:
        """From when on it cannot be confirmed any more."""
        return self.asked_at + CONFIRM_WITHIN

    def evidence(self, confirmed_at: datetime) -> ConsentEvidence:
        """What goes on record once it is confirmed: who asked how, what was shown, and when the mailbox agreed."""
        return ConsentEvidence(
            how=self.source,
            at=self.asked_at,
            wording=self.shown.wording,
            version=self.shown.version,
            confirmed_at=confirmed_at,
            reference=f"opt-in {self.id}",
        )
