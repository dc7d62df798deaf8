"""The body: one finished mail, or an array of them, as JSON; literals written once (design D14)."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import UTC
from json.encoder import encode_basestring
from typing import Any, Final

from migma_core.decision import Purpose
from migma_core.message import Batch, Compiled
from migma_core.message.compliance import ONE_CLICK, feedback_id, list_id
from migma_core.message.program import JSON, Bodies
from migma_core.request import Attachment, SendRequest

from .limits import check_batch, check_body

__all__ = ["DELIVERY_TAG", "LABEL_TAG", "encode"]

DELIVERY_TAG: Final = "migma_delivery"
"""Comes back in ``data.tags`` of each event; carries an opaque id only."""

LABEL_TAG: Final = "migma_label_"
"""The beginning of a tag for each label; no metadata begins so."""

_Json = dict[str, Any]
_OWN: Final = "\ufdd0"  # a noncharacter, which no text of a request holds


def encode(batch: Batch) -> bytes:
    """
    Write a batch: an object for one message, an array for several.

    The same batch gives the same bytes, which Resend's idempotency asks for: nothing in them knows the time or a random
    number. Raises `CannotCarry` for what Resend would refuse or lose.
    """
    check_batch(batch)
    mails = list(_mails(batch))
    return check_body((mails[0] if len(mails) == 1 else f"[{','.join(mails)}]").encode())


def _mails(batch: Batch) -> Iterator[str]:
    """Each mail's JSON: what is the same for everyone is written once, and only values are encoded."""
    run = Bodies(batch.compiled, JSON).run
    form = _form(batch)
    is_marketing = batch.compiled.purpose is Purpose.MARKETING
    for message in batch.messages:
        subject, text, html = run(message.values)
        link = (encode_basestring(f"<{message.unsubscribe_url}>"),) if is_marketing else ()
        bodies = f'"text":"{text}"' if html is None else f'"text":"{text}","html":"{html}"'
        told = encode_basestring(str(message.approval.address)), encode_basestring(message.delivery), *link
        yield f'{{"subject":"{subject}",{bodies},{form % told}'


def _form(batch: Batch) -> str:
    """The rest of a mail with ``%s`` for each string that is the recipient's own, up to its closing brace."""
    compiled, request = batch.compiled, batch.compiled.request
    rest: _Json = {
        "from": f"{_quoted(request.sender_name)} <{request.sender}>",
        "to": [_OWN],
        "tags": list(_tags(request)),
        "headers": _headers(compiled),
    }
    if request.copies:  # such a batch has one message
        (message,) = batch.messages
        named = (("cc", message.cc), ("bcc", message.bcc))
        rest |= {name: [str(one) for one in them] for name, them in named if them}
    if request.reply_to is not None:
        rest["reply_to"] = str(request.reply_to)
    if request.deliver_at is not None and request.deliver_at > batch.moment:
        rest["scheduled_at"] = request.deliver_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if request.content.attachments:
        rest["attachments"] = [_attachment(one) for one in request.content.attachments]
    written = json.dumps(rest, ensure_ascii=False, separators=(",", ":"))[1:]
    return written.replace("%", "%%").replace(f'"{_OWN}"', "%s")


def _tags(request: SendRequest) -> Iterator[dict[str, str]]:
    """Names and values that come back with each event; a label is a name that says yes."""
    yield {"name": DELIVERY_TAG, "value": _OWN}
    yield from ({"name": f"{LABEL_TAG}{label}", "value": "1"} for label in request.labels)
    yield from ({"name": name, "value": value} for name, value in request.metadata.items())


def _headers(compiled: Compiled) -> dict[str, str]:
    """The headers of each message, the caller's own included; the opt-out link is each recipient's."""
    request = compiled.request
    if compiled.purpose is Purpose.TRANSACTIONAL:
        return {**request.headers, "Auto-Submitted": "auto-generated"}  # RFC 3834 §5, compliance H-04
    shared = (ONE_CLICK, list_id(request), feedback_id(request))
    return {
        **request.headers,
        "List-Unsubscribe": _OWN,
        **dict(line.decode().split(": ", 1) for line in shared),
    }


def _quoted(name: str) -> str:
    """A display name as a quoted string, whatever it holds: Resend reads the whole as a mailbox (RFC 5322 §3.2.4)."""
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _attachment(attachment: Attachment) -> _Json:
    common = {
        "filename": attachment.filename,
        "content": base64.b64encode(attachment.data).decode(),
        "content_type": attachment.media_type,
    }
    return common if attachment.content_id is None else {**common, "content_id": attachment.content_id}
