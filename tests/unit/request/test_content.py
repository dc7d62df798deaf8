"""Content: nothing that would break a header gets in, and nothing is repaired."""

from __future__ import annotations

import pytest

from migma_core import Attachment, Content


@pytest.mark.parametrize(
    ("subject", "says"),
    [
        ("", "needs a subject"),
        (" \u00a0", "needs a subject"),
        ("Hello\r\nBcc: all@example.com", r"holds U\+000D, which would break the header; remove it"),
        ("Hello\nthere", r"holds U\+000A"),
        ("Hello\u2028there", r"holds U\+2028"),
        ("Hello\x00", r"holds U\+0000"),
        ("x" * 901, "has 901 characters; at most 900"),
    ],
)
def test_a_subject_that_breaks_a_header_is_refused(subject: str, says: str) -> None:
    """The message names the character and never shows the value (G-01, N-03)."""
    with pytest.raises(ValueError, match=says) as refused:
        Content(subject, "<p>Hello</p>")
    assert "Bcc" not in str(refused.value)


@pytest.mark.parametrize(("html", "text"), [("", None), ("  ", None), ("", ""), (" ", "\n")])
def test_a_message_has_a_body(html: str, text: str | None) -> None:
    """A request without HTML or text is refused (R48)."""
    with pytest.raises(ValueError, match="needs a body: give an HTML template"):
        Content("Hello", html, text)


def test_text_alone_is_a_body() -> None:
    """A plain text message needs no HTML."""
    assert Content("Hello", "", "Hello").text == "Hello"


@pytest.mark.parametrize("filename", ["", "a\nb.pdf", 'a"b.pdf', "../secret", "a\\b"])
def test_an_attachments_name_is_one_plain_name(filename: str) -> None:
    """No quotes, slashes or line breaks reach a Content-Disposition."""
    with pytest.raises(ValueError, match="visible characters only, without quotes and slashes"):
        Attachment(filename, b"")


@pytest.mark.parametrize(
    "media_type", ["", "pdf", "application/", "/pdf", "text/plain; charset=x", "text/pl\nain", "téxt/a"]
)
def test_a_media_type_is_type_and_subtype(media_type: str) -> None:
    """Parameters and anything that is no token are refused, with an example of what is right."""
    with pytest.raises(ValueError, match="write for example application/pdf"):
        Attachment("a.pdf", b"", media_type)


def test_registered_media_types_are_taken() -> None:
    """Tokens with dots, pluses and hyphens are media types."""
    assert Attachment("a", b"", "application/vnd.ms-excel.sheet+xml").content_id is None


@pytest.mark.parametrize("content_id", ["", "a b", "<logo>", "lo\ngo", "---"])
def test_a_content_id_is_a_token(content_id: str) -> None:
    """What stands between angle brackets in a header is letters, digits and .-_ only."""
    with pytest.raises(ValueError, match="a content id is made of letters"):
        Attachment("logo.png", b"", "image/png", content_id)
