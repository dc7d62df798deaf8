"""Awaiting: providers for an event loop, and the work of one send carried out there (design D7)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from migma_core.delivery import Job, Outcome, Parcel, send_steps
from migma_core.delivery.attempt import Attempt
from migma_core.delivery.effects import Finished
from migma_core.delivery.steps import Steps
from migma_core.message import Batch
from migma_core.ports import Provider
from migma_core.request import SendRequest

from .drive import Watch, drive_async
from .jobs import Work
from .parts import Parts
from .performing import AsyncPerformer, AwaitedProvider

__all__ = ["Awaiting", "Sleep"]

Sleep = Callable[[float], Awaitable[None]]


class InThread:
    """A provider of one colour, awaited: a thread does the talking."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider

    async def hand_over(self, batch: Batch, parcel: Parcel, attempt: Attempt, /) -> tuple[Outcome, ...]:
        """Hand the parcel over once. Cancelled, it goes on in its thread, and nobody knows what became of it."""
        return await asyncio.to_thread(self._provider.hand_over, batch, parcel, attempt)


class Awaiting:
    """
    Carries out work in one event loop, through connections of its own. ``sleep`` lets time pass there.

    A task that is cancelled is like a process that is killed: what was on its way is on record, and the next run goes
    on.
    """

    def __init__(self, parts: Parts, sleep: Sleep = asyncio.sleep) -> None:
        self._parts = parts
        self._sleep = sleep
        self._made: dict[str, AwaitedProvider | None] = {}

    async def carry_out(
        self, work: Work, watch: Watch | None = None, steps: Callable[[Job], Steps[Finished]] = send_steps
    ) -> None:
        """Run the steps of a send to their end."""
        provider = await self._awaited(work.job.compiled.request) or InThread(work.ports.provider)
        await drive_async(steps(work.job), AsyncPerformer(work.ports, provider, self._sleep), watch)

    async def close(self) -> None:
        """Close what providers keep open in this event loop."""
        for made in self._made.values():
            close = getattr(made, "close", None)
            if close is not None:
                await close()

    async def _awaited(self, request: SendRequest) -> AwaitedProvider | None:
        """The provider's own other colour, told of our topics where it has such of its own."""
        if request.provider not in self._made:
            self._made[request.provider] = self._parts.connections.make_awaited(request.provider)
        found = self._made[request.provider]
        return None if found is None else await asyncio.to_thread(self._parts.informing, found, request)
