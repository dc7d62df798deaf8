"""Is this sender's domain verified there? Asked at both providers, in both colours, whatever they answer."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from migma_http import (
    Answer,
    DomainState,
    HttpProvider,
    HttpRequest,
    HttpResponse,
    NoAnswer,
    Secret,
    Sent,
    check_domain,
)
from migma_resend import ResendCodec
from migma_sendgrid import EU_URL, SendGrid, SendGridCodec, SendGridSettings
from pydantic import SecretStr
from returns.result import Failure, Success

from migma_core.testing.worlds import NoWord, World, worlds
from tests.support.domain_questions import NAME, ask, told
from tests.support.http_worlds import KEY

SENDGRID, RESEND = SendGridCodec(Secret(KEY)), ResendCodec(Secret(KEY))


def resend_domain(status: str, sending: str = "enabled", name: str = NAME) -> dict[str, Any]:
    """A domain as Resend lists it."""
    return {"id": f"id-{name}", "name": name, "status": status, "capabilities": {"sending": sending}}


@pytest.mark.parametrize(
    ("listed", "may_send", "why"),
    [
        ([{"domain": NAME, "valid": True}], True, ""),
        ([{"domain": NAME, "valid": False}, {"domain": NAME, "valid": True}], True, ""),
        ([{"domain": NAME, "valid": False}], False, "has not found the domain's DNS records"),
        ([{"domain": "example.com", "valid": True}], False, "does not know the domain"),
        ([], False, "does not know the domain"),
    ],
)
def test_sendgrid_says_whether_a_domain_is_authenticated(listed: Any, may_send: bool, why: str) -> None:
    """Exactly this name, and its DNS records found; a parent domain is another (R40)."""
    state = ask(SENDGRID, told(listed)).unwrap()
    assert (state.name, state.may_send) == (NAME, may_send)
    assert why in state.why


@pytest.mark.parametrize(
    ("domain", "may_send", "why"),
    [
        (resend_domain("verified"), True, ""),
        (resend_domain("verified", "disabled"), False, "sending is switched off"),
        (resend_domain("pending"), False, "Resend says of the domain: pending"),
        (resend_domain("partially_verified"), False, "partially_verified"),
        (resend_domain("verified", name="example.com"), False, "does not know the domain"),
    ],
)
def test_resend_says_whether_a_domain_may_send(domain: Any, may_send: bool, why: str) -> None:
    """Verified, and meant for sending."""
    state = ask(RESEND, told({"data": [domain], "has_more": False})).unwrap()
    assert (state.name, state.may_send) == (NAME, may_send)
    assert why in state.why


def test_resends_list_is_followed_to_its_end() -> None:
    """Page by page, each beginning after the last of the one before, until the domain is found."""
    asked: list[str] = []

    def transport(request: HttpRequest) -> Answer:
        asked.append(request.url.partition("?")[2])
        if len(asked) < 3:
            return told({"data": [resend_domain("verified", name=f"d{len(asked)}.example")], "has_more": True})
        return told({"data": [resend_domain("verified")], "has_more": False})

    found = check_domain(RESEND, HttpProvider(RESEND, transport).ask, NAME)
    assert found == Success(DomainState(NAME, may_send=True))
    assert asked == ["limit=100", "limit=100&after=id-d1.example", "limit=100&after=id-d2.example"]


def test_a_list_without_end_ends() -> None:
    """A provider that always has more is not asked for ever."""
    count = 0

    def transport(_: HttpRequest) -> Answer:
        nonlocal count
        count += 1
        return told({"data": [resend_domain("verified", name="other.example")], "has_more": True})

    found = check_domain(RESEND, HttpProvider(RESEND, transport).ask, NAME)
    assert isinstance(found, Failure)
    assert count == 100


@pytest.mark.parametrize("codec", [SENDGRID, RESEND])
@given(world=worlds())
def test_any_world_has_an_answer(codec: Any, world: World) -> None:
    """Whatever comes back, it is a state or a reason, and never an exception; nothing but a list says yes."""
    answer: Answer = NoAnswer(Sent.MAYBE, "timeout") if isinstance(world, NoWord) else HttpResponse(*world)
    found = check_domain(codec, HttpProvider(codec, lambda _: answer).ask, NAME)
    assert isinstance(found, Success | Failure)
    assert found.map(lambda state: state.may_send).value_or(False) is False


def test_a_key_of_the_eu_goes_to_the_eu() -> None:
    """The region chooses the host, and another place wins over both."""
    key = SecretStr(KEY)
    assert SendGridSettings(api_key=key, region="eu").base_url == EU_URL
    assert SendGridSettings(api_key=key).base_url == "https://api.sendgrid.com"
    settings = SendGridSettings(api_key=key, region="eu", base_url="https://proxy.example.com/sendgrid/")
    codec = SendGridCodec(settings.key, settings.base_url)
    assert codec.domain_request(NAME).url.startswith("https://proxy.example.com/sendgrid/v3/whitelabel/domains?")
    shown = repr(SendGrid.connect(settings, lambda _: HttpResponse(202)).codec)
    assert KEY not in shown
    assert "'https://proxy.example.com/sendgrid'" in shown
