"""
The asynchronous transport, on aiohttp: one request per call, nothing repeated, nothing followed.

aiohttp is imported with the first transport that is made: whoever sends without an event loop does not wait for it.
"""

from __future__ import annotations

from functools import lru_cache
from types import TracebackType
from typing import TYPE_CHECKING, Self

from .exchange import Answer, HttpRequest, HttpResponse, NoAnswer, Sent
from .transport import Limits

if TYPE_CHECKING:
    import aiohttp
    from yarl import URL

__all__ = ["AiohttpTransport"]


@lru_cache(maxsize=64)  # a provider has few
def _url(text: str) -> URL:
    from yarl import URL

    return URL(text, encoded=True)


class AiohttpTransport:
    """
    Await it with a request, many at once if you like, in one event loop. Use it as an async context manager, or await
    `close`.
    """

    __slots__ = ("_limits", "_open", "_timeout")

    def __init__(self, limits: Limits = Limits()) -> None:  # noqa: B008 - frozen
        import aiohttp

        self._limits = limits
        self._timeout = aiohttp.ClientTimeout(total=limits.whole, connect=limits.connect)
        self._open: aiohttp.ClientSession | None = None

    async def __call__(self, request: HttpRequest) -> Answer:
        """One exchange. Never raises for the world's faults."""
        import aiohttp

        try:
            response = await self._session().request(
                request.method,
                _url(request.url),
                data=request.body or None,
                headers=request.headers,
                allow_redirects=False,
            )
        # raised while it connects, and at no other time
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as fault:
            return NoAnswer(Sent.NOTHING, f"{type(fault).__name__} during the request")
        except (aiohttp.ClientError, TimeoutError, OSError) as fault:
            return NoAnswer(Sent.MAYBE, f"{type(fault).__name__} during the request")
        return HttpResponse(response.status, tuple(response.headers.items()), await self._read(response))

    async def close(self) -> None:
        """Close what is kept open."""
        if self._open is not None:
            await self._open.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def _session(self) -> aiohttp.ClientSession:
        """Made in the event loop that uses it; no cookies, no proxy of the environment, no decompression."""
        import aiohttp

        if self._open is None or self._open.closed:
            self._open = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._limits.connections),
                timeout=self._timeout,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
            )
        return self._open

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        """As much of the body as comes in time and within the limit: the status has said what matters."""
        import aiohttp

        read, room = bytearray(), self._limits.body
        try:
            while room > 0 and not response.content.at_eof():
                piece = await response.content.read(room)
                read += piece
                room -= len(piece)
        except (aiohttp.ClientError, TimeoutError, OSError):
            room = 0
        if room > 0:
            response.release()
        else:
            response.close()  # what is left of it is not read, so nobody may reuse the connection
        return bytes(read)
