"""Eligibility: facts gathered from values, and the evidence a verdict carries."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from migma_core import (
    MIGMA,
    STRICT,
    Address,
    Cell,
    Consent,
    ConsentLevel,
    Contact,
    ContactId,
    DefaultSubscription,
    Deferred,
    Denials,
    Mailable,
    Policy,
    ProjectId,
    Purpose,
    ReasonKind,
    Status,
    Suppression,
    SuppressionReason,
    Topic,
    TopicId,
    Validation,
    Withheld,
    decide,
    facts_about,
)
from migma_core.decision import eligibility
from migma_core.decision import reasons as why
from migma_core.decision.eligibility import decide_rows
from migma_core.decision.rules import MARKETING_ONLY, CellRule
from migma_core.decision.standing import CELLS, ConsentFact, Standing, StatusFact, TopicFact, ValidationFact
from migma_core.decision.verdict import latest_deferral

NOW = datetime(2026, 5, 1, tzinfo=UTC)
NEWS = Topic(TopicId("d" * 32), "News", DefaultSubscription.NOT_SUBSCRIBED)
ADA = Contact(id=ContactId("c" * 32), project=ProjectId("p" * 32), address=Address("ada", "example.com"))


def test_a_contacts_values_become_its_cell() -> None:
    """Each field of the contact is one digit."""
    who = replace(
        ADA,
        address=Address("info", "example.com"),
        status=Status.NON_SUBSCRIBED,
        validation=Validation.RISKY,
        consent=Consent(ConsentLevel.SOFT_OPT_IN, "shop", NOW),
        topics={NEWS.id: False},
    )
    facts = facts_about(who, Purpose.MARKETING, topic=NEWS)
    assert Cell.unpacked(facts.standing.cell) == (
        Purpose.MARKETING,
        StatusFact.NON_SUBSCRIBED,
        ValidationFact.RISKY,
        True,
        ConsentFact.SOFT_OPT_IN,
        TopicFact.NOT_SUBSCRIBED_LEFT,
    )
    assert (facts.address, facts.contact, facts.topic, facts.purpose) == (
        who.address,
        who.id,
        NEWS.id,
        Purpose.MARKETING,
    )


def test_a_stranger_is_known_by_the_address_alone() -> None:
    """An address nobody stored has no status and no check, but its shape and its denials count (R49)."""
    facts = facts_about(Address("info", "example.com"), Purpose.MARKETING, topic=NEWS)
    assert Cell.unpacked(facts.standing.cell) == (
        Purpose.MARKETING,
        StatusFact.NO_CONTACT,
        ValidationFact.UNKNOWN,
        True,
        ConsentFact.NONE,
        TopicFact.NOT_SUBSCRIBED_NO_RECORD,
    )
    assert facts.contact is None
    bounce = Suppression(SuppressionReason.BOUNCE, NOW, "ses")
    verdict = decide(facts_about(ADA.address, Purpose.TRANSACTIONAL, suppressions=[bounce]))
    assert verdict == Withheld((why.HardBounce(NOW, "ses"),))


def test_a_providers_suppression_stops_that_provider_alone() -> None:
    """Another provider, and a question without one, do not see it (D13)."""
    entry = Suppression(SuppressionReason.PROVIDER, NOW, "sync", "ses")
    stopped = {
        provider: isinstance(
            decide(facts_about(ADA, Purpose.TRANSACTIONAL, suppressions=[entry], provider=provider)), Withheld
        )
        for provider in ("ses", "resend", None)
    }
    assert stopped == {"ses": True, "resend": False, None: False}


def test_the_request_can_leave_somebody_out() -> None:
    """An exclusion withholds for either purpose, and nothing can be done about it by the person."""
    for purpose in Purpose:
        assert decide(facts_about(ADA, purpose, excluded=True)) == Withheld((why.Excluded(),))


def test_every_reason_is_told_with_its_evidence() -> None:
    """All reasons come together, strongest first, each with when and whence where the list says so (A-02)."""
    listed = [
        Suppression(SuppressionReason.OBJECTION, NOW, "letter"),
        Suppression(SuppressionReason.COMPLAINT, NOW, "ses"),
    ]
    who = replace(ADA, status=Status.UNSUBSCRIBED, validation=Validation.INVALID, topics={NEWS.id: False})
    assert decide(facts_about(who, Purpose.MARKETING, topic=NEWS, suppressions=listed)) == Withheld(
        (
            why.Complaint(NOW, "ses"),
            why.InvalidAddressFound(),
            why.Unsubscribed(),
            why.Objection(NOW, "letter"),
            why.TopicLeft(NEWS.id),
        )
    )


def test_strict_reasons_say_what_was_found() -> None:
    """The weaker reasons of `strict` carry the consent and the kind of address they saw."""
    who = replace(ADA, address=Address("info", "example.com"), validation=Validation.RISKY)
    assert decide(facts_about(who, Purpose.MARKETING), STRICT) == Withheld(
        (
            why.InvalidAddressFound(reserved=True),
            why.ConsentUnproven(ConsentFact.NONE),
            why.RiskyAddress(),
            why.RoleAddress(),
        )
    )


def test_a_status_that_is_not_subscribed_is_named() -> None:
    """The reason says which status was found, so that a stranger can be told from somebody who never opted in."""
    for who, status in (
        (ADA.address, StatusFact.NO_CONTACT),
        (replace(ADA, status=Status.NON_SUBSCRIBED), StatusFact.NON_SUBSCRIBED),
    ):
        assert decide(facts_about(who, Purpose.MARKETING)) == Withheld((why.NotSubscribed(status),))


def test_unreadable_facts_are_listed() -> None:
    """The reason names the digits that could not be read (A-01)."""
    cell = Cell(Purpose.MARKETING, StatusFact.UNREADABLE, ValidationFact.UNREADABLE)
    facts = facts_about(ADA, Purpose.MARKETING)._replace(standing=Standing(cell.packed))
    assert decide(facts) == Withheld((why.Unreadable(("status", "validation")),))
    denied = facts_about(ADA, Purpose.MARKETING)._replace(standing=Standing(0, Denials.UNREADABLE))
    assert decide(denied) == Withheld((why.Unreadable(()),))


def test_a_rule_of_ones_own_may_say_that_consent_lapsed() -> None:
    """A reason that no built-in rule gives is told as itself."""
    lapsed = CellRule("casl", ReasonKind.CONSENT_LAPSED, "P-01", MARKETING_ONLY, ("consent",), lambda cell: True)
    assert decide(facts_about(ADA, Purpose.MARKETING), MIGMA.with_rules(lapsed)) == Withheld((why.ConsentLapsed(),))


def test_nobody_is_withheld_without_a_reason() -> None:
    """A verdict of no reasons cannot be made."""
    with pytest.raises(ValueError, match="nobody is withheld without a reason"):
        Withheld(())


def test_verdicts_name_themselves() -> None:
    """Each kind of verdict has a stable tag for front ends (D2)."""
    verdicts = (Mailable(), Withheld((why.Excluded(),)), Deferred(NOW, why.QuietHours()))
    assert [one.kind for one in verdicts] == ["mailable", "withheld", "deferred"]


@pytest.mark.parametrize("policy", [MIGMA, STRICT, MIGMA.relaxed(Denials.COMPLAINT).relaxed(Denials.MANUAL)])
def test_a_stream_of_rows_is_decided_as_each_row_alone_in_every_cell(policy: Policy) -> None:
    """In every cell, with no denial, each single one and all: the same reasons, and every row comes back whole."""
    every = Denials(sum(Denials))
    rows = [(cell, int(denials), f"row {cell}") for cell in range(CELLS) for denials in (0, *Denials, every)]
    decided = list(decide_rows(rows, policy))
    assert [row for row, _ in decided] == rows
    assert all(kinds == policy.kinds(policy.code(Standing(*row[:2]))) for row, kinds in decided)


def test_verdicts_are_kept_up_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many different verdicts are asked for, a policy holds on to so many at most, and each is right."""
    monkeypatch.setattr(eligibility, "_MOST_KEPT", 3)
    policy = MIGMA.with_rules(name="kept")
    ada = facts_about(ADA, Purpose.MARKETING)
    people = [ada._replace(standing=Standing(cell, Denials.MANUAL)) for cell in range(9)]
    kept = []
    for facts in (*people, *people):
        assert decide(facts, policy) == Withheld(eligibility.reasons_for(policy.code(facts.standing), facts, policy))
        kept.append(len(policy.withheld))
    assert kept == [1, 2, 3] * 6
    assert decide(people[8], policy) is decide(people[8], policy)


def test_of_two_deferrals_that_end_together_the_stronger_reason_is_told() -> None:
    """The later end wins; where both end at once, the reason that stands first in the order of reasons (D18)."""
    later = NOW.replace(hour=9)
    quiet, capped = Deferred(NOW, why.QuietHours()), Deferred(NOW, why.FrequencyCap())
    first = min((quiet, capped), key=lambda one: list(ReasonKind).index(one.reason.kind))
    assert latest_deferral([quiet, capped]) == latest_deferral([capped, quiet]) == first
    assert latest_deferral([quiet, capped, Deferred(later, why.LocalTime())]) == Deferred(later, why.LocalTime())
