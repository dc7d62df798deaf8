"""The machine finds nothing in the shipped policies, and finds an import that revives an opt-out."""

from __future__ import annotations

from datetime import time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from migma_core import (
    MIGMA,
    STRICT,
    Admission,
    Denials,
    Facts,
    FrequencyCap,
    Mailable,
    Policy,
    QuietHours,
    Status,
    Verdict,
)
from migma_core.testing import PolicyMachine

LIVES = settings(max_examples=25, stateful_step_count=25)
CLOCKED = MIGMA.with_rules(
    QuietHours(time(21), time(8), ZoneInfo("UTC")), FrequencyCap(2, timedelta(days=7)), name="clocked"
)


@pytest.mark.parametrize("ours", [MIGMA, STRICT, MIGMA.relaxed(Denials.COMPLAINT), CLOCKED], ids=lambda one: one.name)
def test_no_life_breaks_a_policy_of_ours(ours: Policy) -> None:
    """Whatever happens to people, in any order, denials hold, counts are plans, and verdicts are true."""
    machine = type("Ours", (PolicyMachine,), {"policy": ours})
    run_state_machine_as_test(machine, settings=LIVES)


class Revives(PolicyMachine):
    """An import that takes the list's word."""

    def admit(self, asked: Status | None, known: Status | None, denials: int) -> Admission:
        """Whatever the row says."""
        del known, denials
        return Admission(asked or Status.SUBSCRIBED)

    def decide(self, facts: Facts) -> Verdict:
        """By status alone."""
        return super().decide(facts._replace(standing=facts.standing._replace(denials=0), evidence=()))


class Forgives(PolicyMachine):
    """A decision that forgets complaints."""

    def decide(self, facts: Facts) -> Verdict:
        """Everybody who only complained is mailed."""
        return Mailable() if facts.standing.denials == Denials.COMPLAINT else super().decide(facts)


@pytest.mark.parametrize("broken", [Revives, Forgives])
def test_a_broken_life_is_found(broken: type[PolicyMachine]) -> None:
    """An import that revives an opt-out, and a forgotten complaint, are found by living long enough (A-09, L-01)."""
    with pytest.raises(AssertionError):
        run_state_machine_as_test(broken, settings=settings(LIVES, max_examples=200, phases=[Phase.generate]))
