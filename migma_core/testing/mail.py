"""
Strategies for mail: brands, contents with placeholders, and whole batches, as hostile as their types allow.

Values and literals hold what breaks headers, parsers, pages and providers' own syntaxes elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ..audience.address import Address
from ..audience.contact import Contact, ContactId, ProjectId
from ..audience.values import Scalar
from ..decision.eligibility import decide
from ..decision.facts import facts_about
from ..decision.policy import MIGMA
from ..decision.purpose import Purpose, classify
from ..decision.verdict import Mailable
from ..message.approval import Approval, approve
from ..message.compile import Compiled, compile_content
from ..message.message import Batch, Copy, Message
from ..message.token import DeliveryId, Token, TokenKeys, TokenPurpose, mint_token
from ..request.brand import Brand
from ..request.content import Attachment, Content
from ..request.provider import Capabilities
from ..request.recipients import OneAddress, TagHolders
from ..request.send_request import SendRequest
from .strategies import addresses, custom_headers, labels, metadata, names, sender_names

__all__ = [
    "KEYS",
    "NOW",
    "batches",
    "brands",
    "copied_batches",
    "files",
    "hostile_texts",
    "mail_contents",
    "people_values",
    "plain_batch",
    "within",
]

NOW: Final = datetime(2026, 5, 1, 12, tzinfo=UTC)
"""When these batches are made."""

KEYS: Final = TokenKeys({1: bytes(range(32))})
"""What signs their links."""

_PROJECT = ProjectId("a" * 32)
_NASTY = (
    *("", " ", "\r\n", "\n.\n", "\x00", "\t", "=", "=3D", "=?utf-8?q?a=0ABcc:_x?=", "%0d%0a", "\u2028", "\u202e"),
    *("Bcc: everyone@example.com\r\n", "\r\n\r\n", "--=_migma_alternative_0", "From ", "{{name}}", "\x85"),
    *("</p></body></html>", "<script>alert(1)</script>", '" onload="', "'><b>", "-->", "&amp;", "javascript:x()"),
    *("~s0;", "~", "%recipient.x%", "%unsubscribe_url%", "{{{s0}}}", "{{s0}}", "\\", "-name-", "[unsubscribe]"),
    *("https://evil.example/u", "List-Unsubscribe: <https://evil.example>", "Grüße", "日本語", "👨‍👩‍👧", "x" * 1200),
    "{{unsubscribe_url}}",
)
_WRITABLE = st.characters(codec="utf-8")


def hostile_texts(*, most: int = 200) -> SearchStrategy[str]:
    """Anything that can be written, pieces that break out of somewhere first."""
    piece = st.sampled_from(_NASTY) | st.text(_WRITABLE, max_size=30)
    return st.lists(piece, max_size=5).map(lambda pieces: "".join(pieces)[:most])


def brands() -> SearchStrategy[Brand]:
    """Names and addresses of any visible characters, with and without a line that names an advertisement."""
    shown = names(most=60)
    lines = st.lists(shown, min_size=1, max_size=3).map("\n".join)
    return st.builds(Brand, shown, lines, st.just("https://mail.example.com"), st.just("") | shown)


def mail_contents() -> SearchStrategy[Content]:
    """Templates that hold ``name``, ``x`` and ``y`` wherever a value may stand, among literals of any kind."""
    literal = hostile_texts(most=60).map(lambda text: text.translate(_HARMLESS))
    subjects = st.sampled_from(("{{name|you}}", "For {{name}}!", "News"))
    pages = literal.map(lambda text: _PAGE.replace("LITERAL", text))
    texts = st.none() | literal.map(lambda text: text + "{{x}}{{y|~}}\n" + text)
    return st.builds(Content, subjects, pages, texts)


def people_values() -> SearchStrategy[Mapping[str, Scalar]]:
    """One person's values: a name that a subject can hold, and two texts that try to break out."""
    return st.fixed_dictionaries({"name": st.just("") | names(most=40), "x": hostile_texts(), "y": hostile_texts()})


def files() -> SearchStrategy[tuple[Attachment, ...]]:
    """Files to attach, and images to show: any octets, names of several scripts."""
    attached = st.builds(Attachment, st.sampled_from(_FILE_NAMES), st.binary(max_size=200), st.just("application/pdf"))
    image = st.builds(Attachment, st.just("logo.png"), st.binary(max_size=200), st.just("image/png"), st.just("logo-1"))
    return st.lists(attached | image, max_size=3, unique_by=lambda one: one.filename).map(tuple)


def batches(*, purpose: Purpose | None = None, most: int = 3, whole: bool = False) -> SearchStrategy[Batch]:
    """
    Approved messages of one content to one to ``most`` people, each with a link of their own where they need one;
    ``whole`` ones have files, a reply-to, labels and metadata as well.
    """
    people = st.lists(people_values(), min_size=1, max_size=most)
    purposes = st.sampled_from(Purpose) if purpose is None else st.just(purpose)
    reply_to = st.none() | st.just(Address("help", "acme.example.com")) if whole else st.none()
    requests = st.builds(
        _request,
        st.builds(_with, mail_contents(), files()) if whole else mail_contents(),
        purposes,
        sender_names(most=60),
        custom_headers(),
        reply_to,
        st.tuples(labels(), metadata()) if whole else st.just(((), {})),
    )
    return st.builds(_batch, requests, brands(), people)


def copied_batches() -> SearchStrategy[Batch]:
    """A transactional message to one person with copies, open, blind or both; some of those copied are not approved."""
    plain = addresses(local=st.from_regex(r"[a-z0-9]{1,8}", fullmatch=True))
    who = st.lists(plain, min_size=2, max_size=6, unique_by=lambda one: one.canonical)
    return st.builds(_copied_batch, who, st.integers(1, 6), st.sets(st.integers(1, 6)), brands(), people_values())


def plain_batch(
    count: int, *, file: bool = False, address: Address | None = None, deliver_at: datetime | None = None
) -> Batch:
    """A batch of plain messages, as many as wanted: to ask whether it is carried at all."""
    attached = (Attachment("terms.pdf", b"%PDF-", "application/pdf"),) if file else ()
    content = Content("Hello {{name|you}}", "<p>Hello {{name|you}}</p>", attachments=attached)
    brand = Brand("Acme", "1 Main Street", "https://mail.example.com")
    request = replace(_request(content, Purpose.TRANSACTIONAL, "Acme", {}), deliver_at=deliver_at)
    return _batch(request, brand, [{}] * count, address)


def within(batch: Batch, can: Capabilities) -> Batch:
    """
    As much of a batch as a provider declares that it carries: what it does not is left out of the request, which is
    then approved anew. A provider that carries it all has the batch itself.
    """
    request = batch.compiled.request
    content = replace(
        request.content,
        attachments=request.content.attachments if can.attachments else (),
        text=request.content.text if can.own_text else None,
    )
    carried = replace(
        request,
        content=content,
        headers=request.headers if can.own_headers else {},
        labels=request.labels if can.marks else (),
        metadata=request.metadata if can.marks else {},
    )
    if carried == request and len(batch.messages) <= can.most_messages:
        return batch
    people = [message.values for message in batch.messages[: can.most_messages]]
    return _batch(carried, batch.compiled.brand, people)


_FILE_NAMES = ("terms.pdf", "a b (1).pdf", "Übersicht.pdf", "見積書.pdf", f"{'long' * 40}.pdf")
_HARMLESS = str.maketrans({"{": "(", "}": ")", "<": "(", "&": "+"})
_PAGE = (
    "<html><body><h1 title='{{x}}'>{{name|you}}</h1><p style=\"color:{{y}}\">LITERAL{{x}}LITERAL</p>"
    "<!-- {{y}} --><p><a href='{{x}}'>{{y|none}}</a> <a href=\"https://example.com/{{y}}?q={{x}}\">LITERAL</a></p>"
    "</body></html>"
)


def _with(content: Content, attached: tuple[Attachment, ...]) -> Content:
    return replace(content, attachments=attached)


def _request(
    content: Content,
    purpose: Purpose,
    sender_name: str,
    headers: Mapping[str, str],
    reply_to: Address | None = None,
    marks: tuple[tuple[str, ...], Mapping[str, str]] = ((), {}),
) -> SendRequest:
    return SendRequest(
        project=_PROJECT,
        sender=Address("news", "acme.example.com"),
        sender_name=sender_name,
        recipients=TagHolders("all"),
        content=content,
        transactional=purpose is Purpose.TRANSACTIONAL,
        headers=headers,
        reply_to=reply_to,
        labels=marks[0],
        metadata=marks[1],
    )


def _batch(
    request: SendRequest, brand: Brand, people: Sequence[Mapping[str, Scalar]], address: Address | None = None
) -> Batch:
    compiled = compile_content(request, brand)
    them = [_message(compiled, number, values, address) for number, values in enumerate(people)]
    return Batch.of(compiled, them, NOW)


def _copied_batch(
    who: Sequence[Address], blind_from: int, left_out: AbstractSet[int], brand: Brand, values: Mapping[str, Scalar]
) -> Batch:
    """The first is the recipient, those from ``blind_from`` on are copied blind."""
    content = Content("Hello {{name|you}}", "<p>Hello {{name|you}}, {{x}}</p>")
    bare = replace(_request(content, Purpose.TRANSACTIONAL, "Acme", {}), recipients=OneAddress(who[0]))
    request = replace(bare, cc=tuple(who[1:blind_from]), bcc=tuple(who[max(1, blind_from) :]))
    compiled = compile_content(request, brand)
    approvals = [_approved(compiled, number, one) for number, one in enumerate(who)]
    copies = [
        Copy(one, DeliveryId(f"{number + 1:032x}"))
        for number, one in enumerate(approvals)
        if number > 0 and number not in left_out
    ]
    message = Message.of(approvals[0], compiled, DeliveryId(f"{1:032x}"), values, copies=copies)
    return Batch.of(compiled, [message], NOW)


def _approved(compiled: Compiled, number: int, address: Address) -> Approval:
    contact = Contact(id=ContactId(f"{number + 1:032x}"), project=_PROJECT, address=address)
    facts = facts_about(contact, classify(compiled.request).purpose)
    assert decide(facts) == Mailable()
    approval = approve(MIGMA, facts, compiled.request, NOW)
    assert isinstance(approval, Approval)
    return approval


def _message(compiled: Compiled, number: int, values: Mapping[str, Scalar], address: Address | None) -> Message:
    approval = _approved(compiled, number, address or Address(f"person{number}", "example.com"))
    delivery = DeliveryId(f"{number + 1:032x}")
    token = mint_token(Token(TokenPurpose.UNSUBSCRIBE, _PROJECT, ContactId(f"{number + 1:032x}"), delivery), KEYS)
    return Message.of(approval, compiled, delivery, values, compiled.brand.link("u", token))
