"""Planning: everyone in an audience, exactly once: mailable + withheld + deferred = the audience."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby

from ..audience.suppression import Suppression
from . import reasons as why
from .eligibility import decide
from .facts import Facts
from .policy import MIGMA, Policy
from .reasons import ReasonKind
from .record import Decision
from .standing import Cell, Standing
from .verdict import Deferred, Mailable, Verdict, Withheld

__all__ = ["Partition", "Planned", "count", "divide", "partition", "plan", "tally"]


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

    Raises `ValueError` for a policy with rules outside its table: they judge people, not standings (design D4).

    >>> from migma_core.audience import Denials
    >>> count(MIGMA, {Standing(0): 40, Standing(0, Denials.UNSUBSCRIBED): 2}).withheld
    {<ReasonKind.UNSUBSCRIBED: 'unsubscribed'>: 2}
    """
    policy.needs_no_person()
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


def plan(audience: Iterable[Facts], policy: Policy = MIGMA, now: datetime | None = None) -> tuple[Planned, ...]:
    """
    Decide about everyone in an audience held in memory, in the order of their canonical addresses.

    Of several records that share a canonical address the first is decided with the strictest facts of all; the others
    are duplicates (A-08). An audience in a database is planned there, page by page. ``now`` as for `decide`.
    """
    ordered = sorted(audience, key=_identity)
    planned: list[Planned] = []
    for _, same in groupby(ordered, key=lambda facts: facts.address.canonical):
        people = tuple(same)
        planned.append(_planned(people, policy, now))
        first = people[0].contact
        planned.extend(Planned(other, Withheld((why.Duplicate(first),))) for other in people[1:])
    return tuple(planned)


def partition(planned: Iterable[Planned]) -> Partition:
    """Count a plan."""
    return divide(one.verdict for one in planned)


def divide(verdicts: Iterable[Verdict]) -> Partition:
    """Count verdicts, one for each person."""
    mailable, deferred, withheld = 0, 0, Counter[ReasonKind]()
    for verdict in verdicts:
        match verdict:
            case Mailable():
                mailable += 1
            case Withheld(reasons):
                withheld[reasons[0].kind] += 1
            case Deferred():
                deferred += 1
    return Partition(mailable, dict(withheld), deferred)


def tally(decisions: Iterable[Decision]) -> Partition:
    """Count recorded decisions."""
    mailable, deferred, withheld = 0, 0, Counter[ReasonKind]()
    for one in decisions:
        if one.is_mailable:
            mailable += 1
        elif one.until is not None:
            deferred += 1
        else:
            withheld[one.reasons[0]] += 1
    return Partition(mailable, dict(withheld), deferred)


def _identity(facts: Facts) -> tuple[str, str, Standing]:
    return facts.address.canonical, facts.contact or "", facts.standing


def _planned(people: tuple[Facts, ...], policy: Policy, now: datetime | None) -> Planned:
    """The first person's place: with the denials of all, the worst cell, and whosever circumstances say the least."""
    if len(people) == 1:
        return Planned(people[0], decide(people[0], policy, now))
    denials, evidence = 0, dict[Suppression, None]()
    for one in people:
        denials |= one.standing.denials
        evidence.update(dict.fromkeys(one.evidence))
    worst = max(people, key=lambda one: _weight(one, policy))
    merged = people[0]._replace(
        standing=Standing(worst.standing.cell, denials), topic=worst.topic, evidence=tuple(evidence)
    )
    if not policy.outside:
        return Planned(merged, decide(merged, policy))
    each = (merged._replace(circumstances=one.circumstances) for one in people)
    return max((Planned(one, decide(one, policy, now)) for one in each), key=lambda one: _strictness(one.verdict))


def _strictness(verdict: Verdict) -> tuple[int, float]:
    """Withheld beats deferred, for more reasons beats for fewer, later beats sooner (design D4)."""
    match verdict:
        case Withheld(reasons):
            return 2, len(reasons)
        case Deferred(until):
            return 1, until.timestamp()
        case Mailable():
            return 0, 0


def _weight(facts: Facts, policy: Policy) -> tuple[int, int]:
    code = policy.code(Standing(facts.standing.cell))
    strongest = why.STRENGTH[policy.kinds(code)[0]] if code else len(why.STRENGTH)
    return -strongest, Cell.unpacked(facts.standing.cell).packed
