"""Bugs of Python's own e-mail package, each named: we are free of them, whichever version runs this."""

from __future__ import annotations

import email
from email.policy import default

import pytest

from migma_core import Address, HeaderRefused, mime_messages
from migma_core.message.certificate import read_mime
from migma_core.message.compliance import one_click_headers
from migma_core.message.headers import mailbox, unstructured
from tests.support.batches import batch_for, compiled_for


@pytest.mark.parametrize("length", [20, 77, 78, 79, 200, 500, 900])
def test_a_long_link_is_neither_folded_nor_encoded(length: int) -> None:
    """python/cpython 85725: beyond 78 columns ``email`` writes List-Unsubscribe as encoded-words (C-05)."""
    url = "https://m.example.com/".ljust(length, "u")[:length] if length > 22 else "https://m.example.co"
    line, _ = one_click_headers(url)
    parsed = email.message_from_bytes(line + b"\r\n\r\n")
    assert parsed["List-Unsubscribe"] == f"<{url}>"
    assert b"\n" not in line
    assert b"=?" not in line


def test_an_encoded_line_break_in_a_subject_stays_text() -> None:
    """CVE-2024-6923: a decoded ``=?utf-8?q?a=0ABcc:_x?=`` became a Bcc header when copied (G-01, G-02)."""
    spoken = "=?utf-8?q?a=0ABcc:_x?="
    (octets,) = mime_messages(batch_for(compiled_for(spoken, transactional=True)))
    parsed = email.message_from_bytes(octets, policy=default)
    assert parsed["Subject"] == spoken
    assert parsed["Bcc"] is None
    again = unstructured("Subject", parsed["Subject"])
    assert b"\nBcc" not in again


@pytest.mark.parametrize("bad", ["a\n\nb", "a\r\nBcc: x", "a\x00b", "a\x85b", "a\u2028b", "a\rb"])
def test_what_the_older_interface_lets_through_is_refused(bad: str) -> None:
    """``email.message.Message`` writes line breaks into a header, ``EmailMessage`` a NUL (G-01)."""
    with pytest.raises(HeaderRefused):
        unstructured("Subject", bad)
    with pytest.raises(HeaderRefused):
        mailbox("From", bad, Address("ada", "example.com"))


@pytest.mark.parametrize(
    "given", ["alice@example.org)bob@example.com", "a@example.org, b@example.org", "A <a@b.example>"]
)
def test_an_address_is_one_or_none(given: str) -> None:
    """CVE-2023-27043: ``parseaddr`` takes the first of two, or the wrong one of a comment (G-11)."""
    with pytest.raises(ValueError, match="is not a usable address"):
        Address.parse(given)


def test_a_domain_is_never_written_as_encoded_words() -> None:
    """``EmailMessage`` writes user@=?utf-8?b?..?=.jp for a Unicode domain, which is no address (G-06)."""
    with pytest.raises(ValueError, match="is no domain in A-labels"):
        Address("user", "\u65e5\u672c.jp")
    assert mailbox("To", "\u65e5\u672c", Address("user", "xn--wgv71a.jp")).endswith(b" <user@xn--wgv71a.jp>")


def test_a_line_that_begins_with_from_or_a_dot_is_no_envelope() -> None:
    """Bare line feeds and lone dots in a body ended a message early in SMTP smuggling (G-04)."""
    text = "first\n.\nMAIL FROM:<x@example.com>\r\nFrom here\rand there"
    (octets,) = mime_messages(batch_for(compiled_for("Hi", "<p>Hi</p>", text, transactional=True)))
    assert not set(octets.replace(b"\r\n", b"")) & set(b"\r\n")
    read = (read_mime(octets).text or "").replace("\r\n", "\n")
    assert read == text.replace("\r\n", "\n").replace("\r", "\n")
