"""Heartbeat: leases begin anew while an answer is awaited, so that nobody doubts what is under way (reliability §6)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from threading import Event, Thread
from typing import Final

from migma_core.ports import StoreFault

__all__ = ["beating", "beating_async"]

_BEATS_A_LEASE: Final = 3
"""Two may fail, or come late, before the lease is over."""


@contextmanager
def beating(renew: Callable[[], None], lease: float) -> Iterator[None]:
    """
    Call ``renew`` again and again, from another thread, until the block ends; ``lease`` is in seconds.

    A process that was killed or stopped renews nothing. A beat that fails is not the end: the answer is still to come.
    """
    ended = Event()
    beats = Thread(target=_beat, args=(renew, lease / _BEATS_A_LEASE, ended), name="heartbeat", daemon=True)
    beats.start()
    try:
        yield
    finally:
        ended.set()
        beats.join()  # a beat on its way must not come after what is recorded next


def _beat(renew: Callable[[], None], every: float, ended: Event) -> None:
    while not ended.wait(every):
        with suppress(StoreFault):
            renew()


@asynccontextmanager
async def beating_async(renew: Callable[[], None], lease: float) -> AsyncIterator[None]:
    """The same for an event loop: each beat is one hop to a thread."""
    beats = asyncio.create_task(_beat_async(renew, lease / _BEATS_A_LEASE))
    try:
        yield
    finally:
        beats.cancel()
        await asyncio.wait([beats])  # to await it and suppress its end would hide that we are cancelled ourselves
        if not beats.cancelled():
            beats.result()  # raises what is wrong with it


async def _beat_async(renew: Callable[[], None], every: float) -> None:
    while True:
        await asyncio.sleep(every)
        with suppress(StoreFault):
            await asyncio.shield(asyncio.to_thread(renew))
