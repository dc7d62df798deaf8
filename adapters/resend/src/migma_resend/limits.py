"""What Resend can carry, and the refusal of what it cannot: before sending, never dropped in silence (design D9)."""

from __future__ import annotations

import mimetypes
from datetime import timedelta
from typing import Final

from migma_core.audience import Address
from migma_core.message import Batch
from migma_core.ports import Capabilities
from migma_core.request import Attachment

__all__ = ["CAPABILITIES", "MOST_OCTETS", "CannotCarry", "check_batch", "check_body"]

CAPABILITIES: Final = Capabilities(
    "resend", most_messages=100, attachments_in_batches=False, knows_repeats=True, schedules=True, copies=True
)
"""100 finished mails, each answered; files in single mails only; local parts in ASCII only."""

MOST_OCTETS: Final = 40_000_000
"""Octets of a whole request."""


_LONGEST_KEPT = timedelta(days=30)


class CannotCarry(ValueError):
    """Resend would refuse or lose this batch; the message says what to change."""


def check_batch(batch: Batch) -> None:
    """Raise `CannotCarry` for too many messages, and for what Resend would refuse or lose."""
    count, most = len(batch.messages), CAPABILITIES.most_messages
    if count > most:
        raise CannotCarry(f"Resend takes {most} messages at once, this batch has {count}; divide it")
    attachments = batch.compiled.request.content.attachments
    if attachments and count > 1:
        raise CannotCarry("Resend takes attachments in single mails only; send one message at a time")
    _check_time(batch)
    _check_address("the reply-to address", batch.compiled.request.reply_to)
    for message in batch.messages:
        for address, delivery in zip(message.envelope, message.deliveries, strict=True):
            _check_address(f"the address of delivery {delivery}", address)
    for attachment in attachments:
        _check_type(attachment)


def _check_time(batch: Batch) -> None:
    wanted = batch.compiled.request.deliver_at
    if wanted is not None and len(batch.messages) > 1:
        raise CannotCarry("Resend keeps single mails until their time only; send one message at a time")
    if wanted is not None and wanted - batch.moment > _LONGEST_KEPT:
        raise CannotCarry("Resend keeps mail for 30 days at most; choose an earlier time, or send later")


def check_body(body: bytes) -> bytes:
    """Raise `CannotCarry` for a request that is too large; compliance G-10 counts the encoded size."""
    if len(body) > MOST_OCTETS:
        raise CannotCarry(
            f"the request has {len(body)} octets, Resend takes {MOST_OCTETS}; send fewer at once, or attach less"
        )
    return body


def _check_address(whose: str, address: Address | None) -> None:
    if address is not None and address.is_international:
        raise CannotCarry(
            f"{whose} has a non-ASCII local part, which Resend cannot carry (RFC 6531); use another provider"
        )


def _check_type(attachment: Attachment) -> None:
    """A name whose ending says another type than is given makes the whole mail vanish there."""
    told, _ = mimetypes.guess_type(attachment.filename, strict=True)
    general = "application/octet-stream"
    if told is not None and attachment.media_type not in {told, general}:
        raise CannotCarry(
            f"an attachment's name ends as {told} does and its type is {attachment.media_type}: Resend loses such "
            "mail; rename the file, or mend its type"
        )
