"""The checker: what it says of claims that are wrong, and of rules that are nobody's but the user's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from migma_core import (
    MIGMA,
    Address,
    Circumstances,
    Deferred,
    Denials,
    Facts,
    FrequencyCap,
    Mailable,
    Purpose,
    ReasonKind,
    Standing,
    Withheld,
    decide,
)
from migma_core.decision import reasons as why
from migma_core.decision.checker import check
from migma_core.decision.rules import MARKETING_ONLY, CellRule, DenialRule
from migma_core.decision.standing import Cell, ConsentFact, StatusFact

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
ADA = Address("ada", "migma.email")
CAPPED = MIGMA.with_rules(FrequencyCap(1, timedelta(days=7)), name="capped")
RECENT = Facts(ADA, Standing(0), circumstances=Circumstances(received=(NOW,)))


def test_a_rule_of_ones_own_is_asked_by_the_checker_itself() -> None:
    """What no second reading can know is taken from the rule: withheld where it says so, and nowhere else."""
    soft = CellRule(
        "no_soft", ReasonKind.CONSENT_UNPROVEN, "us", MARKETING_ONLY, ("consent",), lambda cell: cell.consent == 1
    )
    ours = MIGMA.with_rules(soft, name="ours")
    cell = Cell(Purpose.MARKETING, StatusFact.SUBSCRIBED, consent=ConsentFact.SOFT_OPT_IN)
    facts = Facts(ADA, Standing(cell.packed))
    assert check(facts, decide(facts, ours), ours) == ()
    assert check(facts, Mailable(), ours) == ("claimed mailable, but: consent_unproven",)
    assert check(facts, Mailable(), MIGMA) == ()


def test_a_denial_rule_of_ones_own_is_read_by_its_own_words() -> None:
    """A rule that gives a denial another reason is held to the reason it gives."""
    listed = DenialRule("listed", ReasonKind.ROLE_ADDRESS, "us", MARKETING_ONLY, Denials.SOFT_BOUNCE_LIMIT)
    ours = MIGMA.with_rules(listed, name="ours")
    facts = Facts(ADA, Standing(0, Denials.SOFT_BOUNCE_LIMIT))
    assert check(facts, Withheld((why.RoleAddress(),)), ours) == ()
    assert check(facts, Withheld((why.SoftBounceLimit(),)), ours) == (
        "omitted: role_address",
        "made up: soft_bounce_limit",
    )


def test_a_deferral_ends_when_a_rule_says_and_for_its_reason() -> None:
    """The right end for the wrong reason, another end, and a deferral of somebody withheld are each found out."""
    until = NOW + timedelta(days=7)
    right = Deferred(until, why.FrequencyCap())
    assert check(RECENT, right, CAPPED, NOW) == ()
    for wrong in (Deferred(NOW, why.FrequencyCap()), Deferred(until, why.QuietHours())):
        assert check(RECENT, wrong, CAPPED, NOW) == (f"claimed deferred until {wrong.until}, which no rule says last",)
    denied = RECENT._replace(standing=Standing(0, Denials.MANUAL))
    assert check(denied, right, CAPPED, NOW) == ("claimed deferred, but: manual",)
    assert check(RECENT, Mailable(), CAPPED, NOW) == ("claimed mailable, but: frequency_cap",)


def test_what_was_decided_by_the_clock_is_checked_by_the_clock() -> None:
    """Without the moment of the decision there is nothing to check, and the caller is told."""
    with pytest.raises(ValueError, match="checked as of the moment it decided: pass now"):
        check(RECENT, Mailable(), CAPPED)
