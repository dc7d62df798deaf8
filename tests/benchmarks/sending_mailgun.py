"""Sending through Mailgun: what a provider really sees, and how fast it leaves, against django-anymail's two ways."""

from __future__ import annotations

from functools import partial

from migma_http import HttpProvider, Secret, Urllib3Transport
from migma_mailgun import MailgunCodec

from migma_core import Accepted, Attempt, Batch
from tests.adapters.http.test_transports import FAULTS, QUICK
from tests.adapters.mailgun.test_requests import BATCH, sent, sent_async
from tests.benchmarks.composing import HTML, SUBJECT, TEXT, values
from tests.benchmarks.measuring import Figure, ceiling, floor, ratio_of
from tests.benchmarks.stub import stub
from tests.benchmarks.through_anymail import through_anymail
from tests.support.batches import attempt_for, batch_for, compiled_for
from tests.support.counting_server import counting_server

__all__ = ["figures"]

KEY = "key.0123456789abcdef"
_ALONE = 50


def figures() -> list[Figure]:
    """Every figure of sending through Mailgun, over one stub on loopback."""
    thousand = batch_for(compiled_for(SUBJECT, HTML, TEXT), [values(n) for n in range(1000)])
    with stub() as url, Urllib3Transport() as transport:
        provider = HttpProvider(MailgunCodec(Secret(KEY), url), transport)
        ours = partial(_hand_over, provider, thousand, attempt_for(thousand, provider.encode(thousand)))
        merge, single = through_anymail("mailgun", "%recipient.", "%", api_key=KEY, api_url=f"{url}/v3/")
        a_send = ratio_of(partial(single, thousand, _ALONE), ours, rounds=5)
        return [
            ceiling("Mailgun: HTTP requests of one attempt, at most, in five faults, both colours", _most(), 1.0),
            floor(
                "Mailgun, 1,000: build and send, against django-anymail's merge",
                ratio_of(partial(merge, thousand), ours, rounds=7),
                2.5,
            ),
            floor("Mailgun, per message: against django-anymail's one send a message", a_send * 1000 / _ALONE, 60.0),
        ]


def _most() -> float:
    """The most that a counting server has seen of one attempt."""
    counts = []
    for manner, _ in FAULTS.values():
        for send in (sent, sent_async):
            with counting_server(manner) as server:
                send(server.url, BATCH, QUICK)
            counts.append(server.count)
    assert min(counts) == 1
    return float(max(counts))


def _hand_over(provider: HttpProvider, batch: Batch, attempt: Attempt) -> None:
    outcomes = provider.hand_over(batch, provider.encode(batch), attempt)
    assert all(isinstance(one, Accepted) for one in outcomes)
