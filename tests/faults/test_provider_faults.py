"""Every request of a small campaign to its provider goes wrong once, in each way that requests can (reliability §2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import pytest

from migma_core import CampaignStatus, DeliveryState, Purpose
from migma_core.delivery import Action, Evidence
from tests.support.invariants import counts, violations
from tests.support.notebook import Way
from tests.support.small_campaigns import WORLDS, Stage, World

UNCLEAR: Final = frozenset({Way.TAKEN_UNHEARD, Way.LOST, Way.RAISES})
ACCEPTED, HELD = DeliveryState.ACCEPTED, DeliveryState.HELD


def expected(world: World, way: Way) -> dict[DeliveryState, int]:
    """Where the two people are in the end."""
    if way is Way.BAD_ADDRESS:
        return {ACCEPTED: 1, DeliveryState.REJECTED: 1}
    if way in UNCLEAR and world == (Purpose.MARKETING, Evidence.NONE):
        return {ACCEPTED: 1, HELD: 1}
    return {ACCEPTED: 2}


@pytest.mark.parametrize("way", [way for way in Way if way is not Way.TAKEN], ids=str)
@pytest.mark.parametrize(("world", "awaited"), [*((world, False) for world in WORLDS), (WORLDS[3], True)], ids=str)
def test_every_request_may_go_wrong_once(
    stage: Stage, world: World, way: Way, awaited: bool, told: Callable[[str, int], None]
) -> None:
    """Whichever request of the send it is, one command settles it; a suspended account needs a second one."""
    for number in range(2):
        campaign = stage.campaign(world, together=1, ways=[(number, way)], doubts=int(way in UNCLEAR))
        (campaign.work_awaited_on if awaited else campaign.work_on)(campaign.ports(stage.stores[0]))
        assert campaign.provider.requests > number
        if way is Way.SUSPENDED:
            assert campaign.run().status is CampaignStatus.PAUSED
            assert "suspended" in campaign.run().why
            assert campaign.change(Action.SEND)
            campaign.work(stage.stores[0])
        run = campaign.run()
        assert violations(run) == []
        assert counts(run).states == expected(world, way)
        twice = way in UNCLEAR - {Way.LOST} and world == (Purpose.TRANSACTIONAL, Evidence.NONE)
        assert counts(run).duplicates == int(twice)
    told("faults of the provider injected, all survived", 2)
