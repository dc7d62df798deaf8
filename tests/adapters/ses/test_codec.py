"""The codec: a mail in the form that holds it, and what neither holds refused by name (design D9)."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from migma_ses import BULK_CAPABILITIES, CAPABILITIES, CannotCarry, Encoder
from migma_ses.limits import MOST_DATA, MOST_HEADERS, MOST_OCTETS

from migma_core import Address, Attachment, Batch
from tests.adapters.ses.connecting import RawEncoder, codec
from tests.adapters.ses.reader import filled, read
from tests.support.batches import NOW, attempt_for, batch_for, compiled_for, delivery_id, message_for, opt_out_link

SINGLE, BULK, RAW = Encoder(), Encoder(bulk=True), RawEncoder()
UNTRACKED = {"Tracking": {"OpenTrackingEnabled": "DISABLED", "ClickTrackingEnabled": "DISABLED"}}
ROBOT = {"Name": "Auto-Submitted", "Value": "auto-generated"}


def body_of(batch: Batch, encode: Encoder = SINGLE) -> dict[str, Any]:
    """The request as JSON."""
    parsed = json.loads(encode(batch))
    assert isinstance(parsed, dict)
    return parsed


def form_of(batch: Batch) -> str:
    """Which form a mail was written in."""
    (form,) = body_of(batch)["Content"]
    return str(form)


def test_the_simple_form_is_what_ses_reads() -> None:
    """Names and nesting are those of SendEmail; text is told to be UTF-8, which SES would not guess."""
    compiled = compiled_for(
        "Hi {{name}}",
        "<p>{{name}}</p>",
        "{{name}}",
        transactional=True,
        sender_name="Ächme",
        reply_to=Address("help", "acme.example.com"),
        headers={"X-Campaign": "Frühling"},
        labels=("receipt",),
        metadata={"order": "o-1"},
    )
    assert body_of(batch_for(compiled, [{"name": "A & Ö"}]), Encoder("ours")) == {
        "FromEmailAddress": "=?utf-8?B?w4RjaG1l?= <news@acme.example.com>",
        "ReplyToAddresses": ["help@acme.example.com"],
        "ConfigurationSetName": "ours",
        "ConfigurationOverrides": UNTRACKED,
        "Destination": {"ToAddresses": ["person0@example.com"]},
        "EmailTags": [
            {"Name": "migma_delivery", "Value": delivery_id()},
            {"Name": "migma_label_receipt", "Value": "1"},
            {"Name": "order", "Value": "o-1"},
        ],
        "Content": {
            "Simple": {
                "Headers": [{"Name": "X-Campaign", "Value": "=?utf-8?B?RnLDvGhsaW5n?="}, ROBOT],
                "Subject": {"Data": "Hi A & Ö", "Charset": "UTF-8"},
                "Body": {
                    "Text": {"Data": "A & Ö", "Charset": "UTF-8"},
                    "Html": {"Data": "<p>A &amp; Ö</p>", "Charset": "UTF-8"},
                },
            }
        },
    }


def test_bulk_is_one_inline_template_and_what_is_each_recipients_own() -> None:
    """Text once, in a template; values, tags and the link of each in an entry, whose header replaces."""
    body = body_of(batch_for(compiled_for("Hi {{name}}", "<p>{{name}}</p>"), [{"name": "<A>"}, {"name": "B"}]), BULK)
    shared = body["DefaultContent"]["Template"]
    assert shared["TemplateContent"]["Subject"] == "Hi {{{s0}}}"
    assert [one["Name"] for one in shared["Headers"]] == ["List-Unsubscribe-Post", "List-ID", "Feedback-ID"]
    assert body["ConfigurationOverrides"] == UNTRACKED
    for number, entry in enumerate(body["BulkEmailEntries"]):
        assert entry["Destination"] == {"ToAddresses": [f"person{number}@example.com"]}
        assert entry["ReplacementTags"] == [{"Name": "migma_delivery", "Value": delivery_id(number)}]
        assert entry["ReplacementHeaders"] == [{"Name": "List-Unsubscribe", "Value": f"<{opt_out_link(number)}>"}]
    data = body["BulkEmailEntries"][0]["ReplacementEmailContent"]["ReplacementTemplate"]["ReplacementTemplateData"]
    assert {"s0": "<A>", "h0": "&lt;A&gt;"}.items() <= json.loads(data).items()


def test_each_call_is_asked_at_its_own_place() -> None:
    """One message goes to SendEmail even where bulk is on, several to SendBulkEmail."""
    ours = codec(BULK)
    for count, path in ((1, "outbound-emails"), (2, "outbound-bulk-emails")):
        batch = batch_for(compiled_for(), [{}] * count)
        parcel = ours.encode(batch)
        request = ours.request(batch, parcel, attempt_for(batch, parcel))
        assert (request.method, request.url) == ("POST", f"https://email.eu-central-1.amazonaws.com/v2/email/{path}")


def test_a_raw_mail_leaves_as_its_octets() -> None:
    """Seven bits, lines of at most 998, and the recipient in the envelope, which SES takes from beside the mail."""
    body = body_of(batch_for(compiled_for("Grüße", "<p>日本語</p>")), RAW)
    octets = base64.b64decode(body["Content"]["Raw"]["Data"])
    assert octets.isascii()
    assert max(map(len, octets.split(b"\r\n"))) <= 998
    assert body["Destination"] == {"ToAddresses": ["person0@example.com"]}


@pytest.mark.parametrize("transactional", [True, False])
def test_what_has_too_many_headers_goes_raw(transactional: bool) -> None:
    """Fifteen fit the simple form, ours included; one more, and the mail is raw, with every header in it (Q-01)."""
    room = MOST_HEADERS - (1 if transactional else 4)
    for count, form in ((room, "Simple"), (room + 1, "Raw")):
        headers = {f"X-Number-{n}": str(n) for n in range(count)}
        batch = batch_for(compiled_for(transactional=transactional, headers=headers))
        assert form_of(batch) == form
        (mail,) = read(SINGLE(batch))
        assert headers.items() <= dict(mail.headers).items()


def test_what_has_a_header_that_is_too_long_goes_raw() -> None:
    """995 printable ASCII characters is what SES takes, counted once the value is encoded (C-06, Q-01)."""
    for value, form in (("word " * 179 + "word", "Simple"), ("ü" * 250, "Simple"), ("ü" * 500, "Raw")):
        batch = batch_for(compiled_for(headers={"X-Long": value}))
        assert form_of(batch) == form


@pytest.mark.parametrize(
    ("attachment", "form"),
    [
        (Attachment("a.pdf", b"%PDF", "application/pdf"), "Simple"),
        (Attachment("Übersicht.pdf", b"%PDF", "application/pdf"), "Raw"),
        (Attachment("logo.png", b"PNG", "image/png", "logo"), "Simple"),
        (Attachment("a.bin", b"", f"application/{'x' * 70}"), "Raw"),
    ],
)
def test_what_has_a_file_that_ses_cannot_name_goes_raw(attachment: Attachment, form: str) -> None:
    """Its name, type and octets arrive either way."""
    batch = batch_for(compiled_for(attachments=(attachment,)))
    assert form_of(batch) == form
    assert [mail.files for mail in read(SINGLE(batch))] == [(attachment,)]


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"headers": {f"X-{n}": "x" for n in range(12)}}, "SES takes 15 headers of this kind, the message has 16"),
        ({"headers": {"X-Long": "ü" * 500}}, "the header X-Long has 1"),
        ({"headers": {"X-Braces": "{{x}}"}}, "the header X-Braces holds two braces"),
        ({"attachments": (Attachment("Übersicht.pdf", b""),)}, "an attachment's name is not ASCII"),
    ],
)
def test_what_no_template_holds_is_refused_in_bulk(fields: dict[str, Any], says: str) -> None:
    """By name, with the way to mend it: singly each of them goes."""
    compiled = compiled_for(**fields)
    with pytest.raises(CannotCarry, match=says) as refused:
        BULK(batch_for(compiled, [{}, {}]))
    assert "send one message at a time, as SES does by default" in str(refused.value)
    assert len(read(BULK(batch_for(compiled)))) == 1


def test_one_message_unless_bulk_is_asked_for_and_then_fifty() -> None:
    """One too many is refused with both numbers."""
    compiled = compiled_for()
    assert (CAPABILITIES.most_messages, BULK_CAPABILITIES.most_messages) == (1, 50)
    assert len(read(BULK(batch_for(compiled, [{}] * 50)))) == 50
    for encode, count in ((SINGLE, 2), (BULK, 51)):
        with pytest.raises(CannotCarry, match=rf"SES takes {count - 1} messages? at once .* this batch has {count}"):
            encode(batch_for(compiled, [{}] * count))


def test_international_local_parts_are_refused() -> None:
    """SES takes ASCII before the at sign, in To and Reply-To, and the address is not shown (RFC 6531, Q-02)."""
    compiled = compiled_for()
    person = message_for(compiled, address=Address("jürgen", "example.com"))
    with pytest.raises(CannotCarry, match=f"the address of delivery {delivery_id()} has a non-ASCII") as refused:
        SINGLE(Batch.of(compiled, [person], NOW))
    assert "jürgen" not in str(refused.value)
    with pytest.raises(CannotCarry, match="the reply-to address has a non-ASCII local part"):
        SINGLE(batch_for(compiled_for(reply_to=Address("jürgen", "example.com"))))


def test_nothing_is_kept_until_later() -> None:
    """SES has no schedule, and says so before sending."""
    with pytest.raises(CannotCarry, match="SES keeps no mail until a later time"):
        SINGLE(batch_for(compiled_for(transactional=True, deliver_at=NOW + timedelta(hours=1))))


def test_values_have_a_limit_in_bulk() -> None:
    """262,144 characters of one recipient's data, as JSON; singly there is none but the mail's."""
    compiled = compiled_for("Hi", "", "{{x}}", transactional=True)
    long = batch_for(compiled, [{"x": "x" * MOST_DATA}, {}])
    with pytest.raises(CannotCarry, match=f"the values of delivery {delivery_id()} take 26.* SES takes {MOST_DATA}"):
        BULK(long)
    assert read(SINGLE(batch_for(compiled, [{"x": "x" * MOST_DATA}])))[0].text == "x" * MOST_DATA


def test_a_request_that_is_too_large_is_refused() -> None:
    """The encoded size counts (G-10)."""
    big = Attachment("big.bin", b"x" * (MOST_OCTETS * 3 // 4))
    with pytest.raises(CannotCarry, match=f"octets, SES takes {MOST_OCTETS}; attach less, or send a link"):
        SINGLE(batch_for(compiled_for(attachments=(big,))))


def test_transactional_carries_no_list_header() -> None:
    """Nothing about lists anywhere, in any form (C-10)."""
    compiled = compiled_for(transactional=True)
    for encode, count in ((SINGLE, 1), (BULK, 2), (RAW, 1)):
        octets = encode(batch_for(compiled, [{}] * count))
        assert b"List-" not in octets
        assert all("List-" not in repr(mail.headers) for mail in read(octets))


def test_ses_adds_nothing_of_its_own() -> None:
    """Its list management would replace our headers and occurs nowhere; pixel and links are off (Q-03, O-10)."""
    for encode, count in ((SINGLE, 1), (BULK, 2), (RAW, 1)):
        body = body_of(batch_for(compiled_for(), [{}] * count), encode)
        assert "ListManagementOptions" not in body
        assert body["ConfigurationOverrides"] == UNTRACKED


@pytest.mark.parametrize(("html", "text", "parts"), [("", "Hi", {"Text"}), ("<p>Hi</p>", "", {"Html"})])
def test_empty_parts_are_left_out(html: str, text: str, parts: set[str]) -> None:
    """SES refuses an empty part, so none is written."""
    compiled = compiled_for("Hi", html, text, transactional=True)
    assert set(body_of(batch_for(compiled))["Content"]["Simple"]["Body"]) == parts
    template = body_of(batch_for(compiled, [{}, {}]), BULK)["DefaultContent"]["Template"]
    assert set(template["TemplateContent"]) == {"Subject", *parts}


@given(st.text(max_size=60), st.text(max_size=60).filter(lambda text: "\r" not in text))
def test_a_percent_sign_is_one(name: str, order: str) -> None:
    """What stands around the recipient's own strings is written as it is, whatever marks of ours it holds."""
    shown = "".join(one for one in name if one.isprintable()).strip() or "100 %s"
    compiled = compiled_for("Hi", "", "{{x}}%s%%", transactional=True, sender_name=f"{shown}%s", labels=("a",))
    (mail,) = read(SINGLE(batch_for(compiled, [{"x": order}])))
    assert mail.sender is not None
    assert mail.sender[0] == f"{shown}%s"
    assert mail.text == f"{order}%s%%"


def test_the_reader_fills_plainly() -> None:
    """The reference is as simple as the rule it stands for."""
    assert filled(r"{{{a}}} {{a}} \{{{a}}} {{{b}}}", {"a": "{{{b}}}"}) == "{{{b}}} ESCAPEDa}} {{{a}}} UNKNOWN"
