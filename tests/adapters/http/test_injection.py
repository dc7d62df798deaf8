"""The corpus of injections: no value of anybody's makes a header, a line or a recipient, at any provider."""

from __future__ import annotations

import json
from typing import Any

import pytest
from migma_platform.body import encode as platform
from migma_resend import encode as resend
from migma_sendgrid import encode as sendgrid

from migma_core import Batch
from migma_core.message import HeaderRefused
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
)
CORPUS = [f"Ada{end}{payload}" for end in ("", *BREAKS) for payload in PAYLOADS]
SUBJECT, HTML, TEXT = "Hello {{name|you}}", "<p>{{name}} {{x}}</p>", "{{name}} {{x}}"


def skeleton(value: Any) -> Any:
    """The shape of JSON: every key and every length, no text."""
    if isinstance(value, dict):
        return {key: skeleton(inner) for key, inner in value.items()}
    return [skeleton(inner) for inner in value] if isinstance(value, list) else type(value).__name__


def read(octets: bytes) -> Any:
    """The shape of a body, keys of SendGrid's substitutions named after their place."""
    found = json.loads(octets)
    for one in found.get("personalizations", []):
        keys = one.pop("substitutions", {})
        one["substitutions"] = dict(enumerate(keys.values()))
    return skeleton(found)


def batch_of(name: str, x: str, *, marketing: bool, text: str | None = TEXT) -> Batch:
    """One person's mail with these values."""
    return batch_for(compiled_for(SUBJECT, HTML, text, transactional=not marketing), [{"name": name, "x": x}])


def migma(batch: Batch) -> bytes:
    """A direct send through Migma."""
    return platform(batch, "proj_1")


@pytest.mark.parametrize("encode", [sendgrid, resend, migma])
@pytest.mark.parametrize("marketing", [True, False])
def test_no_value_makes_a_header_a_line_or_a_recipient(encode: Any, marketing: bool) -> None:
    """Of all the corpus, in subject and body: the request has the shape it has for Ada, or the row is refused."""
    kind: dict[str, Any] = {"marketing": marketing, "text": None if encode is migma else TEXT}  # it derives its own
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
