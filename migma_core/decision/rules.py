"""
The rules, one by one: who is withheld, from what, and by which source.

A *cell rule* reads digits of a standing's cell; a *denial rule* says what one denial stops. Nothing else decides in the
table, and every rule only ever withholds. R numbers are the product's rules, letters the compliance rules.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from ..audience.suppression import Denials
from .purpose import Purpose
from .reasons import ReasonKind
from .standing import Cell, ConsentFact, StatusFact, TopicFact, ValidationFact

__all__ = [
    "BOTH",
    "MARKETING_ONLY",
    "CellRule",
    "DenialRule",
    "Rule",
    "complaint",
    "consent_unproven",
    "erased",
    "excluded",
    "hard_bounce",
    "invalid_address",
    "manual",
    "not_subscribed",
    "objection",
    "provider_suppressed",
    "reserved_name",
    "risky_address",
    "role_address",
    "soft_bounce_limit",
    "status_bounced",
    "status_unsubscribed",
    "topic_left",
    "topic_not_joined",
    "unreadable",
    "unsubscribed",
]

BOTH = frozenset(Purpose)
MARKETING_ONLY = frozenset({Purpose.MARKETING})


@dataclass(frozen=True, slots=True)
class CellRule:
    """
    Withholds where ``withholds(cell)`` is true, for these purposes.

    ``reads`` names the digits the function looks at: where one of them is unreadable the rule is not asked, and the
    recipient is withheld as unreadable (design D4). Raises `ValueError` for a name that is no digit of a cell, since a
    misspelt one would never be found unreadable.
    """

    name: str
    reason: ReasonKind
    source: str
    purposes: frozenset[Purpose]
    reads: tuple[str, ...]
    withholds: Callable[[Cell], bool]

    def __post_init__(self) -> None:
        if unknown := set(self.reads) - set(Cell._fields):
            digits = ", ".join(Cell._fields)
            raise ValueError(f"rule {self.name} reads {', '.join(sorted(unknown))}; the digits are {digits}")


@dataclass(frozen=True, slots=True)
class DenialRule:
    """Withholds wherever this denial stands, for these purposes."""

    name: str
    reason: ReasonKind
    source: str
    purposes: frozenset[Purpose]
    denial: Denials


Rule: TypeAlias = CellRule | DenialRule


def _cell_rule(
    reason: ReasonKind, source: str, purposes: frozenset[Purpose], *reads: str
) -> Callable[[Callable[[Cell], bool]], CellRule]:
    """Make a rule of the function below, under the function's name."""

    def rule(withholds: Callable[[Cell], bool]) -> CellRule:
        return CellRule(withholds.__name__, reason, source, purposes, reads, withholds)

    return rule


@_cell_rule(ReasonKind.HARD_BOUNCE, "R12, A-03", BOTH, "status")
def status_bounced(cell: Cell) -> bool:
    """A contact whose status is *bounced* is never reached; no override exists."""
    return cell.status is StatusFact.BOUNCED


@_cell_rule(ReasonKind.INVALID_ADDRESS, "R13", BOTH, "validation")
def invalid_address(cell: Cell) -> bool:
    """An address found undeliverable is skipped, whatever the purpose."""
    return cell.validation is ValidationFact.INVALID


@_cell_rule(ReasonKind.UNSUBSCRIBED, "R9, R18", MARKETING_ONLY, "status")
def status_unsubscribed(cell: Cell) -> bool:
    """Whoever unsubscribed gets no marketing, also on a topic they once joined."""
    return cell.status is StatusFact.UNSUBSCRIBED


@_cell_rule(ReasonKind.NOT_SUBSCRIBED, "R10, R49, A-05", MARKETING_ONLY, "status")
def not_subscribed(cell: Cell) -> bool:
    """Marketing needs a person who subscribed; one nobody knows has not."""
    return cell.status in {StatusFact.NON_SUBSCRIBED, StatusFact.NO_CONTACT}


@_cell_rule(ReasonKind.TOPIC_LEFT, "R20, R23", MARKETING_ONLY, "topic")
def topic_left(cell: Cell) -> bool:
    """A personal "no" to the topic beats its default."""
    return cell.topic in {TopicFact.SUBSCRIBED_LEFT, TopicFact.NOT_SUBSCRIBED_LEFT}


@_cell_rule(ReasonKind.TOPIC_NOT_JOINED, "R22", MARKETING_ONLY, "topic")
def topic_not_joined(cell: Cell) -> bool:
    """A topic nobody is subscribed to by default reaches only those who joined it."""
    return cell.topic is TopicFact.NOT_SUBSCRIBED_NO_RECORD


@_cell_rule(ReasonKind.RISKY_ADDRESS, "R14, R15", MARKETING_ONLY, "validation")
def risky_address(cell: Cell) -> bool:
    """Risky addresses get no marketing where the account says so (off in the ``migma`` policy)."""
    return cell.validation is ValidationFact.RISKY


@_cell_rule(ReasonKind.CONSENT_UNPROVEN, "A-05, O-01, O-03", MARKETING_ONLY, "consent")
def consent_unproven(cell: Cell) -> bool:
    """Marketing needs consent that can be shown, or a complete soft opt-in (``strict`` only)."""
    return cell.consent in {ConsentFact.UNPROVEN, ConsentFact.NONE}


@_cell_rule(ReasonKind.ROLE_ADDRESS, "I-08", MARKETING_ONLY, "is_role")
def role_address(cell: Cell) -> bool:
    """No marketing to mailboxes of a function (``strict`` only)."""
    return cell.is_role


hard_bounce = DenialRule("hard_bounce", ReasonKind.HARD_BOUNCE, "R12, R17, A-03", BOTH, Denials.HARD_BOUNCE)
complaint = DenialRule("complaint", ReasonKind.COMPLAINT, "R16, R17, L-01", BOTH, Denials.COMPLAINT)
manual = DenialRule("manual", ReasonKind.MANUAL, "R16, R17", BOTH, Denials.MANUAL)
erased = DenialRule("erased", ReasonKind.ERASED, "O-06", MARKETING_ONLY, Denials.ERASED)
provider_suppressed = DenialRule(
    "provider_suppressed", ReasonKind.PROVIDER_SUPPRESSED, "K-01", BOTH, Denials.PROVIDER_SUPPRESSED
)
unsubscribed = DenialRule("unsubscribed", ReasonKind.UNSUBSCRIBED, "R16, R17", MARKETING_ONLY, Denials.UNSUBSCRIBED)
objection = DenialRule("objection", ReasonKind.OBJECTION, "O-05", MARKETING_ONLY, Denials.OBJECTION)
soft_bounce_limit = DenialRule(
    "soft_bounce_limit", ReasonKind.SOFT_BOUNCE_LIMIT, "K-05", MARKETING_ONLY, Denials.SOFT_BOUNCE_LIMIT
)
excluded = DenialRule("excluded", ReasonKind.EXCLUDED, "design D4", BOTH, Denials.EXCLUDED)
unreadable = DenialRule("unreadable", ReasonKind.UNREADABLE, "A-01, design D4", BOTH, Denials.UNREADABLE)
reserved_name = DenialRule(
    "reserved_name", ReasonKind.INVALID_ADDRESS, "I-02, RFC 2606, RFC 6761", BOTH, Denials.RESERVED_NAME
)
"""No mail reaches names set aside for documents and tests (``strict`` only: the guide's own samples use one)."""
