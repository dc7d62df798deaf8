"""The truth table: what a policy says in each case, read off its own table, as values that anybody can print."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from types import FunctionType, MappingProxyType
from typing import TypeAlias

from ..audience.suppression import Denials
from .outside import OutsideRule
from .policy import Policy
from .purpose import Purpose
from .reasons import ReasonKind
from .rules import CellRule, DenialRule
from .standing import CELLS, FIRST_TRANSACTIONAL, RADIX, Cell, all_cells

__all__ = ["WORDS", "DenialRow", "OutsideRow", "RuleRow", "RuleTable", "TruthTable", "truth_table"]

WORDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "status": ("subscribed", "unsubscribed", "non-subscribed", "bounced", "no contact", "unreadable"),
        "validation": ("valid", "invalid", "risky", "unknown", "unreadable"),
        "is_role": ("no", "yes"),
        "consent": ("proven", "soft opt-in", "unproven", "none", "unreadable"),
        "topic": (
            "no topic",
            "subscribed by default: no choice",
            "subscribed by default: joined",
            "subscribed by default: left",
            "subscribed by default: unreadable",
            "not subscribed by default: no choice",
            "not subscribed by default: joined",
            "not subscribed by default: left",
            "not subscribed by default: unreadable",
        ),
    }
)
"""The values of each digit but the purpose, in words, in the order of their numbers."""

_ONE_BY_ONE = 12
"""Up to so many cases stand in a row each; of more, those that differ in one digit only share a row."""


@dataclass(frozen=True, slots=True)
class RuleRow:
    """
    Some cases of one rule: any of the ``values`` of each digit, and the reasons to withhold from each purpose, none
    where the rule lets it pass.
    """

    values: Mapping[str, tuple[str, ...]]
    marketing: tuple[ReasonKind, ...]
    transactional: tuple[ReasonKind, ...]


@dataclass(frozen=True, slots=True)
class RuleTable:
    """All cases of one rule that reads the cell. ``words`` is the summary of its function's docstring, if any."""

    name: str
    source: str
    words: str
    digits: tuple[str, ...]
    rows: tuple[RuleRow, ...]


@dataclass(frozen=True, slots=True)
class DenialRow:
    """What one denial stops: the reasons for each purpose, none where it does not; and the rules that say so."""

    denial: str
    marketing: tuple[ReasonKind, ...]
    transactional: tuple[ReasonKind, ...]
    rules: tuple[str, ...]
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OutsideRow:
    """A rule that no table can hold: about which purposes it speaks, on what terms, and what it reads."""

    name: str
    source: str
    purposes: tuple[str, ...]
    terms: str
    reads: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TruthTable:
    """A policy, case by case. The two numbers say in how many of the 2,700 cells of a purpose mail may go out."""

    policy: str
    version: int
    fingerprint: str
    needs_justification: bool
    marketing_cells: int
    transactional_cells: int
    rules: tuple[RuleTable, ...]
    denials: tuple[DenialRow, ...]
    outside: tuple[OutsideRow, ...]


def truth_table(policy: Policy) -> TruthTable:
    """
    Read a policy's table off, rule by rule: every answer is looked up, none is taken from a rule's own words.

    >>> from migma_core import MIGMA
    >>> [row.denial for row in truth_table(MIGMA).denials if not row.marketing]
    ['soft_bounce_limit', 'reserved_name']
    """
    return TruthTable(
        policy.name,
        policy.version,
        policy.fingerprint,
        policy.needs_justification,
        policy.table[:FIRST_TRANSACTIONAL].count(0),
        policy.table[FIRST_TRANSACTIONAL:].count(0),
        tuple(_rule_table(policy, bit, rule) for bit, rule in _bits(policy)),
        tuple(_denial_row(policy, denial) for denial in Denials),
        tuple(map(_outside_row, policy.outside)),
    )


_Reasons: TypeAlias = tuple[ReasonKind, ...]
_Case: TypeAlias = tuple[tuple[tuple[str, ...], ...], tuple[_Reasons, _Reasons]]
"""For each digit the values, any of which it has; and the reasons, by purpose."""


def _bits(policy: Policy) -> Iterator[tuple[int, CellRule]]:
    """Each rule that reads the cell, with its bit of a code: those after the denials, in the order of the rules."""
    cell_rules = (rule for rule in policy.rules if isinstance(rule, CellRule))
    return ((1 << place, rule) for place, rule in enumerate(cell_rules, len(Denials)))


def _rule_table(policy: Policy, bit: int, rule: CellRule) -> RuleTable:
    digits = tuple(digit for digit in WORDS if digit in rule.reads or _turns(policy, bit, digit))
    cases = list(_cases(policy, bit, rule.reason, digits))
    if len(cases) > _ONE_BY_ONE:
        cases = _merged(cases, len(digits))
    rows = (RuleRow(dict(zip(digits, values, strict=True)), *reasons) for values, reasons in cases)
    return RuleTable(rule.name, rule.source, _summary(rule), digits, tuple(rows))


def _turns(policy: Policy, bit: int, digit: str) -> bool:
    """Whether this digit alone ever turns the rule's bit: a rule may read more than it says."""
    place = Cell._fields.index(digit)
    base, step = RADIX[place], prod(RADIX[place + 1 :])
    stepping = (at for at in range(CELLS - step) if at // step % base != base - 1)
    return any((policy.table[at] ^ policy.table[at + step]) & bit for at in stepping)


def _cases(policy: Policy, bit: int, reason: ReasonKind, digits: Sequence[str]) -> Iterator[_Case]:
    """Every combination of the digits' values, with what stands in all cells that have it."""
    common: dict[tuple[int, ...], int] = {}
    for cell, code in zip(all_cells(), policy.table, strict=True):
        case = (cell.purpose, *(getattr(cell, digit) for digit in digits))
        common[case] = common.get(case, code) & code
    for case in product(*(range(len(WORDS[digit])) for digit in digits)):
        marketing, transactional = (_reasons(common[purpose, *case], bit, reason) for purpose in Purpose)
        values = tuple((WORDS[digit][value],) for digit, value in zip(digits, case, strict=True))
        yield values, (marketing, transactional)


def _reasons(code: int, bit: int, reason: ReasonKind) -> _Reasons:
    if code & bit:
        return (reason,)
    return (ReasonKind.UNREADABLE,) if code & Denials.UNREADABLE else ()


def _merged(cases: Iterable[_Case], digits: int) -> list[_Case]:
    """One row of those that differ in a single digit, digit by digit; each case stays in exactly one row."""
    merged = list(cases)
    for place in reversed(range(digits)):
        together: dict[_Case, tuple[str, ...]] = {}
        for values, reasons in merged:
            others = (*values[:place], *values[place + 1 :]), reasons
            together[others] = (*together.get(others, ()), *values[place])
        merged = [((*rest[:place], any_of, *rest[place:]), reasons) for (rest, reasons), any_of in together.items()]
    return merged


def _summary(rule: CellRule) -> str:
    told = rule.withholds.__doc__ if isinstance(rule.withholds, FunctionType) else None
    return " ".join((told or "").strip().partition("\n\n")[0].split())


def _denial_row(policy: Policy, denial: Denials) -> DenialRow:
    marketing, transactional = (policy.kinds(policy.stops[purpose] & denial) for purpose in Purpose)
    rules = [rule for rule in policy.rules if isinstance(rule, DenialRule) and rule.denial & denial]
    names, sources = tuple(rule.name for rule in rules), tuple(rule.source for rule in rules)
    return DenialRow(str(denial.name).lower(), marketing, transactional, names, sources)


def _outside_row(rule: OutsideRule) -> OutsideRow:
    purposes = tuple(purpose.word for purpose in Purpose if purpose in rule.purposes)
    return OutsideRow(rule.name, rule.source, purposes, rule.terms, tuple(sorted(rule.reads)))
