"""Policies: a name, a version and rules, tabulated over every standing there is."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property, lru_cache
from typing import TypeAlias

from ..audience.suppression import Denials
from ..audience.topic import TopicId
from . import rules as r
from .circumstances import Circumstances, Wanted
from .outside import Answer, OutsideRule
from .purpose import Purpose
from .reasons import STRENGTH, ReasonKind
from .rules import CellRule, DenialRule, Rule
from .standing import CELLS, FIRST_TRANSACTIONAL, Cell, Standing, all_cells
from .verdict import Withheld

__all__ = ["ALWAYS", "MIGMA", "STRICT", "Policy"]

_Asked: TypeAlias = tuple[tuple[Callable[[Circumstances, datetime], Answer], frozenset[str]], ...]
_DENIAL_BITS, _UNREADABLE = len(Denials), int(Denials.UNREADABLE)


ALWAYS: tuple[Rule, ...] = (
    r.status_bounced,
    r.hard_bounce,
    r.status_unsubscribed,
    r.unsubscribed,
    r.objection,
    r.erased,
    replace(r.complaint, purposes=r.MARKETING_ONLY),
)
"""
Rules that no policy, override or purpose goes without (R9, R12, S8; A-03, L-01, O-05 to O-07); a namesake is not the
rule.
"""


@dataclass(frozen=True)
class Policy:
    """
    A value that says who may be mailed: its own rules, and the table they make.

    Looking a standing up gives a *code*: 0 for mailable, else one bit for each denial and each rule that withholds.
    ``outside`` are the rules that no table can hold, since they read the clock or are the user's own code.
    ``needs_justification`` asks for a text where a whole audience is mailed as transactional (design D5),
    ``needs_topic`` for a topic of every marketing send (A-06). With ``topic_links`` the link of a mail on a topic is
    for that topic alone, and the page offers all marketing as well (design D12, D-11).

    >>> MIGMA.kinds(MIGMA.code(Standing(0, Denials.UNSUBSCRIBED)))
    (<ReasonKind.UNSUBSCRIBED: 'unsubscribed'>,)
    """

    name: str
    version: int
    rules: tuple[Rule, ...]
    needs_justification: bool = False
    outside: tuple[OutsideRule, ...] = ()
    needs_topic: bool = False
    topic_links: bool = False

    def __post_init__(self) -> None:
        names = [rule.name for rule in (*self.rules, *self.outside)]
        if len(set(names)) != len(names):
            raise ValueError(f"a policy names each rule once; given: {', '.join(sorted(names))}")
        if lost := [rule.name for rule in ALWAYS if not any(_holds(rule, ours) for ours in self.rules)]:
            raise ValueError(
                f"a policy keeps {' and '.join(lost)}, and widens it at most: bounced addresses are never mailed, and "
                "those who unsubscribed, objected, complained or asked to be forgotten get no marketing"
            )

    @cached_property
    def table(self) -> array[int]:
        """What the cell rules say in each of the 5,400 cells (8 octets each on any platform, built once)."""
        return _tabulated(self.rules)

    @cached_property
    def stops(self) -> tuple[int, int]:
        """Which denials stop each purpose, as a mask; indexed by `Purpose`."""
        masks = [0, 0]
        for rule in self.rules:
            if isinstance(rule, DenialRule):
                for purpose in rule.purposes:
                    masks[purpose] |= int(rule.denial)
        return masks[0], masks[1]

    @cached_property
    def fingerprint(self) -> str:
        """16 hex digits that change whenever any verdict could: recorded with every decision (A-10)."""
        reasons = [(bit, str(kind)) for bit, kind in self._reason_of_bit]
        digest = hashlib.sha256(f"{self.name}\0{self.version}\0{self.stops}\0{reasons}\0".encode())
        digest.update(",".join(map(str, self.table)).encode())
        for rule in self.outside:
            told = (rule.name, sorted(rule.purposes), sorted(rule.reads), rule.looks_back, rule.terms)
            digest.update(f"\0{type(rule).__name__}{told}".encode())
        return digest.hexdigest()[:16]

    @cached_property
    def outside_for(self) -> tuple[_Asked, _Asked]:
        """How the rules outside the table judge, and what each reads; indexed by `Purpose`."""
        marketing, transactional = (
            tuple((one.judge, one.reads) for one in self.outside if purpose in one.purposes) for purpose in Purpose
        )
        return marketing, transactional

    @cached_property
    def wanted(self) -> Wanted:
        """The circumstances that rules outside the table look at: what is gathered, and put on record."""
        names = frozenset[str]().union(*(rule.reads for rule in self.outside))
        return Wanted(names, max((rule.looks_back for rule in self.outside), default=timedelta()))

    @cached_property
    def digits_read(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The digits of a cell that rules for each purpose look at, in the cell's order; indexed by `Purpose`."""
        marketing, transactional = (
            {digit for _, rule in self._bits if purpose in rule.purposes for digit in rule.reads} for purpose in Purpose
        )
        return (
            tuple(digit for digit in Cell._fields if digit in marketing),
            tuple(digit for digit in Cell._fields if digit in transactional),
        )

    @property
    def refuses_reserved_names(self) -> bool:
        """Whether names set aside for documents and tests are refused as senders and recipients (I-02)."""
        return any(_holds(r.reserved_name, rule) for rule in self.rules)

    def needs_no_person(self) -> None:
        """Raise `ValueError` if standings alone do not decide, since a rule outside the table asks about the person."""
        if self.outside:
            names = ", ".join(rule.name for rule in self.outside)
            raise ValueError(f"policy {self.name} asks about each person ({names}): plan the audience instead")

    def code(self, standing: Standing) -> int:
        """Decide by look-up: 0 is mailable. Raises `IndexError` for a cell that does not exist."""
        cell, denials = standing
        if cell < 0:
            raise IndexError(f"{cell} is no cell")
        return self.table[cell] | int(denials) & self.stops[cell >= FIRST_TRANSACTIONAL]

    def kinds(self, code: int) -> tuple[ReasonKind, ...]:
        """The reasons in a code, each once, strongest first."""
        known = self._kinds_of.get(code)
        if known is None:
            found = {kind for bit, kind in self._reason_of_bit if code & bit}
            known = self._kinds_of[code] = tuple(sorted(found, key=STRENGTH.__getitem__))
        return known

    def with_rules(self, *more: Rule | OutsideRule, name: str | None = None) -> Policy:
        """This policy and more rules, of the table or outside it; a rule of the same name takes the other's place."""
        new = {one.name for one in more}
        tabled = tuple(one for one in more if isinstance(one, CellRule | DenialRule))
        beside = tuple(one for one in more if not isinstance(one, CellRule | DenialRule))
        return replace(
            self,
            name=name or f"{self.name}+{'+'.join(one.name for one in more)}",
            rules=(*(rule for rule in self.rules if rule.name not in new), *tabled),
            outside=(*(rule for rule in self.outside if rule.name not in new), *beside),
        )

    def without(self, *names: str, name: str | None = None) -> Policy:
        """This policy less some rules. Raises `ValueError` for a name it does not hold."""
        if missing := set(names) - {rule.name for rule in (*self.rules, *self.outside)}:
            raise ValueError(f"policy {self.name} has no rule named {', '.join(sorted(missing))}")
        return replace(
            self,
            name=name or f"{self.name}-{'-'.join(names)}",
            rules=tuple(rule for rule in self.rules if rule.name not in names),
            outside=tuple(rule for rule in self.outside if rule.name not in names),
        )

    def relaxed(self, denial: Denials, name: str | None = None) -> Policy:
        """
        R17's switch: let ``COMPLAINT`` or ``MANUAL`` stop marketing only. Raises `ValueError` for any other denial.

        >>> MIGMA.relaxed(Denials.MANUAL).code(Standing(2700, Denials.MANUAL))
        0
        """
        switchable = {Denials.COMPLAINT: r.complaint, Denials.MANUAL: r.manual}
        if denial not in switchable:
            raise ValueError(f"only COMPLAINT and MANUAL can be relaxed (R17), not {denial!r}")
        return self.with_rules(replace(switchable[denial], purposes=r.MARKETING_ONLY), name=name)

    @property
    def _bits(self) -> tuple[tuple[int, CellRule], ...]:
        return _bits_of(self.rules)

    @cached_property
    def _reason_of_bit(self) -> tuple[tuple[int, ReasonKind], ...]:
        denials = ((int(rule.denial), rule.reason) for rule in self.rules if isinstance(rule, DenialRule))
        blind = (int(Denials.UNREADABLE), ReasonKind.UNREADABLE)
        return (*denials, blind, *((bit, rule.reason) for bit, rule in self._bits))

    @cached_property
    def withheld(self) -> dict[tuple[int, int, TopicId | None], Withheld]:
        """Verdicts made before, by code, cell and topic: for `decide` alone."""
        return {}

    @cached_property
    def _kinds_of(self) -> dict[int, tuple[ReasonKind, ...]]:
        return {}


@lru_cache(maxsize=256)  # policies that differ in nothing the table holds share it
def _tabulated(rules: tuple[Rule, ...]) -> array[int]:
    table = array("Q", bytes(8 * CELLS))
    for bit, rule in _bits_of(rules):
        blind, withheld = _cells_of(rule)
        for cell in blind:
            table[cell] |= _UNREADABLE
        for cell in withheld:
            table[cell] |= bit
    return table


@lru_cache(maxsize=256)  # many policies are made of few rules
def _cells_of(rule: CellRule) -> tuple[array[int], array[int]]:
    """The cells in which the rule cannot read what it looks at, and those in which it withholds."""
    blind, withheld = array("H"), array("H")
    for number, cell in enumerate(all_cells()):
        if cell.purpose in rule.purposes:
            if any(cell.is_unreadable(digit) for digit in rule.reads):
                blind.append(number)
            elif rule.withholds(cell):
                withheld.append(number)
    return blind, withheld


@lru_cache(maxsize=256)
def _bits_of(rules: tuple[Rule, ...]) -> tuple[tuple[int, CellRule], ...]:
    """The bit of each cell rule, after those of the denials."""
    cell_rules = (rule for rule in rules if isinstance(rule, CellRule))
    return tuple((1 << place, rule) for place, rule in enumerate(cell_rules, _DENIAL_BITS))


def forget_tables() -> None:
    """Build tables anew when they are next asked for: for measuring."""
    _tabulated.cache_clear()
    _cells_of.cache_clear()


def _holds(rule: Rule, ours: Rule) -> bool:
    """Whether ours withholds wherever the rule does: the very rule, for its purposes at least."""
    return ours.purposes >= rule.purposes and replace(ours, purposes=rule.purposes) == rule


_EVERYWHERE: tuple[Rule, ...] = (
    r.status_bounced,
    r.hard_bounce,
    r.complaint,
    r.manual,
    r.invalid_address,
    r.erased,
    r.provider_suppressed,
    r.status_unsubscribed,
    r.unsubscribed,
    r.objection,
    r.not_subscribed,
    r.topic_left,
    r.topic_not_joined,
    r.excluded,
    r.unreadable,
)

MIGMA = Policy("migma", 1, _EVERYWHERE)
"""Faithful to the product, with its defaults: risky addresses are mailed, consent is taken on trust."""

STRICT = Policy(
    "strict",
    1,
    (
        *_EVERYWHERE,
        r.consent_unproven,
        r.soft_bounce_limit,
        r.risky_address,
        r.role_address,
        r.reserved_name,
    ),
    needs_justification=True,
)
"""Asks for consent that can be shown, counts soft bounces, and writes to people only, at names that mail can reach."""
