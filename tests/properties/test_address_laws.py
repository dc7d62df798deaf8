"""Laws of addresses: what a canonical key may and may not join."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migma_core import Address, InvalidAddress, address_key
from migma_core.audience.address import _SHORT, _USUAL, _fault_in_detail, hidden_characters
from migma_core.testing.strategies import addresses

PEPPER = bytes(range(32))


def address_or_refusal(text: str) -> Address | InvalidAddress:
    """What parsing gives or raises."""
    try:
        return Address.parse(text)
    except InvalidAddress as refused:
        return refused


@given(addresses())
def test_an_address_survives_being_written_and_read(address: Address) -> None:
    """Parsing what was printed gives the same value back."""
    assert Address.parse(str(address)) == address


@given(st.from_regex(_USUAL, fullmatch=True))
def test_what_is_let_through_at_a_glance_has_no_fault(text: str) -> None:
    """Whatever passes for a usual address keeps every rule, asked one by one."""
    local, _, domain = text.rpartition("@")
    if len(local) <= _SHORT and len(domain) <= _SHORT:
        assert _fault_in_detail(local, domain) is None


@pytest.mark.parametrize("local", range(_SHORT - 2, _SHORT + 3))
@pytest.mark.parametrize("label", range(_SHORT - 4, _SHORT + 2))
@pytest.mark.parametrize("rest", [".x", ".xx", ".example", "." + "y" * 61 + ".z", "." + ".".join(["y" * 61] * 4)])
def test_a_glance_decides_no_length_otherwise_than_the_rules(local: int, label: int, rest: str) -> None:
    """Where a local part, a label or a domain is as long as may be, both ways refuse the same (RFC 5321 §4.5.3.1)."""
    address = ("l" * local, "d" * label + rest)
    why = _fault_in_detail(*address)
    answer = address_or_refusal("@".join(address))
    assert isinstance(answer, Address) is (why is None)
    assert isinstance(answer, Address) or answer.why == why


@given(addresses())
def test_the_canonical_key_is_idempotent(address: Address) -> None:
    """The key of a key is the key (J-01)."""
    assert Address.parse(address.canonical).canonical == address.canonical


@given(addresses())
def test_ascii_case_never_makes_another_person(address: Address) -> None:
    """Swapping the case of ASCII letters, before or behind the @, keeps the key and the hash (J-01)."""
    swapped = "".join(c.swapcase() if c.isascii() else c for c in address.local)
    other = Address.parse(f"{swapped}@{address.domain.upper()}")
    assert other.canonical == address.canonical
    assert address_key(other, PEPPER) == address_key(address, PEPPER)


@given(addresses())
def test_normal_forms_never_make_another_person(address: Address) -> None:
    """A composed and a decomposed spelling have one key (J-01)."""
    decomposed = unicodedata.normalize("NFD", address.local)
    if len(decomposed.encode()) <= 64 and len(decomposed.encode()) + len(address.domain) < 254:
        assert Address(decomposed, address.domain).canonical == address.canonical


@given(addresses(), addresses())
def test_one_key_means_one_mailbox_but_for_case_and_form(one: Address, other: Address) -> None:
    """Keys agree only where the addresses agree but for case and normal form (J-01, J-03)."""

    def folded(address: Address) -> tuple[str, str]:
        return unicodedata.normalize("NFD", unicodedata.normalize("NFD", address.local).lower()), address.domain

    assert (one.canonical == other.canonical) is (folded(one) == folded(other))


@given(addresses(), st.text("abcxyz", min_size=1, max_size=5))
def test_dots_and_plus_tags_make_other_people(address: Address, tag: str) -> None:
    """Adding either gives another key, at any provider (J-03)."""
    if len(address.local.encode()) + len(tag) < 64 and len(str(address).encode()) + len(tag) < 254:
        for separator in (".", "+"):
            other = Address(f"{address.local}{separator}{tag}", address.domain)
            assert other.canonical != address.canonical


@given(addresses(), addresses())
def test_hashes_agree_exactly_where_keys_do(one: Address, other: Address) -> None:
    """The stored hash finds the same people as the key it hides (J-04)."""
    assert (address_key(one, PEPPER) == address_key(other, PEPPER)) is (one.canonical == other.canonical)


@given(st.text(max_size=80) | st.text('a@.+ <>\r\n"-é\u200b', max_size=20))
def test_any_text_is_an_address_or_a_clear_refusal(text: str) -> None:
    """Whatever is read either prints back unharmed or is refused with a reason in words (I-03, I-07)."""
    read = address_or_refusal(text)
    if isinstance(read, Address):
        assert str(read).lower() == text.lower()
        assert hidden_characters(str(read)) is None
        assert not set(str(read)) & set(' <>",;:()[]\\')
    else:
        assert read.why
        assert str(read).isascii()


@given(addresses())
def test_what_is_shown_hides_the_person(address: Address) -> None:
    """A masked address keeps the first character and the domain only (F-05)."""
    shown, _, domain = address.masked.rpartition("@")
    assert (shown, domain) == (f"{address.local[0]}***", address.domain)
