"""Laws of canonical values: total, stable, and ordered as what they stand for."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from migma_core import Canonical, Scalar, canonical
from migma_core.audience.values import decimal_key, microseconds
from migma_core.testing.strategies import moments, scalars

# any decimal whose exponent has room in the key, and many that differ in a last digit only
FINITE = st.decimals(allow_nan=False, allow_infinity=False).filter(lambda number: abs(number.adjusted()) < 5000)
DECIMALS = FINITE | st.integers(-1000, 1000).map(lambda number: Decimal(number).scaleb(-2))


def canonical_of(value: Scalar) -> Canonical:
    """The canonical form of a value that is not null."""
    read = canonical(value)
    assert read is not None
    return read


@given(scalars() | st.text())
def test_canonical_is_total(value: Scalar) -> None:
    """Whatever a field may hold has a form; null alone has none (D6)."""
    assert (canonical(value) is None) is (value is None)


@given(st.text())
def test_folding_is_idempotent(text: str) -> None:
    """Folded text folds to itself, so stored forms can be compared with new ones."""
    folded = canonical_of(text).text
    assert canonical_of(folded).text == folded


@given(st.text(st.characters(max_codepoint=0x7F)))
def test_ascii_case_and_surrounding_blanks_do_not_count(text: str) -> None:
    """Text compares without regard to either."""
    assert canonical_of(f" {text.swapcase()}\t") == canonical_of(text)


@given(DECIMALS, DECIMALS)
def test_keys_are_ordered_as_their_numbers(one: Decimal, other: Decimal) -> None:
    """Plain text order of keys is numeric order, and equal numbers have one key, for any decimals."""
    first, second = decimal_key(one), decimal_key(other)
    assert (first < second) is (one < other)
    assert (first == second) is (one == other)


@given(DECIMALS)
def test_trailing_zeros_and_notation_do_not_count(number: Decimal) -> None:
    """However a number is written, its key is the same."""
    sign, digits, exponent = number.as_tuple()
    assert isinstance(exponent, int)
    rewritten = Decimal((sign, (*digits, 0, 0), exponent - 2))
    assert decimal_key(rewritten) == decimal_key(number)


@given(DECIMALS)
def test_keys_are_plain_ascii(number: Decimal) -> None:
    """Digits, and a tilde that closes a negative number: every database sorts them by octets."""
    assert set(decimal_key(number)) <= set("0123456789~")


@given(st.integers(-(10**30), 10**30), st.integers(-(10**30), 10**30))
def test_integers_compare_as_integers(one: int, other: int) -> None:
    """Also far beyond what a float could tell apart, and also where one of them is written as text."""
    first, second = canonical_of(one).number, canonical_of(str(other)).number
    assert first is not None
    assert second is not None
    assert ((first < second), (first == second)) == (one < other, one == other)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_finite_float_is_a_number(number: float) -> None:
    """A float compares as the shortest decimal that reads back as it."""
    assert canonical_of(number).number == decimal_key(Decimal(repr(number)))


@given(moments(), moments())
def test_instants_are_ordered_as_moments(one: datetime, other: datetime) -> None:
    """Whatever their zones, to the microsecond."""
    assert (microseconds(one) < microseconds(other)) is (one < other)
    assert (microseconds(one) == microseconds(other)) is (one == other)


@given(moments())
def test_a_moment_and_its_text_are_one_instant(moment: datetime) -> None:
    """A datetime compares like the ISO 8601 text of it, in any case."""
    text = moment.isoformat()
    assert canonical_of(text).instant == canonical_of(text.lower()).instant == canonical_of(moment).instant


@given(st.datetimes())
def test_a_moment_without_a_zone_is_read_as_utc(moment: datetime) -> None:
    """Nothing is guessed from the machine's own zone."""
    assert microseconds(moment) == microseconds(moment.replace(tzinfo=UTC))


@given(st.booleans())
def test_a_boolean_is_no_number(flag: bool) -> None:
    """True is not 1: it compares as the word."""
    assert canonical(flag) == Canonical(str(flag).lower(), None, None)
