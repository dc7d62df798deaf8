"""Field values in the one canonical form in which they are compared, in Python and in every database."""

from __future__ import annotations

import unicodedata
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import NamedTuple, TypeAlias

__all__ = ["Canonical", "Scalar", "canonical", "decimal_key", "microseconds"]

Scalar: TypeAlias = str | int | float | bool | datetime | None
"""What a field of a contact may hold."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DIGITS = str.maketrans("0123456789", "9876543210")
_LONGEST_NUMBER = 60
_NUMERIC = frozenset("0123456789+-.e")
_EXPONENT_BIAS = 5000


class Canonical(NamedTuple):
    """One value as text, as a number and as an instant; whatever it cannot be read as is ``None``."""

    text: str
    number: str | None
    instant: int | None


def canonical(value: Scalar) -> Canonical | None:
    """
    Fold a value for comparison: NFC case-folded text, an ordered decimal, microseconds since 1970 (UTC).

    ``None`` for null: null satisfies nothing but ``is_not`` and ``not_contains``.

    >>> canonical("Berlin")
    Canonical(text='berlin', number=None, instant=None)
    >>> canonical("10").number > canonical(9.5).number
    True
    """
    match value:
        case str():  # as nearly every value is
            return _read_text(value)
        case None:
            return None
        case bool():
            return Canonical("true" if value else "false", None, None)
        case datetime():
            return Canonical(value.isoformat().casefold(), None, microseconds(value))
        case _:
            return _read_text(str(value))


def _read_text(text: str) -> Canonical:
    return _remembered(text) if len(text) <= _SHORT else _read(text)


def _read(text: str) -> Canonical:
    folded = _folded(text)
    return Canonical(folded, _number(folded), _instant(folded))


# countries, plans, days: what is short comes again and again in a list
_SHORT = 16
_remembered = lru_cache(maxsize=1 << 12)(_read)


def _folded(text: str) -> str:
    if text.isascii():  # most values are, and then the rest changes nothing
        return text.lower().strip()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold().strip())


def microseconds(moment: datetime) -> int:
    """Whole microseconds since 1970-01-01 UTC; a moment without a zone is read as UTC."""
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    span = aware - _EPOCH
    return (span.days * 86_400 + span.seconds) * 1_000_000 + span.microseconds


def decimal_key(number: Decimal) -> str:
    """
    Write a finite decimal so that plain text order is numeric order, exactly, in any database.

    A sign, the biased exponent, then the digits; a negative number has them complemented and closed by ``~``.

    >>> [decimal_key(Decimal(n)) for n in ("-2", "0", "0.5", "12")] == sorted(
    ...     decimal_key(Decimal(n)) for n in ("12", "-2", "0.5", "0"))
    True
    >>> decimal_key(Decimal("1.0")) == decimal_key(Decimal("1"))
    True
    """
    if not number:
        return "1"
    sign, digits, _ = number.as_tuple()
    mantissa = "".join(map(str, digits)).lstrip("0")
    magnitude = f"{number.adjusted() + _EXPONENT_BIAS:05d}{mantissa.rstrip('0')}"
    return f"0{magnitude.translate(_DIGITS)}~" if sign else f"2{magnitude}"


def _number(text: str) -> str | None:
    # Only plain ASCII decimals: Python would also read "１２", "1_000" and "nan", a database would not.
    if len(text) > _LONGEST_NUMBER or not _NUMERIC.issuperset(text):
        return None
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return decimal_key(number) if abs(number.adjusted()) < _EXPONENT_BIAS else None


def _instant(text: str) -> int | None:
    if not text[:1].isdigit() or "-" not in text:
        return None
    try:
        if len(text) == len("2026-01-01"):
            return microseconds(datetime.combine(date.fromisoformat(text), time()))
        return microseconds(datetime.fromisoformat(text.upper()))
    except (ValueError, OverflowError):
        return None
