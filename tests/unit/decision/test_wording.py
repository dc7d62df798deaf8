"""Wording: promotion sent as transactional is noticed, ordinary mail is not, and nothing is decided by it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given

from migma_core import (
    Address,
    Content,
    OneAddress,
    ProjectId,
    Sender,
    SendingDomain,
    SendRequest,
    TagHolders,
    authorize,
    classify,
)
from migma_core.decision.wording import Marker, lint
from migma_core.testing import strategies as some

RECEIPT = SendRequest(
    project=ProjectId("p" * 32),
    sender=Address("shop", "example.com"),
    sender_name="Acme",
    recipients=OneAddress(Address("ada", "example.org")),
    content=Content("Your receipt", "<p>Thank you</p>"),
)


def found(
    subject: str = "Your order", html: str = "<p>Thank you.</p>", text: str | None = None
) -> list[tuple[str, str]]:
    """The markers found, and where."""
    content = Content(subject, html, text)
    return [(str(one.marker), one.part) for one in lint(replace(RECEIPT, content=content))]


@pytest.mark.parametrize(
    ("subject", "marker"),
    [
        ("20% off everything", Marker.DISCOUNT),
        ("Save up to 30 percent", Marker.DISCOUNT),
        ("Your coupon is waiting", Marker.DISCOUNT),
        ("Nur heute: 15 % Rabatt", Marker.DISCOUNT),
        ("Ihr Gutscheincode", Marker.DISCOUNT),
        ("Black Friday starts now", Marker.OFFER),
        ("Shop now", Marker.OFFER),
        ("Nur für kurze Zeit", Marker.OFFER),
        ("Jetzt bestellen", Marker.OFFER),
    ],
)
def test_a_promotional_subject_is_noticed(subject: str, marker: Marker) -> None:
    """Discounts and offers, in English and German, in any case (B-04)."""
    for written in (subject, subject.upper(), subject.lower()):
        assert found(written) == [(marker, "subject")]


@pytest.mark.parametrize(
    ("subject", "html"),
    [
        ("Reset your password", "<p>Somebody asked to reset your password. The link is good for 30 minutes.</p>"),
        ("Your receipt of 1 May", "<p>Total 119.00, including 19 % tax. Discount applied: none.</p>"),
        ("Your parcel is on its way", "<p>Track it here. You saved the address for next time.</p>"),
        ("Passwort zurücksetzen", "<p>Der Link gilt 30 Minuten.</p>"),
        ("Ihre Rechnung", "<p>Gesamt 119,00 €, darin 19 % MwSt. Vielen Dank für Ihre Bestellung.</p>"),
        ("Versandbestätigung", "<p>Ihr Paket ist unterwegs.</p>"),
        ("We are off to ship it: 100% done", "<p>Storage is 90 % full.</p>"),
    ],
)
def test_ordinary_mail_raises_no_alarm(subject: str, html: str) -> None:
    """Receipts, resets and shipping notes are what they are (B-04)."""
    assert found(subject, html) == []


def test_what_a_reader_sees_first_counts() -> None:
    """Promotion before the transactional part is noticed in both bodies; after it, and in styles, it is not."""
    assert found(html="<style>p{a:20% off}</style><p>Take 20 % off your next order.</p>") == [("discount", "html")]
    assert found(text="Use the coupon below.") == [("discount", "text")]
    assert found(html=f"<p>{'Your order has been shipped. ' * 20}</p><p>20 % off next time</p>") == []
    assert found(html="<style>.sale{width:20% off}</style><p>Thank you.</p>") == []


def test_links_of_campaigns_are_noticed_anywhere() -> None:
    """A campaign's tracking link and an opt-out link have no place in mail that nobody may opt out of."""
    far = "<p>x</p>" * 200
    assert found(html=f'{far}<a href="https://a.example/?a=1&amp;utm_campaign=may">x</a>') == [
        ("campaign_link", "html")
    ]
    assert found(html=f'{far}<a href="{{{{unsubscribe_url}}}}">x</a>') == [("opt_out_link", "html")]


def test_marketing_may_promote() -> None:
    """What goes to an audience as marketing is not looked at."""
    content = Content("20% off everything", "<p>Shop now</p>")
    assert lint(replace(RECEIPT, recipients=TagHolders("all"), content=content)) == ()
    assert lint(replace(RECEIPT, transactional=False, content=content)) == ()
    assert lint(replace(RECEIPT, recipients=TagHolders("all"), transactional=True, content=content)) != ()


def test_a_finding_says_what_and_where() -> None:
    """The words name the part, the marker and the text found."""
    (one,) = lint(replace(RECEIPT, content=Content("20% off", "<p>x</p>")))
    assert str(one) == "the subject of this transactional mail reads like promotion (discount): '20% off'"


@given(some.send_requests(), some.contents())
def test_wording_decides_nothing(request: SendRequest, content: Content) -> None:
    """Whatever it says, purpose and authorization do not depend on it, and any request can be looked at (B-04)."""
    said = replace(request, content=content)
    lint(said)
    ready = Sender(SendingDomain(request.sender.domain, is_verified=True), postal_address="1 Main Street")
    assert (classify(said), authorize(said, ready)) == (classify(request), authorize(request, ready))
