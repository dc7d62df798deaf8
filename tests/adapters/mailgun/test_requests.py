"""One attempt at Mailgun is one request, whatever goes wrong, in either colour."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from migma_http import AiohttpTransport, AsyncHttpProvider, HttpProvider, Limits, Secret, Urllib3Transport
from migma_mailgun import MailgunCodec

from migma_core import Batch, Outcome
from tests.adapters.http.test_transports import FAULTS, QUICK
from tests.adapters.mailgun.reader import deliveries
from tests.support.answers import in_words
from tests.support.batches import attempt_for, batch_for, compiled_for
from tests.support.counting_server import answering, counting_server
from tests.support.http_worlds import KEY

Send = Callable[[str, Batch, Limits], tuple[Outcome, ...]]
BATCH = batch_for(compiled_for(), [{"name": "Ada"}, {"name": "Bo"}])


def sent(url: str, batch: Batch, limits: Limits) -> tuple[Outcome, ...]:
    """Hand over in this thread."""
    with Urllib3Transport(limits) as transport:
        provider = HttpProvider(MailgunCodec(Secret(KEY), url), transport)
        parcel = provider.encode(batch)
        return provider.hand_over(batch, parcel, attempt_for(batch, parcel))


def sent_async(url: str, batch: Batch, limits: Limits) -> tuple[Outcome, ...]:
    """Hand over in an event loop."""

    async def go() -> tuple[Outcome, ...]:
        async with AiohttpTransport(limits) as transport:
            provider = AsyncHttpProvider(MailgunCodec(Secret(KEY), url), transport)
            parcel = provider.encode(batch)
            return await provider.hand_over(batch, parcel, attempt_for(batch, parcel))

    return asyncio.run(go())


@pytest.mark.parametrize("send", [sent, sent_async])
@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_one_attempt_is_one_request(send: Send, fault: str) -> None:
    """A server that fails in five ways has counted one whole request, and only what is certain is told as not sent."""
    manner, status = FAULTS[fault]
    with counting_server(manner) as server:
        outcomes = in_words(send(server.url, BATCH, QUICK))
    assert server.count == 1
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /v3/acme.example.com/messages HTTP/1.1\r\n")
    assert [one.delivery for one in deliveries(body)] == [message.delivery for message in BATCH.messages]
    assert outcomes == (["not_sent 1"] if status == 429 else ["unknown"]) * 2


@pytest.mark.parametrize("send", [sent, sent_async])
def test_what_is_taken_is_taken_once(send: Send) -> None:
    """One request for everybody, and one id."""
    with counting_server(answering(200, body=b'{"id": "<1@acme.example.com>", "message": "Queued."}')) as server:
        assert in_words(send(server.url, BATCH, Limits())) == ["accepted 1@acme.example.com"] * 2
    assert server.count == 1
