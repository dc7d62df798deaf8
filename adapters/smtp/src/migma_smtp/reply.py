"""Replies: what a server says, with its enhanced code, in words fit for a log (RFC 5321 §4.2; RFC 3463)."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import NamedTuple

from migma_core.audience.address import hidden_characters

__all__ = ["EnhancedCode", "Reply", "Stage", "said"]

_LONGEST = 200
_ADDRESS = re.compile(r"([^\s@<>\"'(),;:])[^\s@<>\"'(),;:]*@(?=[^\s@])")
_ENHANCED = re.compile(r"([245])\.([0-9]{1,3})\.([0-9]{1,3})(?![0-9.])")


class Stage(StrEnum):
    """Where in a conversation a reply belongs."""

    GREETING = "greeting"
    EHLO = "EHLO"
    STARTTLS = "STARTTLS"
    AUTH = "AUTH"
    RSET = "RSET"
    MAIL = "MAIL FROM"
    RCPT = "RCPT TO"
    DATA = "DATA"
    END = "end of the message"


class EnhancedCode(NamedTuple):
    """Class, subject and detail, such as 5.1.1 (RFC 3463 §2)."""

    klass: int
    subject: int
    detail: int


class Reply(NamedTuple):
    """A whole reply; ``text`` is its lines joined, without codes of three digits, made fit for a log."""

    code: int
    text: str

    @property
    def enhanced(self) -> EnhancedCode | None:
        """
        The enhanced code, or ``None`` where there is none, or one that contradicts the reply's own (compliance K-04).

        >>> Reply(550, "5.1.1 no such user").enhanced
        EnhancedCode(klass=5, subject=1, detail=1)
        >>> Reply(450, "5.1.1 no such user").enhanced is Reply(550, "5.1 no").enhanced is None
        True
        """
        found = _ENHANCED.match(self.text)
        if found is None or int(found[1]) != self.code // 100:
            return None
        return EnhancedCode(int(found[1]), int(found[2]), int(found[3]))

    def __str__(self) -> str:
        return f"{self.code} {self.text}".rstrip()


def said(text: str) -> str:
    """
    A server's words as a log may hold them: one line of at most 200 characters, addresses masked (compliance O-08).

    >>> said("<ada@example.com>: is\\nno mailbox")
    '<a***@example.com>: is no mailbox'
    """
    words = " ".join(text.split())
    if hidden_characters(words) is not None:
        words = "".join(one for one in words if hidden_characters(one) is None)
    masked = _ADDRESS.sub(r"\1***@", words)
    return masked if len(masked) <= _LONGEST else masked[: _LONGEST - 1] + "…"
