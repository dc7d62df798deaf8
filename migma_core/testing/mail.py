"""
Strategies for mail: brands, contents with placeholders, and whole batches, as hostile as their types allow.

Values and literals hold what breaks headers, parsers, pages and providers' own syntaxes elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from ..message.message import Batch, Message
from ..message.token import DeliveryId, Token, TokenKeys, TokenPurpose, mint_token
from ..request.brand import Brand
from ..request.content import Content
from ..request.recipients import TagHolders
from ..request.send_request import SendRequest
from .strategies import custom_headers, names, sender_names

__all__ = ["KEYS", "NOW", "batches", "brands", "hostile_texts", "mail_contents", "people_values"]

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


def batches(*, purpose: Purpose | None = None, most: int = 3) -> SearchStrategy[Batch]:
    """Approved messages of one content to one to ``most`` people, each with a link of their own where they need one."""
    people = st.lists(people_values(), min_size=1, max_size=most)
    purposes = st.sampled_from(Purpose) if purpose is None else st.just(purpose)
    return st.builds(_batch, mail_contents(), brands(), purposes, people, sender_names(most=60), custom_headers())


_HARMLESS = str.maketrans({"{": "(", "}": ")", "<": "(", "&": "+"})
_PAGE = (
    "<html><body><h1 title='{{x}}'>{{name|you}}</h1><p style=\"color:{{y}}\">LITERAL{{x}}LITERAL</p>"
    "<!-- {{y}} --><p><a href='{{x}}'>{{y|none}}</a> <a href=\"https://example.com/{{y}}?q={{x}}\">LITERAL</a></p>"
    "</body></html>"
)


def _batch(
    content: Content,
    brand: Brand,
    purpose: Purpose,
    people: Sequence[Mapping[str, Scalar]],
    sender_name: str,
    headers: Mapping[str, str],
) -> Batch:
    request = SendRequest(
        project=_PROJECT,
        sender=Address("news", "acme.example.com"),
        sender_name=sender_name,
        recipients=TagHolders("all"),
        content=content,
        transactional=purpose is Purpose.TRANSACTIONAL,
        headers=headers,
    )
    compiled = compile_content(request, brand)
    return Batch.of(compiled, [_message(compiled, number, values) for number, values in enumerate(people)], NOW)


def _message(compiled: Compiled, number: int, values: Mapping[str, Scalar]) -> Message:
    address = Address(f"person{number}", "example.com")
    contact = Contact(id=ContactId(f"{number + 1:032x}"), project=_PROJECT, address=address)
    facts = facts_about(contact, classify(compiled.request).purpose)
    assert decide(facts) == Mailable()
    approval = approve(MIGMA, facts, compiled.request, NOW)
    assert isinstance(approval, Approval)
    delivery = DeliveryId(f"{number + 1:032x}")
    token = mint_token(Token(TokenPurpose.UNSUBSCRIBE, _PROJECT, contact.id, delivery), KEYS)
    return Message.of(approval, compiled, delivery, values, compiled.brand.link("u", token))
