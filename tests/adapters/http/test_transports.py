"""Both transports, against a server that counts and misbehaves: one request each, and a true answer."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable

import pytest
from migma_http import AiohttpTransport, Answer, HttpRequest, HttpResponse, Limits, NoAnswer, Sent, Urllib3Transport

from tests.support.counting_server import Manner, answering, counting_server, dripping, dropping, silent

QUICK = Limits(connect=0.4, whole=0.8, body=1000)
Ask = Callable[[HttpRequest, Limits], Answer]


def by_urllib3(request: HttpRequest, limits: Limits) -> Answer:
    """Ask in this thread."""
    with Urllib3Transport(limits) as transport:
        return transport(request)


def by_aiohttp(request: HttpRequest, limits: Limits) -> Answer:
    """Ask in an event loop of its own."""

    async def go() -> Answer:
        async with AiohttpTransport(limits) as transport:
            return await transport(request)

    return asyncio.run(go())


both = pytest.mark.parametrize("ask", [by_urllib3, by_aiohttp])


def post(url: str, *, scheme: str = "http") -> HttpRequest:
    """A request with a key and a body."""
    return HttpRequest("POST", f"{url.replace('http', scheme, 1)}/send", (("Authorization", "Bearer k"),), b'{"a":1}')


FAULTS: dict[str, tuple[Manner, int | None]] = {
    "500": (answering(500), 500),
    "503": (answering(503, "Retry-After: 1\r\n"), 503),
    "429": (answering(429, "Retry-After: 1\r\n"), 429),
    "dropped": (dropping, None),
    "slow": (silent, None),
}


@both
@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_one_attempt_is_one_request(ask: Ask, fault: str) -> None:
    """Whatever goes wrong, the server has counted exactly one request, and it was whole."""
    manner, status = FAULTS[fault]
    with counting_server(manner) as server:
        answer = ask(post(server.url), QUICK)
    assert server.count == 1
    assert server.requests[0].endswith(b'{"a":1}')
    assert getattr(answer, "status", None) == status
    if status is None:
        assert isinstance(answer, NoAnswer)
        assert answer.sent is Sent.MAYBE


@both
def test_nobody_there_means_nothing_was_sent(ask: Ask) -> None:
    """A port that nobody listens at, and a name that nobody has: not a byte left."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    for url in (f"http://127.0.0.1:{port}", "http://nobody.invalid"):
        answer = ask(post(url), QUICK)
        assert isinstance(answer, NoAnswer)
        assert answer.sent is Sent.NOTHING


@both
def test_no_secure_connection_means_nothing_was_sent(ask: Ask) -> None:
    """A server that does not speak TLS, or goes away while it is spoken, has not had the request."""
    with counting_server(dropping) as server:
        answer = ask(post(server.url, scheme="https"), QUICK)
    assert isinstance(answer, NoAnswer)
    assert answer.sent is Sent.NOTHING
    assert server.count == 0


@both
def test_a_kept_connection_that_breaks_may_have_carried_it(ask: Ask) -> None:
    """The second request on a connection that the server then drops is told as maybe, and sent once."""
    seen: list[int] = []

    def first_well_then_not(connection: socket.socket) -> None:
        seen.append(1)
        (answering(200) if len(seen) == 1 else dropping)(connection)

    async def twice(url: str) -> list[Answer]:
        async with AiohttpTransport(QUICK) as transport:
            return [await transport(post(url)), await transport(post(url))]

    with counting_server(first_well_then_not) as server:
        if ask is by_aiohttp:
            first, second = asyncio.run(twice(server.url))
        else:
            with Urllib3Transport(QUICK) as transport:
                first, second = transport(post(server.url)), transport(post(server.url))
    assert isinstance(first, HttpResponse)
    assert isinstance(second, NoAnswer)
    assert second.sent is Sent.MAYBE
    assert server.count == 2


@both
@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_no_redirect_is_followed(ask: Ask, status: int) -> None:
    """The answer is the redirect itself, and neither key nor body goes anywhere else."""
    with (
        counting_server(answering(200)) as elsewhere,
        counting_server(answering(status, f"Location: {elsewhere.url}\r\n")) as server,
    ):
        answer = ask(post(server.url), QUICK)
    assert isinstance(answer, HttpResponse)
    assert (answer.status, server.count, elsewhere.count) == (status, 1, 0)


@both
def test_a_body_beyond_the_limit_is_not_read(ask: Ask) -> None:
    """As much as the limit is kept, and the status counts."""
    with counting_server(answering(202, body=b"x" * 100_000)) as server:
        answer = ask(post(server.url), QUICK)
    assert isinstance(answer, HttpResponse)
    assert (answer.status, len(answer.body)) == (202, QUICK.body)


@both
def test_a_body_that_ends_early_is_no_doubt(ask: Ask) -> None:
    """The status has said what became of the mail: a body cut short changes nothing about it."""
    with counting_server(answering(200, body=b'{"id":', length=100)) as server:
        answer = ask(post(server.url), QUICK)
    assert isinstance(answer, HttpResponse)
    assert answer.status == 200


@both
def test_a_body_that_never_ends_ends_in_time(ask: Ask) -> None:
    """A server that drips an octet at a time keeps nobody beyond the limit."""
    with counting_server(dripping) as server:
        began = time.monotonic()
        answer = ask(post(server.url), QUICK)
    assert isinstance(answer, HttpResponse)
    assert answer.status == 200
    assert time.monotonic() - began < 3


@both
def test_headers_come_as_they_stand(ask: Ask) -> None:
    """A header that stands twice stays two: neither is believed."""
    with counting_server(answering(429, "Retry-After: 1\r\nRetry-After: 2\r\n")) as server:
        answer = ask(post(server.url), QUICK)
    assert isinstance(answer, HttpResponse)
    assert answer.all("Retry-After") == ["1", "2"]


@both
def test_what_no_http_client_understands_is_maybe(ask: Ask) -> None:
    """Octets that are no answer at all leave in doubt what became of the request."""
    with counting_server(lambda connection: connection.sendall(b"\x00\xff SMTP 220 hello\r\n\r\n")) as server:
        answer = ask(post(server.url), QUICK)
    assert isinstance(answer, NoAnswer)
    assert answer.sent is Sent.MAYBE
