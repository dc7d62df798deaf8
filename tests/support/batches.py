"""Batches as the sending loop makes them: from approvals, for as many people as there are values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from migma_core import (
    MIGMA,
    Address,
    Approval,
    Attempt,
    Batch,
    Brand,
    Compiled,
    Contact,
    ContactId,
    Content,
    Copy,
    DeliveryId,
    Message,
    OneAddress,
    Parcel,
    Policy,
    ProjectId,
    Scalar,
    SendId,
    SendRequest,
    TagHolders,
    Token,
    TokenKeys,
    TokenPurpose,
    approve,
    classify,
    compile_content,
    facts_about,
    mint_token,
)
from migma_core.delivery.attempt import attempt_of

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
BRAND = Brand("Acme", "Acme Ltd\n1 Main Street\nSpringfield", "https://mail.example.com")
KEYS = TokenKeys({1: bytes(range(32))})
PROJECT = ProjectId("a" * 32)
SENDER = Address("news", "acme.example.com")
HTML = '<html><body><p>Hello {{name|you}}, <a href="https://example.com/a">read on</a>.</p></body></html>'


def request_for(
    subject: str = "Hello {{name|you}}", html: str = HTML, text: str | None = None, **fields: Any
) -> SendRequest:
    """A request to everyone with a tag: marketing, unless ``transactional=True`` is among the fields."""
    attachments = fields.pop("attachments", ())
    given = {
        "project": PROJECT,
        "sender": SENDER,
        "sender_name": "Acme",
        "recipients": TagHolders("customers"),
        **fields,
    }
    return SendRequest(content=Content(subject, html, text, attachments), **given)


def compiled_for(
    subject: str = "Hello {{name|you}}", html: str = HTML, text: str | None = None, **fields: Any
) -> Compiled:
    """The same, compiled."""
    return compile_content(request_for(subject, html, text, **fields), BRAND)


def person(number: int = 0, address: Address | None = None) -> Contact:
    """One of our contacts, subscribed."""
    return Contact(
        id=ContactId(f"{number + 1:032x}"),
        project=PROJECT,
        address=address or Address(f"person{number}", "example.com"),
    )


def delivery_id(number: int = 0) -> DeliveryId:
    """The delivery of the person with this number."""
    return DeliveryId(f"{number + 1:032x}")


def opt_out_link(number: int = 0) -> str:
    """The link of the person with this number."""
    token = Token(TokenPurpose.UNSUBSCRIBE, PROJECT, person(number).id, delivery_id(number))
    return BRAND.link("u", mint_token(token, KEYS))


def approval_for(request: SendRequest, who: Contact | Address, now: datetime = NOW, policy: Policy = MIGMA) -> Approval:
    """An approval, which these people always get."""
    answer = approve(policy, facts_about(who, classify(request).purpose), request, now)
    assert isinstance(answer, Approval)
    return answer


def message_for(
    compiled: Compiled, values: Mapping[str, Scalar] | None = None, number: int = 0, address: Address | None = None
) -> Message:
    """One person's message, with an opt-out link."""
    approval = approval_for(compiled.request, person(number, address))
    return Message.of(approval, compiled, delivery_id(number), values or {}, opt_out_link(number))


def batch_for(compiled: Compiled, people: Sequence[Mapping[str, Scalar]] = ({},)) -> Batch:
    """One message for each person's values."""
    return Batch.of(compiled, [message_for(compiled, values, number) for number, values in enumerate(people)], NOW)


def copied_batch(cc: int = 1, bcc: int = 1, **fields: Any) -> Batch:
    """A transactional message to one person with so many copies, open and blind; everybody is approved."""
    who = [Address(f"person{number}", "example.com") for number in range(1 + cc + bcc)]
    compiled = compiled_for(
        recipients=OneAddress(who[0]), cc=tuple(who[1 : 1 + cc]), bcc=tuple(who[1 + cc :]), **fields
    )
    approvals = [approval_for(compiled.request, person(number)) for number in range(len(who))]
    copies = [Copy(approval, delivery_id(number)) for number, approval in enumerate(approvals) if number]
    return Batch.of(compiled, [Message.of(approvals[0], compiled, delivery_id(0), {}, copies=copies)], NOW)


def attempt_for(batch: Batch, parcel: Parcel, fence: int = 1, provider: str = "outbox") -> Attempt:
    """The record of handing this over; another ``fence`` makes it another attempt."""
    return attempt_of(SendId("e" * 32), provider, batch, parcel, [fence] * len(batch.deliveries), KEYS.newest)
