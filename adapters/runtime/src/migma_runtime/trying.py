"""Trying a campaign out: a few people get its mail as they would get it, decided about as they would be then."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final

from migma_wire import to_address

from migma_core.audience import Address
from migma_core.delivery import Action, DeliveryState, SendId
from migma_core.delivery.campaign import TRANSITIONS
from migma_core.ports import SendRecord
from migma_core.request import OneAddress, SendRequest

from .parts import Parts

__all__ = ["MOST_TRIED", "Tried", "addresses_of", "ended", "trial_of"]

MOST_TRIED: Final = 10
"""How many addresses one trial may have: more of them are an audience."""


@dataclass(frozen=True, slots=True)
class Tried:
    """
    What became of one trial mail, a send of its own: ``words`` say why, where it did not go, and ``remedies`` what may
    lawfully change that; ``provider_id`` is the provider's, where it has it.
    """

    address: str
    id: SendId
    state: DeliveryState | None
    words: str = ""
    remedies: tuple[str, ...] = ()
    provider_id: str | None = None


def addresses_of(to: Collection[str]) -> Sequence[Address]:
    """The addresses of a trial, each once. Raises `ValueError` for none, too many, and what is no address."""
    if isinstance(to, str):
        raise ValueError("a trial goes to several addresses: give a list, also of one")
    addresses = tuple({one.canonical: one for one in map(to_address, to)}.values())
    if not 0 < len(addresses) <= MOST_TRIED:
        raise ValueError(f"a trial goes to 1 to {MOST_TRIED} addresses; {len(addresses)} were given")
    return addresses


def trial_of(campaign: SendRecord, address: Address) -> SendRequest:
    """
    The campaign's own request to one person: marketing, so that every rule of the campaign holds for them, and their
    mail is what it will be, link, footer and headers included (R5, R49).
    """
    return replace(
        campaign.request,
        recipients=OneAddress(address),
        transactional=False,
        justification=f"a trial of the campaign {campaign.name}",
    )


def ended(parts: Parts, send: SendId) -> SendRecord:
    """The trial, over for good: what did not go now does not go later."""
    found = parts.store.sends.get(send)
    if (found.status, Action.CANCEL) in TRANSITIONS:
        parts.store.sends.change_status(send, Action.CANCEL, parts.clock.now())
    return parts.store.sends.get(send)
