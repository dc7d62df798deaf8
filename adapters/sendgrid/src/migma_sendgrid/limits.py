"""What SendGrid can carry, and the refusal of what it cannot: before sending, never dropped in silence (design D9)."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from migma_core.audience import Address
from migma_core.message import Batch
from migma_core.message.substitution import Substituted
from migma_core.ports import Capabilities
from migma_core.request import Attachment

__all__ = [
    "CAPABILITIES",
    "MOST_OCTETS",
    "MOST_SUBSTITUTED",
    "CannotCarry",
    "check_batch",
    "check_body",
    "check_substitutions",
]

CAPABILITIES: Final = Capabilities(
    "sendgrid", most_messages=1_000, answers_each=False, schedules=True, schedules_batches=True, copies=True
)
"""1,000 personalizations, one recipient each, one answer for all; local parts in ASCII only."""

MOST_SUBSTITUTED: Final = 10_000
"""Octets of all substitutions of one personalization."""

MOST_OCTETS: Final = 20_000_000
"""Octets of a whole request: the lower of the two limits SendGrid states."""


_LONGEST_KEPT = timedelta(hours=72)


class CannotCarry(ValueError):
    """SendGrid would refuse or damage this batch; the message says what to change."""


def check_batch(batch: Batch) -> None:
    """Raise `CannotCarry` for too many messages, and for what SendGrid would garble."""
    count, most = len(batch.messages), CAPABILITIES.most_messages
    if count > most:
        raise CannotCarry(f"SendGrid takes {most} messages at once, this batch has {count}; divide it")
    reply_to = batch.compiled.request.reply_to
    check_time(batch)
    _check_address("the reply-to address", reply_to)
    for message in batch.messages:
        if message.copies or message.approval.address.is_international:
            for address, delivery in zip(message.envelope, message.deliveries, strict=True):
                _check_address(f"the address of delivery {delivery}", address)
    for attachment in batch.compiled.request.content.attachments:
        _check_name(attachment)


def check_time(batch: Batch) -> None:
    """Raise `CannotCarry` for a time that SendGrid does not keep mail until."""
    wanted = batch.compiled.request.deliver_at
    if wanted is not None and wanted - batch.moment > _LONGEST_KEPT:
        raise CannotCarry("SendGrid keeps mail for 72 hours at most; choose an earlier time, or send later")


def check_substitutions(batch: Batch, content: Substituted) -> None:
    """Raise `CannotCarry` where one recipient's values are more than a personalization holds."""
    of_keys = len("".join(content.keys).encode())
    for message, values in zip(batch.messages, content.values, strict=True):
        octets = of_keys + len("".join(values).encode())
        if octets > MOST_SUBSTITUTED:
            raise CannotCarry(
                f"the values of delivery {message.delivery} take {octets} octets, SendGrid substitutes "
                f"{MOST_SUBSTITUTED} at most; put long text into the template instead of a value"
            )


def check_body(body: bytes) -> bytes:
    """Raise `CannotCarry` for a request that is too large; compliance G-10 counts the encoded size."""
    if len(body) > MOST_OCTETS:
        raise CannotCarry(
            f"the request has {len(body)} octets, SendGrid takes {MOST_OCTETS}; attach less, or send a link"
        )
    return body


def _check_address(whose: str, address: Address | None) -> None:
    if address is not None and address.is_international:
        raise CannotCarry(
            f"{whose} has a non-ASCII local part, which SendGrid cannot carry (RFC 6531); use another provider"
        )


def _check_name(attachment: Attachment) -> None:
    if not attachment.filename.isascii():
        raise CannotCarry("SendGrid damages attachment names that are not ASCII; rename the file")
