"""Laws of segments: the algebra is Boolean, and every condition has words."""

from __future__ import annotations

from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from migma_core import (
    AllOf,
    AnyOf,
    Condition,
    Contact,
    Engaged,
    Engagement,
    EngagementMode,
    FieldIs,
    Mode,
    Not,
    Scalar,
    Segment,
    SegmentId,
    TimeUnit,
    in_words,
    matches,
)
from migma_core.audience.fields import field_matches
from migma_core.audience.values import canonical
from migma_core.testing.strategies import (
    conditions,
    contacts,
    engaged_conditions,
    engagements,
    moments,
    scalars,
    segments,
)

SOME = st.lists(conditions(levels=1), min_size=1, max_size=3).map(tuple)
WORDS = st.lists(st.text(max_size=5) | st.sampled_from(("de", "Straße", "ada")), min_size=1, max_size=3).map(tuple)
NUMBERS = st.integers(-5, 5) | st.sampled_from(("1.50", "-0", 1.5))


@given(conditions(), contacts())
def test_not_is_the_complement(condition: Condition, who: Contact) -> None:
    """Everybody is in a condition or in its negation, and nobody in both."""
    assert matches(Not(condition), who) is not matches(condition, who)
    assert matches(Not(Not(condition)), who) is matches(condition, who)


@given(contacts())
def test_all_of_nothing_is_everybody(who: Contact) -> None:
    """An empty root matches every contact of the project (§1.5)."""
    assert matches(AllOf(()), who)
    assert not matches(Not(AllOf(())), who)


@given(SOME, contacts())
def test_de_morgan_holds(parts: tuple[Condition, ...], who: Contact) -> None:
    """The negation of *all* is *any* of the negations, and the other way round."""
    negated = tuple(map(Not, parts))
    assert matches(Not(AllOf(parts)), who) is matches(AnyOf(negated), who)
    assert matches(Not(AnyOf(parts)), who) is matches(AllOf(negated), who)


@given(SOME, SOME, contacts())
def test_groups_may_be_flattened_and_turned(
    some: tuple[Condition, ...], others: tuple[Condition, ...], who: Contact
) -> None:
    """Order and nesting of like groups do not count."""
    for group in (AllOf, AnyOf):
        flat = matches(group((*some, *others)), who)
        assert matches(group((group(some), group(others))), who) is flat
        assert matches(group((*reversed(others), *some)), who) is flat


@given(scalars(), WORDS)
def test_negative_modes_are_the_complement_of_positive_ones(value: Scalar, words: tuple[str, ...]) -> None:
    """`is_not` and `not_contains` match exactly where `is` and `contains` do not, null included (D6)."""
    for positive, negative in ((Mode.IS, Mode.IS_NOT), (Mode.CONTAINS, Mode.NOT_CONTAINS)):
        assert field_matches(value, positive, words) is not field_matches(value, negative, words)


@given(st.sampled_from(Mode), NUMBERS)
def test_null_satisfies_the_negative_modes_only(mode: Mode, number: str | int | float) -> None:
    """Nothing is known of a field without a value but what it is not (D6)."""
    assert field_matches(None, mode, (number, number)) is (mode in {Mode.IS_NOT, Mode.NOT_CONTAINS})


@given(st.text(max_size=10), st.text(max_size=3), st.text(max_size=3))
def test_a_text_contains_what_it_is_made_of(middle: str, before: str, after: str) -> None:
    """What `starts_with`, `ends_with` or `is` a text is contained in it as well."""
    whole = before + middle + after
    for mode in (Mode.STARTS_WITH, Mode.ENDS_WITH, Mode.IS):
        for piece in (before, middle, after, whole):
            assert not field_matches(whole, mode, (piece,)) or field_matches(whole, Mode.CONTAINS, (piece,))
    assert field_matches(whole, Mode.IS, (whole.swapcase() if whole.isascii() else whole,))


@given(scalars(), NUMBERS, NUMBERS)
def test_number_modes_agree_with_each_other(value: Scalar, one: str | int | float, other: str | int | float) -> None:
    """For a number each bound splits the line in two; for anything else no number mode matches."""
    low, high = sorted((one, other), key=float)
    readable = (read := canonical(value)) is not None and read.number is not None
    assert (
        field_matches(value, Mode.NUMBER_GT, (low,)) is not field_matches(value, Mode.NUMBER_LTE, (low,))
    ) is readable
    assert (
        field_matches(value, Mode.NUMBER_LT, (low,)) is not field_matches(value, Mode.NUMBER_GTE, (low,))
    ) is readable
    within = field_matches(value, Mode.NUMBER_GTE, (low,)) and field_matches(value, Mode.NUMBER_LTE, (high,))
    assert field_matches(value, Mode.NUMBER_BETWEEN, (low, high)) is within


@given(scalars(), st.dates(), st.dates())
def test_date_modes_agree_with_each_other(value: Scalar, one: object, other: object) -> None:
    """An instant is before, on or after a bound, and a range holds both its ends."""
    low, high = sorted((str(one), str(other)))
    after, before = field_matches(value, Mode.DATE_AFTER, (low,)), field_matches(value, Mode.DATE_BEFORE, (low,))
    assert not (after and before)
    assert field_matches(low, Mode.DATE_BETWEEN, (low, high))
    assert field_matches(high, Mode.DATE_BETWEEN, (low, high))
    if field_matches(value, Mode.DATE_BETWEEN, (low, high)):
        assert not before
        assert not field_matches(value, Mode.DATE_AFTER, (high,))


@given(conditions())
def test_every_condition_has_words(condition: Condition) -> None:
    """Explaining an audience is total."""
    assert in_words(condition)


@given(conditions(levels=4))
def test_what_the_strategy_draws_is_within_the_limits(condition: Condition) -> None:
    """Every condition of up to four levels of groups makes a segment."""
    assert Segment(SegmentId("s"), "drawn", condition).condition == condition


@given(segments(), contacts(), moments())
def test_matching_never_fails(segment: Segment, who: Contact, now: datetime) -> None:
    """Any segment has an answer about any contact at any time, and gives it twice."""
    answer = matches(segment.condition, who, now=now)
    assert answer in (True, False)
    assert matches(segment.condition, who, now=now) is answer


@given(conditions(levels=2), contacts())
def test_only_named_fields_count(condition: Condition, who: Contact) -> None:
    """A condition on a field nobody has matches exactly where its mode is negative."""
    absent = FieldIs("\x00 no such field", Mode.IS_NOT, ("x",))
    assert matches(AllOf((condition, absent)), who) is matches(condition, who)


@given(conditions(engaged=True), contacts(), st.lists(engagements(), max_size=4), moments())
def test_engagement_is_part_of_the_algebra(
    condition: Condition, who: Contact, events: list[Engagement], now: datetime
) -> None:
    """With events and the present, everybody is in a condition or in its negation, and it has words."""
    inside = matches(condition, who, engagement=events, now=now)
    assert matches(Not(condition), who, engagement=events, now=now) is not inside
    assert matches(condition, who, engagement=events[::-1], now=now) is inside
    assert in_words(condition)


@given(engaged_conditions(), st.lists(engagements(), max_size=4), contacts(), moments())
def test_never_within_and_before_share_the_past(
    asked: Engaged, events: list[Engagement], who: Contact, now: datetime
) -> None:
    """Of one action and campaign, somebody has never engaged, or did within a span, or did before it: exactly one."""
    span = {"amount": 30, "unit": TimeUnit.DAYS}
    never = Engaged(action=asked.action, mode=EngagementMode.NEVER, campaign=asked.campaign)
    within = Engaged(action=asked.action, mode=EngagementMode.WITHIN, campaign=asked.campaign, **span)  # type: ignore[arg-type]  # by name
    before = Engaged(action=asked.action, mode=EngagementMode.BEFORE, campaign=asked.campaign, **span)  # type: ignore[arg-type]  # by name
    assert [matches(one, who, engagement=events, now=now) for one in (never, within, before)].count(True) == 1
