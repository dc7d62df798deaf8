"""SendBulkEmail: one inline template and up to 50 destinations, each with its data, headers and tags."""

from __future__ import annotations

import json
from collections.abc import Iterator
from json.encoder import encode_basestring

from migma_core.decision import Purpose
from migma_core.message import Batch, Compiled
from migma_core.message.substitution import SES, Substituted, substituted

from .limits import CannotCarry, attachment_fault, check_data, header_fault
from .parts import OWN, UNSUBSCRIBE, Json, common, file, form, header_list, own_link, shared_headers, tags

__all__ = ["bulk"]

_ALONE = "send one message at a time, as SES does by default"


def bulk(batch: Batch, configuration_set: str | None) -> str:
    """The JSON of a batch. Raises `CannotCarry` for what no template holds."""
    compiled = batch.compiled
    headers = shared_headers(compiled)
    _check(compiled, headers)
    content = substituted(batch, SES)
    template: Json = {"TemplateContent": _shared(content), "TemplateData": "{}", "Headers": header_list(headers)}
    if compiled.request.content.attachments:
        template["Attachments"] = [file(one) for one in compiled.request.content.attachments]
    said = {**common(compiled.request, configuration_set), "DefaultContent": {"Template": template}}
    written = json.dumps(said, ensure_ascii=False, separators=(",", ":"))
    return f'{written[:-1]},"BulkEmailEntries":[{",".join(_entries(batch, content))}]}}'


def _check(compiled: Compiled, headers: dict[str, str]) -> None:
    """Raise `CannotCarry`, by name, for headers and files that only a raw mail holds."""
    own = {UNSUBSCRIBE: ""} if compiled.purpose is Purpose.MARKETING else {}
    files = map(attachment_fault, compiled.request.content.attachments)
    faults = (header_fault({**own, **headers}), *files)
    if (fault := next((one for one in faults if one is not None), None)) is not None:
        raise CannotCarry(f"{fault}; {_ALONE}")
    for name, value in headers.items():
        if "{{" in value:  # whether SES would fill it is nowhere documented
            raise CannotCarry(f"the header {name} holds two braces, which a template may read; {_ALONE}")


def _shared(content: Substituted) -> dict[str, str]:
    """Subject and bodies; an empty one is left out."""
    parts = (("Subject", content.subject), ("Text", content.text), ("Html", content.html or ""))
    return {name: said for name, said in parts if said}


def _entries(batch: Batch, content: Substituted) -> Iterator[str]:
    """
    Each recipient's JSON, with all tags and all data in it: that SES adds them to the defaults, instead of putting
    them in their place, is documented for headers alone.
    """
    written = _form(batch.compiled)
    for message, values in zip(batch.messages, content.values, strict=True):
        data = {**content.constants, **dict(zip(content.keys, values, strict=True))}
        text = check_data(message.delivery, json.dumps(data, ensure_ascii=False, separators=(",", ":")))
        own = (str(message.approval.address), message.delivery, text, *own_link(batch.compiled, message))
        yield written % tuple(map(encode_basestring, own))


def _form(compiled: Compiled) -> str:
    """An entry with ``%s`` for each string that is the recipient's own: address, delivery, data, link."""
    entry: Json = {
        "Destination": {"ToAddresses": [OWN]},
        "ReplacementTags": tags(compiled.request),
        "ReplacementEmailContent": {"ReplacementTemplate": {"ReplacementTemplateData": OWN}},
    }
    if compiled.purpose is Purpose.MARKETING:
        entry["ReplacementHeaders"] = [{"Name": UNSUBSCRIBE, "Value": OWN}]
    return form(entry)
