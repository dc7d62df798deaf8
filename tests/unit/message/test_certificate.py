"""The certificate: it holds for what we write, and notices each single thing that could be wrong with it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given

from migma_core import Message, Scalar, mime_messages
from migma_core.message.certificate import Delivered, certify, certify_mime, read_mime
from tests.properties.test_message_laws import values
from tests.support.batches import batch_for, compiled_for, opt_out_link

LINK = opt_out_link()
HTML = '<html><body><p>Hi {{name|you}}</p><p><a href="{{unsubscribe_url}}">Leave</a></p></body></html>'


def sent(*, marketing: bool = True, html: str = HTML) -> tuple[bytes, Message]:
    """One message, as octets and as it was meant."""
    batch = batch_for(compiled_for("Hi", html, "Hi\n{{unsubscribe_url}}\n", transactional=not marketing))
    return mime_messages(batch)[0], batch.messages[0]


@given(its=values)
def test_whatever_people_are_called_the_certificate_holds(its: dict[str, Scalar]) -> None:
    """Marketing and transactional, with hostile values, in MIME: nothing is wrong."""
    for marketing in (True, False):
        compiled = compiled_for("For {{name}}", "<p>{{x}}</p>{{y}}", "{{x}}{{y}}", transactional=not marketing)
        batch = batch_for(compiled, [its])
        for octets, message in zip(mime_messages(batch), batch.messages, strict=True):
            assert certify_mime(octets, message) == ()


def line(name: str) -> Callable[[bytes], bytes]:
    """Drop a header."""
    return lambda octets: b"\r\n".join(
        one for one in octets.split(b"\r\n") if not one.lower().startswith(name.lower().encode() + b":")
    )


def swap(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    """Write something in the place of something else, everywhere."""
    return lambda octets: octets.replace(old, new)


def head(more: bytes) -> Callable[[bytes], bytes]:
    """Put a line in front."""
    return lambda octets: more + b"\r\n" + octets


# what others have shipped, one by one, and what the certificate says of it
DEFECTS: list[tuple[Callable[[bytes], bytes], str]] = [
    (line("List-Unsubscribe"), "List-Unsubscribe is not the link alone, once"),
    (head(b"List-Unsubscribe: <https://other.example/u>"), "List-Unsubscribe is not the link alone, once"),
    (swap(b"List-Unsubscribe: <", b"List-Unsubscribe:\r\n <"), "a List header is folded"),
    (swap(f"<{LINK}>".encode(), b"=?utf-8?q?=3Chttps?="), "List-Unsubscribe is not the link alone, once"),
    (line("List-Unsubscribe-Post"), "List-Unsubscribe-Post is not the literal, once"),
    (swap(b"One-Click", b"one-click"), "List-Unsubscribe-Post is not the literal, once"),
    (line("List-ID"), "List-ID does not stand once"),
    (line("Feedback-ID"), "Feedback-ID does not stand once"),
    (head(b"Auto-Submitted: auto-generated"), "a marketing message says it was sent by a robot"),
    (swap(b"<a href=3D", b"<a style=3D'display:none' href=3D"), "no reader sees the opt-out link in the html"),
    (swap(b"Leave</a>", b"</a>"), "no reader sees the opt-out link in the html"),
    (swap(b"1 Main Street", b"Main Street"), "the postal address is not in the text"),
    (swap(b"1 Main Street", b"Main Street"), "the postal address is not in the html"),
    (swap(b"To: person0@example.com", b"To: person1@example.com"), "it does not go to the approved addresses alone"),
    (head(b"Cc: person1@example.com"), "it does not go to the approved addresses alone"),
    (head(b"Bcc: person1@example.com"), "it has a blind copy or another sender"),
    (head(b"Sender: x@example.com"), "it has a blind copy or another sender"),
    (swap(b"Subject: Hi", b"Subject: Ho"), "the subject is not what was meant"),
    (head(b"Subject: Hi"), "subject stands 2 times"),
    (line("Date"), "date stands 0 times"),
    (swap(b"Subject: Hi\r\n", b"Subject: Hi\n"), "a line is not ended by CRLF"),
    (lambda octets: octets + b"\0", "it holds a NUL"),
    (lambda octets: octets + b"x" * 999, "a line is longer than 998 octets"),
]


@pytest.mark.parametrize(("damage", "said"), DEFECTS)
def test_each_defect_of_marketing_is_noticed(damage: Callable[[bytes], bytes], said: str) -> None:
    """Whole it is certified; with this one thing wrong, the certificate names it."""
    octets, message = sent()
    assert certify_mime(octets, message) == ()
    damaged = damage(octets)
    assert damaged != octets
    assert said in certify_mime(damaged, message)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (head(b"List-Unsubscribe: <https://x.example/u>"), "a transactional message carries list-unsubscribe"),
        (head(b"List-Id: <x.example>"), "a transactional message carries list-id"),
        (head(b"Precedence: bulk"), "a transactional message carries precedence"),
        (line("Auto-Submitted"), "robots are not told that nobody waits for an answer"),
    ],
)
def test_each_defect_of_transactional_mail_is_noticed(damage: Callable[[bytes], bytes], said: str) -> None:
    """A list header or a missing word to robots is named (C-10, H-04)."""
    octets, message = sent(marketing=False)
    assert certify_mime(octets, message) == ()
    assert certify_mime(damage(octets), message) == (said,)


def test_a_link_in_the_text_is_seen_where_it_can_be_clicked() -> None:
    """It may stand in brackets; cut short or lengthened it is not the link."""
    octets, message = sent()
    good = read_mime(octets)
    for text, is_right in ((f"({LINK})", True), (f"<{LINK}>", True), (LINK[:-1], False), (f"{LINK}x", False)):
        told = certify(good._replace(text=f"{text}\n{message.values['postal_address']}"), message)
        assert (told == ()) is is_right


def test_a_message_without_html_is_certified_by_its_text() -> None:
    """Where there is no HTML, nothing is asked of it; where there is no body, that is wrong."""
    octets, message = sent()
    good = read_mime(octets)
    assert certify(good._replace(html=None), message) == ()
    assert "it has no body" in certify(good._replace(html=None, text=None), message)


def test_what_is_read_is_what_a_mailbox_has() -> None:
    """Names, values and bodies as any parser finds them, headers in any case."""
    found = read_mime(b"To: a@b.example\r\nSUBJECT: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\r\nHi\r\n")
    headers = (("To", "a@b.example"), ("SUBJECT", "=?utf-8?q?Gr=C3=BC=C3=9Fe?="))
    assert found == Delivered(("a@b.example",), headers, "Grüße", "Hi\r\n", None)
    assert found.all("to") == ["a@b.example"]


def test_pages_of_any_making_are_read() -> None:
    """Line breaks, pictures, elements never opened or closed: a link is found where there is something to click."""
    octets, message = sent()
    good = read_mime(octets)
    address = "<br>".join(message.values["postal_address"].splitlines())
    for html, is_right in (
        (f"<a href='{LINK}'><img alt='Leave'></a>{address}", True),
        (f"<a href='{LINK}'><img></a></div>{address}", True),
        (f"</a><a href='{LINK}'>Leave</a></a><br/>{address}", True),
        (f"<a href='{LINK}'></a>{address}", False),
        (f"<a>Leave</a>{address}", False),
        (f"<div hidden><a href='{LINK}'>Leave</a></div>{address}", False),
    ):
        assert (certify(good._replace(html=html), message) == ()) is is_right, html
