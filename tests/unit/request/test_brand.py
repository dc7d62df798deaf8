"""Brands: a base address that one-click mail clients will follow, or none at all."""

from __future__ import annotations

import pytest

from migma_core import Brand

STREET = "1 Main Street\nSpringfield"


@pytest.mark.parametrize(
    "url", ["https://mail.example.com", "https://mail.example.com/", "https://Mail.Example.com/a/b/"]
)
def test_a_public_https_host_carries_links(url: str) -> None:
    """Links hang below the base, with one slash between (C-02)."""
    assert Brand("Acme", STREET, url).link("u", "abc") == f"{url.rstrip('/')}/u/abc"


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("", "does not begin with https://"),
        ("http://mail.example.com", "does not begin with https://"),
        ("javascript:alert(1)", "does not begin with https://"),
        ("https://", "public host name"),
        ("https://localhost", "public host name"),
        ("https://app.localhost", "public host name"),
        ("https://127.0.0.1", "public host name"),
        ("https://.", "public host name"),
        ("https://a..b/", "public host name"),
        ("https://-a.example.com", "public host name"),
        ("https://[::1]", "no link in a header"),
        ("https://[", "no link in a header"),
        ("https://mail.example.com:8443", "a user or a port"),
        ("https://me@mail.example.com", "a user or a port"),
        ("https://mail.example.com/?a=b", "a query or a fragment"),
        ("https://mail.example.com/?", "a query or a fragment"),
        ("https://mail.example.com/#", "a query or a fragment"),
        ("https://mail.example.com/a b", "no link in a header"),
        ("https://mail.example.com/>", "no link in a header"),
        ("https://mail.example.com/\r\nX: y", "no link in a header"),
        ("https://grüße.example.com", "no link in a header"),
        ("https://mail.example.com/" + "x" * 100, "longer than 120"),
    ],
)
def test_a_base_no_client_would_follow_is_refused(url: str, says: str) -> None:
    """RFC 8058 §3.1 asks for one plain https URI; anything else says what is wrong with it (C-02)."""
    with pytest.raises(ValueError, match=says) as refused:
        Brand("Acme", STREET, url)
    assert str(refused.value).startswith("base_url ")


@pytest.mark.parametrize("name", ["", " ", "Ac\nme", "Ac\u202eme"])
def test_a_brand_has_a_visible_name(name: str) -> None:
    """The name stands in footers and pages, so it cannot be blank or reorder text."""
    with pytest.raises(ValueError, match="a name of visible characters"):
        Brand(name, STREET, "https://mail.example.com")


def test_a_postal_address_has_lines_and_may_be_empty() -> None:
    """Line breaks are welcome, other controls are not; marketing refuses an empty one later (N-01)."""
    assert Brand("Acme", "", "https://mail.example.com").postal_address == ""
    with pytest.raises(ValueError, match="visible characters and line breaks only"):
        Brand("Acme", "1 Main Street\x00", "https://mail.example.com")


@pytest.mark.parametrize("line", ["two\nlines", "back\u202ewards", "bell\x07"])
def test_the_line_of_an_advertisement_is_one_visible_line(line: str) -> None:
    """It stands in footers, where a break or a hidden character would be somebody else's text (N-04)."""
    with pytest.raises(ValueError, match="one line of visible characters"):
        Brand("Acme", STREET, "https://mail.example.com", line)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8025", "http://localhost:1/mail/", "http://[::1]:80", "http://127.0.0.1"]
)
def test_one_switch_allows_this_machine(url: str) -> None:
    """With the loopback switch links may lead to this machine, without it never (C-02)."""
    assert Brand("Acme", STREET, url, loopback=True).link("u", "abc").startswith(url)
    with pytest.raises(ValueError, match="cannot carry one-click links"):
        Brand("Acme", STREET, url)


@pytest.mark.parametrize(
    "url", ["https://mail.example.com", "http://mail.example.com", "http://127.0.0.1.example.com", "http://127.0.0.1:x"]
)
def test_the_switch_allows_nothing_else(url: str) -> None:
    """With the loopback switch no other address is taken, not even a good one: it would be forgotten there."""
    with pytest.raises(ValueError, match="with loopback it is"):
        Brand("Acme", STREET, url, loopback=True)


@pytest.mark.parametrize("colour", ["0a4ea3", "#fff", "red", "#0a4ea3;}", "#0a4eg3"])
def test_a_colour_is_six_digits(colour: str) -> None:
    """Nothing else gets into a page's style."""
    with pytest.raises(ValueError, match="six hex digits"):
        Brand("Acme", STREET, "https://mail.example.com", colour=colour)


@pytest.mark.parametrize(
    "logo",
    [
        "https://example.com/logo.png",
        "data:image/svg+xml;base64,AAAA",
        'data:image/png;base64,AAAA"',
        "data:image/png;base64," + "A" * 100_000,
    ],
)
def test_a_logo_is_a_small_picture_of_its_own(logo: str) -> None:
    """It is part of the page: nothing is loaded from elsewhere, and no picture can hold a script (D-09)."""
    with pytest.raises(ValueError, match="data URL of a PNG"):
        Brand("Acme", STREET, "https://mail.example.com", logo=logo)
    assert Brand("Acme", STREET, "https://mail.example.com", logo="data:image/png;base64,AAAA", colour="#0A4EA3")
