"""Eligibility: may this message go to this one person? An answer with all its reasons, never an exception."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias, TypeVar

from ..audience.suppression import Denials, SuppressionReason
from . import reasons as why
from .circumstances import Circumstances
from .facts import Facts
from .outside import Answer
from .policy import MIGMA, Policy
from .reasons import STRENGTH, Reason, ReasonKind
from .standing import FIRST_TRANSACTIONAL, Cell, Standing
from .verdict import MAILABLE, Deferred, Verdict, Withheld, latest_deferral

__all__ = ["answers_outside", "decide", "decide_rows", "reasons_for"]


def decide(facts: Facts, policy: Policy = MIGMA, now: datetime | None = None) -> Verdict:
    """
    Decide about one recipient: the same verdict alone and among a thousand.

    ``now`` is the aware present; only a policy with rules outside its table needs it, and raises `ValueError` without.

    >>> from datetime import UTC, datetime
    >>> from migma_core import Address, Purpose, Suppression, facts_about
    >>> bounce = Suppression(SuppressionReason.BOUNCE, datetime(2026, 5, 1, tzinfo=UTC), "ses")
    >>> decide(facts_about(Address("ada", "example.com"), Purpose.TRANSACTIONAL, suppressions=[bounce]))
    Withheld(reasons=(HardBounce(at=datetime.datetime(2026, 5, 1, 0, 0, tzinfo=datetime.timezone.utc), source='ses'),))
    """
    standing = facts.standing
    code = policy.code(standing)
    if policy.outside and (answers := answers_outside(standing, facts.circumstances, policy, now)):
        return _strictest(code, answers, facts, policy)
    return _withheld(code, facts, policy) if code else MAILABLE


def decide_rows(rows: Iterable[R], policy: Policy = MIGMA) -> Iterator[tuple[R, tuple[ReasonKind, ...]]]:
    """
    Decide about a stream of plain rows that begin with their standing: a cell, and what stands against the address.

    The fastest way through a large audience: each row comes back with its reasons, none where it is mailable. Raises
    `IndexError` for a cell that does not exist, and `ValueError` for a policy with rules outside its table.

    >>> [reasons for _, reasons in decide_rows([(0, 0, "ada"), (0, Denials.MANUAL, "bob")])]
    [(), (<ReasonKind.MANUAL: 'manual'>,)]
    """
    policy.needs_no_person()
    table, (marketing, transactional), kinds = policy.table, policy.stops, policy.kinds
    for row in rows:
        cell, denials, *_ = row
        if cell < 0:
            raise IndexError(f"{cell} is no cell")
        code = table[cell] | denials & (marketing if cell < FIRST_TRANSACTIONAL else transactional)
        yield row, kinds(code) if code else ()


def reasons_for(code: int, facts: Facts, policy: Policy) -> tuple[Reason, ...]:
    """Every reason in a code with the evidence for it, strongest first."""
    return tuple(_reason(kind, code, facts, policy) for kind in policy.kinds(code))


def answers_outside(
    standing: Standing, known: Circumstances | None, policy: Policy, now: datetime | None
) -> tuple[Reason | Deferred, ...]:
    """What the rules outside the table have against it. Raises `ValueError` without an aware ``now``."""
    if now is None or now.tzinfo is None:
        raise ValueError(f"policy {policy.name} has rules that read the clock: pass now, an aware datetime")
    answers: tuple[Reason | Deferred, ...] = ()
    for judge, reads in policy.outside_for[standing[0] >= FIRST_TRANSACTIONAL]:
        answer: Answer = _unread(reads, known) if reads else None
        if answer is None:
            answer = judge(known or _NOTHING, now)
        if answer is not None:
            answers = (*answers, answer)
    return answers


def _unread(reads: frozenset[str], known: Circumstances | None) -> why.Unreadable | None:
    """What a rule reads and nobody could: the rule is not asked then, and the recipient is unreadable."""
    blind = reads if known is None else reads & known.unreadable
    return why.Unreadable(tuple(sorted(blind))) if blind else None


def _withheld(code: int, facts: Facts, policy: Policy) -> Withheld:
    """
    The reasons of a code. Without evidence they depend on code, cell and topic alone, and one value serves everybody:
    making frozen values is what deciding would otherwise spend its time on.
    """
    if facts.evidence:
        return Withheld(reasons_for(code, facts, policy))
    key = code, facts.standing.cell, facts.topic
    known = policy.withheld.get(key)
    if known is None:
        if len(policy.withheld) >= _MOST_KEPT:
            policy.withheld.clear()
        known = policy.withheld[key] = Withheld(reasons_for(code, facts, policy))
    return known


def _strictest(code: int, answers: Sequence[Reason | Deferred], facts: Facts, policy: Policy) -> Verdict:
    """Withheld beats deferred, and the latest ``until`` wins (design D4)."""
    against = [*reasons_for(code, facts, policy), *(one for one in answers if not isinstance(one, Deferred))]
    return Withheld(_in_order(against)) if against else latest_deferral(answers)


def _in_order(reasons: Sequence[Reason]) -> tuple[Reason, ...]:
    """Each once, strongest first; what could not be read is one reason, however many looked for it."""
    blind = [one for one in reasons if isinstance(one, why.Unreadable)]
    facts = tuple(dict.fromkeys(fact for one in blind for fact in one.facts))
    known: list[Reason] = [one for one in reasons if not isinstance(one, why.Unreadable)]
    together = [*known, why.Unreadable(facts)] if blind else known
    return tuple(sorted(dict.fromkeys(together), key=lambda one: STRENGTH[one.kind]))


R = TypeVar("R", bound=Sequence[Any])
_NOTHING = Circumstances()
_MOST_KEPT = 10_000
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


def _reason(kind: ReasonKind, code: int, facts: Facts, policy: Policy) -> Reason:
    if kind in _REASON_OF_SUPPRESSION:
        listed, variant = _REASON_OF_SUPPRESSION[kind]
        found = next((one for one in facts.evidence if one.reason is listed), None)
        return variant(found.at, found.source) if found else variant()
    if kind is ReasonKind.INVALID_ADDRESS:
        return why.InvalidAddressFound(bool(code & Denials.RESERVED_NAME))
    return _reason_of_cell(kind, facts, policy)


def _reason_of_cell(kind: ReasonKind, facts: Facts, policy: Policy) -> Reason:
    cell = Cell.unpacked(facts.standing.cell)
    match kind:
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
            read = policy.digits_read[cell.purpose]
            return why.Unreadable(tuple(digit for digit in read if cell.is_unreadable(digit)))
