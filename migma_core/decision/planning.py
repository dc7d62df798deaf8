"""Planning: everyone in an audience, exactly once: mailable + withheld + deferred = the audience."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import groupby

from ..audience.suppression import Suppression
from . import reasons as why
from .eligibility import Deferred, Facts, Mailable, Verdict, Withheld, decide
from .policy import MIGMA, Policy
from .reasons import ReasonKind
from .standing import Cell, Standing

__all__ = ["Partition", "Planned", "count", "partition", "plan"]


@dataclass(frozen=True, slots=True)
class Partition:
    """
    How an audience divides. ``withheld`` counts each person once, under their strongest reason.

    >>> Partition(mailable=2, withheld={ReasonKind.UNSUBSCRIBED: 1}).total
    3
    """

    mailable: int = 0
    withheld: Mapping[ReasonKind, int] = field(default_factory=dict)
    deferred: int = 0

    @property
    def total(self) -> int:
        """Everybody in the audience."""
        return self.mailable + sum(self.withheld.values()) + self.deferred


@dataclass(frozen=True, slots=True)
class Planned:
    """One person of the audience and the verdict about them."""

    facts: Facts
    verdict: Verdict


def count(policy: Policy, standings: Mapping[Standing, int], duplicates: int = 0) -> Partition:
    """
    Divide an audience of which only the numbers per standing are known, as a database groups them.

    >>> from migma_core.audience import Denials
    >>> count(MIGMA, {Standing(0): 40, Standing(0, Denials.UNSUBSCRIBED): 2}).withheld
    {<ReasonKind.UNSUBSCRIBED: 'unsubscribed'>: 2}
    """
    mailable, withheld = 0, Counter[ReasonKind]()
    for standing, people in standings.items():
        code = policy.code(standing)
        if code:
            withheld[policy.kinds(code)[0]] += people
        else:
            mailable += people
    if duplicates:
        withheld[ReasonKind.DUPLICATE] += duplicates
    return Partition(mailable, dict(withheld))


def plan(audience: Iterable[Facts], policy: Policy = MIGMA) -> tuple[Planned, ...]:
    """
    Decide about everyone in an audience held in memory, in the order of their canonical addresses.

    Of several records that share a canonical address the first is decided with the strictest facts of all; the others
    are duplicates (A-08). An audience in a database is planned there, page by page.
    """
    ordered = sorted(audience, key=_identity)
    planned: list[Planned] = []
    for _, same in groupby(ordered, key=lambda facts: facts.address.canonical):
        people = tuple(same)
        first = _strictest(people, policy)
        planned.append(Planned(first, decide(first, policy)))
        planned.extend(Planned(other, Withheld((why.Duplicate(first.contact),))) for other in people[1:])
    return tuple(planned)


def partition(planned: Iterable[Planned]) -> Partition:
    """Count a plan."""
    mailable, deferred, withheld = 0, 0, Counter[ReasonKind]()
    for one in planned:
        match one.verdict:
            case Mailable():
                mailable += 1
            case Withheld(reasons):
                withheld[reasons[0].kind] += 1
            case Deferred():
                deferred += 1
    return Partition(mailable, dict(withheld), deferred)


def _identity(facts: Facts) -> tuple[str, str, Standing]:
    return facts.address.canonical, facts.contact or "", facts.standing


def _strictest(people: tuple[Facts, ...], policy: Policy) -> Facts:
    """The first person, with the denials of all, and the cell that withholds for most reasons."""
    if len(people) == 1:
        return people[0]
    denials, evidence = 0, dict[Suppression, None]()
    for one in people:
        denials |= one.standing.denials
        evidence.update(dict.fromkeys(one.evidence))
    worst = max(people, key=lambda one: _weight(one, policy))
    merged = Standing(worst.standing.cell, denials)
    return people[0]._replace(standing=merged, topic=worst.topic, evidence=tuple(evidence))


def _weight(facts: Facts, policy: Policy) -> tuple[int, int]:
    code = policy.code(Standing(facts.standing.cell))
    strongest = why.STRENGTH[policy.kinds(code)[0]] if code else len(why.STRENGTH)
    return -strongest, Cell.unpacked(facts.standing.cell).packed
