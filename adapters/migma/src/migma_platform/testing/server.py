"""The stand-in's server: keys, permissions, limits, idempotency and faults around its routes (§3.1 to §3.3, R63)."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from migma_http import HttpRequest, HttpResponse, NoAnswer, Secret, Sent

from ..api import Api
from ..settings import PlatformSettings
from . import lists, people, senders  # noqa: F401 - they register their routes
from .routes import Asked, find
from .world import Refusal, World

__all__ = ["Answer", "Counterpart", "Fault", "counterpart"]

_VERSION: Final = "/v1/"
_LONGEST_KEY: Final = 100
_DAY: Final = timedelta(hours=24)


class Answer(NamedTuple):
    """A status, its body and further headers."""

    status: int
    body: bytes
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Fault:
    """
    What goes wrong with the next request: a ``status`` with ``headers`` and nothing done, or the connection dropped,
    before anything was done or after (``late``).
    """

    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    late: bool = False


@dataclass
class Counterpart:
    """
    Where it lives, what it knows, and what it was asked. ``faults`` go wrong one after the other; ``per_minute`` is the
    number of requests that it answers in a minute, ``permissions`` those of its key (all of them without).
    """

    url: str
    key: str
    world: World
    per_minute: int | None = None
    permissions: frozenset[str] | None = None
    faults: deque[Fault] = field(default_factory=deque)
    requests: list[tuple[str, str, bytes]] = field(default_factory=list)
    _answered: dict[str, tuple[bytes, Answer, datetime]] = field(default_factory=dict)
    _times: deque[datetime] = field(default_factory=deque)
    _one_at_a_time: threading.RLock = field(default_factory=threading.RLock)

    def settings(self, project: str, **options: Any) -> PlatformSettings:
        """Settings that lead here."""
        given = {"api_key": self.key, "base_url": self.url, "allow_loopback": True, "project_id": project}
        return PlatformSettings.model_validate({**given, **options})

    @property
    def api(self) -> Api:
        """The API, here."""
        return Api(Secret(self.key), self.url)

    def asked(self, method: str, path: str) -> int:
        """How many requests came for this, whatever became of them."""
        return sum((one[0], urlsplit(one[1]).path) == (method, path) for one in self.requests)

    def exchange(self, request: HttpRequest) -> HttpResponse | NoAnswer:
        """A transport without a network, for many examples in little time: what a connection would have answered."""
        headers = {name.lower(): value for name, value in request.headers}
        target = request.url.removeprefix(self.url.removesuffix(_VERSION.rstrip("/")))
        answer = self.answer(request.method, target, headers, request.body)
        if answer is None:
            return NoAnswer(Sent.MAYBE, "the connection was dropped")
        return HttpResponse(answer.status, tuple(answer.headers.items()), answer.body)

    def answer(self, method: str, target: str, headers: dict[str, str], octets: bytes) -> Answer | None:
        """What one request is answered; ``None`` where the connection is dropped."""
        with self._one_at_a_time:
            self.requests.append((method, target.removeprefix(_VERSION), octets))
            fault = self.faults.popleft() if self.faults else None
            if fault is not None and fault.status is not None:
                return Answer(fault.status, fault.body, dict(fault.headers))
            if fault is not None and not fault.late:
                return None
            try:
                answer = self._guarded(method, target, headers, octets)
            except Refusal as refused:
                answer = _refused(refused, len(self.requests))
            return None if fault is not None else answer

    def _guarded(self, method: str, target: str, headers: dict[str, str], octets: bytes) -> Answer:
        self._know(headers)
        self._limit()
        key = headers.get("idempotency-key")
        if key is None or method == "GET":
            return self._routed(method, target, headers, octets)
        if not 1 <= len(key) <= _LONGEST_KEY:
            raise Refusal(400, f"an idempotency key has 1 to {_LONGEST_KEY} characters")
        return self._once(key, method, target, headers, octets)

    def _once(self, key: str, method: str, target: str, headers: dict[str, str], octets: bytes) -> Answer:
        """The first answer again for the same body, a conflict for another; failures are not kept (R63)."""
        said, now = f"{method} {target}\n".encode() + octets, self.world.now()
        known = self._answered.get(key)
        if known is not None and now - known[2] < _DAY:
            if known[0] != said:
                raise Refusal(409, "the idempotency key was used for another request", "IDEMPOTENCY_CONFLICT")
            return known[1]._replace(headers={**known[1].headers, "Idempotent-Replayed": "true"})
        try:
            answer = self._routed(method, target, headers, octets)
        except Refusal as refused:
            answer = _refused(refused, len(self.requests))
        if answer.status < 500:  # noqa: PLR2004 - RFC 9110 §15.6
            self._answered[key] = said, answer, now
        return answer

    def _routed(self, method: str, target: str, headers: dict[str, str], octets: bytes) -> Answer:
        parts = urlsplit(target)
        if not parts.path.startswith(_VERSION):
            raise Refusal(404, "there is nothing here: the API lives below /v1")
        path = parts.path.removeprefix(_VERSION)
        permission, found, handler = find(method, path)
        if self.permissions is not None and permission not in self.permissions:
            raise Refusal(403, f"the key lacks the permission {permission}")
        query = dict(parse_qsl(parts.query))
        said = handler(self.world, Asked(method, path, query, octets, headers.get("content-type", ""), unquote(found)))
        return _answered(said, len(self.requests))

    def _know(self, headers: dict[str, str]) -> None:
        """Any of the three forms of the key (A19)."""
        given = headers.get("authorization", "")
        if given not in {f"Bearer {self.key}", f"ApiKey {self.key}"} and headers.get("x-api-key") != self.key:
            raise Refusal(401, "the API key is missing or invalid")

    def _limit(self) -> None:
        now = self.world.now()
        while self._times and now - self._times[0] >= timedelta(minutes=1):
            self._times.popleft()
        if self.per_minute is not None and len(self._times) >= self.per_minute:
            wait = timedelta(minutes=1) - (now - self._times[0])
            raise Refusal(429, "too many requests", headers={"Retry-After": str(max(1, -int(-wait.total_seconds())))})
        self._times.append(now)


@contextmanager
def counterpart(world: World | None = None, *, per_minute: int | None = None) -> Iterator[Counterpart]:
    """Run one on a free port of loopback until the block ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    url = f"http://127.0.0.1:{server.server_address[1]}{_VERSION.rstrip('/')}"
    running = Counterpart(url, "sk_test_0123456789abcdef", world or World(), per_minute)
    server.counterpart = running  # type: ignore[attr-defined]  # where the handler finds it
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield running
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def _handle(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        octets = self.rfile.read(length)
        if len(octets) < length:  # whoever asks died meanwhile: an incomplete request is none (RFC 9112 §8)
            self.close_connection = True
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        running: Counterpart = self.server.counterpart  # type: ignore[attr-defined]  # only `_Server` makes these
        answer = running.answer(self.command, self.path, headers, octets)
        if answer is None:
            self.close_connection = True
            return
        self.send_response(answer.status)
        for name, value in {**answer.headers, "Content-Length": str(len(answer.body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body)

    do_GET = do_POST = do_PATCH = do_DELETE = _handle  # noqa: N815 - the names that http.server looks for

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is logged: requests hold people."""


def _answered(said: Any, number: int) -> Answer:
    status, data, more = (*said, {})[:3] if isinstance(said, tuple) else (200, said, {})
    return _json(status, {"success": True, "data": data, **more}, number, {})


def _refused(refused: Refusal, number: int) -> Answer:
    code = {} if refused.code is None else {"code": refused.code}
    return _json(refused.status, {"success": False, "error": refused.said, **code}, number, refused.headers)


def _json(status: int, said: dict[str, Any], number: int, headers: dict[str, str]) -> Answer:
    body = json.dumps({**said, "metadata": {"requestId": f"req_{number}"}}, ensure_ascii=False).encode()
    return Answer(status, body, {"Content-Type": "application/json", **headers})
