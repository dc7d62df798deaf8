"""
The checker: given facts and a claimed verdict, says what is wrong with the claim. It shares no code with `decide`.

Digits are taken apart by its own arithmetic, and what each shipped rule means is written down a second time, from the
product's rules and the law. Of a policy it takes only which rules there are and for whom; a rule of one's own is asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from . import reasons as why
from .circumstances import Circumstances
from .facts import Facts
from .outside import OutsideRule
from .policy import Policy
from .reasons import Reason, ReasonKind
from .rules import CellRule, DenialRule
from .standing import Cell
from .verdict import Deferred, Mailable, Verdict, Withheld

__all__ = ["check"]


class _Digits(NamedTuple):
    """A cell taken apart: 2 × 6 × 5 × 2 × 5 × 9, the purpose first."""

    purpose: int
    status: int
    validation: int
    is_role: int
    consent: int
    topic: int


class _Meaning(NamedTuple):
    """What a shipped rule means: its reason, the digit it reads, and of which values it withholds or is blind."""

    kind: str
    digit: str
    withholds: set[int]
    blind: set[int]


_CELL_RULES: Mapping[str, _Meaning] = {
    "status_bounced": _Meaning("hard_bounce", "status", {3}, {5}),  # R12
    "invalid_address": _Meaning("invalid_address", "validation", {1}, {4}),  # R13
    "status_unsubscribed": _Meaning("unsubscribed", "status", {1}, {5}),  # R9
    "not_subscribed": _Meaning("not_subscribed", "status", {2, 4}, {5}),  # R10, R49
    "topic_left": _Meaning("topic_left", "topic", {3, 7}, {4, 8}),  # R23
    "topic_not_joined": _Meaning("topic_not_joined", "topic", {5}, {4, 8}),  # R22
    "risky_address": _Meaning("risky_address", "validation", {2}, {4}),  # R14
    "consent_unproven": _Meaning("consent_unproven", "consent", {2, 3}, {4}),  # O-01
    "role_address": _Meaning("role_address", "is_role", {1}, set()),  # I-08
}
_DENIAL_RULES: Mapping[str, tuple[str, int]] = {  # D13
    "hard_bounce": ("hard_bounce", 1),
    "complaint": ("complaint", 2),
    "manual": ("manual", 4),
    "erased": ("erased", 8),
    "provider_suppressed": ("provider_suppressed", 16),
    "unsubscribed": ("unsubscribed", 32),
    "objection": ("objection", 64),
    "soft_bounce_limit": ("soft_bounce_limit", 128),
    "excluded": ("excluded", 256),
    "unreadable": ("unreadable", 512),
    "reserved_name": ("invalid_address", 1024),
}
_LISTED_AS = {"hard_bounce": "bounce", "provider_suppressed": "provider", "unsubscribed": "unsubscribe"} | {
    name: name for name in ("complaint", "manual", "erased", "objection", "soft_bounce_limit")
}  # the entry of the suppression list behind each reason that has one
_ORDER = [str(kind) for kind in ReasonKind]  # D18, pinned by a test of its own


@dataclass
class _Expected:
    """What must be said: kinds of reasons, those that carry their own evidence, facts unread, and deferrals."""

    kinds: set[str] = field(default_factory=set)
    own: list[Reason] = field(default_factory=list)
    unread: set[str] = field(default_factory=set)
    deferrals: list[Deferred] = field(default_factory=list)


def check(facts: Facts, verdict: Verdict, policy: Policy, now: datetime | None = None) -> tuple[str, ...]:
    """
    Say everything that is wrong with a verdict; empty where it is right: each evidence true, no reason omitted or made
    up, the order that of design D18, and for `Mailable` every denial absent.

    >>> from migma_core import MIGMA, Address, Denials, Facts, Standing
    >>> check(Facts(Address("ada", "example.com"), Standing(0, Denials.MANUAL)), Mailable(), MIGMA)
    ('claimed mailable, but: manual',)
    """
    expected = _expected(facts, policy, now)
    match verdict:
        case Mailable():
            missing = sorted(expected.kinds, key=_ORDER.index) or [one.reason.kind for one in expected.deferrals]
            return (f"claimed mailable, but: {', '.join(missing)}",) if missing else ()
        case Withheld(reasons):
            return tuple(_withheld(reasons, facts, policy, expected))
        case Deferred():
            return _deferred(verdict, expected)


def _expected(facts: Facts, policy: Policy, now: datetime | None) -> _Expected:
    digits, found = _digits(facts.standing.cell), _Expected()
    for rule in policy.rules:
        if digits.purpose in map(int, rule.purposes):
            _ask_table_rule(rule, digits, facts, found)
    for outside in policy.outside:
        if digits.purpose in map(int, outside.purposes):
            _ask_outside(outside, facts.circumstances, now, found)
    if found.unread:
        found.kinds.add("unreadable")
    return found


def _digits(cell: int) -> _Digits:
    return _Digits(cell // 2700, cell // 450 % 6, cell // 90 % 5, cell // 45 % 2, cell // 9 % 5, cell % 9)


def _ask_table_rule(rule: CellRule | DenialRule, digits: _Digits, facts: Facts, found: _Expected) -> None:
    if isinstance(rule, DenialRule):
        kind, bit = _DENIAL_RULES.get(rule.name, (str(rule.reason), int(rule.denial)))
        if facts.standing.denials & bit:
            found.kinds.add(kind)
        return
    meaning = _CELL_RULES.get(rule.name)
    if meaning is None:  # a rule of one's own is asked itself
        cell = Cell.unpacked(facts.standing.cell)
        unread, withholds = {one for one in rule.reads if cell.is_unreadable(one)}, rule.withholds(cell)
    else:
        value = getattr(digits, meaning.digit)
        unread, withholds = {meaning.digit} if value in meaning.blind else set(), value in meaning.withholds
    found.unread |= unread
    if withholds and not unread:
        found.kinds.add(str(rule.reason) if meaning is None else meaning.kind)


def _ask_outside(rule: OutsideRule, known: Circumstances | None, now: datetime | None, found: _Expected) -> None:
    unread = set(rule.reads) if known is None else set(rule.reads & known.unreadable)
    found.unread |= unread
    if unread:
        return
    if now is None:
        raise ValueError("a policy that reads the clock is checked as of the moment it decided: pass now")
    answer = rule.judge(known or Circumstances(), now)
    if isinstance(answer, Deferred):
        found.deferrals.append(answer)
    elif answer is not None:
        found.kinds.add(str(answer.kind))
        found.own.append(answer)


def _withheld(reasons: tuple[Reason, ...], facts: Facts, policy: Policy, expected: _Expected) -> list[str]:
    claimed = [str(one.kind) for one in reasons]
    said = [f"omitted: {one}" for one in sorted(expected.kinds - set(claimed), key=_ORDER.index)]
    said += [f"made up: {one}" for one in claimed if one not in expected.kinds]
    if claimed != sorted(claimed, key=_ORDER.index) or len(set(reasons)) != len(reasons):
        said.append(f"not in order, or repeated: {', '.join(claimed)}")
    return said + [f"not so: {one!r}" for one in reasons if not _is_true(one, facts, policy, expected)]


def _is_true(reason: Reason, facts: Facts, policy: Policy, expected: _Expected) -> bool:
    """Whether the evidence in a reason is what is known."""
    digits = _digits(facts.standing.cell)
    match reason:
        case why.NotSubscribed(status):
            return int(status) == digits.status
        case why.ConsentUnproven(consent):
            return int(consent) == digits.consent
        case why.TopicLeft(topic) | why.TopicNotJoined(topic):
            return topic == facts.topic
        case why.InvalidAddressFound(reserved):
            holds = any(
                one.name == "reserved_name" and digits.purpose in map(int, one.purposes) for one in policy.rules
            )
            return reserved is bool(facts.standing.denials & 1024 and holds)
        case why.Unreadable(unread):
            return set(unread) == expected.unread
        case _ if reason.kind in _LISTED_AS and reason not in expected.own:
            entries = [(one.at, one.source) for one in facts.evidence if one.reason == _LISTED_AS[reason.kind]]
            said = getattr(reason, "at", None), getattr(reason, "source", None)
            return said in entries if entries else said == (None, None)
        case _:
            return reason in expected.own or reason.kind not in {one.kind for one in expected.own}


def _deferred(verdict: Deferred, expected: _Expected) -> tuple[str, ...]:
    if expected.kinds:
        return (f"claimed deferred, but: {', '.join(sorted(expected.kinds, key=_ORDER.index))}",)
    latest = max((one.until for one in expected.deferrals), default=None)
    if latest != verdict.until or verdict.reason not in [one.reason for one in expected.deferrals]:
        return (f"claimed deferred until {verdict.until}, which no rule says last",)
    return ()
