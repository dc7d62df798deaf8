"""Deliveries: one row per send and address, and the state that row is in (design D10)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ..decision.purpose import Purpose
from ..request.exclusion import SendId
from .outcome import Accepted, NotSent, Outcome, Rejected, Scope, Unknown

__all__ = ["MOST_ATTEMPTS", "SETTLED", "DeliveryState", "Next", "SendId", "after", "backoff", "read_state"]

MOST_ATTEMPTS: Final = 8
"""Attempts that came to nothing before a row is dead (reliability §7)."""

_LONGEST_WAIT: Final = 300.0


class DeliveryState(StrEnum):
    """What a delivery's row says, or, for ``IN_FLIGHT`` and ``UNKNOWN``, the row and its attempt together."""

    READY = "ready"
    CLAIMED = "claimed"
    IN_FLIGHT = "in_flight"
    UNKNOWN = "unknown"
    HELD = "held"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    WITHHELD = "withheld"
    DEAD = "dead"
    CANCELLED = "cancelled"


SETTLED = frozenset(
    {
        DeliveryState.ACCEPTED,
        DeliveryState.REJECTED,
        DeliveryState.WITHHELD,
        DeliveryState.DEAD,
        DeliveryState.CANCELLED,
        DeliveryState.HELD,
    }
)
"""A send is finished when every row is in one of these, counted from rows."""


def read_state(stored: DeliveryState, *, committed: bool, lease_expired: bool) -> DeliveryState:
    """
    Read a row together with its attempt: a committed attempt whose lease expired is unknown, never ready (D10).

    >>> read_state(DeliveryState.CLAIMED, committed=True, lease_expired=True)
    <DeliveryState.UNKNOWN: 'unknown'>
    """
    if stored is not DeliveryState.CLAIMED:
        return stored
    if committed:
        return DeliveryState.UNKNOWN if lease_expired else DeliveryState.IN_FLIGHT
    return DeliveryState.READY if lease_expired else DeliveryState.CLAIMED


@dataclass(frozen=True, slots=True)
class Next:
    """
    Where an outcome leads. ``wait`` is in seconds; ``pauses`` holds the reason where the whole stream must stop.
    ``keeps_attempt`` is true where the attempt stays on the row, as evidence or as an open question.
    """

    state: DeliveryState
    wait: float = 0.0
    pauses: str | None = None
    keeps_attempt: bool = True


def after(outcome: Outcome, purpose: Purpose, attempts: int) -> Next:  # noqa: ARG001 - what is unknown may come to depend on it
    """
    The next state of a row after its ``attempts``-th attempt (1 or more), as design D8 says.

    A fault of the account or the request is nobody's in particular: the row goes back and the stream pauses.
    """
    match outcome:
        case Accepted():
            return Next(DeliveryState.ACCEPTED)
        case Rejected(Scope.RECIPIENT):
            return Next(DeliveryState.REJECTED)
        case Rejected(scope, why):
            return Next(DeliveryState.READY, pauses=f"the provider refused the {scope}: {why}", keeps_attempt=False)
        case NotSent(why, retry_after):
            if attempts >= MOST_ATTEMPTS:
                return Next(DeliveryState.DEAD)
            return Next(DeliveryState.READY, wait=max(backoff(attempts), retry_after or 0.0), keeps_attempt=False)
        case Unknown():
            # A duplicate campaign cannot be recalled; a person decides about what cannot be known (reliability §1).
            return Next(DeliveryState.HELD)


def backoff(attempts: int) -> float:
    """Seconds to wait after this many attempts that came to nothing: 1, 2, 4 … at most 300."""
    # the exponent is bounded as well: 2.0 ** 1024 is no float
    return min(_LONGEST_WAIT, 2.0 ** min(9, max(0, attempts - 1)))
