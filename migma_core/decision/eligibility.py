"""Eligibility: may this message go to this one person? An answer with all its reasons, never an exception."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple, TypeAlias

from ..audience.address import Address
from ..audience.contact import Contact, ContactId
from ..audience.suppression import Denials, Suppression, SuppressionReason
from ..audience.topic import Topic, TopicId
from . import reasons as why
from .policy import MIGMA, Policy
from .purpose import Purpose
from .reasons import Reason, ReasonKind
from .standing import Cell, ConsentFact, Standing, StatusFact, TopicFact, ValidationFact, topic_fact

__all__ = ["Deferred", "Facts", "Mailable", "Verdict", "Withheld", "decide", "facts_about", "reasons_for"]


@dataclass(frozen=True, slots=True)
class Mailable:
    """Nothing stands against it."""

    kind: Literal["mailable"] = field(default="mailable", kw_only=True, repr=False)


@dataclass(frozen=True, slots=True)
class Withheld:
    """Not to be sent; all reasons, strongest first."""

    reasons: tuple[Reason, ...]
    kind: Literal["withheld"] = field(default="withheld", kw_only=True, repr=False)

    def __post_init__(self) -> None:
        if not self.reasons:
            raise ValueError("nobody is withheld without a reason")


@dataclass(frozen=True, slots=True)
class Deferred:
    """Not now, but from ``until`` on."""

    until: datetime
    reason: Reason
    kind: Literal["deferred"] = field(default="deferred", kw_only=True, repr=False)


Verdict: TypeAlias = Mailable | Withheld | Deferred

_MAILABLE = Mailable()


class Facts(NamedTuple):
    """
    What is known of one recipient for one request. ``evidence`` holds the suppressions behind the denials.

    A light tuple, since one is made for everybody who is written to; `facts_about` makes one from a contact.
    """

    address: Address
    standing: Standing
    contact: ContactId | None = None
    topic: TopicId | None = None
    evidence: tuple[Suppression, ...] = ()

    @property
    def purpose(self) -> Purpose:
        """What the message is for."""
        return Cell.unpacked(self.standing.cell).purpose


def facts_about(
    who: Contact | Address,
    purpose: Purpose,
    *,
    topic: Topic | None = None,
    suppressions: Iterable[Suppression] = (),
    provider: str | None = None,
    excluded: bool = False,
) -> Facts:
    """
    Gather the facts of one recipient from the values you hold; a bare `Address` is one nobody has stored (R49).

    A provider's own suppression counts only for that ``provider``. Marketing reads the topic; for transactional mail
    it is left out, since none applies (R19).

    >>> from migma_core.audience import Address
    >>> decide(facts_about(Address("ada", "example.com"), Purpose.TRANSACTIONAL))
    Mailable()
    """
    evidence = tuple(one for one in suppressions if one.provider in {None, provider})
    denials = Denials.EXCLUDED if excluded else Denials(0)
    for one in evidence:
        denials |= one.denial
    address = who if isinstance(who, Address) else who.address
    contact = None if isinstance(who, Address) else who.id
    asked = topic if purpose is Purpose.MARKETING else None
    standing = Standing(_cell(who, purpose, asked).packed, int(denials))
    return Facts(address, standing, contact, asked.id if asked else None, evidence)


def decide(facts: Facts, policy: Policy = MIGMA) -> Verdict:
    """
    Decide about one recipient: the same verdict alone and among a thousand.

    >>> from datetime import UTC, datetime
    >>> from migma_core.audience import Address
    >>> bounce = Suppression(SuppressionReason.BOUNCE, datetime(2026, 5, 1, tzinfo=UTC), "ses")
    >>> decide(facts_about(Address("ada", "example.com"), Purpose.TRANSACTIONAL, suppressions=[bounce]))
    Withheld(reasons=(HardBounce(at=datetime.datetime(2026, 5, 1, 0, 0, tzinfo=datetime.timezone.utc), source='ses'),))
    """
    code = policy.code(facts.standing)
    return Withheld(reasons_for(code, facts, policy)) if code else _MAILABLE


def reasons_for(code: int, facts: Facts, policy: Policy) -> tuple[Reason, ...]:
    """Every reason in a code with the evidence for it, strongest first."""
    return tuple(_reason(kind, facts) for kind in policy.kinds(code))


def _cell(who: Contact | Address, purpose: Purpose, topic: Topic | None) -> Cell:
    if isinstance(who, Address):
        asked = TopicFact.NO_TOPIC if topic is None else topic_fact(topic.default, None)
        return Cell(purpose, StatusFact.NO_CONTACT, is_role=who.is_role, topic=asked)
    return Cell(
        purpose,
        StatusFact.of(who.status),
        ValidationFact.of(who.validation),
        who.address.is_role,
        ConsentFact.NONE if who.consent is None else ConsentFact.of(who.consent.level),
        TopicFact.NO_TOPIC if topic is None else topic_fact(topic.default, who.topics.get(topic.id)),
    )


_Listed: TypeAlias = Callable[..., Reason]
_REASON_OF_SUPPRESSION: Mapping[ReasonKind, tuple[SuppressionReason, _Listed]] = {
    ReasonKind.HARD_BOUNCE: (SuppressionReason.BOUNCE, why.HardBounce),
    ReasonKind.COMPLAINT: (SuppressionReason.COMPLAINT, why.Complaint),
    ReasonKind.MANUAL: (SuppressionReason.MANUAL, why.Manual),
    ReasonKind.ERASED: (SuppressionReason.ERASED, why.Erased),
    ReasonKind.PROVIDER_SUPPRESSED: (SuppressionReason.PROVIDER, why.ProviderSuppressed),
    ReasonKind.UNSUBSCRIBED: (SuppressionReason.UNSUBSCRIBE, why.Unsubscribed),
    ReasonKind.OBJECTION: (SuppressionReason.OBJECTION, why.Objection),
    ReasonKind.SOFT_BOUNCE_LIMIT: (SuppressionReason.SOFT_BOUNCE_LIMIT, why.SoftBounceLimit),
}


def _reason(kind: ReasonKind, facts: Facts) -> Reason:
    if kind in _REASON_OF_SUPPRESSION:
        listed, variant = _REASON_OF_SUPPRESSION[kind]
        found = next((one for one in facts.evidence if one.reason is listed), None)
        return variant(found.at, found.source) if found else variant()
    return _reason_of_cell(kind, facts)


def _reason_of_cell(kind: ReasonKind, facts: Facts) -> Reason:
    cell = Cell.unpacked(facts.standing.cell)
    match kind:
        case ReasonKind.INVALID_ADDRESS:
            return why.InvalidAddressFound()
        case ReasonKind.NOT_SUBSCRIBED:
            return why.NotSubscribed(cell.status)
        case ReasonKind.CONSENT_UNPROVEN:
            return why.ConsentUnproven(cell.consent)
        case ReasonKind.TOPIC_LEFT:
            return why.TopicLeft(facts.topic)
        case ReasonKind.TOPIC_NOT_JOINED:
            return why.TopicNotJoined(facts.topic)
        case ReasonKind.CONSENT_LAPSED:
            return why.ConsentLapsed()
        case ReasonKind.RISKY_ADDRESS:
            return why.RiskyAddress()
        case ReasonKind.ROLE_ADDRESS:
            return why.RoleAddress()
        case ReasonKind.EXCLUDED:
            return why.Excluded()
        case _:
            digits = ("status", "validation", "consent", "topic")
            return why.Unreadable(tuple(digit for digit in digits if cell.is_unreadable(digit)))
