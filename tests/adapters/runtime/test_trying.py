"""A campaign tried out: the very mail, to who may get it, and nothing of it in the campaign's numbers."""

from __future__ import annotations

import email
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage
from email.policy import default

import pytest
from migma_runtime import Migma, SendRefused, SendWords

from migma_core import MIGMA, Address, DeliveryState, FrequencyCap, Project, Suppression, SuppressionReason
from migma_core.ports import SendRecord

Import = Callable[[str], None]
Mails = Callable[[], list[bytes]]

PEOPLE = (
    "email,first_name,status,tags\nada@example.com,Ada,subscribed,news\nbo@example.com,Bo,unsubscribed,news\n"
    "cy@example.com,Cy,bounced,news\ndi@example.com,Di,non-subscribed,staff\neve@example.com,Eve,subscribed,staff\n"
)
OWN = re.compile(r"/u/[\w.~-]+")  # each mail has a link of its own


def words(project: Project) -> SendWords:
    """A campaign to everyone tagged news."""
    return SendWords(
        recipient_type="tag",
        recipient_id="news",
        from_="news@mail.example.com",
        from_name="Acme",
        subject="News for {{first_name|you}}",
        template="<p>Hello {{first_name|you}}</p>",
        project_id=project.id,
    )


@pytest.fixture
def campaign(migma: Migma, project: Project, imported: Import) -> SendRecord:
    """A draft, and people of every kind."""
    imported(PEOPLE)
    complainer = Suppression(SuppressionReason.COMPLAINT, migma.parts.clock.now(), "inbox")
    imported("email,status,tags\nfay@example.com,subscribed,news\n")
    migma.store.suppressions.add(project.account, Address("fay", "example.com"), complainer)
    return migma.campaigns.create(name="News", **words(project))


def read(mail: bytes) -> EmailMessage:
    """A mail by an independent parser."""
    return email.message_from_bytes(mail, policy=default)


def test_who_is_subscribed_gets_the_very_mail_of_the_campaign(migma: Migma, campaign: SendRecord, mails: Mails) -> None:
    """But for date, id and link it is the same octets: subject, footer, one-click headers, all of it."""
    (tried,) = migma.campaigns.test_send(campaign, ["ada@example.com"])
    assert (tried.address, tried.state, tried.words) == ("ada@example.com", DeliveryState.ACCEPTED, "")
    migma.campaigns.send(campaign)
    trial, real = mails()
    assert read(trial)["Subject"] == "News for Ada"
    assert read(trial)["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert common(read(trial)) == common(read(real))


def common(mail: EmailMessage) -> list[tuple[str, str]]:
    """All headers and bodies of a mail, without its date, id and link."""
    own = {"Date", "Message-ID", "X-Migma-Delivery"}
    headers = [(name, OWN.sub("", value)) for name, value in mail.items() if name not in own]
    return headers + [(one.get_content_type(), OWN.sub("", one.get_content())) for one in mail.iter_parts()]


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("bo@example.com", "unsubscribed"),
        ("cy@example.com", "bounced"),
        ("di@example.com", "not subscribed"),
        ("fay@example.com", "reported"),
        ("stranger@example.org", "marketing needs a subscriber"),
    ],
)
def test_who_may_not_get_the_campaign_may_not_get_its_trial(
    migma: Migma, campaign: SendRecord, mails: Mails, address: str, says: str
) -> None:
    """No way round a denial: they are told apart by their reason, and nothing leaves, now or later."""
    (tried,) = migma.campaigns.test_send(campaign, [address])
    assert (tried.state, tried.provider_id, mails()) == (DeliveryState.WITHHELD, None, [])
    assert says in tried.words, tried.words
    assert migma.store.sends.get(tried.id).status != "sending"


def test_a_trial_leaves_the_campaign_as_it_was(migma: Migma, campaign: SendRecord, mails: Mails) -> None:
    """Neither its state nor its numbers change; who tried it out is still written to by it, and reached once by it."""
    before = migma.campaigns.status(campaign)
    preview = migma.campaigns.preview(campaign)
    migma.campaigns.test_send(campaign, ["ada@example.com", "eve@example.com", "bo@example.com"])
    assert (migma.campaigns.status(campaign), migma.campaigns.preview(campaign)) == (before, preview)
    assert before.status == "draft"
    assert migma.campaigns.send(campaign).sent_count == 1
    assert len(mails()) == 3


def test_who_has_to_wait_gets_no_trial_later(migma: Migma, campaign: SendRecord, mails: Mails) -> None:
    """A cap or a quiet hour holds for a trial too: it says until when, and does not come then."""
    capped = Migma(replace(migma.parts, policy=MIGMA.with_rules(FrequencyCap(1, timedelta(days=7)), name="capped")))
    first, second = (capped.campaigns.test_send(campaign, ["ada@example.com"])[0] for _ in range(2))
    assert first.state is DeliveryState.ACCEPTED
    assert second.state is DeliveryState.CANCELLED
    assert "Not before" in second.words
    assert capped.sending.deliver(second.id).sent_count == 0
    assert len(mails()) == 1


@pytest.mark.parametrize(
    "to", [[], [f"reader{number}@example.com" for number in range(11)], ["nobody"], "ada@example.com"]
)
def test_a_trial_goes_to_a_few(migma: Migma, campaign: SendRecord, mails: Mails, to: list[str]) -> None:
    """None, too many, or what is no address: nothing is sent, to anybody."""
    with pytest.raises(ValueError, match=r"a trial goes to|there is no @"):
        migma.campaigns.test_send(campaign, to)
    assert mails() == []


def test_an_address_is_tried_once(migma: Migma, campaign: SendRecord, mails: Mails) -> None:
    """However often and in whatever case it is given."""
    assert len(migma.campaigns.test_send(campaign, ["ada@example.com", "ADA@example.com"])) == 1
    assert len(mails()) == 1


def test_a_request_that_may_not_go_out_is_not_tried_out(
    migma: Migma, project: Project, campaign: SendRecord, mails: Mails
) -> None:
    """The request as a whole is asked first, with every fault (D3)."""
    migma.store.domains.suspend(project.account, "mail.example.com")
    with pytest.raises(SendRefused, match="suspended"):
        migma.campaigns.test_send(campaign, ["ada@example.com"])
    assert mails() == []
