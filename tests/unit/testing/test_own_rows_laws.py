"""The law book of rows of one's own holds for rows in memory, and each law catches the defect it is named for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st

from migma_core import MIGMA, Address, InvalidAddress, Mailable, OwnRow, OwnRows, Policy, Purpose
from migma_core.decision.planning import Partition
from migma_core.testing import OwnRowsLaws
from migma_core.testing.own_rows_laws import crowds


class InMemory(OwnRows):
    """Rows in a list, read as a database with an ordinary index would."""

    def __init__(self, people: Sequence[OwnRow]) -> None:
        self.people = people

    def rows(self) -> Iterable[OwnRow]:
        """By the address in lower case."""
        return sorted(self.people, key=lambda row: (row.address or "").lower())

    def rows_of(self, address: Address) -> Iterable[OwnRow]:
        """By the address in lower case."""
        return [row for row in self.people if (row.address or "").lower() == address.canonical]


class TestInMemory(OwnRowsLaws):
    """Every law, on rows in memory."""

    def table_of(self, people: Sequence[OwnRow]) -> OwnRows:
        """As they are."""
        return InMemory(people)


class Unsorted(InMemory):
    """Forgets to sort, so that rows of one person are far apart."""

    def rows(self) -> Iterable[OwnRow]:
        """As they come."""
        return self.people


class ExactSpelling(InMemory):
    """Finds a person by the exact spelling alone."""

    def rows_of(self, address: Address) -> Iterable[OwnRow]:
        """By equality."""
        return [row for row in self.people if row.address == str(address)]


class ForgetsTheOdd(InMemory):
    """Leaves out whatever is not ASCII."""

    def odd_rows(self) -> Iterable[OwnRow]:
        """None."""
        return ()


class CountsByAColumn(InMemory):
    """Counts by the boolean, as a dashboard would."""

    def count(self, policy: Policy = MIGMA, purpose: Purpose = Purpose.MARKETING, now: object = None) -> Partition:
        """Whoever said yes."""
        return Partition(sum(row.subscribed is True for row in self.people))


class ReadsNullAsYes(InMemory):
    """Takes a missing answer for consent."""

    def rows(self) -> Iterable[OwnRow]:
        """With yes for null."""
        return [row._replace(subscribed=True) if row.subscribed is None else row for row in super().rows()]


# of whom nothing else is known that would withhold: a null that is read as yes shows at once
READABLE = crowds(address=st.just("ada@migma.email"), denials=st.just(0), validation=st.just("valid"))


@pytest.mark.parametrize(
    ("defect", "law"),
    [
        (Unsorted, "test_verdicts_are_those_of_the_whole_table_in_memory"),
        (ExactSpelling, "test_one_alone_is_decided_about_as_among_all"),
        (ForgetsTheOdd, "test_everyone_is_judged_exactly_once"),
        (CountsByAColumn, "test_count_and_preview_are_what_is_judged"),
        (ReadsNullAsYes, "test_whoever_said_nothing_gets_no_marketing"),
    ],
)
def test_each_law_catches_its_defect(defect: type[InMemory], law: str) -> None:
    """A table read wrongly in one way fails the law that is there for it."""

    class Broken(OwnRowsLaws):
        """The defect, under the laws."""

        people = READABLE if defect is ReadsNullAsYes else OwnRowsLaws.people

        def table_of(self, people: Sequence[OwnRow]) -> OwnRows:
            """Read wrongly."""
            return defect(people)

    quick = settings(max_examples=2_000, phases=[Phase.generate], database=None, derandomize=True)
    with pytest.raises(AssertionError):
        quick(getattr(Broken, law))(Broken())


def test_a_text_that_is_no_address_is_asked_about_in_vain() -> None:
    """Asking about what cannot be an address is an error, asking in another spelling is not."""
    rows = InMemory([OwnRow("1", "ada@migma.email", True)])

    assert rows.decide("ADA@migma.email") == Mailable()
    with pytest.raises(InvalidAddress):
        rows.decide("ada")
