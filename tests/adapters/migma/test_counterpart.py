"""Sending to the stand-in: accepted by its rules, once, and with one opt-out in what the mailbox receives."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

import pytest
from migma_http import AiohttpTransport, Limits
from migma_platform import MigmaPlatform
from migma_platform.testing import Counterpart, Fault

from migma_core import Accepted, Batch, NotSent, Outcome, Rejected, Scope, Unknown
from tests.support.batches import attempt_for, batch_for, compiled_for
from tests.support.counting_server import Manner, answering, counting_server, dropping, silent

Send = Callable[[Counterpart, str, Batch], Outcome]
QUICK = {"connect_seconds": 0.5, "whole_seconds": 1.0}


def sent(there: Counterpart, project: str, batch: Batch) -> Outcome:
    """Hand over, synchronously."""
    provider = MigmaPlatform.connect(there.settings(project, **QUICK))
    try:
        parcel = provider.encode(batch)
        (outcome,) = provider.hand_over(batch, parcel, attempt_for(batch, parcel))
        return outcome
    finally:
        provider.close()


def sent_async(there: Counterpart, project: str, batch: Batch) -> Outcome:
    """Hand over, in an event loop."""

    async def go() -> Outcome:
        settings = there.settings(project, **QUICK)
        async with AiohttpTransport(Limits(0.5, 1.0)) as transport:
            provider = MigmaPlatform.connect_async(settings, transport)
            parcel = provider.encode(batch)
            (outcome,) = await provider.hand_over(batch, parcel, attempt_for(batch, parcel))
            return outcome

    return asyncio.run(go())


both = pytest.mark.parametrize("send", [sent, sent_async])


@pytest.fixture
def ready(there: Counterpart, project: str) -> str:
    """The project, with the sender's domain verified and the recipient known there."""
    there.world.domain("acme.example.com")
    there.world.person(project, "person0@example.com")
    return project


@both
def test_marketing_has_exactly_one_opt_out(there: Counterpart, ready: str, send: Send) -> None:
    """One List-Unsubscribe, one link, one footer: Migma's (R26 to R30)."""
    assert isinstance(send(there, ready, batch_for(compiled_for())), Accepted)
    (mail,) = there.world.mails
    assert mail.marketing
    assert list(mail.headers) == ["List-Unsubscribe", "List-Unsubscribe-Post"]
    assert mail.html.lower().count("unsubscribe") == 1
    assert mail.html.count("1 Main Street") == 1


@both
def test_transactional_mail_has_none(there: Counterpart, ready: str, send: Send) -> None:
    """And reaches who left the newsletter, at Migma as well (R11)."""
    there.world.set_status(there.world.people(ready)[0], "unsubscribed")
    assert isinstance(send(there, ready, batch_for(compiled_for(transactional=True))), Accepted)
    (mail,) = there.world.mails
    assert not mail.headers
    assert "nsubscribe" not in mail.html


@both
def test_what_was_decided_there_holds(there: Counterpart, ready: str, send: Send) -> None:
    """Marketing to somebody who left at Migma is accepted by the call, and suppressed there (R9)."""
    there.world.set_status(there.world.people(ready)[0], "unsubscribed")
    assert isinstance(send(there, ready, batch_for(compiled_for())), Accepted)
    assert there.world.mails == []
    assert there.world.log[-1]["suppression_reason"] == "unsubscribed"


@both
def test_the_same_attempt_twice_is_sent_once(there: Counterpart, ready: str, send: Send) -> None:
    """Also where the first answer was lost on its way (R63)."""
    there.faults.append(Fault(late=True))
    batch = batch_for(compiled_for())
    assert isinstance(send(there, ready, batch), Unknown)
    again = send(there, ready, batch)
    assert isinstance(again, Accepted)
    assert again.provider_id == there.world.log[0]["tracking_id"]
    assert len(there.world.mails) == 1


@both
def test_a_sender_who_may_not_is_the_accounts_fault(there: Counterpart, project: str, send: Send) -> None:
    """The stream pauses: no recipient is to blame (R38)."""
    outcome = send(there, project, batch_for(compiled_for()))
    assert isinstance(outcome, Rejected)
    assert (outcome.scope, "not verified" in outcome.why) == (Scope.ACCOUNT, True)
    assert there.world.log == []


@both
def test_a_limit_is_waited_for(there: Counterpart, ready: str, send: Send) -> None:
    """Nothing was sent, and Migma says when to come back."""
    there.per_minute = 0
    there.faults.append(Fault(429, (("Retry-After", "7"),)))
    assert send(there, ready, batch_for(compiled_for())) == NotSent("HTTP 429", 7.0)


FAULTS: dict[str, tuple[Manner, type[Outcome]]] = {
    "500": (answering(500), Unknown),
    "503": (answering(503, "Retry-After: 1\r\n"), Unknown),
    "429": (answering(429, "Retry-After: 1\r\n"), NotSent),
    "dropped": (dropping, Unknown),
    "slow": (silent, Unknown),
}


@both
@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_one_attempt_is_one_request(there: Counterpart, fault: str, send: Send) -> None:
    """Whatever goes wrong, the server has counted exactly one request, and it was whole."""
    manner, kind = FAULTS[fault]
    with counting_server(manner) as server:
        there.url = f"{server.url}/v1"
        outcome = send(there, "p", batch_for(compiled_for()))
    assert server.count == 1
    assert json.loads(server.requests[0].partition(b"\r\n\r\n")[2])["recipientEmail"] == "person0@example.com"
    assert isinstance(outcome, kind)


def test_a_domain_is_asked_for(there: Counterpart, project: str) -> None:
    """Verified, managed, waiting, suspended, unknown: each is told in a sentence, or the reason nobody can tell."""
    world = there.world
    world.domain("news.example.com", verified=False)
    world.domain("bad.example.com", status="suspended")
    world.domain("acme.migma.email")
    provider = MigmaPlatform.connect(there.settings(project))
    told = {
        "mail.example.com": None,
        "acme.migma.email": None,
        "news.example.com": "Migma says of the domain: pending",
        "bad.example.com": "Migma says of the domain: suspended",
        "other.example.com": "Migma does not know the domain: add it there",
        "other.migma.email": "Migma does not know the domain: add it there",
    }
    for name, says in told.items():
        assert provider.domain_fault(name) == says
    there.faults.append(Fault(500))
    assert "HTTP 500" in (provider.domain_fault("mail.example.com") or "")
    provider.close()
