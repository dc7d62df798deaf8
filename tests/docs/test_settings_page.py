"""The page of the command line names every setting there is."""

from __future__ import annotations

import re
from pathlib import Path

from migma_runtime import Settings

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "command-line.md"


def test_every_setting_is_on_the_page() -> None:
    """No setting has to be found in the code, and none is promised that is not there."""
    table = PAGE.read_text(encoding="utf-8").partition("| setting |")[2]
    named = {name for row in re.findall(r"^\| (`.+?) \|", table, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)}
    assert named == set(Settings.model_fields)
