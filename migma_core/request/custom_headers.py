"""Custom headers: what a caller may add to a message, and what only we, the transport or the provider may set."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from ..audience.address import hidden_characters

__all__ = ["check_custom_headers"]

_NAME = re.compile(r"[!-9;-~]{1,76}")
_LONGEST: Final = 900
_OURS = frozenset(
    [
        "auto-submitted",
        "bcc",
        "cc",
        "date",
        "feedback-id",
        "from",
        "message-id",
        "mime-version",
        "precedence",
        "received",
        "reply-to",
        "return-path",
        "sender",
        "subject",
        "to",
        "x-smtpapi",
    ]
)
# families: lists and one-click, signatures and their results, content, resending, and providers' own switches
_FAMILIES = (
    *("arc-", "authentication-results", "content-", "dkim-", "list-", "resent-"),
    *("x-mailgun-", "x-migma-", "x-ses-", "x-sg-"),
)


def check_custom_headers(headers: Mapping[str, str]) -> None:
    """
    Raise `ValueError`, naming the header, for one that is not the caller's to set (C-13) or that would break the
    message (G-01, G-08): dropped in silence, it would be a promise that nobody keeps.

    >>> check_custom_headers({"X-Campaign": "spring"})
    >>> check_custom_headers({"list-unsubscribe": "<https://example.com>"})
    Traceback (most recent call last):
    ValueError: the header list-unsubscribe is not the caller's to set; the library, the transport or the provider does
    """
    seen = set[str]()
    for name, value in headers.items():
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name[:80]!a} is no header name: 1 to 76 printable ASCII characters without a colon")
        if (low := name.lower()) in _OURS or low.startswith(_FAMILIES):
            raise ValueError(
                f"the header {name} is not the caller's to set; the library, the transport or the provider does"
            )
        if low in seen:
            raise ValueError(f"the header {name} is given twice, in different case")
        _check_value(name, value)
        seen.add(low)


def _check_value(name: str, value: str) -> None:
    if (hidden := hidden_characters(value)) is not None:
        raise ValueError(f"the header {name} holds {hidden}; a value is refused, never repaired")
    if not value.strip():
        raise ValueError(f"the header {name} is empty; leave it out")
    if len(value) > _LONGEST:
        raise ValueError(f"the header {name} has {len(value)} characters; at most {_LONGEST} fit a line")
