"""Sending through SES, a signed request for each message, against AWS's own client at the same stub."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import boto3
from migma_http import AiohttpTransport, AsyncHttpProvider, HttpProvider, Limits, Secret, Urllib3Transport
from migma_ses import Credentials, Encoder, SesCodec, Signer

from migma_core import Accepted, Attempt, Batch, Compiled
from migma_core.message.program import PLAIN, Bodies
from tests.adapters.http.test_transports import FAULTS, QUICK
from tests.adapters.ses.test_one_request import sent, sent_async
from tests.benchmarks.composing import HTML, SUBJECT, TEXT, values
from tests.benchmarks.measuring import Figure, ceiling, floor, ratio_of
from tests.benchmarks.stub import stub
from tests.support.batches import attempt_for, batch_for, compiled_for
from tests.support.counting_server import counting_server

__all__ = ["figures"]

MAILS, THREADS, IN_FLIGHT, ROUNDS = 200, 8, 32, 15
REGION, KEY_ID, SECRET = "eu-central-1", "AKIDEXAMPLE0123456789", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"


def figures() -> list[Figure]:
    """Every figure of SES, over one stub on loopback."""
    with stub() as url, asyncio.Runner() as runner, ExitStack() as closing:
        all_of_them = batch_for(compiled_for(SUBJECT, HTML, TEXT), [values(n) for n in range(MAILS)])
        singles = [Batch.of(all_of_them.compiled, [one], all_of_them.moment) for one in all_of_them.messages]
        pool = closing.enter_context(ThreadPoolExecutor(THREADS))
        sync = HttpProvider(_codec(url), closing.enter_context(Urllib3Transport()))
        on_record = attempt_for(singles[0], sync.encode(singles[0]))  # the loop's own work, the same for any provider
        transport = runner.run(_transport())
        closing.callback(lambda: runner.run(transport.close()))
        awaited = AsyncHttpProvider(_codec(url), transport)
        theirs = _boto3(url, all_of_them.compiled)

        def boto3_in_threads() -> None:
            assert len(list(pool.map(theirs, singles))) == MAILS

        def ours_in_threads() -> None:
            assert all(pool.map(lambda one: _hand_over(sync, one, on_record), singles))

        return [
            ceiling("SES: HTTP requests of one attempt, at most, in five faults and both colours", _most(), 1.0),
            floor(
                f"SES singly, {IN_FLIGHT} in flight: build, sign and send, against boto3 in {THREADS} threads",
                ratio_of(boto3_in_threads, lambda: runner.run(_all(awaited, singles, on_record)), ROUNDS),
                4.0,
            ),
            floor(
                f"SES singly, {THREADS} threads: the same, against boto3 in {THREADS} threads",
                ratio_of(boto3_in_threads, ours_in_threads, ROUNDS),
                1.4,  # threads take turns at one interpreter, ours as theirs
            ),
        ]


def _codec(url: str) -> SesCodec:
    found = Credentials(KEY_ID, Secret(SECRET))
    return SesCodec(Signer(lambda: found, REGION), Encoder(), url)


async def _transport() -> AiohttpTransport:
    return AiohttpTransport(Limits(connections=IN_FLIGHT))


def _most() -> float:
    """The most that a counting server has seen of one attempt."""
    batch, counts = batch_for(compiled_for()), []
    for manner, _ in FAULTS.values():
        for send in (sent, sent_async):
            with counting_server(manner) as server:
                send(server.url, batch, QUICK)
            counts.append(server.count)
    assert min(counts) == 1
    return float(max(counts))


def _hand_over(provider: HttpProvider, batch: Batch, attempt: Attempt) -> bool:
    (outcome,) = provider.hand_over(batch, provider.encode(batch), attempt)
    return isinstance(outcome, Accepted)


async def _all(provider: AsyncHttpProvider, batches: Sequence[Batch], attempt: Attempt) -> None:
    left: Iterator[Batch] = iter(batches)

    async def worker() -> None:
        for one in left:
            (outcome,) = await provider.hand_over(one, provider.encode(one), attempt)
            assert isinstance(outcome, Accepted)

    await asyncio.gather(*(worker() for _ in range(IN_FLIGHT)))


def _boto3(url: str, compiled: Compiled) -> Callable[[Batch], str]:
    """AWS's own client, shared by threads as its documentation says, given the same mail, rendered as fast."""
    keys = {"aws_access_key_id": KEY_ID, "aws_secret_access_key": SECRET}
    client: Any = boto3.session.Session(**keys).client("sesv2", region_name=REGION, endpoint_url=url)
    run = Bodies(compiled, PLAIN).run

    def send(batch: Batch) -> str:
        (message,) = batch.messages
        subject, text, html = run(message.values)
        answer = client.send_email(
            FromEmailAddress="Acme <news@acme.example.com>",
            Destination={"ToAddresses": [str(message.approval.address)]},
            EmailTags=[{"Name": "migma_delivery", "Value": message.delivery}],
            Content={
                "Simple": {
                    "Subject": {"Data": subject, "Charset": "UTF-8"},
                    "Body": {"Text": {"Data": text, "Charset": "UTF-8"}, "Html": {"Data": html, "Charset": "UTF-8"}},
                    "Headers": [
                        {"Name": "List-Unsubscribe", "Value": f"<{message.unsubscribe_url}>"},
                        {"Name": "List-Unsubscribe-Post", "Value": "List-Unsubscribe=One-Click"},
                    ],
                }
            },
        )
        return str(answer["MessageId"])

    return send
