"""A reference reader of Mailgun's forms: what each recipient would be sent, by its published rules."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from email.utils import parseaddr
from typing import NamedTuple

from migma_core import Attachment
from migma_core.message.certificate import Delivered, read_mime

__all__ = ["Part", "deliveries", "parts", "values"]

_NAMED = re.compile(r'Content-Disposition: form-data; name="([^"]+)"(?:; filename="([^"]+)")?')
_OWN = re.compile(
    r"%recipient\.(\w+)%|%(?:recipient(?:_\w+)?|(?:mailing_list_|tag_)?unsubscribe_(?:url|email))%", re.IGNORECASE
)


class Part(NamedTuple):
    """One part of a form."""

    name: str
    data: bytes
    filename: str | None = None
    media_type: str | None = None


def parts(octets: bytes) -> list[Part]:
    """The parts of a multipart/form-data body, by its own first line (RFC 2046 §5.1)."""
    boundary = octets[: octets.index(b"\r\n")]
    pieces = (b"\r\n" + octets).split(b"\r\n" + boundary)
    assert pieces[0] == b""
    assert pieces[-1] == b"--\r\n"
    return [_part(*piece.removeprefix(b"\r\n").split(b"\r\n\r\n", 1)) for piece in pieces[1:-1]]


def values(them: list[Part], name: str) -> list[str]:
    """Every value of a field, in order."""
    return [part.data.decode() for part in them if part.name == name]


def deliveries(octets: bytes) -> list[Delivered]:
    """
    What is sent to each recipient: duplicates merged, variables replaced.

    Without ``recipient-variables`` one mail shows all of its recipients, to each of them.
    """
    them = parts(octets)
    to = list(dict.fromkeys(values(them, "to")))
    finished = [part.data for part in them if part.name == "message"]
    told = [json.loads(one) for one in values(them, "recipient-variables")]
    if finished:
        return [_marked(read_mime(finished[0])._replace(recipients=tuple(to)), them, {}) for _ in to]
    if not told:
        return [_delivered(tuple(to), them, {}) for _ in to]
    return [_delivered((one,), them, told[0][one]) for one in to]


def _part(head: bytes, data: bytes) -> Part:
    first, *more = head.decode().split("\r\n")
    named = _NAMED.fullmatch(first)
    assert named is not None, first
    assert len(more) <= 1
    return Part(named[1], data, named[2], more[0].removeprefix("Content-Type: ") if more else None)


def _delivered(to: tuple[str, ...], them: list[Part], own: Mapping[str, str]) -> Delivered:
    def one(name: str) -> str | None:
        found = values(them, name)
        assert len(found) <= 1
        return _replaced(found[0], own) if found else None

    html = one("html")
    headers = [(part.name[2:], _replaced(part.data.decode(), own)) for part in them if part.name.startswith("h:")]
    mail = Delivered(
        recipients=(*to, *values(them, "cc"), *values(them, "bcc")),
        cc=tuple(values(them, "cc")),
        headers=tuple(headers),
        subject=one("subject") or "",
        text=one("text"),
        html=None if html is None else html.replace("&#37;", "%"),  # a page's reader sees no entity
        sender=parseaddr(one("from") or ""),
        reply_to=dict(headers).get("Reply-To"),
        files=tuple(_file(part) for part in them if part.name in {"attachment", "inline"}),
    )
    return _marked(mail, them, own)


def _marked(mail: Delivered, them: list[Part], own: Mapping[str, str]) -> Delivered:
    """What comes back with each event."""
    variables = {part.name[2:]: _replaced(part.data.decode(), own) for part in them if part.name.startswith("v:")}
    delivery = variables.pop("migma_delivery")
    return mail._replace(delivery=delivery, labels=tuple(values(them, "o:tag")), metadata=tuple(variables.items()))


def _file(part: Part) -> Attachment:
    """An inline file is called by its name."""
    assert part.filename is not None
    assert part.media_type is not None
    return Attachment(part.filename, part.data, part.media_type, part.filename if part.name == "inline" else None)


def _replaced(text: str, own: Mapping[str, str]) -> str:
    """Variables of the recipient, and Mailgun's own; what it does not know stays as it is written."""
    return _OWN.sub(lambda found: own.get(found[1], found[0]) if found[1] else "MAILGUN", text)
