"""Consent: how well it can be shown that a person asked for marketing, and how long that holds."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import MAXYEAR, UTC, datetime
from enum import StrEnum

__all__ = ["Consent", "ConsentBasis", "ConsentEvidence", "ConsentLevel", "SoftOptInTerm"]


class ConsentLevel(StrEnum):
    """How far a consent can be proven (compliance O-01, O-03)."""

    PROVEN = "proven"
    """Confirmed by the person, with time, wording and means on record."""
    SOFT_OPT_IN = "soft_opt_in"
    """Obtained in a sale, under all conditions of ePrivacy Art. 13(2)."""
    UNPROVEN = "unproven"
    """Claimed by whoever added the contact."""
    NONE = "none"
    """Nobody claims it."""


class ConsentBasis(StrEnum):
    """What a consent rests on. Only an express one holds until it is withdrawn (CASL s. 10(9), (10); P-01)."""

    EXPRESS = "express"
    PURCHASE = "purchase"
    """Implied by a purchase or contract: it lapses after two years."""
    INQUIRY = "inquiry"
    """Implied by an inquiry: it lapses after six months."""


_MONTHS = {ConsentBasis.PURCHASE: 24, ConsentBasis.INQUIRY: 6}


@dataclass(frozen=True, slots=True)
class Consent:
    """
    Where a consent comes from. Events are only ever appended; nothing but erasure removes one.

    ``source`` says how it was obtained in the sender's words ("newsletter form, May 2026"); ``at`` is aware. An implied
    consent (``basis``) lapses; see `lapses_at`.
    """

    level: ConsentLevel
    source: str
    at: datetime
    basis: ConsentBasis = ConsentBasis.EXPRESS

    def __post_init__(self) -> None:
        if not self.source.strip():
            raise ValueError("a consent needs a source: say where it was given, for example 'checkout form'")
        if self.at.tzinfo is None:
            raise ValueError("a consent's time needs a zone: pass an aware datetime")

    @property
    def lapses_at(self) -> datetime | None:
        """
        When an implied consent ends, or ``None`` for an express one (P-01).

        At the first moment, in UTC, of the day two years or six months on; the 29th of February counts as the 28th
        where there is none. Nowhere in Canada has the last lawful day ended by then.

        >>> bought = datetime(2024, 2, 29, 9, tzinfo=UTC)
        >>> Consent(ConsentLevel.UNPROVEN, "shop", bought, ConsentBasis.PURCHASE).lapses_at
        datetime.datetime(2026, 2, 28, 0, 0, tzinfo=datetime.timezone.utc)
        """
        months = _MONTHS.get(self.basis)
        return None if months is None else _months_on(self.at, months)


class SoftOptInTerm(StrEnum):
    """What must all be true of a soft opt-in (ePrivacy Art. 13(2), PECR reg. 22(3); O-03)."""

    OBTAINED_IN_A_SALE = "obtained_in_a_sale"
    """By the same legal entity, in a sale or the negotiation of one."""
    OWN_SIMILAR_PRODUCTS = "own_similar_products"
    """The mail is about the sender's own, similar products."""
    CHANCE_TO_OBJECT = "chance_to_object"
    """The person could object when the address was taken; every message repeats the chance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentEvidence:
    """
    What is on record about one act of consent; `consent` says how far that carries (O-01, O-03).

    ``wording`` and ``version`` are the text the person saw, ``confirmed_at`` is when they confirmed it from their own
    mailbox, ``reference`` points to the proof (a form's record, a confirmation mail). Moments are aware.

    >>> claimed = ConsentEvidence(how="checkout form", at=datetime(2026, 5, 1, tzinfo=UTC))
    >>> claimed.consent.level
    <ConsentLevel.UNPROVEN: 'unproven'>
    """

    how: str
    at: datetime
    wording: str = ""
    version: str = ""
    confirmed_at: datetime | None = None
    reference: str = ""
    basis: ConsentBasis = ConsentBasis.EXPRESS
    terms: frozenset[SoftOptInTerm] = frozenset()

    def __post_init__(self) -> None:
        if self.confirmed_at is not None and self.confirmed_at.tzinfo is None:
            raise ValueError("the time of a confirmation needs a zone: pass an aware datetime")
        if self.confirmed_at is not None and self.confirmed_at < self.at:
            raise ValueError("a consent is confirmed after it was given, not before")

    @property
    def level(self) -> ConsentLevel:
        """Proven only where nothing is missing; a soft opt-in only under all its terms."""
        if self.basis is ConsentBasis.EXPRESS and self.confirmed_at is not None and self._is_documented:
            return ConsentLevel.PROVEN
        return ConsentLevel.SOFT_OPT_IN if self.terms == frozenset(SoftOptInTerm) else ConsentLevel.UNPROVEN

    @property
    def consent(self) -> Consent:
        """The consent that this shows. Raises `ValueError` where it does not say how or when."""
        return Consent(self.level, self.how, self.at, self.basis)

    @property
    def _is_documented(self) -> bool:
        return all(text.strip() for text in (self.how, self.wording, self.version, self.reference))


def _months_on(moment: datetime, months: int) -> datetime:
    try:
        start = moment.astimezone(UTC)
    except OverflowError:  # within a day of the calendar's ends
        start = moment
    years, month = divmod(start.month - 1 + months, 12)
    if start.year + years > MAXYEAR:
        return datetime.max.replace(tzinfo=UTC)
    year, month = start.year + years, month + 1
    return datetime(year, month, min(start.day, monthrange(year, month)[1]), tzinfo=UTC)
