"""Direct sends for an event loop: the same service, awaited; the store is a hop to a thread (design D7)."""

from __future__ import annotations

from asyncio import to_thread
from threading import Event
from typing import Unpack

from migma_core.delivery import SendId
from migma_core.delivery.steps import settle_steps
from migma_core.ports import SendRecord
from migma_core.request import SendRequest

from .awaiting import Awaiting
from .drive import Watch
from .holding import Hold
from .jobs import PATIENCE, work_of
from .parts import Parts
from .previewing import Preview
from .sending import BegunSend, SendAnswer, Sending
from .words import SendWords

__all__ = ["AsyncSending"]


class AsyncSending:
    """`Sending`, awaited: see there for what each does and raises."""

    def __init__(self, parts: Parts, sending: Sending, awaiting: Awaiting) -> None:
        self._parts = parts
        self._sending = sending
        self._awaiting = awaiting

    async def send(
        self,
        *,
        queue_only: bool = False,
        watch: Watch | None = None,
        stop: Event | None = None,
        idempotency_key: str | None = None,
        **words: Unpack[SendWords],
    ) -> SendAnswer:
        """See `Sending.send`."""
        begun = await self.begin(queue_only=queue_only, idempotency_key=idempotency_key, **words)
        return await self.complete(begun, watch, stop=stop)

    async def begin(
        self, *, queue_only: bool = False, idempotency_key: str | None = None, **words: Unpack[SendWords]
    ) -> BegunSend:
        """See `Sending.begin`."""
        return await to_thread(self._sending.begin, queue_only=queue_only, idempotency_key=idempotency_key, **words)

    async def complete(self, begun: BegunSend, watch: Watch | None = None, *, stop: Event | None = None) -> SendAnswer:
        """See `Sending.complete`."""
        if begun.is_answered:
            return begun.answer
        try:
            if await to_thread(self._sending.is_to_go_on, begun):
                work = await to_thread(work_of, self._parts, begun.id, self._sending.hold_of(begun, stop))
                await self._awaiting.carry_out(work, watch)
            return await to_thread(self._sending.answered, begun)
        finally:
            await to_thread(self._sending.let_go, begun)

    async def request(self, **words: Unpack[SendWords]) -> SendRequest:
        """See `Sending.request`."""
        return await to_thread(self._sending.request, **words)

    async def queue(self, request: SendRequest) -> SendAnswer:
        """See `Sending.queue`."""
        return await to_thread(self._sending.queue, request)

    async def preview(self, request: SendRequest) -> Preview:
        """See `Sending.preview`."""
        return await to_thread(self._sending.preview, request)

    async def deliver(
        self, send: SendId, watch: Watch | None = None, *, patience: float = PATIENCE, hold: Hold | None = None
    ) -> SendAnswer:
        """See `Sending.deliver`."""
        await self._awaiting.carry_out(await to_thread(work_of, self._parts, send, hold, patience), watch)
        return await self.status(send)

    async def resume(self, send: SendId, watch: Watch | None = None, *, stop: Event | None = None) -> SendAnswer:
        """See `Sending.resume`."""
        await to_thread(self._sending.reopen, send)
        return await self.deliver(send, watch, hold=Hold(stop=stop))

    async def reconcile(self, send: SendId, watch: Watch | None = None) -> SendAnswer:
        """See `Sending.reconcile`."""
        await self._awaiting.carry_out(await to_thread(work_of, self._parts, send), watch, settle_steps)
        return await self.status(send)

    async def find(self, project_id: str, id_or_name: str) -> SendRecord:
        """See `Sending.find`."""
        return await to_thread(self._sending.find, project_id, id_or_name)

    async def status(self, send: SendId) -> SendAnswer:
        """See `Sending.status`."""
        return await to_thread(self._sending.status, send)
