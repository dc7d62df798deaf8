"""The law book holds for the shipped policies, and each of its laws catches the defect it is named for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import time, timedelta
from itertools import combinations
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import Phase, settings

from migma_core import (
    MIGMA,
    STRICT,
    Contact,
    Denials,
    Facts,
    FrequencyCap,
    Mailable,
    Partition,
    Planned,
    Purpose,
    QuietHours,
    ReasonKind,
    Standing,
    Suppression,
    Topic,
    Verdict,
    Visibility,
    Withheld,
    facts_about,
)
from migma_core.decision import reasons as why
from migma_core.decision.standing import Cell, StatusFact, ValidationFact
from migma_core.testing import DecisionLaws, Law
from tests.support.examples import few


class TestMigma(DecisionLaws):
    """The product's own policy."""


class TestStrict(DecisionLaws):
    """The strict one."""

    policy = STRICT
    examples = few(10)  # the laws are tried in full on the product's own policy


class TestRelaxed(DecisionLaws):
    """Both switches of R17 thrown."""

    policy = MIGMA.relaxed(Denials.COMPLAINT).relaxed(Denials.MANUAL, name="relaxed")
    examples = few(10)


class TestByTheClock(DecisionLaws):
    """Rules outside the table."""

    policy = MIGMA.with_rules(
        QuietHours(time(21), time(8), ZoneInfo("UTC")), FrequencyCap(2, timedelta(days=7)), name="by the clock"
    )
    examples = few(10)


MAIL, UNREAD = Mailable(), ReasonKind.UNREADABLE


def cell_of(facts: Facts) -> Cell:
    """The cell, taken apart."""
    return Cell.unpacked(facts.standing.cell)


def less(verdict: Verdict, *kinds: ReasonKind) -> Verdict:
    """The verdict without these reasons."""
    if not isinstance(verdict, Withheld):
        return verdict
    left = tuple(one for one in verdict.reasons if one.kind not in kinds)
    return Withheld(left) if left else MAIL


class LosesThePageBreak(DecisionLaws):
    """Drops whoever begins the second page."""

    def plan(self, audience: Iterable[Facts]) -> Sequence[Planned]:
        """Without the third row."""
        planned = super().plan(audience)
        return [*planned[:2], *planned[3:]]


class CountsBySomethingElse(DecisionLaws):
    """Shows everybody who is subscribed, as a dashboard's own query would."""

    def count(self, standings: Mapping[Standing, int], duplicates: int) -> Partition:
        """By status alone."""
        del duplicates
        mailable = sum(n for one, n in standings.items() if Cell.unpacked(one.cell).status is StatusFact.SUBSCRIBED)
        return Partition(mailable, {UNREAD: sum(standings.values()) - mailable})


class TogglesOnEvenDenials(DecisionLaws):
    """Flips a flag where it should set one: a second entry against somebody lifts what the first one says."""

    def decide(self, facts: Facts) -> Verdict:
        """Two different entries of the account's list cancel out, unless another rule stops it as well."""
        both = Denials.MANUAL | Denials.OBJECTION
        twice = facts.standing.denials & both == both
        verdict = super().decide(facts)
        return less(verdict, ReasonKind.MANUAL, ReasonKind.OBJECTION) if twice else verdict


class LastOneWins(DecisionLaws):
    """Of two records with one address, plans by whichever was read last."""

    def plan(self, audience: Iterable[Facts]) -> Sequence[Planned]:
        """Decides about the last, and calls the others duplicates."""
        last = {one.address.canonical: one for one in audience}
        planned = [Planned(one, self.decide(one)) for one in last.values()]
        rest = [one for one in audience if last[one.address.canonical] is not one]
        return [*planned, *(Planned(one, Withheld((why.Duplicate(),))) for one in rest)]


class RemembersTheLast(DecisionLaws):
    """Keeps a verdict too long: whoever comes second in an audience gets what the first was told."""

    def plan(self, audience: Iterable[Facts]) -> Sequence[Planned]:
        """The second of a plan gets the verdict of the first."""
        planned = list(super().plan(audience))
        if len(planned) > 1:
            planned[1] = replace(planned[1], verdict=planned[0].verdict)
        return planned


class WithholdsResets(DecisionLaws):
    """Applies an opt-out to every kind of mail."""

    def decide(self, facts: Facts) -> Verdict:
        """Nothing at all for those who left."""
        verdict = super().decide(facts)
        left = cell_of(facts).status is StatusFact.UNSUBSCRIBED and cell_of(facts).purpose is Purpose.TRANSACTIONAL
        return Withheld((why.Unsubscribed(),)) if left and verdict == MAIL else verdict


class OverridesBounces(DecisionLaws):
    """Lets an override reach a bounced address where nothing else stands against it."""

    def decide(self, facts: Facts) -> Verdict:
        """A bounce by status counts for marketing alone."""
        transactional = cell_of(facts).purpose is Purpose.TRANSACTIONAL
        return less(super().decide(facts), ReasonKind.HARD_BOUNCE) if transactional else super().decide(facts)


class AsksThemBack(DecisionLaws):
    """Sends a come-back campaign to people who opted out."""

    def decide(self, facts: Facts) -> Verdict:
        """An opt-out does not count."""
        return less(super().decide(facts), ReasonKind.UNSUBSCRIBED)


class ReadsNullAsYes(DecisionLaws):
    """Takes what it cannot read for the usual."""

    def decide(self, facts: Facts) -> Verdict:
        """No unreadable marketing."""
        marketing = cell_of(facts).purpose is Purpose.MARKETING
        return less(super().decide(facts), UNREAD) if marketing else super().decide(facts)


class WantsEverythingChecked(DecisionLaws):
    """Withholds what somebody needs until their address was checked."""

    def decide(self, facts: Facts) -> Verdict:
        """Unknown is taken for unreadable."""
        cell, verdict = cell_of(facts), super().decide(facts)
        unknown = cell.validation is ValidationFact.UNKNOWN and cell.purpose is Purpose.TRANSACTIONAL
        return Withheld((why.Unreadable(("validation",)),)) if unknown and verdict == MAIL else verdict


class HidesPrivateTopics(DecisionLaws):
    """Filters by what the preference center shows."""

    def facts_about(self, who: Contact, purpose: Purpose, topic: Topic, listed: Sequence[Suppression]) -> Facts:
        """A private topic is no topic."""
        if topic.visibility is Visibility.PUBLIC:
            return super().facts_about(who, purpose, topic, listed)
        return facts_about(who, purpose, suppressions=listed)


class ReadsTheFirstEntry(DecisionLaws):
    """Acts on the first entry of the list alone."""

    def facts_about(self, who: Contact, purpose: Purpose, topic: Topic, listed: Sequence[Suppression]) -> Facts:
        """``listed[0]``."""
        return super().facts_about(who, purpose, topic, listed[:1])


class HasNoWords(DecisionLaws):
    """Says that it did not send, and not why."""

    def explain(self, verdict: Verdict) -> str:
        """One sentence for all."""
        return "Sent." if verdict == MAIL else "Not sent."


class NamesOneReason(DecisionLaws):
    """Records the strongest reason and drops the others."""

    def decide(self, facts: Facts) -> Verdict:
        """One reason is enough to withhold."""
        verdict = super().decide(facts)
        return Withheld(verdict.reasons[:1]) if isinstance(verdict, Withheld) else verdict


DEFECTS: dict[str, type[DecisionLaws]] = {
    "test_everyone_is_planned_exactly_once": LosesThePageBreak,
    "test_the_count_shown_is_the_count_sent": CountsBySomethingElse,
    "test_a_denial_never_adds_a_recipient": TogglesOnEvenDenials,
    "test_order_changes_no_verdict": LastOneWins,
    "test_company_changes_nobody": RemembersTheLast,
    "test_transactional_mail_is_stopped_by_these_facts_alone": WithholdsResets,
    "test_a_bounced_address_is_never_reached": OverridesBounces,
    "test_who_opted_out_gets_no_marketing": AsksThemBack,
    "test_what_cannot_be_read_withholds": ReadsNullAsYes,
    "test_known_gaps_do_not_withhold": WantsEverythingChecked,
    "test_a_topics_visibility_changes_nothing": HidesPrivateTopics,
    "test_every_entry_of_the_list_counts": ReadsTheFirstEntry,
    "test_every_verdict_has_words": HasNoWords,
    "test_the_checker_agrees": NamesOneReason,
}


@contextmanager
def hunting(examples: int) -> Iterator[None]:
    """Look for a defect, the same way every time, and do not stop to make the example small."""
    before = settings.get_current_profile_name()
    usual = settings.get_profile(before)
    settings.register_profile(
        "hunting",
        usual,
        max_examples=examples,
        derandomize=True,
        report_multiple_bugs=False,
        database=None,
        phases=[Phase.generate],
    )
    settings.load_profile("hunting")
    try:
        yield
    finally:
        settings.load_profile(before)


def catches(one: Law, defect: type[DecisionLaws]) -> bool:
    """Whether the law, run alone, fails for this implementation; its own defect it looks for longest."""
    with hunting(2_000 if DEFECTS[one.name] is defect else 15):
        run = one.as_test()  # made now: a test keeps the settings it was made under
        try:
            run(defect())
        except AssertionError:
            return True
    return False


HOOKS = ("decide", "plan", "count", "facts_about", "explain")


def hooks_of(defect: type[DecisionLaws]) -> set[str]:
    """The hooks that a defect replaces."""
    return set(HOOKS) & set(vars(defect))


def hooks_asked(one: Law) -> set[str]:
    """The hooks that a law asks: a defect in another cannot show in it."""
    asked = set[str]()

    def spy(hook: str) -> Callable[..., Any]:
        def spied(self: DecisionLaws, *given: Any) -> Any:
            asked.add(hook)
            return getattr(DecisionLaws, hook)(self, *given)

        return spied

    with hunting(5):
        spying = type("Spying", (DecisionLaws,), {hook: spy(hook) for hook in HOOKS})
        one.as_test()(spying())
    return asked


@pytest.fixture(scope="module")
def caught() -> Callable[[Law, str], bool]:
    """Whether a law catches the defect of another, found out once it is asked."""
    asked = {one.name: hooks_asked(one) for one in DecisionLaws.laws}
    found: dict[tuple[str, str], bool] = {}

    def ask(one: Law, other: str) -> bool:
        if (one.name, other) not in found:
            defect = DEFECTS[other]
            found[one.name, other] = bool(hooks_of(defect) & asked[one.name]) and catches(one, defect)
        return found[one.name, other]

    return ask


def test_every_law_has_a_defect_of_its_own() -> None:
    """Nobody adds a law without showing what it catches."""
    assert set(DEFECTS) == {one.name for one in DecisionLaws.laws}


@pytest.mark.parametrize("one", DecisionLaws.laws, ids=lambda one: one.name)
def test_every_law_catches_the_defect_it_is_named_for(one: Law) -> None:
    """Run alone, it finds it."""
    assert catches(one, DEFECTS[one.name])


def test_no_two_laws_catch_the_same(caught: Callable[[Law, str], bool]) -> None:
    """No law could be left out: of two that catch each other's defect, one alone catches some other."""
    for one, other in combinations(DecisionLaws.laws, 2):
        if caught(one, other.name) and caught(other, one.name):
            assert any(caught(one, name) is not caught(other, name) for name in DEFECTS), (one.name, other.name)


def test_every_law_names_its_rule() -> None:
    """A reader finds what a law stands for, and what it would have caught."""
    assert all(one.rule and one.claim.__doc__ for one in DecisionLaws.laws)
    assert all(one.would_have_caught for one in DecisionLaws.laws)
