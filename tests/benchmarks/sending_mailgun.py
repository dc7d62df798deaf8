"""Sending through Mailgun: what a provider really sees, and how fast it leaves, against django-anymail's two ways."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from django.conf import settings as django_settings
from migma_http import HttpProvider, Secret, Urllib3Transport
from migma_mailgun import MailgunCodec

from migma_core import Accepted, Attempt, Batch
from migma_core.message.program import PLAIN, Bodies
from tests.adapters.http.test_transports import FAULTS, QUICK
from tests.adapters.mailgun.test_requests import BATCH, sent, sent_async
from tests.benchmarks.composing import HTML, SUBJECT, TEXT, values
from tests.benchmarks.measuring import Figure, ceiling, floor, ratio_of
from tests.benchmarks.stub import stub
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
        merge, single = _anymail(url)
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


def _anymail(url: str) -> tuple[Callable[[Batch], None], Callable[[Batch, int], None]]:
    """Django's way of sending the same through anymail's Mailgun: merged, and a message at a time."""
    if not django_settings.configured:
        django_settings.configure()
    from django.core.mail import EmailMultiAlternatives, get_connection

    connection = get_connection("anymail.backends.mailgun.EmailBackend", api_key=KEY, api_url=f"{url}/v3/")
    subject, text, html = (
        one.replace("{{first_name|there}}", "%recipient.first_name%").replace("{{", "%recipient.").replace("}}", "%")
        for one in (SUBJECT, TEXT, HTML)
    )

    def mail(to: list[str]) -> Any:
        made = EmailMultiAlternatives(subject, text, "Acme <news@acme.example.com>", to, connection=connection)
        made.attach_alternative(html, "text/html")
        return made

    def merge(batch: Batch) -> None:
        made = mail([str(one.approval.address) for one in batch.messages])
        made.merge_data = {str(one.approval.address): dict(one.values) for one in batch.messages}
        made.merge_headers = {
            str(one.approval.address): {
                "List-Unsubscribe": f"<{one.unsubscribe_url}>",
                "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            }
            for one in batch.messages
        }
        assert made.send() == 1

    def single(batch: Batch, count: int) -> None:
        run = Bodies(batch.compiled, PLAIN).run
        for one in batch.messages[:count]:
            made = mail([str(one.approval.address)])
            made.subject, made.body, page = run(one.values)
            made.alternatives.clear()
            made.attach_alternative(page, "text/html")
            made.extra_headers = {"List-Unsubscribe": f"<{one.unsubscribe_url}>"}
            assert made.send() == 1

    return merge, single
