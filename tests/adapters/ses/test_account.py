"""Domains and quota: who may send, and how much, as SES tells of an account in one region."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given
from migma_http import Answer, HttpRequest, HttpResponse, NoAnswer, Sent
from migma_ses import AsyncSesProvider, SesProvider

from migma_core.ports import MeteredProvider, Quota, VerifyingProvider
from migma_core.ports.pace import Rate
from migma_core.testing.worlds import NoWord, World, worlds
from tests.adapters.ses.connecting import codec

NAME = "mail.example.co.uk"
VERIFIED = {"IdentityType": "DOMAIN", "VerifiedForSendingStatus": True, "VerificationStatus": "SUCCESS"}
PENDING = {"VerifiedForSendingStatus": False, "VerificationStatus": "PENDING"}


class Region:
    """A region with identities and an account, asked in both colours."""

    def __init__(self, identities: dict[str, Any] | None = None, account: Any = None) -> None:
        self.identities, self.account, self.asked = identities or {}, account, list[str]()

    def __call__(self, request: HttpRequest) -> Answer:
        """Answer as SES does."""
        name = request.url.rpartition("/")[2]
        self.asked.append(name)
        found = self.account if name == "account" else self.identities.get(name)
        if found is None:
            return HttpResponse(404, (("x-amzn-ErrorType", "NotFoundException"),), b"{}")
        return found if isinstance(found, HttpResponse) else HttpResponse(200, (), json.dumps(found).encode())

    async def awaited(self, request: HttpRequest) -> Answer:
        """The same."""
        return self(request)

    def domain_fault(self) -> str | None:
        """What comes of asking both ways, which is the same."""
        provider: VerifyingProvider = SesProvider(codec(), self)
        found = provider.domain_fault(NAME)
        assert asyncio.run(AsyncSesProvider(codec(), self.awaited).domain_fault(NAME)) == found
        return found

    def quota(self) -> Quota | str:
        """Likewise."""
        provider: MeteredProvider = SesProvider(codec(), self)
        found = provider.quota()
        assert asyncio.run(AsyncSesProvider(codec(), self.awaited).quota()) == found
        return found


@pytest.mark.parametrize(
    ("identities", "says"),
    [
        ({NAME: VERIFIED}, None),
        ({"example.co.uk": VERIFIED}, None),
        ({NAME: PENDING}, "SES has not verified the domain for sending; it says: PENDING"),
        ({NAME: PENDING, "example.co.uk": VERIFIED}, "it says: PENDING"),
        ({"example.co.uk": PENDING}, "example.co.uk, which covers it: SES has not verified the domain"),
        ({"other.example": VERIFIED}, "SES does not know the domain in this region: add it there"),
        ({NAME: HttpResponse(403)}, "HTTP 403"),
        ({NAME: HttpResponse(200, (), b"<html>")}, "the body is no Identity"),
        ({NAME: {}}, "it says: nothing"),
    ],
)
def test_a_domain_may_send_by_its_own_identity_or_one_above(identities: dict[str, Any], says: str | None) -> None:
    """The nearest identity that SES knows decides; what cannot be read says no."""
    fault = Region(identities).domain_fault()
    assert fault is None if says is None else says in str(fault)


@pytest.mark.parametrize(
    ("status", "on_failure", "may"),
    [
        ("SUCCESS", "REJECT_MESSAGE", True),
        ("PENDING", "USE_DEFAULT_VALUE", True),
        ("PENDING", "REJECT_MESSAGE", False),
        ("FAILED", "REJECT_MESSAGE", False),
    ],
)
def test_an_envelope_that_would_be_refused_counts(status: str, on_failure: str, may: bool) -> None:
    """A MAIL FROM domain without its MX record stops mail, where SES is told that it shall."""
    envelope = {"MailFromDomain": "b.example", "MailFromDomainStatus": status, "BehaviorOnMxFailure": on_failure}
    fault = Region({NAME: {**VERIFIED, "MailFromAttributes": envelope}}).domain_fault()
    assert (fault is None) is may


def test_no_more_is_asked_than_it_takes() -> None:
    """One request for each domain from this one up, none beyond the first that is known."""
    region = Region({"example.co.uk": VERIFIED})
    SesProvider(codec(), region).domain_fault(NAME)
    assert region.asked == [NAME, "example.co.uk"]


def account(most: float, rate: float, sent: float, **more: Any) -> dict[str, Any]:
    """An account as GetAccount tells of it."""
    quota = {"Max24HourSend": most, "MaxSendRate": rate, "SentLast24Hours": sent}
    return {"SendQuota": quota, "SendingEnabled": True, "ProductionAccessEnabled": True, **more}


@pytest.mark.parametrize(
    ("told", "quota", "left"),
    [
        (account(50_000, 14, 49_990, EnforcementStatus="HEALTHY"), Quota(14, 50_000, 49_990), 10),
        (account(200, 1, 230.0, ProductionAccessEnabled=False), Quota(1, 200, 230), 0),
        (account(-1, 500.5, 12), Quota(500.5, None, 12), None),
        (account(-1, 5, 0, SendingEnabled=False), Quota(5, None, 0, "sending is paused for the account"), 0),
        (account(9, 5, 0, EnforcementStatus="SHUTDOWN"), Quota(5, 9, 0, "AWS has shut the account down"), 0),
    ],
)
def test_the_quota_is_what_the_account_may_send(told: dict[str, Any], quota: Quota, left: int | None) -> None:
    """Recipients a second and in 24 hours, and a second's worth of them for the pace."""
    found = Region(account=told).quota()
    assert isinstance(found, Quota)
    assert (found.per_second, found.per_day, found.sent) == (quota.per_second, quota.per_day, quota.sent)
    assert str(found.stopped).startswith(str(quota.stopped))
    assert found.left == left
    assert found.rate == Rate(quota.per_second, int(quota.per_second))


@pytest.mark.parametrize(
    ("told", "says"),
    [
        (HttpResponse(403), "HTTP 403"),
        (HttpResponse(200, (), b"[]"), "the answer holds no quota"),
        (account(10, 0, 0), "SES tells a quota that is none: a quota is above 0 messages a second"),
        (account(-7, 1, 0), "a quota counts from 0"),
        (account(float("inf"), 1, 0), "SES tells a quota that is none"),
    ],
)
def test_a_quota_that_cannot_be_read_says_why(told: Any, says: str) -> None:
    """In words, never as a number that somebody made up."""
    assert says in str(Region(account=told).quota())


@given(worlds())
def test_any_world_has_an_answer(world: World) -> None:
    """Whatever comes back, it is a verdict or a reason, and never an exception; nothing strange says yes."""
    answer: Answer = NoAnswer(Sent.MAYBE, "timeout") if isinstance(world, NoWord) else HttpResponse(*world)
    provider = SesProvider(codec(), lambda _: answer)
    assert isinstance(provider.domain_fault(NAME), str)
    assert isinstance(provider.quota(), str)
