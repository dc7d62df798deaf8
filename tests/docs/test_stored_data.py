"""The page of stored data names every table there is."""

from __future__ import annotations

import re
from pathlib import Path

from migma_sql.schema import metadata

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "stored-data.md"


def test_every_table_has_a_stated_lifetime() -> None:
    """Each table of the schema stands on the page once, with a lifetime and what an erasure leaves of it (O-09)."""
    rows = [line.strip("| \n").split(" | ") for line in PAGE.read_text(encoding="utf-8").splitlines() if "| `" in line]
    named = [name for row in rows for name in re.findall(r"`(\w+)`", row[0])]

    assert sorted(named) == sorted(metadata.tables)
    assert all(len(row) == 4 and all(row) for row in rows)
