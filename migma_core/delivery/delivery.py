"""Deliveries: one row per send and address, and the states that row may pass through (design D10)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from ..request.exclusion import SendId

__all__ = ["DELIVERY_TRANSITIONS", "SETTLED", "DeliveryState", "SendId", "read_state"]


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

_S = DeliveryState
DELIVERY_TRANSITIONS: Final[Mapping[DeliveryState, frozenset[DeliveryState]]] = MappingProxyType(
    {
        # an acceptance of what was in doubt may come while it waits to be sent again
        _S.READY: frozenset({_S.CLAIMED, _S.WITHHELD, _S.CANCELLED, _S.ACCEPTED}),
        # given back, deferred, or its lease ended before any attempt; withheld by the fresh decision; cannot be written
        _S.CLAIMED: frozenset({_S.READY, _S.WITHHELD, _S.REJECTED, _S.IN_FLIGHT, _S.CANCELLED}),
        _S.IN_FLIGHT: frozenset({_S.ACCEPTED, _S.REJECTED, _S.READY, _S.DEAD, _S.HELD, _S.UNKNOWN}),
        # handed over once more as the same attempt; settled on evidence; by the policy for what is unknown
        _S.UNKNOWN: frozenset({_S.IN_FLIGHT, _S.ACCEPTED, _S.REJECTED, _S.READY, _S.HELD}),
        # a person's word, or an answer that came after all
        _S.HELD: frozenset({_S.ACCEPTED, _S.REJECTED, _S.READY}),
        # the fault turned out to be the request's, and not this recipient's (D8)
        _S.REJECTED: frozenset({_S.READY}),
        _S.ACCEPTED: frozenset(),
        _S.WITHHELD: frozenset(),
        _S.DEAD: frozenset(),
        _S.CANCELLED: frozenset(),
    }
)
"""Every legal step; a step that is not here is not taken: the row has gone on without whoever asks for it."""


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
