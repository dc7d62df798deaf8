"""Laws of the message: whatever people are called and templates say, a mail holds what was meant and nothing more."""

from __future__ import annotations

import base64
import email
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import default
from html import escape

from hypothesis import assume, example, given
from hypothesis import strategies as st

from migma_core import (
    Attachment,
    Brand,
    ContactId,
    DeliveryId,
    HeaderRefused,
    InvalidTemplate,
    ProjectId,
    Scalar,
    Token,
    TokenKeys,
    TokenPurpose,
    TopicId,
    compile_content,
    mime_messages,
    mint_token,
    parse_template,
    verify_token,
)
from migma_core.message.compliance import feedback_id
from migma_core.message.headers import mailbox, structured, unstructured
from migma_core.message.html_places import html_places
from migma_core.message.plain_text import plain_text
from migma_core.testing.strategies import custom_headers
from tests.support.batches import BRAND, SENDER, batch_for, compiled_for, opt_out_link, request_for
from tests.support.texts import PLAIN, header_texts, names, texts

ids = st.binary(min_size=16, max_size=16).filter(any).map(bytes.hex)
keys = st.dictionaries(
    st.integers(0, 255),
    st.binary(min_size=32, max_size=64).filter(lambda key: len(set(key)) >= 8),
    min_size=1,
    max_size=3,
).map(TokenKeys)
NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
LATER = st.datetimes(datetime(2026, 5, 1, 12, 0, 1), datetime(9999, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - Hypothesis adds the zone
tokens = st.sampled_from(TokenPurpose).flatmap(
    lambda purpose: st.builds(
        Token,
        st.just(purpose),
        ids.map(ProjectId),
        ids.map(ContactId),
        ids.map(DeliveryId),
        st.none() | ids.map(TopicId),
        # only confirmations expire, at a whole second (E-04)
        LATER.map(lambda at: at.replace(microsecond=0)) if purpose is TokenPurpose.CONFIRM else st.none(),
    )
)
values: st.SearchStrategy[dict[str, Scalar]] = st.fixed_dictionaries(
    {"name": header_texts(), "x": texts(), "y": texts()}
)


def read(octets: bytes) -> EmailMessage:
    """Read a message with an independent parser."""
    message = email.message_from_bytes(octets, policy=default)
    assert isinstance(message, EmailMessage)
    return message


def body(message: EmailMessage, kind: str) -> str:
    """The decoded text of one part, with plain line ends."""
    part = message.get_body((kind,))
    assert part is not None
    payload = part.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload.decode().replace("\r\n", "\n")


def unix(text: str) -> str:
    """Plain line ends."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


@given(tokens, keys)
def test_tokens_come_back(token: Token, some: TokenKeys) -> None:
    """What was minted verifies, in at most 200 characters that every link can carry."""
    text = mint_token(token, some)
    assert verify_token(text, token.purpose, some, NOW) == token
    assert all(verify_token(text, other, some, NOW) is None for other in TokenPurpose if other is not token.purpose)
    assert len(text) < 200
    assert set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


@given(st.one_of(st.text(), st.binary(max_size=90).map(lambda raw: base64.urlsafe_b64encode(raw).decode())), keys)
def test_nothing_else_verifies(text: str, some: TokenKeys) -> None:
    """Any other text is answered with nothing, and never raised over."""
    assert all(verify_token(text, purpose, some, NOW) is None for purpose in TokenPurpose)


@given(header_texts(300))
@example("=?utf-8?q?a=0ABcc:_x?=")
@example(" ")
def test_any_subject_is_read_back(subject: str) -> None:
    """Every text without controls survives as a subject, within all limits of a line and a word."""
    line = unstructured("Subject", subject)
    assert read(line + b"\r\n\r\n")["Subject"] == subject
    for physical in line.split(b"\r\n"):
        assert len(physical) <= 998
        assert b"=?" not in physical or max(map(len, physical.split(b" "))) <= 75
        assert physical.strip()


@given(names())
def test_any_display_name_is_read_back(name: str) -> None:
    """Every name stays a name: one mailbox, with our address."""
    line = mailbox("From", name, SENDER) + b"\r\n\r\n"
    assert [one.addr_spec for one in read(line)["From"].addresses] == [str(SENDER)]
    if b"=?" in line:
        text = str(make_header(decode_header(email.message_from_bytes(line)["From"])))
        assert text == f"{name} <{SENDER}>"
    else:
        assert read(line)["From"].addresses[0].display_name == name


@given(st.text())
def test_a_header_is_one_header_or_none(value: str) -> None:
    """Whatever the value: either it is refused, or exactly one header comes of it."""
    for write in (unstructured, structured):
        try:
            line = write("X-Test", value)
        except HeaderRefused:
            continue
        message = read(line + b"\r\nX-Next: 1\r\n\r\nbody")
        assert message.keys() == ["X-Test", "X-Next"]
        assert message.get_payload() == "body"


@given(values, values)
def test_a_mail_says_what_was_meant(one: dict[str, Scalar], other: dict[str, Scalar]) -> None:
    """Subject, text and HTML of each recipient are their own values in the shared template, hostile or not."""
    text, html = "{{x}}\nHello {{name|you}},\n{{y}}{{x}} end ", "<p>{{x}}</p>\n{{y}}<b title='{{name}}'>{{x|none}}</b>"
    compiled = compiled_for("For {{name}}!", html, text, transactional=True)
    for octets, its in zip(mime_messages(batch_for(compiled, [one, other])), (one, other), strict=True):
        message = read(octets)
        strings = {name: str(value) for name, value in its.items()}
        assert message["Subject"] == f"For {strings['name']}!"
        lined = {name: unix(value) for name, value in strings.items()}
        # a value's line ends are its own: they do not merge with those of the template
        assert body(message, "plain") == parse_template(text).render(lined)
        assert body(message, "html") == html_places(parse_template(html)).template.render(lined)


@given(values)
def test_no_value_adds_a_header_a_line_or_a_recipient(its: dict[str, Scalar]) -> None:
    """Header names, their number, the recipient and the parts do not depend on any value."""
    compiled = compiled_for("For {{name}}", "<p>{{x}}{{y}}</p>", "{{x}}{{y}}", sender_name="Acme")
    usual, hostile = (read(octets) for octets in mime_messages(batch_for(compiled, [{}, its])))
    assert hostile.keys() == usual.keys()
    assert hostile["To"] == "person1@example.com"
    assert [part.get_content_type() for part in hostile.walk()] == [part.get_content_type() for part in usual.walk()]
    assert [len(part.keys()) for part in hostile.walk()] == [len(part.keys()) for part in usual.walk()]


@given(values, texts(), st.booleans())
@example({"name": "", "x": "", "y": ""}, "<", True)
@example({"name": "", "x": "", "y": ""}, "<script>alert(1)</scr", False)
def test_every_line_keeps_its_limits(its: dict[str, Scalar], literal: str, marketing: bool) -> None:
    """CRLF throughout, nothing but ASCII, no line beyond 998 octets, and 76 in bodies (G-03, G-04)."""
    assume("{" not in literal)
    html = f"<p>{literal}{{{{x}}}}{literal}</p>"
    try:
        compiled = compiled_for("{{name}}", html, f"a{literal}{{{{y}}}}", transactional=not marketing)
    except InvalidTemplate as refused:
        if not str(refused).startswith("{{x}} stands "):
            raise
        return  # the literal ends within a tag or a script, where no value is safe
    (octets,) = mime_messages(batch_for(compiled, [its]))
    assert octets.isascii()
    assert not set(octets.replace(b"\r\n", b"")) & set(b"\r\n\0")
    head, _, rest = octets.partition(b"\r\n\r\n")
    assert max(map(len, head.split(b"\r\n"))) <= 998
    assert max(map(len, rest.split(b"\r\n"))) <= 76


@given(values, st.one_of(st.none(), texts()), texts())
def test_marketing_has_its_link_and_its_headers_whatever_it_says(
    its: dict[str, Scalar], text: str | None, html: str
) -> None:
    """Both headers byte-exact on lines of their own, and the link and the address in every part (R28 to R30)."""
    try:
        compiled = compiled_for("News", f"<p>{html}</p>", text)
    except InvalidTemplate:
        return
    (octets,) = mime_messages(batch_for(compiled, [its]))
    head = octets.partition(b"\r\n\r\n")[0].split(b"\r\n")
    assert head.count(f"List-Unsubscribe: <{opt_out_link()}>".encode()) == 1
    assert head.count(b"List-Unsubscribe-Post: List-Unsubscribe=One-Click") == 1
    message = read(octets)
    for kind in ("plain", "html"):
        assert opt_out_link() in body(message, kind)
        assert "1 Main Street" in body(message, kind)


@given(values, texts())
def test_transactional_has_no_list_header_whatever_it_says(its: dict[str, Scalar], html: str) -> None:
    """No header of any List kind, in any spelling (C-10)."""
    assume("{{" not in html)
    (octets,) = mime_messages(batch_for(compiled_for("Code", f"<p>{html}</p>", "{{x}}", transactional=True), [its]))
    assert not [name for name in read(octets) if name.lower().startswith(("list-", "precedence"))]


@given(
    st.lists(
        st.tuples(names(), st.binary(max_size=300), st.none() | st.from_regex(r"[a-z0-9]{1,20}", fullmatch=True)),
        max_size=3,
    )
)
def test_files_arrive_whole(files: list[tuple[str, bytes, str | None]]) -> None:
    """Every attachment is read back with its name, less blanks around it, and its octets."""
    given_files = tuple(
        Attachment(name.translate(str.maketrans('"\\/', "___")), data, content_id=cid) for name, data, cid in files
    )
    (octets,) = mime_messages(batch_for(compiled_for(attachments=given_files)))
    found = [
        (part.get_filename(), part.get_payload(decode=True))
        for part in read(octets).walk()
        if part.get_content_disposition()
    ]
    assert sorted(found) == sorted((one.filename.strip(), one.data) for one in given_files)
    assert max(map(len, octets.split(b"\r\n"))) <= 998


@given(names(), st.lists(names(), min_size=1, max_size=4).map("\n".join))
def test_any_brand_is_shown_as_it_is(name: str, address: str) -> None:
    """The footer shows the brand's name and address in both parts, as text (R30, N-01)."""
    compiled = compile_content(request_for(html="<p>Hi</p>"), Brand(name, address, BRAND.base_url))
    (octets,) = mime_messages(batch_for(compiled))
    message = read(octets)
    assert f"{name}\n{address}" in body(message, "plain")
    assert "<br>".join(map(escape, (name, *address.splitlines()))) in body(message, "html")


@given(st.text(PLAIN, max_size=300))
def test_a_template_is_total(text: str) -> None:
    """Any text is a template, and renders to itself where it has no slots, or is refused."""
    try:
        template = parse_template(text)
    except InvalidTemplate:
        assert "{{" in text
        return
    assert template.names or template.render({}) == text


@given(texts(300))
def test_plain_text_is_total(html: str) -> None:
    """Any HTML gives a text that ends with one line break and has no run of empty lines."""
    text = plain_text(html)
    assert text.endswith("\n")
    assert "\n\n\n" not in text


@given(
    st.from_regex(r"https://[a-z]{1,10}\.example/[a-z0-9/?=&-]{0,40}", fullmatch=True),
    st.text("abc ", min_size=1, max_size=20),
)
def test_plain_text_keeps_every_link(url: str, said: str) -> None:
    """A link of the HTML can be followed from the text."""
    assert url in plain_text(f'<p>Look <a href="{escape(url)}">{said}</a></p>')


@given(custom_headers())
def test_a_callers_headers_are_read_back_and_no_other(given_headers: dict[str, str]) -> None:
    """Each stands in the message once, as it was given; ours are what they are without them."""
    (octets,) = mime_messages(batch_for(compiled_for(headers=given_headers)))
    (usual,) = mime_messages(batch_for(compiled_for()))
    message = read(octets)
    for name, value in given_headers.items():
        assert message.get_all(name) == [value]
    assert sorted(set(message.keys()) - set(given_headers)) == sorted(read(usual).keys())


@given(ids, st.none() | ids)
def test_feedback_names_the_list_and_the_sender_and_no_recipient(project: str, topic: str | None) -> None:
    """Three fields, none of which says who reads it; the sender's has 15 characters and never changes (H-03)."""
    request = request_for(project=project, topic=topic)
    line = feedback_id(request)
    named, stream, sender = line.decode().removeprefix("Feedback-ID: ").split(":")
    assert (named, stream, len(sender)) == (topic or "all", "marketing", 15)
    assert feedback_id(request_for(project=project, subject="Other")).endswith(f":{sender}".encode())


def test_feedback_is_asked_for_marketing_alone() -> None:
    """Marketing has one Feedback-ID, the same for all recipients; transactional mail has none (H-03)."""
    first, second = (read(one) for one in mime_messages(batch_for(compiled_for(), [{}, {}])))
    assert first.get_all("Feedback-ID", []) == [second["Feedback-ID"]]
    (service,) = mime_messages(batch_for(compiled_for(transactional=True)))
    assert read(service)["Feedback-ID"] is None
