"""Strategies for plain values: text, moments, zones, addresses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import TypeAlias, TypeVar
from zoneinfo import ZoneInfo

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ...audience.address import Address, hidden_characters
from ...audience.values import Scalar

__all__ = [
    "ATEXT",
    "WORDS",
    "Narrowed",
    "T",
    "addresses",
    "domain_names",
    "moments",
    "names",
    "or_else",
    "references",
    "scalars",
    "sender_names",
    "zones",
]


T = TypeVar("T")
Narrowed: TypeAlias = SearchStrategy[T] | T | None
"""What a keyword takes: a strategy, one value, or nothing for the widest."""

# RFC 5321 §4.5.3.1 and RFC 3696 erratum 1690
_LONGEST_LOCAL, _LONGEST_DOMAIN, _LONGEST = 64, 253, 254
_LETTERS_DIGITS_HYPHEN = "abcdefghijklmnopqrstuvwxyz0123456789-"
ATEXT = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-/=?^_`{|}~"
# Case pairs that are no pairs, and marks that compose with one case only: what folding gets wrong.
_TROUBLE = ("İ", "ı", "ẞ", "ß", "Σ", "ς", "\u212a", "H\u0331", "\u1e96", "J\u030c", "é", "e\u0301", "ﬁ", "\U0001f600")
WORDS = ("de", "DE", "Straße", "strasse", "ada", "", "10", "9.5", "2026-05-01", "2026-05-01T12:00:00+02:00")


def references() -> SearchStrategy[str]:
    """Opaque ids: 32 lower-case hex digits, never all zero."""
    return st.uuids(allow_nil=False).map(lambda one: one.hex)


def moments() -> SearchStrategy[datetime]:
    """Aware datetimes of any year, in any whole-minute offset."""
    zones = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
    return st.datetimes(timezones=st.just(UTC) | zones)


def names(*, most: int = 40) -> SearchStrategy[str]:
    """Text of 1 to ``most`` characters that may stand in a header, and is not blank."""
    visible = st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp"))
    texts = st.text(visible, min_size=1, max_size=most)
    return texts.filter(lambda text: bool(text.strip()) and hidden_characters(text) is None)


def sender_names(*, most: int = 40) -> SearchStrategy[str]:
    """Names that a sender may show: something to read, and no address."""
    return names(most=most).filter(lambda shown: "@" not in shown and any(c.isalnum() for c in shown))


def scalars() -> SearchStrategy[Scalar]:
    """Whatever a contact's field may hold, numbers and dates written as text included."""
    numbers = st.integers() | st.floats() | st.booleans()
    texts = st.text(max_size=20) | st.sampled_from(WORDS) | st.decimals(allow_nan=False).map(str)
    return st.none() | numbers | texts | st.datetimes() | moments()


def domain_names() -> SearchStrategy[str]:
    """Lower-case domains of A-labels, of two labels or more and up to 253 characters."""
    label = st.text(_LETTERS_DIGITS_HYPHEN, min_size=1, max_size=63).map(lambda text: text.strip("-") or "x--x")
    last = st.sampled_from(("com", "org", "xn--p1ai")) | label.filter(lambda text: not text.isdigit())
    parts = st.tuples(st.lists(label, min_size=1, max_size=3), last)
    whole = parts.map(lambda pair: ".".join((*pair[0], pair[1])))
    return st.sampled_from(("example.com", "example.org")) | whole.filter(lambda name: len(name) <= _LONGEST_DOMAIN)


def _local_parts() -> SearchStrategy[str]:
    foreign = st.characters(min_codepoint=0x80, exclude_categories=("Cc", "Cf", "Cs", "Zl", "Zp", "Zs"))
    pieces = st.sampled_from(ATEXT) | foreign | st.sampled_from(_TROUBLE)
    atoms = st.text(ATEXT, min_size=1, max_size=20) | st.lists(pieces, min_size=1, max_size=5).map("".join)
    dotted = (
        st.lists(atoms, min_size=1, max_size=3).map(".".join).filter(lambda text: len(text.encode()) <= _LONGEST_LOCAL)
    )
    known = st.sampled_from(("ada", "Ada", "ada+news", "a.da", "postmaster", "No-Reply", "x" * 64))
    return known | dotted


def addresses(*, local: Narrowed[str] = None, domain: Narrowed[str] = None) -> SearchStrategy[Address]:
    """Valid addresses: plus tags, dots, mailboxes of functions, international local parts, the longest there are."""
    parts = st.tuples(or_else(local, _local_parts()), or_else(domain, domain_names()))
    fitting = parts.filter(lambda pair: len(pair[0].encode()) + 1 + len(pair[1]) <= _LONGEST)
    return fitting.map(lambda pair: Address(*pair))


def zones() -> SearchStrategy[ZoneInfo]:
    """Time zones; half of them of those that change their clocks by half an hour, by a day, or at midnight."""
    return st.sampled_from(_TROUBLED_ZONES).map(ZoneInfo) | st.timezones()


_TROUBLED_ZONES = (
    "America/New_York",
    "America/St_Johns",
    "America/Sao_Paulo",
    "Africa/Casablanca",
    "Asia/Beirut",
    "Australia/Lord_Howe",
    "Europe/Berlin",
    "Pacific/Apia",
    "Pacific/Chatham",
)


def or_else(narrowed: Narrowed[T], widest: SearchStrategy[T]) -> SearchStrategy[T]:
    """What a keyword was given as a strategy, or the widest."""
    if narrowed is None:
        return widest
    return narrowed if isinstance(narrowed, SearchStrategy) else st.just(narrowed)
