"""Every schedule of a small campaign on a real store: workers die at every step, and take turns in every order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from itertools import product
from random import Random
from typing import Final, NamedTuple

import pytest

from migma_core import DeliveryState, Purpose
from migma_core.delivery import Evidence
from tests.support.by_turns import WIRE, Killed, Worker, on_the_way
from tests.support.invariants import counts, violations
from tests.support.postgresql import empty_database
from tests.support.small_campaigns import Campaign, Stage, on_this_stage
from tests.support.thoroughness import THOROUGH

ACCEPTED, HELD = DeliveryState.ACCEPTED, DeliveryState.HELD


class World(NamedTuple):
    """For whom a provider delivers, and what it can say afterwards."""

    purpose: Purpose
    evidence: Evidence


WORLDS = (
    World(Purpose.MARKETING, Evidence.NONE),
    World(Purpose.TRANSACTIONAL, Evidence.NONE),
    World(Purpose.MARKETING, Evidence.LISTS),
    World(Purpose.MARKETING, Evidence.REPEATS),
)
EACH_WORLD = pytest.mark.parametrize("world", WORLDS, ids=lambda world: f"{world.purpose.word}-{world.evidence}")


@pytest.fixture(scope="module", params=("sqlite", "postgresql") if THOROUGH else ("sqlite",))
def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Two people, on a database of each kind."""
    if request.param == "sqlite":
        with on_this_stage(f"sqlite:///{tmp_path_factory.mktemp('stage') / 'migma.db'}", 2) as set_up:
            yield set_up
        return
    with empty_database(request.getfixturevalue("postgres_server")) as url, on_this_stage(url, 2) as set_up:
        yield set_up


class Steps:
    """Counts the places where a worker can die, and has it die at one."""

    def __init__(self, dies_at: int | None = None) -> None:
        self.places = 0
        self._dies_at = dies_at

    def __call__(self, _: str, *, done: bool) -> None:
        if self.places == self._dies_at:
            raise Killed
        self.places += 1


def settled(campaign: Campaign) -> None:
    """The guarantee was kept, and nobody is held for whom evidence was to be had."""
    run = campaign.run()
    assert violations(run) == []
    told = counts(run)
    if campaign.provider.evidence is not Evidence.NONE:
        assert told.states == {ACCEPTED: told.people}
    elif campaign.purpose is Purpose.MARKETING:
        assert told.states[ACCEPTED] + told.states[HELD] == told.people
        assert told.duplicates == 0


def lives(campaign: Campaign, deaths: Sequence[int]) -> list[int]:
    """Die at each of these places in turn, then live on to the end; how many places each life had."""
    had = []
    for death in (*deaths, None):
        steps = Steps(death)
        with suppress(Killed):
            campaign.work(campaign.stage.stores[0], steps)
        had.append(steps.places)
        campaign.stage.leases_end()
    campaign.doubts = len(deaths)
    return had


@EACH_WORLD
@pytest.mark.parametrize("together", [1, 2] if THOROUGH else [2])
def test_a_worker_that_dies_anywhere_is_resumed(stage: Stage, world: World, together: int) -> None:
    """Before each effect, and after it with its answer unseen: the same command ends what was begun."""

    def after(*deaths: int) -> list[int]:
        campaign = stage.campaign(*world, together=together, page=1)
        had = lives(campaign, deaths)
        settled(campaign)
        return had

    (places,) = after()
    tried = [after(one) for one in range(places)]
    assert len(tried) >= 28
    if THOROUGH:
        twice = [after(one, two) for one, (_, left) in enumerate(tried) for two in range(left)]
        assert len(twice) >= 400


MOVES: Final = 8
"""Steps that two workers take in an order of the test's choosing; then each goes on to its end."""

ORDERS: Final = tuple("".join(order) for order in product("ab", repeat=MOVES))
WITH_A_GAP: Final = tuple(order[:at] + "t" + order[at:] for order in ORDERS for at in range(MOVES))
"""With a moment at which all leases end: who was stopped before it goes on without what it had claimed."""

STARTS: Final = {"fresh": ORDERS, "fanned out": WITH_A_GAP, "on the way": WITH_A_GAP}
"""From where the two set out: from nothing, from rows that are ready, from a request of the first on its way."""

SOME: Final = 10


class Dies:
    """Has a worker die before an effect."""

    def __init__(self, before: str) -> None:
        self._before = before

    def __call__(self, effect: str, *, done: bool) -> None:
        if effect == self._before:
            raise Killed


def set_out(campaign: Campaign, start: str) -> dict[str, Worker]:
    """Two workers where the start says."""
    stores = campaign.stage.stores
    if start != "fresh":
        with suppress(Killed):
            campaign.work(stores[0], Dies(before="InFlight"))
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


@EACH_WORLD
@pytest.mark.parametrize("start", STARTS)
def test_two_workers_may_take_turns_in_any_order(stage: Stage, world: World, start: str) -> None:
    """Whoever goes first, and whoever is stopped until its leases are over: nobody twice, nobody lost."""
    orders = STARTS[start]
    chosen = orders if THOROUGH else Random(f"{world}/{start}").sample(orders, SOME)  # noqa: S311 - the same each time
    played = 0
    for order in chosen:
        campaign = stage.campaign(*world, together=2, page=1)
        campaign.doubts = 2  # each of the two may be stopped with a request on its way
        if play(campaign, start, order):
            settled(campaign)
            played += 1
    assert played >= len(chosen) * 2 // 3
