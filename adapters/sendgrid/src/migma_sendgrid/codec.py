"""The codec: a batch as the JSON body of one v3 mail/send request. No HTTP yet."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any, Final

from migma_core.audience import Address
from migma_core.decision import Purpose
from migma_core.message import Batch, Compiled, Message
from migma_core.message.compliance import list_id, one_click_headers
from migma_core.request import Attachment

from .limits import check_batch, check_body, check_substitutions
from .substitution import Shared, choose_mark, literals, places, shared

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


def encode(batch: Batch) -> bytes:
    """
    Write the request for a batch: one shared content, and a personalization for each recipient.

    The same batch gives the same bytes. Raises `CannotCarry` for what SendGrid would refuse or damage. ``asm`` and
    ``bypass_*`` never occur: both would put SendGrid's idea of an opt-out above ours (compliance Q-05).
    """
    check_batch(batch)
    compiled = batch.compiled
    all_places = places(compiled)
    values = [[place.value(message) for place in all_places] for message in batch.messages]
    mark = choose_mark(chain(literals(compiled), *values, _around(batch)))
    keys = [place.key(mark) for place in all_places]
    body = {
        "personalizations": [
            _personalization(message, dict(zip(keys, its, strict=True)))
            for message, its in zip(batch.messages, values, strict=True)
        ],
        **_common(compiled, shared(compiled, all_places, mark)),
    }
    return check_body(json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode())


def _around(batch: Batch) -> Iterator[str]:
    """What stands outside the bodies: SendGrid substitutes in some of it as well, and does not say in what exactly."""
    request = batch.compiled.request
    yield f"{request.sender} {request.sender_name} {request.reply_to} {request.project} {request.topic}"
    for message in batch.messages:
        yield f"{message.approval.address} {message.unsubscribe_url}"


def _personalization(message: Message, substitutions: Mapping[str, str]) -> _Json:
    check_substitutions(message.delivery, substitutions)
    personalization: _Json = {
        "to": [_mailbox(message.approval.address)],
        "custom_args": {DELIVERY_ARGUMENT: message.delivery},
    }
    if substitutions:
        personalization["substitutions"] = substitutions
    if message.approval.purpose is Purpose.MARKETING and message.unsubscribe_url is not None:
        # All of them here: that SendGrid merges both levels of headers is nowhere promised
        lines = (*one_click_headers(message.unsubscribe_url), list_id(message.approval.request))
        personalization["headers"] = dict(line.decode().split(": ", 1) for line in lines)
    return personalization


def _common(compiled: Compiled, content: Shared) -> _Json:
    request = compiled.request
    common: _Json = {"from": _mailbox(request.sender, request.sender_name), "subject": content.subject}
    if request.reply_to is not None:
        common["reply_to"] = _mailbox(request.reply_to)
    common["content"] = list(_content(content))
    if request.content.attachments:
        common["attachments"] = [_attachment(one) for one in request.content.attachments]
    if compiled.purpose is Purpose.TRANSACTIONAL:
        common["headers"] = {"Auto-Submitted": "auto-generated"}  # RFC 3834 §5, compliance H-04
    return {**common, "tracking_settings": _TRACKING}


def _content(content: Shared) -> Iterator[_Json]:
    """Text first, then HTML; an empty part would be refused."""
    for media_type, value in (("text/plain", content.text), ("text/html", content.html)):
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
