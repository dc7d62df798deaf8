"""Letters: one message with its envelope, and the octets that stand for it on the wire (RFC 5321 §4.5.2)."""

from __future__ import annotations

from typing import NamedTuple

from migma_core.audience import Address

__all__ = ["CannotCarry", "Letter", "check_octets"]

_LONGEST_LINE = 998


class CannotCarry(ValueError):
    """SMTP, or this server, would refuse or damage this batch; the message says what to change."""


def check_octets(octets: bytes) -> bytes:
    """
    The octets as they are. Raises `CannotCarry` for what servers read differently, or cut.

    A line that is not ended by CRLF ends a message early at some servers and not at others, which smuggles a second one
    past the first (compliance G-04).

    >>> check_octets(b"Subject: x\\n.\\n\\r\\n")
    Traceback (most recent call last):
    migma_smtp.letter.CannotCarry: the message holds a line that is not ended by CRLF, where servers see different ends
    """
    ends = octets.count(b"\r\n")
    if not ends == octets.count(b"\r") == octets.count(b"\n"):
        raise CannotCarry("the message holds a line that is not ended by CRLF, where servers see different ends")
    if b"\0" in octets:
        raise CannotCarry("the message holds a NUL, which no mail may hold (RFC 5321 §4.5.2)")
    if any(len(line) > _LONGEST_LINE for line in octets.split(b"\r\n")):
        raise CannotCarry(f"the message holds a line of more than {_LONGEST_LINE} octets (RFC 5322 §2.1.1)")
    return octets


class Letter(NamedTuple):
    """One message to one person: envelope and octets."""

    sender: str
    recipient: Address
    octets: bytes

    @property
    def needs_utf8(self) -> bool:
        """Whether only a server with SMTPUTF8 may have it: an address or a header outside ASCII (RFC 6531)."""
        return self.recipient.is_international or not self.octets.isascii()

    @property
    def body(self) -> bytes:
        """The octets after DATA, all but the final dot: no line of them is a lone one. Raises `CannotCarry`."""
        octets = check_octets(self.octets)
        stuffed = octets.replace(b"\r\n.", b"\r\n..")
        first = b"." if octets.startswith(b".") else b""
        return first + stuffed if octets.endswith(b"\r\n") else first + stuffed + b"\r\n"

    def __repr__(self) -> str:
        return f"<Letter to {self.recipient.masked}, {len(self.octets)} octets>"
