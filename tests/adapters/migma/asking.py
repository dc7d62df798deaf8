"""Asking in either colour."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeAlias

from migma_http import Limits
from migma_http.aiohttp_transport import AiohttpTransport
from migma_http.urllib3_transport import Urllib3Transport
from migma_platform import Api, AsyncClient, Call, Client, Page, Problem
from returns.result import Result

Ask: TypeAlias = Callable[..., Result[Any, Problem]]
Every: TypeAlias = Callable[[Api, Call[Page[Any]]], list[Any]]
QUICK = Limits(connect=0.5, whole=1.0)
PATIENT = Limits(connect=5.0, whole=30.0)


def ask(api: Api, call: Call[Any], limits: Limits = PATIENT) -> Result[Any, Problem]:
    """Ask in this thread."""
    with Client(api, Urllib3Transport(limits)) as client:
        return client.ask(call)


def ask_async(api: Api, call: Call[Any], limits: Limits = PATIENT) -> Result[Any, Problem]:
    """Ask in an event loop of its own."""

    async def go() -> Result[Any, Problem]:
        async with AsyncClient(api, AiohttpTransport(limits)) as client:
            return await client.ask(call)

    return asyncio.run(go())


def every(api: Api, call: Call[Page[Any]]) -> list[Any]:
    """Every row, in this thread."""
    with Client(api, Urllib3Transport(PATIENT)) as client:
        return list(client.every(call))


def every_async(api: Api, call: Call[Page[Any]]) -> list[Any]:
    """Every row, in an event loop of its own."""

    async def go() -> list[Any]:
        async with AsyncClient(api, AiohttpTransport(PATIENT)) as client:
            return [row async for row in client.every(call)]

    return asyncio.run(go())
