"""The synchronous transport, on urllib3: one request per call, nothing repeated, nothing followed."""

from __future__ import annotations

from threading import local
from time import monotonic
from typing import Any, Final, Self

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

from .exchange import Answer, HttpRequest, HttpResponse, NoAnswer, Sent
from .transport import Limits

__all__ = ["Urllib3Transport"]

_PIECE = 65_536
_HOSTS = 8


class Urllib3Transport:
    """
    Call it with a request; it may be shared by threads. Use it as a context manager, or call `close`.

    Whether a byte left is observed at the socket, not guessed from the kind of exception.
    """

    __slots__ = ("_limits", "_pool")

    def __init__(self, limits: Limits = Limits()) -> None:  # noqa: B008 - frozen
        self._limits = limits
        self._pool = urllib3.PoolManager(num_pools=_HOSTS, maxsize=limits.connections, block=False, retries=False)
        self._pool.pool_classes_by_scheme = {"http": _HttpPool, "https": _HttpsPool}

    def __call__(self, request: HttpRequest) -> Answer:
        """One exchange. Never raises for the world's faults."""
        _thread.wrote = False
        ends = monotonic() + self._limits.whole
        try:
            answer = self._begin(request)
        except (HTTPError, OSError) as fault:
            return NoAnswer(Sent.MAYBE if _thread.wrote else Sent.NOTHING, f"{type(fault).__name__} during the request")
        return HttpResponse(answer.status, tuple(answer.headers.items()), self._read(answer, ends))

    def close(self) -> None:
        """Close what is kept open."""
        self._pool.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _begin(self, request: HttpRequest) -> urllib3.BaseHTTPResponse:
        return self._pool.urlopen(
            request.method,
            request.url,
            body=request.body or None,
            headers=urllib3.HTTPHeaderDict(request.headers),
            redirect=False,
            retries=False,
            timeout=urllib3.Timeout(connect=self._limits.connect, total=self._limits.whole),
            preload_content=False,
            decode_content=False,
        )

    def _read(self, answer: urllib3.BaseHTTPResponse, ends: float) -> bytes:
        """As much of the body as comes in time and within the limit: the status has said what matters."""
        read, room = [], self._limits.body
        try:
            while room > 0 and monotonic() < ends and (piece := answer.read1(min(room, _PIECE))):
                read.append(piece)
                room -= len(piece)
        except (HTTPError, OSError):
            room = 0
        if room > 0 and monotonic() < ends:
            answer.release_conn()
        else:
            answer.close()  # what is left of it is not read, so nobody may reuse the connection
        return b"".join(read)


_thread: Final = local()
"""What the connection of this thread's exchange has done."""


class _Http(HTTPConnection):
    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        _thread.wrote = True
        super().send(data)


class _Https(HTTPSConnection):
    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        _thread.wrote = True
        super().send(data)


class _HttpPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Http


class _HttpsPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _Https
