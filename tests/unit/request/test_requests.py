"""Requests, their recipients, and the domains they come from: nonsense gets a clear answer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import pytest

from migma_core import (
    PROVIDERS,
    Address,
    Content,
    OneAddress,
    ProjectId,
    Recipients,
    SegmentId,
    SegmentMembers,
    SendingDomain,
    SendRequest,
    TagHolders,
    read_recipients,
)
from migma_core.request.labels import check_labels

ADA = Address("ada", "example.org")


def request(**changes: object) -> SendRequest:
    """A request in order, but for these fields."""
    fields: Mapping[str, object] = {
        "project": ProjectId("p" * 32),
        "sender": Address("news", "example.com"),
        "sender_name": "Acme",
        "recipients": OneAddress(ADA),
        "content": Content("Hello", "<p>Hello</p>"),
    }
    return SendRequest(**{**fields, **changes})  # type: ignore[arg-type]  # fields by name, some of them wrong on purpose


@pytest.mark.parametrize(
    ("kind", "email", "given_id", "expected"),
    [
        ("email", ADA, None, OneAddress(ADA)),
        ("tag", None, "beta", TagHolders("beta")),
        ("audience", None, "s1", SegmentMembers(SegmentId("s1"))),
        ("segment", None, "s1", SegmentMembers(SegmentId("s1"))),
    ],
)
def test_each_type_takes_its_own_recipient(
    kind: str, email: Address | None, given_id: str | None, expected: Recipients
) -> None:
    """An address goes with `email`, an id with the others, and `segment` is another word for `audience` (R3, R37)."""
    assert read_recipients(kind, email, given_id) == expected


@pytest.mark.parametrize(
    ("kind", "email", "given_id", "given"),
    [
        ("email", None, None, "neither"),
        ("email", ADA, "s1", "both"),
        ("email", ADA, "", "both"),
        ("email", None, "s1", "only the other"),
        ("tag", None, None, "neither"),
        ("tag", None, "", "an empty one"),
        ("tag", ADA, "beta", "both"),
        ("tag", ADA, None, "only the other"),
        ("audience", ADA, "s1", "both"),
        ("segment", None, None, "neither"),
    ],
)
def test_both_or_neither_recipient_is_refused(
    kind: str, email: Address | None, given_id: str | None, given: str
) -> None:
    """The answer says which field the type takes and what was given, without the address (R37, B-01)."""
    wanted = "recipient_email and no recipient_id" if kind == "email" else "recipient_id and no recipient_email"
    with pytest.raises(ValueError, match="recipient_type") as refused:
        read_recipients(kind, email, given_id)
    assert str(refused.value) == f"recipient_type {kind!r} takes {wanted}; given: {given}"


@pytest.mark.parametrize("kind", ["", "Email", "contact", "list"])
def test_an_unknown_recipient_type_is_refused(kind: str) -> None:
    """The answer lists the four types there are."""
    with pytest.raises(ValueError, match="is unknown; use one of: email, audience, segment, tag"):
        read_recipients(kind, ADA, None)


def test_recipients_name_their_kind() -> None:
    """A segment is called `audience` on the wire, whatever the caller wrote (A1)."""
    kinds = [one.kind for one in (OneAddress(ADA), TagHolders("t"), SegmentMembers(SegmentId("s")))]
    assert kinds == ["email", "tag", "audience"]


@pytest.mark.parametrize("name", ["", "   "])
def test_from_name_is_required(name: str) -> None:
    """A blank name is none (R36)."""
    with pytest.raises(ValueError, match=r"from_name is required: say who is writing \(R36\)"):
        request(sender_name=name)


def test_a_line_break_in_from_name_is_refused() -> None:
    """The answer names the character and does not repeat what followed it (G-01)."""
    with pytest.raises(ValueError, match=r"from_name holds U\+000A") as refused:
        request(sender_name="Acme\nBcc: all@example.com")
    assert "Bcc" not in str(refused.value)


@pytest.mark.parametrize("value", [float("inf"), float("-inf"), float("nan")])
def test_a_variable_that_is_not_finite_is_refused(value: float) -> None:
    """No mail says ``inf``, and JSON, in which requests are kept, has no such number."""
    with pytest.raises(ValueError, match=r"the variable 'points' is .*; give one, or a text"):
        request(variables={"points": value})


@pytest.mark.parametrize("provider", ["", "SES", "brevo", "SMTP"])
def test_an_unknown_provider_is_refused(provider: str) -> None:
    """The answer lists all there are (R41)."""
    with pytest.raises(ValueError, match="use one of: migma, ses, resend, sendgrid, mailgun, smtp"):
        request(provider=provider)


def test_the_built_in_provider_is_the_default() -> None:
    """No provider means migma (R41); there are the product's five (A15), and a mail server of one's own."""
    assert request().provider == "migma"
    assert PROVIDERS == ("migma", "ses", "resend", "sendgrid", "mailgun", "smtp")


def test_a_from_address_is_ascii_before_the_at() -> None:
    """Providers garble international From addresses, so they are refused; recipients may have them (I-06)."""
    with pytest.raises(ValueError, match="local part of the from address is ASCII"):
        request(sender=Address("grüße", "example.com"))
    assert request(reply_to=Address("grüße", "example.com"), recipients=OneAddress(Address("grüße", "example.com")))


@pytest.mark.parametrize("name", ["Example.com", "localhost", "faß.de", "", "example.com."])
def test_a_sending_domain_is_in_a_labels(name: str) -> None:
    """Domains compare exactly, so they come in one form (R40)."""
    with pytest.raises(ValueError, match=r"no lower-case domain in A-labels, such as mail\.example\.com"):
        SendingDomain(name)


@pytest.mark.parametrize("count", ["sent", "bounced", "complained"])
def test_counts_are_not_negative(count: str) -> None:
    """A count below zero would pass every threshold."""
    counts: Mapping[str, int] = {count: -1}
    with pytest.raises(ValueError, match="counts of messages are not negative"):
        SendingDomain("example.com", **counts)  # type: ignore[arg-type]  # one count at a time, by name


@pytest.mark.parametrize(
    ("name", "managed"),
    [("acme.migma.email", True), ("migma.email", False), ("notmigma.email", False), ("migma.email.example.com", False)],
)
def test_a_managed_domain_is_below_the_products_own(name: str, managed: bool) -> None:
    """Only `<prefix>.migma.email` is managed; look-alikes are not (§1.10)."""
    assert SendingDomain(name).is_managed is managed


def test_labels_and_metadata_are_words_that_every_provider_takes() -> None:
    """Letters, digits, hyphens and underscores, ten of each, each once, none that looks like ours."""
    check_labels(["a-Z_9"] + [f"l{n}" for n in range(9)], {f"n{n}": "v" for n in range(10)})
    for labels, metadata, says in (
        (["a b"], {}, "the label 'a b' has other characters"),
        (["x" * 65], {}, "or not 1 to 64 of them"),
        ([""], {}, "the label ''"),
        (["a", "a"], {}, "a label stands once"),
        ([f"l{n}" for n in range(11)], {}, "at most 10 labels, this one has 11"),
        ([], {f"n{n}": "v" for n in range(11)}, "at most 10 entries of metadata"),
        ([], {"order id": "1"}, "the metadata's name 'order id'"),
        ([], {"order": "a@example.com"}, "the metadata's value"),
        ([], {"order": "1\r\nBcc: x"}, "the metadata's value"),
        (["Migma_x"], {}, "begins with migma"),
        ([], {"migma_delivery": "1"}, "begins with migma"),
    ):
        with pytest.raises(ValueError, match=says):
            check_labels(labels, metadata)
    with pytest.raises(ValueError, match="deliver_at needs a zone"):
        request(deliver_at=datetime(2026, 5, 1))  # noqa: DTZ001 - that is the point
