"""Whoever adds a rule as CONTRIBUTING says has a rule that holds, and no test that fails."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SECTION = re.compile(r"^### Ship it$(.*?)^## ", re.MULTILINE | re.DOTALL)
CHANGE = re.compile(r"^```diff\n--- (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SECOND_READING = "tests/properties/test_decision_laws.py"
READS_AGAIN = f"{SECOND_READING}::test_the_table_is_the_rules"
WATCHING = (
    *("tests/unit/decision", "tests/docs/test_truth_table_page.py", "tests/docs/test_rules.py", SECOND_READING),
    "tests/docs/test_examples.py::test_every_example_on_the_page_runs[docs/reference/policies.md]",
)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the project that may be changed, with what was compiled: only what is changed is compiled again."""
    unwanted = shutil.ignore_patterns("*.egg-info", ".*", "dist", "build")
    shutil.copytree(ROOT, tmp_path / "checkout", ignore=unwanted)
    return tmp_path / "checkout"


def changes() -> list[tuple[str, str]]:
    """The changes of the section, each a file and what changes there, in order."""
    section = SECTION.search((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))
    assert section is not None, "CONTRIBUTING has no section 'Ship it'"
    return CHANGE.findall(section[1])


def follow(checkout: Path, file: str, change: str) -> None:
    """Make one change where its context stands, which must be in exactly one place."""
    lines = change.splitlines(keepends=True)
    before = "".join(line[1:] or "\n" for line in lines if not line.startswith("+"))
    after = "".join(line[1:] or "\n" for line in lines if not line.startswith("-"))
    text = (checkout / file).read_text(encoding="utf-8")
    assert text.count(before) == 1, f"CONTRIBUTING changes {file} where it no longer reads so:\n{before}"
    (checkout / file).write_text(text.replace(before, after), encoding="utf-8")


def run(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Python in the copy, with the copy's own core and few examples: they are run in full elsewhere."""
    own = os.pathsep.join(map(str, (checkout, *checkout.glob("adapters/*/src"))))
    environment = {**os.environ, "PYTHONPATH": own, "HYPOTHESIS_PROFILE": "alone"}
    return subprocess.run(
        [sys.executable, *arguments], cwd=checkout, env=environment, capture_output=True, text=True, check=False
    )


def passes(checkout: Path, tests: Sequence[str]) -> None:
    """These tests pass in the copy."""
    done = run(checkout, "-m", "pytest", "-q", "-x", *tests)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-1000:]


def test_a_rule_added_as_contributing_says_holds_and_fails_no_test(checkout: Path) -> None:
    """Every change of the section made, and the page printed anew, the rule withholds and its tests are green."""
    for file, change in changes():
        follow(checkout, file, change)
    assert run(checkout, "tests/docs/test_truth_table_page.py").returncode == 0
    passes(checkout, WATCHING)
    asked = (
        "import migma_core, sys; from migma_core import *; from migma_core.decision.standing import *;"
        "cell = Cell(Purpose.MARKETING, StatusFact.SUBSCRIBED, consent=ConsentFact.SOFT_OPT_IN,"
        " topic=TopicFact.SUBSCRIBED_NO_RECORD);"
        "print(*(policy.kinds(policy.code(Standing(cell.packed))) for policy in (MIGMA, STRICT)));"
        "print(migma_core.__file__)"
    )
    answers, where = run(checkout, "-c", asked).stdout.splitlines()
    assert answers == "() (<ReasonKind.CONSENT_UNPROVEN: 'consent_unproven'>,)"
    assert Path(where).is_relative_to(checkout)


def test_a_rule_that_is_not_read_a_second_time_is_noticed(checkout: Path) -> None:
    """Without the second reading the exhaustive law fails, so no shipped rule changes by accident."""
    for file, change in changes():
        if file != SECOND_READING:
            follow(checkout, file, change)
    noticed = run(checkout, "-m", "pytest", "-q", "-x", READS_AGAIN)
    assert noticed.returncode == 1
    assert "test_the_table_is_the_rules[strict]" in noticed.stdout
