"""
The page of the built-in policies is what they print, and what is on it decides as they do.

``python tests/docs/test_truth_table_page.py`` writes the page anew; what stands before the first policy is kept.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from migma_core import MIGMA, STRICT, Denials, Policy, Standing, printed
from migma_core.decision.standing import all_cells
from tests.support.printed_page import Page, pages

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "truth-table.md"
POLICIES = (MIGMA, STRICT)
ANEW = "write the page anew: python tests/docs/test_truth_table_page.py"


def introduction() -> str:
    """What a person wrote: all before the first policy."""
    return PAGE.read_text(encoding="utf-8").partition("\n## Policy ")[0]


def whole_page() -> str:
    """The introduction and the print of every built-in policy."""
    return "\n".join((introduction(), *map(printed, POLICIES)))


def test_the_page_is_what_the_policies_print() -> None:
    """Nobody edits a truth table by hand, and none on the page is out of date."""
    assert PAGE.read_text(encoding="utf-8") == whole_page(), ANEW


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.name)
def test_the_page_decides_every_cell_as_the_policy_does(policy: Policy) -> None:
    """Read back from the page alone, all 5,400 cells with each denial have the policy's reasons (D4)."""
    (page,) = (one for one in pages(PAGE.read_text(encoding="utf-8")) if one.name == policy.name)
    for cell in all_cells():
        for denial in (Denials(0), *Denials):
            assert page.reasons(cell, denial) == frozenset(policy.kinds(policy.code(Standing(cell.packed, denial))))


def test_every_built_in_policy_is_on_the_page() -> None:
    """The page shows the policies that settings can name, each once, and their numbers."""

    def known_by(page: Page | Policy) -> tuple[str, int, str]:
        return page.name, page.version, page.fingerprint

    shown = list(pages(PAGE.read_text(encoding="utf-8")))
    assert [known_by(page) for page in shown] == [known_by(policy) for policy in POLICIES]


if __name__ == "__main__":
    PAGE.write_text(whole_page(), encoding="utf-8")
