"""The codec: finished mails in Resend's shape, the same octets every time."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import assume, given
from jsonschema import Draft202012Validator
from migma_http import Secret
from migma_resend import CAPABILITIES, CannotCarry, ResendCodec, encode
from migma_resend.limits import MOST_OCTETS

from migma_core import Address, Attachment, Batch, Parcel
from migma_core.testing.mail import batches
from tests.support.batches import NOW, attempt_for, batch_for, compiled_for, delivery_id, message_for, opt_out_link
from tests.support.http_worlds import KEY

# written from Resend's documentation by hand: what its own description does not say is here as well
_TEXT = {"type": "string", "minLength": 1}
_WORD = {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,256}$"}
MAIL: dict[str, Any] = {
    "type": "object",
    "required": ["from", "to", "subject", "headers", "tags"],
    "additionalProperties": False,
    "properties": {
        "from": {"type": "string", "pattern": r'^"(?:[^"\\]|\\["\\])+" <[^<>\s]+@[^<>\s]+>$'},
        "to": {"type": "array", "minItems": 1, "maxItems": 1, "items": _TEXT},
        "subject": _TEXT,
        "text": {"type": "string"},
        "html": {"type": "string"},
        "reply_to": _TEXT,
        "scheduled_at": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"},
        "headers": {"type": "object", "additionalProperties": {"type": "string", "pattern": r"^[^\r\n]+$"}},
        "tags": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["name", "value"],
                "properties": {"name": _WORD, "value": _WORD},
            },
        },
        "attachments": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["filename", "content", "content_type"],
                "properties": dict.fromkeys(("filename", "content_type", "content_id"), _TEXT)
                | {"content": {"type": "string", "pattern": "^[A-Za-z0-9+/]*={0,2}$"}},
            },
        },
    },
}
REQUEST = Draft202012Validator(
    {
        "oneOf": [
            MAIL,
            {"type": "array", "minItems": 2, "maxItems": 100, "items": {**MAIL, "not": {"required": ["attachments"]}}},
        ]
    }
)


@given(batches(whole=True))
def test_every_request_is_of_the_documented_shape(batch: Batch) -> None:
    """Whatever is in the batch, the body is what the schema written by hand allows."""
    try:
        body = encode(batch)
    except CannotCarry:
        assume(False)
    assert [fault.message for fault in REQUEST.iter_errors(json.loads(body))] == []


def test_the_shape_is_what_resend_reads() -> None:
    """Names and nesting of a marketing mail, one-click headers and our delivery's id included."""
    compiled = compiled_for("Hi {{name}}", "<p>{{name}}</p>", "{{name}}", headers={"X-Campaign": "spring"})
    mail = json.loads(encode(batch_for(compiled, [{"name": "A & B"}])))
    link = opt_out_link()
    assert mail["from"] == '"Acme" <news@acme.example.com>'
    assert mail["to"] == ["person0@example.com"]
    assert mail["subject"] == "Hi A & B"
    assert mail["text"].startswith("A & B")
    assert mail["html"].startswith("<p>A &amp; B</p>")
    assert mail["tags"] == [{"name": "migma_delivery", "value": delivery_id()}]
    assert mail["headers"]["List-Unsubscribe"] == f"<{link}>"
    assert mail["headers"]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["headers"]["X-Campaign"] == "spring"


def requested(batch: Batch) -> tuple[str, dict[str, str], bytes]:
    """Path, headers and body of the request."""
    codec = ResendCodec(Secret(KEY))
    parcel = codec.encode(batch)
    request = codec.request(batch, parcel, attempt_for(batch, parcel))
    return request.url.removeprefix("https://api.resend.com"), dict(request.headers), request.body


def test_one_goes_alone_and_several_together() -> None:
    """A mail is an object to one place, a batch an array to another, which then answers for each."""
    path, headers, body = requested(batch_for(compiled_for()))
    assert (path, body[:1]) == ("/emails", b"{")
    assert "x-batch-validation" not in headers
    path, headers, body = requested(batch_for(compiled_for(), [{}, {}]))
    assert (path, body[:1], headers["x-batch-validation"]) == ("/emails/batch", b"[", "permissive")


def test_the_same_attempt_has_the_same_key_and_octets() -> None:
    """Handed over again it is the same request; another attempt at the same mail has another key."""
    batch = batch_for(compiled_for(), [{}, {}])
    again = Batch.of(batch.compiled, batch.messages, NOW)
    assert requested(batch) == requested(again)
    codec, parcel = ResendCodec(Secret(KEY)), Parcel((b"",))
    keys = {
        dict(codec.request(batch, parcel, attempt_for(batch, parcel, fence)).headers)["Idempotency-Key"]
        for fence in (1, 2)
    }
    assert len(keys) == 2
    assert all(1 <= len(key) <= 256 for key in keys)


@pytest.mark.parametrize("name", ['A "B" C', "back\\slash", "Smith, Ada <x>", "Grüße", "=?utf-8?q?x?="])
def test_a_senders_name_stays_a_name(name: str) -> None:
    """Quotes, commas and brackets in a name do not make it a second mailbox."""
    from email.utils import getaddresses

    mail = json.loads(encode(batch_for(compiled_for(sender_name=name))))
    assert getaddresses([mail["from"]]) == [(name, "news@acme.example.com")]


def test_what_cannot_be_carried_is_refused() -> None:
    """Too many, files in a batch, names outside ASCII, a file that would vanish, too large: each by name."""
    compiled = compiled_for()
    pdf = Attachment("a.pdf", b"", "application/pdf")
    stranger = message_for(compiled, address=Address("jürgen", "example.com"))
    for batch, says in (
        (batch_for(compiled, [{}] * 101), "Resend takes 100 messages at once, this batch has 101; divide it"),
        (batch_for(compiled_for(attachments=(pdf,)), [{}] * 2), "attachments in single mails only"),
        (Batch.of(compiled, [stranger], NOW), "has a non-ASCII local part"),
        (batch_for(compiled_for(reply_to=Address("jürgen", "example.com"))), "the reply-to address"),
        (batch_for(compiled_for(attachments=(Attachment("a.pdf", b"", "image/png"),))), "ends as application/pdf"),
        (batch_for(compiled_for(attachments=(Attachment("a", b"x" * MOST_OCTETS),))), f"Resend takes {MOST_OCTETS}"),
    ):
        with pytest.raises(CannotCarry, match=says):
            encode(batch)
    assert CAPABILITIES.together(compiled_for(attachments=(pdf,)).request) == 1
    assert CAPABILITIES.together(compiled.request) == 100


def test_a_time_of_delivery_goes_with_single_mails() -> None:
    """In UTC and whole seconds, up to 30 days; several at once are sent one by one (and the day after is too late)."""
    tokyo = datetime(2026, 5, 2, 9, 0, 0, 123, tzinfo=timezone(timedelta(hours=9)))
    compiled = compiled_for(transactional=True, deliver_at=tokyo)
    assert json.loads(encode(batch_for(compiled)))["scheduled_at"] == "2026-05-02T00:00:00Z"
    assert CAPABILITIES.together(compiled.request) == 1
    with pytest.raises(CannotCarry, match="single mails until their time"):
        encode(batch_for(compiled, [{}, {}]))
    with pytest.raises(CannotCarry, match="30 days at most"):
        encode(batch_for(compiled_for(transactional=True, deliver_at=NOW + timedelta(days=31))))
