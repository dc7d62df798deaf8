"""Sending: requests a provider really sees, and how fast they leave, against bare clients and known libraries."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from typing import Any

import aiohttp
import resend
from migma_http import AiohttpTransport, AsyncHttpProvider, HttpProvider, Limits, Secret, Urllib3Transport
from migma_resend import ResendCodec
from migma_sendgrid import SendGridCodec

from migma_core import Accepted, Attempt, Batch
from migma_core.message.program import PLAIN, Bodies
from tests.adapters.http.test_transports import FAULTS, QUICK, by_aiohttp, by_urllib3, post
from tests.benchmarks.composing import HTML, SUBJECT, TEXT, bare_sendgrid, prepare_bare, values
from tests.benchmarks.measuring import Figure, ceiling, floor, ratio_of
from tests.benchmarks.stub import stub
from tests.benchmarks.through_anymail import through_anymail
from tests.support.batches import attempt_for, batch_for, compiled_for
from tests.support.counting_server import counting_server

__all__ = ["figures"]

KEY = "key.0123456789abcdef"
IN_FLIGHT = 32
_HEADERS = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}


def figures() -> list[Figure]:
    """Every figure of sending, over one stub on loopback."""
    with stub() as url, asyncio.Runner() as runner, ExitStack() as closing:
        thousand = batch_for(compiled_for(SUBJECT, HTML, TEXT), [values(n) for n in range(1000)])
        prepare_bare(thousand)
        bare, ours = _clients(runner, closing)
        sync = closing.enter_context(Urllib3Transport())
        sendgrid = HttpProvider(SendGridCodec(Secret(KEY), url), sync)
        merge, single = through_anymail(
            "sendgrid", "-", "-", api_key=KEY, api_url=f"{url}/v3/", merge_field_format="-{}-"
        )
        hundred = batch_for(compiled_for(SUBJECT, HTML, TEXT, transactional=True), [values(n) for n in range(100)])
        resends = HttpProvider(ResendCodec(Secret(KEY), url), sync)
        on_record = attempt_for(hundred, resends.encode(hundred))  # the loop's own work, the same for any provider
        a_send = ratio_of(partial(single, thousand, 50), partial(_hand_over, sendgrid, thousand, on_record), rounds=5)
        return [
            ceiling("HTTP requests of one attempt, at most, in five faults and both colours", _most_requests(), 1.0),
            floor(
                "SendGrid, 1,000: build and send, of json.dumps and aiohttp alone",
                ratio_of(
                    lambda: runner.run(_bare_batches(bare, url, thousand)),
                    lambda: runner.run(_our_batches(ours, url, thousand, on_record)),
                ),
                0.8,
            ),
            floor(
                "SendGrid, 1,000: build and send, against django-anymail's merge",
                ratio_of(partial(merge, thousand), partial(_hand_over, sendgrid, thousand, on_record), rounds=7),
                2.5,
            ),
            floor(
                "SendGrid, per message: against django-anymail's one send a message",
                a_send * 1000 / 50,
                60.0,
            ),
            floor(
                "Resend, 100: build and send, against resend.Batch.send, rendered as fast",
                ratio_of(partial(_resend_sdk, url, hundred), partial(_hand_over, resends, hundred, on_record)),
                1.2,
            ),
            floor(
                f"single messages, {IN_FLIGHT} in flight, of aiohttp alone with the same bodies",
                ratio_of(
                    lambda: runner.run(_bare_singles(bare, url, hundred)),
                    lambda: runner.run(_our_singles(ours, url, hundred)),
                ),
                0.75,
            ),
        ]


def _clients(runner: asyncio.Runner, closing: ExitStack) -> tuple[aiohttp.ClientSession, AiohttpTransport]:
    async def made() -> tuple[aiohttp.ClientSession, AiohttpTransport]:
        connector = aiohttp.TCPConnector(limit=IN_FLIGHT)
        return aiohttp.ClientSession(connector=connector), AiohttpTransport(Limits(connections=IN_FLIGHT))

    bare, ours = runner.run(made())
    closing.callback(lambda: runner.run(ours.close()))
    closing.callback(lambda: runner.run(bare.close()))
    return bare, ours


def _most_requests() -> float:
    """The most that a counting server has seen of one attempt."""
    counts = []
    for manner, _ in FAULTS.values():
        for ask in (by_urllib3, by_aiohttp):
            with counting_server(manner) as server:
                ask(post(server.url), QUICK)
            counts.append(server.count)
    assert min(counts) == 1
    return float(max(counts))


async def _bare_batches(client: aiohttp.ClientSession, url: str, batch: Batch) -> None:
    for _ in range(4):
        body = bare_sendgrid(batch)
        async with client.post(f"{url}/v3/mail/send", data=body, headers=_HEADERS) as response:
            await response.read()
            assert response.status == 202


async def _our_batches(transport: AiohttpTransport, url: str, batch: Batch, attempt: Attempt) -> None:
    provider = AsyncHttpProvider(SendGridCodec(Secret(KEY), url), transport)
    for _ in range(4):
        outcomes = await provider.hand_over(batch, provider.encode(batch), attempt)
        assert len(outcomes) == len(batch.messages)


def _hand_over(provider: HttpProvider, batch: Batch, attempt: Attempt) -> None:
    outcomes = provider.hand_over(batch, provider.encode(batch), attempt)
    assert all(isinstance(one, Accepted) for one in outcomes)


def _resend_sdk(url: str, batch: Batch) -> None:
    resend.api_key, resend.api_url = KEY, url
    run = Bodies(batch.compiled, PLAIN).run
    mails: list[Any] = []
    for message in batch.messages:
        subject, text, html = run(message.values)
        mails.append(
            {
                "from": "Acme <news@acme.example.com>",
                "to": [str(message.approval.address)],
                "subject": subject,
                "text": text,
                "html": html,
                "tags": [{"name": "migma_delivery", "value": message.delivery}],
                "headers": {"Auto-Submitted": "auto-generated"},
            }
        )
    assert len(resend.Batch.send(mails)["data"]) == len(mails)


async def _bare_singles(client: aiohttp.ClientSession, url: str, batch: Batch) -> None:
    bodies = _bodies(batch)

    async def worker() -> None:
        for body in bodies:
            async with client.post(f"{url}/emails", data=body, headers=_HEADERS) as response:
                assert response.status == 200
                assert (await response.json())["id"]

    await asyncio.gather(*(worker() for _ in range(IN_FLIGHT)))


async def _our_singles(transport: AiohttpTransport, url: str, batch: Batch) -> None:
    provider = AsyncHttpProvider(ResendCodec(Secret(KEY), url), transport)
    ready = iter(_handed(provider, batch))

    async def worker() -> None:
        for one, parcel, attempt in ready:
            (outcome,) = await provider.hand_over(one, parcel, attempt)
            assert isinstance(outcome, Accepted)

    await asyncio.gather(*(worker() for _ in range(IN_FLIGHT)))


_SINGLES: dict[int, list[Any]] = {}


def _handed(provider: AsyncHttpProvider, batch: Batch) -> list[Any]:
    """Batches of one with their parcels and attempts, made beforehand; each is sent several times."""
    if id(batch) not in _SINGLES:
        ones = [Batch.of(batch.compiled, [message], batch.moment) for message in batch.messages]
        parcels = [provider.encode(one) for one in ones]
        _SINGLES[id(batch)] = [(one, p, attempt_for(one, p)) for one, p in zip(ones, parcels, strict=True)] * 6
    return _SINGLES[id(batch)]


def _bodies(batch: Batch) -> Iterator[bytes]:
    provider = AsyncHttpProvider(ResendCodec(Secret(KEY)), AiohttpTransport())
    return (parcel.bodies[0] for _, parcel, _ in _handed(provider, batch))
