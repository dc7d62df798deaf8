"""Forms: multipart/form-data, the same octets for the same parts (RFC 7578)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import count
from typing import Final, NamedTuple

__all__ = ["Field", "File", "content_type", "form"]

_MARK: Final = "migma-"


class Field(NamedTuple):
    """A field of text, written in UTF-8."""

    name: str
    value: str


class File(NamedTuple):
    """A file under a field's name. Mailgun drops one without a file name, in silence."""

    name: str
    filename: str
    media_type: str
    data: bytes


def form(parts: Iterable[Field | File]) -> bytes:
    """
    Write parts as a body. Its boundary is the first of a fixed row that nothing in it holds: no chance comes into it,
    and no value ends its part.

    >>> form([Field("to", "ada@example.com")])
    b'--migma-0\\r\\nContent-Disposition: form-data; name="to"\\r\\n\\r\\nada@example.com\\r\\n--migma-0--\\r\\n'
    """
    written = [piece for part in parts for piece in _pieces(part)]
    taken = [piece for piece in written if _MARK.encode() in piece]
    boundary = next(one for one in (f"{_MARK}{n}".encode() for n in count()) if not any(one in held for held in taken))
    between = b"\r\n--" + boundary
    body = between.join(b"\r\n" + head + b"\r\n\r\n" + data for head, data in zip(*[iter(written)] * 2, strict=True))
    return between[2:] + body + between + b"--\r\n"


def content_type(body: bytes) -> str:
    """
    What a body says of itself, for the header of its request.

    >>> content_type(form([Field("to", "ada@example.com")]))
    'multipart/form-data; boundary=migma-0'
    """
    boundary = body[2 : body.index(b"\r\n")].decode("ascii")
    return f"multipart/form-data; boundary={boundary}"


def _pieces(part: Field | File) -> Iterator[bytes]:
    """Head and content. Neither names nor file names hold quotes: see `limits`, and `Attachment`."""
    if isinstance(part, Field):
        yield f'Content-Disposition: form-data; name="{part.name}"'.encode()
        yield part.value.encode()
    else:  # a file's name in UTF-8 as it is: RFC 7578 §4.2 has no filename*, and Mailgun does not read it
        named = f'form-data; name="{part.name}"; filename="{part.filename}"'
        yield f"Content-Disposition: {named}\r\nContent-Type: {part.media_type}".encode()
        yield part.data
