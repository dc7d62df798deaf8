"""A small campaign on a real store, stopped at every step of its one worker and resumed by the same command."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace

import pytest

from migma_core import DeliveryState
from tests.support.examples import is_thorough
from tests.support.invariants import violations
from tests.support.small_campaigns import WORLDS, Campaign, Stage, World, settled_well
from tests.support.turns import Killed, Places


def lives(campaign: Campaign, deaths: Sequence[int]) -> list[int]:
    """Die at each of these places in turn, then live on to the end; how many places each life had."""
    had = []
    for death in (*deaths, None):
        places = Places(death)
        with suppress(Killed):
            campaign.work(campaign.stage.stores[0], places)
        had.append(places.passed)
        campaign.stage.leases_end()
    campaign.doubts = len(deaths)
    return had


@pytest.mark.parametrize("world", WORLDS, ids=str)
@pytest.mark.parametrize("together", [1, 2] if is_thorough() else [2])
def test_a_worker_that_dies_anywhere_is_resumed(
    stage: Stage, world: World, together: int, told: Callable[[str, int], None]
) -> None:
    """Before each effect, and after it with its answer unseen: the same command ends what was begun."""

    def after(*deaths: int) -> list[int]:
        campaign = stage.campaign(world, together=together, page=1)
        had = lives(campaign, deaths)
        settled_well(campaign)
        return had

    (places,) = after()
    tried = [after(one) for one in range(places)]
    assert len(tried) >= 24
    if is_thorough():
        tried += [after(one, two) for one, (_, left) in enumerate(tried) for two in range(left)]
        assert len(tried) >= 400
    told("schedules of one worker", len(tried))


@pytest.mark.parametrize("world", WORLDS if is_thorough() else WORLDS[3:], ids=str)
def test_a_restart_with_other_settings_ends_the_same_campaign(stage: Stage, world: World) -> None:
    """Whoever restarts it anywhere, with other sizes of batch and page, reaches the same people (listmonk #2278)."""
    (places,) = lives(stage.campaign(world, together=2, page=1), ())
    assert places >= 24
    for place in range(places):
        campaign = stage.campaign(world, together=2, page=1, doubts=1)
        with pytest.raises(Killed):
            campaign.work(stage.stores[0], Places(place))
        stage.leases_end()
        replace(campaign, together=1, page=5).work(stage.stores[1])
        settled_well(campaign)


@pytest.mark.parametrize("dies", [False, True], ids=["goes on", "dies"])
@pytest.mark.parametrize("world", [WORLDS[0], WORLDS[2], WORLDS[3]] if is_thorough() else [WORLDS[3]], ids=str)
def test_an_opt_out_at_any_moment_holds_from_the_next_claim_on(
    stage: Stage, world: World, dies: bool, told: Callable[[str, int], None]
) -> None:
    """Somebody leaves before or after an effect, and the worker goes on or is resumed: no later claim takes them."""
    (places,) = lives(stage.campaign(world, together=2, page=1), ())
    withheld = 0
    for place in range(places):
        campaign = stage.campaign(world, together=2, page=1, doubts=int(dies))
        with suppress(Killed):
            campaign.work(stage.stores[0], Places(place, lambda: leave(campaign, dies)))  # noqa: B023 - within the loop
        if dies:
            stage.leases_end()
            campaign.work(stage.stores[0])
        run = campaign.run()
        assert violations(run) == []
        withheld += any(row.state is DeliveryState.WITHHELD for row in run.rows)
    assert withheld >= 8
    told("schedules with an opt-out", places)


def leave(campaign: Campaign, dies: bool) -> None:
    """The second person leaves."""
    campaign.leave(campaign.stage.people[1])
    if dies:
        raise Killed
