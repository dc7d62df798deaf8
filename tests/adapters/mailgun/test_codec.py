"""The codec: a batch in Mailgun's shape, equal to plain rendering for every recipient (design D9)."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from migma_http import Secret
from migma_mailgun import CAPABILITIES, EU_URL, CannotCarry, MailgunCodec, MailgunSettings, encode
from migma_mailgun.limits import MOST_OCTETS, MOST_OPTIONS
from pydantic import SecretStr, ValidationError

from migma_core import Address, Attachment, Batch, HeaderRefused, Scalar
from tests.adapters.mailgun.reader import Part, deliveries, parts, values
from tests.support.batches import (
    NOW,
    attempt_for,
    batch_for,
    compiled_for,
    delivery_id,
    message_for,
    opt_out_link,
)
from tests.support.http_worlds import KEY
from tests.support.texts import header_texts, texts

SUBJECT = "{{name}} for {{name|you}}"
TEXT = "%{{x}}{{y}}%;{{x}}\nHello {{name|you}}, {{unsubscribe_url}} {{y|%recipient.}}"
HTML = "<p title='{{x}}'>{{y}}%{{x|<none>}}</p>{{name}}<a href='{{unsubscribe_url}}'>{{postal_address}}</a>"
KEYLIKE = ["%recipient.", "%recipient.t0%", "recipient%", "%", "m", "t0%", "%recipient.migma_delivery%", "_url%"]
PEOPLE = st.lists(
    st.fixed_dictionaries(
        {"name": header_texts(40), "x": texts(), "y": texts() | st.lists(st.sampled_from(KEYLIKE)).map("".join)}
    ),
    min_size=1,
    max_size=4,
)


def fields(batch: Batch) -> dict[str, list[str]]:
    """The fields of text of the request, each with all of its values."""
    them = [part for part in parts(encode(batch)) if part.filename is None]
    return {part.name: values(them, part.name) for part in them}


def files(batch: Batch) -> list[Part]:
    """The files of the request."""
    return [part for part in parts(encode(batch)) if part.filename is not None]


@given(PEOPLE, st.booleans())
def test_each_recipient_reads_what_plain_rendering_says(them: list[dict[str, Scalar]], marketing: bool) -> None:
    """Expanded, subject, text and HTML are those of plain rendering, whatever values look like."""
    compiled = compiled_for(SUBJECT, HTML, TEXT, transactional=not marketing)
    batch = batch_for(compiled, them)
    assert compiled.html is not None
    templates = compiled.subject, compiled.text, compiled.html
    try:
        found = deliveries(encode(batch))
    except HeaderRefused:  # what would be replaced in plain text is refused by its name: see below
        return
    assert [(one.subject, one.text, one.html) for one in found] == [
        tuple(template.render(message.values) for template in templates) for message in batch.messages
    ]


@pytest.mark.parametrize("count", [2, 3, 1000])
@pytest.mark.parametrize("marketing", [True, False])
def test_several_are_never_without_variables(count: int, marketing: bool) -> None:
    """Even for content that is the same for all, everybody has variables, so that nobody sees another's address."""
    batch = batch_for(compiled_for("Hi", "<p>Hi</p>", "Hi", transactional=not marketing), [{}] * count)
    request = fields(batch)
    (told,) = request["recipient-variables"]
    assert list(json.loads(told)) == request["to"] == [f"person{n}@example.com" for n in range(count)]
    assert len({tuple(one) for one in json.loads(told).values()}) == 1  # and everybody has every key
    assert [one.recipients for one in deliveries(encode(batch))] == [(one,) for one in request["to"]]
    assert not {"cc", "bcc"} & set(request)


def test_one_is_finished() -> None:
    """A single message needs no variable: what would be replaced is filled in."""
    batch = batch_for(compiled_for("Hi {{name}}", "<p>{{name}}</p>", "{{name}}", transactional=True), [{"name": "A&B"}])
    assert fields(batch) == {
        "from": ['"Acme" <news@acme.example.com>'],
        "to": ["person0@example.com"],
        "subject": ["Hi A&B"],
        "text": ["A&B"],
        "html": ["<p>A&amp;B</p>"],
        "h:Message-Id": [f"<{delivery_id()}@acme.example.com>"],
        "h:Auto-Submitted": ["auto-generated"],
        "v:migma_delivery": [delivery_id()],
        "o:tracking": ["no"],
        "o:tracking-clicks": ["no"],
        "o:tracking-opens": ["no"],
    }


def test_marketing_carries_what_it_must() -> None:
    """One-click, list and feedback headers, our Message-Id and our delivery's id: each recipient's own."""
    batch = batch_for(compiled_for(headers={"X-Campaign": "spring"}), [{}, {}])
    for number, one in enumerate(deliveries(encode(batch))):
        assert one.delivery == delivery_id(number)
        assert dict(one.headers) == {
            "X-Campaign": "spring",
            "Message-Id": batch.messages[number].message_id,
            "List-Unsubscribe": f"<{opt_out_link(number)}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "List-ID": f"<{'a' * 32}.acme.example.com>",
            "Feedback-ID": f"all:marketing:{sha256(('a' * 32).encode()).hexdigest()[:15]}",
        }


def test_transactional_carries_no_list_header() -> None:
    """Nothing about lists anywhere in the request (C-10)."""
    assert b"List-" not in encode(batch_for(compiled_for(transactional=True), [{}, {}]))


def test_mailgun_adds_nothing_of_its_own() -> None:
    """No link is rewritten and no pixel added, in either shape (Q-08); stored templates and copies never occur."""
    image = Attachment("logo.png", b"PNG", "image/png", "logo")
    for batch in (
        batch_for(compiled_for()),
        batch_for(compiled_for(), [{}, {}]),
        batch_for(compiled_for(attachments=(image,))),
    ):
        request = fields(batch)
        assert {name: request[name] for name in request if name.startswith("o:")} == {
            "o:tracking": ["no"],
            "o:tracking-clicks": ["no"],
            "o:tracking-opens": ["no"],
        }
        assert not [name for name in request if name.startswith(("t:", "template", "cc", "bcc", "amp"))]


def test_what_comes_back_with_events_goes_in() -> None:
    """Labels as tags, metadata as variables, and the delivery's id; reply-to and the name as they are."""
    compiled = compiled_for(
        labels=("spring", "news"),
        metadata={"order": "o-1"},
        reply_to=Address("help", "acme.example.com"),
        sender_name='Ada "Bo" \\ Grüße, <x>',
    )
    request = fields(batch_for(compiled, [{}, {}]))
    assert request["o:tag"] == ["spring", "news"]
    assert request["v:order"] == ["o-1"]
    assert request["h:Reply-To"] == ["help@acme.example.com"]
    assert request["from"] == ['"Ada \\"Bo\\" \\\\ Grüße, <x>" <news@acme.example.com>']
    assert deliveries(encode(batch_for(compiled)))[0].sender == ('Ada "Bo" \\ Grüße, <x>', "news@acme.example.com")


def test_files_go_once_for_everybody() -> None:
    """An attachment, and an image that is called by its file's name, stand in the form once, in a batch as well."""
    attached = (
        Attachment("Übersicht.pdf", b"\x00\xff\r\n--", "application/pdf"),
        Attachment("logo.png", b"PNG", "image/png", "logo.png"),
    )
    batch = batch_for(compiled_for(attachments=attached), [{}] * 3)
    assert files(batch) == [
        Part("attachment", b"\x00\xff\r\n--", "Übersicht.pdf", "application/pdf"),
        Part("inline", b"PNG", "logo.png", "image/png"),
    ]
    assert [one.files for one in deliveries(encode(batch))] == [attached] * 3
    assert CAPABILITIES.together(batch.compiled.request) == 1000


def test_an_image_of_another_name_goes_alone_as_finished_mail() -> None:
    """Mailgun would call it by its file's name: such mail goes one by one, as MIME that keeps both."""
    image = Attachment("logo.png", b"PNG", "image/png", "logo")
    compiled = compiled_for(
        "Grüße {{name}}",
        '<p>{{name}} <img src="cid:logo" alt=""></p>',
        attachments=(image,),
        labels=("spring",),
        metadata={"order": "o-1"},
    )
    batch = batch_for(compiled, [{"name": "Ada"}])
    request = fields(batch)
    assert set(request) == {
        *("to", "o:tag", "v:migma_delivery", "v:order", "o:tracking", "o:tracking-clicks", "o:tracking-opens")
    }
    (mail,) = deliveries(encode(batch))
    assert (mail.recipients, mail.files, mail.subject) == (("person0@example.com",), (image,), "Grüße Ada")
    assert mail.all("List-Unsubscribe") == [f"<{opt_out_link()}>"]
    assert mail.all("Message-ID") == [batch.messages[0].message_id]
    assert CAPABILITIES.together(compiled.request) == 1
    with pytest.raises(CannotCarry, match="an inline image by its file's name: give it that content id, or send one"):
        encode(batch_for(compiled, [{}, {}]))


def requested(batch: Batch, codec: MailgunCodec | None = None) -> tuple[str, dict[str, str]]:
    """URL and headers of the request."""
    codec = codec or MailgunCodec(Secret(KEY))
    parcel = codec.encode(batch)
    request = codec.request(batch, parcel, attempt_for(batch, parcel))
    assert request.body == parcel.bodies[0]
    return request.url, dict(request.headers)


def test_a_request_goes_to_the_senders_domain() -> None:
    """Or through the one that was chosen, in its region; the key is in a header and nowhere else."""
    url, headers = requested(batch_for(compiled_for()))
    assert url == "https://api.mailgun.net/v3/acme.example.com/messages"
    assert headers["Content-Type"] == "multipart/form-data; boundary=migma-0"
    assert headers["Authorization"] == "Basic YXBpOmtleS4wMTIzNDU2Nzg5YWJjZGVmLnNlY3JldA=="
    settings = MailgunSettings(api_key=SecretStr(KEY), region="eu", domain="mg.example.com")
    image = Attachment("logo.png", b"PNG", "image/png", "logo")
    url, _ = requested(batch_for(compiled_for(attachments=(image,))), settings.codec)
    assert url == f"{EU_URL}/v3/mg.example.com/messages.mime"
    for shown in (repr(settings), repr(settings.codec), str(settings)):
        assert KEY not in shown
        assert "YXBpOmtleS4" not in shown


def test_settings_are_checked() -> None:
    """Region, domain and days: each fault is told, without the key."""
    for wrong, says in (
        ({"region": "mars"}, "'us' or 'eu'"),
        ({"domain": "Mg.example.com/x"}, "it is no domain"),
        ({"kept_days": "8"}, "less than or equal to 7"),
        ({"base_url": "http://api.mailgun.net"}, "it is not https"),
    ):
        with pytest.raises(ValidationError, match=says) as refused:
            MailgunSettings.model_validate({"api_key": KEY, **wrong})
        assert KEY not in str(refused.value)
    assert MailgunSettings.model_validate({"api_key": KEY, "kept_days": "7"}).kept_days == 7


def test_a_time_of_delivery_is_kept() -> None:
    """As RFC 2822 writes it, in UTC; a time that has come is left out, and one beyond the plan's days is refused."""
    tokyo = datetime(2026, 5, 2, 9, 0, 0, 123, tzinfo=timezone(timedelta(hours=9)))
    batch = batch_for(compiled_for(transactional=True, deliver_at=tokyo), [{}, {}])
    assert fields(batch)["o:deliverytime"] == ["Sat, 02 May 2026 00:00:00 +0000"]
    assert "o:deliverytime" not in fields(batch_for(compiled_for(transactional=True, deliver_at=NOW)))
    late = batch_for(compiled_for(transactional=True, deliver_at=NOW + timedelta(days=4)))
    with pytest.raises(CannotCarry, match=r"3 days at most; .* \(kept_days\)"):
        encode(late)
    assert encode(late, kept_days=7)


def test_a_thousand_fit_and_no_more() -> None:
    """One message too many is refused with both numbers; content is written once for all."""
    html = f"<p>{'Lorem ipsum ' * 1000}{{{{name}}}}</p>"
    compiled = compiled_for("Hi {{name}}", html, transactional=True)
    sizes = [len(encode(batch_for(compiled, [{"name": "Ada"}] * n))) for n in (2, 1000)]
    assert sizes[1] - sizes[0] < 998 * 300
    with pytest.raises(CannotCarry, match="Mailgun takes 1000 messages at once, this batch has 1001; divide it"):
        encode(batch_for(compiled, [{}] * 1001))


def test_two_deliveries_to_one_address_are_refused() -> None:
    """Mailgun would merge them in silence, in whatever case they are written."""
    compiled = compiled_for(transactional=True)
    them = [message_for(compiled, {}, n, Address(local, "example.com")) for n, local in enumerate(("ada", "bo", "Ada"))]
    with pytest.raises(CannotCarry, match=f"deliveries {delivery_id(0)} and {delivery_id(2)} go to one address"):
        encode(Batch.of(compiled, them, NOW))


def test_international_recipients_are_carried_and_reply_to_refused() -> None:
    """Mailgun delivers to such a local part and makes a broken header of it (RFC 6531)."""
    stranger = Address("jürgen", "example.com")
    compiled = compiled_for(transactional=True)
    batch = Batch.of(compiled, [message_for(compiled, {}, 0, stranger), message_for(compiled, {}, 1)], NOW)
    assert deliveries(encode(batch))[0].recipients == ("jürgen@example.com",)
    with pytest.raises(CannotCarry, match="the reply-to address has a non-ASCII local part"):
        encode(batch_for(compiled_for(reply_to=Address("jürgen", "acme.example.com"))))


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"labels": ("a", "b", "c", "d")}, "Mailgun keeps 3 tags of a message, this request has 4 labels"),
        ({"labels": ("News", "news")}, "differ in case alone"),
        ({"headers": {'X-"a': "b"}}, "holds a sign that no form can carry"),
        ({"headers": {f"X-{n}": "y" * 900 for n in range(19)}}, f"octets, Mailgun reads {MOST_OPTIONS}"),
        ({"attachments": (Attachment("a.bin", b"x" * (MOST_OCTETS * 3 // 4)),)}, f"Mailgun takes {MOST_OCTETS}"),
    ],
    ids=["tags", "case", "header name", "options", "size"],
)
def test_what_would_be_lost_or_refused_is_named(given: dict[str, Any], says: str) -> None:
    """Before anything is sent, with what was given, what is allowed, and how to mend it."""
    with pytest.raises(CannotCarry, match=says):
        encode(batch_for(compiled_for(**given)))


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize(
    "given",
    [
        {"text": "%unsubscribe_url%"},
        {"text": "{{x}}"},
        {"subject": "%recipient%"},
        {"sender_name": "%recipient_name%"},
        {"headers": {"X-A": "%tag_unsubscribe_url%"}},
    ],
    ids=["text", "value", "subject", "sender name", "header"],
)
def test_mailguns_own_variables_are_refused(given: dict[str, Any], count: int) -> None:
    """Where nothing can stand for it, a text that Mailgun would replace is refused by name."""
    batch = batch_for(compiled_for(**given), [{"x": "%mailing_list_unsubscribe_url%"}] * count)
    with pytest.raises(HeaderRefused, match="which Mailgun would replace; write it in another way"):
        encode(batch)


def test_mailguns_own_variables_are_refused_in_finished_mail_as_well() -> None:
    """Mailgun may read MIME for them; the page of it is ours to the octet, so no entity stands in."""
    image = Attachment("logo.png", b"PNG", "image/png", "logo")
    batch = batch_for(compiled_for(html="<p>%unsubscribe_url%</p>", text="Hi", attachments=(image,)))
    with pytest.raises(HeaderRefused, match="which Mailgun would replace"):
        encode(batch)


def test_an_address_with_a_variable_is_refused() -> None:
    """A local part may hold percent signs, but not spell a variable."""
    compiled = compiled_for(transactional=True)
    for local, fits in (("50%off", True), ("%recipient%", False)):
        batch = Batch.of(compiled, [message_for(compiled, {}, 0, Address(local, "example.com"))], NOW)
        if fits:
            assert deliveries(encode(batch))[0].recipients == (f"{local}@example.com",)
        else:
            with pytest.raises(HeaderRefused):
                encode(batch)


@given(PEOPLE)
def test_the_same_batch_gives_the_same_bytes(them: list[dict[str, Scalar]]) -> None:
    """Encoding twice, even from messages made anew, gives equal bytes: what is on record can be repeated."""
    compiled = compiled_for(SUBJECT, HTML, TEXT)
    try:
        assert encode(batch_for(compiled, them)) == encode(batch_for(compiled, them))
    except HeaderRefused:
        return
