"""Held messages: nobody knows whether they were accepted, and a person says what becomes of them (design D10)."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from enum import StrEnum

from migma_core.audience import Address
from migma_core.delivery import DeliveryState, SendId
from migma_core.ports import DeliveryRecord

from .parts import Parts

__all__ = ["HeldVerdict", "held", "settle_held"]

_PAGE = 500


class HeldVerdict(StrEnum):
    """What a person found out about a held message, or decides."""

    ACCEPTED = "accepted"
    """It arrived, or the provider's own list has it."""
    REJECTED = "rejected"
    """It did not, and shall not be sent again."""
    AGAIN = "again"
    """Send it again, and risk a second copy; it is decided anew before it goes."""


_STATES = {
    HeldVerdict.ACCEPTED: DeliveryState.ACCEPTED,
    HeldVerdict.REJECTED: DeliveryState.REJECTED,
    HeldVerdict.AGAIN: DeliveryState.READY,
}


def held(parts: Parts, send: SendId) -> Iterator[DeliveryRecord]:
    """Every held message of a send, in the order of its rows, once what was answered is recorded."""
    parts.spool.take_up(parts.store.ledger)
    after = 0
    while page := parts.store.sends.log(send, state=DeliveryState.HELD, after=after, limit=_PAGE):
        yield from page
        after = page[-1].number


def settle_held(parts: Parts, send: SendId, verdict: HeldVerdict, of: Collection[Address] | None = None) -> int:
    """
    Settle held messages by a person's word, all of the send or those ``of`` some addresses; return how many.

    Raises `LookupError` for an address without a held message in this send: nothing is settled then.
    """
    found = {one.id: one.address for one in held(parts, send)}
    if of is not None:
        named = {str(one) for one in of}
        _refuse_strangers(named - set(found.values()))
        found = {one: address for one, address in found.items() if address in named}
    why = f"settled by hand: {verdict}"
    return parts.store.ledger.decide_held(send, list(found), _STATES[verdict], why, parts.clock.now())


def _refuse_strangers(unknown: Collection[str]) -> None:
    if unknown:
        first = min(unknown)
        raise LookupError(f"no message to {first} is held in this send; list those that are: migma campaigns held")
