"""The body: a batch as the form of one request, shared or finished; or one mail as finished MIME."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC
from email.utils import format_datetime
from json.encoder import encode_basestring
from typing import Final, NamedTuple

from migma_core.decision import Purpose
from migma_core.message import Batch, Compiled, mime_messages
from migma_core.message.compliance import ONE_CLICK, feedback_id, list_id
from migma_core.message.program import PLAIN, Bodies
from migma_core.message.substitution import MAILGUN, Place, Substituted, substituted
from migma_core.message.template import Slot
from migma_core.request import Attachment

from .form import Field, File, form
from .limits import KEPT_DAYS, check_batch, check_body, check_options

__all__ = ["DELIVERY_VARIABLE", "encode", "is_finished_mime"]

DELIVERY_VARIABLE: Final = "migma_delivery"
"""Comes back in ``user-variables`` of each event. The recipient can see it, so it is an opaque id (compliance Q-07)."""

# Mailgun rewrites no link and adds no pixel. What it does about opting out is a setting of the domain: see `domains`.
_UNTRACKED: Final = tuple(Field(f"o:tracking{what}", "no") for what in ("", "-clicks", "-opens"))


def encode(batch: Batch, kept_days: int = KEPT_DAYS) -> bytes:
    """
    Write the request for a batch. Several share a content, and each has variables of their own; one is finished.

    The same batch gives the same bytes. Raises `CannotCarry` for what Mailgun would refuse or damage, and
    `HeaderRefused` for a text that holds a variable of its own, such as ``%unsubscribe_url%``.
    """
    check_batch(batch, kept_days)
    is_mime = is_finished_mime(batch)
    parts = list(_mime(batch) if is_mime else _form(batch))
    check_options(part for part in parts if isinstance(part, Field) and part.name[:2] in {"h:", "o:", "v:"})
    return check_body(form(parts), () if is_mime else batch.compiled.request.content.attachments)


def is_finished_mime(batch: Batch) -> bool:
    """Whether the batch is one mail that no form can say: an image in it has another name than its file."""
    return len(batch.messages) == 1 and batch.compiled.request.content.has_images_named_otherwise


class _Own(NamedTuple):
    """What is each recipient's own in the fields beside the content: itself, or the variable that holds it."""

    delivery: str
    link: str = ""


def _form(batch: Batch) -> Iterator[Field | File]:
    """
    The parts of a form. Where there are several recipients there are always variables: else Mailgun would show all of
    them to each.
    """
    request = batch.compiled.request
    several = len(batch.messages) > 1
    content = substituted(batch, MAILGUN) if several else _finished(batch)
    keys = _own_keys(batch) if several else ()
    own = _Own(*(f"%recipient.{key}%" for key in keys) if several else _own(batch)[0])
    yield Field("from", f"{_quoted(request.sender_name)} <{request.sender}>")
    yield from _to(batch)
    for message in batch.messages:
        yield from (Field("cc", str(one)) for one in message.cc)
        yield from (Field("bcc", str(one)) for one in message.bcc)
    yield Field("subject", content.subject)
    yield from (Field(name, text) for name, text in (("text", content.text), ("html", content.html or "")) if text)
    yield from _headers(batch.compiled, own)
    yield from _options(batch, own)
    yield from map(_file, request.content.attachments)
    if several:
        yield Field("recipient-variables", _variables(batch, keys, content))


def _mime(batch: Batch) -> Iterator[Field | File]:
    """One mail as we write it ourselves; recipients are read from the form alone."""
    _finished(batch, in_mime=True)
    yield from (Field("to", str(one)) for one in batch.messages[0].envelope)
    yield File("message", "message.eml", "message/rfc822", mime_messages(batch)[0])
    yield from _options(batch, _Own(*_own(batch)[0]))


def _to(batch: Batch) -> Iterator[Field]:
    return (Field("to", str(message.approval.address)) for message in batch.messages)


def _finished(batch: Batch, *, in_mime: bool = False) -> Substituted:
    """The content of one message, filled; a variable of Mailgun's own that arises in it is broken or refused."""
    subject, text, html = Bodies(batch.compiled, PLAIN).run(batch.messages[0].values)
    page = None if html is None else MAILGUN.guard(html, is_html=not in_mime)
    return Substituted(MAILGUN.guard(subject), MAILGUN.guard(text), page, (), ((),), {})


def _own(batch: Batch) -> list[tuple[str, ...]]:
    """Everybody's `_Own`; only marketing has a link beside its content."""
    if batch.compiled.purpose is Purpose.MARKETING:
        return [(message.delivery, message.unsubscribe_url or "") for message in batch.messages]
    return [(message.delivery,) for message in batch.messages]


def _own_keys(batch: Batch) -> tuple[str, ...]:
    """Keys named after all ids and links of the batch, which no content can know."""
    everybody = _own(batch)
    places = [Place("o", number, Slot(name)) for number, name in enumerate(_Own._fields[: len(everybody[0])])]
    return tuple(MAILGUN.keys(places, (text for own in everybody for text in own)))


def _variables(batch: Batch, keys: Sequence[str], content: Substituted) -> str:
    """Everybody's variables as JSON: what is the same for everyone is written once, and only values are encoded."""
    shape = ",".join(f'"{key}":%s' for key in (*keys, *content.keys))
    shape = f"%s:{{{shape}}}"
    told = (
        (str(message.approval.address), *own, *values)
        for message, own, values in zip(batch.messages, _own(batch), content.values, strict=True)
    )
    return f"{{{','.join(shape % tuple(map(encode_basestring, one)) for one in told)}}}"


def _headers(compiled: Compiled, own: _Own) -> Iterator[Field]:
    """The headers of each message, the caller's own included."""
    request = compiled.request
    told = dict(request.headers)
    told["Message-Id"] = f"<{own.delivery}@{request.sender.domain}>"  # `Message.message_id`, compliance H-01
    if request.reply_to is not None:
        told["Reply-To"] = str(request.reply_to)
    if compiled.purpose is Purpose.MARKETING:
        told["List-Unsubscribe"] = f"<{own.link}>"
        told |= dict(line.decode().split(": ", 1) for line in (ONE_CLICK, list_id(request), feedback_id(request)))
    else:
        told["Auto-Submitted"] = "auto-generated"  # RFC 3834 §5, compliance H-04
    return (Field(f"h:{name}", value) for name, value in told.items())


def _options(batch: Batch, own: _Own) -> Iterator[Field]:
    """What comes back with each event, what Mailgun leaves alone, and when it delivers."""
    request = batch.compiled.request
    yield from (Field("o:tag", label) for label in request.labels)
    yield Field(f"v:{DELIVERY_VARIABLE}", own.delivery)
    yield from (Field(f"v:{name}", value) for name, value in request.metadata.items())
    yield from _UNTRACKED
    if request.deliver_at is not None and request.deliver_at > batch.moment:
        yield Field("o:deliverytime", format_datetime(request.deliver_at.astimezone(UTC)))


def _quoted(name: str) -> str:
    """A display name as a quoted string, whatever it holds: Mailgun reads the whole as a mailbox (RFC 5322 §3.2.4)."""
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _file(attachment: Attachment) -> File:
    field = "attachment" if attachment.content_id is None else "inline"
    return File(field, attachment.filename, attachment.media_type, attachment.data)
