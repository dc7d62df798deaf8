"""The runner for an event loop: each campaign is a task, the store is a hop to a thread (design D7)."""

from __future__ import annotations

import asyncio
from asyncio import FIRST_COMPLETED, Task, ensure_future, to_thread
from collections.abc import Awaitable, Callable
from threading import Event

from migma_core.delivery import Action
from migma_core.ports import Due, StoreFault

from .async_sending import AsyncSending
from .awaiting import Sleep
from .parts import Parts
from .runner import LOOKS_EVERY, PATIENCE, Ran, give_up, hold_on, leave, rest_seconds, take
from .scheduling import read_zones_anew
from .sending import SendAnswer

__all__ = ["AsyncRunner"]


class AsyncRunner:
    """
    `Runner`, awaited: see there for what it does. ``tell`` is called in the event loop; ``sleep`` lets time pass there.

    Whoever cancels the task that awaits it cancels its campaigns too, which is like killing a process: the next runner
    goes on once their leases are over. `stop` leaves nothing in hand.
    """

    def __init__(
        self,
        parts: Parts,
        sending: AsyncSending,
        tell: Callable[[Ran], None] = lambda _: None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._parts = parts
        self._sending = sending
        self._tell = tell
        self._sleep = sleep
        self._stop = Event()  # of threads, since those that hop to the store read it too
        self._running: set[Task[Ran | StoreFault]] = set()
        self._faults: list[StoreFault] = []

    def stop(self) -> None:
        """See `Runner.stop`; it may be called from a signal handler of the event loop, and from any thread."""
        self._stop.set()

    async def run_due(self) -> None:
        """See `Runner.run_due`. Raises `StoreFault`."""
        await self._run(self._until_nothing_is_due)
        if self._faults:
            raise self._faults[0]

    async def run_forever(self) -> None:
        """See `Runner.run_forever`."""
        await self._run(self._until_stopped)

    async def _run(self, loop: Callable[[], Awaitable[None]]) -> None:
        try:
            await loop()
        except BaseException as wrong:
            self.stop()  # also for those that do not hear that they are cancelled
            if isinstance(wrong, Exception):
                await self._finish_all()
            raise
        finally:
            await self._cancel_all()

    async def _until_nothing_is_due(self) -> None:
        await self._begin()
        while self._running:
            await self._finish()
            await self._begin()

    async def _until_stopped(self) -> None:
        while not self._stop.is_set():
            self._faults.clear()  # the campaign is taken up again once its lease is over
            try:
                await self._begin()
                await (self._finish() if self._running else self._rest())
            except StoreFault:
                await self._sleep(LOOKS_EVERY)
        await self._finish_all()

    async def _begin(self) -> None:
        """Take what is due, for as long as there are hands for it."""
        await to_thread(read_zones_anew, self._parts)
        while len(self._running) < self._parts.settings.campaigns_at_once and not self._stop.is_set():
            due = await to_thread(take, self._parts)
            if due is None:
                break
            self._running.add(asyncio.create_task(self._carry_on(due), name=f"campaign {due.send}"))

    async def _finish_all(self) -> None:
        while self._running:
            await self._finish()

    async def _finish(self) -> None:
        """Tell of those that ended; wait for the first, but not for ever."""
        await self._wait()
        ended = {one for one in self._running if one.done()}
        self._running -= ended
        for one in ended:
            if one.cancelled():  # by somebody else: as if killed, it is left to its lease
                continue
            became = one.result()
            if isinstance(became, Ran):
                self._tell(became)
            else:
                self._faults.append(became)

    async def _wait(self) -> None:
        """Until a campaign ends, or it is time to look for others; by the sleep that was given, as all waiting is."""
        looks = ensure_future(self._sleep(LOOKS_EVERY))
        try:
            await asyncio.wait({*self._running, looks}, return_when=FIRST_COMPLETED)
        finally:
            looks.cancel()
            await asyncio.wait([looks])
        if not looks.cancelled():
            looks.result()  # raises what the sleep raised

    async def _cancel_all(self) -> None:
        """Whatever still runs here ends with whoever awaited it."""
        running, self._running = self._running, set()
        for one in running:
            one.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def _rest(self) -> None:
        await self._sleep(await to_thread(rest_seconds, self._parts))

    async def _carry_on(self, due: Due) -> Ran | StoreFault:
        """Carry a campaign on for as long as there is something to do. A store that fails leaves it to its lease."""
        try:
            answer = await self._sent(due) if due.action is Action.SEND else None
            return await to_thread(leave, self._parts, due, answer)
        except StoreFault as fault:
            return fault

    async def _sent(self, due: Due) -> SendAnswer | None:
        hold = hold_on(self._parts, due, self._stop)
        try:
            return await self._sending.deliver(due.send, patience=PATIENCE, hold=hold)
        except StoreFault:
            raise
        except Exception as wrong:  # noqa: BLE001 - whatever is wrong with one campaign stops no other (reliability §9)
            await to_thread(give_up, self._parts, due, wrong)
            return None
