"""SendGrid's request, held to a schema written by hand from its documentation, its cross-field rules included."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import assume, given
from jsonschema import Draft202012Validator
from migma_sendgrid import CannotCarry, encode

from migma_core import Batch
from migma_core.testing.mail import batches

_TEXT = {"type": "string", "minLength": 1}
_OFF = {"const": False}
_RESERVED = (
    *("x-sg-id", "x-sg-eid", "received", "dkim-signature", "content-type", "content-transfer-encoding"),
    *("to", "from", "subject", "reply-to", "cc", "bcc"),
)
_HEADERS = {
    "type": "object",
    "additionalProperties": {"type": "string", "pattern": r"^[^\r\n]+$"},
    "propertyNames": {"not": {"pattern": f"^(?i:{'|'.join(_RESERVED)})$"}},
}
_TEXTS = {"type": "object", "additionalProperties": {"type": "string"}}


def closed(required: str, **properties: Any) -> dict[str, Any]:
    """An object of these properties and no other."""
    return {"type": "object", "required": required.split(), "additionalProperties": False, "properties": properties}


_MAILBOX = closed("email", email=_TEXT, name=_TEXT)
REQUEST = Draft202012Validator(
    closed(
        "personalizations from subject content tracking_settings",
        personalizations={
            "type": "array",
            "minItems": 1,
            "maxItems": 1000,
            "items": closed(
                "to custom_args",
                to={"type": "array", "minItems": 1, "maxItems": 1, "items": _MAILBOX},
                custom_args=_TEXTS,
                substitutions={**_TEXTS, "maxProperties": 10_000},
                headers=_HEADERS,
            ),
        },
        **{"from": _MAILBOX},
        subject=_TEXT,
        reply_to=_MAILBOX,
        content={"type": "array", "minItems": 1, "maxItems": 2, "items": closed("type value", type=_TEXT, value=_TEXT)},
        attachments={
            "type": "array",
            "items": closed(
                "content type filename disposition",
                content={"type": "string", "pattern": "^[A-Za-z0-9+/]*={0,2}$"},
                type=_TEXT,
                filename=_TEXT,
                disposition={"enum": ["attachment", "inline"]},
                content_id=_TEXT,
            ),
        },
        headers=_HEADERS,
        categories={"type": "array", "minItems": 1, "maxItems": 10, "uniqueItems": True, "items": _TEXT},
        custom_args=_TEXTS,
        send_at={"type": "integer"},
        mail_settings=closed("", bypass_unsubscribe_management=closed("enable", enable={"const": True})),
        tracking_settings=closed(
            "subscription_tracking click_tracking open_tracking",
            subscription_tracking=closed("enable", enable=_OFF),
            click_tracking=closed("enable enable_text", enable=_OFF, enable_text=_OFF),
            open_tracking=closed("enable", enable=_OFF),
        ),
    )
)


@given(batches(whole=True))
def test_every_request_is_of_the_documented_shape(batch: Batch) -> None:
    """Whatever is in the batch, the body is what the schema allows, and nobody is in it twice."""
    try:
        body = json.loads(encode(batch))
    except CannotCarry:
        assume(False)
    REQUEST.validate(body)
    people = [one["to"][0]["email"].lower() for one in body["personalizations"]]
    assert len(set(people)) == len(people)
    types = [part["type"] for part in body["content"]]
    assert types in (["text/plain"], ["text/html"], ["text/plain", "text/html"])
