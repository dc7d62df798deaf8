"""Where an outcome leads a delivery: the table of design D8, and what is done about what nobody can know."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from ..decision.purpose import Purpose
from .delivery import DeliveryState
from .outcome import Accepted, NotSent, Outcome, Rejected, Scope, Unknown

__all__ = [
    "DOUBT_RESTS",
    "HALVING_RESTS",
    "MOST_ATTEMPTS",
    "MOST_DOUBTS",
    "WHEN_UNKNOWN",
    "Next",
    "Situation",
    "WhenUnknown",
    "after",
    "backoff",
    "in_doubt",
    "jitter",
]

MOST_ATTEMPTS: Final = 8
"""Attempts that came to nothing before a row is dead (reliability §7)."""

MOST_DOUBTS: Final = 2
"""Times that a message may be handed over whose fate nobody could know (reliability §1: at most two sends)."""

DOUBT_RESTS: Final = 5.0
"""Seconds before the provider is asked about an outcome in doubt: it may be at work on it still."""

HALVING_RESTS: Final = 60.0
"""Seconds that the rows of a refused batch are left to whoever halves it."""

_LONGEST_WAIT: Final = 300.0


class WhenUnknown(StrEnum):
    """What to do about a message that may or may not have been accepted, where no evidence can be had."""

    HOLD = "hold"
    """Never twice: a person decides."""
    RESEND = "resend"
    """Once more, and then a person decides: at most two, rather than none."""


WHEN_UNKNOWN: Final = MappingProxyType(
    {
        Purpose.MARKETING: WhenUnknown.HOLD,  # a campaign that came twice cannot be recalled
        Purpose.TRANSACTIONAL: WhenUnknown.RESEND,  # a lost password reset hurts more than a second one
    }
)
"""The usual policy for each purpose (reliability §1)."""


@dataclass(frozen=True, slots=True)
class Situation:
    """
    What bears on where an outcome leads.

    ``attempts`` counts this one, ``doubts`` the earlier ones whose outcome stayed unknown. ``alone``: the only message
    of its attempt. ``probe``: let through by an open breaker, to find out. ``settles``: the provider can say, or can be
    asked again without harm. ``jitter`` from 0 to 1 spreads rows over their wait.
    """

    attempts: int
    doubts: int = 0
    alone: bool = True
    probe: bool = False
    settles: bool = False
    when_unknown: WhenUnknown = WhenUnknown.HOLD
    jitter: float = 1.0


@dataclass(frozen=True, slots=True)
class Next:
    """
    Where an outcome leads. ``wait`` is in seconds; ``pauses`` holds the reason where the whole stream must stop.
    ``keeps_attempt`` is true where the attempt stays on the row, as evidence or as an open question; ``spends`` where
    it counts against the row, ``doubts`` where its outcome stays unknown for good.
    """

    state: DeliveryState
    wait: float = 0.0
    pauses: str | None = None
    keeps_attempt: bool = True
    spends: bool = True
    doubts: bool = False


def after(outcome: Outcome, situation: Situation) -> Next:
    """
    The next state of a row after an attempt (design D8).

    A fault of the account is nobody's in particular: the row goes back, and the stream pauses. A fault of the request
    is the recipient's only where they were alone in it; else the batch is halved. No innocent row loses an attempt.

    >>> after(Unknown("no answer"), Situation(1)).state
    <DeliveryState.HELD: 'held'>
    """
    match outcome:
        case Accepted():
            return Next(DeliveryState.ACCEPTED)
        case Rejected(Scope.ACCOUNT, why):
            return _back(pauses=f"the provider refused the account: {why}")
        case Rejected(Scope.REQUEST) if not situation.alone:
            return _back(wait=HALVING_RESTS)
        case Rejected():
            return Next(DeliveryState.REJECTED)
        case NotSent():
            return _later(situation)
        case Unknown():
            return in_doubt(situation)


def in_doubt(situation: Situation) -> Next:
    """What happens to a row of which nobody knows whether its message was accepted."""
    if situation.settles and situation.doubts < MOST_DOUBTS:
        return Next(DeliveryState.UNKNOWN, wait=DOUBT_RESTS, doubts=True)
    if situation.when_unknown is WhenUnknown.RESEND and situation.doubts + 1 < MOST_DOUBTS:
        return Next(DeliveryState.READY, keeps_attempt=False, doubts=True)
    return Next(DeliveryState.HELD)


def backoff(attempts: int) -> float:
    """The most seconds to wait after this many attempts that came to nothing: 1, 2, 4 … at most 300."""
    # the exponent is bounded as well: 2.0 ** 1024 is no float
    return min(_LONGEST_WAIT, 2.0 ** min(9, max(0, attempts - 1)))


def jitter(of: str) -> float:
    """From 0 to 1, evenly, and the same for the same text: the core knows no chance (design §3)."""
    return int.from_bytes(hashlib.sha256(of.encode()).digest()[:7]) / 2**56


def _later(situation: Situation) -> Next:
    """Certainly not sent. What the provider asked for slows the stream, not the row (reliability §6)."""
    if situation.probe:
        return _back()  # the breaker was open: no attempt of theirs (reliability §7)
    if situation.attempts >= MOST_ATTEMPTS:
        return Next(DeliveryState.DEAD)
    return Next(DeliveryState.READY, wait=situation.jitter * backoff(situation.attempts), keeps_attempt=False)


def _back(wait: float = 0.0, pauses: str | None = None) -> Next:
    return Next(DeliveryState.READY, wait, pauses, keeps_attempt=False, spends=False)
