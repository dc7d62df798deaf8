"""The review helper: a policy that reaches more people is noticed, and by which end of a reason."""

from __future__ import annotations

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest

from migma_core import (
    MIGMA,
    STRICT,
    Address,
    Circumstances,
    Contact,
    ContactId,
    Denials,
    Policy,
    ProjectId,
    Purpose,
    QuietHours,
    ReasonKind,
    Validation,
    diff,
    diff_standings,
    facts_about,
    widened,
)
from migma_core.decision import rules
from migma_core.decision.diff import Change, Diff
from migma_core.decision.standing import CELLS, Standing
from migma_core.testing.review import assert_nobody_newly_mailable

CAREFUL = MIGMA.with_rules(rules.risky_address, name="careful")
NIGHT = datetime(2026, 5, 1, 23, tzinfo=UTC)
QUIET = MIGMA.with_rules(QuietHours(time(21), time(8), ZoneInfo("UTC")), name="quiet")
PEOPLE = [
    facts_about(
        Contact(
            id=ContactId(f"{place:032x}"),
            project=ProjectId("p" * 32),
            address=Address(f"a{place}", "example.com"),
            validation=Validation.RISKY if place % 2 else Validation.VALID,
        ),
        Purpose.MARKETING,
        circumstances=Circumstances(),
    )
    for place in range(14)
]


@pytest.mark.parametrize(("before", "after"), [(MIGMA, STRICT), (MIGMA, CAREFUL), (MIGMA, QUIET), (STRICT, STRICT)])
def test_a_stricter_policy_passes(before: Policy, after: Policy) -> None:
    """Rules that are added, and none that is taken away, reach nobody new: over all standings, and for people."""
    assert not widened(before, after)
    assert_nobody_newly_mailable(before, after)
    assert_nobody_newly_mailable(before, after, PEOPLE, now=NIGHT)


def test_whoever_is_newly_mailed_is_shown_masked() -> None:
    """The failure names some of the people, without their addresses, the reason, and how many more there are."""
    with pytest.raises(AssertionError) as failure:
        assert_nobody_newly_mailable(CAREFUL, MIGMA, PEOPLE)
    assert "a***@example.com (marketing), held back by risky_address" in str(failure.value)
    assert str(failure.value).endswith("and 2 more")
    assert "a1@" not in str(failure.value)


def test_what_was_reviewed_is_no_finding() -> None:
    """A reason that is named may end, and no other with it."""
    assert_nobody_newly_mailable(CAREFUL, MIGMA, PEOPLE, reviewed=[ReasonKind.RISKY_ADDRESS])
    assert_nobody_newly_mailable(CAREFUL, MIGMA, reviewed=[ReasonKind.RISKY_ADDRESS])
    with pytest.raises(AssertionError, match="held back by manual"):
        assert_nobody_newly_mailable(MIGMA, MIGMA.relaxed(Denials.MANUAL), reviewed=[ReasonKind.COMPLAINT])


def test_a_rule_outside_the_table_that_is_gone_is_a_finding() -> None:
    """Nobody can count whom it held back, so its absence is the finding; people it defers gain as well."""
    with pytest.raises(AssertionError, match="anyone the rule quiet_hours held back: it is gone, or differs"):
        assert_nobody_newly_mailable(QUIET, MIGMA)
    with pytest.raises(AssertionError, match="held back by quiet_hours"):
        assert_nobody_newly_mailable(QUIET, MIGMA, PEOPLE, now=NIGHT)


def test_a_diff_lists_who_gains_loses_and_changes() -> None:
    """Everyone about whom two policies disagree is in exactly one list, counted by their strongest reason."""
    found = diff(CAREFUL, STRICT, PEOPLE)
    assert (len(found.gained), len(found.lost), len(found.otherwise)) == (0, 7, 7)
    assert found.lost_by_reason == {ReasonKind.INVALID_ADDRESS: 7}
    assert diff(CAREFUL, MIGMA, PEOPLE).gained_by_reason == {ReasonKind.RISKY_ADDRESS: 7}
    assert diff(QUIET, MIGMA, PEOPLE, NIGHT).gained_by_reason == {ReasonKind.QUIET_HOURS: 14}
    assert diff(MIGMA, MIGMA, PEOPLE) == Diff()


def test_a_change_of_nothing_has_no_reason() -> None:
    """A list made by hand that holds somebody mailed before is refused when it is counted."""
    (facts, *_) = PEOPLE
    mailed = diff(CAREFUL, MIGMA, PEOPLE).gained[0].after
    with pytest.raises(AssertionError, match="only those not mailed have a reason"):
        _ = Diff(gained=(Change(facts, mailed, mailed),)).gained_by_reason


def test_numbers_per_standing_move_as_people_do() -> None:
    """What a database counts is compared by the strongest reason before and after; what stays is not listed."""
    risky = PEOPLE[1].standing
    moves = diff_standings(CAREFUL, MIGMA, {risky: 7, PEOPLE[0].standing: 7})
    assert moves == {(ReasonKind.RISKY_ADDRESS, None): 7}
    assert diff_standings(MIGMA, MIGMA, {Standing(cell): 1 for cell in range(CELLS)}) == {}
    with pytest.raises(ValueError, match="asks about each person"):
        diff_standings(MIGMA, QUIET, {risky: 7})


def test_widened_finds_every_standing_that_is_newly_mailed() -> None:
    """Held against all cells with no denial and each single one: the smallest that are newly mailed, and no others."""
    for before, after in ((STRICT, MIGMA), (MIGMA, MIGMA.relaxed(Denials.COMPLAINT)), (STRICT, CAREFUL)):
        found = set(widened(before, after).standings)
        for cell in range(CELLS):
            for denial in (0, *map(int, Denials)):
                standing = Standing(cell, denial)
                gained = bool(before.code(standing)) and not after.code(standing)
                smaller = denial and bool(before.code(Standing(cell))) and not after.code(Standing(cell))
                assert (standing in found) is (gained and not smaller)
