"""Header lines: refused, never repaired, and encoded only where the standards allow it (compliance G)."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache

from ..audience.address import Address, hidden_characters

__all__ = ["HeaderRefused", "date_header", "mailbox", "structured", "unstructured"]

_LONGEST_LINE = 998
_PREFERRED_LINE = 76
_LONGEST_WORD = 900
_WORD_OCTETS = 45
_NAME = re.compile(r"[!-9;-~]{1,76}")
_WORDS = re.compile(r" *[^ ]+")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")


class HeaderRefused(ValueError):
    """A header value that would forge, break or hide something. Names the field and the code point, not the value."""


def unstructured(name: str, value: str) -> bytes:
    """
    A line of free text, such as Subject: plain where possible, encoded-words where needed (RFC 2047 §5).

    >>> unstructured("Subject", "Grüße")
    b'Subject: =?utf-8?B?R3LDvMOfZQ==?='
    """
    _check(name, value)
    if value.isascii() and "=?" not in value and value == value.strip():
        if len(name) + 2 + len(value) <= _PREFERRED_LINE:
            return f"{name}: {value}".encode()
        words = _WORDS.findall(f" {value}")
        if all(len(one) < _LONGEST_WORD for one in words):
            return _folded(f"{name}:", words)
    return _folded(f"{name}:", [f" {word}" for word in _encoded_words(value, len(name) + 2)])


def structured(name: str, value: str) -> bytes:
    """
    A line that is never encoded and never folded, such as any ``List-*`` (compliance C-05, C-06).

    Raises `HeaderRefused` beyond 998 octets or for anything but printable ASCII.
    """
    _check(name, value)
    if not value.isascii():
        raise HeaderRefused(f"{name} is never encoded, and its value is not ASCII")
    line = f"{name}: {value}".encode()
    if len(line) > _LONGEST_LINE:
        raise HeaderRefused(f"{name} has {len(line)} octets; a line holds at most {_LONGEST_LINE} (RFC 5322 §2.1.1)")
    return line


def mailbox(name: str, display: str | None, address: Address) -> bytes:
    """
    From, To or Reply-To: the display name encoded where it must be, the address never.

    >>> mailbox("From", "Smith, Ada", Address("ada", "example.com"))
    b'From: "Smith, Ada" <ada@example.com>'
    """
    if not display:
        return f"{name}: {address}".encode()
    _check(name, display)
    if not display.isascii() or "=?" in display or len(display) > _PREFERRED_LINE:
        words = [f" {word}" for word in _encoded_words(display, len(name) + 2)]
    elif _ATOMS.fullmatch(display):
        words = [f" {display}"]
    else:
        quoted = re.sub(r'(["\\])', r"\\\1", display)
        words = [f' "{quoted}"']
    return _folded(f"{name}:", [*words, f" <{address}>"])


@lru_cache(maxsize=8)  # one moment for a whole batch
def date_header(moment: datetime) -> bytes:
    """The Date line for an aware moment, in UTC (RFC 5322 §3.6.1)."""
    return f"Date: {format_datetime(moment.astimezone(UTC).replace(microsecond=0))}".encode()


@lru_cache(maxsize=256)  # names are few, and each message has them all
def _is_name(name: str) -> bool:
    return _NAME.fullmatch(name) is not None


def _check(name: str, value: str) -> None:
    if not _is_name(name):
        raise HeaderRefused("a header's name has 1 to 76 printable ASCII characters and no colon")
    if (hidden := hidden_characters(value)) is not None:
        raise HeaderRefused(f"{name} holds {hidden}; a value is refused, never repaired (compliance G-01)")


def _encoded_words(text: str, used: int) -> list[str]:
    """Base64 words of at most 75 characters each; a character is never split between two (RFC 2047 §2, §5)."""
    words, chunk = [], b""
    room = _WORD_OCTETS - used // 4 * 3
    for character in text:
        octets = character.encode()
        if len(chunk) + len(octets) > room:
            words.append(chunk)
            chunk, room = b"", _WORD_OCTETS
        chunk += octets
    return [f"=?utf-8?B?{base64.b64encode(word).decode()}?=" for word in [*words, chunk]]


def _folded(start: str, words: list[str]) -> bytes:
    """Break lines at the blanks that are there already; each word brings its own."""
    lines, line = [], start
    for word in words:
        if len(line.encode()) + len(word.encode()) > _PREFERRED_LINE and line != start:
            lines.append(line)
            line = ""
        line += word
    lines.append(line)
    return "\r\n".join(lines).encode()
