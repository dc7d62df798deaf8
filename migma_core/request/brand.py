"""The brand: who is writing, as every marketing message must say and every page shows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from ..audience.address import hidden_characters, is_a_label_domain

__all__ = ["Brand"]

_LONGEST_BASE = 120
_LONGEST_LOGO = 100_000
_COLOUR = re.compile(r"#[0-9a-f]{6}", re.ASCII | re.IGNORECASE)
_LOGO = re.compile(r"data:image/(?:png|jpeg|webp);base64,[A-Za-z0-9+/]+={0,2}", re.ASCII)
_LOOPBACK = re.compile(r"http://(?:127\.0\.0\.1|localhost|\[::1\])(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~/-]*)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Brand:
    """
    The sender's name, postal address and the https address under which opt-out links live.

    ``base_url`` is refused unless one-click mail clients will follow it (RFC 8058 §3.1; compliance C-02): https, a host
    name, no user, port, query or fragment. ``postal_address`` may be empty; marketing is refused then (N-01).
    ``advertisement`` is a line such as "This is an advertisement." that all marketing then carries: for senders whose
    recipients have not all affirmatively consented (15 USC 7704(a)(5)(A)(i), (B); N-04). Empty adds none.

    ``colour`` (``#0a4ea3``) and ``logo`` (a data URL of a PNG, JPEG or WebP picture of at most 100,000 characters) are
    for the pages behind the links; a page loads nothing from anywhere (D-09). ``loopback`` is for trying things out on
    one machine: it takes an ``http://127.0.0.1`` address instead, and no provider that delivers elsewhere takes such
    mail.

    >>> Brand("Acme", "1 Main Street, Springfield", "https://mail.example.com/").link("u", "abc")
    'https://mail.example.com/u/abc'
    """

    name: str
    postal_address: str
    base_url: str
    advertisement: str = ""
    colour: str = ""
    logo: str = ""
    loopback: bool = False

    def __post_init__(self) -> None:
        if not self.name.strip() or hidden_characters(self.name):
            raise ValueError("a brand needs a name of visible characters")
        if any(hidden_characters(line) for line in self.postal_address.splitlines()):
            raise ValueError("the postal address has visible characters and line breaks only")
        if hidden_characters(self.advertisement):
            raise ValueError("the line that names an advertisement is one line of visible characters")
        if self.colour and not _COLOUR.fullmatch(self.colour):
            raise ValueError(
                f"a brand's colour is six hex digits after #, such as #0a4ea3; given: {self.colour[:20]!a}"
            )
        if self.logo and (len(self.logo) > _LONGEST_LOGO or not _LOGO.fullmatch(self.logo)):
            raise ValueError("a brand's logo is a data URL of a PNG, JPEG or WebP picture, 100,000 characters at most")
        if (why := (_not_loopback if self.loopback else _fault_of)(self.base_url)) is not None:
            raise ValueError(f"base_url {self.base_url[:_LONGEST_BASE]!a} cannot carry one-click links: {why}")

    def link(self, room: str, token: str) -> str:
        """The address of a page for a token."""
        return f"{self.base_url.rstrip('/')}/{room}/{token}"


def _not_loopback(url: str) -> str | None:
    good = _LOOPBACK.fullmatch(url) is not None and len(url) <= _LONGEST_BASE
    return None if good else "with loopback it is http:// and 127.0.0.1, localhost or [::1], a port if wanted, a path"


def _fault_of(url: str) -> str | None:
    if not url.isascii() or hidden_characters(url) or set(url) & set(' <>,"[\\]^`{|}'):
        return "it holds characters that no link in a header may hold"
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme != "https":
        return "it does not begin with https://"
    if not is_a_label_domain(host) or host.endswith(".localhost"):
        return "it needs a public host name"
    if "@" in parts.netloc or ":" in parts.netloc:
        return "it holds a user or a port"
    if parts.query or parts.fragment or "?" in url or "#" in url:
        return "it holds a query or a fragment"
    return f"it is longer than {_LONGEST_BASE} characters" if len(url) > _LONGEST_BASE else None
