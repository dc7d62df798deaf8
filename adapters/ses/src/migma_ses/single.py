"""
SendEmail: one message, in the simple form or the raw one; literals written once (design D14).

The simple form is the first choice: SES writes the MIME, splicing JSON costs a fraction of base64 of a whole mail, and
labels stay in tags, which no recipient sees. It cannot hold everything: where a message has more than 15 headers, a
header that is too long once it is ASCII, or a file whose name SES would have to encode, the mail is written here and
goes as it is. Nothing that fits neither form is left.
"""

from __future__ import annotations

import base64
from json.encoder import encode_basestring
from typing import Protocol

from migma_core.decision import Purpose
from migma_core.message import Batch, Compiled, Message
from migma_core.message.mime import MimeProgram
from migma_core.message.program import JSON, Bodies

from .limits import attachment_fault, header_fault
from .parts import OWN, UNSUBSCRIBE, Json, common, destination, file, form, header_list, own_link, shared_headers, tags

__all__ = ["RawProgram", "SimpleProgram", "SingleProgram", "beyond_simple", "single_program"]

_LINK_STANDS_IN = "x"  # a link is at most 200 characters or so: it fits wherever a header does


class SingleProgram(Protocol):
    """A content compiled for one form: run it on each message."""

    def run(self, message: Message, batch: Batch) -> str: ...


def single_program(compiled: Compiled, configuration_set: str | None) -> SingleProgram:
    """The form that holds this content, compiled."""
    kind = SimpleProgram if beyond_simple(compiled) is None else RawProgram
    return kind(compiled, configuration_set)


def beyond_simple(compiled: Compiled) -> str | None:
    """What of a content the simple form cannot hold; ``None`` where it holds all of it."""
    faults = map(attachment_fault, compiled.request.content.attachments)
    return header_fault(_headers(compiled, _LINK_STANDS_IN)) or next((one for one in faults if one is not None), None)


class SimpleProgram:
    """``Content.Simple``: subject, bodies, headers and files, each in its place."""

    __slots__ = ("_bodies", "_compiled", "_form")

    def __init__(self, compiled: Compiled, configuration_set: str | None) -> None:
        self._compiled, self._bodies = compiled, Bodies(compiled, JSON)
        said = common(compiled.request, configuration_set)
        content: Json = {"Headers": header_list(_headers(compiled, OWN))}
        if compiled.request.content.attachments:
            content["Attachments"] = [file(one) for one in compiled.request.content.attachments]
        envelope: Json = {**said, "Destination": OWN, "EmailTags": tags(compiled.request)}
        # what is the recipient's own in the order of the form: destination, delivery, link
        self._form = f'{form(envelope)[:-1]},"Content":{{"Simple":{form(content)[:-1]},"Subject":'

    def run(self, message: Message, _batch: Batch) -> str:
        """The JSON of one message."""
        subject, text, html = self._bodies.run(message.values)
        parts = (("Text", text), ("Html", html or ""))
        body = ",".join(f'"{name}":{_content(said)}' for name, said in parts if said)
        own = map(encode_basestring, (message.delivery, *own_link(self._compiled, message)))
        start = self._form % (destination(message), *own)
        return f'{start}{_content(subject)},"Body":{{{body}}}}}}}}}'


class RawProgram:
    """``Content.Raw``: the whole mail as octets; SES puts its own Date and Message-ID over ours."""

    __slots__ = ("_form", "_mime")

    def __init__(self, compiled: Compiled, configuration_set: str | None) -> None:
        self._mime = MimeProgram(compiled)
        said = common(compiled.request, configuration_set)
        envelope: Json = {**said, "Destination": OWN, "EmailTags": tags(compiled.request)}
        self._form = f'{form(envelope)[:-1]},"Content":{{"Raw":{{"Data":"'

    def run(self, message: Message, batch: Batch) -> str:
        """The JSON of one message."""
        octets = base64.b64encode(self._mime.run(message, batch)).decode("ascii")
        start = self._form % (destination(message), encode_basestring(message.delivery))
        return f'{start}{octets}"}}}}}}'


def _headers(compiled: Compiled, link: str) -> dict[str, str]:
    own = {UNSUBSCRIBE: link} if compiled.purpose is Purpose.MARKETING else {}
    return {**own, **shared_headers(compiled)}


def _content(written: str) -> str:
    """A text that is inside of JSON already; SES takes it for 7-bit ASCII unless it is told."""
    return f'{{"Data":"{written}","Charset":"UTF-8"}}'
