"""An installation for an event loop: sending and campaigns awaited, everything else a hop to a thread away."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from .async_campaigns import AsyncCampaigns
from .async_runner import AsyncRunner
from .async_sending import AsyncSending
from .awaiting import Awaiting, Sleep
from .migma import Migma
from .runner import Ran

__all__ = ["AsyncMigma"]


class AsyncMigma:
    """
    `Migma` for an event loop: ``sending`` and ``campaigns`` have the same operations, awaited. Messages leave through
    the providers' own asynchronous connections; where a provider has none, and for the store, a thread does the work.

    All else is in ``blocking``, the installation itself: ``await asyncio.to_thread(migma.blocking.opt_outs.leave, x)``.
    Use it as an async context manager in one event loop, or await `close`.
    """

    def __init__(self, blocking: Migma, sleep: Sleep = asyncio.sleep) -> None:
        self.blocking = blocking
        self._sleep = sleep
        self._awaiting = Awaiting(blocking.parts, sleep)
        self.sending = AsyncSending(blocking.parts, blocking.sending, self._awaiting)
        self.campaigns = AsyncCampaigns(blocking.campaigns, self.sending)

    @classmethod
    async def open(cls, **settings: Any) -> AsyncMigma:
        """Open an installation. Raises what `Migma.open` raises."""
        return cls(await asyncio.to_thread(Migma.open, **settings))

    def runner(self, tell: Callable[[Ran], None] = lambda _: None) -> AsyncRunner:
        """See `Migma.runner`; ``tell`` is called in the event loop."""
        return AsyncRunner(self.blocking.parts, self.sending, tell, self._sleep)

    async def close(self) -> None:
        """Release the database, and what providers keep open."""
        await self._awaiting.close()
        await asyncio.to_thread(self.blocking.close)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
