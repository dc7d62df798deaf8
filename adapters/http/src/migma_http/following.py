"""
What comes next: the computation of it, on outcomes lifted to `returns.result.Result`. It sends nothing itself.

The loop makes of each step a new attempt, with a claim, an approval and a row of its own (design D8). Only what is
certainly not sent goes to another provider; what is unknown goes nowhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from returns.result import Failure, Result, Success

from migma_core.delivery import Accepted, NotSent, Outcome, Rejected, Scope, Unknown
from migma_core.message import DeliveryId

__all__ = ["Following", "Refusal", "following", "lift", "next_provider"]

Refusal: TypeAlias = Rejected | NotSent | Unknown

_Part: TypeAlias = tuple[DeliveryId, ...]


def lift(outcome: Outcome) -> Result[Accepted, Refusal]:
    """
    An outcome as a Result: success is acceptance, and everything else says why not.

    >>> lift(Accepted("id")).map(lambda accepted: accepted.provider_id)
    <Success: id>
    """
    return Success(outcome) if isinstance(outcome, Accepted) else Failure(outcome)


def next_provider(refusal: Refusal, left: Sequence[str]) -> Result[str, Refusal]:
    """
    The provider to try instead, of those ``left`` in order: only where it is certain that nothing was sent.

    >>> next_provider(NotSent("busy"), ["resend"])
    <Success: resend>
    >>> next_provider(Unknown("no answer"), ["resend"])
    <Failure: Unknown(why='no answer')>
    """
    return Success(left[0]) if isinstance(refusal, NotSent) and left else Failure(refusal)


@dataclass(frozen=True, slots=True)
class Following:
    """
    What comes next for the members of a batch, each in exactly one place.

    ``settled`` have their final outcome, ``held`` wait for somebody to find out. ``instead`` go through ``provider``,
    ``again`` through the same one after ``wait`` seconds (``None``: by the loop's own backoff). ``refused`` are to be
    divided (`Halving`). ``back`` are nobody's fault: they go back, and the stream pauses for the reason in ``paused``.
    """

    settled: _Part = ()
    held: _Part = ()
    instead: _Part = ()
    provider: str | None = None
    again: _Part = ()
    wait: float | None = None
    refused: _Part = ()
    back: _Part = ()
    paused: str | None = None


def following(members: Sequence[DeliveryId], outcomes: Sequence[Outcome], left: Sequence[str] = ()) -> Following:
    """What comes next after one attempt; ``left`` are the providers that were not tried yet, in order."""
    them = list(zip(members, outcomes, strict=True))
    not_sent = tuple(member for member, outcome in them if isinstance(outcome, NotSent))
    waits = [one.retry_after for one in outcomes if isinstance(one, NotSent) and one.retry_after is not None]
    scoped = {scope: tuple(m for m, o in them if isinstance(o, Rejected) and o.scope is scope) for scope in Scope}
    return Following(
        settled=tuple(m for m, o in them if isinstance(o, Accepted) or m in scoped[Scope.RECIPIENT]),
        held=tuple(member for member, outcome in them if isinstance(outcome, Unknown)),
        instead=not_sent if left else (),
        provider=left[0] if left and not_sent else None,
        again=() if left else not_sent,
        wait=None if left else max(waits, default=None),
        refused=scoped[Scope.REQUEST],
        back=scoped[Scope.ACCOUNT],
        paused=next((one.why for one in outcomes if isinstance(one, Rejected) and one.scope is Scope.ACCOUNT), None),
    )
