"""MIME: a compiled content as RFC 5322 octets, literals encoded once, values per recipient (design D14)."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final
from urllib.parse import quote

from ..audience.address import Address
from ..decision.purpose import Purpose
from ..request.content import Attachment
from .compile import Compiled
from .compliance import feedback_id, list_id, one_click_headers
from .headers import date_header, mailbox, structured, unstructured
from .message import Batch, Message
from .program import Hole, Program, Target, pieces_of
from .template import Template

__all__ = ["DELIVERY_HEADER", "LABELS_HEADER", "METADATA_HEADER", "MimeProgram", "mime_messages"]

DELIVERY_HEADER = "X-Migma-Delivery"
"""Carries our delivery id; nothing in it can be decoded to a person."""

LABELS_HEADER = "X-Migma-Labels"
"""The request's labels, with commas between."""

METADATA_HEADER = "X-Migma-Metadata-"
"""The beginning of a header for each entry of the request's metadata."""

_SOFT_BREAK = "=\r\n"
_SENTINEL = b"x"
_SHORT = 70  # such a value and its soft line break fit a line of 76 characters
_PLAIN_NAME = re.compile(r"[!-~]+(?: [!-~]+)*")
_SHORT_NAME = 200
_NAME_PIECE = 40


class MimeProgram:
    """
    A content compiled for MIME: run it on each message of a batch.

    Bodies are quoted-printable: literals are encoded once, each value between two soft line breaks, so that no line
    ever depends on another recipient's value (RFC 2045 §6.7).
    """

    __slots__ = ("_body", "_compiled", "_head")

    def __init__(self, compiled: Compiled) -> None:
        self._compiled = compiled
        request = compiled.request
        head = [mailbox("From", request.sender_name, request.sender)]
        if request.reply_to is not None:
            head.append(mailbox("Reply-To", None, request.reply_to))
        if compiled.purpose is Purpose.MARKETING:
            head += [list_id(request), feedback_id(request)]
        else:
            head.append(b"Auto-Submitted: auto-generated")  # RFC 3834 §5, compliance H-04
        head += [unstructured(name, value) for name, value in request.headers.items()]
        head += [structured(LABELS_HEADER, ", ".join(request.labels))] if request.labels else []
        head += [structured(f"{METADATA_HEADER}{name}", value) for name, value in request.metadata.items()]
        self._head = b"\r\n".join([*head, b"MIME-Version: 1.0"])
        self._body = Program(_entity(compiled))

    def run(self, message: Message, batch: Batch) -> bytes:
        """The octets of one message, CRLF throughout. Raises `HeaderRefused` where a value would break a header."""
        lines = [
            date_header(batch.moment),
            structured("Message-ID", message.message_id),
            b"To: " + str(message.approval.address).encode(),
            *([_copied(message.cc)] if message.cc else []),
            unstructured("Subject", message.subject),
            structured(DELIVERY_HEADER, message.delivery),
        ]
        if self._compiled.purpose is Purpose.MARKETING and message.unsubscribe_url is not None:
            lines.extend(one_click_headers(message.unsubscribe_url, loopback=self._compiled.brand.loopback))
        return b"\r\n".join([self._head, *lines, self._body.run(message.values).encode("ascii")])


def mime_messages(batch: Batch) -> tuple[bytes, ...]:
    """Every message of a batch as RFC 5322 octets, in order."""
    program = MimeProgram(batch.compiled)
    return tuple(program.run(message, batch) for message in batch.messages)


def _copied(addresses: Sequence[Address]) -> bytes:
    """The copies for all to see, an address a line (RFC 5322 §3.6.3); blind ones stand in the envelope alone."""
    return b"Cc: " + b",\r\n ".join(str(one).encode() for one in addresses)


def _entity(compiled: Compiled) -> Iterable[str | Hole]:
    """Content-Type and everything below it: mixed(related(alternative(text, html), images), files)."""
    entity = _leaf("plain", compiled.text)
    if compiled.html is not None:
        entity = _multipart("alternative", [entity, _leaf("html", compiled.html)], compiled.digest)
    attachments = compiled.request.content.attachments
    inline = [_file(one) for one in attachments if one.content_id is not None]
    files = [_file(one) for one in attachments if one.content_id is None]
    if inline:
        entity = _multipart("related", [entity, *inline], compiled.digest)
    return _multipart("mixed", [entity, *files], compiled.digest) if files else entity


def _multipart(kind: str, entities: list[Iterable[str | Hole]], digest: str) -> Iterator[str | Hole]:
    # "=_" occurs in no quoted-printable and no base64 line, so the boundary cannot be met inside (RFC 2045 §6.7)
    boundary = f"=_migma_{kind}_{digest}"
    yield f'Content-Type: multipart/{kind};\r\n boundary="{boundary}"\r\n'
    for entity in entities:
        yield f"\r\n--{boundary}\r\n"
        yield from entity
    yield f"\r\n--{boundary}--\r\n"


def _leaf(subtype: str, template: Template) -> Iterable[str | Hole]:
    head = f"Content-Type: text/{subtype}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    return [head, *pieces_of(template, _QUOTED_PRINTABLE)]


def _file(attachment: Attachment) -> Iterable[str | Hole]:
    disposition = "attachment" if attachment.content_id is None else "inline"
    yield (
        f"Content-Type: {attachment.media_type}\r\nContent-Transfer-Encoding: base64\r\n"
        f"Content-Disposition: {disposition};\r\n {_filename(attachment.filename)}\r\n"
    )
    if attachment.content_id is not None:
        yield f"Content-ID: <{attachment.content_id}>\r\n"
    encoded = base64.b64encode(attachment.data).decode("ascii")
    yield "\r\n" + "\r\n".join(encoded[at : at + 76] for at in range(0, len(encoded), 76))


def _filename(name: str) -> str:
    """One parameter where the name is short and plain, else pieces on lines of their own (RFC 2231 §3, §4)."""
    if len(name) <= _SHORT_NAME and "=?" not in name and _PLAIN_NAME.fullmatch(name):
        return f'filename="{name}"'
    # whole characters stay together, since some readers decode each piece by itself
    pieces = [quote(name[at : at + _NAME_PIECE], safe="") for at in range(0, len(name), _NAME_PIECE)]
    if len(pieces) == 1:
        return f"filename*=utf-8''{pieces[0]}"
    first, *more = pieces
    return ";\r\n ".join([f"filename*0*=utf-8''{first}", *(f"filename*{n}*={one}" for n, one in enumerate(more, 1))])


def _quoted(text: str) -> str:
    """
    Quoted-printable lines of 76 characters at most, ready for whatever follows on a line of its own.

    The end is open, by a soft line break or after a whole line. A sentinel stands in for what follows, since the
    encoder would fill the last line of a text and leave no room for the break (RFC 2045 §6.7 rule 5).
    """
    if len(text) <= _SHORT and text.isascii() and text.isprintable() and "=" not in text:
        return text + _SOFT_BREAK if text else ""
    unix = text.replace("\r\n", "\n").replace("\r", "\n").encode()
    lines = binascii.b2a_qp(unix + _SENTINEL, istext=True)[:-1].replace(b"\n", b"\r\n").decode("ascii")
    return lines if lines.endswith("\r\n") or not lines else lines + _SOFT_BREAK


_QUOTED_PRINTABLE: Final = Target("quoted-printable", _quoted)
