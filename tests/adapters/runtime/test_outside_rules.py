"""Rules outside the table, and exclusions, through a whole installation: previewed, sent, explained, and made again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from migma_runtime import Migma

from migma_core import (
    MIGMA,
    Address,
    Consent,
    ConsentBasis,
    ConsentLapse,
    ConsentLevel,
    DeliveryState,
    FieldIs,
    FrequencyCap,
    LocalTime,
    Mode,
    Partition,
    Policy,
    Project,
    ReasonKind,
    address_key,
    replay,
)
from migma_core.decision import rules
from tests.support.news import news

Import = Callable[[str], None]
Mails = Callable[[], list[bytes]]

UTC_ZONE = ZoneInfo("UTC")
PEOPLE = (
    "email,country,time_zone,tags\nada@example.com,de,Europe/Berlin,news\nbo@example.com,us,,news\n"
    "cy@example.com,us,Mars/Olympus,news\n"
)
TOMORROW = MIGMA.with_rules(
    LocalTime((datetime.now(UTC) + timedelta(days=2)).replace(tzinfo=None), otherwise=UTC_ZONE), name="tomorrow"
)


def under(migma: Migma, policy: Policy) -> Migma:
    """The same installation under another policy."""
    return Migma(replace(migma.parts, policy=policy))


def test_whoever_must_wait_is_previewed_as_deferred_and_left_for_later(
    migma: Migma, project: Project, imported: Import, mails: Mails
) -> None:
    """Preview and send agree, a zone nobody knows withholds, and the run ends with the others ready (D3, D4)."""
    imported(PEOPLE)
    waiting = under(migma, TOMORROW)
    campaign = waiting.campaigns.create(name="News", **news(project))

    shown = waiting.campaigns.preview(campaign).partition
    answer = waiting.campaigns.send(campaign)

    assert shown == Partition(0, {ReasonKind.UNREADABLE: 1}, 2)
    assert (answer.status, answer.states) == ("sending", {DeliveryState.READY: 2, DeliveryState.WITHHELD: 1})
    assert mails() == []
    assert "waits for its time of day" in waiting.campaigns.explain(campaign, "ada@example.com").words
    assert "time_zone" not in waiting.campaigns.explain(campaign, "cy@example.com").words
    assert "could not be read (zone)" in waiting.campaigns.explain(campaign, "cy@example.com").words


def test_a_decision_on_record_is_made_again(migma: Migma, project: Project, imported: Import) -> None:
    """Deferred, withheld and mailable ones replay from their rows alone, circumstances included (A-10)."""
    imported(PEOPLE)
    waiting = under(migma, TOMORROW)
    campaign = waiting.campaigns.create(name="News", **news(project))
    waiting.campaigns.send(campaign)

    for local in ("ada", "bo", "cy"):
        key = address_key(Address(local, "example.com"), migma.parts.keys.pepper_bytes())
        found = migma.store.sends.delivery_of(campaign.id, key)
        assert found is not None
        again = replay(found.decision, TOMORROW)
        assert (again.agrees, again.is_same_policy) == (True, True)
        assert (found.decision.until is None) is (local == "cy")
        assert found.decision.circumstances is not None
        assert found.decision.circumstances.address is None  # the rule reads the zone alone


def test_a_cap_counts_marketing_alone(migma: Migma, project: Project, imported: Import, mails: Mails) -> None:
    """A receipt does not use up the cap, a campaign does, and the next one waits until there is room."""
    imported("email,tags\nada@example.com,news\n")
    capped = under(migma, MIGMA.with_rules(FrequencyCap(1, timedelta(days=7)), name="capped"))
    capped.sending.send(
        recipient_type="email",
        recipient_email="ada@example.com",
        from_="shop@mail.example.com",
        from_name="Acme",
        subject="Receipt",
        template="<p>Thank you</p>",
        project_id=project.id,
    )
    first = capped.campaigns.create(name="First", **news(project))
    second = capped.campaigns.create(name="Second", **news(project))

    assert capped.campaigns.preview(first).partition == Partition(1)
    capped.campaigns.send(first)
    assert capped.campaigns.preview(second).partition == Partition(deferred=1)
    assert capped.campaigns.send(second).states == {DeliveryState.READY: 1}
    assert len(mails()) == 2


@pytest.mark.parametrize(("basis", "mailable"), [(ConsentBasis.EXPRESS, 1), (ConsentBasis.INQUIRY, 0)])
def test_an_implied_consent_lapses(
    migma: Migma, project: Project, imported: Import, basis: ConsentBasis, mailable: int
) -> None:
    """The basis on record decides, half a year after an inquiry (P-01)."""
    imported("email,status,tags\nada@example.com,non-subscribed,news\n")
    asked = Consent(ConsentLevel.UNPROVEN, "fair", datetime.now(UTC) - timedelta(days=200), basis)
    migma.store.contacts.subscribe(project.id, Address("ada", "example.com"), asked)
    lapsing = under(migma, MIGMA.with_rules(ConsentLapse(), name="lapsing"))
    campaign = lapsing.campaigns.create(name="News", **news(project))

    assert lapsing.campaigns.preview(campaign).partition.mailable == mailable
    assert ("lapsed" in lapsing.campaigns.explain(campaign, "ada@example.com").words) is (mailable == 0)


def test_a_request_leaves_out_segments_and_earlier_recipients(
    migma: Migma, project: Project, imported: Import, mails: Mails
) -> None:
    """Who was reached before, or is in a segment left out, is counted and withheld as excluded; others are sent to."""
    imported("email,country,tags\nada@example.com,de,first\nbo@example.com,us,news\ncy@example.com,at,news\n")
    imported("email,tags\nada@example.com,news\n")
    migma.store.segments.create(project.id, "Austria", FieldIs("country", Mode.IS, ("at",)), migma.parts.clock.now())
    first = migma.campaigns.create(name="First", **news(project, recipient_id="first"))
    migma.campaigns.send(first)
    left_out = {"exclude_segments": ("Austria",), "exclude_recipients_of": ("First",)}
    second = migma.campaigns.create(name="Second", **news(project, **left_out))

    assert migma.campaigns.preview(second).partition == Partition(1, {ReasonKind.EXCLUDED: 2})
    answer = migma.campaigns.send(second)
    assert answer.states == {DeliveryState.ACCEPTED: 1, DeliveryState.WITHHELD: 2}
    assert len(mails()) == 2


@pytest.mark.parametrize("word", ["exclude_segments", "exclude_recipients_of"])
def test_what_is_left_out_must_exist(migma: Migma, project: Project, imported: Import, word: str) -> None:
    """An unknown name is refused, since it would leave out nobody."""
    imported(PEOPLE)
    with pytest.raises(LookupError, match="there is no"):
        migma.campaigns.create(name="News", **news(project, **{word: ("Nowhere",)}))


def test_promotion_sent_as_transactional_is_pointed_out(migma: Migma, project: Project, imported: Import) -> None:
    """The answer names what reads like promotion, and the send is done all the same (B-04)."""
    imported(PEOPLE)
    answer = migma.sending.send(**news(project, transactional=True, subject="20% off everything"))
    assert [str(one.marker) for one in answer.wording] == ["discount"]
    assert answer.sent_count == 3
    assert migma.sending.send(queue_only=True, **news(project, subject="20% off everything")).wording == ()


def test_an_installation_takes_a_policy_of_ones_own(migma: Migma) -> None:
    """`Migma.open` takes a policy's name or a policy."""
    home = migma.parts.settings.home
    with Migma.open(home=home, policy=TOMORROW) as other, Migma.open(home=home, policy="strict") as strict:
        assert other.parts.policy is TOMORROW
        assert strict.parts.policy.name == "strict"


def test_an_answer_that_no_longer_agrees_with_its_record_says_so(
    migma: Migma, project: Project, imported: Import
) -> None:
    """Explained under the policy it was made by nothing is in doubt; under a later one the record is told too."""
    imported("email,tags\nada@example.com,news\ninfo@example.com,news\n")
    campaign = migma.campaigns.create(name="News", **news(project))
    migma.campaigns.send(campaign)
    assert migma.campaigns.explain(campaign, "info@example.com").doubts == ()

    stricter = under(migma, MIGMA.with_rules(rules.role_address, name="stricter"))

    assert stricter.campaigns.explain(campaign, "ada@example.com").doubts == ()
    (doubt,) = stricter.campaigns.explain(campaign, "info@example.com").doubts
    assert doubt == "on record stands: mailable, decided under a policy that has changed since"
