"""Explanations: every reason, fault and verdict has words; most reasons have a way out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from migma_core import (
    Authorized,
    ContactId,
    Deferred,
    Fault,
    Mailable,
    Purpose,
    Reason,
    ReasonKind,
    Refused,
    TopicId,
    Withheld,
    explain,
    remedy,
)
from migma_core.decision import faults as a
from migma_core.decision import reasons as r
from migma_core.decision.explain import explain_fault, explain_reason
from migma_core.decision.standing import ConsentFact, StatusFact

AT = datetime(2026, 5, 1, 12, tzinfo=UTC)

WORDS: tuple[tuple[Reason, str], ...] = (
    (r.HardBounce(AT, "ses"), "the address hard-bounced on 2026-05-01 (ses)"),
    (r.HardBounce(), "the address hard-bounced"),
    (r.Complaint(source="ses"), "the person reported our mail as spam (ses)"),
    (r.Manual(AT), "an operator suppressed the address on 2026-05-01"),
    (r.InvalidAddressFound(), "the address was checked and found undeliverable"),
    (r.Erased(AT, "letter"), "the person asked to be forgotten on 2026-05-01 (letter)"),
    (r.ProviderSuppressed(AT, "sync"), "the provider refuses the address on 2026-05-01 (sync)"),
    (r.Unsubscribed(AT, "link"), "the person unsubscribed on 2026-05-01 (link)"),
    (r.Objection(), "the person objected to direct marketing"),
    (r.NotSubscribed(StatusFact.NON_SUBSCRIBED), "the person has not subscribed"),
    (
        r.NotSubscribed(StatusFact.NO_CONTACT),
        "nobody with this address is known, and marketing needs a subscriber",
    ),
    (r.ConsentLapsed(AT), "the implied consent has lapsed on 2026-05-01"),
    (r.ConsentUnproven(ConsentFact.NONE), "nobody claims a consent"),
    (r.ConsentUnproven(ConsentFact.UNPROVEN), "a consent is claimed but cannot be shown"),
    (r.TopicLeft(TopicId("t")), "the person left this topic"),
    (r.TopicNotJoined(), "the topic is for those who joined it, and the person has not"),
    (r.SoftBounceLimit(AT), "mail to the address kept failing on 2026-05-01"),
    (r.RiskyAddress(), "the address was checked and found risky"),
    (r.RoleAddress(), "the mailbox belongs to a function, not to a person"),
    (r.Excluded(), "the request left this person out"),
    (r.Duplicate(ContactId("c")), "another contact with the same address is already in this send"),
    (r.AlreadySent(AT), "this send has already reached the address on 2026-05-01"),
    (r.Unreadable(("status", "topic")), "the record could not be read (status, topic)"),
    (r.Unreadable(), "the record could not be read (denials)"),
    (r.QuietHours(), "it is night where the person is"),
    (r.LocalTime(), "the send waits for its time of day where the person is"),
    (r.FrequencyCap(), "the person has had enough mail for now"),
)

FAULTS: tuple[tuple[Fault, str], ...] = (
    (
        a.DomainUnverified("example.com"),
        "the from domain example.com is not verified; add and verify it (subdomains count separately)",
    ),
    (a.DomainSuspended("example.com"), "the domain example.com is suspended; no mail leaves from it"),
    (
        a.DomainUnhealthy("example.com", 11, 1, 100),
        "the domain example.com is beyond its limits: 11 bounces and 1 complaints in 100 sent",
    ),
    (a.ProviderNotConnected("ses"), "the provider ses is not connected; connect it, or send through migma"),
    (
        a.ManagedDomainElsewhere("x.migma.email", "ses"),
        "the managed domain x.migma.email sends through migma only, not through ses",
    ),
    (a.TopicUnusable(TopicId("t"), known=True), "the topic t is no longer active"),
    (a.TopicUnusable(TopicId("t"), known=False), "the topic t is unknown in this project"),
    (a.AudienceUnknown("audience", "s"), "there is no segment 's' in this project"),
    (a.AudienceUnknown("tag", "beta"), "there is no tag 'beta' in this project"),
    (
        a.PostalAddressMissing(),
        "marketing mail must carry a postal address and none is set; set it in the project's brand",
    ),
    (
        a.MarketingAheadOfTime(),
        "marketing is handed over at its time, since people may opt out before it; leave deliver_at out",
    ),
    (
        a.SyncOverdue("platform", datetime(2026, 5, 1, 12, tzinfo=UTC), timedelta(hours=6)),
        "opt-outs at platform are known as of 2026-05-01 12:00 UTC, and may be 6 hours old at most; run: migma sync",
    ),
    (
        a.SyncOverdue("platform", None, timedelta(hours=1.5)),
        "opt-outs at platform are not known yet; run: migma sync",
    ),
    (a.JustificationMissing(), "mailing an audience as transactional needs a justification under this policy"),
)


@pytest.mark.parametrize(("reason", "words"), WORDS, ids=lambda one: getattr(one, "kind", None))
def test_a_reason_is_told_with_its_evidence(reason: Reason, words: str) -> None:
    """What happened, when and whence, as far as it is known."""
    assert explain_reason(reason) == words


@pytest.mark.parametrize(("fault", "words"), FAULTS, ids=lambda one: getattr(one, "kind", None))
def test_a_fault_is_told_with_what_it_is_about(fault: Fault, words: str) -> None:
    """The domain, provider, topic or audience at fault is named."""
    assert explain_fault(fault) == words


def test_all_kinds_are_spoken_for() -> None:
    """The examples above leave no kind of reason out."""
    assert {reason.kind for reason, _ in WORDS} == set(ReasonKind)


def test_only_relations_within_a_send_have_no_remedy() -> None:
    """What the person or the sender can mend names the way; an exclusion or a duplicate has none (D13)."""
    assert {reason.kind for reason, _ in WORDS if remedy(reason) is None} == {
        ReasonKind.EXCLUDED,
        ReasonKind.DUPLICATE,
        ReasonKind.ALREADY_SENT,
    }


@pytest.mark.parametrize(
    ("reason", "way_out"),
    [
        (r.HardBounce(), "audited reinstatement"),
        (r.Complaint(), "double opt-in"),
        (r.Manual(), "audited removal"),
        (r.Unsubscribed(), "recorded consent by the person, with a later time"),
        (r.Objection(), "consent that names the objection"),
        (r.Erased(), "the person opting in anew"),
        (r.ProviderSuppressed(), "the provider's own list"),
        (r.SoftBounceLimit(), "a delivery that succeeds, or reinstatement"),
    ],
)
def test_a_denials_remedy_is_the_designs(reason: Reason, way_out: str) -> None:
    """Each denial ends by what the table of D13 says, and by nothing else."""
    assert way_out in str(remedy(reason))


def test_a_verdict_is_a_sentence() -> None:
    """Sent, not sent with all reasons, or not before a time."""
    assert explain(Mailable()) == "Sent: nothing stands against it."
    assert explain(Withheld((r.Manual(), r.Excluded()))) == (
        "Not sent: an operator suppressed the address; the request left this person out."
    )
    assert explain(Deferred(AT, r.QuietHours())) == "Not before 2026-05-01 12:00 UTC: it is night where the person is."


def test_an_answer_about_a_request_is_a_sentence() -> None:
    """Accepted, with its warning, or refused with every fault."""
    assert explain(Authorized(Purpose.MARKETING)) == "Accepted as marketing mail."
    assert explain(Authorized(Purpose.TRANSACTIONAL, "careful")) == "Accepted as transactional mail. Warning: careful."
    assert explain(Refused((a.JustificationMissing(), a.ProviderNotConnected("ses")))) == (
        "Refused: mailing an audience as transactional needs a justification under this policy; "
        "the provider ses is not connected; connect it, or send through migma."
    )
