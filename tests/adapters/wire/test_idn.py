"""International domains: typed in any script, kept as A-labels."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from migma_wire import display, to_address, to_domain

from migma_core import InvalidAddress

NAMES = ("bücher.example", "faß.de", "例え.テスト", "почта.рф", "münchen.example", "example.com")


@given(name=st.sampled_from(NAMES), upper=st.booleans())
def test_converting_twice_is_converting_once(name: str, upper: bool) -> None:
    """An A-label converts to itself, and case does not matter where folding keeps the domain."""
    once = to_domain(name)

    assert to_domain(once) == once
    assert once.isascii()
    if upper and "ß" not in name:
        assert to_domain(name.upper()) == once


def test_sharp_s_is_its_own_domain() -> None:
    """``faß.de`` and ``fass.de`` are two domains (I-05); the built-in codec would make them one."""
    assert to_domain("faß.de") == "xn--fa-hia.de"
    assert to_domain("fass.de") == "fass.de"


@pytest.mark.parametrize("name", ["xn--0.example", "a\u200bb.example", "-ü.example", "ü..example"])
def test_what_cannot_be_registered_is_refused(name: str) -> None:
    """False A-labels, invisible characters and bad hyphens are refused with a reason."""
    with pytest.raises(InvalidAddress):
        to_address(f"ada@{name}")


def test_blanks_around_are_dropped_and_nothing_else() -> None:
    """Surrounding blanks go, the local part stays as typed, and brackets are not repaired (I-03)."""
    assert str(to_address("  Ada.L@Bücher.example\t")) == "Ada.L@xn--bcher-kva.example"
    with pytest.raises(InvalidAddress):
        to_address("<ada@example.com>")


def test_people_see_their_own_script() -> None:
    """Shown to people, an address has its domain in the script it was typed in."""
    assert display(to_address("ada@bücher.example")) == "ada@bücher.example"
