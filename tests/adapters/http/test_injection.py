"""The corpus of injections: no value of anybody's makes a header, a line or a recipient, at any provider."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from migma_mailgun import encode as mailgun
from migma_platform.body import encode as platform
from migma_resend import encode as resend
from migma_sendgrid import encode as sendgrid
from migma_ses import Encoder
from migma_ses.bulk import bulk

from migma_core import Batch
from migma_core.message import HeaderRefused
from migma_core.message.certificate import read_mime
from tests.adapters.mailgun.reader import Part, parts
from tests.adapters.ses.connecting import RawEncoder
from tests.support.batches import batch_for, compiled_for

REAL = ("\r\n", "\n", "\r", "\u2028", "\x0b", "\x0c", "\x85", "\x00")
BREAKS = (*REAL, "%0d%0a", "=0D=0A", "\\r\\n", "=?utf-8?q?=0ABcc:_x?=")
PAYLOADS = (
    "Bcc: everyone@example.com",
    "To: everyone@example.com",
    "List-Unsubscribe: <https://evil.example>",
    'x", "bcc": [{"email": "everyone@example.com"}], "y": "',
    '"},{"to":[{"email":"everyone@example.com"}]}',
    "ada@example.com, everyone@example.com",
    '\r\n--migma-0\r\nContent-Disposition: form-data; name="bcc"\r\n\r\neveryone@example.com',
    '"},"everyone@example.com":{"x":"',
)
CORPUS = [f"Ada{end}{payload}" for end in ("", *BREAKS) for payload in PAYLOADS]
SUBJECT, HTML, TEXT = "Hello {{name|you}}", "<p>{{name}} {{x}}</p>", "{{name}} {{x}}"


def skeleton(value: Any) -> Any:
    """The shape of JSON: every key and every length, no text."""
    if isinstance(value, dict):
        return {key: skeleton(inner) for key, inner in value.items()}
    return [skeleton(inner) for inner in value] if isinstance(value, list) else type(value).__name__


def ses_bulk(batch: Batch) -> bytes:
    """What SES has of a batch as one of its templates, for one recipient as well."""
    return bulk(batch, None).encode()


def read(octets: bytes) -> Any:
    """The shape of a body: a form, or JSON, keys of substitutions by their place, and what SES hides in texts."""
    if octets.startswith(b"--"):
        return [
            (part.name, part.filename, part.data.count(b"\r\n"), shape_of_variables(part)) for part in parts(octets)
        ]
    found = json.loads(octets)
    if not isinstance(found, dict):
        return skeleton(found)
    for entry in found.get("BulkEmailEntries", []):
        filling = entry["ReplacementEmailContent"]["ReplacementTemplate"]
        filling["ReplacementTemplateData"] = json.loads(filling["ReplacementTemplateData"])
    if "Raw" in found.get("Content", {}):
        mail = read_mime(base64.b64decode(found["Content"]["Raw"]["Data"]))
        return {"recipients": mail.recipients, "headers": [name for name, _ in mail.headers], "around": skeleton(found)}
    for one in found.get("personalizations", []):
        keys = one.pop("substitutions", {})
        one["substitutions"] = dict(enumerate(keys.values()))
    return skeleton(found)


def shape_of_variables(part: Part) -> Any:
    """Who has variables, and how many; and whom a field names."""
    if part.name == "recipient-variables":
        return [(address, skeleton(list(told.values()))) for address, told in json.loads(part.data).items()]
    return part.data if part.name in {"from", "to"} else None


def batch_of(name: str, x: str, *, marketing: bool, count: int, text: str | None = TEXT) -> Batch:
    """One person's mail with these values, or one of several."""
    them = [{"name": name, "x": x}, {"name": "Bo", "x": "y"}][:count]
    return batch_for(compiled_for(SUBJECT, HTML, text, transactional=not marketing), them)


def migma(batch: Batch) -> bytes:
    """A direct send through Migma."""
    return platform(batch, "proj_1")


ENCODERS: dict[str, Callable[[Batch], bytes]] = {
    "sendgrid": sendgrid,
    "resend": resend,
    "mailgun": mailgun,
    "ses": Encoder(),
    "ses_raw": RawEncoder(),
    "ses_bulk": ses_bulk,
    "migma": migma,
}
ONE_AT_A_TIME = frozenset({"ses", "ses_raw", "migma"})
SHAPES = [(name, count) for name in ENCODERS for count in (1, 2) if count == 1 or name not in ONE_AT_A_TIME]


@pytest.mark.parametrize(("name", "count"), SHAPES)
@pytest.mark.parametrize("marketing", [True, False])
def test_no_value_makes_a_header_a_line_or_a_recipient(name: str, count: int, marketing: bool) -> None:
    """Of all the corpus, in subject and body: the request has the shape it has for Ada, or the row is refused."""
    encode = ENCODERS[name]
    kind: dict[str, Any] = {"marketing": marketing, "count": count}
    kind["text"] = None if name == "migma" else TEXT  # it derives its own
    plain = read(encode(batch_of("Ada", "x", **kind)))
    refused = 0
    for value in CORPUS:
        assert read(encode(batch_of("Ada", value, **kind))) == plain
        try:
            hostile = batch_of(value, "x", **kind)
        except HeaderRefused:
            refused += 1
            continue
        assert read(encode(hostile)) == plain
    assert 0 < refused < len(CORPUS)


@pytest.mark.parametrize("value", [one for one in CORPUS if any(end in one for end in REAL)])
def test_no_request_holds_a_broken_line(value: str) -> None:
    """In a sender's name, a subject or a header of the caller's own it is refused before anything is made of it."""
    for field in ({"sender_name": value}, {"headers": {"X-Campaign": value}}):
        with pytest.raises(ValueError, match=r"holds|shows"):
            compiled_for(SUBJECT, HTML, TEXT, **field)
    with pytest.raises(ValueError, match="would break the header"):
        compiled_for(value, HTML, TEXT)
