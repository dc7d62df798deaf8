"""Custom headers: what a caller may set, and what they may not, by name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migma_core import Address, Content, OneAddress, ProjectId, SendRequest
from migma_core.request.custom_headers import check_custom_headers
from migma_core.testing import strategies as some

# C-13, to the last name
NOT_THEIRS = [
    *("List-Unsubscribe", "List-Unsubscribe-Post", "List-ID", "List-Help", "Sender", "Return-Path", "Received"),
    *("DKIM-Signature", "ARC-Seal", "Authentication-Results", "Resent-To", "Bcc", "Feedback-ID", "Auto-Submitted"),
    *("Precedence", "Message-ID", "Date", "MIME-Version", "Content-Type", "To", "From", "Cc", "Subject", "Reply-To"),
    *("X-SMTPAPI", "X-Mailgun-Variables", "X-SES-CONFIGURATION-SET", "X-SG-EID", "X-Migma-Delivery"),
]


@pytest.mark.parametrize("name", NOT_THEIRS)
@pytest.mark.parametrize("write", [str, str.lower, str.upper], ids=["given", "lower", "upper"])
def test_headers_of_ours_and_of_the_providers_are_refused_by_name(name: str, write: type[str]) -> None:
    """In any case of letters, the header is named in the refusal (C-01, C-13)."""
    with pytest.raises(ValueError, match=f"the header {write(name)} is not the caller's to set"):
        check_custom_headers({"X-Campaign": "spring", write(name): "x"})


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({"": "x"}, "'' is no header name"),
        ({"X Y": "x"}, "'X Y' is no header name"),
        ({"X:": "x"}, "'X:' is no header name"),
        ({"X-\u00e9": "x"}, "is no header name"),
        ({"X" * 77: "x"}, "1 to 76 printable ASCII characters"),
        ({"X-A\r\nBcc": "x"}, "is no header name"),
        ({"X-A": "a\r\nBcc: b"}, "the header X-A holds U\\+000D"),
        ({"X-A": "\x00"}, "the header X-A holds U\\+0000"),
        ({"X-A": "a\u2028b"}, "the header X-A holds U\\+2028"),
        ({"X-A": "  "}, "the header X-A is empty; leave it out"),
        ({"X-A": "x" * 901}, "has 901 characters; at most 900"),
        ({"X-A": "1", "x-a": "2"}, "the header x-a is given twice"),
    ],
)
def test_what_would_break_a_message_is_refused(headers: dict[str, str], said: str) -> None:
    """A name or value that forges, hides or repeats is refused with the header's name, never repaired (G-01, G-08)."""
    with pytest.raises(ValueError, match=said):
        check_custom_headers(headers)


@given(some.custom_headers())
def test_what_is_the_callers_own_is_taken_as_it_is(headers: dict[str, str]) -> None:
    """Any other header stands in the request unchanged."""
    assert request(headers=headers).headers == headers


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("billing@bank.example", "shows another address"),
        ("Support <help@bank.example>", "shows another address"),
        ("\u200b\u200d", "invisible characters only"),
        ("\u00a0\u200b", "invisible characters only"),
    ],
)
def test_a_name_that_disguises_the_sender_is_refused(name: str, said: str) -> None:
    """A display name with somebody else's address, or with nothing to see, is no honest From (G-09)."""
    with pytest.raises(ValueError, match=said):
        request(sender_name=name)


@pytest.mark.parametrize("name", ["news@acme.example.com", "NEWS@ACME.example.com", "Acme @ Home", "me@home"])
def test_a_name_may_show_the_senders_own_address(name: str) -> None:
    """What is true, or is no address, may stand in the name."""
    assert request(sender_name=name).sender_name == name


def request(**fields: object) -> SendRequest:
    """A small request with these fields."""
    usual = {
        "project": ProjectId("a" * 32),
        "sender": Address("news", "acme.example.com"),
        "sender_name": "Acme",
        "recipients": OneAddress(Address("ada", "example.com")),
        "content": Content("Hi", "<p>Hi</p>"),
    }
    return SendRequest(**{**usual, **fields})  # type: ignore[arg-type]  # one mapping for all fields


@given(st.text(max_size=30))
def test_any_text_is_a_header_or_is_refused(text: str) -> None:
    """As a name and as a value: accepted, or a `ValueError`, never anything else."""
    for headers in ({text: "x"}, {"X-Test": text}):
        try:
            check_custom_headers(headers)
        except ValueError:
            continue
        assert "\n" not in text and "\r" not in text
