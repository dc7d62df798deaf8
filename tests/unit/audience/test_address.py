"""Addresses: what is refused, and what stays exactly as given."""

from __future__ import annotations

import pytest

from migma_core import Address, InvalidAddress, address_key
from migma_core.audience.address import hidden_characters, is_a_label_domain

PEPPER = bytes(range(32))


@pytest.mark.parametrize(
    "text",
    [
        "a@example.com",
        "0123@example.com",
        "a.b.c@example.com",
        "!#$%&'*+-/=?^_`{|}~@example.com",
        "x" * 64 + "@example.com",
        "ä@example.com",
        "用户@xn--fsq.com",
        "a@1.2.co",
        "a@" + ".".join(["b" * 63, "c" * 63, "d" * 59, "e2"]),
    ],
)
def test_what_the_grammar_allows_is_an_address(text: str) -> None:
    """Every dot-atom at a domain of A-labels is taken and written back unchanged (I-02, I-04)."""
    assert str(Address.parse(text)) == text


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("ada", "there is no @"),
        ("", "there is no @"),
        ("@example.com", "may hold letters"),
        (".ada@example.com", "single dots"),
        ("ada.@example.com", "single dots"),
        ("a..da@example.com", "single dots"),
        ("ada lovelace@example.com", "may hold letters"),
        ("a@b@example.com", "may hold letters"),
        ("Ada <ada@example.com", "may hold letters"),
        ("ada(c)@example.com", "may hold letters"),
        ('"ada"@example.com', "quoted local parts"),
        ("ada\r\nBcc: all@example.com", "U+000D"),
        ("ada\u202e@example.com", "U+202E"),
        ("a\u200bda@example.com", "blank or an invisible"),
        ("a\u00a0da@example.com", "blank or an invisible"),
        ("ada@localhost", "A-labels"),
        ("ada@faß.de", "A-labels"),
        ("ada@[127.0.0.1]", "A-labels"),
        ("ada@127.0.0.1", "A-labels"),
        ("ada@-example.com", "A-labels"),
        ("ada@example-.com", "A-labels"),
        ("ada@exa_mple.com", "A-labels"),
        ("ada@example.com.", "A-labels"),
        ("ada@example..com", "A-labels"),
        (f"ada@{'x' * 64}.com", "A-labels"),
        (f"{'x' * 65}@example.com", "longer than 64 octets"),
        (f"{'ä' * 33}@example.com", "longer than 64 octets"),
        ("x" * 64 + "@" + ".".join(["b" * 63, "c" * 63, "d" * 59, "e2"]), "254 in all"),
    ],
)
def test_what_cannot_be_mailed_safely_is_no_address(text: str, says: str) -> None:
    """A refusal says what is wrong, keeps the text as data, and prints it as plain ASCII (I-01 to I-03, I-07)."""
    with pytest.raises(InvalidAddress) as refused:
        Address.parse(text)
    assert says in refused.value.why
    assert str(refused.value).isascii()
    assert refused.value.given.lower() == text.lower()


def test_parsing_lowers_the_domain_and_nothing_else() -> None:
    """The local part is sent to as given, case and all; the domain has no case (I-04)."""
    assert Address.parse("Ada.L@EXAMPLE.Com") == Address("Ada.L", "example.com")


def test_a_domain_is_not_lowered_behind_anybodys_back() -> None:
    """Building an address from parts takes A-labels in lower case only, and says so."""
    with pytest.raises(InvalidAddress, match="A-labels"):
        Address("ada", "Example.com")


def test_plus_tags_and_dots_make_other_people() -> None:
    """`a+x@d`, `a@d` and `a.b@d` against `ab@d` are different keys (J-03)."""
    texts = ("a@gmail.com", "a+x@gmail.com", "a+y@gmail.com", "a.b@gmail.com", "ab@gmail.com")
    assert len({Address.parse(text).canonical for text in texts}) == len(texts)


def test_two_mailboxes_that_casefold_alike_stay_two() -> None:
    """`straße` and `strasse` are different people, so keys are lowered and never case-folded (J-01)."""
    assert Address("straße", "example.com").canonical != Address("strasse", "example.com").canonical


def test_one_letter_in_two_spellings_is_one_key() -> None:
    """A composed and a decomposed letter, in either case, find the same denials (J-01)."""
    spellings = ("\u00e9", "e\u0301", "\u00c9", "E\u0301")
    assert len({Address(local, "example.com").canonical for local in spellings}) == 1
    below = ("H\u0331", "h\u0331", "\u1e96")  # no composed capital exists: lowering must compose again
    assert len({Address(local, "example.com").canonical for local in below}) == 1
    assert Address("\u212a", "example.com").canonical == "k@example.com"  # the Kelvin sign


@pytest.mark.parametrize(
    ("local", "role"), [("postmaster", True), ("No-Reply+x", True), ("ada", False), ("adamin", False)]
)
def test_a_functions_mailbox_is_known_by_its_name(local: str, role: bool) -> None:
    """Role mailboxes are found in any case and behind a plus tag, people never are (I-08)."""
    assert Address(local, "example.com").is_role is role


def test_what_needs_smtputf8_is_known() -> None:
    """Only a local part outside ASCII needs a provider that speaks SMTPUTF8 (I-06)."""
    assert Address("grüße", "example.com").is_international
    assert not Address("ada", "xn--fa-hia.de").is_international


def test_a_masked_address_names_nobody() -> None:
    """Logs show one letter and the domain (F-05)."""
    ada = Address("ada.lovelace", "example.com")
    assert ada.masked == "a***@example.com"
    assert repr(ada) == f"{[ada]}"[1:-1] == "<Address a***@example.com>"


def test_a_key_is_keyed() -> None:
    """Another pepper gives another key, and each is 16 octets (J-04)."""
    ada = Address("ada", "example.com")
    keys = {address_key(ada, PEPPER), address_key(ada, PEPPER[::-1])}
    assert {len(key) for key in keys} == {16}
    assert len(keys) == 2


def test_a_key_never_changes_between_releases() -> None:
    """Keys are stored: the same address and pepper give these octets for ever."""
    assert address_key(Address("Ada", "example.com"), PEPPER).hex() == "5c820b4a5aac8f31eb6741825bfecb8e"


def test_a_short_pepper_is_refused() -> None:
    """A pepper that could be guessed raises, says how long it must be, and does not show itself."""
    with pytest.raises(ValueError, match="has 31 octets; give at least 32") as refused:
        address_key(Address("ada", "example.com"), b"s" * 31)
    assert "sss" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("plain", None),
        ("Grüße 👨\u200d👩\u200d👧", None),
        ("می\u200cخواهم", None),
        ("a\nb", "U+000A"),
        ("a\tb", "U+0009"),
        ("a\x7fb", "U+007F"),
        ("a\x85b", "U+0085"),
        ("a\u2028b", "U+2028"),
        ("a\u2029b", "U+2029"),
        ("a\u2066b", "U+2066"),
        ("a\ud800b", "U+D800"),
        ("", None),
    ],
)
def test_hidden_characters_are_named(text: str, named: str | None) -> None:
    """The first character that breaks a header is named; joiners that scripts need are left alone (G-01, G-09)."""
    assert hidden_characters(text) == named


def test_a_domain_has_at_most_253_characters() -> None:
    """253 characters are a domain, 254 are not (I-01)."""
    longest = ".".join(["b" * 63, "c" * 63, "d" * 63, "e" * 61])
    assert (len(longest), is_a_label_domain(longest)) == (253, True)
    assert not is_a_label_domain(f"{longest}e")
