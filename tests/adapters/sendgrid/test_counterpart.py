"""SendGrid's official description, served by Prism: our requests are those it documents."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from migma_http import (
    HttpProvider,
    HttpRequest,
    HttpResponse,
    Secret,
    Urllib3Transport,
    check_domain,
)
from migma_sendgrid import SendGrid, SendGridCodec, SendGridSettings
from pydantic import SecretStr

from migma_core import Accepted, Attachment
from tests.support.answers import in_words
from tests.support.batches import attempt_for, batch_for, compiled_for
from tests.support.colours import COLOURS, HandOver, preferring
from tests.support.http_worlds import KEY
from tests.support.kinds import PEOPLE, kinds_of_batches
from tests.support.prism import prism

FILES = (Attachment("a.pdf", b"%PDF", "application/pdf"), Attachment("logo.png", b"PNG", "image/png", "logo"))
BATCHES = {**kinds_of_batches(), "files": batch_for(compiled_for(attachments=FILES), PEOPLE)}


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The description of mail/send."""
    with prism("sendgrid-mail-v3.prism.json") as url:
        yield url


def settings(url: str) -> SendGridSettings:
    """With a base URL on loopback, as the switch allows."""
    return SendGridSettings(api_key=SecretStr(KEY), base_url=url, allow_loopback=True)


@pytest.mark.parametrize("hand_over", COLOURS)
@pytest.mark.parametrize("name", sorted(BATCHES))
def test_what_we_send_is_what_it_documents(server: str, name: str, hand_over: HandOver) -> None:
    """Every kind of batch is accepted, by either driver."""
    batch = BATCHES[name]
    outcomes = hand_over(SendGrid, settings(server), batch)
    assert [type(one) for one in outcomes] == [Accepted] * len(batch.deliveries)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (400, "rejected request"),
        (401, "rejected account"),
        (413, "rejected request"),
        (429, "not_sent"),
        (500, "unknown"),
    ],
)
def test_what_it_documents_is_what_we_read(server: str, status: int, expected: str) -> None:
    """Its documented answers come out as the outcomes they are."""
    codec, batch = SendGridCodec(Secret(KEY), server), BATCHES["plain"]

    with Urllib3Transport() as transport:
        provider = HttpProvider(codec, preferring(transport, status))
        parcel = provider.encode(batch)
        (outcome,) = in_words(provider.hand_over(batch, parcel, attempt_for(batch, parcel)))
    assert outcome.startswith(expected)


def test_prism_refuses_what_is_not_documented(server: str) -> None:
    """The counterpart is no yes-man: a body without recipients is refused."""
    with Urllib3Transport() as transport:
        headers = (("Authorization", "Bearer x"), ("Content-Type", "application/json"))
        answer = transport(HttpRequest("POST", f"{server}/v3/mail/send", headers, b'{"personalizations": []}'))
    assert isinstance(answer, HttpResponse)
    assert answer.status in {400, 422}


def test_a_domain_is_asked_for_as_documented() -> None:
    """The search for a domain is a request it knows, and its example answer is read."""
    with prism("sendgrid-domain-authentication-v3.official.json") as url:
        provider = SendGrid.connect(settings(url))
        try:
            found = check_domain(SendGridCodec(Secret(KEY), url), provider.ask, "example.com")
        finally:
            provider.close()
    assert found.unwrap().name == "example.com"
