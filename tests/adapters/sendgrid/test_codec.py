"""The codec: a batch in SendGrid's shape, equal to plain rendering for every recipient (design D9)."""

from __future__ import annotations

import base64
import json
import random
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from migma_sendgrid import CAPABILITIES, CannotCarry, encode
from migma_sendgrid.limits import MOST_OCTETS, MOST_SUBSTITUTED

from migma_core import Address, Attachment, Batch, Compiled, Scalar
from tests.adapters.sendgrid.expander import Expanded, expand
from tests.support.batches import NOW, batch_for, compiled_for, delivery_id, message_for, opt_out_link
from tests.support.texts import header_texts, texts

SUBJECT = "{{name}} for {{name|you}}"
TEXT = "~{{x}}{{y}}t1;{{x}}\nHello {{name|you}}, {{unsubscribe_url}} {{y|~t0;}}"
HTML = "<p title='{{x}}'>{{y}}h0;{{x|<none>}}</p>{{name}}<a href='{{unsubscribe_url}}'>{{postal_address}}</a>"
KEYLIKE = ["~s0;", "~t0;", "~h1;", "~", "t0;", "^t0;", "~^|`*@", "~^|`*@\ue000", "\ue000t0;", "0;", ";", "~t", "1;~t1"]

people = st.lists(
    st.fixed_dictionaries(
        {
            "name": header_texts(40),
            "x": texts(),
            "y": st.one_of(texts(), st.lists(st.sampled_from(KEYLIKE)).map("".join)),
        }
    ),
    min_size=1,
    max_size=4,
)


def body_of(batch: Batch) -> dict[str, Any]:
    """The request as JSON."""
    parsed = json.loads(encode(batch))
    assert isinstance(parsed, dict)
    return parsed


def plainly(compiled: Compiled, batch: Batch) -> list[tuple[str, str, str]]:
    """Subject, text and HTML of each message, rendered here."""
    assert compiled.html is not None
    return [
        (
            compiled.subject.render(message.values),
            compiled.text.render(message.values),
            compiled.html.render(message.values),
        )
        for message in batch.messages
    ]


@given(people, st.booleans(), st.randoms(use_true_random=False))
def test_each_recipient_reads_what_plain_rendering_says(
    them: list[dict[str, Scalar]], marketing: bool, dice: random.Random
) -> None:
    """Expanded in any order, subject, text and HTML are those of plain rendering, whatever values look like."""
    compiled = compiled_for(SUBJECT, HTML, TEXT, transactional=not marketing)
    batch = batch_for(compiled, them)
    body, expected = encode(batch), plainly(compiled, batch)

    def shuffled(pairs: Any) -> list[tuple[str, str]]:
        mixed = list(pairs)
        dice.shuffle(mixed)
        return mixed

    for order in (list, lambda pairs: list(pairs)[::-1], shuffled):
        assert [(one.subject, one.text, one.html) for one in expand(body, order)] == expected


@given(people, texts())
def test_literals_that_look_like_keys_stay_literals(them: list[dict[str, Scalar]], literal: str) -> None:
    """Templates may hold anything as well: neither a literal, nor where it meets a value, becomes a key."""
    clean = literal.replace("{", "")
    compiled = compiled_for("~s0;{{name}}", f"~h0;{{{{x}}}}{clean}{{{{y}}}}", f"{clean}{{{{x}}}}~t{{{{y}}}}")
    batch = batch_for(compiled, them)
    found = [(one.subject, one.text, one.html) for one in expand(encode(batch), lambda pairs: list(pairs)[::-1])]
    assert found == plainly(compiled, batch)


@given(people, st.booleans())
def test_no_value_adds_a_header_or_a_recipient(them: list[dict[str, Scalar]], marketing: bool) -> None:
    """Each personalization has one recipient, one delivery and its headers, whatever the values."""
    expanded = expand(encode(batch_for(compiled_for(SUBJECT, HTML, TEXT, transactional=not marketing), them)))
    for number, one in enumerate(expanded):
        assert one.to == [f"person{number}@example.com"]
        assert one.arguments == {"migma_delivery": delivery_id(number)}
        assert one.headers == _headers(number, marketing)
    assert len(expanded) == len(them)


def _headers(number: int, marketing: bool) -> dict[str, str]:
    if not marketing:
        return {"Auto-Submitted": "auto-generated"}
    return {
        "List-Unsubscribe": f"<{opt_out_link(number)}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "List-ID": f"<{'a' * 32}.acme.example.com>",
        "Feedback-ID": f"all:marketing:{sha256(('a' * 32).encode()).hexdigest()[:15]}",
    }


@given(people)
def test_the_same_batch_gives_the_same_bytes(them: list[dict[str, Scalar]]) -> None:
    """Encoding twice, even from messages made anew, gives equal bytes: what is on record can be repeated."""
    compiled = compiled_for(SUBJECT, HTML, TEXT)
    assert encode(batch_for(compiled, them)) == encode(batch_for(compiled, them))


def test_transactional_carries_no_list_header() -> None:
    """Nothing about lists anywhere in the request, and no headers of its own in a personalization (C-10)."""
    batch = batch_for(compiled_for(transactional=True))
    assert b"List-" not in encode(batch)
    assert "headers" not in body_of(batch)["personalizations"][0]


def test_sendgrid_adds_nothing_of_its_own() -> None:
    """Its footer, link rewriting, pixel and preference page stay out; its suppressions stay in (Q-05, Q-06)."""
    body = body_of(batch_for(compiled_for()))
    assert body["tracking_settings"] == {
        "subscription_tracking": {"enable": False},
        "click_tracking": {"enable": False, "enable_text": False},
        "open_tracking": {"enable": False},
    }
    assert not {"asm", "mail_settings", "template_id", "categories", "ip_pool_name"} & set(body)


def test_only_an_opt_out_of_marketing_is_bypassed_and_only_by_other_mail() -> None:
    """A receipt reaches who opted out of marketing; bounces and complaints are never bypassed (R11, Q-05)."""
    body = body_of(batch_for(compiled_for(transactional=True)))
    assert body["mail_settings"] == {"bypass_unsubscribe_management": {"enable": True}}
    assert b"bypass" not in encode(batch_for(compiled_for()))


def test_the_shape_is_what_sendgrid_reads() -> None:
    """Names, nesting and order are those of v3 mail/send, text before HTML."""
    compiled = compiled_for(
        "Hi {{name}}", "<p>{{name}}</p>", "{{name}}", transactional=True, reply_to=Address("help", "acme.example.com")
    )
    assert body_of(batch_for(compiled, [{"name": "A & B"}])) == {
        "personalizations": [
            {
                "to": [{"email": "person0@example.com"}],
                "custom_args": {"migma_delivery": delivery_id()},
                "substitutions": {"~s0;": "A & B", "~t0;": "A & B", "~h0;": "A &amp; B"},
            }
        ],
        "from": {"email": "news@acme.example.com", "name": "Acme"},
        "subject": "Hi ~s0;",
        "reply_to": {"email": "help@acme.example.com"},
        "content": [{"type": "text/plain", "value": "~t0;"}, {"type": "text/html", "value": "<p>~h0;</p>"}],
        "headers": {"Auto-Submitted": "auto-generated"},
        "mail_settings": {"bypass_unsubscribe_management": {"enable": True}},
        "tracking_settings": {
            "subscription_tracking": {"enable": False},
            "click_tracking": {"enable": False, "enable_text": False},
            "open_tracking": {"enable": False},
        },
    }


def test_labels_metadata_and_time_are_the_requests() -> None:
    """They stand once for all; a time is in whole Unix seconds, and 72 hours ahead at most."""
    marks: dict[str, Any] = {"labels": ("receipt", "spring"), "metadata": {"order": "o-1"}}
    compiled = compiled_for(transactional=True, deliver_at=NOW + timedelta(hours=72), **marks)
    body = body_of(batch_for(compiled, [{}, {}]))
    assert (body["categories"], body["custom_args"]) == (["receipt", "spring"], {"order": "o-1"})
    assert body["send_at"] == int(NOW.timestamp()) + 72 * 3600
    late = compiled_for(transactional=True, deliver_at=NOW + timedelta(hours=73))
    with pytest.raises(CannotCarry, match="72 hours at most"):
        encode(batch_for(late))


def test_without_slots_nothing_is_substituted() -> None:
    """A content that is the same for all has no substitutions."""
    body = body_of(batch_for(compiled_for("Hi", "<p>Hi</p>", transactional=True)))
    assert "substitutions" not in body["personalizations"][0]


@pytest.mark.parametrize(("html", "text", "types"), [("", "Hi", ["text/plain"]), ("<p>Hi</p>", "", ["text/html"])])
def test_empty_parts_are_left_out(html: str, text: str, types: list[str]) -> None:
    """SendGrid refuses an empty part, so none is written."""
    body = body_of(batch_for(compiled_for("Hi", html, text, transactional=True)))
    assert [part["type"] for part in body["content"]] == types


def test_files_and_images_are_attached() -> None:
    """Octets in base64, inline with a content id where the HTML shows them."""
    files = (Attachment("a.pdf", b"\x00\xff", "application/pdf"), Attachment("logo.png", b"PNG", "image/png", "logo"))
    body = body_of(batch_for(compiled_for(attachments=files)))
    assert body["attachments"] == [
        {"content": "AP8=", "type": "application/pdf", "filename": "a.pdf", "disposition": "attachment"},
        {
            "content": base64.b64encode(b"PNG").decode(),
            "type": "image/png",
            "filename": "logo.png",
            "disposition": "inline",
            "content_id": "logo",
        },
    ]


def test_shared_content_is_written_once() -> None:
    """A thousand recipients share subject and bodies: each adds only what is theirs."""
    html = f"<p>{'Lorem ipsum ' * 1000}{{{{name}}}}</p>"
    compiled = compiled_for("Hi {{name}}", html, transactional=True)
    one, thousand = (len(encode(batch_for(compiled, [{"name": "Ada"}] * n))) for n in (1, 1000))
    assert thousand - one < 999 * 300


def test_a_thousand_fit_and_no_more() -> None:
    """One message too many is refused with both numbers, before anything is encoded."""
    compiled = compiled_for()
    assert len(expand(encode(batch_for(compiled, [{}] * 1000)))) == CAPABILITIES.most_messages == 1000
    with pytest.raises(CannotCarry, match="SendGrid takes 1000 messages at once, this batch has 1001; divide it"):
        encode(batch_for(compiled, [{}] * 1001))


def test_international_local_parts_are_refused() -> None:
    """SendGrid cannot carry them, in To or Reply-To, and says so before sending (RFC 6531)."""
    compiled = compiled_for()
    person = message_for(compiled, address=Address("jürgen", "example.com"))
    with pytest.raises(
        CannotCarry, match=f"the address of delivery {delivery_id()} has a non-ASCII local part"
    ) as refused:
        encode(Batch.of(compiled, [person], NOW))
    assert "jürgen" not in str(refused.value)
    with pytest.raises(CannotCarry, match="the reply-to address has a non-ASCII local part"):
        encode(batch_for(compiled_for(reply_to=Address("jürgen", "example.com"))))
    assert not CAPABILITIES.international_local_parts


def test_names_that_would_be_damaged_are_refused() -> None:
    """A file name outside ASCII is refused rather than garbled."""
    with pytest.raises(CannotCarry, match="rename the file"):
        encode(batch_for(compiled_for(attachments=(Attachment("Übersicht.pdf", b""),))))


@pytest.mark.parametrize(("length", "fits"), [(MOST_SUBSTITUTED - 4, True), (MOST_SUBSTITUTED - 3, False)])
def test_values_have_a_limit_per_recipient(length: int, fits: bool) -> None:
    """10,000 octets of keys and values are carried, one more is refused, naming the delivery."""
    batch = batch_for(compiled_for("Hi", "", "{{x}}", transactional=True), [{"x": "x" * length}])
    if fits:
        assert expand(encode(batch))[0].text == "x" * length
    else:
        with pytest.raises(CannotCarry, match=f"the values of delivery {delivery_id()} take 10001 octets"):
            encode(batch)


def test_a_request_that_is_too_large_is_refused() -> None:
    """The encoded size counts (G-10)."""
    with pytest.raises(CannotCarry, match=f"octets, SendGrid takes {MOST_OCTETS}; attach less, or send a link"):
        encode(batch_for(compiled_for(attachments=(Attachment("big.bin", b"x" * (MOST_OCTETS * 3 // 4)),))))


def test_the_expander_replaces_plainly() -> None:
    """The reference is as simple as the rule it stands for."""
    body = {
        "personalizations": [{"to": [{"email": "a@b.example"}], "substitutions": {"-x-": "1"}, "custom_args": {}}],
        "subject": "-x-",
        "content": [{"type": "text/plain", "value": "-x-x-"}],
    }
    assert expand(json.dumps(body).encode()) == [Expanded(["a@b.example"], "1", "1x-", None, {}, {})]
