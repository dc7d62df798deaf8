"""Messages and batches: only what was approved, together only what belongs together (design D9)."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from migma_core import (
    APPROVAL_LIFE,
    MIGMA,
    STRICT,
    Address,
    Approval,
    ApprovalExpired,
    Batch,
    HeaderRefused,
    Message,
    OneAddress,
    Purpose,
    SealedError,
    Suppression,
    SuppressionReason,
    TopicId,
    Withheld,
    approve,
    facts_about,
)
from tests.support.batches import (
    BRAND,
    NOW,
    approval_for,
    batch_for,
    compiled_for,
    delivery_id,
    message_for,
    opt_out_link,
    person,
    request_for,
)

SECOND = timedelta(seconds=1)


def test_an_approval_lasts_a_minute() -> None:
    """A batch lives as long as the oldest of its approvals, and not a moment longer (D10)."""
    batch = batch_for(compiled_for(), [{}, {}])
    assert batch.expires == NOW + APPROVAL_LIFE
    messages = batch.messages
    assert Batch.of(batch.compiled, messages, batch.expires - SECOND).expires == batch.expires
    with pytest.raises(ApprovalExpired, match="an approval expired at 12:01:00; it is 12:01:00: decide again"):
        Batch.of(batch.compiled, messages, batch.expires)


def test_the_oldest_approval_counts() -> None:
    """One approval past its minute is enough to refuse a batch."""
    compiled = compiled_for()
    fresh = message_for(compiled)
    later = approval_for(compiled.request, person(1), NOW + 30 * SECOND)
    newer = Message.of(later, compiled, delivery_id(1), {}, opt_out_link(1))
    assert Batch.of(compiled, [newer, fresh], NOW + 30 * SECOND).expires == NOW + APPROVAL_LIFE
    with pytest.raises(ApprovalExpired):
        Batch.of(compiled, [newer, fresh], NOW + APPROVAL_LIFE)


def test_a_batch_is_never_empty() -> None:
    """No messages, no batch."""
    with pytest.raises(SealedError, match="at least one message"):
        Batch.of(compiled_for(), [], NOW)


def test_a_batch_takes_messages_only() -> None:
    """Anything that merely looks like a message is refused."""
    with pytest.raises(SealedError, match=r"from Message\.of"):
        Batch.of(compiled_for(), [object()], NOW)  # type: ignore[list-item]  # wrong on purpose


def test_a_batch_has_one_content() -> None:
    """Messages of another request do not mix, in either direction."""
    one, other = compiled_for(), compiled_for(subject="Other")
    with pytest.raises(SealedError, match="approved for one request"):
        Batch.of(one, [message_for(one), message_for(other, number=1)], NOW)
    with pytest.raises(SealedError, match="approved for one request"):
        Batch.of(other, [message_for(one)], NOW)


def test_a_batch_has_one_policy() -> None:
    """Approvals of two policies do not mix."""
    compiled = compiled_for(transactional=True)
    other = Address("person1", "customers.migma.email")
    strict = Message.of(approval_for(compiled.request, person(1, other), policy=STRICT), compiled, delivery_id(1), {})
    with pytest.raises(SealedError, match="under one policy"):
        Batch.of(compiled, [message_for(compiled), strict], NOW)


def test_a_delivery_is_in_a_batch_once() -> None:
    """The same delivery twice is refused."""
    compiled = compiled_for()
    with pytest.raises(SealedError, match="a delivery is in a batch once"):
        Batch.of(compiled, [message_for(compiled), message_for(compiled)], NOW)


@pytest.mark.parametrize("forged", [None, object(), person(), OneAddress(Address("a", "example.com"))])
def test_a_message_needs_an_approval(forged: object) -> None:
    """Nothing but an approval makes a message."""
    with pytest.raises(SealedError, match=r"from migma_core\.approve"):
        Message.of(forged, compiled_for(), delivery_id(), {}, opt_out_link())  # type: ignore[arg-type]  # wrong on purpose


def test_an_approval_is_for_one_request() -> None:
    """An approval of one request makes no message of another, be it alike in all but one field."""
    approval = approval_for(request_for(), person())
    for other in (
        compiled_for(subject="Other"),
        compiled_for(topic=TopicId("d" * 32)),
        compiled_for(transactional=True),
    ):
        with pytest.raises(SealedError, match="the approval of this request"):
            Message.of(approval, other, delivery_id(), {}, opt_out_link())


@pytest.mark.parametrize("value", ["a\nBcc: all@example.com", "a\r", "a\x00", "a\u2028", "a\u202e", "a\x85"])
def test_a_value_that_forges_a_subject_costs_one_row(value: str) -> None:
    """The message is refused, not the batch, and the value is not shown (G-01)."""
    with pytest.raises(HeaderRefused, match=r"with this recipient's values the subject holds U\+") as refused:
        message_for(compiled_for(), {"name": value})
    assert "Bcc" not in str(refused.value)


def test_half_a_character_costs_one_row() -> None:
    """A lone surrogate, which no encoder can write, is refused when the message is made."""
    with pytest.raises(HeaderRefused, match="the value of note holds half a character"):
        message_for(compiled_for(html="{{note}}"), {"note": "a\ud800"})


@pytest.mark.parametrize("url", ["http://example.com/u", "https://example.com/a b", "https://example.com/\n"])
def test_a_bad_link_costs_one_row(url: str) -> None:
    """A link that no header may hold is refused when the message is made."""
    compiled = compiled_for()
    with pytest.raises(HeaderRefused):
        Message.of(approval_for(compiled.request, person()), compiled, delivery_id(), {}, url)


@pytest.mark.parametrize("transactional", [None, True])
def test_content_with_a_link_needs_one(transactional: bool | None) -> None:
    """Marketing, and whatever else holds the opt-out link, is refused for a recipient without one."""
    compiled = compiled_for(html="{{unsubscribe_url}}", transactional=transactional)
    with pytest.raises(HeaderRefused, match="this recipient has none"):
        Message.of(approval_for(compiled.request, person()), compiled, delivery_id(), {})


def test_the_requests_variables_win() -> None:
    """What the request says goes before what is known of the contact, and ours before both."""
    compiled = compiled_for(html="{{unsubscribe_url}}", variables={"name": "Variable", "unsubscribe_url": "x"})
    message = message_for(compiled, {"name": "Contact", "unsubscribe_url": "y", "postal_address": "z"})
    assert message.subject == "Hello Variable"
    assert message.values["unsubscribe_url"] == opt_out_link()
    assert message.values["postal_address"] == BRAND.postal_address


def test_approving_decides_again() -> None:
    """Whoever is withheld gets reasons instead of an approval, at any time (D9)."""
    bounce = Suppression(SuppressionReason.BOUNCE, NOW, "ses")
    facts = facts_about(person(), Purpose.MARKETING, suppressions=[bounce])
    assert isinstance(approve(MIGMA, facts, request_for(), NOW), Withheld)


def test_an_approval_answers_the_question_that_was_asked() -> None:
    """Facts about another purpose, topic or address, and a time without a zone, are refused."""
    facts = facts_about(person(), Purpose.MARKETING)
    single = request_for(recipients=OneAddress(Address("other", "example.com")), transactional=False)
    for request, now, says in (
        (request_for(transactional=True), NOW, "the facts are about marketing mail, the request is transactional"),
        (request_for(topic=TopicId("d" * 32)), NOW, "another topic"),
        (single, NOW, "another address"),
        (request_for(), datetime(2026, 5, 1), "needs a zone"),  # noqa: DTZ001 - wrong on purpose
    ):
        with pytest.raises(ValueError, match=says):
            approve(MIGMA, facts, request, now)


def test_an_approval_names_its_terms() -> None:
    """It holds address, contact, purpose, policy and request, and nothing else."""
    request = request_for()
    approval = approval_for(request, person())
    assert isinstance(approval, Approval)
    assert (approval.address, approval.contact) == (person().address, person().id)
    assert (approval.purpose, approval.policy, approval.request) == (Purpose.MARKETING, MIGMA.fingerprint, request)


def test_a_link_to_the_preferences_is_given_where_the_content_holds_one() -> None:
    """It stands where the template wants it, and without one such a message cannot be made."""
    compiled = compiled_for(html='<p><a href="{{preferences_url}}">Choose</a></p>')
    approval = approval_for(compiled.request, person())
    with pytest.raises(HeaderRefused, match="a link to the preferences and this recipient has none"):
        Message.of(approval, compiled, delivery_id(), {}, opt_out_link())
    message = Message.of(approval, compiled, delivery_id(), {}, opt_out_link(), "https://mail.example.com/p/x")
    assert compiled.html is not None
    assert '<a href="https://mail.example.com/p/x">Choose</a>' in compiled.html.render(message.values)
