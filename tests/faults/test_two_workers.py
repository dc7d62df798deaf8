"""A small campaign on a real store with two workers who take turns, one effect at a time, in every order."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from itertools import product
from random import Random
from typing import Final

import pytest

from migma_core.delivery import Evidence
from tests.support.by_turns import WIRE, Worker, on_the_way
from tests.support.examples import is_thorough
from tests.support.small_campaigns import WORLDS, Campaign, Stage, World, settled_well
from tests.support.turns import Killed, dies_before

MOVES: Final = 8
"""Steps that the two take in an order of the test's choosing; then each goes on to its end."""

ORDERS: Final = tuple("".join(order) for order in product("ab", repeat=MOVES))
WITH_A_GAP: Final = tuple(order[:at] + "t" + order[at:] for order in ORDERS for at in range(MOVES))
"""With a moment at which all leases end: who was stopped before it goes on without what it had claimed."""

STARTS: Final = {"fresh": ORDERS, "fanned out": WITH_A_GAP, "on the way": WITH_A_GAP}
"""From where the two set out: from nothing, from rows that are ready, from a request of the first on its way."""

SOME: Final = 6


def chosen(stage: Stage, world: World, start: str) -> list[str]:
    """All orders on SQLite; where the server is asked over a socket, or in the default run, the same few each time."""
    orders = STARTS[start]
    some = SOME if not is_thorough() else len(orders) if stage.engine.dialect.name == "sqlite" else len(orders) // 16
    return Random(f"{world}/{start}").sample(orders, some)  # noqa: S311 - a draw that repeats is the point


def can_be_slow(evidence: Evidence) -> bool:
    """
    Whether a request may still arrive once its lease is over, and do no harm. Where absence from the provider's list is
    proof, nothing may be on its way by then: the lease is longer than the slowest hand-over (reliability §6).
    """
    return evidence is not Evidence.LISTS


def set_out(campaign: Campaign, start: str) -> dict[str, Worker]:
    """Two workers where the start says."""
    stores = campaign.stage.stores
    if start != "fresh":
        with suppress(Killed):
            campaign.work(stores[0], dies_before("InFlight"))
    if can_be_slow(campaign.provider.evidence):
        campaign.provider.interrupt = on_the_way
    first, second = (Worker(partial(campaign.work, store)) for store in stores[:2])
    while start == "on the way" and first.at != WIRE:
        first.move()
    return {"a": first, "b": second}


def play(campaign: Campaign, start: str, order: str) -> bool:
    """
    Two workers take turns in this order, then each goes on to its end, and a third looks after them. ``False`` where
    one was through before its turn: another order is the same schedule.
    """
    workers = set_out(campaign, start)
    try:
        for move in order:
            if move == "t":
                campaign.stage.leases_end()
            elif workers[move].is_over:
                return False
            else:
                workers[move].move()
        for worker in workers.values():
            worker.finish()
    finally:
        for worker in workers.values():
            worker.die()
    campaign.stage.leases_end()
    campaign.provider.interrupt = lambda: None
    campaign.work(campaign.stage.stores[0])
    return True


PLAYED: Final = [
    pytest.param(world, start, id=f"{world}, {start}")
    for world in WORLDS
    for start in STARTS
    if start != "on the way" or can_be_slow(world.evidence)
]


@pytest.mark.parametrize(("world", "start"), PLAYED)
def test_two_workers_may_take_turns_in_any_order(
    stage: Stage, world: World, start: str, told: Callable[[str, int], None]
) -> None:
    """Whoever goes first, and whoever is stopped until its leases are over: nobody twice, nobody lost."""
    played = 0
    orders = chosen(stage, world, start)
    for order in orders:
        # each of the two may be stopped with a request on its way
        campaign = stage.campaign(world, together=2, page=1, doubts=2)
        if play(campaign, start, order):
            settled_well(campaign)
            played += 1
    assert played >= len(orders) * 2 // 3
    told("schedules of two workers", played)
