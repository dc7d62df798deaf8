"""SES's official model, served by Prism, and moto's SES: they know our requests, and their answers are read."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.session import Session
from migma_http import AiohttpTransport, Answer, HttpProvider, HttpRequest, HttpResponse, Urllib3Transport
from migma_ses import Encoder, Ses, SesProvider, SesSettings

from migma_core import Accepted, Address, Attachment, Batch, Outcome, Rejected, Scope
from migma_core.message.certificate import certify_mime
from tests.adapters.ses.connecting import KEY_ID, REGION, SECRETS, codec
from tests.support.answers import in_words
from tests.support.batches import attempt_for, batch_for, compiled_for, copied_batch
from tests.support.moto import moto, sent_mails
from tests.support.prism import prism

Send = Callable[[str, Batch], tuple[Outcome, ...]]
FILES = (Attachment("a.pdf", b"%PDF", "application/pdf"), Attachment("logo.png", b"PNG", "image/png", "logo"))
PEOPLE = [{"name": "Ada"}, {"name": 'Bo "</p>'}, {"name": ""}]
CONTENTS: dict[str, dict[str, Any]] = {
    "marketing": {"headers": {"X-Campaign": "spring"}},
    "transactional": {"transactional": True, "reply_to": Address("help", "acme.example.com")},
    "files": {"attachments": FILES},
    "marked": {"transactional": True, "labels": ("receipt",), "metadata": {"order": "o-1"}},
    "plain": {"subject": "Hi", "html": "", "text": "Hi", "transactional": True},
}
RAW = batch_for(compiled_for(attachments=(Attachment("Übersicht.pdf", b"%PDF", "application/pdf"),)))
BATCHES = {
    "raw": RAW,
    "copied": copied_batch(cc=2, bcc=2),
    "copied and raw": copied_batch(attachments=(Attachment("Übersicht.pdf", b"%PDF", "application/pdf"),)),
    **{name: batch_for(compiled_for(**fields), [{"name": "Ada"}]) for name, fields in CONTENTS.items()},
    **{f"{name} in bulk": batch_for(compiled_for(**fields), PEOPLE) for name, fields in CONTENTS.items()},
}


@pytest.fixture(scope="module")
def model() -> Iterator[str]:
    """AWS's own model of the service, which refuses fields and lengths that it does not know."""
    with prism("ses-v2.prism.json") as url:
        yield url


@pytest.fixture(scope="module")
def account() -> Iterator[str]:
    """An account that has verified our sender's domain, made with AWS's own client."""
    with moto() as url:
        keys = {"aws_access_key_id": KEY_ID, "aws_secret_access_key": SECRETS[1]}
        client = Session().create_client("sesv2", region_name=REGION, endpoint_url=url, **keys)
        client.create_email_identity(EmailIdentity="acme.example.com")
        yield url


def settings(url: str, **more: Any) -> SesSettings:
    """With a base URL on loopback, as the switch allows."""
    keys = {"access_key_id": KEY_ID, "secret_access_key": SECRETS[1]}
    return SesSettings(region=REGION, base_url=url, allow_loopback=True, **keys, **more)


def sent(url: str, batch: Batch) -> tuple[Outcome, ...]:
    """Hand over, synchronously."""
    provider = Ses.connect(settings(url, bulk=True))
    try:
        parcel = provider.encode(batch)
        return provider.hand_over(batch, parcel, attempt_for(batch, parcel))
    finally:
        provider.close()


def sent_async(url: str, batch: Batch) -> tuple[Outcome, ...]:
    """Hand over, in an event loop."""

    async def go() -> tuple[Outcome, ...]:
        async with AiohttpTransport() as transport:
            provider = Ses.connect_async(settings(url, bulk=True), transport)
            parcel = provider.encode(batch)
            return await provider.hand_over(batch, parcel, attempt_for(batch, parcel))

    return asyncio.run(go())


@pytest.mark.parametrize("send", [sent, sent_async])
@pytest.mark.parametrize("name", sorted(name for name in BATCHES if "bulk" not in name))
def test_what_we_send_is_what_the_model_says(model: str, name: str, send: Send) -> None:
    """Every kind of mail is accepted, by either driver, with the id that was told."""
    outcomes = send(model, BATCHES[name])
    assert len(outcomes) == len(BATCHES[name].deliveries)
    assert all(isinstance(one, Accepted) and one.provider_id for one in outcomes)


@pytest.mark.parametrize("name", sorted(name for name in BATCHES if "bulk" in name))
def test_what_we_send_in_bulk_is_what_the_model_says(model: str, name: str) -> None:
    """Prism tells of one destination whatever was sent: the request was taken, and the rest is not made up."""
    violations: list[str | None] = []

    with Urllib3Transport() as transport:

        def watched(request: HttpRequest) -> Answer:
            answer = transport(request)
            assert isinstance(answer, HttpResponse)
            violations.append(answer.one("sl-violations"))
            assert answer.status == 200
            return answer

        provider = HttpProvider(codec(Encoder(bulk=True), model), watched)
        parcel = provider.encode(BATCHES[name])
        outcomes = provider.hand_over(BATCHES[name], parcel, attempt_for(BATCHES[name], parcel))
    assert [one.kind for one in outcomes] == ["unknown"] * len(PEOPLE)
    assert violations == [None]


@pytest.mark.parametrize(
    ("prefer", "expected"),
    [
        ("code=400, example=AccountSuspendedException", "rejected account"),
        ("code=400, example=LimitExceededException", "rejected account"),
        ("code=400, example=SendingPausedException", "rejected account"),
        ("code=400, example=MailFromDomainNotVerifiedException", "rejected account"),
        ("code=400, example=MessageRejected", "rejected request"),
        ("code=400, example=BadRequestException", "rejected request"),
        ("code=404", "rejected account"),
        ("code=429", "not_sent"),
        ("code=500", "unknown"),
    ],
)
@pytest.mark.parametrize("name", ["plain", "plain in bulk"])
def test_every_error_of_the_model_is_read(model: str, prefer: str, expected: str, name: str) -> None:
    """Its documented answers come out as the outcomes they are, for one mail and for many."""
    batch = BATCHES[name]

    with Urllib3Transport() as transport:

        def preferring(request: HttpRequest) -> Answer:
            headers = (*request.headers, ("Prefer", prefer))
            answer = transport(HttpRequest("POST", request.url, headers, request.body))
            assert isinstance(answer, HttpResponse)
            return HttpResponse(answer.status, (), answer.body)  # its header names the first type, whatever was asked

        provider = HttpProvider(codec(Encoder(bulk=True), model), preferring)
        parcel = provider.encode(batch)
        outcomes = in_words(provider.hand_over(batch, parcel, attempt_for(batch, parcel)))
    assert outcomes == [expected] * len(batch.messages)


@pytest.mark.parametrize(
    "body",
    [
        b'{"Content": {"Simple": {"Subject": {"Data": "Hi"}, "Body": {}}}, "Sender": "a@b.example"}',
        b'{"Content": {"Simple": {"Subject": {"Data": "Hi"}, "Body": {}, "Headers": [{"Name": "X", "Value": ""}]}}}',
        b'{"FromEmailAddress": "a@b.example"}',
    ],
)
def test_prism_refuses_what_the_model_does_not_say(model: str, body: bytes) -> None:
    """The counterpart is no yes-man: an unknown field, an empty header and a mail without content are refused."""
    with Urllib3Transport() as transport:
        headers = (("Content-Type", "application/json"), ("Authorization", "x"))
        answer = transport(HttpRequest("POST", f"{model}/v2/email/outbound-emails", headers, body))
    assert isinstance(answer, HttpResponse)
    assert answer.status in {400, 422}


def test_domains_and_quota_are_asked_for_as_documented(model: str) -> None:
    """Requests that it knows, with example answers that are read: a domain that may send, and a quota of nothing."""
    provider = Ses.connect(settings(model))
    try:
        assert provider.domain_fault("example.com") is None
        assert "a quota is above 0 messages a second; 0.0 was given" in str(provider.quota())
    finally:
        provider.close()


@pytest.mark.parametrize("send", [sent, sent_async])
def test_a_simple_mail_arrives(account: str, send: Send) -> None:
    """What moto keeps is what was meant, and the id is the one it gave."""
    batch = batch_for(compiled_for("Grüße, {{name}}", "<p>{{name}}</p>", transactional=True), [{"name": "Ada & Bo"}])
    before = len(sent_mails(account, "Message"))
    (outcome,) = send(account, batch)
    assert isinstance(outcome, Accepted)
    (mail,) = sent_mails(account, "Message")[before:]
    assert mail["id"] == outcome.provider_id
    assert (mail["source"], mail["subject"]) == ("Acme <news@acme.example.com>", "Grüße, Ada & Bo")
    assert mail["destinations"] == {"ToAddresses": ["person0@example.com"]}
    assert "<p>Ada &amp; Bo</p>" in mail["body"]


def test_a_raw_mail_arrives_octet_by_octet(account: str) -> None:
    """It passes every check that our own octets pass."""
    (outcome,) = sent(account, RAW)
    assert isinstance(outcome, Accepted)
    found = next(one for one in sent_mails(account, "RawMessage") if one["id"] == outcome.provider_id)
    assert certify_mime(found["raw_data"].encode(), RAW.messages[0]) == ()
    assert set(found["destinations"]) == {"person0@example.com"}


def test_a_sender_that_is_not_verified_pauses(account: str) -> None:
    """It is refused in SES's words, as the account's fault, and what to do is said."""
    batch = batch_for(compiled_for(sender=Address("news", "other.example")))
    with Urllib3Transport() as transport:
        provider = SesProvider(codec(base_url=account), transport)
        parcel = provider.encode(batch)
        (outcome,) = provider.hand_over(batch, parcel, attempt_for(batch, parcel))
        assert provider.domain_fault("other.example") == "SES does not know the domain in this region: add it there"
        # moto sends for a domain and yet says that it is not verified for sending: the field that counts is read
        assert "has not verified" in str(provider.domain_fault("acme.example.com"))
    assert isinstance(outcome, Rejected)
    assert outcome.scope is Scope.ACCOUNT
    assert "verify the domain" in outcome.why
