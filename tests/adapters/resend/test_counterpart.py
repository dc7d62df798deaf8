"""Resend's official description, served by Prism: our requests are those it documents."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from migma_http import HttpRequest, HttpResponse, Secret, Urllib3Transport, check_domain
from migma_resend import Resend, ResendCodec, ResendSettings
from pydantic import SecretStr

from migma_core import Accepted, Attachment
from tests.support.batches import batch_for, compiled_for
from tests.support.colours import COLOURS, HandOver
from tests.support.http_worlds import KEY
from tests.support.kinds import PEOPLE, kinds_of_batches
from tests.support.prism import prism

FILES = (Attachment("a.pdf", b"%PDF", "application/pdf"), Attachment("logo.png", b"PNG", "image/png", "logo"))
BATCHES = {**kinds_of_batches(kept=PEOPLE[:1]), "files": batch_for(compiled_for(attachments=FILES))}


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The description, with misspelt fields refused."""
    with prism("resend.prism.json") as url:
        yield url


def settings(url: str) -> ResendSettings:
    """With a base URL on loopback, as the switch allows."""
    return ResendSettings(api_key=SecretStr(KEY), base_url=url, allow_loopback=True)


@pytest.mark.parametrize("hand_over", COLOURS)
@pytest.mark.parametrize("name", sorted(BATCHES))
def test_what_we_send_is_what_it_documents(server: str, name: str, hand_over: HandOver) -> None:
    """Every kind of batch is accepted, by either driver."""
    batch = BATCHES[name]
    outcomes = hand_over(Resend, settings(server), batch)
    assert [type(one) for one in outcomes] == [Accepted] * len(batch.deliveries)


def test_prism_refuses_what_is_not_documented(server: str) -> None:
    """The counterpart is no yes-man: a field that nobody documents is refused."""
    with Urllib3Transport() as transport:
        headers = (("Authorization", "Bearer x"), ("Content-Type", "application/json"))
        body = b'{"from": "a@b.example", "to": "c@d.example", "subject": "Hi", "sujet": "Hi"}'
        answer = transport(HttpRequest("POST", f"{server}/emails", headers, body))
    assert isinstance(answer, HttpResponse)
    assert answer.status in {400, 422}


def test_a_domain_is_asked_for_as_documented(server: str) -> None:
    """The list of domains is a request it knows, and its example answer is read: not verified yet."""
    provider = Resend.connect(settings(server))
    try:
        found = check_domain(ResendCodec(Secret(KEY), server), provider.ask, "example.com")
    finally:
        provider.close()
    assert not found.unwrap().may_send
