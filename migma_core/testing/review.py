"""Review: a build fails in which anybody becomes newly mailable, unless somebody looked at it and said so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime

from ..decision.diff import Change, diff, widened
from ..decision.facts import Facts
from ..decision.policy import Policy
from ..decision.reasons import ReasonKind
from ..decision.standing import Cell, Standing

__all__ = ["assert_nobody_newly_mailable"]

_MOST_SHOWN = 5


def assert_nobody_newly_mailable(
    before: Policy,
    after: Policy,
    audience: Iterable[Facts] | None = None,
    *,
    reviewed: Collection[ReasonKind] = (),
    now: datetime | None = None,
) -> None:
    """
    Fail if ``after`` mails anybody whom ``before`` would not, by an `AssertionError` that says who and why not before.

    Without an ``audience`` every standing there is gets asked; with one, its people, shown masked. ``reviewed`` names
    the reasons whose end is meant: whoever was held back by these alone is no finding. ``now`` as for `decide`.

    >>> from migma_core import MIGMA, STRICT, Denials
    >>> assert_nobody_newly_mailable(MIGMA, STRICT)
    >>> assert_nobody_newly_mailable(MIGMA, MIGMA.relaxed(Denials.MANUAL))
    Traceback (most recent call last):
    AssertionError: policy migma+manual would mail people whom migma would not:
      1,080 standings, held back by manual
    """
    if audience is None:
        findings = tuple(_by_standing(before, after, frozenset(reviewed)))
    else:
        findings = tuple(_by_person(diff(before, after, audience, now).gained, frozenset(reviewed)))
    if findings:
        told = "\n  ".join(findings)
        raise AssertionError(f"policy {after.name} would mail people whom {before.name} would not:\n  {told}")


def _by_standing(before: Policy, after: Policy, reviewed: frozenset[ReasonKind]) -> Iterator[str]:
    wider = widened(before, after)
    held_back = Counter(kinds for one in wider.standings if (kinds := _kinds(before, one)) - reviewed)
    for kinds, standings in held_back.most_common(_MOST_SHOWN):
        yield f"{standings:,} standings, held back by {', '.join(sorted(kinds))}"
    for name in wider.rules:
        yield f"anyone the rule {name} held back: it is gone, or differs"


def _kinds(policy: Policy, standing: Standing) -> frozenset[ReasonKind]:
    return frozenset(policy.kinds(policy.code(standing)))


def _by_person(gained: tuple[Change, ...], reviewed: frozenset[ReasonKind]) -> Iterator[str]:
    unseen = [(one, kinds) for one in gained if (kinds := _reasons(one)) - reviewed]
    for change, kinds in unseen[:_MOST_SHOWN]:
        purpose = Cell.unpacked(change.facts.standing.cell).purpose.word
        yield f"{change.facts.address.masked} ({purpose}), held back by {', '.join(sorted(kinds))}"
    if len(unseen) > _MOST_SHOWN:
        yield f"and {len(unseen) - _MOST_SHOWN:,} more"


def _reasons(change: Change) -> frozenset[ReasonKind]:
    reasons = getattr(change.before, "reasons", None) or (change.before.reason,)  # type: ignore[union-attr]  # withheld or deferred: whoever gained was not mailable
    return frozenset(reason.kind for reason in reasons)
