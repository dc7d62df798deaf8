"""The body: a batch as the JSON of one v3 mail/send request."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any, Final

import orjson

from migma_core.audience import Address
from migma_core.decision import Purpose
from migma_core.message import Batch, Compiled
from migma_core.message.compliance import ONE_CLICK, feedback_id, list_id
from migma_core.message.substitution import SENDGRID, Substituted, substituted
from migma_core.request import Attachment

from .limits import check_batch, check_body, check_substitutions

__all__ = ["DELIVERY_ARGUMENT", "encode"]

DELIVERY_ARGUMENT: Final = "migma_delivery"
"""Comes back at the top level of each event, hence the prefix; carries an opaque id only (compliance Q-04)."""

_Json = dict[str, Any]

# SendGrid's own footer and List-Unsubscribe, its rewritten links and its pixel stay out (compliance Q-06, E-08).
_TRACKING: Final[_Json] = {
    "subscription_tracking": {"enable": False},
    "click_tracking": {"enable": False, "enable_text": False},
    "open_tracking": {"enable": False},
}

# Who opted out of marketing still gets a receipt (R11). Bounces and complaints stay SendGrid's to stop.
_FOR_EVERYBODY: Final[_Json] = {"bypass_unsubscribe_management": {"enable": True}}


def encode(batch: Batch) -> bytes:
    """
    Write the request for a batch: one shared content, and a personalization for each recipient.

    The same batch gives the same bytes. Raises `CannotCarry` for what SendGrid would refuse or damage. ``asm`` never
    occurs: it would put SendGrid's idea of an opt-out above ours.
    """
    check_batch(batch)
    content = substituted(batch, SENDGRID, _around(batch))
    check_substitutions(batch, content)
    personalizations = list(_personalizations(batch, content))
    return check_body(orjson.dumps({"personalizations": personalizations, **_common(batch, content)}))


def _around(batch: Batch) -> Iterator[str]:
    """What stands outside the bodies: SendGrid substitutes in some of it as well, and does not say in what exactly."""
    request = batch.compiled.request
    yield f"{request.sender} {request.sender_name} {request.reply_to} {request.project} {request.topic}"
    yield from request.headers.values()
    for message in batch.messages:
        yield f"{message.approval.address} {message.unsubscribe_url}"


def _personalizations(batch: Batch, content: Substituted) -> Iterator[_Json]:
    """
    Each recipient's own.

    All headers of a message stand here: that SendGrid merges both levels of headers is nowhere promised.
    """
    copies, headers = _copies(batch), _shared_headers(batch.compiled)
    for message, values in zip(batch.messages, content.values, strict=True):
        to = [{"email": str(message.approval.address)}]
        its: _Json = {"to": to, **copies, "custom_args": {DELIVERY_ARGUMENT: message.delivery}}
        if values:
            its["substitutions"] = dict(zip(content.keys, values, strict=True))
        if headers:
            its["headers"] = {**headers, _LINK: f"<{message.unsubscribe_url}>"}
        yield its


def _copies(batch: Batch) -> _Json:
    if not batch.compiled.request.copies:
        return {}
    (message,) = batch.messages  # what is copied goes to one person
    named = (("cc", message.cc), ("bcc", message.bcc))
    return {name: [_mailbox(one) for one in them] for name, them in named if them}


def _shared_headers(compiled: Compiled) -> dict[str, str]:
    """The headers of each marketing message, the caller's own included, with room for each recipient's link."""
    request = compiled.request
    if compiled.purpose is not Purpose.MARKETING:
        return {}
    lines = (ONE_CLICK, list_id(request), feedback_id(request))
    shared = dict(line.decode().split(": ", 1) for line in lines)
    return {**request.headers, _LINK: "", **shared}


_LINK: Final = "List-Unsubscribe"


def _common(batch: Batch, content: Substituted) -> _Json:
    compiled, request = batch.compiled, batch.compiled.request
    common: _Json = {"from": _mailbox(request.sender, request.sender_name), "subject": content.subject}
    if request.reply_to is not None:
        common["reply_to"] = _mailbox(request.reply_to)
    common["content"] = list(_content(content))
    if request.labels:
        common["categories"] = list(request.labels)
    if request.metadata:
        common["custom_args"] = dict(request.metadata)  # comes back beside each recipient's own
    if request.deliver_at is not None and request.deliver_at > batch.moment:
        common["send_at"] = int(request.deliver_at.timestamp())
    if request.content.attachments:
        common["attachments"] = [_attachment(one) for one in request.content.attachments]
    if compiled.purpose is Purpose.TRANSACTIONAL:
        common["headers"] = {**request.headers, "Auto-Submitted": "auto-generated"}  # RFC 3834 §5, compliance H-04
        common["mail_settings"] = _FOR_EVERYBODY
    return {**common, "tracking_settings": _TRACKING}


def _content(content: Substituted) -> Iterator[_Json]:
    """Text first, then HTML; an empty part would be refused."""
    for media_type, value in (("text/plain", content.text), ("text/html", content.html or "")):
        if value.strip():
            yield {"type": media_type, "value": value}


def _attachment(attachment: Attachment) -> _Json:
    common = {
        "content": base64.b64encode(attachment.data).decode(),
        "type": attachment.media_type,
        "filename": attachment.filename,
    }
    if attachment.content_id is None:
        return {**common, "disposition": "attachment"}
    return {**common, "disposition": "inline", "content_id": attachment.content_id}


def _mailbox(address: Address, name: str | None = None) -> _Json:
    return {"email": str(address)} if name is None else {"email": str(address), "name": name}
