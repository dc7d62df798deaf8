"""A provider of both colours, handed a batch over a real transport, and told which answer it should get of Prism."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Protocol, TypeAlias

from migma_http import AiohttpTransport, Answer, HttpRequest, Transport

from migma_core import Batch, Outcome
from tests.support.batches import attempt_for

__all__ = ["COLOURS", "Connected", "HandOver", "preferring"]


class Connected(Protocol):
    """What a distribution names after its provider: it connects in either colour."""

    def connect(self, settings: Any, /) -> Any:
        """The synchronous one, with a transport of its own."""
        ...

    def connect_async(self, settings: Any, transport: Any, /) -> Any:
        """The one for an event loop."""
        ...


HandOver: TypeAlias = Callable[[Connected, Any, Batch], tuple[Outcome, ...]]


def _hand_over(kind: Connected, settings: Any, batch: Batch) -> tuple[Outcome, ...]:
    provider = kind.connect(settings)
    try:
        parcel = provider.encode(batch)
        outcomes: tuple[Outcome, ...] = provider.hand_over(batch, parcel, attempt_for(batch, parcel))
        return outcomes
    finally:
        provider.close()


def _hand_over_async(kind: Connected, settings: Any, batch: Batch) -> tuple[Outcome, ...]:
    async def go() -> tuple[Outcome, ...]:
        async with AiohttpTransport() as transport:
            provider = kind.connect_async(settings, transport)
            parcel = provider.encode(batch)
            outcomes: tuple[Outcome, ...] = await provider.hand_over(batch, parcel, attempt_for(batch, parcel))
            return outcomes

    return asyncio.run(go())


COLOURS: tuple[HandOver, ...] = (_hand_over, _hand_over_async)
"""Both ways to hand a batch over, once each."""


def preferring(transport: Transport, status: int) -> Transport:
    """The transport, asking Prism for the documented answer of this status."""

    def asking(request: HttpRequest) -> Answer:
        headers = (*request.headers, ("Prefer", f"code={status}"))
        return transport(HttpRequest(request.method, request.url, headers, request.body))

    return asking
