"""No field of a request is idle: changing one changes a verdict, the bytes or who is asked; else it is named here."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest

from migma_core import (
    MIGMA,
    STRICT,
    Address,
    Content,
    DefaultSubscription,
    EarlierRecipients,
    OneAddress,
    Policy,
    ProjectId,
    Purpose,
    Sender,
    SendId,
    SendingDomain,
    SendRequest,
    TagHolders,
    Token,
    TokenPurpose,
    Topic,
    TopicId,
    approve,
    authorize,
    classify,
    compile_content,
    decide,
    facts_about,
    mime_messages,
    mint_token,
)
from migma_core.message import Approval, Batch, Message
from tests.support.batches import BRAND, KEYS, NOW, delivery_id, person

# recorded beside an override and read by people alone, under a policy that does not ask for it (D5, R7)
RECORDED_ONLY = {"justification"}
TOPIC = Topic(TopicId("t" * 32), "News", DefaultSubscription.NOT_SUBSCRIBED)
READY = Sender(SendingDomain("mail.example.com", is_verified=True), TOPIC, postal_address="1 Main Street")
RESET = SendRequest(
    project=ProjectId("b" * 32),
    sender=Address("shop", "mail.example.com"),
    sender_name="Acme",
    recipients=OneAddress(Address("person0", "example.com")),
    content=Content("Hello", "<p>{{code|none}}</p>"),
    transactional=False,
)
CHANGED: dict[str, Any] = {
    "project": ProjectId("d" * 32),
    "sender": Address("other", "mail.example.com"),
    "sender_name": "Other",
    "recipients": OneAddress(Address("person1", "example.com")),
    "content": Content("Goodbye", "<p>{{code|none}}</p>"),
    "provider": "ses",
    "reply_to": Address("help", "mail.example.com"),
    "cc": (Address("boss", "example.com"),),
    "bcc": (Address("archive", "example.com"),),
    "topic": TOPIC.id,
    "transactional": True,
    "exclusions": (EarlierRecipients(SendId("c" * 32)),),
    "variables": {"code": "42"},
    "justification": "recall notice",
    "headers": {"X-Campaign": "spring"},
    "labels": ("receipt",),
    "metadata": {"order": "o-1042"},
    "deliver_at": NOW,
}


def effect(request: SendRequest, policy: Policy = MIGMA) -> tuple[Any, ...]:
    """All that a request brings about: the answer to it, who is asked, what is decided, and the octets that leave."""
    purpose = classify(request).purpose
    who = person(0, request.recipients.address if isinstance(request.recipients, OneAddress) else None)
    excluded = bool(request.exclusions)  # the person was reached by the send named
    facts = facts_about(who, purpose, topic=TOPIC if request.topic else None, excluded=excluded)
    verdict = decide(facts, policy)
    asked = request.recipients, request.addressees
    return authorize(request, READY, policy), asked, verdict, _octets(request, policy)


def _octets(request: SendRequest, policy: Policy) -> tuple[bytes, ...]:
    """What leaves for somebody nothing stands against."""
    purpose = classify(request).purpose
    who = replace(person(0, getattr(request.recipients, "address", None)), topics={TOPIC.id: True})
    facts = facts_about(who, purpose, topic=TOPIC if request.topic else None)
    approval = approve(policy, facts, request, NOW)
    assert isinstance(approval, Approval)
    token = Token(TokenPurpose.UNSUBSCRIBE, request.project, who.id, delivery_id(0))
    link = BRAND.link("u", mint_token(token, KEYS)) if purpose is Purpose.MARKETING else None
    compiled = compile_content(request, BRAND)
    batch = Batch.of(compiled, [Message.of(approval, compiled, delivery_id(0), {}, link)], NOW)
    return tuple(mime_messages(batch))


def test_every_field_is_changed() -> None:
    """The changes below name all fields of a request, so that a new one is not forgotten."""
    assert set(CHANGED) == {one.name for one in fields(SendRequest)}


@pytest.mark.parametrize("name", sorted(CHANGED))
def test_no_field_of_a_request_is_idle(name: str) -> None:
    """Changing it changes a verdict, the bytes or who is asked; those only recorded are listed by name (D4)."""
    plain = replace(RESET, transactional=None) if name in {"cc", "bcc"} else RESET
    changed = replace(plain, **{name: CHANGED[name]})
    assert (effect(changed) == effect(plain)) is (name in RECORDED_ONLY)


def test_what_is_only_recorded_counts_where_a_policy_asks_for_it() -> None:
    """Under `strict` a justification decides whether an audience may be mailed as transactional at all (B-03)."""
    trying = STRICT.without("reserved_name", name="strict, for samples")
    override = replace(RESET, recipients=TagHolders("all"), transactional=True)
    assert authorize(override, READY, trying) != authorize(replace(override, justification="recall"), READY, trying)
