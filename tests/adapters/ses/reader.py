"""A reader of SES's requests by its own rules: what each mailbox would receive; no code of the encoder's."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping
from email.header import decode_header, make_header
from email.utils import parseaddr
from typing import Any

from migma_core import Attachment
from migma_core.message.certificate import Delivered, read_mime

__all__ = ["filled", "read"]

_Json = Mapping[str, Any]


def read(octets: bytes) -> list[Delivered]:
    """Each mail of a request, in order."""
    request = json.loads(octets)
    if "BulkEmailEntries" in request:
        return [_of_bulk(request, entry) for entry in request["BulkEmailEntries"]]
    (form, content), *others = request["Content"].items()
    assert not others
    return [_RAW_OR_SIMPLE[form](request, content)]


def filled(text: str, data: Mapping[str, str]) -> str:
    """Handlebars: three braces hold a variable, two one that is escaped, and a backslash escapes what opens."""

    def one(found: re.Match[str]) -> str:
        if found[1]:
            return found[0][1:]
        return data.get(found[2], "UNKNOWN") if found[2] else "ESCAPED"

    return re.sub(r"(\\?)(?:\{\{\{\s*(\w+)\s*\}\}\}|\{\{)", one, text)


def _of_simple(request: _Json, content: _Json) -> Delivered:
    assert {one["Charset"] for one in (content["Subject"], *content["Body"].values())} == {"UTF-8"}
    bodies = {name: one["Data"] for name, one in content["Body"].items()}
    text = (content["Subject"]["Data"], bodies.get("Text"), bodies.get("Html"))
    return _mail(request, request, content["Headers"], text, content.get("Attachments", []), request["EmailTags"])


def _of_raw(request: _Json, content: _Json) -> Delivered:
    """SES takes recipients and tags from the request, and headers from the mail; sender and reply-to are in both."""
    inside = read_mime(base64.b64decode(content["Data"], validate=True))
    outside = _mail(request, request, [], ("", None, None), [], request["EmailTags"])
    for name in ("cc", "sender", "reply_to", "delivery"):
        assert getattr(inside, name) == getattr(outside, name)
    assert sorted(inside.labels) == sorted(outside.labels)
    return inside._replace(recipients=outside.recipients, metadata=outside.metadata)


_RAW_OR_SIMPLE = {"Simple": _of_simple, "Raw": _of_raw}


def _of_bulk(request: _Json, entry: _Json) -> Delivered:
    """A replacement header wins over the template's of that name; variables are the entry's own."""
    template = request["DefaultContent"]["Template"]
    data = json.loads(entry["ReplacementEmailContent"]["ReplacementTemplate"]["ReplacementTemplateData"])
    shared = template["TemplateContent"]
    text = tuple(filled(shared[name], data) if name in shared else None for name in ("Subject", "Text", "Html"))
    own = entry.get("ReplacementHeaders", [])
    names = {one["Name"].lower() for one in own}
    headers = [*own, *(one for one in template["Headers"] if one["Name"].lower() not in names)]
    return _mail(request, entry, headers, text, template.get("Attachments", []), entry["ReplacementTags"])


def _mail(
    request: _Json, to: _Json, headers: list[_Json], text: tuple[Any, ...], files: list[_Json], tags: list[_Json]
) -> Delivered:
    assert {"ToAddresses"} <= set(to["Destination"]) <= {"ToAddresses", "CcAddresses", "BccAddresses"}
    name, address = parseaddr(request["FromEmailAddress"])
    subject, plain, page = text
    (reply_to,) = request.get("ReplyToAddresses", [None])
    told = {tag["Name"]: tag["Value"] for tag in tags}
    assert len(told) == len(tags)
    delivery = told.pop("migma_delivery")
    labels = tuple(name.removeprefix("migma_label_") for name in told if name.startswith("migma_label_"))
    return Delivered(
        tuple(address for addresses in to["Destination"].values() for address in addresses),
        tuple((one["Name"], one["Value"]) for one in headers),
        subject,
        plain,
        page,
        sender=(str(make_header(decode_header(name))), address),
        reply_to=reply_to,
        delivery=delivery,
        files=tuple(_files(files)),
        labels=labels,
        metadata=tuple(pair for pair in told.items() if not pair[0].startswith("migma_label_")),
        cc=tuple(to["Destination"].get("CcAddresses", ())),
    )


def _files(given: list[_Json]) -> Iterator[Attachment]:
    for one in given:
        assert one["ContentTransferEncoding"] == "BASE64"
        assert one["ContentDisposition"] == ("INLINE" if "ContentId" in one else "ATTACHMENT")
        data = base64.b64decode(one["RawContent"], validate=True)
        yield Attachment(one["FileName"], data, one["ContentType"], one.get("ContentId"))
