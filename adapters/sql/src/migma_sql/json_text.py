"""JSON as the databases take it, written by orjson: several times as fast as the standard library."""

from __future__ import annotations

import json
from typing import Any

import orjson

__all__ = ["json_text"]

# a moment, or a value of ours, that nobody made JSON of is a mistake
_STRICT = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME


def json_text(value: Any) -> str:
    """
    A value as JSON. Raises `TypeError` for what is none. A number that is not finite becomes null: JSON has none, and
    requests, segments and contacts hold none.

    >>> json_text({"name": "Köln", "points": 2**64})
    '{"name": "K\\\\u00f6ln", "points": 18446744073709551616}'
    """
    try:
        return orjson.dumps(value, option=_STRICT).decode()
    except TypeError:  # numbers beyond 64 bits and halves of characters, too
        return json.dumps(value)
