"""The checker agrees with `decide` everywhere, and with nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migma_core import (
    MIGMA,
    STRICT,
    Address,
    Deferred,
    Denials,
    Facts,
    Mailable,
    OutsideRule,
    Policy,
    Standing,
    TopicId,
    Verdict,
    Withheld,
    decide,
)
from migma_core.decision import reasons as why
from migma_core.decision.checker import check
from migma_core.decision.standing import CELLS, ConsentFact, StatusFact
from migma_core.testing import strategies as some

ADA = Address("ada", "example.com")
NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
RULES = st.lists(some.outside_rules(), max_size=2, unique_by=lambda rule: rule.name)


@pytest.mark.parametrize("policy", [MIGMA, STRICT], ids=lambda policy: policy.name)
def test_the_checker_agrees_in_every_cell_with_each_denial(policy: Policy) -> None:
    """All 5,400 cells, each without a denial and with each single one (D4)."""
    for cell in range(CELLS):
        for denial in (0, *map(int, Denials)):
            facts = Facts(ADA, Standing(cell, denial), topic=TopicId("t"))
            assert check(facts, decide(facts, policy), policy) == ()


@given(some.policies(), RULES, some.facts(circumstances=st.none() | some.circumstances()))
def test_the_checker_agrees_with_what_is_decided(base: Policy, rules: list[OutsideRule], facts: Facts) -> None:
    """For drawn policies, with rules outside the table, evidence and circumstances."""
    policy = base.with_rules(*rules, name="drawn")
    assert check(facts, decide(facts, policy, NOW), policy, NOW) == ()


def tampered(verdict: Verdict, facts: Facts) -> list[Verdict]:
    """Wrong claims about the same person, one for each way to be wrong."""
    other = why.AlreadySent()
    match verdict:
        case Mailable():
            return [Withheld((other,)), Deferred(NOW, why.QuietHours())]
        case Deferred(until, reason):
            return [Mailable(), Withheld((reason,)), replace(verdict, until=until + timedelta(seconds=1))]
        case Withheld(reasons):
            claims: list[Verdict] = [Mailable(), Deferred(NOW, reasons[0]), Withheld((*reasons, other))]
            if len(reasons) > 1:
                claims += [Withheld(reasons[1:]), Withheld(reasons[::-1]), Withheld((*reasons, reasons[-1]))]
            lied = [_lie(one) for one in reasons]
            claims += [
                Withheld((*reasons[:place], lie, *reasons[place + 1 :])) for place, lie in enumerate(lied) if lie
            ]
            return claims


def _lie(reason: why.Reason) -> why.Reason | None:
    """The same reason with evidence that nobody gave."""
    match reason:
        case why.TopicLeft() | why.TopicNotJoined():
            return replace(reason, topic=TopicId("another"))
        case why.Unreadable(facts):
            return replace(reason, facts=(*facts, "phase of the moon"))
        case why.InvalidAddressFound(reserved):
            return replace(reason, reserved=not reserved)
        case why.NotSubscribed():
            return replace(reason, status=StatusFact.SUBSCRIBED)
        case why.ConsentUnproven():
            return replace(reason, consent=ConsentFact.PROVEN)
        case _ if hasattr(reason, "source"):
            return replace(reason, source="\x00made up")  # type: ignore[arg-type]  # those with a source take a text
        case _:
            return None


@given(some.policies(), RULES, some.facts(circumstances=some.circumstances()))
def test_the_checker_objects_to_every_other_claim(base: Policy, rules: list[OutsideRule], facts: Facts) -> None:
    """Omitting, adding, turning, repeating or misdating a reason, or passing somebody over, is always noticed."""
    policy = base.with_rules(*rules, name="drawn")
    for claim in tampered(decide(facts, policy, NOW), facts):
        assert check(facts, claim, policy, NOW), claim


def test_an_objection_says_what_is_wrong() -> None:
    """Each kind of objection names the reasons it is about."""
    facts = Facts(ADA, Standing(0, Denials.MANUAL | Denials.UNSUBSCRIBED))
    assert check(facts, Mailable(), MIGMA) == ("claimed mailable, but: manual, unsubscribed",)
    assert check(facts, Withheld((why.Unsubscribed(),)), MIGMA) == ("omitted: manual",)
    assert check(facts, Deferred(NOW, why.QuietHours()), MIGMA) == ("claimed deferred, but: manual, unsubscribed",)
    assert check(Facts(ADA, Standing(0)), Withheld((why.Excluded(),)), MIGMA) == ("made up: excluded",)
