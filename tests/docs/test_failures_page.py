"""The page of failures: no class of failure without its tests, and no test that is not there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.named import is_there

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reference" / "failures.md"
ISSUES = frozenset(
    {
        *("#3022", "#2278", "#2591", "#3222", "#2313", "#2070"),  # crashes and pauses
        *("#1802", "#1629"),  # throttling and pooled connections
        *("#1685", "#2608", "#2224", "#2619"),  # one-click
        *("#2517", "#1931", "#1407"),  # mail to those who left
    }
)
ROWS = [
    [cell.strip() for cell in line.split("|")[1:-1]]
    for line in PAGE.read_text(encoding="utf-8").splitlines()
    if line.startswith("|") and "`tests/" in line
]


def test_every_issue_has_its_row() -> None:
    """Each public issue about sending that we know of is on the page."""
    assert set(re.findall(r"#\d+", " ".join(about for _, about, _, _ in ROWS))) == ISSUES


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0][:40])
def test_a_failure_is_told_and_its_tests_exist(row: list[str]) -> None:
    """What happened, where to read about it, what is done here, and tests in files of their own."""
    what, about, here, tests = row
    named = re.findall(r"`([^`]+)`", tests)
    assert what and about and here and named
    assert tests == ", ".join(f"`{one}`" for one in named)
    assert [one for one in named if not (one.partition("::")[2].startswith("test_") and is_there(one, ROOT))] == []
