"""MIME: what an independent parser reads is what was meant, and no line breaks a limit (compliance G)."""

from __future__ import annotations

import email
from email.message import EmailMessage
from email.policy import default

import pytest

from migma_core import Address, Attachment, Batch, Compiled, Message, Scalar, mime_messages
from migma_core.message.certificate import read_mime
from migma_core.message.mime import DELIVERY_HEADER
from tests.support.batches import NOW, batch_for, compiled_for, delivery_id, message_for, opt_out_link

ODD = [
    "", " ", "ends in a blank ", "ends in a tab\t", "\r\n", "\n", "\r", "a\r\nb", "a\rb", "a\n\rb", "\n\n\n", "a\x00b",
    "\x1b[0m", ".", "\n.\n", "\n.\r\nMAIL FROM:<x>\r\n", "From x", "=", "=\r\n", "=3D", "--=_migma_alternative_0",
    "é" * 100, "日本語" * 30, "👨‍👩‍👧", "x" * 100_000, "x " * 500, " " * 200, "\t" * 200, "é " * 200, "</p>",
    "\u2028", "\u202e",
    *("y" * length for length in range(70, 80)), *("y" * length + " " for length in range(70, 80)),
]  # fmt: skip


def one(compiled: Compiled, values: dict[str, Scalar] | None = None) -> bytes:
    """The octets of a single message."""
    (octets,) = mime_messages(batch_for(compiled, [values or {}]))
    return octets


def read(octets: bytes) -> EmailMessage:
    """Read a message as a mail program does; it must find nothing to complain about."""
    message = email.message_from_bytes(octets, policy=default)
    assert isinstance(message, EmailMessage)
    assert not [defect for part in message.walk() for defect in part.defects]
    return message


def body(message: EmailMessage, kind: str) -> str:
    """The decoded text of one part."""
    part = message.get_body((kind,))
    assert part is not None
    payload = part.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload.decode()


def lines(text: str) -> str:
    """Line ends as mail has them."""
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n")


@pytest.mark.parametrize("value", ODD)
@pytest.mark.parametrize(
    "text", ["{{x}}", "a {{x}}", "{{x}} b", "a\n{{x}}\nb", "{{x}}{{x}}", " {{x}} ", "z" * 76 + "{{x}}" + "z" * 76]
)
def test_a_value_arrives_as_it_was(text: str, value: str) -> None:
    """Wherever a value stands in a text part, it is read back; line ends alone become CRLF."""
    octets = one(compiled_for("Hi", "", text, transactional=True), {"x": value})
    assert body(read(octets), "plain") == text.replace("{{x}}", "\0").replace("\n", "\r\n").replace("\0", lines(value))
    check_lines(octets)


@pytest.mark.parametrize("literal", [value for value in ODD if value.strip()])
def test_a_literal_arrives_as_it_was(literal: str) -> None:
    """Template text is read back as well, in both parts and beside empty values."""
    octets = one(compiled_for("Hi", f"{literal}{{{{x}}}}{literal}", f"{{{{x}}}}{literal}", transactional=True))
    message = read(octets)
    assert body(message, "plain") == lines(literal)
    assert body(message, "html") == lines(literal) * 2
    check_lines(octets)


def check_lines(octets: bytes, longest: int = 76) -> None:
    """CRLF throughout, and lines within the limits."""
    assert b"\n" not in octets.replace(b"\r\n", b"")
    assert b"\r" not in octets.replace(b"\r\n", b"")
    head, _, rest = octets.partition(b"\r\n\r\n")
    assert all(len(line) <= 998 for line in head.split(b"\r\n"))
    assert all(len(line) <= longest for line in rest.split(b"\r\n"))
    assert octets.isascii()


def test_html_values_are_escaped() -> None:
    """A value in HTML is text there, never markup, and the text part has it as it is."""
    value = """<script>"'&</script>"""
    message = read(one(compiled_for("Hi", '<p title="{{x}}">{{x}}</p>', "{{x}}", transactional=True), {"x": value}))
    escaped = "&lt;script&gt;&quot;&#x27;&amp;&lt;/script&gt;"
    assert body(message, "html") == f'<p title="{escaped}">{escaped}</p>'
    assert body(message, "plain") == value


def test_marketing_carries_its_headers() -> None:
    """Each header once, the one-click pair byte-exact and unfolded (C-01, C-03, C-05, G-07)."""
    octets = one(compiled_for())
    head = octets.partition(b"\r\n\r\n")[0].replace(b"\r\n ", b" ").split(b"\r\n")
    assert f"\r\nList-Unsubscribe: <{opt_out_link()}>\r\n".encode() in octets
    assert b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in octets
    usual = ["From", "List-ID", "MIME-Version", "Date", "Message-ID", "To", "Subject", DELIVERY_HEADER, "Content-Type"]
    found = sorted(line.partition(b":")[0].decode() for line in head)
    assert found == sorted([*usual, "List-Unsubscribe", "List-Unsubscribe-Post", "Feedback-ID"])


def test_transactional_carries_none_of_them() -> None:
    """No List header of any kind, and robots are told not to answer (C-10, H-04)."""
    octets = one(compiled_for(transactional=True))
    assert b"List-" not in octets
    assert b"One-Click" not in octets
    assert b"Precedence" not in octets
    assert read(octets)["Auto-Submitted"] == "auto-generated"


def test_a_message_is_named_by_its_delivery() -> None:
    """Message-ID and our own header hold the delivery's id, and no address (H-01)."""
    message = read(one(compiled_for()))
    assert message["Message-ID"] == f"<{delivery_id()}@acme.example.com>"
    assert message[DELIVERY_HEADER] == delivery_id()
    assert message["Date"].datetime == NOW


def test_an_international_address_is_kept() -> None:
    """A local part outside ASCII is written in UTF-8, as RFC 6532 has it, never as an encoded-word (G-05)."""
    compiled = compiled_for(transactional=True)
    message = message_for(compiled, address=Address("jürgen", "xn--fa-hia.de"))
    (octets,) = mime_messages(Batch.of(compiled, [message], NOW))
    assert "\r\nTo: jürgen@xn--fa-hia.de\r\n".encode() in octets


@pytest.mark.parametrize(
    "filename",
    [
        "report.pdf",
        "Übersicht 2026.pdf",
        "日本語" * 40 + ".pdf",
        "x" * 900,
        "a b;c=d.txt",
        "'quoted'%41.txt",
        "é" * 12,
        "é" * 13,
        "👨‍👩‍👧.png",
    ],
)
def test_a_file_arrives_with_its_name(filename: str) -> None:
    """A name of any length and script is read back, and no line grows with it (G-03, G-05)."""
    file = Attachment(filename, b"\x00\xff" * 500, "application/pdf")
    octets = one(compiled_for(attachments=(file,)))
    (read_file,) = read(octets).iter_attachments()
    assert (read_file.get_filename(), read_file.get_payload(decode=True)) == (filename, file.data)
    assert read_file.get_content_type() == "application/pdf"
    check_lines(octets, 998)


def test_images_stand_beside_the_text_they_belong_to() -> None:
    """Inline images are related to the body, files are not, and everything arrives whole."""
    image = Attachment("logo.png", b"PNG" * 100, "image/png", "logo")
    file = Attachment("empty.bin", b"")
    message = read(one(compiled_for(html='<img src="cid:logo">{{name}}', attachments=(file, image))))
    assert [part.get_content_type() for part in message.walk()] == [
        "multipart/mixed",
        "multipart/related",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "image/png",
        "application/octet-stream",
    ]
    parts = {part.get_filename(): part for part in message.walk() if part.get_filename()}
    assert parts["logo.png"]["Content-ID"] == "<logo>"
    assert parts["logo.png"].get_content_disposition() == "inline"
    assert parts["logo.png"].get_payload(decode=True) == image.data
    assert parts["empty.bin"].get_payload(decode=True) == b""


def test_text_alone_is_one_part() -> None:
    """Without HTML and files there is nothing to divide."""
    message = read(one(compiled_for(html="", text="Hello", transactional=True)))
    assert message.get_content_type() == "text/plain"
    assert body(message, "plain") == "Hello"


def test_the_same_batch_gives_the_same_bytes() -> None:
    """Encoding is a function of the batch: nothing random, nothing of the clock (reliability §3)."""
    compiled = compiled_for(attachments=(Attachment("a.bin", b"1"),))
    people: list[dict[str, Scalar]] = [{"name": "Ada"}, {"name": "Grüße\r\n"[:5]}]
    assert mime_messages(batch_for(compiled, people)) == mime_messages(batch_for(compiled, people))


def test_recipients_do_not_touch_each_other() -> None:
    """A message is the same alone as among others."""
    compiled = compiled_for()
    alone = Batch.of(compiled, [message_for(compiled, {"name": "Ada"}, 1)], NOW)
    among: list[Message] = [message_for(compiled, {"name": "x" * 1000}, 0), message_for(compiled, {"name": "Ada"}, 1)]
    assert mime_messages(Batch.of(compiled, among, NOW))[1] == mime_messages(alone)[0]


def test_a_line_end_is_one_wherever_a_value_meets_a_literal() -> None:
    """A value that ends in CR before a line feed, or begins with one after CR, makes one line end and not two."""
    compiled = compiled_for("Hi", "<p>Hi</p>", "a{{x}}\nb\r{{y}}c", transactional=True)
    (octets,) = mime_messages(batch_for(compiled, [{"x": "\r", "y": "\n"}]))
    (message,) = batch_for(compiled, [{"x": "\r", "y": "\n"}]).messages
    assert (read_mime(octets).text or "").replace("\r\n", "\n") == compiled.text.render(message.values) == "a\n\nb\n\nc"
