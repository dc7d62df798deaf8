"""Contacts, topics, consents and suppressions: valid from construction."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from migma_core import (
    Address,
    Consent,
    ConsentLevel,
    Contact,
    ContactId,
    DefaultSubscription,
    Denials,
    ProjectId,
    Status,
    Suppression,
    SuppressionReason,
    Topic,
    TopicId,
    Validation,
)
from migma_core.audience.contact import BUILT_IN_VALUES
from migma_core.audience.suppression import DENIAL_OF

NOW = datetime(2026, 5, 1, tzinfo=UTC)
ADA = Contact(id=ContactId("c" * 32), project=ProjectId("p" * 32), address=Address("ada", "example.com"))


def test_a_contact_starts_as_the_product_says() -> None:
    """Subscribed, unchecked, and without any choice of topics (A3, R23)."""
    assert (ADA.status, ADA.validation, dict(ADA.topics)) == (Status.SUBSCRIBED, Validation.UNKNOWN, {})


@pytest.mark.parametrize("name", ["first_name", "last_name", "phone", "country", "language"])
def test_a_line_break_in_an_attribute_is_refused(name: str) -> None:
    """What may end up in a header cannot forge one, and the message names field and character (G-01)."""
    fields = {"id": ADA.id, "project": ADA.project, "address": ADA.address, name: "Ada\r\nBcc: all@example.com"}
    with pytest.raises(ValueError, match=rf"{name} holds the invisible character U\+000D; remove it"):
        Contact(**fields)  # type: ignore[arg-type]  # one attribute at a time, by name


@pytest.mark.parametrize("tag", ["", "x" * 101, "a\nb"])
def test_a_tag_has_1_to_100_visible_characters(tag: str) -> None:
    """Anything else is refused with the limits in the message (§1.4)."""
    with pytest.raises(ValueError, match="1 to 100 visible characters"):
        Contact(id=ADA.id, project=ADA.project, address=ADA.address, tags=frozenset({tag}))


def test_a_custom_field_never_hides_a_built_in_one() -> None:
    """A field called ``email`` cannot redirect what a template says about the address."""
    fields = {"email": "mallory@example.com", "plan": "pro"}
    someone = Contact(id=ADA.id, project=ADA.project, address=ADA.address, fields=fields, last_name="L")
    assert (someone.values["email"], someone.values["plan"], someone.values["name"]) == ("ada@example.com", "pro", "L")


def test_built_in_values_are_there_for_everybody() -> None:
    """Names a template may use are known before anything about the person is."""
    assert set(ADA.values) == BUILT_IN_VALUES
    assert {"email", "name", "firstName", "last_name"} <= BUILT_IN_VALUES
    assert ADA.values["name"] is None


def test_the_products_topic_words_name_the_action_that_is_needed() -> None:
    """`opt_out` means subscribed by default and `opt_in` not, whichever way one reads them (A7, D19)."""
    assert DefaultSubscription("opt_out") is DefaultSubscription.SUBSCRIBED
    assert DefaultSubscription("opt_in") is DefaultSubscription.NOT_SUBSCRIBED
    assert Topic(TopicId("t"), "News").default is DefaultSubscription.SUBSCRIBED


def test_a_topic_needs_a_name() -> None:
    """A subscriber has to read what they choose."""
    with pytest.raises(ValueError, match="a topic needs a name"):
        Topic(TopicId("t"), "  ")


def test_a_consent_has_a_source_and_an_aware_time() -> None:
    """A consent that cannot say where or when it was given is none (O-01)."""
    assert Consent(ConsentLevel.PROVEN, "newsletter form", NOW).level is ConsentLevel.PROVEN
    with pytest.raises(ValueError, match="needs a source: say where"):
        Consent(ConsentLevel.PROVEN, " ", NOW)
    with pytest.raises(ValueError, match="pass an aware datetime"):
        Consent(ConsentLevel.PROVEN, "form", NOW.replace(tzinfo=None))


def test_a_suppression_has_an_aware_time() -> None:
    """Evidence without a zone cannot be ordered."""
    with pytest.raises(ValueError, match="pass an aware datetime"):
        Suppression(SuppressionReason.MANUAL, NOW.replace(tzinfo=None), "operator")


def test_a_provider_stands_with_a_providers_suppression_only() -> None:
    """An entry that stops one provider names it, and no other entry names any."""
    assert Suppression(SuppressionReason.PROVIDER, NOW, "sync", "ses").denial is Denials.PROVIDER_SUPPRESSED
    for reason, provider in ((SuppressionReason.PROVIDER, None), (SuppressionReason.BOUNCE, "ses")):
        with pytest.raises(ValueError, match="name a provider for a provider's suppression, and for no other"):
            Suppression(reason, NOW, "sync", provider)


def test_every_entry_sets_its_own_bit() -> None:
    """Eight kinds of entries set eight different denials; three more come from request, record and address."""
    assert set(DENIAL_OF) == set(SuppressionReason)
    assert set(Denials) - set(DENIAL_OF.values()) == {
        Denials.EXCLUDED,
        Denials.UNREADABLE,
        Denials.RESERVED_NAME,
    }
    assert len(set(DENIAL_OF.values())) == len(SuppressionReason)


def test_denials_are_eleven_independent_bits() -> None:
    """Stores keep these numbers: they never change (D4)."""
    assert [(one.name, int(one)) for one in Denials] == [
        ("HARD_BOUNCE", 1),
        ("COMPLAINT", 2),
        ("MANUAL", 4),
        ("ERASED", 8),
        ("PROVIDER_SUPPRESSED", 16),
        ("UNSUBSCRIBED", 32),
        ("OBJECTION", 64),
        ("SOFT_BOUNCE_LIMIT", 128),
        ("EXCLUDED", 256),
        ("UNREADABLE", 512),
        ("RESERVED_NAME", 1024),
    ]
