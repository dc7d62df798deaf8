"""Landings: where in a document a value comes to stand, and how it is written there so that it stays a value."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from html import escape
from typing import Final
from urllib.parse import quote

__all__ = ["ENCODE", "NOWHERE", "Landing"]

NOWHERE: Final = "#"
"""What stands in the place of a link that nobody may be led to."""

# A scheme that mail links use, or none at all: no colon before the first slash, question mark or hash
_FOLLOWABLE = re.compile(r"\s*(?:(?:https?|mailto|tel|sms|cid):.*|[^:/?#]*(?:[/?#].*)?)", re.DOTALL | re.IGNORECASE)
_PLAIN_STYLE = re.compile(r"[\w#%., -]*")


class Landing(StrEnum):
    """
    A place in a document. The compiler finds it for each slot; a value is encoded for it, whatever it holds.

    >>> ENCODE[Landing.HTML]("<b>"), ENCODE[Landing.URL]("javascript:x()"), ENCODE[Landing.URL_PART]("a b&c")
    ('&lt;b&gt;', '#', 'a%20b%26c')
    """

    TEXT = "text"
    """Plain text and subjects: a value is written as it is."""
    HTML = "html"
    """Text of a page, or an attribute in quotes: what would be markup is escaped."""
    URL = "url"
    """A whole link or its beginning: one that would run something leads nowhere instead."""
    URL_HOST = "url_host"
    """Between ``//`` and the path: percent-encoded throughout, so that it cannot end the host."""
    URL_PART = "url_part"
    """Within a path, query or fragment: percent-encoded but for slashes and ``@``."""
    STYLE = "style"
    """Within a style: colours, lengths and names stand, anything else is left out."""


def _html(value: str) -> str:
    # one character at a time: a pattern for all five takes four times as long to find none in a link
    if "&" in value or "<" in value or ">" in value or '"' in value or "'" in value:
        return escape(value)
    return value


def _url(value: str) -> str:
    return _html(value) if _FOLLOWABLE.fullmatch(value) else NOWHERE


def _url_part(value: str) -> str:
    if value.isascii() and value.isalnum():
        return value
    return quote(value, safe="/@")


def _style(value: str) -> str:
    return value if _PLAIN_STYLE.fullmatch(value) else ""


ENCODE: Mapping[Landing, Callable[[str], str]] = {
    Landing.TEXT: str,
    Landing.HTML: _html,
    Landing.URL: _url,
    Landing.URL_HOST: lambda value: quote(value, safe=""),
    Landing.URL_PART: _url_part,
    Landing.STYLE: _style,
}
"""How a value is written in each landing. Total, and never shorter on safety than its neighbour."""
