"""JSON as the databases take it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from migma_sql.json_text import json_text

from migma_core import Address

leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
# second halves alone: after a first one they would be read as the whole
halves = st.text(st.characters(categories=["Cs"], min_codepoint=0xDC00), min_size=1)
values = st.recursive(leaves | halves, lambda some: st.lists(some) | st.dictionaries(st.text() | halves, some))


@given(values)
def test_what_is_written_reads_as_it_was(value: Any) -> None:
    """Numbers of any size, halves of characters and all else that JSON holds come back as they were."""
    assert json.loads(json_text(value)) == value


@pytest.mark.parametrize("value", [datetime(2026, 5, 1, tzinfo=UTC), Address("ada", "example.com"), {1, 2}, b"octets"])
def test_what_is_no_json_is_refused(value: object) -> None:
    """A moment, a value of ours, a set and octets are a mistake of the caller's, and told as one."""
    with pytest.raises(TypeError, match="not JSON serializable"):
        json_text({"value": value})
