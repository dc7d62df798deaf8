"""Is this sender's domain active at Mailgun, and are its opt-outs left alone? Asked in both colours."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from migma_http import (
    Answer,
    DomainState,
    HttpProvider,
    HttpResponse,
    NoAnswer,
    Secret,
    Sent,
    check_domain,
)
from migma_mailgun import MailgunCodec
from returns.result import Failure, Success

from migma_core.testing.worlds import NoWord, World, worlds
from tests.support.domain_questions import NAME, ask, told
from tests.support.http_worlds import KEY

ACTIVE = {"domain": {"name": NAME, "state": "active", "is_disabled": False}}
UNTRACKED = {"tracking": {"open": {"active": True}, "unsubscribe": {"active": False}}}


CODEC = MailgunCodec(Secret(KEY))


def test_a_domain_that_is_active_and_left_alone_may_send() -> None:
    """Active, and Mailgun's own tracking of unsubscribes off: both are asked."""
    assert ask(CODEC, told(ACTIVE), told(UNTRACKED)) == Success(DomainState(NAME, may_send=True))


@pytest.mark.parametrize(
    ("domain", "why"),
    [
        ({"state": "unverified"}, "has not found the domain's DNS records"),
        ({"state": "disabled"}, "disabled at Mailgun"),
        ({"state": "active", "is_disabled": True}, "disabled at Mailgun"),
        ({"state": "pending"}, "Mailgun says of the domain: pending"),
        ({}, "Mailgun says of the domain: nothing"),
    ],
)
def test_a_domain_that_may_not_send_says_why(domain: Any, why: str) -> None:
    """Whatever Mailgun says of it but active is a no, with the reason."""
    state = ask(CODEC, told({"domain": domain})).unwrap()
    assert not state.may_send
    assert why in state.why


def test_tracked_unsubscribes_are_a_no() -> None:
    """With it on, receipts would carry an opt-out link of Mailgun's (Q-08, C-10)."""
    tracked = {"tracking": {"unsubscribe": {"active": True, "html_footer": "x"}}}
    state = ask(CODEC, told(ACTIVE), told(tracked)).unwrap()
    assert not state.may_send
    assert "switch it off for the domain" in state.why


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (told({"message": "Domain not found"}, 404), "does not know mail.example.com in this region"),
        (told("Forbidden", 401), "HTTP 401"),
        (HttpResponse(401, (), b"Forbidden"), "HTTP 401: Forbidden"),
        (told({"items": []}), "says nothing of the domain"),
        (HttpResponse(200, (), b"Mailgun Magnificent API"), "no DomainAnswer"),
        (NoAnswer(Sent.NOTHING, "refused"), "no connection"),
    ],
)
def test_who_cannot_tell_is_no_yes(answer: Answer, why: str) -> None:
    """An unknown domain, a key that only sends, another page, nobody there: each says why, to either question."""
    for answers in ((answer,), (told(ACTIVE), answer)):
        found = ask(CODEC, *answers)
        said = found.map(lambda state: state.why).lash(Success).unwrap()
        assert why in said
        assert not found.map(lambda state: state.may_send).value_or(False)


@pytest.mark.parametrize(
    ("name", "may_send"),
    [("example.com", True), ("mg.example.com", True), ("a.mg.example.com", True), ("other.com", False)],
)
def test_a_chosen_domain_is_asked_about_and_stands_for_its_relatives(name: str, may_send: bool) -> None:
    """Mail that leaves through another domain is signed for that one: it must be above or below the sender's."""
    codec = MailgunCodec(Secret(KEY), domain="mg.example.com")
    assert codec.domain_request(name).url == "https://api.mailgun.net/v4/domains/mg.example.com"
    state = ask(codec, told(ACTIVE), told(UNTRACKED), name=name).unwrap()
    assert (state.name, state.may_send) == (name, may_send)


@given(world=worlds())
def test_any_world_has_an_answer(world: World) -> None:
    """Whatever comes back, it is a state or a reason, and never an exception; nothing but both answers says yes."""
    answer: Answer = NoAnswer(Sent.MAYBE, "timeout") if isinstance(world, NoWord) else HttpResponse(*world)
    found = check_domain(CODEC, HttpProvider(CODEC, lambda _: answer).ask, NAME)
    assert isinstance(found, Success | Failure)
    assert found.map(lambda state: state.may_send).value_or(False) is False
