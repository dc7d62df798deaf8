"""The codec: purpose always said, nothing doubled or dropped, nothing that Migma would fill (R1 to R5, R26 to R31)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from migma_http import Secret
from migma_platform import CAPABILITIES, Api, CannotCarry, MigmaCodec, MigmaPlatform, PlatformSettings
from migma_platform.body import encode
from pydantic import SecretStr

from migma_core import (
    MIGMA,
    Address,
    Approval,
    Attachment,
    Batch,
    Message,
    OneAddress,
    Topic,
    TopicId,
    approve,
    facts_about,
)
from tests.support.batches import (
    NOW,
    attempt_for,
    batch_for,
    compiled_for,
    delivery_id,
    message_for,
    opt_out_link,
    person,
)
from tests.support.http_worlds import KEY
from tests.support.texts import texts

OFFERS = TopicId("f" * 32)
CODEC = MigmaCodec(Api(Secret(KEY)), "proj_1", topics={OFFERS: "topic_1"})


def body_of(batch: Batch) -> dict[str, Any]:
    """The request as JSON."""
    found: dict[str, Any] = json.loads(CODEC.encode(batch).bodies[0])
    return found


def test_one_message_is_one_direct_send() -> None:
    """Exactly these fields leave for a plain marketing message, and no other."""
    batch = batch_for(compiled_for(reply_to=Address("help", "acme.example.com")), [{"name": "Ada"}])
    assert body_of(batch) == {
        "recipientType": "email",
        "recipientEmail": "person0@example.com",
        "from": "news@acme.example.com",
        "fromName": "Acme",
        "subject": "Hello Ada",
        "template": '<html><body><p>Hello Ada, <a href="https://example.com/a">read on</a>.</p></body></html>',
        "projectId": "proj_1",
        "providerType": "migma",
        "transactional": False,
        "replyTo": "help@acme.example.com",
    }


@pytest.mark.parametrize("transactional", [True, False])
@pytest.mark.parametrize("single", [True, False])
def test_the_purpose_is_always_said(transactional: bool, single: bool) -> None:
    """Whatever the recipients imply here or there, ``transactional`` is what was decided (R1 to R5)."""
    to: dict[str, Any] = {"recipients": OneAddress(Address("person0", "example.com"))} if single else {}
    batch = batch_for(compiled_for(transactional=transactional, **to))
    assert body_of(batch)["transactional"] is transactional


def test_no_footer_and_no_link_of_ours_leaves() -> None:
    """Marketing has neither our link, nor address, nor headers: Migma adds its own, and nobody sees two (R30)."""
    batch = batch_for(compiled_for())
    body, said = body_of(batch), CODEC.encode(batch).bodies[0].decode()
    assert "headers" not in body
    for ours in ("Unsubscribe", "1 Main Street", batch.messages[0].unsubscribe_url or "", "List-"):
        assert ours not in said


def test_transactional_mail_keeps_a_link_that_its_author_placed() -> None:
    """There Migma adds none, so ours stands, filled (A28)."""
    compiled = compiled_for("Hi", '<p><a href="{{unsubscribe_url}}">leave</a></p>', transactional=True)
    batch = batch_for(compiled)
    assert f'href="{batch.messages[0].unsubscribe_url}"' in body_of(batch)["template"]


def on_topic(**fields: Any) -> Batch:
    """A message on a topic, to somebody who did not leave it."""
    compiled, topic = compiled_for(topic=OFFERS, **fields), Topic(OFFERS, "Offers")
    facts = facts_about(person(), compiled.purpose, topic=topic)
    approval = approve(MIGMA, facts, compiled.request, NOW)
    assert isinstance(approval, Approval)
    return Batch.of(compiled, [Message.of(approval, compiled, delivery_id(), {}, opt_out_link())], NOW)


def test_a_topic_goes_along_under_migmas_name_of_it() -> None:
    """So a choice made there counts as well (R20); transactional mail has no topic to respect (R19)."""
    assert body_of(on_topic())["topicId"] == "topic_1"
    assert "topicId" not in body_of(on_topic(transactional=True))
    stranger = MigmaCodec(Api(Secret(KEY)), "proj_1")
    with pytest.raises(CannotCarry, match="run migma sync"):
        stranger.encode(on_topic())
    assert stranger.knowing({OFFERS: "topic_1"}).encode(on_topic()) == CODEC.encode(on_topic())


def test_a_line_that_names_an_advertisement_stays() -> None:
    """It is the brand's, and Migma does not know it (N-04)."""
    from dataclasses import replace

    from migma_core import compile_content
    from tests.support.batches import BRAND, request_for

    compiled = compile_content(request_for(), replace(BRAND, advertisement="(AD)"))
    assert "(AD)</p></body>" in body_of(batch_for(compiled))["template"]
    quiet = compile_content(request_for(transactional=True), replace(BRAND, advertisement="(AD)"))
    assert "(AD)" not in body_of(batch_for(quiet))["template"]


@given(texts())
def test_no_value_is_a_place_that_migma_fills(value: str) -> None:
    """Whatever a value holds, the page has no two braces in a row, and reads as it was meant."""
    compiled = compiled_for("Hi", "<p title='{{x}}'>{{x}}{{x}}</p>", transactional=True)
    batch = batch_for(compiled, [{"x": value}])
    page = body_of(batch)["template"]
    assert "{{" not in page
    assert compiled.html is not None
    assert page.replace("{&#123;", "{{") == compiled.html.render(batch.messages[0].values)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"attachments": (Attachment("a.pdf", b"%PDF", "application/pdf"),)}, "attachments"),
        ({"text": "Hello"}, "a text of your own"),
        ({"headers": {"X-Campaign": "spring"}}, "headers of your own: leave out X-Campaign"),
        ({"labels": ("spring",)}, "labels and metadata"),
        ({"metadata": {"order": "1"}}, "labels and metadata"),
        ({"sender_name": "A {{b}}"}, "a sender's name with {{"),
        ({"reply_to": Address("jürgen", "example.com")}, "reply-to address has a non-ASCII local part"),
        ({"html": "", "text": "Hello"}, "a text of your own"),
        ({"html": "<p><a href='{{unsubscribe_url}}'>x</a></p>"}, "take it out of the template"),
    ],
)
def test_what_cannot_be_carried_is_refused_by_name(fields: dict[str, Any], says: str) -> None:
    """Before anything is sent, with what to change."""
    with pytest.raises(CannotCarry, match=says):
        CODEC.encode(batch_for(compiled_for(**fields)))


def test_a_subject_with_migmas_mark_is_refused_alone() -> None:
    """Braces cannot be written otherwise in a subject: the row is refused, and no mail is filled from elsewhere."""
    with pytest.raises(CannotCarry, match="with this recipient's values"):
        CODEC.encode(batch_for(compiled_for(transactional=True), [{"name": "{{email}}"}]))


def test_each_message_goes_by_itself() -> None:
    """Migma's sends to many go to an audience that is kept there, and an approval is for one address (design D9)."""
    with pytest.raises(CannotCarry, match="one by one"):
        CODEC.encode(batch_for(compiled_for(), [{}, {}]))
    compiled = compiled_for()
    abroad = message_for(compiled, address=Address("jürgen", "example.com"))
    with pytest.raises(CannotCarry, match=f"delivery {delivery_id()} has a non-ASCII local part"):
        CODEC.encode(Batch.of(compiled, [abroad], NOW))


def test_the_attempts_key_goes_along_and_the_body_stays_the_same() -> None:
    """The same attempt has the same key and octets; another has another key (R63)."""
    batch = batch_for(compiled_for())
    parcel = CODEC.encode(batch)
    one, again, other = (CODEC.request(batch, parcel, attempt_for(batch, parcel, fence)) for fence in (1, 1, 2))
    keys = [dict(request.headers)["Idempotency-Key"] for request in (one, again, other)]
    assert keys[0] == keys[1] != keys[2]
    assert max(map(len, keys)) <= 100
    assert one.body == other.body == encode(batch, "proj_1")
    assert (one.method, one.url) == ("POST", "https://api.migma.ai/v1/sending")


def test_the_key_is_seen_nowhere() -> None:
    """Neither settings nor provider nor request print it."""
    settings = PlatformSettings(api_key=SecretStr(KEY), project_id="p")
    provider = MigmaPlatform.connect(settings)
    batch = batch_for(compiled_for())
    parcel = provider.encode(batch)
    request = provider.codec.request(batch, parcel, attempt_for(batch, parcel))
    assert KEY not in f"{settings!r} {provider!r} {request!r} {settings.api!r}"
    assert provider.capabilities is CAPABILITIES
    provider.close()
