"""Campaigns for an event loop: the same service, awaited; the store is a hop to a thread (design D7)."""

from __future__ import annotations

from asyncio import to_thread
from collections.abc import Collection, Sequence
from datetime import datetime
from threading import Event
from typing import Unpack

from migma_core.audience import Address
from migma_core.delivery import Fold, Gap, SendStats
from migma_core.ports import DeliveryRecord, SendRecord

from .async_sending import AsyncSending
from .campaigns import Campaigns, Explanation
from .drive import Watch
from .held import HeldVerdict
from .holding import Hold
from .previewing import Preview
from .scheduling import Appointment
from .sending import SendAnswer
from .trying import Tried, trial_of
from .words import SendWords

__all__ = ["AsyncCampaigns"]


class AsyncCampaigns:
    """`Campaigns`, awaited: see there for what each does and raises."""

    def __init__(self, campaigns: Campaigns, sending: AsyncSending) -> None:
        self._campaigns = campaigns
        self._sending = sending

    async def create(self, *, name: str, idempotency_key: str | None = None, **words: Unpack[SendWords]) -> SendRecord:
        """See `Campaigns.create`."""
        return await to_thread(self._campaigns.create, name=name, idempotency_key=idempotency_key, **words)

    async def find(self, project_id: str, id_or_name: str) -> SendRecord:
        """See `Campaigns.find`."""
        return await to_thread(self._campaigns.find, project_id, id_or_name)

    async def preview(self, campaign: SendRecord) -> Preview:
        """See `Campaigns.preview`."""
        return await to_thread(self._campaigns.preview, campaign)

    async def send(self, campaign: SendRecord, watch: Watch | None = None, *, stop: Event | None = None) -> SendAnswer:
        """See `Campaigns.send`."""
        await to_thread(self._campaigns.start, campaign)
        return await self._sending.deliver(campaign.id, watch, hold=Hold(stop=stop))

    async def resume(
        self, campaign: SendRecord, watch: Watch | None = None, *, stop: Event | None = None
    ) -> SendAnswer:
        """See `Campaigns.resume`."""
        return await self.send(campaign, watch, stop=stop)

    async def schedule(
        self,
        campaign: SendRecord,
        at: datetime,
        zone: str = "UTC",
        *,
        gap: Gap = Gap.FORWARD,
        fold: Fold = Fold.FIRST,
    ) -> Appointment:
        """See `Campaigns.schedule`."""
        return await to_thread(self._campaigns.schedule, campaign, at, zone, gap=gap, fold=fold)

    async def unschedule(self, campaign: SendRecord) -> SendAnswer:
        """See `Campaigns.unschedule`."""
        return await to_thread(self._campaigns.unschedule, campaign)

    async def appointment(self, campaign: SendRecord) -> Appointment | None:
        """See `Campaigns.appointment`."""
        return await to_thread(self._campaigns.appointment, campaign)

    async def test_send(self, campaign: SendRecord, to: Collection[str]) -> Sequence[Tried]:
        """See `Campaigns.test_send`."""
        addresses = await to_thread(self._campaigns.to_try, campaign, to)
        return [await self._tried(campaign, one) for one in addresses]

    async def _tried(self, campaign: SendRecord, address: Address) -> Tried:
        send = (await self._sending.queue(trial_of(campaign, address))).id
        await self._sending.deliver(send, patience=0)
        return await to_thread(self._campaigns.tried, send, address)

    async def pause(self, campaign: SendRecord) -> SendAnswer:
        """See `Campaigns.pause`."""
        return await to_thread(self._campaigns.pause, campaign)

    async def cancel(self, campaign: SendRecord) -> SendAnswer:
        """See `Campaigns.cancel`."""
        return await to_thread(self._campaigns.cancel, campaign)

    async def reconcile(self, campaign: SendRecord, watch: Watch | None = None) -> SendAnswer:
        """See `Campaigns.reconcile`."""
        return await self._sending.reconcile(campaign.id, watch)

    async def held(self, campaign: SendRecord) -> Sequence[DeliveryRecord]:
        """See `Campaigns.held`."""
        return await to_thread(self._campaigns.held, campaign)

    async def settle_held(self, campaign: SendRecord, verdict: HeldVerdict, of: Collection[str] | None = None) -> int:
        """See `Campaigns.settle_held`."""
        return await to_thread(self._campaigns.settle_held, campaign, verdict, of)

    async def status(self, campaign: SendRecord) -> SendAnswer:
        """See `Campaigns.status`."""
        return await to_thread(self._campaigns.status, campaign)

    async def stats(self, campaign: SendRecord) -> SendStats:
        """See `Campaigns.stats`."""
        return await to_thread(self._campaigns.stats, campaign)

    async def explain(self, campaign: SendRecord, email: str) -> Explanation:
        """See `Campaigns.explain`."""
        return await to_thread(self._campaigns.explain, campaign, email)
