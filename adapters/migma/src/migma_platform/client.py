"""The clients: a call in, its answer out, in either colour, with nothing to decide (design D7)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from types import TracebackType
from typing import Self, TypeVar

from migma_http import AiohttpTransport, Answer, AsyncTransport, HttpRequest, Transport, Urllib3Transport
from migma_http.transport import unforeseen
from returns.pipeline import is_successful
from returns.result import Result

from .api import Api
from .call import Call, Page, following
from .problem import Problem, raised
from .settings import PlatformSettings

__all__ = ["AsyncClient", "Client"]

T = TypeVar("T")


class Client:
    """
    Migma's API. `ask` gives an answer or a problem, `call` the answer or raises; either makes exactly one HTTP request,
    and repeats nothing. It may be shared by threads. Use it as a context manager, or call `close`.
    """

    __slots__ = ("_transport", "api")

    def __init__(self, api: Api, transport: Transport) -> None:
        self.api = api
        self._transport = transport

    @classmethod
    def connect(cls, settings: PlatformSettings, transport: Transport | None = None) -> Self:
        """A client with these settings; without a transport, urllib3 with their limits."""
        return cls(settings.api, transport or Urllib3Transport(settings.limits))

    def ask(self, call: Call[T]) -> Result[T, Problem]:
        """One request; its answer, or why there is none."""
        return self.api.read(call, self._exchange(self.api.request(call)))

    def call(self, call: Call[T]) -> T:
        """One request; its answer. Raises `MigmaError`."""
        return _answer(self.ask(call))

    def every(self, call: Call[Page[T]]) -> Iterator[T]:
        """Every row of a list, page by page, each one request. Raises `MigmaError` where a page does not come."""
        asked: Call[Page[T]] | None = call
        while asked is not None:
            page = self.call(asked)
            yield from page.rows
            asked = following(asked, page)

    def _exchange(self, request: HttpRequest) -> Answer:
        try:
            return self._transport(request)
        except Exception as fault:  # noqa: BLE001 - D7: an exception nobody listed
            return unforeseen(fault)

    def close(self) -> None:
        """Close what is kept open."""
        getattr(self._transport, "close", lambda: None)()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Client({self.api!r})"


class AsyncClient:
    """The same for an event loop: every call is awaited, and a list is read with ``async for``."""

    __slots__ = ("_transport", "api")

    def __init__(self, api: Api, transport: AsyncTransport) -> None:
        self.api = api
        self._transport = transport

    @classmethod
    def connect(cls, settings: PlatformSettings, transport: AsyncTransport | None = None) -> Self:
        """A client with these settings; without a transport, aiohttp with their limits."""
        return cls(settings.api, transport or AiohttpTransport(settings.limits))

    async def ask(self, call: Call[T]) -> Result[T, Problem]:
        """One request; its answer, or why there is none."""
        return self.api.read(call, await self._exchange(self.api.request(call)))

    async def call(self, call: Call[T]) -> T:
        """One request; its answer. Raises `MigmaError`."""
        return _answer(await self.ask(call))

    async def every(self, call: Call[Page[T]]) -> AsyncIterator[T]:
        """Every row of a list, page by page, each one request. Raises `MigmaError` where a page does not come."""
        asked: Call[Page[T]] | None = call
        while asked is not None:
            page = await self.call(asked)
            for row in page.rows:
                yield row
            asked = following(asked, page)

    async def _exchange(self, request: HttpRequest) -> Answer:
        try:
            return await self._transport(request)
        except Exception as fault:  # noqa: BLE001 - D7: an exception nobody listed
            return unforeseen(fault)

    async def close(self) -> None:
        """Close what is kept open."""
        close = getattr(self._transport, "close", None)
        if close is not None:
            await close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"AsyncClient({self.api!r})"


def _answer(result: Result[T, Problem]) -> T:
    if is_successful(result):
        return result.unwrap()
    raise raised(result.failure())
