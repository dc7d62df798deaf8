"""Header lines: refused, never repaired; encoded only where the standards allow it (compliance C, G)."""

from __future__ import annotations

import email
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from email.header import decode_header, make_header
from email.policy import default

import pytest

from migma_core import Address, HeaderRefused
from migma_core.message.headers import date_header, mailbox, structured, unstructured

ADA = Address("ada", "example.com")
FORGING = [
    "\r\nBcc: all@example.com",
    "a\nb",
    "a\rb",
    "a\x00b",
    "a\x7f",
    "a\x85b",
    "a\u2028b",
    "a\u2029",
    "\ud800",
    "a\u202eb",
]


def parsed(line: bytes) -> email.message.EmailMessage:
    """Read one header line as a mail program does."""
    return email.message_from_bytes(line + b"\r\n\r\n", policy=default)


@pytest.mark.parametrize("value", FORGING)
def test_what_forges_a_header_is_refused(value: str) -> None:
    """Controls, line breaks, half characters and reordering marks get into no header, and are not shown (G-01)."""
    writers: list[Callable[[], bytes]] = [
        lambda: unstructured("Subject", value),
        lambda: structured("List-ID", value),
        lambda: mailbox("From", value, ADA),
    ]
    for write in writers:
        with pytest.raises(HeaderRefused, match=r"holds U\+[0-9A-F]{4}") as refused:
            write()
        assert "Bcc" not in str(refused.value)


@pytest.mark.parametrize("name", ["", "Sub ject", "Subject:", "Sübject", "X" * 77, "A\r\nB"])
def test_a_headers_name_is_printable_ascii(name: str) -> None:
    """Names with blanks, colons, controls or more than 76 characters are refused (G-08)."""
    with pytest.raises(HeaderRefused, match="a header's name"):
        unstructured(name, "x")


@pytest.mark.parametrize("length", [20, 76, 77, 78, 79, 200, 500, 900])
def test_list_headers_are_never_folded(length: int) -> None:
    """A link of any length stays on one line, octet for octet (C-05)."""
    url = "https://example.com/".ljust(length, "u")
    line = structured("List-Unsubscribe", f"<{url}>")
    assert line == f"List-Unsubscribe: <{url}>".encode()
    assert parsed(line)["List-Unsubscribe"] == f"<{url}>"


@pytest.mark.parametrize(("length", "fits"), [(998, True), (999, False)])
def test_a_line_has_998_octets_at_most(length: int, fits: bool) -> None:
    """A value that needs a longer line is an error, never encoded (C-06)."""
    value = "x" * (length - len("List-ID: "))
    if fits:
        assert len(structured("List-ID", value)) == length
    else:
        with pytest.raises(HeaderRefused, match="has 999 octets; a line holds at most 998"):
            structured("List-ID", value)


def test_structured_headers_are_ascii() -> None:
    """No encoded-word ever stands where RFC 2047 forbids it (G-05)."""
    with pytest.raises(HeaderRefused, match="List-ID is never encoded, and its value is not ASCII"):
        structured("List-ID", "<é.example.com>")


@pytest.mark.parametrize(
    "subject",
    [
        "Hello",
        "",
        " leading and trailing ",
        "two  blanks   inside",
        "word " * 180,
        "x" * 899,
        "x" * 5000,
        "a" + " " * 1500 + "b",
        "=?utf-8?q?a=0ABcc:_x?=",
        "100 % =? sure ?=",
        "%0d%0aBcc: x",
        "Grüße aus München",
        "日本語" * 100,
        "👨‍👩‍👧" * 60,
        "é",
        "a " * 40 + "é" + " b" * 40,
        "e\u0301" * 100,
    ],
)
def test_a_subject_is_read_as_it_was_meant(subject: str) -> None:
    """Any subject is read back unchanged by an independent parser, and every line obeys the limits (G-03, G-05)."""
    line = unstructured("Subject", subject)
    assert parsed(line)["Subject"] == subject
    for physical in line.split(b"\r\n"):
        assert len(physical) <= 998
        assert physical.strip()
        if b"=?utf-8?B?" in physical:
            assert len(physical) <= 76
            assert all(len(word) <= 75 for word in physical.split())


@pytest.mark.parametrize(
    ("display", "line"),
    [
        (None, b"From: ada@example.com"),
        ("", b"From: ada@example.com"),
        ("Ada Lovelace", b"From: Ada Lovelace <ada@example.com>"),
        ("Lovelace, Ada", b'From: "Lovelace, Ada" <ada@example.com>'),
        ('The "Ada"\\', b'From: "The \\"Ada\\"\\\\" <ada@example.com>'),
        ("boss@bank.com", b'From: "boss@bank.com" <ada@example.com>'),
        ("Åda", b"From: =?utf-8?B?w4VkYQ==?= <ada@example.com>"),
        ("=?utf-8?q?x?=", b"From: =?utf-8?B?PT91dGYtOD9xP3g/PQ==?= <ada@example.com>"),
    ],
)
def test_a_display_name_is_quoted_or_encoded_as_it_needs(display: str | None, line: bytes) -> None:
    """The name is data and never reaches the address (G-02, G-05)."""
    assert mailbox("From", display, ADA) == line


def mailbox_read(line: bytes) -> tuple[str, str]:
    """Name and address, by the older parser where words are encoded: 3.11's newer one puts blanks between them."""
    if b"=?" not in line:
        (only,) = parsed(line)["From"].addresses
        return only.display_name, only.addr_spec
    text = str(make_header(decode_header(email.message_from_bytes(line + b"\r\n\r\n")["From"])))
    name, _, address = text.rpartition(" <")
    return name, address.removesuffix(">")


@pytest.mark.parametrize(
    "display", ["a, b <c@d.e>", "x" * 200, "é" * 200, "a  b", " a ", "<", "(comment)", "a;b:c", '"']
)
def test_a_display_name_is_read_as_it_was_meant(display: str) -> None:
    """An independent parser finds one mailbox, with this name and that address (G-11)."""
    line = mailbox("From", display, ADA)
    assert mailbox_read(line) == (display, "ada@example.com")
    assert len(parsed(line)["From"].addresses) == 1


def test_a_date_is_in_utc() -> None:
    """Any aware moment is written in UTC with a numeric zone (H-02)."""
    moment = datetime(2026, 5, 1, 1, 2, 3, 4, tzinfo=timezone(timedelta(hours=2)))
    assert date_header(moment) == b"Date: Thu, 30 Apr 2026 23:02:03 +0000"
    assert parsed(date_header(moment))["Date"].datetime == datetime(2026, 4, 30, 23, 2, 3, tzinfo=UTC)


def test_a_line_is_folded_at_its_blanks() -> None:
    """Plain words that do not fit one line are folded where a blank is, never encoded; one word too long is (G-03)."""
    words = "word " * 40 + "end"
    line = unstructured("Subject", words)
    assert max(map(len, line.split(b"\r\n"))) <= 76
    assert b"=?" not in line
    assert line.replace(b"\r\n", b"") == f"Subject: {words}".encode()
    assert unstructured("Subject", f"a {'x' * 950}").startswith(b"Subject: =?utf-8?B?")
