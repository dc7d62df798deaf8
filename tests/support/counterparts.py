"""Real counterparts of our tests: where they are missing a test skips and says why; in CI none may."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

__all__ = ["ROOT", "needs"]

ROOT = Path(__file__).parents[2]


def needs(found: bool, what: str) -> None:
    """Skip the test where something is missing; in CI, where `.ci/run` installs it, fail."""
    if found:
        return
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what}; .ci/run installs it", pytrace=False)
    pytest.skip(what)
