"""Mailgun's official description, served by Prism: our requests are those it documents."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from migma_http import (
    Answer,
    HttpProvider,
    HttpRequest,
    HttpResponse,
    Secret,
    Urllib3Transport,
    check_domain,
)
from migma_mailgun import Mailgun, MailgunCodec, MailgunSettings
from migma_mailgun.form import Field, content_type, form
from pydantic import SecretStr

from migma_core import Accepted, Attachment
from tests.support.answers import in_words
from tests.support.batches import attempt_for, batch_for, compiled_for, copied_batch
from tests.support.colours import COLOURS, HandOver, preferring
from tests.support.http_worlds import KEY
from tests.support.kinds import PEOPLE, kinds_of_batches
from tests.support.prism import prism

PDF = Attachment("Übersicht.pdf", b"%PDF", "application/pdf")
FILES = (PDF, Attachment("logo.png", b"PNG", "image/png", "logo.png"))
BATCHES = {
    **kinds_of_batches(),
    "files": batch_for(compiled_for(attachments=FILES), PEOPLE),
    "mime": batch_for(compiled_for(attachments=(PDF, Attachment("logo.png", b"PNG", "image/png", "logo")))),
    "copied mime": copied_batch(attachments=(Attachment("logo.png", b"PNG", "image/png", "logo"),)),
}


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The description of sending, in both shapes."""
    with prism("mailgun-v3.prism.json") as url:
        yield url


def settings(url: str) -> MailgunSettings:
    """With a base URL on loopback, as the switch allows."""
    return MailgunSettings(api_key=SecretStr(KEY), base_url=url, allow_loopback=True)


@pytest.mark.parametrize("hand_over", COLOURS)
@pytest.mark.parametrize("name", sorted(BATCHES))
def test_what_we_send_is_what_it_documents(server: str, name: str, hand_over: HandOver) -> None:
    """Every kind of batch is accepted, by either driver, under the id that it names."""
    batch = BATCHES[name]
    assert hand_over(Mailgun, settings(server), batch) == (Accepted("message-id"),) * len(batch.deliveries)


@pytest.mark.parametrize("name", ["plain", "mime"])
@pytest.mark.parametrize(
    ("status", "expected"),
    [(400, "rejected"), (401, "rejected account"), (429, "not_sent 120"), (500, "unknown")],
)
def test_what_it_documents_is_what_we_read(server: str, name: str, status: int, expected: str) -> None:
    """Its documented answers come out as the outcomes they are, for either shape."""
    codec, batch = MailgunCodec(Secret(KEY), server), BATCHES[name]

    with Urllib3Transport() as transport:
        provider = HttpProvider(codec, preferring(transport, status))
        parcel = provider.encode(batch)
        (outcome,) = in_words(provider.hand_over(batch, parcel, attempt_for(batch, parcel)))
    assert outcome.startswith(expected)


@pytest.mark.parametrize(
    "field", [Field("to", "a@example.com"), Field("o:tracking", "perhaps")], ids=["no sender", "no such option"]
)
def test_prism_refuses_what_is_not_documented(server: str, field: Field) -> None:
    """The counterpart is no yes-man: a form without a sender, or with a word it does not know, is refused."""
    body = form([Field("to", "a@example.com"), Field("subject", "Hi"), field])
    with Urllib3Transport() as transport:
        headers = (("Authorization", "Basic YTpi"), ("Content-Type", content_type(body)))
        answer = transport(HttpRequest("POST", f"{server}/v3/acme.example.com/messages", headers, body))
    assert isinstance(answer, HttpResponse)
    assert answer.status in {400, 422}


def test_a_domain_is_asked_for_as_documented() -> None:
    """
    Both questions are requests that it knows, and its example answers are read: active, and refused for its tracking
    of unsubscribes.
    """
    asked: list[str] = []
    with prism("mailgun-v3.official.yaml") as url, Urllib3Transport() as transport:

        def noting(request: HttpRequest) -> Answer:
            asked.append(request.url.removeprefix(url))
            return transport(request)

        found = check_domain(MailgunCodec(Secret(KEY), url), noting, "example.com").unwrap()
    assert asked == ["/v4/domains/example.com", "/v3/domains/example.com/tracking"]
    assert not found.may_send
    assert "tracking of unsubscribes is on" in found.why
