"""A provider that is too busy for a while: throttling is no failure of anybody's (reliability §7)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from migma_core import CampaignStatus, DeliveryState
from tests.support.invariants import counts, violations
from tests.support.small_campaigns import Stage


@pytest.mark.parametrize("together", [1, 5])
def test_ten_minutes_of_throttling_lose_nobody(crowd: Stage, together: int) -> None:
    """Everything is refused as too much for ten minutes, and everybody is reached afterwards (listmonk #1802)."""
    campaign = crowd.campaign(together=together)
    campaign.provider.opens = crowd.clock.now() + timedelta(minutes=10)
    for _ in range(10):
        campaign.work(crowd.stores[0])  # it ends, rows left, where it would have to wait for long
        crowd.clock.advance(timedelta(minutes=15))
        if campaign.run().status is CampaignStatus.SENT:
            break
    run = campaign.run()
    assert violations(run) == []
    assert counts(run).states == {DeliveryState.ACCEPTED: 20}
    assert counts(run).duplicates == 0
    assert campaign.provider.requests <= 20 // together + 15, "a provider that is too busy is asked less"
