"""Segments: the modes one by one, the limits, and what a condition says in words."""

from __future__ import annotations

import pytest

from migma_core import (
    Address,
    AllOf,
    AnyOf,
    Condition,
    Contact,
    ContactId,
    FieldIs,
    Mode,
    Not,
    ProjectId,
    Scalar,
    Segment,
    SegmentId,
    Status,
    StatusIs,
    Tagged,
    Validation,
    ValidationIs,
    in_words,
    matches,
)

BETA = Tagged(("beta",))


def someone(**fields: Scalar) -> Contact:
    """A contact with these custom fields."""
    return Contact(
        id=ContactId("c" * 32),
        project=ProjectId("p" * 32),
        address=Address("Ada", "example.com"),
        tags=frozenset({"beta"}),
        country="DE",
        fields=fields,
    )


@pytest.mark.parametrize(
    ("mode", "values", "given", "expected"),
    [
        (Mode.IS, ("berlin", "bonn"), "Bonn", True),
        (Mode.IS, ("strasse",), "STRASSE", True),
        (Mode.IS, ("strasse",), "Straße", True),
        (Mode.IS, ("berlin",), "Berlin-Mitte", False),
        (Mode.IS, ("",), None, False),
        (Mode.IS_NOT, ("berlin",), "Bonn", True),
        (Mode.IS_NOT, ("berlin", "bonn"), "Bonn", False),
        (Mode.IS_NOT, ("berlin",), None, True),
        (Mode.STARTS_WITH, ("BER",), "Berlin", True),
        (Mode.STARTS_WITH, ("ber",), None, False),
        (Mode.ENDS_WITH, ("Lin",), "Berlin", True),
        (Mode.ENDS_WITH, ("lin",), "Linz", False),
        (Mode.CONTAINS, ("x", "ERL"), "Berlin", True),
        (Mode.CONTAINS, ("x",), "Berlin", False),
        (Mode.NOT_CONTAINS, ("x", "erl"), "Berlin", False),
        (Mode.NOT_CONTAINS, ("x",), None, True),
        (Mode.DATE_AFTER, ("2026-05-01",), "2026-05-01T00:00:01Z", True),
        (Mode.DATE_AFTER, ("2026-05-01",), "2026-05-01", False),
        (Mode.DATE_BEFORE, ("2026-05-01",), "2026-05-01T01:00:00+02:00", True),
        (Mode.DATE_BEFORE, ("2026-05-01",), "soon", False),
        (Mode.DATE_BETWEEN, ("2026-05-01", "2026-05-31"), "2026-05-31", True),
        (Mode.DATE_BETWEEN, ("2026-05-01", "2026-05-31"), "2026-06-01", False),
        (Mode.NUMBER_GT, (9,), "10", True),
        (Mode.NUMBER_GT, (9.5,), 9.5, False),
        (Mode.NUMBER_GTE, ("9.50",), 9.5, True),
        (Mode.NUMBER_LT, (0,), "-0.001", True),
        (Mode.NUMBER_LT, (0,), True, False),
        (Mode.NUMBER_LTE, (0,), "-0", True),
        (Mode.NUMBER_LTE, (0,), None, False),
        (Mode.NUMBER_BETWEEN, (1, 2), 2, True),
        (Mode.NUMBER_BETWEEN, (1, 2), "2.0000000001", False),
    ],
)
def test_a_mode_compares_as_documented(
    mode: Mode, values: tuple[str | int | float, ...], given: Scalar, expected: bool
) -> None:
    """Text is folded, numbers are exact, dates are instants, and null satisfies the negative modes only (§1.5, D6)."""
    assert matches(FieldIs("it", mode, values), someone(it=given)) is expected


@pytest.mark.parametrize("value", [float("inf"), float("-inf"), float("nan")])
def test_a_number_that_is_not_finite_is_refused(value: float) -> None:
    """JSON, in which segments are kept, has no such number."""
    with pytest.raises(ValueError, match="finite"):
        FieldIs("points", Mode.IS, ("10", value))


def test_a_field_nobody_has_is_null() -> None:
    """An absent field behaves as one without a value."""
    assert not matches(FieldIs("plan", Mode.CONTAINS, ("",)), someone())
    assert matches(FieldIs("plan", Mode.IS_NOT, ("pro",)), someone())


def test_built_in_values_are_fields_as_well() -> None:
    """Country, address and name compare by the same modes, under the names templates use."""
    assert matches(FieldIs("country", Mode.IS, ("de",)), someone())
    assert matches(FieldIs("email", Mode.ENDS_WITH, ("@example.com",)), someone())


def test_tags_are_compared_exactly_and_any_will_do() -> None:
    """Case and wording of a tag matter, and one of several is enough (§1.4, A9)."""
    assert matches(Tagged(("vip", "beta")), someone())
    assert not matches(Tagged(("Beta",)), someone())


def test_status_and_validation_compare_by_value() -> None:
    """Each status and each finding matches itself and no other."""
    who = someone()
    assert [status for status in Status if matches(StatusIs(status), who)] == [Status.SUBSCRIBED]
    assert [found for found in Validation if matches(ValidationIs(found), who)] == [Validation.UNKNOWN]


@pytest.mark.parametrize("mode", [mode for mode in Mode if mode.startswith(("date", "number"))])
def test_a_bound_must_be_readable(mode: Mode) -> None:
    """A date or number mode takes exactly its bounds, and says how many and of what (§1.5)."""
    wanted = 2 if mode.endswith("between") else 1
    what = "number" if mode.startswith("number") else "date such as 2026-05-01"
    good: tuple[str | int | float, ...] = ("2026-05-01", "2026-05-02") if mode.startswith("date") else (1, 2)
    assert FieldIs("x", mode, good[:wanted]).values == good[:wanted]
    wrong: list[tuple[str | int | float, ...]] = [(), good[: 3 - wanted], ("never",) * wanted, (True,) * wanted]
    for values in wrong:
        with pytest.raises(ValueError, match=rf"{mode} takes {wanted} {what}"):
            FieldIs("x", mode, values)


@pytest.mark.parametrize(
    ("mode", "values"), [(Mode.NUMBER_BETWEEN, (10, 9)), (Mode.DATE_BETWEEN, ("2026-05-02", "2026-05-01"))]
)
def test_bounds_come_in_order(mode: Mode, values: tuple[str | int | float, ...]) -> None:
    """A range written backwards would match nobody, so it is refused."""
    with pytest.raises(ValueError, match="takes the lower bound first"):
        FieldIs("x", mode, values)


@pytest.mark.parametrize(
    ("build", "says"),
    [
        (lambda: Tagged(()), "name at least one tag"),
        (lambda: AnyOf(()), "any of nothing matches nobody"),
        (lambda: FieldIs("", Mode.IS, ("x",)), "name the field"),
        (lambda: FieldIs("x", Mode.IS, ()), "is needs at least one value"),
        (lambda: Segment(SegmentId("s"), "  ", BETA), "1 to 200 characters"),
        (lambda: Segment(SegmentId("s"), "x" * 201, BETA), "1 to 200 characters"),
    ],
)
def test_an_empty_condition_is_refused(build: object, says: str) -> None:
    """What could only be a mistake says what is missing."""
    with pytest.raises(ValueError, match=says):
        build()  # type: ignore[operator]  # each case is a function without arguments


def nested(levels: int) -> Condition:
    """A condition below so many groups."""
    condition: Condition = BETA
    for _ in range(levels):
        condition = AllOf((condition,))
    return condition


def test_a_segment_holds_50_conditions() -> None:
    """The fiftieth condition is the last, wherever in the tree it stands (§1.5)."""
    assert Segment(SegmentId("s"), "fifty", AnyOf((BETA,) * 50))
    with pytest.raises(ValueError, match="at most 50 conditions; this one has 51"):
        Segment(SegmentId("s"), "more", AllOf((AnyOf((BETA,) * 50), Not(BETA))))


def test_groups_nest_three_levels_below_the_root() -> None:
    """A `not` belongs to the group it stands in; a fifth level of groups is refused (§1.5)."""
    assert Segment(SegmentId("s"), "deep", Not(nested(4)))
    with pytest.raises(ValueError, match="at most 3 levels below the root; this one has 4"):
        Segment(SegmentId("s"), "deeper", nested(5))


def test_no_tree_is_too_deep_to_be_refused() -> None:
    """Input nested beyond the interpreter's stack is a `ValueError` like any other."""
    with pytest.raises(ValueError, match="this one has 99999"):
        Segment(SegmentId("s"), "abyss", nested(100_000))
    negated: Condition = BETA
    for _ in range(51):
        negated = Not(negated)
    with pytest.raises(ValueError, match="negated at most 50 times over; this one is 51 times"):
        Segment(SegmentId("s"), "not not", negated)


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        (AllOf(), "everybody"),
        (BETA, "tagged beta"),
        (Tagged(("a", "b")), "tagged a or b"),
        (ValidationIs(Validation.RISKY), "address is risky"),
        (FieldIs("plan", Mode.NOT_CONTAINS, ("x", 1)), "plan not contains x or 1"),
        (Not(AnyOf((BETA, StatusIs(Status.BOUNCED)))), "not (tagged beta or status is bounced)"),
        (
            AllOf((BETA, AnyOf((StatusIs(Status.BOUNCED), ValidationIs(Validation.VALID))))),
            "tagged beta and (status is bounced or address is valid)",
        ),
    ],
)
def test_a_condition_reads_as_a_sentence(condition: Condition, words: str) -> None:
    """Groups of several parts stand in brackets, so that the words mean one thing."""
    assert in_words(condition) == words


@pytest.mark.parametrize(
    ("value", "day", "expected"),
    [
        ("2026-05-01", "2026-05-01", True),
        ("2026-05-01T23:59:59.999999Z", "2026-05-01", True),
        ("2026-05-02T00:00:00Z", "2026-05-01", False),
        ("2026-05-02T01:30:00+02:00", "2026-05-01", True),
        ("1969-12-31T23:00:00Z", "1969-12-31", True),
        ("1970-01-01", "1969-12-31", False),
        ("soon", "2026-05-01", False),
    ],
)
def test_a_day_is_that_day_in_utc(value: str, day: str, expected: bool) -> None:
    """``date_on`` matches any moment of the day, by UTC, before 1970 as well (§1.5)."""
    assert matches(FieldIs("since", Mode.DATE_ON, (day,)), someone(since=value)) is expected


def test_a_group_holds_ten_groups_at_most() -> None:
    """Ten groups in a group are taken, eleven are refused, however few conditions they hold (§1.5)."""
    group = AllOf((StatusIs(Status.SUBSCRIBED),))
    Segment(SegmentId("s"), "Wide", AnyOf((group,) * 10))
    with pytest.raises(ValueError, match="a group holds at most 10 groups; this one has 11"):
        Segment(SegmentId("s"), "Wide", AnyOf((group,) * 11))
