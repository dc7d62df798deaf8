"""Diff: who would newly be mailed, and who no longer, if one policy took another's place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from ..audience.suppression import Denials
from .facts import Facts
from .planning import plan
from .policy import Policy
from .reasons import ReasonKind
from .standing import CELLS, FIRST_TRANSACTIONAL, Standing
from .verdict import Deferred, Mailable, Verdict, Withheld

__all__ = ["Change", "Diff", "Moves", "Widening", "diff", "diff_standings", "widened"]


@dataclass(frozen=True, slots=True)
class Change:
    """One recipient about whom two policies disagree."""

    facts: Facts
    before: Verdict
    after: Verdict


@dataclass(frozen=True, slots=True)
class Diff:
    """
    Everyone about whom two policies disagree: who gains mail, who loses it, and who goes without for other reasons.

    Whoever is only deferred by one of them gains or loses as well: they are not mailed now.
    """

    gained: tuple[Change, ...] = ()
    lost: tuple[Change, ...] = ()
    otherwise: tuple[Change, ...] = ()

    @property
    def gained_by_reason(self) -> Mapping[ReasonKind, int]:
        """How many are newly mailed, by the strongest reason that held them back before."""
        return Counter(_strongest(one.before) for one in self.gained)

    @property
    def lost_by_reason(self) -> Mapping[ReasonKind, int]:
        """How many are no longer mailed, by the strongest reason that now holds them back."""
        return Counter(_strongest(one.after) for one in self.lost)


def diff(before: Policy, after: Policy, audience: Iterable[Facts], now: datetime | None = None) -> Diff:
    """
    Compare two policies person by person. ``now`` as for `decide`.

    >>> from migma_core import MIGMA, STRICT, Address, Contact, ContactId, ProjectId, Purpose, facts_about
    >>> ada = Contact(id=ContactId("c"), project=ProjectId("p"), address=Address("info", "migma.email"))
    >>> diff(MIGMA, STRICT, [facts_about(ada, Purpose.MARKETING)]).lost_by_reason
    Counter({<ReasonKind.CONSENT_UNPROVEN: 'consent_unproven'>: 1})
    """
    people = tuple(audience)
    changes = [
        Change(new.facts, old.verdict, new.verdict)
        for old, new in zip(plan(people, before, now), plan(people, after, now), strict=True)
        if old.verdict != new.verdict
    ]
    return Diff(
        tuple(one for one in changes if isinstance(one.after, Mailable)),
        tuple(one for one in changes if isinstance(one.before, Mailable)),
        tuple(one for one in changes if not isinstance(one.before, Mailable) and not isinstance(one.after, Mailable)),
    )


Moves: TypeAlias = Mapping[tuple[ReasonKind | None, ReasonKind | None], int]
"""People by the strongest reason before and after; ``None`` is mailable."""


def diff_standings(before: Policy, after: Policy, standings: Mapping[Standing, int]) -> Moves:
    """
    Compare two policies over the numbers per standing, as a database groups them: only what moves is listed.

    Raises `ValueError` for a policy with rules outside its table, as `count` does.
    """
    moves = Counter[tuple[ReasonKind | None, ReasonKind | None]]()
    for standing, people in standings.items():
        old, new = (_strongest_of(policy, standing) for policy in (before, after))
        if old is not new:
            moves[old, new] += people
    return dict(moves)


@dataclass(frozen=True, slots=True)
class Widening:
    """
    Where a policy mails and another would not: the smallest such standings (a cell, with no denial or a single one),
    and the names of the other's rules outside the table that are gone or differ. Empty means: nobody, ever.
    """

    standings: tuple[Standing, ...] = ()
    rules: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.standings or self.rules)


def widened(before: Policy, after: Policy) -> Widening:
    """
    Find everybody whom ``after`` could mail and ``before`` would not, over every standing there is.

    A standing is mailed where its cell is and none of its denials stops: so cells with no denial and with each single
    one cover all. Empty for a policy that only grew stricter.

    >>> from migma_core import MIGMA, STRICT
    >>> bool(widened(MIGMA, STRICT)), len(widened(MIGMA, MIGMA.relaxed(Denials.MANUAL)).standings)
    (False, 1080)
    """
    gone = tuple(rule.name for rule in before.outside if rule not in after.outside)
    return Widening(tuple(_newly_mailed(before, after)), gone)


def _newly_mailed(before: Policy, after: Policy) -> Iterator[Standing]:
    for cell in range(CELLS):
        if after.table[cell]:
            continue
        if before.table[cell]:
            yield Standing(cell)
            continue
        transactional = cell >= FIRST_TRANSACTIONAL
        freed = before.stops[transactional] & ~after.stops[transactional]
        yield from (Standing(cell, int(denial)) for denial in Denials if denial & freed)


def _strongest(verdict: Verdict) -> ReasonKind:
    match verdict:
        case Withheld(reasons):
            return reasons[0].kind
        case Deferred(_, reason):
            return reason.kind
        case Mailable():
            raise AssertionError("only those not mailed have a reason")


def _strongest_of(policy: Policy, standing: Standing) -> ReasonKind | None:
    policy.needs_no_person()
    kinds = policy.kinds(policy.code(standing))
    return kinds[0] if kinds else None
