"""Worlds of HTTP: a transport that answers as a world does, for the contract of providers."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from migma_http import Answer, AsyncHttpProvider, Codec, HttpProvider, HttpRequest, HttpResponse, NoAnswer, Sent

from migma_core import Batch, Outcome
from migma_core.testing.worlds import NoWord, World
from tests.support.batches import attempt_for

KEY = "key.0123456789abcdef.secret"


def never(request: HttpRequest) -> Answer:
    """A transport that nothing is sent through."""
    raise AssertionError(f"nobody should ask {request}")


def answer_of(world: World) -> Answer:
    """The world's answer; a doubtful silence is told by an exception that nobody listed."""
    if not isinstance(world, NoWord):
        return HttpResponse(world.status, world.headers, world.body)
    if world.maybe:
        raise ZeroDivisionError("as good as any")
    return NoAnswer(Sent.NOTHING, "nobody there")


def hand_over(codec: Codec, batch: Batch, world: World) -> Sequence[Outcome]:
    """Hand a batch over once."""
    parcel = codec.encode(batch)
    return HttpProvider(codec, lambda _: answer_of(world)).hand_over(batch, parcel, attempt_for(batch, parcel))


def hand_over_async(codec: Codec, batch: Batch, world: World) -> Sequence[Outcome]:
    """The same, in an event loop."""

    async def transport(_: HttpRequest) -> Answer:
        return answer_of(world)

    parcel = codec.encode(batch)
    provider = AsyncHttpProvider(codec, transport)
    return asyncio.run(provider.hand_over(batch, parcel, attempt_for(batch, parcel)))
