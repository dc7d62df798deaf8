"""One attempt is one request, whatever goes wrong: no mail is sent twice unasked (reliability §2)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from migma_http import AiohttpTransport, AsyncHttpProvider, HttpProvider, Limits, Urllib3Transport
from migma_ses import Encoder

from migma_core import Batch, Outcome
from tests.adapters.http.test_transports import FAULTS, QUICK
from tests.adapters.ses.connecting import codec
from tests.support.answers import in_words
from tests.support.batches import attempt_for, batch_for, compiled_for
from tests.support.counting_server import counting_server

Send = Callable[[str, Batch, Limits], tuple[Outcome, ...]]
MEANS = {"429": "not_sent 1", "500": "unknown", "503": "unknown", "dropped": "unknown", "slow": "unknown"}


def sent(url: str, batch: Batch, limits: Limits) -> tuple[Outcome, ...]:
    """Hand over, synchronously."""
    with Urllib3Transport(limits) as transport:
        provider = HttpProvider(codec(Encoder(bulk=True), url), transport)
        parcel = provider.encode(batch)
        return provider.hand_over(batch, parcel, attempt_for(batch, parcel))


def sent_async(url: str, batch: Batch, limits: Limits) -> tuple[Outcome, ...]:
    """Hand over, in an event loop."""

    async def go() -> tuple[Outcome, ...]:
        async with AiohttpTransport(limits) as transport:
            provider = AsyncHttpProvider(codec(Encoder(bulk=True), url), transport)
            parcel = provider.encode(batch)
            return await provider.hand_over(batch, parcel, attempt_for(batch, parcel))

    return asyncio.run(go())


@pytest.mark.parametrize("send", [sent, sent_async])
@pytest.mark.parametrize("people", [1, 2])
@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_one_attempt_is_one_request(send: Send, people: int, fault: str) -> None:
    """The server has counted exactly one, whole and signed, and only shed load is certain not to have been sent."""
    batch = batch_for(compiled_for(), [{}] * people)
    with counting_server(FAULTS[fault][0]) as server:
        outcomes = send(server.url, batch, QUICK)
    assert server.count == 1
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert b"\r\nAuthorization: AWS4-HMAC-SHA256 Credential=" in head
    assert body == Encoder(bulk=True)(batch)
    assert in_words(outcomes) == [MEANS[fault]] * people
