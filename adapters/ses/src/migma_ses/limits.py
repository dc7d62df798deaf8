"""What SES can carry, and the refusal of what it cannot: before sending, never dropped in silence (design D9)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from migma_core.audience import Address
from migma_core.message import Batch, DeliveryId
from migma_core.ports import Capabilities
from migma_core.request import Attachment

__all__ = [
    "BULK_CAPABILITIES",
    "CAPABILITIES",
    "MOST_DATA",
    "MOST_HEADERS",
    "MOST_OCTETS",
    "CannotCarry",
    "attachment_fault",
    "check_batch",
    "check_body",
    "check_data",
    "header_fault",
]

CAPABILITIES: Final = Capabilities("ses", most_messages=1, copies=True)
"""One message a request: the only shape that keeps up with an account's rate (design D9)."""

BULK_CAPABILITIES: Final = replace(CAPABILITIES, most_messages=50)
"""Where ``bulk`` is asked for: 50 destinations of one template, each answered."""

MOST_HEADERS: Final = 15
"""Headers beside the standard ones, in any form but the raw one (compliance Q-01)."""

MOST_DATA: Final = 262_144
"""Characters of one recipient's template data."""

MOST_OCTETS: Final = 40_000_000
"""Octets of a whole request."""

_LONGEST_NAME, _LONGEST_VALUE, _LONGEST_BOTH = 126, 995, 996
_LONGEST_FILE_NAME, _LONGEST_TYPE, _LONGEST_CONTENT_ID = 255, 78, 78


class CannotCarry(ValueError):
    """SES would refuse or damage this batch; the message says what to change."""


def check_batch(batch: Batch, most: int) -> None:
    """Raise `CannotCarry` for too many messages, and for what SES would refuse in any form."""
    count, request = len(batch.messages), batch.compiled.request
    if count > most:
        raise CannotCarry(f"SES takes {most} messages at once as it is connected, this batch has {count}; divide it")
    if request.deliver_at is not None:
        raise CannotCarry("SES keeps no mail until a later time; leave deliver_at out, and send it then")
    _check_address("the reply-to address", request.reply_to)
    for message in batch.messages:
        for address, delivery in zip(message.envelope, message.deliveries, strict=True):
            _check_address(f"the address of delivery {delivery}", address)


def header_fault(headers: Mapping[str, str]) -> str | None:
    """What of these headers no form but the raw one holds (compliance Q-01); ``None`` where they all fit."""
    if len(headers) > MOST_HEADERS:
        return f"SES takes {MOST_HEADERS} headers of this kind, the message has {len(headers)}"
    for name, value in headers.items():
        if not (value.isascii() and value.isprintable()):
            return f"the header {name} is not printable ASCII"
        if len(name) > _LONGEST_NAME or len(value) > _LONGEST_VALUE or len(name) + len(value) > _LONGEST_BOTH:
            return f"the header {name} has {len(value)} characters, SES takes {_LONGEST_VALUE} at most"
    return None


def attachment_fault(attachment: Attachment) -> str | None:
    """What of a file no form but the raw one holds; ``None`` where it fits."""
    if not attachment.filename.isascii():
        return "an attachment's name is not ASCII, and how SES would encode it is nowhere documented"
    if len(attachment.filename) > _LONGEST_FILE_NAME:
        return f"an attachment's name has {len(attachment.filename)} characters, SES takes {_LONGEST_FILE_NAME}"
    if len(attachment.media_type) > _LONGEST_TYPE or len(attachment.content_id or "") > _LONGEST_CONTENT_ID:
        return f"an attachment's type or content id has more than {_LONGEST_TYPE} characters"
    return None


def check_data(delivery: DeliveryId, data: str) -> str:
    """Raise `CannotCarry` where one recipient's values are more than a template holds."""
    if len(data) > MOST_DATA:
        raise CannotCarry(
            f"the values of delivery {delivery} take {len(data)} characters as JSON, SES takes {MOST_DATA} in bulk; "
            "put long text into the template instead of a value, or send one message at a time"
        )
    return data


def check_body(body: bytes) -> bytes:
    """Raise `CannotCarry` for a request that is too large; compliance G-10 counts the encoded size."""
    if len(body) > MOST_OCTETS:
        raise CannotCarry(f"the request has {len(body)} octets, SES takes {MOST_OCTETS}; attach less, or send a link")
    return body


def _check_address(whose: str, address: Address | None) -> None:
    if address is not None and address.is_international:
        raise CannotCarry(
            f"{whose} has a non-ASCII local part, which SES cannot carry (RFC 6531); use another provider"
        )
