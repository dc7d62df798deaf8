"""Standing: the numbers that stores keep, digit by digit."""

from __future__ import annotations

from math import prod

import pytest

from migma_core import Cell, ConsentLevel, DefaultSubscription, Purpose, Status, Validation
from migma_core.decision.standing import (
    CELLS,
    RADIX,
    ConsentFact,
    StatusFact,
    TopicFact,
    ValidationFact,
    all_cells,
    topic_fact,
)


def test_cells_are_numbered_in_order_without_a_gap() -> None:
    """Packing and unpacking are each other's inverse on all 5,400 cells, and `all_cells` lists them in order (D4)."""
    every = list(all_cells())
    assert [cell.packed for cell in every] == list(range(CELLS))
    assert [Cell.unpacked(number) for number in range(CELLS)] == every


def test_the_radix_is_the_design() -> None:
    """Purpose 2 × status 6 × validation 5 × role 2 × consent 5 × topic 9 make 5,400 cells (D4)."""
    assert RADIX == (2, 6, 5, 2, 5, 9)
    assert prod(RADIX) == CELLS


def test_digits_keep_their_numbers() -> None:
    """Stores pack cells themselves, so no digit ever changes its number."""
    assert [one.name for one in StatusFact] == [
        "SUBSCRIBED", "UNSUBSCRIBED", "NON_SUBSCRIBED", "BOUNCED", "NO_CONTACT", "UNREADABLE",
    ]  # fmt: skip
    assert [one.name for one in ValidationFact] == ["VALID", "INVALID", "RISKY", "UNKNOWN", "UNREADABLE"]
    assert [one.name for one in ConsentFact] == ["PROVEN", "SOFT_OPT_IN", "UNPROVEN", "NONE", "UNREADABLE"]
    assert [one.value for one in TopicFact] == list(range(9))


def test_an_unpacked_cell_has_typed_digits() -> None:
    """Unpacking gives members and a bool back, not bare numbers."""
    cell = Cell.unpacked(CELLS - 1)
    assert cell == (
        Purpose.TRANSACTIONAL,
        StatusFact.UNREADABLE,
        ValidationFact.UNREADABLE,
        True,
        ConsentFact.UNREADABLE,
        TopicFact.NOT_SUBSCRIBED_UNREADABLE,
    )
    assert [type(digit) for digit in cell] == [Purpose, StatusFact, ValidationFact, bool, ConsentFact, TopicFact]


@pytest.mark.parametrize("number", [-1, CELLS, 10**9])
def test_a_number_outside_is_no_cell(number: int) -> None:
    """The answer says which numbers are cells."""
    with pytest.raises(ValueError, match=f"{number} is no cell: cells are 0 to 5399"):
        Cell.unpacked(number)


@pytest.mark.parametrize("text", [None, "", "Subscribed", "active", "pending", "no_contact", "unreadable", "proven "])
def test_what_is_not_understood_is_unreadable(text: str | None) -> None:
    """A stored word that is not exactly one of ours is never a guess (A-01, A-05)."""
    assert StatusFact.of(text) is StatusFact.UNREADABLE
    assert ValidationFact.of(text) is ValidationFact.UNREADABLE
    assert ConsentFact.of(text) is ConsentFact.UNREADABLE


def test_what_is_understood_is_read() -> None:
    """Every word of the domain has its digit of the same name, as a member and as stored text."""
    for status in Status:
        assert StatusFact.of(status) is StatusFact.of(str(status)) is StatusFact[status.name]
    for found in Validation:
        assert ValidationFact.of(found) is ValidationFact.of(str(found)) is ValidationFact[found.name]
    for level in ConsentLevel:
        assert ConsentFact.of(level) is ConsentFact.of(str(level)) is ConsentFact[level.name]


@pytest.mark.parametrize(
    ("default", "joined", "expected"),
    [
        (DefaultSubscription.SUBSCRIBED, None, TopicFact.SUBSCRIBED_NO_RECORD),
        (DefaultSubscription.SUBSCRIBED, True, TopicFact.SUBSCRIBED_JOINED),
        (DefaultSubscription.SUBSCRIBED, False, TopicFact.SUBSCRIBED_LEFT),
        (DefaultSubscription.NOT_SUBSCRIBED, None, TopicFact.NOT_SUBSCRIBED_NO_RECORD),
        (DefaultSubscription.NOT_SUBSCRIBED, True, TopicFact.NOT_SUBSCRIBED_JOINED),
        (DefaultSubscription.NOT_SUBSCRIBED, False, TopicFact.NOT_SUBSCRIBED_LEFT),
    ],
)
def test_default_and_choice_make_one_digit(
    default: DefaultSubscription, joined: bool | None, expected: TopicFact
) -> None:
    """Each default has three states a person can be in (R21 to R23)."""
    assert topic_fact(default, joined) is expected


def test_a_digit_is_unreadable_where_its_member_says_so() -> None:
    """Only the four digits that come from a record can be unreadable."""
    last = Cell.unpacked(CELLS - 1)
    first = Cell.unpacked(0)
    assert [digit for digit in Cell._fields if last.is_unreadable(digit)] == [
        "status",
        "validation",
        "consent",
        "topic",
    ]
    assert not any(first.is_unreadable(digit) for digit in Cell._fields)
    assert first._replace(topic=TopicFact.SUBSCRIBED_UNREADABLE).is_unreadable("topic")
