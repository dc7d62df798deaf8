"""Django's way of sending a batch, through anymail: merged in one request, and a message at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings as django_settings

from migma_core import Batch
from migma_core.message.program import PLAIN, Bodies
from tests.benchmarks.composing import HTML, SUBJECT, TEXT

__all__ = ["through_anymail"]

Ways = tuple[Callable[[Batch], None], Callable[[Batch, int], None]]


def through_anymail(backend: str, before: str, after: str, **options: Any) -> Ways:
    """Both ways, through a backend whose placeholders stand between these two."""
    if not django_settings.configured:
        django_settings.configure()
    from django.core.mail import EmailMultiAlternatives, get_connection

    connection = get_connection(f"anymail.backends.{backend}.EmailBackend", **options)
    subject, text, html = (_placed(one, before, after) for one in (SUBJECT, TEXT, HTML))

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


def _placed(content: str, before: str, after: str) -> str:
    plain = content.replace("{{first_name|there}}", f"{before}first_name{after}")
    return plain.replace("{{", before).replace("}}", after)
