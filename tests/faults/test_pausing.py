"""A campaign paused and taken up again, by people and by errors, as often and in whatever order it pleases."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from random import Random
from typing import Final

import pytest

from migma_core import CampaignStatus, DeliveryState
from migma_core.delivery import Action, Evidence
from tests.support.by_turns import Worker
from tests.support.examples import is_thorough
from tests.support.invariants import counts, violations
from tests.support.notebook import Way
from tests.support.small_campaigns import WORLDS, Campaign, Stage, World, settled_well
from tests.support.turns import Killed, Places

HUNDRED: Final = 100
RACES: Final = 1_000 if is_thorough() else 12


def reached_once(campaign: Campaign) -> None:
    """Everybody was accepted, and nobody twice."""
    run = campaign.run()
    assert violations(run) == []
    assert counts(run).states == {DeliveryState.ACCEPTED: counts(run).people}
    assert counts(run).duplicates == 0


def test_a_hundred_pauses_send_nobody_twice_and_skip_nobody(crowd: Stage) -> None:
    """Paused before and after every kind of effect, and taken up at once (listmonk #2313, #2070)."""
    campaign, paused = crowd.campaign(), 0
    for number in range(HUNDRED):
        campaign.work(crowd.stores[0], Places(number % 10, partial(campaign.change, Action.PAUSE)))
        assert campaign.run().status is CampaignStatus.PAUSED
        paused += campaign.change(Action.SEND)
    campaign.work(crowd.stores[0])
    assert paused == HUNDRED
    reached_once(campaign)


def test_pauses_by_error_send_nobody_twice_and_skip_nobody(crowd: Stage) -> None:
    """Every second request is refused for the account, which pauses, and is taken up (listmonk #2313, #2070)."""
    campaign = crowd.campaign(ways=[(number, Way.SUSPENDED) for number in range(0, 40, 2)])
    for _ in range(20):
        campaign.work(crowd.stores[0])
        assert campaign.run().status is CampaignStatus.PAUSED
        assert campaign.change(Action.SEND)
    campaign.work(crowd.stores[0])
    reached_once(campaign)


@pytest.mark.parametrize("world", WORLDS if is_thorough() else WORLDS[:1], ids=str)
def test_pause_and_start_may_race(stage: Stage, world: World) -> None:
    """Pauses and starts fall between any two steps of two workers: nobody twice, nobody lost (a race of listmonk)."""
    draw, paused = Random(str(world)), 0  # noqa: S311 - a draw that repeats is the point
    for _ in range(RACES):
        campaign = stage.campaign(world, together=1, doubts=2)
        workers = {name: Worker(partial(campaign.work, store)) for name, store in zip("ab", stage.stores, strict=True)}
        for move in draw.choices("abps", (5, 5, 1, 1), k=24):
            if move in "ps":
                paused += campaign.change(Action.PAUSE if move == "p" else Action.SEND) and move == "p"
            elif not workers[move].is_over:
                workers[move].move()
        for worker in workers.values():
            worker.finish()
        stage.leases_end()
        campaign.change(Action.SEND)
        campaign.work(stage.stores[0])
        settled_well(campaign)
        if world.evidence is not Evidence.NONE:
            reached_once(campaign)
    assert paused >= RACES / 2


@pytest.mark.parametrize("dies", [False, True], ids=["goes on", "dies"])
@pytest.mark.parametrize("world", WORLDS, ids=str)
def test_a_cancelled_campaign_comes_to_rest(stage: Stage, world: World, dies: bool) -> None:
    """Cancelled before or after any effect, whether the worker goes on or is gone: every row ends, and says how."""
    cancelled = 0
    for place in range(0, 26, 1 if is_thorough() else 5):
        campaign = stage.campaign(world, together=2, page=1, doubts=1)
        with suppress(Killed):
            campaign.work(stage.stores[0], Places(place, partial(cancel, campaign, dies)))
        stage.leases_end()
        campaign.work(stage.stores[0])
        run = campaign.run()
        assert violations(run) == []
        cancelled += run.status is CampaignStatus.CANCELLED
    assert cancelled >= 4


def cancel(campaign: Campaign, dies: bool) -> None:
    """Cancel, at this moment."""
    campaign.change(Action.CANCEL)
    if dies:
        raise Killed
