"""What Mailgun can carry, and the refusal of what it cannot: before sending, never dropped in silence (design D9)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from migma_core.audience import Address
from migma_core.message import Batch, DeliveryId
from migma_core.message.substitution import MAILGUN
from migma_core.ports import Capabilities
from migma_core.request import Attachment, SendRequest

from .form import Field

__all__ = [
    "CAPABILITIES",
    "KEPT_DAYS",
    "MOST_OCTETS",
    "MOST_OPTIONS",
    "CannotCarry",
    "check_batch",
    "check_body",
    "check_options",
]

CAPABILITIES: Final = Capabilities(
    "mailgun",
    most_messages=1_000,
    international_local_parts=True,
    images_by_name=True,
    answers_each=False,
    schedules=True,
    schedules_batches=True,
    most_labels=3,
    copies=True,
)
"""1,000 recipients with variables of their own, one answer for all. Local parts outside ASCII as recipients only."""

KEPT_DAYS: Final = 3
"""How long mail is kept until its time on every plan; some keep it for a week."""

MOST_OPTIONS: Final = 16_000
"""Octets of all options, headers and variables of a request together; what is a recipient's own does not count."""

MOST_OCTETS: Final = 25_000_000
"""Octets of a request, files as they are encoded in a mail."""

_PLAIN_NAME = re.compile(r"[A-Za-z0-9!#$&'*+.^_`|~-]+")


class CannotCarry(ValueError):
    """Mailgun would refuse or damage this batch; the message says what to change."""


def check_batch(batch: Batch, kept_days: int) -> None:
    """Raise `CannotCarry` for too many messages, and for what Mailgun would merge, lose or garble."""
    count, most = len(batch.messages), CAPABILITIES.most_messages
    request = batch.compiled.request
    if count > most:
        raise CannotCarry(f"Mailgun takes {most} messages at once, this batch has {count}; divide it")
    if count > 1 and request.content.has_images_named_otherwise:
        raise CannotCarry(
            "Mailgun calls an inline image by its file's name: give it that content id, or send one message at a time"
        )
    _check_time(batch, timedelta(days=kept_days))
    _check_reply_to(request.reply_to)
    _check_addresses(batch)
    _check_words(request)


def check_options(options: Iterable[Field]) -> None:
    """Raise `CannotCarry` for more options, headers and variables than Mailgun reads."""
    octets = sum(len(name.encode()) + len(value.encode()) for name, value in options)
    if octets > MOST_OPTIONS:
        raise CannotCarry(
            f"headers, labels and metadata take {octets} octets, Mailgun reads {MOST_OPTIONS}; "
            "shorten the headers, or leave some out"
        )


def check_body(body: bytes, files: Iterable[Attachment] = ()) -> bytes:
    """
    Raise `CannotCarry` for a request that is too large; compliance G-10 counts the encoded size. ``files`` are those
    that stand in it as they are: base64 in lines adds seven nineteenths (RFC 2045 §6.8).
    """
    octets = len(body) + sum(len(one.data) for one in files) * 7 // 19
    if octets > MOST_OCTETS:
        raise CannotCarry(
            f"the request has {octets} octets with its files encoded, Mailgun takes {MOST_OCTETS}; "
            "send fewer at once, attach less, or send a link"
        )
    return body


def _check_time(batch: Batch, kept: timedelta) -> None:
    wanted = batch.compiled.request.deliver_at
    if wanted is not None and wanted - batch.moment > kept:
        raise CannotCarry(
            f"Mailgun keeps mail for {kept.days} days at most; choose an earlier time, send later, "
            "or say how long your plan keeps it (kept_days)"
        )


def _check_reply_to(address: Address | None) -> None:
    if address is not None and address.is_international:
        raise CannotCarry(
            "the reply-to address has a non-ASCII local part, of which Mailgun makes a broken header (RFC 6531); "
            "use another address"
        )


def _check_addresses(batch: Batch) -> None:
    """Mailgun merges what it holds to be the same address: one of the two would get nothing."""
    seen: dict[str, DeliveryId] = {}
    for message in batch.messages:
        address, delivery = message.approval.address, message.delivery
        if (other := seen.setdefault(address.canonical, delivery)) != delivery:
            raise CannotCarry(f"deliveries {other} and {delivery} go to one address, to which Mailgun sends once only")
        for one in message.envelope:
            MAILGUN.guard(one.local)


def _check_words(request: SendRequest) -> None:
    """Labels as Mailgun reads tags, headers as a form can name them, and nowhere a variable of Mailgun's own."""
    count, most = len(request.labels), CAPABILITIES.most_labels
    if count > most:  # the manual's own number; further tags go lost without a word
        raise CannotCarry(f"Mailgun keeps {most} tags of a message, this request has {count} labels; use fewer")
    if len({label.lower() for label in request.labels}) < len(request.labels):
        raise CannotCarry("Mailgun takes labels that differ in case alone for the same; rename one")
    for name in request.headers:
        if not _PLAIN_NAME.fullmatch(name):
            raise CannotCarry(f"the header {name[:80]!a} holds a sign that no form can carry; use letters and hyphens")
    for text in (request.sender_name, request.sender.local, *request.headers.values()):
        MAILGUN.guard(text)
    if request.reply_to is not None:
        MAILGUN.guard(request.reply_to.local)
