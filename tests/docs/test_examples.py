"""Every example in README, docs and docstrings runs."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
from pathlib import Path

import pytest
from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser

import migma_core

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    {path for pattern in ("*.md", "docs/**/*.md", "adapters/*/README.md") for path in ROOT.glob(pattern)}
    - {ROOT / "CHANGELOG.md"}
)
MODULES = sorted(module.name for module in pkgutil.walk_packages(migma_core.__path__, "migma_core."))
PACKAGES = [
    *MODULES,
    *(
        module.name
        for source in ROOT.glob("adapters/*/src")
        for module in pkgutil.walk_packages([str(source)])
        if not module.name.endswith("__main__") and ".migrations" not in module.name
    ),
]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_example_on_the_page_runs(page: Path) -> None:
    """Each Python block of the page is found, and runs without a fault, in order and in one namespace."""
    examples = list(Sybil(parsers=[PythonCodeBlockParser()], path=str(ROOT)).parse(page).examples())

    assert len(examples) == page.read_text(encoding="utf-8").count("```python\n")
    for example in examples:
        example.evaluate()  # raises what the block raises


@pytest.mark.parametrize("name", PACKAGES)
def test_every_example_in_the_docstrings_runs(name: str) -> None:
    """Each example in the module's docstrings gives what it shows."""
    result = doctest.testmod(importlib.import_module(name))

    assert result.failed == 0


def test_links_between_pages_lead_somewhere() -> None:
    """Every relative link of a page names a file that exists."""
    import re

    for page in PAGES:
        for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.relative_to(ROOT)} links to {target}"
