"""Authorization: R36 to R46 and R62, each boundary to the message, and all faults together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from migma_core import (
    MIGMA,
    STRICT,
    Address,
    Attachment,
    Authorized,
    Content,
    EarlierRecipients,
    ExceptSegment,
    Fault,
    Health,
    OneAddress,
    Policy,
    ProjectId,
    Purpose,
    Refused,
    SegmentId,
    SegmentMembers,
    Sender,
    SendId,
    SendingDomain,
    SendRequest,
    TagHolders,
    Topic,
    TopicId,
    authorize,
    health,
)
from migma_core.decision import faults as a
from migma_core.request import Sync
from migma_core.request.provider import Capabilities

TOPIC = Topic(TopicId("d" * 32), "News")
DOMAIN = SendingDomain("example.com", is_verified=True)
READY = Sender(DOMAIN, TOPIC, postal_address="1 Main Street")
CAMPAIGN = SendRequest(
    project=ProjectId("p" * 32),
    sender=Address("news", "example.com"),
    sender_name="Acme",
    recipients=TagHolders("beta"),
    content=Content("Hello", "<p>Hello</p>"),
    topic=TOPIC.id,
)
HERE = STRICT.without("reserved_name", name="strict, for samples at example.com")
RESET = replace(CAMPAIGN, recipients=OneAddress(Address("ada", "example.org")), topic=None)


def faults(request: SendRequest, sender: Sender, policy: Policy = MIGMA) -> tuple[Fault, ...]:
    """What stands against the request; nothing, where it is authorised."""
    answer = authorize(request, sender, policy)
    return answer.faults if isinstance(answer, Refused) else ()


@pytest.mark.parametrize(("can", "fine"), [(None, True), ("here", True), ("away", False)])
def test_links_to_this_machine_leave_with_nobody(can: str | None, fine: bool) -> None:
    """A brand on loopback sends through what stays here; of a provider nobody has asked, nothing is claimed (C-02)."""
    capabilities = None if can is None else Capabilities(can, 1, stays_here=can == "here")
    sender = replace(READY, capabilities=capabilities, loopback_links=True)
    assert faults(CAMPAIGN, sender) == (() if fine else (a.LoopbackLinks("away"),))


def test_a_request_in_order_is_authorised() -> None:
    """Nothing stands against a verified sender with a topic, a postal address and an audience."""
    assert authorize(CAMPAIGN, READY) == Authorized(Purpose.MARKETING)
    assert authorize(RESET, READY) == Authorized(Purpose.TRANSACTIONAL)


@pytest.mark.parametrize(
    ("local", "domain", "fine"),
    [
        ("news", "example.com", True),
        ("any.thing+at-all", "example.com", True),  # R39
        ("news", "mail.example.com", False),  # R40: a subdomain inherits nothing
        ("news", "com.example", False),
    ],
)
def test_the_from_domain_is_matched_exactly(local: str, domain: str, fine: bool) -> None:
    """Any local part at the verified domain itself may send, and nobody at any other (R38 to R40)."""
    request = replace(CAMPAIGN, sender=Address(local, domain))
    assert faults(request, READY) == (() if fine else (a.DomainUnverified(domain),))


def test_a_parent_does_not_inherit_from_its_subdomain() -> None:
    """Streams are separate identities, in both directions (R40)."""
    below = replace(READY, domain=SendingDomain("mail.example.com", is_verified=True))
    assert faults(CAMPAIGN, below) == (a.DomainUnverified("example.com"),)


def test_a_custom_domain_is_verified_by_its_records() -> None:
    """Before the check passes, and where the account has no such domain, nothing leaves (R38, R43)."""
    for domain in (SendingDomain("example.com"), None):
        assert faults(CAMPAIGN, replace(READY, domain=domain)) == (a.DomainUnverified("example.com"),)


def test_a_managed_domain_is_verified_at_creation() -> None:
    """It needs no check, and sends through the built-in provider only (R42, R43, R45)."""
    managed = SendingDomain("acme.migma.email")
    sender = replace(READY, domain=managed, connected=frozenset({"migma", "ses"}))
    request = replace(CAMPAIGN, sender=Address("news", managed.name))
    assert faults(request, sender) == ()
    assert faults(replace(request, provider="ses"), sender) == (a.ManagedDomainElsewhere(managed.name, "ses"),)


def test_a_suspended_domain_does_not_send() -> None:
    """Neither marketing nor transactional mail leaves it (R46)."""
    sender = replace(READY, domain=replace(DOMAIN, is_suspended=True))
    assert faults(CAMPAIGN, sender) == faults(RESET, sender) == (a.DomainSuspended("example.com"),)


def test_an_external_provider_must_be_connected() -> None:
    """There is no silent fallback (R44), and the built-in provider needs no connection (A30)."""
    assert faults(replace(RESET, provider="ses"), READY) == (a.ProviderNotConnected("ses"),)
    only_ses = replace(READY, connected=frozenset({"ses"}))
    assert faults(replace(RESET, provider="ses"), only_ses) == ()
    assert faults(RESET, only_ses) == ()


@pytest.mark.parametrize(
    ("topic", "fault"),
    [
        (None, a.TopicUnusable(TOPIC.id, known=False)),
        (replace(TOPIC, id=TopicId("e" * 32)), a.TopicUnusable(TOPIC.id, known=False)),
        (replace(TOPIC, is_active=False), a.TopicUnusable(TOPIC.id, known=True)),
    ],
)
def test_marketing_needs_a_topic_that_works(topic: Topic | None, fault: Fault) -> None:
    """An unknown, foreign or inactive topic is an error, never an empty send (R25); none asked, none needed (R20)."""
    sender = replace(READY, topic=topic)
    assert faults(CAMPAIGN, sender) == (fault,)
    assert faults(replace(CAMPAIGN, topic=None), sender) == ()
    assert faults(replace(RESET, topic=TOPIC.id), sender) == ()  # R19


@pytest.mark.parametrize("postal", [None, "", " \n "])
def test_marketing_needs_a_postal_address(postal: str | None) -> None:
    """A blank address is none; transactional mail needs none (N-01)."""
    sender = replace(READY, postal_address=postal)
    assert faults(CAMPAIGN, sender) == (a.PostalAddressMissing(),)
    assert faults(RESET, sender) == ()


def test_an_audience_must_exist() -> None:
    """A tag or segment nobody made is named; it is an error, not an empty send (R25)."""
    sender = replace(READY, audience_exists=False)
    assert faults(CAMPAIGN, sender) == (a.AudienceUnknown("tag", "beta"),)
    segment = replace(CAMPAIGN, recipients=SegmentMembers(SegmentId("s1")))
    assert faults(segment, sender) == (a.AudienceUnknown("audience", "s1"),)


@pytest.mark.parametrize("text", [None, "", "  "])
def test_strict_wants_a_justification_for_an_override(text: str | None) -> None:
    """Mailing an audience as transactional needs words under `strict`, and a warning everywhere (B-03, D5)."""
    override = replace(CAMPAIGN, transactional=True, justification=text)
    assert authorize(override, READY, HERE) == Refused((a.JustificationMissing(),))
    loose = authorize(override, READY, MIGMA)
    assert isinstance(loose, Authorized)
    assert loose.warning is not None
    assert isinstance(authorize(replace(override, justification="recall notice"), READY, HERE), Authorized)
    assert isinstance(authorize(CAMPAIGN, READY, HERE), Authorized)


def test_all_faults_come_together() -> None:
    """A request wrong in every way learns everything at once (D3)."""
    sick = SendingDomain("acme.migma.email", is_suspended=True, sent=100, bounced=5)
    request = replace(CAMPAIGN, sender=Address("news", sick.name), provider="ses")
    assert faults(request, Sender(sick, audience_exists=False)) == (
        a.DomainSuspended(sick.name),
        a.DomainUnhealthy(sick.name, 5, 0, 100),
        a.ProviderNotConnected("ses"),
        a.ManagedDomainElsewhere(sick.name, "ses"),
        a.AudienceUnknown("tag", "beta"),
        a.TopicUnusable(TOPIC.id, known=False),
        a.PostalAddressMissing(),
    )


CUSTOM: Mapping[str, str] = {"name": "example.com"}
MANAGED: Mapping[str, str] = {"name": "acme.migma.email"}


@pytest.mark.parametrize(
    ("whose", "sent", "bounced", "complained", "expected"),
    [
        # bounces of a custom domain: 5 % and 10 % are in the warning band, both ends included (A11)
        (CUSTOM, 1000, 49, 0, Health.HEALTHY),
        (CUSTOM, 1000, 50, 0, Health.WARNING),
        (CUSTOM, 1000, 100, 0, Health.WARNING),
        (CUSTOM, 1000, 101, 0, Health.CRITICAL),
        (CUSTOM, 100, 10, 0, Health.WARNING),
        (CUSTOM, 100, 11, 0, Health.CRITICAL),
        # of a managed one: 2 % and 4 %
        (MANAGED, 1000, 19, 0, Health.HEALTHY),
        (MANAGED, 1000, 20, 0, Health.WARNING),
        (MANAGED, 1000, 40, 0, Health.WARNING),
        (MANAGED, 1000, 41, 0, Health.CRITICAL),
        # complaints of either: 0.1 % and 0.5 % (A10)
        (CUSTOM, 10_000, 0, 9, Health.HEALTHY),
        (CUSTOM, 10_000, 0, 10, Health.WARNING),
        (CUSTOM, 10_000, 0, 50, Health.WARNING),
        (CUSTOM, 10_000, 0, 51, Health.CRITICAL),
        (MANAGED, 10_000, 0, 9, Health.HEALTHY),
        (MANAGED, 10_000, 0, 10, Health.WARNING),
        (MANAGED, 10_000, 0, 51, Health.CRITICAL),
        (CUSTOM, 100, 0, 1, Health.CRITICAL),
        # either is enough, and the worse one counts
        (CUSTOM, 1000, 50, 6, Health.CRITICAL),
        (CUSTOM, 1000, 101, 1, Health.CRITICAL),
        # below 100 sent nothing counts
        (CUSTOM, 99, 99, 99, Health.HEALTHY),
        (MANAGED, 99, 99, 99, Health.HEALTHY),
        (CUSTOM, 0, 0, 0, Health.HEALTHY),
        (CUSTOM, 100, 100, 100, Health.CRITICAL),
    ],
)
def test_health_turns_at_its_thresholds(
    whose: Mapping[str, str], sent: int, bounced: int, complained: int, expected: Health
) -> None:
    """From 100 sent on: below the lower bound healthy, above the upper one critical, a warning between (R62)."""
    assert health(SendingDomain(whose["name"], sent=sent, bounced=bounced, complained=complained)) is expected


@pytest.mark.parametrize(("bounced", "refused"), [(100, False), (101, True)])
def test_beyond_the_critical_line_nothing_leaves(bounced: int, refused: bool) -> None:
    """A warning still sends, a critical domain sends nothing of either purpose, under every policy (R62, D3)."""
    sender = replace(READY, domain=replace(DOMAIN, sent=1000, bounced=bounced))
    expected = (a.DomainUnhealthy("example.com", bounced, 0, 1000),) if refused else ()
    assert faults(CAMPAIGN, sender) == faults(RESET, sender) == expected
    assert isinstance(authorize(CAMPAIGN, sender, HERE), Refused) is refused


def test_strict_refuses_names_that_no_mail_reaches() -> None:
    """Sender and single recipient at a reserved name are both named under `strict`, neither under `migma` (I-02)."""
    request = replace(CAMPAIGN, recipients=OneAddress(Address("ada", "mail.test")))
    assert faults(request, READY, STRICT) == (
        a.ReservedName("sender", "example.com"),
        a.ReservedName("recipient", "mail.test"),
    )
    assert faults(request, READY, MIGMA) == ()


def test_what_the_request_leaves_out_must_exist() -> None:
    """An unknown segment or send among the exclusions is a fault: nobody is left out by mistake."""
    exclusions = (ExceptSegment(SegmentId("s1")), EarlierRecipients(SendId("c1")), ExceptSegment(SegmentId("s2")))
    sender = replace(READY, missing_exclusions=frozenset({"s1", "c1"}))
    assert faults(replace(CAMPAIGN, exclusions=exclusions), sender) == (
        a.ExclusionUnknown("segment", "s1"),
        a.ExclusionUnknown("send", "c1"),
    )


def test_a_policy_may_want_a_topic() -> None:
    """Under such a policy marketing names one, and transactional mail needs none (A-06, R19)."""
    wants = replace(MIGMA, name="topical", needs_topic=True)
    assert faults(replace(CAMPAIGN, topic=None), READY, wants) == (a.TopicMissing(),)
    assert faults(RESET, READY, wants) == ()


def test_what_the_provider_cannot_carry_is_refused() -> None:
    """Attachments and a recipient that needs SMTPUTF8 are faults where the provider says it carries neither (D9)."""
    content = Content("Hello", "<p>Hello</p>", attachments=(Attachment("a.pdf", b"x", "application/pdf"),))
    request = replace(CAMPAIGN, content=content, recipients=OneAddress(Address("zoë", "example.com")))
    poor = Capabilities("poor", 1, attachments=False)
    assert faults(request, replace(READY, capabilities=poor)) == (
        a.CannotCarry("poor", "attachments"),
        a.CannotCarry("poor", "international recipient"),
    )
    assert faults(replace(RESET, deliver_at=LATER), replace(READY, capabilities=poor)) == (
        a.CannotCarry("poor", "time of delivery"),
    )
    copied = replace(RESET, cc=(Address("boss", "example.org"),))
    assert faults(copied, replace(READY, capabilities=poor)) == (a.CannotCarry("poor", "copies"),)
    assert faults(copied, replace(READY, capabilities=Capabilities("copier", 1, copies=True))) == ()
    labelled, few = replace(RESET, labels=("a", "b")), Capabilities("few", 1, most_labels=1)
    assert faults(labelled, replace(READY, capabilities=few)) == (a.CannotCarry("few", "so many labels"),)
    rich = Capabilities("rich", 1, international_local_parts=True, schedules=True)
    assert faults(labelled, replace(READY, capabilities=rich)) == ()
    assert faults(replace(RESET, deliver_at=LATER), replace(READY, capabilities=rich)) == ()
    assert faults(request, replace(READY, capabilities=rich)) == ()


def test_what_a_provider_has_no_field_for_is_refused() -> None:
    """Headers, a text, labels and metadata are faults where it says that it takes none; never dropped (D9, D16)."""
    bare = Capabilities("bare", 1, own_headers=False, own_text=False, marks=False)
    sender, whole = replace(READY, capabilities=bare), replace(READY, capabilities=Capabilities("whole", 1))
    marked = replace(CAMPAIGN, headers={"X-Campaign": "spring"}, labels=("spring",))
    worded = replace(CAMPAIGN, content=Content("Hello", "<p>Hello</p>", "Hello"), metadata={"order": "1"})
    assert faults(marked, sender) == (
        a.CannotCarry("bare", "headers of your own"),
        a.CannotCarry("bare", "labels and metadata"),
    )
    assert faults(worded, sender) == (
        a.CannotCarry("bare", "a text of your own"),
        a.CannotCarry("bare", "labels and metadata"),
    )
    plain = replace(CAMPAIGN, content=Content("Hello", "", "Hello"))
    assert faults(plain, sender) == (a.CannotCarry("bare", "a message without HTML"),)
    assert faults(marked, whole) == faults(worded, whole) == faults(plain, whole) == faults(CAMPAIGN, sender) == ()


def test_an_overdue_sync_stops_marketing_through_any_provider() -> None:
    """Who left where their choices are kept must not be written to from here (D16); other mail does not ask."""
    day = timedelta(days=1)
    overdue = (Sync("platform", LATER, day), Sync("other", None, day))
    sender = replace(READY, overdue=overdue, connected=frozenset({"migma", "ses"}))
    expected = (a.SyncOverdue("platform", LATER, day), a.SyncOverdue("other", None, day))
    for provider in ("migma", "ses"):
        assert faults(replace(CAMPAIGN, provider=provider), sender) == expected
        assert faults(replace(RESET, provider=provider), sender) == ()


def test_marketing_is_not_handed_over_ahead_of_its_time() -> None:
    """A provider that keeps it would deliver past an opt-out; transactional mail asks no such question (R9)."""
    assert faults(replace(CAMPAIGN, deliver_at=LATER), READY) == (a.MarketingAheadOfTime(),)
    assert faults(replace(RESET, deliver_at=LATER), READY) == ()


LATER = datetime(2026, 5, 2, tzinfo=UTC)
