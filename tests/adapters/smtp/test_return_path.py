"""The return path: what is put into an envelope sender is read from it again, and nothing else is."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from migma_smtp import ReturnPath

from migma_core import Address, DeliveryId

IDS = st.binary(min_size=16, max_size=16).map(lambda octets: DeliveryId(octets.hex()))
LOCALS = st.from_regex(r"[A-Za-z0-9!#$%&'*/?^_`{|}~=+-]{1,15}(\.[A-Za-z0-9+=-]{1,15})?", fullmatch=True)
MAILBOXES = st.builds(Address, LOCALS, st.sampled_from(["example.com", "b.mail.example.org", "xn--bcher-kva.example"]))
PATHS = st.builds(ReturnPath, MAILBOXES, st.sampled_from("+-="))


@given(path=PATHS, delivery=IDS)
def test_a_delivery_is_read_back(path: ReturnPath, delivery: DeliveryId) -> None:
    """Whatever the mailbox, also one that holds the separator itself: what went in comes out."""
    assert path.delivery_of(path.of(delivery)) == delivery


@given(path=PATHS, delivery=IDS)
def test_it_survives_what_relays_do(path: ReturnPath, delivery: DeliveryId) -> None:
    """In another case, and in angle brackets, it is still read."""
    sender = path.of(delivery)
    assert path.delivery_of(f" <{sender.upper()}> ") == path.delivery_of(sender.swapcase()) == delivery


@given(path=PATHS, delivery=IDS)
def test_it_is_an_address(path: ReturnPath, delivery: DeliveryId) -> None:
    """Every server can take it: within the lengths of RFC 5321, and of an atom's characters."""
    assert str(Address.parse(path.of(delivery))) == path.of(delivery)


@given(path=PATHS, other=PATHS, delivery=IDS)
def test_only_our_own_is_read(path: ReturnPath, other: ReturnPath, delivery: DeliveryId) -> None:
    """The return path of another mailbox, domain or separator says nothing to us."""
    read = path.delivery_of(other.of(delivery))
    assert read == (delivery if repr(path).lower() == repr(other).lower() else None)


@given(path=PATHS, text=st.text(max_size=80))
def test_anything_else_is_nobodys(path: ReturnPath, text: str) -> None:
    """Any text whatever is read without a fault."""
    assert path.delivery_of(text) is None


@pytest.mark.parametrize("given_id", ["", "A" * 32, "1" * 31, "1" * 33, "1" * 31 + "\n", "٣" * 32, "x@y.example\r\n"])
def test_an_id_that_could_not_be_read_back_is_not_written(given_id: str) -> None:
    """Only 32 hex digits go into an envelope."""
    with pytest.raises(ValueError, match="32 lower-case hex digits"):
        ReturnPath(Address("b", "example.com")).of(DeliveryId(given_id))


@pytest.mark.parametrize(
    ("local", "separator", "says"),
    [
        ("b" * 32, "+", "at most 31 ASCII characters"),
        ("bücher", "+", "at most 31 ASCII characters"),
        ("b", "", "one of + - ="),
        ("b", "+-", "one of + - ="),
        ("b", "@", "one of + - ="),
    ],
)
def test_a_return_path_that_cannot_be_is_refused(local: str, separator: str, says: str) -> None:
    """What leaves no room for the id, or cannot be told from it, is named with what is allowed."""
    with pytest.raises(ValueError, match=re.escape(says)):
        ReturnPath(Address(local, "example.com"), separator)
