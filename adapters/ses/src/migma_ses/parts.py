"""Parts of a request that all forms share: sender, headers, tags, files, and what SES is told about them."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from json.encoder import encode_basestring
from typing import Any, Final

from migma_core.decision import Purpose
from migma_core.message import Compiled, Message
from migma_core.message.compliance import ONE_CLICK, feedback_id, list_id
from migma_core.message.headers import mailbox, unstructured
from migma_core.request import Attachment, SendRequest

__all__ = [
    "DELIVERY_TAG",
    "LABEL_TAG",
    "OWN",
    "UNSUBSCRIBE",
    "Json",
    "common",
    "destination",
    "file",
    "form",
    "header_list",
    "own_link",
    "shared_headers",
    "tags",
]

Json = dict[str, Any]

DELIVERY_TAG: Final = "migma_delivery"
"""Comes back in ``mail.tags`` of each event; carries an opaque id only."""

LABEL_TAG: Final = "migma_label_"
"""The beginning of a tag for each label; no metadata begins so."""

UNSUBSCRIBE: Final = "List-Unsubscribe"

OWN: Final = "\ufdd0"
"""Stands for a string that is each recipient's own: a noncharacter, which no text of a request holds."""

# SES's rewritten links and its pixel stay out, whatever the account or the configuration set says (O-10, E-08)
_UNTRACKED: Final[Json] = {"Tracking": {"OpenTrackingEnabled": "DISABLED", "ClickTrackingEnabled": "DISABLED"}}


def common(request: SendRequest, configuration_set: str | None) -> Json:
    """
    What both calls have: sender, reply-to, configuration set, and tracking off.

    ``ListManagementOptions`` never occurs: it would replace our one-click headers by SES's own (compliance Q-03).
    """
    said: Json = {"FromEmailAddress": _unfolded(mailbox("From", request.sender_name, request.sender))}
    if request.reply_to is not None:
        said["ReplyToAddresses"] = [str(request.reply_to)]
    if configuration_set is not None:
        said["ConfigurationSetName"] = configuration_set
    return {**said, "ConfigurationOverrides": _UNTRACKED}


def shared_headers(compiled: Compiled) -> dict[str, str]:
    """The headers that everyone's message has, in ASCII, the caller's own included (RFC 2047 §5)."""
    request = compiled.request
    custom = {name: _unfolded(unstructured(name, value)) for name, value in request.headers.items()}
    if compiled.purpose is Purpose.TRANSACTIONAL:
        return {**custom, "Auto-Submitted": "auto-generated"}  # RFC 3834 §5, compliance H-04
    lines = (ONE_CLICK, list_id(request), feedback_id(request))
    return {**custom, **dict(line.decode().split(": ", 1) for line in lines)}


def destination(message: Message) -> str:
    """The JSON of everybody it goes to; SES shows what stands in the first two, where it writes the mail."""
    named = (("ToAddresses", message.envelope[:1]), ("CcAddresses", message.cc), ("BccAddresses", message.bcc))
    lists = (f'"{name}":[{",".join(encode_basestring(str(one)) for one in them)}]' for name, them in named if them)
    return f"{{{','.join(lists)}}}"


def own_link(compiled: Compiled, message: Message) -> tuple[str, ...]:
    """The value of the recipient's own List-Unsubscribe, where marketing has one."""
    return (f"<{message.unsubscribe_url}>",) if compiled.purpose is Purpose.MARKETING else ()


def header_list(headers: dict[str, str]) -> list[Json]:
    """Headers as SES writes them."""
    return [{"Name": name, "Value": value} for name, value in headers.items()]


def tags(request: SendRequest) -> list[Json]:
    """Names and values that come back with each event; a label is a name that says yes."""
    return [{"Name": name, "Value": value} for name, value in _tags(request)]


def file(attachment: Attachment) -> Json:
    """A file, or an image that the page shows."""
    common = {
        "FileName": attachment.filename,
        "RawContent": base64.b64encode(attachment.data).decode(),
        "ContentType": attachment.media_type,
        "ContentTransferEncoding": "BASE64",
    }
    if attachment.content_id is None:
        return {**common, "ContentDisposition": "ATTACHMENT"}
    return {**common, "ContentDisposition": "INLINE", "ContentId": attachment.content_id}


def form(value: Any) -> str:
    """JSON with ``%s`` wherever `OWN` stands, for a string that is encoded already."""
    written = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return written.replace("%", "%%").replace(encode_basestring(OWN), "%s")


def _tags(request: SendRequest) -> Iterator[tuple[str, str]]:
    yield DELIVERY_TAG, OWN
    yield from ((f"{LABEL_TAG}{label}", "1") for label in request.labels)
    yield from request.metadata.items()


def _unfolded(line: bytes) -> str:
    """The value of a header line, on one line: SES folds it itself."""
    return line.decode().partition(":")[2].replace("\r\n", "").strip()
