"""The table of all rules: nothing on it that is not there, and nothing there that is not on it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from migma_core import STRICT, ConsentLapse
from tests.support.named import is_there

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reference" / "rules.md"
CORE = ROOT / "migma_core"
NUMBER = re.compile(r"\bR[1-9]\d?\b|\b[A-S]-\d\d\b")
CHAPTERS = {"A": range(1, 11), "B": range(1, 6), "I": range(1, 9), "J": range(1, 7), "L": (6,)}
LAWS = {"N": range(1, 7), "O": range(1, 11), "P": range(1, 5)}
WANTED = {f"R{number}" for number in range(1, 64)} | {
    f"{letter}-{number:02}" for letter, numbers in (CHAPTERS | LAWS).items() for number in numbers
}
OPEN = ("not yet: ", "left out: ")


class Row(NamedTuple):
    """One rule as the page has it; ``where`` and ``tests`` are what it names between backticks."""

    rule: str
    what: str
    source: str
    place: str
    where: tuple[str, ...]
    tests: tuple[str, ...]


def rows() -> Iterator[Row]:
    """Every row of every table on the page."""
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        if cells and NUMBER.fullmatch(cells[0]):
            rule, what, source, place, tests = cells
            named = (tuple(re.findall(r"`([^`]+::[^`]+)`", cell)) for cell in (place, tests))
            yield Row(rule, what, source, place, *named)


ROWS = tuple(rows())
EACH = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.rule)


def test_no_rule_is_missing_and_none_is_there_twice() -> None:
    """Every rule of the product, and those of the chapters of the law, have exactly one row."""
    listed = Counter(row.rule for row in ROWS)
    assert sorted(WANTED - set(listed)) == []
    assert [rule for rule, times in listed.items() if times > 1] == []


def test_every_rule_the_core_cites_is_on_the_page() -> None:
    """Whoever meets the number of a rule in the code can look it up."""
    listed = {row.rule for row in ROWS}
    unknown = {
        (path.relative_to(ROOT).as_posix(), cited)
        for path in CORE.rglob("*.py")
        for cited in NUMBER.findall(path.read_text(encoding="utf-8"))
        if cited not in listed
    }
    assert sorted(unknown) == []


@EACH
def test_a_rule_is_placed_and_tested_or_says_why_not(row: Row) -> None:
    """A row names places and tests; or it says in words what it waits for or why it is left out, and claims neither."""
    assert row.what and row.source
    if row.place.startswith(OPEN):
        assert (row.where, row.tests) == ((), ())
        assert row.place.partition(": ")[2]
    else:
        assert row.where and row.tests
        assert row.place == ", ".join(f"`{one}`" for one in row.where)


@EACH
def test_what_a_rule_names_exists(row: Row) -> None:
    """Each symbol is defined in the file named, and each test stands in its own."""
    places = [ROOT if one.startswith("adapters/") else CORE for one in row.where]
    assert [one for one, below in zip(row.where, places, strict=True) if not is_there(one, below)] == []
    assert [one for one in row.tests if not (one.startswith("tests/") and is_there(one, ROOT))] == []
    assert all(one.partition("::")[2].startswith("test_") for one in row.tests)


def test_a_rules_own_source_leads_back_to_it() -> None:
    """Every number that a rule of a policy cites has a row that names this rule as its place."""
    placed = {(row.rule, place) for row in ROWS for place in row.where}
    cited = {
        (number, f"decision/rules.py::{rule.name}") for rule in STRICT.rules for number in NUMBER.findall(rule.source)
    }
    assert sorted(cited - placed) == []
    assert (ConsentLapse().source, "decision/outside.py::ConsentLapse") in placed
